/*
 * value.c - arguments of SQL functions as plain C.
 *
 * In:  sqlite3_value, of any type and encoding.
 * Out: bytes of UTF-8, model names, whole numbers within limits.
 *
 * Texts are bytes with a length: they may hold NUL, and UTF-8 that is not
 * well formed comes through untouched.  A value in UTF-16 is converted by
 * SQLite on the way.  BLOB, INTEGER and REAL are read as CAST(x AS TEXT) reads
 * them.
 *
 * sqlite3_value_text() promises a 0 behind the text, and copies a bound text
 * of 100 MB to put it there.  Where length is enough, value_text() takes the
 * bytes as they are: sqlite3_value_bytes() has converted them to UTF-8, and
 * sqlite3_value_blob() leaves them alone.
 *
 * Refuses: a number that is not whole ('abc', 1.5, 1e308) or is outside its
 * limits, and a name that holds NUL or is longer than a name may be.  The
 * message names the argument and the limit, and never echoes a long text.
 */
#include "sql/value.h"

#include <string.h>
#include "store/locate.h"
SQLITE_EXTENSION_INIT3

enum { NAME_LIMIT = MODEL_NAME_MAX + 1 + 64 }; /* name@fingerprint */

bool value_any_null(sqlite3_value **values, int n) {
  for (int i = 0; i < n; i++)
    if (sqlite3_value_type(values[i]) == SQLITE_NULL)
      return true;
  return false;
}

/* By way of a text with a 0 behind it, which SQLite may have to make. */
static int text_with_end(sqlite3_value *value, EncodeText *out, Error *err) {
  const char *text = (const char *)sqlite3_value_text(value);
  if (!text)
    return fail_memory(err);
  *out = (EncodeText){text, (size_t)sqlite3_value_bytes(value)};
  return OK;
}

int value_text(sqlite3_value *value, EncodeText *out, Error *err) {
  int type = sqlite3_value_type(value);
  size_t bytes = 0;
  *out = (EncodeText){"", 0};
  if (type == SQLITE_BLOB && sqlite3_value_bytes(value) == 0)
    return OK; /* may have no address at all */
  if (type == SQLITE_TEXT)
    bytes = (size_t)sqlite3_value_bytes(value); /* now in UTF-8 */
  if (bytes == 0)
    return text_with_end(value, out, err);
  *out = (EncodeText){sqlite3_value_blob(value), bytes};
  return OK;
}

int value_string(const char *what, sqlite3_value *value, const char **out,
                 Error *err) {
  EncodeText text = {NULL, 0};
  *out = NULL;
  if (!value || sqlite3_value_type(value) == SQLITE_NULL)
    return OK;
  int rc = text_with_end(value, &text, err);
  if (rc)
    return rc;
  if (memchr(text.text, 0, text.bytes))
    return fail(err, ERR_RANGE, "%s holds a NUL character", what);
  *out = text.text;
  return OK;
}

int value_name(const char *what, sqlite3_value *value, const char **out,
               Error *err) {
  int rc = value_string(what, value, out, err);
  size_t bytes = rc == OK && *out ? strlen(*out) : 0;
  if (bytes > NAME_LIMIT)
    return fail(err, ERR_RANGE, "%s has %zu bytes, a name at most %d", what,
                bytes, MODEL_NAME_MAX);
  return rc;
}

int value_integer(const char *what, sqlite3_value *value, int64_t low,
                  int64_t high, int64_t *out, Error *err) {
  int type = sqlite3_value_type(value);
  bool is_whole = type == SQLITE_INTEGER;
  int64_t number = is_whole ? sqlite3_value_int64(value) : 0;
  if (type == SQLITE_FLOAT) {
    double real = sqlite3_value_double(value);
    if (real >= -0x1p53 && real <= 0x1p53) {
      number = (int64_t)real;
      is_whole = (double)number == real;
    }
  }
  if (!is_whole || number < low || number > high)
    return fail(err, ERR_RANGE, "%s must be a whole number from %lld to %lld",
                what, (long long)low, (long long)high);
  *out = number;
  return OK;
}
