/*
 * keys.h - which keys of a small JSON file we know.
 */
#ifndef MODEL_KEYS_H
#define MODEL_KEYS_H

#include <cjson/cJSON.h>
#include "base/error.h"

/* ERR_UNSUPPORTED names the first key that is not in `known` (NULL ends it) and
 * has a value: not null, false, 0, "", {} or []. */
int keys_check(const char *file, const cJSON *object, const char *const *known,
               Error *err);

/* A text that must be `only` where it is given. ERR_FORMAT, ERR_UNSUPPORTED. */
int keys_only(const char *file, const cJSON *object, const char *key,
              const char *only, Error *err);

#endif
