/*
 * kernels_avx2.c - the kernels in 256-bit registers.
 *
 * In:  panels of 16 lanes, weights as the file has them (kernels.h).
 * Out: the bits of kernels_portable.c, at the speed of the FMA units.
 *
 * Compiled with -mavx2 -mfma for this file alone, chosen at run time by
 * `usable`, which asks the processor and the operating system.
 */
#include "tensor/kernels.h"

#if defined(__x86_64__)
#if !defined(__AVX2__) || !defined(__FMA__)
#error "compile this file with -mavx2 -mfma"
#endif
#include <cpuid.h>
#include "tensor/vec_avx2.h"
/* over that layer: */
#include "tensor/math.h"
#include "tensor/lanes.h"
#include "tensor/lanes_bytes.h"
#include "tensor/lanes_few.h"

static void product_dot(const ByteProduct *p) {
  byte_product(p, BYTE_ROWS, BYTE_PANELS, true);
}

/* Four rows: their sums, four halves of x and two of w fill the registers. */
static void product_split(const ByteProduct *p) {
  byte_product(p, 4, BYTE_PANELS, false);
}

static void few_dot(const ByteProduct *p, size_t columns) {
  byte_product_few(p, columns, true, product_dot);
}

static void few_split(const ByteProduct *p, size_t columns) {
  byte_product_few(p, columns, false, product_split);
}

static bool usable(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

/* AVX-VNNI is bit 4 of EAX of leaf 7, 1. */
static bool usable_dot(void) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return usable() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && a >> 4 & 1;
}

const Kernels kernels_avx2_vnni = {
    "avx2",    "vnni",      usable_dot, product,     activate,
    add_norm,  softmax,     quantize,   product_dot, FEW_MOST,
    FEW_BYTES, product_few, few_dot};
const Kernels kernels_avx2 = {"avx2",        "",       usable,    product,
                              activate,      add_norm, softmax,   quantize,
                              product_split, FEW_MOST, FEW_BYTES, product_few,
                              few_split};
#endif
