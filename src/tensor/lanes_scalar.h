/*
 * lanes_scalar.h - the vector layer of math.h for a single float.
 *
 * The specification of every other layer, and what plain C falls back to.
 * fma_one is a true fused multiply-add: the processor's where the compiler may
 * use it, else worked out in double precision.  There the product of two
 * floats is exact; the sum is made odd where it had to be rounded ("round to
 * odd"), so that rounding it again, to float, cannot go wrong.  That needs no
 * help from the C library, which on some systems has no correct fmaf.
 */
#ifndef TENSOR_LANES_SCALAR_H
#define TENSOR_LANES_SCALAR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef float Vec;
typedef bool Mask;
enum { VWIDTH = 1 };

/* a * b + c, rounded once, on a machine that cannot do so itself. */
static inline float fma_emulated(float a, float b, float c) {
  double product = (double)a * (double)b, sum = product + (double)c;
  double t = sum - product;
  double lost = (product - (sum - t)) + ((double)c - t);
  uint64_t bits, lost_bits;
  memcpy(&bits, &sum, sizeof bits);
  memcpy(&lost_bits, &lost, sizeof lost_bits);
  uint64_t inexact = (uint64_t)((lost > 0.0) | (lost < 0.0));
  uint64_t toward_zero = (bits ^ lost_bits) >> 63;
  bits += (inexact & ~bits) * (1 - 2 * toward_zero);
  memcpy(&sum, &bits, sizeof sum);
  return (float)sum;
}

static inline float fma_one(float a, float b, float c) {
#if defined(__FMA__) || defined(__aarch64__) || defined(__FP_FAST_FMAF)
  return __builtin_fmaf(a, b, c);
#else
  return fma_emulated(a, b, c);
#endif
}

static inline Vec vload(const float *p) {
  return *p;
}
static inline void vstore(float *p, Vec x) {
  *p = x;
}
static inline Vec vset(float x) {
  return x;
}
static inline Vec vfma(Vec a, Vec b, Vec c) {
  return fma_one(a, b, c);
}
static inline Vec vadd(Vec a, Vec b) {
  return a + b;
}
static inline Vec vsub(Vec a, Vec b) {
  return a - b;
}
static inline Vec vmul(Vec a, Vec b) {
  return a * b;
}
static inline Vec vdiv(Vec a, Vec b) {
  return a / b;
}
static inline Vec vsqrt(Vec x) {
  return __builtin_sqrtf(x);
}
static inline Vec vmax(Vec a, Vec b) {
  return a > b ? a : b;
}
static inline Vec vmin(Vec a, Vec b) {
  return a < b ? a : b;
}
static inline Mask vgreater(Vec a, Vec b) {
  return a > b;
}
static inline Vec vselect(Mask mask, Vec yes, Vec no) {
  return mask ? yes : no;
}
static inline Vec vabs(Vec x) {
  return __builtin_fabsf(x);
}
static inline Vec vcopysign(Vec size, Vec sign) {
  return __builtin_copysignf(size, sign);
}

/* 2^n, -126 <= n <= 127. */
static inline float power_of_two(int32_t n) {
  uint32_t bits = (uint32_t)(n + 127) << 23;
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* In two steps, as 2^n itself may be no float; only the last one rounds. */
static inline Vec vscale(Vec x, Vec n) {
  if (!(n >= -150.0f && n <= 129.0f))
    return x * n; /* NaN in, NaN out */
  int32_t whole = (int32_t)n, half = whole >> 1;
  return x * power_of_two(half) * power_of_two(whole - half);
}

#endif
