/*
 * bits.h - floats as the bits they are, for tests.
 */
#ifndef TESTS_BITS_H
#define TESTS_BITS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float from_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* All NaN are one. */
static inline uint32_t to_bits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return isnan(x) ? 0x7fc00000u : bits;
}

#endif
