/*
 * json.h - cJSON behind a guard.
 *
 * cJSON accepts more than we want to believe: repeated keys, numbers that
 * overflow, any depth, "\u0000", trailing bytes.  json_parse() first walks the
 * text itself and refuses these (and invalid UTF-8), with the line and the
 * reason; what passes goes to cJSON.  The accessors name the file and the key
 * in their errors, so that callers need no messages of their own.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cjson/cJSON.h>
#include "error.h"

enum {
  JSON_MAX_DEPTH = 32,
  JSON_MAX_VALUES = 1 << 20 /* cJSON takes about 80 bytes for each */
};

/*
 * Parses `bytes` bytes (<= limit). `what` names the text in messages
 * ("config.json"). cJSON_Delete frees *out. ERR_FORMAT: not JSON, deeper than
 * JSON_MAX_DEPTH, a key twice in one object, a number that is not finite or an
 * integer beyond 2^53 (but for 1e30 as transformers writes it: "no limit"),
 * NUL in a string; ERR_RANGE: longer than limit, more
 * than JSON_MAX_VALUES values.
 */
int json_parse(const char *what, const char *text, size_t bytes, size_t limit,
               cJSON **out, Error *err);

/* A whole number >= 0 as a size; false when `item` is anything else. */
bool json_size(const cJSON *item, size_t *out);

/* NULL when absent or JSON null (case-sensitive). */
const cJSON *json_get(const cJSON *object, const char *key);

/* The value of a key, or `*out` untouched where absent or null.  ERR_FORMAT
 * when it has another type or is outside [low, high]. */
int json_get_int(const char *what, const cJSON *object, const char *key,
                 int64_t low, int64_t high, int64_t *out, Error *err);
int json_get_real(const char *what, const cJSON *object, const char *key,
                  double low, double high, double *out, Error *err);
int json_get_bool(const char *what, const cJSON *object, const char *key,
                  bool *out, Error *err);
/* Borrowed from the tree. */
int json_get_text(const char *what, const cJSON *object, const char *key,
                  const char **out, Error *err);

#endif
