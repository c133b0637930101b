/*
 * kernels_avx2.c - the kernels in 256-bit registers: a panel's row is two.
 *
 * In:  panels of 16 lanes, weights as scalars (kernels.h).
 * Out: the bits of kernels_portable.c, at the speed of the FMA units.
 *
 * 16 registers: 6 rows x 1 panel of sums (12), 2 vectors of B and one scalar
 * of A copied to all lanes.  That is 8 loads for 12 multiply-adds, where
 * processors do two of each in a cycle.
 *
 * Compiled with -mavx2 -mfma for this file alone, chosen at run time by
 * `usable`, which asks the processor and the operating system.
 */
#include "tensor/kernels.h"

#if defined(__x86_64__)
#if !defined(__AVX2__) || !defined(__FMA__)
#error "compile this file with -mavx2 -mfma"
#endif
#include <immintrin.h>

typedef __m256 Vec;
typedef __m256 Mask;

enum { VWIDTH = 8, TILE_ROWS = 6, TILE_PANELS = 1 };

#define OPERATION static inline __attribute__((always_inline, unused))

OPERATION Vec vload(const float *p) {
  return _mm256_load_ps(p);
}
OPERATION void vstore(float *p, Vec x) {
  _mm256_store_ps(p, x);
}
OPERATION Vec vset(float x) {
  return _mm256_set1_ps(x);
}
OPERATION Vec vfma(Vec a, Vec b, Vec c) {
  return _mm256_fmadd_ps(a, b, c);
}
OPERATION Vec vadd(Vec a, Vec b) {
  return _mm256_add_ps(a, b);
}
OPERATION Vec vsub(Vec a, Vec b) {
  return _mm256_sub_ps(a, b);
}
OPERATION Vec vmul(Vec a, Vec b) {
  return _mm256_mul_ps(a, b);
}
OPERATION Vec vdiv(Vec a, Vec b) {
  return _mm256_div_ps(a, b);
}
OPERATION Vec vsqrt(Vec x) {
  return _mm256_sqrt_ps(x);
}
OPERATION Vec vmax(Vec a, Vec b) {
  return _mm256_max_ps(a, b);
}
OPERATION Vec vmin(Vec a, Vec b) {
  return _mm256_min_ps(a, b);
}
OPERATION Mask vgreater(Vec a, Vec b) {
  return _mm256_cmp_ps(a, b, _CMP_GT_OQ);
}
OPERATION Vec vselect(Mask mask, Vec yes, Vec no) {
  return _mm256_blendv_ps(no, yes, mask);
}
OPERATION Vec vabs(Vec x) {
  return _mm256_andnot_ps(vset(-0.0f), x);
}
OPERATION Vec vcopysign(Vec size, Vec sign) {
  return _mm256_or_ps(vabs(size), _mm256_and_ps(vset(-0.0f), sign));
}

/* 2^n in each lane, -126 <= n <= 127. */
OPERATION Vec power_of_two(__m256i n) {
  __m256i biased = _mm256_add_epi32(n, _mm256_set1_epi32(127));
  return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
}

/* In two steps, as 2^n itself may be no float; only the last one rounds. */
OPERATION Vec vscale(Vec x, Vec n) {
  __m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);
  Vec rest = power_of_two(_mm256_sub_epi32(whole, half));
  return vmul(vmul(x, power_of_two(half)), rest);
}

#include "tensor/math.h"
#include "tensor/lanes.h"

static bool usable(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

const Kernels kernels_avx2 = {"avx2",   usable,   product,
                              activate, add_norm, softmax};
#endif
