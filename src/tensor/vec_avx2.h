/*
 * vec_avx2.h - a vector layer of 256-bit registers: a panel's row is two.
 *
 * What math.h, lanes.h, lanes_bytes.h and lanes_few.h ask for.  16 registers: 6
 * rows x 1 panel of sums (12), 2 vectors of B and one scalar of A copied to all
 * lanes.  That is 8 loads for 12 multiply-adds, where processors do two of
 * each in a cycle.
 */
#ifndef TENSOR_VEC_AVX2_H
#define TENSOR_VEC_AVX2_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* --- Bytes ---------------------------------------------------------------- */

typedef __m256i Ints;

/* Four bytes of each lane; without VNNI as two s16: bytes 0 2, bytes 1 3. */
typedef struct Operand {
  Ints even, odd;
} Operand;

enum { BYTE_ROWS = 6, BYTE_PANELS = 1, BYTE_SHIFT = 0 };

OPERATION Ints iset(int32_t x) {
  return _mm256_set1_epi32(x);
}
OPERATION Ints iload(const int32_t *p) {
  return _mm256_load_si256((const Ints *)p);
}
OPERATION void istore(int32_t *p, Ints x) {
  _mm256_store_si256((Ints *)p, x);
}
OPERATION Ints imul(Ints a, Ints b) {
  return _mm256_mullo_epi32(a, b);
}
OPERATION Ints isub(Ints a, Ints b) {
  return _mm256_sub_epi32(a, b);
}
OPERATION Vec vfloat(Ints x) {
  return _mm256_cvtepi32_ps(x);
}
OPERATION Ints vlow(Vec x) {
  return _mm256_and_si256(_mm256_castps_si256(x), iset(255));
}
OPERATION void store_bytes(uint8_t *p, Vec a, Vec b, Vec c, Vec d) {
  Ints ab = _mm256_or_si256(vlow(a), _mm256_slli_epi32(vlow(b), 8));
  Ints cd = _mm256_or_si256(_mm256_slli_epi32(vlow(c), 16),
                            _mm256_slli_epi32(_mm256_castps_si256(d), 24));
  _mm256_store_si256((Ints *)p, _mm256_or_si256(ab, cd));
}
OPERATION Ints load_bytes(const uint8_t *p) {
  return _mm256_load_si256((const Ints *)p);
}
OPERATION Operand operand_x(Ints x, bool dot) {
  if (dot)
    return (Operand){x, x};
  return (Operand){_mm256_and_si256(x, _mm256_set1_epi16(255)),
                   _mm256_srli_epi16(x, 8)};
}
OPERATION Operand operand_w(Ints w, bool dot) {
  if (dot)
    return (Operand){w, w};
  return (Operand){_mm256_srai_epi16(_mm256_slli_epi16(w, 8), 8),
                   _mm256_srai_epi16(w, 8)};
}
/* AVX-VNNI's encoding of the instruction, not that of AVX-512. */
OPERATION Ints add_products(Ints sum, Operand x, Operand w, bool dot) {
  if (dot) {
    __asm__("%{vex%} vpdpbusd %2, %1, %0"
            : "+x"(sum)
            : "x"(x.even), "x"(w.even));
    return sum;
  }
  sum = _mm256_add_epi32(sum, _mm256_madd_epi16(x.even, w.even));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(x.odd, w.odd));
}

/* --- Few tokens ----------------------------------------------------------- */

enum { FEW_VECS = 1, FEW_DEPTH = 4, FEW_MOST = 12, FEW_BYTES = 12 };

OPERATION Vec vany(const void *p) {
  return _mm256_loadu_ps(p);
}
OPERATION Ints vints(Vec x) {
  return _mm256_castps_si256(x);
}
/* Turns each 4 x 4 of four vectors. */
OPERATION void turn_quads(Vec v[4]) {
  __m256d a = _mm256_castps_pd(_mm256_unpacklo_ps(v[0], v[1]));
  __m256d b = _mm256_castps_pd(_mm256_unpackhi_ps(v[0], v[1]));
  __m256d c = _mm256_castps_pd(_mm256_unpacklo_ps(v[2], v[3]));
  __m256d d = _mm256_castps_pd(_mm256_unpackhi_ps(v[2], v[3]));
  v[0] = _mm256_castpd_ps(_mm256_unpacklo_pd(a, c));
  v[1] = _mm256_castpd_ps(_mm256_unpackhi_pd(a, c));
  v[2] = _mm256_castpd_ps(_mm256_unpacklo_pd(b, d));
  v[3] = _mm256_castpd_ps(_mm256_unpackhi_pd(b, d));
}
OPERATION void load_block(const void *p, size_t stride, Vec out[FEW_DEPTH]) {
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; i++) {
    const char *row = (const char *)p + i * stride;
    __m128 low = _mm_loadu_ps((const void *)row);
    __m128 high = _mm_loadu_ps((const void *)(row + 4 * stride));
    out[i] = _mm256_set_m128(high, low);
  }
  turn_quads(out);
}
OPERATION void store_quads(float *c, Vec v[4]) {
  turn_quads(v);
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; i++) {
    _mm_store_ps(c + i * LANES, _mm256_castps256_ps128(v[i]));
    _mm_store_ps(c + (i + 4) * LANES, _mm256_extractf128_ps(v[i], 1));
  }
}

#endif
