/*
 * parts.h - an input that is several texts, with a NUL between two.
 */
#ifndef TESTS_FUZZ_PARTS_H
#define TESTS_FUZZ_PARTS_H

#include <string.h>
#include "text/tokenizer.h"

/* The next text, up to a NUL or the end; text NULL: there is none. */
static inline FileText part(const char **at, const char *end) {
  if (*at == end)
    return (FileText){NULL, 0};
  const char *stop = memchr(*at, 0, (size_t)(end - *at));
  stop = stop ? stop : end;
  FileText out = {*at, (size_t)(stop - *at)};
  *at = stop == end ? end : stop + 1;
  return out;
}

#endif
