/*
 * kernels_neon.c - the kernels in 128-bit registers.
 *
 * In:  panels of 16 lanes, weights as the file has them (kernels.h).
 * Out: the bits of kernels_portable.c, at the speed of the FMA units.
 *
 * Every AArch64 processor has NEON with fused multiply-add; 32-bit ARM has
 * not, and uses the portable set.  The dot product of bytes is an extension,
 * asked for at run time and used by the functions that name it only.
 */
#include "tensor/kernels.h"

#if defined(__aarch64__)
#if !defined(__ARM_NEON) || !defined(__ARM_FEATURE_DOTPROD)
#error "compile this file with -march=armv8-a+dotprod"
#endif
#if defined(__linux__)
#include <sys/auxv.h>
#endif
#include "tensor/vec_neon.h"
/* over that layer: */
#include "tensor/math.h"
#include "tensor/lanes.h"
#include "tensor/lanes_bytes.h"
#include "tensor/lanes_few.h"

static void product_dot(const ByteProduct *p) {
  byte_product(p, BYTE_ROWS, BYTE_PANELS, true);
}

static void product_split(const ByteProduct *p) {
  byte_product(p, BYTE_ROWS, BYTE_PANELS, false);
}

static void few_dot(const ByteProduct *p, size_t columns) {
  byte_product_few(p, columns, true, product_dot);
}

static void few_split(const ByteProduct *p, size_t columns) {
  byte_product_few(p, columns, false, product_split);
}

static bool usable(void) {
  return true;
}

static bool usable_dot(void) {
#if defined(__linux__)
  return getauxval(AT_HWCAP) >> 20 & 1; /* HWCAP_ASIMDDP */
#else
  return true; /* Apple's, all of them */
#endif
}

const Kernels kernels_neon_dot = {
    "neon",    "dotprod",   usable_dot, product,     activate,
    add_norm,  softmax,     quantize,   product_dot, FEW_MOST,
    FEW_BYTES, product_few, few_dot};
const Kernels kernels_neon = {"neon",        "",       usable,    product,
                              activate,      add_norm, softmax,   quantize,
                              product_split, FEW_MOST, FEW_BYTES, product_few,
                              few_split};
#endif
