/*
 * error.c - writes the one sentence that explains a failure.
 *
 * In:  a format and its values; for error_quote() any bytes with a 0 behind.
 * Out: a message in the caller's Error, always well-formed where its parts are.
 *
 * Messages are cut to fit their 272 bytes, never in the middle of a UTF-8
 * character: they may quote a model's name.  Hosts hand messages to languages
 * whose strings must be UTF-8, and to terminals that obey control characters,
 * so what comes from outside is quoted through error_quote().
 *
 * No message is written twice: a caller that knows more than the one below
 * puts a prefix in front.
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/utf8.h"

/* Takes back the bytes of a character that was cut in two. */
static void trim_partial(char *text) {
  size_t n = strlen(text), back = 0;
  while (back < 4 && back < n && ((unsigned char)text[n - 1 - back] >> 6) == 2)
    back++;
  if (back == n)
    return;
  unsigned char lead = (unsigned char)text[n - 1 - back];
  size_t want = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
  if (back < want)
    text[n - 1 - back] = 0;
}

int fail(Error *err, int rc, const char *fmt, ...) {
  if (!err)
    return rc;
  va_list args;
  va_start(args, fmt);
  vsnprintf(err->message, sizeof err->message, fmt, args);
  va_end(args);
  trim_partial(err->message);
  return rc;
}

int fail_memory(Error *err) {
  return fail(err, ERR_NOMEM, "out of memory");
}

int fail_prefix(Error *err, int rc, const char *fmt, ...) {
  if (!err)
    return rc;
  Error was = *err; /* the prefix is written over it */
  va_list args;
  va_start(args, fmt);
  vsnprintf(err->message, sizeof err->message, fmt, args);
  va_end(args);
  size_t n = strlen(err->message);
  snprintf(err->message + n, sizeof err->message - n, ": %s", was.message);
  trim_partial(err->message);
  return rc;
}

char *error_quote(char out[ERROR_QUOTE], const char *text) {
  size_t n = 0, left = strlen(text);
  while (left > 0) {
    size_t length = utf8_length(text, left), step = length ? length : 1;
    if (n + step >= ERROR_QUOTE)
      break;
    unsigned char c = (unsigned char)*text;
    if (length == 0 || c < 0x20 || c == 0x7f)
      out[n] = '?';
    else
      memcpy(out + n, text, step);
    n += step;
    text += step;
    left -= step;
  }
  out[n] = 0;
  return out;
}
