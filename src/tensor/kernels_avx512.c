/*
 * kernels_avx512.c - the kernels in 512-bit registers.
 *
 * In:  panels of 16 lanes, weights as the file has them (kernels.h).
 * Out: the bits of kernels_portable.c, at the speed of the FMA units.
 *
 * Where the processor has AMX, products of bytes go through its tiles (amx.h):
 * a set of its own, "amx".
 *
 * Compiled with -mavx512f and kin for this file alone, chosen at run time by
 * `usable`, which asks the processor and the operating system.
 */
#include "tensor/kernels.h"

#if defined(__x86_64__)
#if !defined(__AVX512F__) || !defined(__AVX512DQ__)
#error "compile this file with -mavx512f -mavx512vl -mavx512bw -mavx512dq"
#endif
#include "tensor/vec_avx512.h"
/* over that layer: */
#include "tensor/math.h"
#include "tensor/lanes.h"
#include "tensor/lanes_bytes.h"
#include "tensor/lanes_few.h"
#include "tensor/amx.h"

static void product_dot(const ByteProduct *p) {
  byte_product(p, BYTE_ROWS, BYTE_PANELS, true);
}

static void product_split(const ByteProduct *p) {
  byte_product(p, BYTE_ROWS, 2, false);
}

extern const Kernels kernels_avx2;

/* With so few tokens memory is what counts, and it gives more to half as many
 * rows side by side: narrower registers are enough. */
static void few(const Product *p, size_t columns) {
  if (columns <= 4)
    kernels_avx2.product_few(p, columns);
  else
    product_few(p, columns);
}

static void few_dot(const ByteProduct *p, size_t columns) {
  byte_product_few(p, columns, true, product_dot);
}

static void few_split(const ByteProduct *p, size_t columns) {
  byte_product_few(p, columns, false, product_split);
}

static bool usable(void) {
  return __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma");
}

static bool usable_dot(void) {
  return usable() && __builtin_cpu_supports("avx512vnni");
}

#ifdef HAVE_AMX
static void product_amx(const ByteProduct *p) {
  product_tiles(p, product_dot);
}

static void few_amx(const ByteProduct *p, size_t columns) {
  byte_product_few(p, columns, true, product_amx);
}

static bool usable_amx(void) {
  return usable_dot() && amx_is_usable();
}

const Kernels kernels_amx = {
    "amx",    "amx",       usable_amx, product,   activate, add_norm, softmax,
    quantize, product_amx, FEW_MOST,   FEW_BYTES, few,      few_amx};
#else
static bool never(void) {
  return false;
}

const Kernels kernels_amx = {
    "amx",    "amx",       never,    product,   activate, add_norm, softmax,
    quantize, product_dot, FEW_MOST, FEW_BYTES, few,      few_dot};
#endif

const Kernels kernels_avx512_vnni = {
    "avx512", "vnni",      usable_dot, product,   activate, add_norm, softmax,
    quantize, product_dot, FEW_MOST,   FEW_BYTES, few,      few_dot};
const Kernels kernels_avx512 = {"avx512",      "",       usable,    product,
                                activate,      add_norm, softmax,   quantize,
                                product_split, FEW_MOST, FEW_BYTES, few,
                                few_split};
#endif
