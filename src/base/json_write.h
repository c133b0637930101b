/*
 * json_write.h - JSON, written piece by piece.
 *
 *     JsonWriter w;
 *     json_begin(&w, poll);
 *     json_put(&w, "{\"word\":");
 *     json_put_text(&w, word, bytes);
 *     json_put(&w, "}");
 *     rc = json_end(&w, &text, &bytes, err);
 *
 * What fails in between is told at the end.
 */
#ifndef BASE_JSON_WRITE_H
#define BASE_JSON_WRITE_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/c_locale.h"
#include "base/poll.h"

typedef struct JsonWriter {
  char *text; /* owned */
  size_t n, capacity;
  CLocale locale;
  bool inside; /* the locale is in force: json_end is needed */
  int rc;      /* what went wrong first: nothing is written from then on */
  Error error; /* and how */
  const Poll *poll;
} JsonWriter;

void json_begin(JsonWriter *w, const Poll *poll); /* NULL: never stops */
void json_put(JsonWriter *w, const char *json);   /* as it is */
/* A string: quoted, escaped, and U+FFFD for what is not UTF-8. */
void json_put_text(JsonWriter *w, const char *text, size_t bytes);
void json_put_whole(JsonWriter *w, uint32_t number);
/* A finite number, with the fewest digits that read back as the same float. */
void json_put_float(JsonWriter *w, float number);
/* *out from mem_alloc, no 0 behind. ERR_NOMEM, ERR_INTERRUPT */
int json_end(JsonWriter *w, char **out, size_t *bytes, Error *err);

/* "[0.5,-1e-05]" of n finite numbers. */
int json_write_floats(const float *values, size_t n, char **out, size_t *bytes,
                      Error *err);

#endif
