/*
 * widen.c - weights of any float type to float32.
 *
 * In:  little-endian values as the file has them, at any alignment.
 * Out: floats; exact for F32, F16 and BF16, subnormals, infinities and the bits
 *      of a NaN included; F64 is rounded to nearest, beyond the range to
 *      infinity (which the heads report as damaged weights).
 *
 * A half is sign, 5 bits of exponent, 10 of mantissa.  Shifted by 13 it is a
 * float but for the bias: 112 is added to the exponent, twice where it was all
 * ones.  A subnormal half m * 2^-24 is (1 + m/1024) * 2^-14 - 2^-14, which has
 * no subnormal float on the way: a host that flushes those to zero gets the
 * same bits.  No branches, so that the compiler makes vectors of it.
 */
#include <string.h>
#include "tensor/safetensors.h"

enum { HOST_IS_BIG = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ };

static uint16_t load16(const unsigned char *p) {
  uint16_t x;
  memcpy(&x, p, sizeof x);
  return HOST_IS_BIG ? __builtin_bswap16(x) : x;
}

static uint32_t load32(const unsigned char *p) {
  uint32_t x;
  memcpy(&x, p, sizeof x);
  return HOST_IS_BIG ? __builtin_bswap32(x) : x;
}

static double load_double(const unsigned char *p) {
  uint64_t x;
  double value;
  memcpy(&x, p, sizeof x);
  x = HOST_IS_BIG ? __builtin_bswap64(x) : x;
  memcpy(&value, &x, sizeof value);
  return value;
}

static float as_float(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static uint32_t as_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static float widen_half(uint16_t half) {
  const uint32_t bias = 112u << 23, smallest = 113u << 23; /* 2^-14 */
  uint32_t shifted = (half & 0x7fffu) << 13;
  uint32_t normal = shifted + bias + (shifted >= 0x1fu << 23 ? bias : 0);
  float tiny = as_float(shifted + smallest) - as_float(smallest);
  uint32_t size = shifted < 1u << 23 ? as_bits(tiny) & 0x7fffffffu : normal;
  return as_float((half & 0x8000u) << 16 | size);
}

int tensor_widen(Dtype dtype, const unsigned char *data, size_t n, float *out,
                 Error *err) {
  switch (dtype) {
  case DTYPE_F32:
    if (!HOST_IS_BIG && n > 0)
      memcpy(out, data, n * sizeof *out);
    for (size_t i = 0; HOST_IS_BIG && i < n; i++)
      out[i] = as_float(load32(data + 4 * i));
    return OK;
  case DTYPE_F16:
    for (size_t i = 0; i < n; i++)
      out[i] = widen_half(load16(data + 2 * i));
    return OK;
  case DTYPE_BF16:
    for (size_t i = 0; i < n; i++)
      out[i] = as_float((uint32_t)load16(data + 2 * i) << 16);
    return OK;
  case DTYPE_F64:
    for (size_t i = 0; i < n; i++)
      out[i] = (float)load_double(data + 8 * i);
    return OK;
  case DTYPE_I8:
  case DTYPE_I64:
  case DTYPE_OTHER:
    break;
  }
  return fail(err, ERR_UNSUPPORTED, "weights must be F32, F16, BF16 or F64");
}
