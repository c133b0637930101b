/*
 * test_widen.c - every half and every bfloat16 against its value computed
 * from sign, exponent and mantissa; at any alignment; in a host that flushes
 * subnormals to zero or rounds downwards.
 */
#include "tensor/safetensors.h"

#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#if defined __x86_64__
#include <xmmintrin.h>
#endif
#include "bits.h"
#include "check.h"

enum { ALL = 65536 };

static uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* sign, `e` bits of exponent, `m` of mantissa; NaN keeps its payload. */
static uint32_t expected(unsigned x, int e, int m) {
  unsigned sign = x >> 15, top = (1u << e) - 1;
  unsigned exponent = (x >> m) & top, mantissa = x & ((1u << m) - 1);
  int bias = (1 << (e - 1)) - 1;
  if (exponent == top)
    return sign << 31 | 0x7f800000u | mantissa << (23 - m);
  double value = exponent == 0
                     ? ldexp(mantissa, 1 - bias - m)
                     : ldexp((1u << m) | mantissa, (int)exponent - bias - m);
  return bits_of((float)(sign ? -value : value));
}

static uint32_t expect_half[ALL], expect_bf16[ALL];
static unsigned char data[2 * ALL + 8];
static float out[ALL];

static void check_all(const char *where) {
  for (size_t shift = 0; shift < 4; shift++) {
    for (unsigned i = 0; i < ALL; i++) {
      data[shift + 2 * i] = (unsigned char)i;
      data[shift + 2 * i + 1] = (unsigned char)(i >> 8);
    }
    size_t wrong = 0, wrong_bf = 0;
    Error err;
    int rc = tensor_widen(DTYPE_F16, data + shift, ALL, out, &err);
    for (unsigned i = 0; i < ALL; i++)
      wrong += bits_of(out[i]) != expect_half[i];
    rc |= tensor_widen(DTYPE_BF16, data + shift, ALL, out, &err);
    for (unsigned i = 0; i < ALL; i++)
      wrong_bf += bits_of(out[i]) != expect_bf16[i];
    CHECK(rc == OK && wrong == 0, "%s, shift %zu: %zu halves", where, shift,
          wrong);
    CHECK(wrong_bf == 0, "%s, shift %zu: %zu bf16", where, shift, wrong_bf);
  }
}

/* What the loops do with a rest, and that they write n floats only. */
static void check_lengths(void) {
  for (size_t n = 0; n < 70; n++) {
    unsigned char *in = malloc(2 * n + 1);
    float *to = malloc((n + 1) * sizeof *to);
    for (size_t i = 0; i < 2 * n; i++)
      in[i + 1] = (unsigned char)(i * 37);
    to[n] = 42;
    size_t wrong = 0;
    tensor_widen(DTYPE_F16, in + 1, n, to, NULL);
    for (size_t i = 0; i < n; i++)
      wrong += bits_of(to[i]) !=
               expect_half[in[1 + 2 * i] | (unsigned)in[2 + 2 * i] << 8];
    CHECK(wrong == 0 && to[n] == 42, "%zu", n);
    free(in);
    free(to);
  }
}

static void check_wide(void) {
  static const struct {
    double in;
    float out;
  } doubles[] = {{0, 0},
                 {-1.5, -1.5f},
                 {1.0 / 3, 1.0f / 3},
                 {FLT_MAX, FLT_MAX},
                 {1e39, INFINITY},
                 {-1e308, -INFINITY},
                 {1e-45, 1e-45f},
                 {1e-60, 0},
                 {1 + 0x1p-24, 1},           /* a tie: to even */
                 {1 + 0x3p-24, 1 + 0x1p-22}, /* the same, upwards */
                 {INFINITY, INFINITY}};
  for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
    unsigned char in[9];
    float value = 7;
    memcpy(in + 1, &doubles[i].in, 8);
    CHECK(tensor_widen(DTYPE_F64, in + 1, 1, &value, NULL) == OK, "F64");
    CHECK(bits_of(value) == bits_of(doubles[i].out), "%g: %g", doubles[i].in,
          (double)value);
  }
  static const uint32_t floats[] = {0,          0x80000000, 1,
                                    0x007fffff, 0x7f7fffff, 0x7f800000,
                                    0x7f800001, 0xffc12345, 0x3f800000};
  unsigned char in[1 + sizeof floats];
  float values[9];
  memcpy(in + 1, floats, sizeof floats);
  CHECK(tensor_widen(DTYPE_F32, in + 1, 9, values, NULL) == OK, "F32");
  CHECK(memcmp(values, floats, sizeof floats) == 0, "F32");
  CHECK(tensor_widen(DTYPE_F32, NULL, 0, NULL, NULL) == OK, "nothing");
}

static void check_refused(void) {
  static const Dtype others[] = {DTYPE_I8, DTYPE_I64, DTYPE_OTHER};
  for (size_t i = 0; i < 3; i++) {
    Error err = {""};
    float value = 7;
    CHECK(tensor_widen(others[i], data, 1, &value, &err) == ERR_UNSUPPORTED,
          "%zu", i);
    CHECK(value == 7 && err.message[0], "%s", err.message);
  }
}

int main(void) {
  for (unsigned i = 0; i < ALL; i++) {
    expect_half[i] = expected(i, 5, 10);
    expect_bf16[i] = expected(i, 8, 7);
  }
  CHECK(expect_half[0x3c00] == 0x3f800000 && expect_half[1] == 0x33800000 &&
            expect_half[0x7bff] == 0x477fe000 &&
            expect_half[0xfc00] == 0xff800000,
        "the expectation");
  CHECK(from_bits(expect_bf16[0x3f80]) == 1, "the expectation");
  check_all("as usual");
  fesetround(FE_DOWNWARD);
  check_all("rounding down");
  fesetround(FE_UPWARD);
  check_all("rounding up");
  fesetround(FE_TONEAREST);
#if defined __x86_64__
  unsigned was = _mm_getcsr();
  _mm_setcsr(was | 0x8040); /* flush to zero, denormals are zero */
  check_all("flushing subnormals");
  _mm_setcsr(was);
#endif
  check_lengths();
  check_wide();
  check_refused();
  return check_done();
}
