/*
 * substitute.h - what people have where a checkpoint's file should be.
 */
#ifndef MODEL_SUBSTITUTE_H
#define MODEL_SUBSTITUTE_H

#include "base/error.h"
#include "base/file.h"

/* ERR_FORMAT when a text, or an open file, is a pointer of git-lfs. */
int substitute_check_text(const char *name, const char *text, Error *err);
int substitute_check_file(File *file, Error *err);

/* An error for a folder without the file `wanted`: says what is there instead
 * and what to do. */
int substitute_refuse(const char *folder, const char *wanted, Error *err);

#endif
