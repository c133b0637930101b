/*
 * vec_avx512.h - a vector layer of 512-bit registers: a panel's row is one.
 *
 * What math.h, lanes.h, lanes_bytes.h and lanes_few.h ask for.  32 registers: 8
 * rows x 3 panels of sums, 3 vectors of B and the scalar of A that the
 * processor copies to all lanes while it loads it.  vscalefps does x * 2^n,
 * rounded once, in one instruction.
 */
#ifndef TENSOR_VEC_AVX512_H
#define TENSOR_VEC_AVX512_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef __m512 Vec;
typedef __mmask16 Mask;

enum { VWIDTH = 16, TILE_ROWS = 8, TILE_PANELS = 3 };

#define OPERATION static inline __attribute__((always_inline, unused))

OPERATION Vec vload(const float *p) {
  return _mm512_load_ps(p);
}
OPERATION void vstore(float *p, Vec x) {
  _mm512_store_ps(p, x);
}
OPERATION Vec vset(float x) {
  return _mm512_set1_ps(x);
}
OPERATION Vec vfma(Vec a, Vec b, Vec c) {
  return _mm512_fmadd_ps(a, b, c);
}
OPERATION Vec vadd(Vec a, Vec b) {
  return _mm512_add_ps(a, b);
}
OPERATION Vec vsub(Vec a, Vec b) {
  return _mm512_sub_ps(a, b);
}
OPERATION Vec vmul(Vec a, Vec b) {
  return _mm512_mul_ps(a, b);
}
OPERATION Vec vdiv(Vec a, Vec b) {
  return _mm512_div_ps(a, b);
}
OPERATION Vec vsqrt(Vec x) {
  return _mm512_sqrt_ps(x);
}
OPERATION Vec vmax(Vec a, Vec b) {
  return _mm512_max_ps(a, b);
}
OPERATION Vec vmin(Vec a, Vec b) {
  return _mm512_min_ps(a, b);
}
OPERATION Mask vgreater(Vec a, Vec b) {
  return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
}
OPERATION Vec vselect(Mask mask, Vec yes, Vec no) {
  return _mm512_mask_blend_ps(mask, no, yes);
}
OPERATION Vec vabs(Vec x) {
  return _mm512_andnot_ps(vset(-0.0f), x);
}
OPERATION Vec vcopysign(Vec size, Vec sign) {
  return _mm512_or_ps(vabs(size), _mm512_and_ps(vset(-0.0f), sign));
}
OPERATION Vec vscale(Vec x, Vec n) {
  return _mm512_scalef_ps(x, n);
}

/* --- Bytes ---------------------------------------------------------------- */

typedef __m512i Ints;

/* Four bytes of each lane; without VNNI as two s16: bytes 0 2, bytes 1 3. */
typedef struct Operand {
  Ints even, odd;
} Operand;

enum { BYTE_ROWS = 8, BYTE_PANELS = 3, BYTE_SHIFT = 0 };

OPERATION Ints iset(int32_t x) {
  return _mm512_set1_epi32(x);
}
OPERATION Ints iload(const int32_t *p) {
  return _mm512_load_si512(p);
}
OPERATION void istore(int32_t *p, Ints x) {
  _mm512_store_si512(p, x);
}
OPERATION Ints imul(Ints a, Ints b) {
  return _mm512_mullo_epi32(a, b);
}
OPERATION Ints isub(Ints a, Ints b) {
  return _mm512_sub_epi32(a, b);
}
OPERATION Vec vfloat(Ints x) {
  return _mm512_cvtepi32_ps(x);
}
OPERATION Ints vlow(Vec x) {
  return _mm512_and_si512(_mm512_castps_si512(x), iset(255));
}
OPERATION void store_bytes(uint8_t *p, Vec a, Vec b, Vec c, Vec d) {
  Ints ab = _mm512_or_si512(vlow(a), _mm512_slli_epi32(vlow(b), 8));
  Ints cd = _mm512_or_si512(_mm512_slli_epi32(vlow(c), 16),
                            _mm512_slli_epi32(_mm512_castps_si512(d), 24));
  _mm512_store_si512(p, _mm512_or_si512(ab, cd));
}
OPERATION Ints load_bytes(const uint8_t *p) {
  return _mm512_load_si512(p);
}
OPERATION Operand operand_x(Ints x, bool dot) {
  if (dot)
    return (Operand){x, x};
  return (Operand){_mm512_and_si512(x, _mm512_set1_epi16(255)),
                   _mm512_srli_epi16(x, 8)};
}
OPERATION Operand operand_w(Ints w, bool dot) {
  if (dot)
    return (Operand){w, w};
  return (Operand){_mm512_srai_epi16(_mm512_slli_epi16(w, 8), 8),
                   _mm512_srai_epi16(w, 8)};
}
/* Not by intrinsic: gcc would then keep the sums in memory. */
OPERATION Ints add_products(Ints sum, Operand x, Operand w, bool dot) {
  if (dot) {
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x.even), "v"(w.even));
    return sum;
  }
  sum = _mm512_add_epi32(sum, _mm512_madd_epi16(x.even, w.even));
  return _mm512_add_epi32(sum, _mm512_madd_epi16(x.odd, w.odd));
}

/* --- Few tokens ----------------------------------------------------------- */

/* Whole lines of a row: at other strides a line would be gone from the cache
 * before its next part is asked for. */
enum { FEW_VECS = 1, FEW_DEPTH = 16, FEW_MOST = 12, FEW_BYTES = 8 };

OPERATION Vec vany(const void *p) {
  return _mm512_loadu_ps(p);
}
OPERATION Ints vints(Vec x) {
  return _mm512_castps_si512(x);
}
/* Turns each 4 x 4 of four vectors. */
OPERATION void turn_quads(Vec v[4]) {
  __m512d a = _mm512_castps_pd(_mm512_unpacklo_ps(v[0], v[1]));
  __m512d b = _mm512_castps_pd(_mm512_unpackhi_ps(v[0], v[1]));
  __m512d c = _mm512_castps_pd(_mm512_unpacklo_ps(v[2], v[3]));
  __m512d d = _mm512_castps_pd(_mm512_unpackhi_ps(v[2], v[3]));
  v[0] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
  v[1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
  v[2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
  v[3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
}
/* Of four vectors of four parts: part i of each, to out[4 * i]. */
OPERATION void turn_parts(Vec a, Vec b, Vec c, Vec d, Vec *out) {
  Vec ab = _mm512_shuffle_f32x4(a, b, 0x44);
  Vec cd = _mm512_shuffle_f32x4(c, d, 0x44);
  out[0] = _mm512_shuffle_f32x4(ab, cd, 0x88);
  out[4] = _mm512_shuffle_f32x4(ab, cd, 0xdd);
  ab = _mm512_shuffle_f32x4(a, b, 0xee);
  cd = _mm512_shuffle_f32x4(c, d, 0xee);
  out[8] = _mm512_shuffle_f32x4(ab, cd, 0x88);
  out[12] = _mm512_shuffle_f32x4(ab, cd, 0xdd);
}
/* The next block is asked for as well, to be near when this one is done. */
OPERATION void load_block(const void *p, size_t stride, Vec out[FEW_DEPTH]) {
  Vec row[VWIDTH];
#pragma GCC unroll 16
  for (size_t i = 0; i < VWIDTH; i++) {
    row[i] = vany((const char *)p + i * stride);
    __builtin_prefetch((const char *)p + i * stride + sizeof(Vec));
  }
  turn_quads(row);
  turn_quads(row + 4);
  turn_quads(row + 8);
  turn_quads(row + 12);
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; i++)
    turn_parts(row[i], row[4 + i], row[8 + i], row[12 + i], out + i);
}
OPERATION void store_quads(float *c, Vec v[4]) {
  turn_quads(v);
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; i++) {
    float *row = c + i * VWIDTH;
    _mm_store_ps(row, _mm512_castps512_ps128(v[i]));
    _mm_store_ps(row + 4 * VWIDTH, _mm512_extractf32x4_ps(v[i], 1));
    _mm_store_ps(row + 8 * VWIDTH, _mm512_extractf32x4_ps(v[i], 2));
    _mm_store_ps(row + 12 * VWIDTH, _mm512_extractf32x4_ps(v[i], 3));
  }
}

#endif
