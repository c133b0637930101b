/*
 * size.h - checked arithmetic for every size that comes from outside.
 *
 * Each function returns false when the result does not fit, and then leaves
 * `*out` untouched.  A number out of a file, an argument or a text's length
 * reaches an allocation or an index only through these.
 */
#ifndef BASE_SIZE_H
#define BASE_SIZE_H

#include <stdbool.h>
#include <stddef.h>

static inline bool size_add(size_t a, size_t b, size_t *out) {
  size_t sum;
  if (__builtin_add_overflow(a, b, &sum))
    return false;
  *out = sum;
  return true;
}

static inline bool size_mul(size_t a, size_t b, size_t *out) {
  size_t product;
  if (__builtin_mul_overflow(a, b, &product))
    return false;
  *out = product;
  return true;
}

/* a rounded up to a multiple of `unit` (a power of two). */
static inline bool size_round_up(size_t a, size_t unit, size_t *out) {
  size_t sum;
  if (!size_add(a, unit - 1, &sum))
    return false;
  *out = sum & ~(unit - 1);
  return true;
}

#endif
