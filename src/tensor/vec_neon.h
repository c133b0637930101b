/*
 * vec_neon.h - a vector layer of 128-bit registers: a panel's row is four.
 *
 * What math.h, lanes.h, lanes_bytes.h and lanes_few.h ask for.  32 registers: 6
 * rows x 1 panel of sums (24), 4 vectors of B and scalars of A copied to all
 * lanes.  NEON's own maximum and minimum make NaN of NaN, so vmax and vmin are
 * a comparison and a choice.
 */
#ifndef TENSOR_VEC_NEON_H
#define TENSOR_VEC_NEON_H

#include <arm_neon.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef float32x4_t Vec;
typedef uint32x4_t Mask;

enum { VWIDTH = 4, TILE_ROWS = 6, TILE_PANELS = 1 };

#define OPERATION static inline __attribute__((always_inline, unused))

OPERATION Vec vload(const float *p) {
  return vld1q_f32(p);
}
OPERATION void vstore(float *p, Vec x) {
  vst1q_f32(p, x);
}
OPERATION Vec vset(float x) {
  return vdupq_n_f32(x);
}
OPERATION Vec vfma(Vec a, Vec b, Vec c) {
  return vfmaq_f32(c, a, b);
}
OPERATION Vec vadd(Vec a, Vec b) {
  return vaddq_f32(a, b);
}
OPERATION Vec vsub(Vec a, Vec b) {
  return vsubq_f32(a, b);
}
OPERATION Vec vmul(Vec a, Vec b) {
  return vmulq_f32(a, b);
}
OPERATION Vec vdiv(Vec a, Vec b) {
  return vdivq_f32(a, b);
}
OPERATION Vec vsqrt(Vec x) {
  return vsqrtq_f32(x);
}
OPERATION Mask vgreater(Vec a, Vec b) {
  return vcgtq_f32(a, b);
}
OPERATION Vec vselect(Mask mask, Vec yes, Vec no) {
  return vbslq_f32(mask, yes, no);
}
OPERATION Vec vmax(Vec a, Vec b) {
  return vselect(vgreater(a, b), a, b);
}
OPERATION Vec vmin(Vec a, Vec b) {
  return vselect(vgreater(b, a), a, b);
}
OPERATION Vec vabs(Vec x) {
  return vabsq_f32(x);
}
OPERATION Vec vcopysign(Vec size, Vec sign) {
  return vbslq_f32(vdupq_n_u32(0x80000000u), sign, size);
}

/* 2^n in each lane, -126 <= n <= 127. */
OPERATION Vec power_of_two(int32x4_t n) {
  int32x4_t biased = vaddq_s32(n, vdupq_n_s32(127));
  return vreinterpretq_f32_s32(vshlq_n_s32(biased, 23));
}

/* In two steps, as 2^n itself may be no float; only the last one rounds. */
OPERATION Vec vscale(Vec x, Vec n) {
  int32x4_t whole = vcvtq_s32_f32(n), half = vshrq_n_s32(whole, 1);
  Vec rest = power_of_two(vsubq_s32(whole, half));
  return vmul(vmul(x, power_of_two(half)), rest);
}

/* --- Bytes ---------------------------------------------------------------- */

typedef int32x4_t Ints;
typedef int8x16_t Operand;

/* Bytes of x become s8: there are no products of u8 and s8. */
enum { BYTE_ROWS = 6, BYTE_PANELS = 1, BYTE_SHIFT = 128 };

OPERATION Ints iset(int32_t x) {
  return vdupq_n_s32(x);
}
OPERATION Ints iload(const int32_t *p) {
  return vld1q_s32(p);
}
OPERATION void istore(int32_t *p, Ints x) {
  vst1q_s32(p, x);
}
OPERATION Ints imul(Ints a, Ints b) {
  return vmulq_s32(a, b);
}
OPERATION Ints isub(Ints a, Ints b) {
  return vsubq_s32(a, b);
}
OPERATION Vec vfloat(Ints x) {
  return vcvtq_f32_s32(x);
}
OPERATION Ints vlow(Vec x) {
  return vandq_s32(vreinterpretq_s32_f32(x), iset(255));
}
OPERATION void store_bytes(uint8_t *p, Vec a, Vec b, Vec c, Vec d) {
  Ints ab = vorrq_s32(vlow(a), vshlq_n_s32(vlow(b), 8));
  Ints cd = vorrq_s32(vshlq_n_s32(vlow(c), 16),
                      vshlq_n_s32(vreinterpretq_s32_f32(d), 24));
  vst1q_u8(p, vreinterpretq_u8_s32(vorrq_s32(ab, cd)));
}
OPERATION Ints load_bytes(const uint8_t *p) {
  return vreinterpretq_s32_u8(vld1q_u8(p));
}
OPERATION Operand operand_x(Ints x, bool dot) {
  (void)dot;
  uint8x16_t bytes = vreinterpretq_u8_s32(x);
  return vreinterpretq_s8_u8(veorq_u8(bytes, vdupq_n_u8(BYTE_SHIFT)));
}
OPERATION Operand operand_w(Ints w, bool dot) {
  (void)dot;
  return vreinterpretq_s8_s32(w);
}
/* Gcc's assembler takes the extension from 8.2 on only. */
#if defined(__clang__)
#define DOTPROD ""
#else
#define DOTPROD ".arch armv8.2-a+dotprod\n\t"
#endif
OPERATION Ints add_products(Ints sum, Operand x, Operand w, bool dot) {
  if (dot) {
    __asm__(DOTPROD "sdot %0.4s, %1.16b, %2.16b" : "+w"(sum) : "w"(x), "w"(w));
    return sum;
  }
  int16x8_t low = vmull_s8(vget_low_s8(x), vget_low_s8(w));
  int16x8_t high = vmull_high_s8(x, w);
  return vaddq_s32(sum, vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)));
}

/* --- Few tokens ----------------------------------------------------------- */

enum { FEW_VECS = 2, FEW_DEPTH = 4, FEW_MOST = 8, FEW_BYTES = 8 };

OPERATION Vec vany(const void *p) {
  return vreinterpretq_f32_u8(vld1q_u8(p));
}
OPERATION Ints vints(Vec x) {
  return vreinterpretq_s32_f32(x);
}
/* Turns the 4 x 4 of four vectors. */
OPERATION void turn_quads(Vec v[4]) {
  float64x2_t a = vreinterpretq_f64_f32(vtrn1q_f32(v[0], v[1]));
  float64x2_t b = vreinterpretq_f64_f32(vtrn2q_f32(v[0], v[1]));
  float64x2_t c = vreinterpretq_f64_f32(vtrn1q_f32(v[2], v[3]));
  float64x2_t d = vreinterpretq_f64_f32(vtrn2q_f32(v[2], v[3]));
  v[0] = vreinterpretq_f32_f64(vtrn1q_f64(a, c));
  v[1] = vreinterpretq_f32_f64(vtrn1q_f64(b, d));
  v[2] = vreinterpretq_f32_f64(vtrn2q_f64(a, c));
  v[3] = vreinterpretq_f32_f64(vtrn2q_f64(b, d));
}
OPERATION void load_block(const void *p, size_t stride, Vec out[FEW_DEPTH]) {
  for (size_t i = 0; i < 4; i++)
    out[i] = vany((const char *)p + i * stride);
  turn_quads(out);
}
OPERATION void store_quads(float *c, Vec v[4]) {
  turn_quads(v);
  for (size_t i = 0; i < 4; i++)
    vstore(c + i * LANES, v[i]);
}

#endif
