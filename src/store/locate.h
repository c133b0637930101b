/*
 * locate.h - from a model's name to the place of its files.
 *
 * Two places, both named by the user's environment:
 *
 *     DISTILBERT_MODEL_PATH   folders, colon-separated: NAME/ or
 *                             NAME.safetensors in the first that has it
 *     Hugging Face's cache    models--ORG--NAME/snapshots/COMMIT/, the commit
 *                             of refs/main
 */
#ifndef STORE_LOCATE_H
#define STORE_LOCATE_H

#include <stdbool.h>
#include "base/error.h"

enum { MODEL_NAME_MAX = 255, LOCATE_ROOM = 4096 };

/* A name: 1 to MODEL_NAME_MAX bytes, no absolute path, no "..", no "@".
 * ERR_RANGE says which. */
int locate_check(const char *name, Error *err);

/* The path of a checked name's files; false: there are none. */
bool locate(const char *name, char path[LOCATE_ROOM]);

/*
 * What INSERT gives as path: a file or folder as it is (made absolute, since
 * the host may change its working directory), else a name as above. ERR_IO:
 * neither, or what is there is no regular file; ERR_RANGE: too long.
 */
int locate_path(const char *given, char path[LOCATE_ROOM], Error *err);

#endif
