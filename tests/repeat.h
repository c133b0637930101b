/*
 * repeat.h - long texts, for tests.
 */
#ifndef TESTS_REPEAT_H
#define TESTS_REPEAT_H

#include <stdlib.h>
#include <string.h>

/* `unit` again and again, `bytes` in all and no 0 behind; to be freed. */
static inline char *repeat(const char *unit, size_t bytes) {
  size_t n = strlen(unit);
  char *text = malloc(bytes);
  for (size_t i = 0; text && i < bytes; i += n)
    memcpy(text + i, unit, bytes - i < n ? bytes - i : n);
  return text;
}

#endif
