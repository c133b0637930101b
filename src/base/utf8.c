/*
 * utf8.c - whole texts: are they well-formed UTF-8, how many characters?
 */
#include "base/utf8.h"

bool utf8_is_valid(const char *text, size_t bytes) {
  for (size_t at = 0, n; at < bytes; at += n) {
    n = utf8_length(text + at, bytes - at);
    if (n == 0)
      return false;
  }
  return true;
}

size_t utf8_count(const char *text, size_t bytes) {
  size_t n = 0;
  uint32_t code;
  for (size_t at = 0; at < bytes; n++)
    at += utf8_decode(text, bytes, at, &code);
  return n;
}
