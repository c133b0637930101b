/*
 * output.h - a file that is there whole or not at all.
 *
 *     int code = output_open(path, &out, err);
 *     code = code ? code : output_write(&out, 0, data, n, err);
 *     code = code ? code : output_commit(&out, NULL, err);
 *     output_close(&out);
 *
 * It is written under another name in the same folder; output_commit gives it
 * its own, which must be free, or still be that of the one open file it may
 * replace.  Closed before that, it is removed.
 */
#ifndef BASE_OUTPUT_H
#define BASE_OUTPUT_H

#include <stddef.h>
#include "base/file.h"
#include "error.h"

enum { OUTPUT_PATH_MAX = 4096 };

typedef struct Output {
  int fd; /* -1: closed */
  char path[OUTPUT_PATH_MAX], temporary[OUTPUT_PATH_MAX];
  char name[ERROR_QUOTE]; /* last part of the path, for messages */
} Output;

/* ERR_IO that names what is at a path; OK: it is free. */
int output_check_free(const char *path, Error *err);

/* ERR_IO, ERR_RANGE (path too long). output_close also after a failure. */
int output_open(const char *path, Output *out, Error *err);

/* Bytes [offset, offset + bytes), in any order. ERR_IO: the disk is full ... */
int output_write(Output *out, size_t offset, const void *data, size_t bytes,
                 Error *err);

/* On the disk, under its name, in place of `old` (borrowed; NULL: of nothing).
 * ERR_IO: something else is there, which stays. */
int output_commit(Output *out, const File *old, Error *err);
void output_close(Output *out);

#endif
