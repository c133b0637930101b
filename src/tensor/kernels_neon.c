/*
 * kernels_neon.c - the kernels in 128-bit registers: a panel's row is four.
 *
 * In:  panels of 16 lanes, weights as scalars (kernels.h).
 * Out: the bits of kernels_portable.c, at the speed of the FMA units.
 *
 * 32 registers: 6 rows x 1 panel of sums (24), 4 vectors of B and scalars of
 * A copied to all lanes.  NEON's own maximum and minimum make NaN of NaN, so
 * vmax and vmin are a comparison and a choice.
 *
 * Every AArch64 processor has NEON with fused multiply-add; 32-bit ARM has
 * not, and uses the portable set.
 */
#include "tensor/kernels.h"

#if defined(__aarch64__)
#if !defined(__ARM_NEON)
#error "compile this file with NEON"
#endif
#include <arm_neon.h>

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

#include "tensor/math.h"
#include "tensor/lanes.h"

static bool usable(void) {
  return true;
}

const Kernels kernels_neon = {"neon",   usable,   product,
                              activate, add_norm, softmax};
#endif
