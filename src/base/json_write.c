/*
 * json_write.c - JSON, written piece by piece.
 *
 * In:  texts of any bytes, and finite numbers.
 * Out: JSON that is UTF-8 without a control character, whatever the host's
 *      locale is.
 *
 *     a"b<NUL>  ->  "a\"b\u0000"           0.1f  ->  0.1
 *
 * Floats have the fewest digits that read back as the same float32.
 */
#include "base/json_write.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "base/utf8.h"

void json_begin(JsonWriter *w, const Poll *poll) {
  *w = (JsonWriter){.poll = poll};
  w->rc = c_locale_enter(&w->locale, &w->error);
  w->inside = w->rc == OK;
}

/* Room for n bytes more; NULL: there is none, now or since earlier. */
static char *reserve(JsonWriter *w, size_t n) {
  size_t needed;
  if (w->rc == OK && (!size_add(w->n, n, &needed) ||
                      mem_reserve(&w->text, &w->capacity, needed, 1)))
    w->rc = fail_memory(&w->error);
  return w->rc ? NULL : w->text + w->n;
}

static void put(JsonWriter *w, const void *bytes, size_t n) {
  char *at = reserve(w, n);
  if (!at)
    return;
  memcpy(at, bytes, n);
  w->n += n;
}

void json_put(JsonWriter *w, const char *json) {
  put(w, json, strlen(json));
}

static void put_character(JsonWriter *w, uint32_t code) {
  static const char short_forms[] = "\bb\ff\nn\rr\tt\"\"\\\\";
  unsigned char character[4];
  for (const char *s = short_forms; *s; s += 2)
    if (code == (unsigned char)s[0]) {
      char escape[] = {'\\', s[1]};
      put(w, escape, sizeof escape);
      return;
    }
  if (code < 0x20) {
    static const char digits[] = "0123456789abcdef";
    char escape[] = {'\\', 'u', '0', '0', digits[code >> 4], digits[code & 15]};
    put(w, escape, sizeof escape);
    return;
  }
  put(w, character, utf8_encode(code, character));
}

void json_put_text(JsonWriter *w, const char *text, size_t bytes) {
  enum { POLL_EVERY = 1 << 16 };
  uint32_t code;
  put(w, "\"", 1);
  for (size_t at = 0, n = 1; at < bytes && w->rc == OK; n++) {
    at += utf8_decode(text, bytes, at, &code);
    put_character(w, code);
    if (n % POLL_EVERY == 0 && w->rc == OK)
      w->rc = poll_check(w->poll, &w->error);
  }
  put(w, "\"", 1);
}

void json_put_whole(JsonWriter *w, uint32_t number) {
  char digits[16];
  int n = snprintf(digits, sizeof digits, "%u", number);
  put(w, digits, (size_t)n);
}

/* Nine digits tell any float32 from the next; six are kept by all but the
 * denormal, and %g takes the zeros at their end away. */
void json_put_float(JsonWriter *w, float number) {
  char digits[16]; /* "-1.17549435e-38", its 0 included */
  int n = 0;
  int least = fabsf(number) < FLT_MIN ? 1 : 6;
  for (int precision = least; precision <= 9 && w->rc == OK; precision++) {
    n = snprintf(digits, sizeof digits, "%.*g", precision, (double)number);
    if ((float)strtod(digits, NULL) == number)
      break;
  }
  put(w, digits, (size_t)n);
}

int json_end(JsonWriter *w, char **out, size_t *bytes, Error *err) {
  if (w->inside)
    c_locale_leave(&w->locale);
  if (w->rc)
    mem_free(w->text);
  *out = w->rc ? NULL : w->text;
  *bytes = w->rc ? 0 : w->n;
  return w->rc ? fail(err, w->rc, "%s", w->error.message) : OK;
}

int json_write_floats(const float *values, size_t n, char **out, size_t *bytes,
                      Error *err) {
  JsonWriter w;
  json_begin(&w, NULL);
  json_put(&w, "[");
  for (size_t i = 0; i < n; i++) {
    if (i > 0)
      json_put(&w, ",");
    json_put_float(&w, values[i]);
  }
  json_put(&w, "]");
  return json_end(&w, out, bytes, err);
}
