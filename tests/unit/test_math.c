/*
 * test_math.c - exp, exp2, erf, tanh and GELU against the host's double ones.
 *
 * Sweeps every 257th float (16.7 million), which takes seconds;
 * TEST_MATH_ALL=1 takes all 2^32 of them, which is a matter of an hour.  Errors
 * are counted in units in the last place of the result as a float; the bounds
 * are those that src/tensor/math.h states.
 */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "bits.h"
#include "check.h"
#include "random.h"
#include "tensor/kernels.h"
#include "tensor/lanes_scalar.h"
#include "tensor/math.h"

/* |got - want| in units of want's last place; the least one is 2^-149. */
static double error_of(float got, double want) {
  if (isnan(got) || isnan(want))
    return isnan(got) && isnan(want) ? 0.0 : INFINITY;
  if (fabs(want) >= 0x1.ffffffp127) /* rounds to infinity */
    return isinf(got) && (got > 0.0f) == (want > 0.0) ? 0.0 : INFINITY;
  int exponent = want == 0.0 ? -126 : ilogb(want);
  return fabs((double)got - want) *
         ldexp(1.0, 23 - (exponent < -126 ? -126 : exponent));
}

typedef struct Function {
  const char *name;
  float (*ours)(float);
  double (*theirs)(double);
  double bound;  /* ulp */
  float highest; /* that it takes */
} Function;

static float exp2_below(float x) {
  return vexp2_below(x);
}

static const Function functions[] = {
    {"exp", math_exp, exp, 1.02, INFINITY},
    {"erf", math_erf, erf, 1.35, INFINITY},
    {"tanh", math_tanh, tanh, 1.34, INFINITY},
    {"exp2", exp2_below, exp2, 1.95, 0.0f},
};

static void sweep(const Function *f, uint64_t step) {
  double worst = 0.0;
  float at = 0.0f;
  for (uint64_t i = 0; i < (uint64_t)1 << 32; i += step) {
    float x = from_bits((uint32_t)i);
    if (x > f->highest)
      continue;
    double e = error_of(f->ours(x), f->theirs((double)x));
    if (e > worst) {
      worst = e;
      at = x;
    }
  }
  printf("%-4s largest error %.3f ulp, at %a\n", f->name, worst, (double)at);
  CHECK(worst <= f->bound, "%s of %a is %.3f ulp off", f->name, (double)at,
        worst);
}

/* GELU has zeros, so its error is counted against max(|x|, 1). */
static void sweep_gelu(uint64_t step) {
  double worst = 0.0;
  float at = 0.0f;
  for (uint64_t i = 0; i < (uint64_t)1 << 32; i += LANES * step) {
    float x[LANES] __attribute__((aligned(64))), y[LANES];
    for (uint64_t j = 0; j < LANES; j++)
      x[j] = from_bits((uint32_t)(i + j * step));
    memcpy(y, x, sizeof y);
    kernels_named("portable")->activate(ACTIVATION_GELU, LANES, x);
    for (uint64_t j = 0; j < LANES; j++) {
      double z = (double)y[j], want = 0.5 * z * erfc(-z * sqrt(0.5));
      double e = fabs((double)x[j] - want) / fmax(fabs(z), 1.0);
      if (isfinite(y[j]) && !(e <= worst)) {
        worst = e;
        at = y[j];
      }
    }
  }
  printf("gelu largest error %.3g max(|x|, 1), at %a\n", worst, (double)at);
  CHECK(worst <= 8.5e-8, "gelu of %a is %g off", (double)at, worst);
}

typedef struct Special {
  float (*f)(float);
  float x, y;
} Special;

static void test_special(void) {
  static const Special special[] = {
      {math_exp, 0.0f, 1.0f},         {math_exp, -0.0f, 1.0f},
      {math_exp, INFINITY, INFINITY}, {math_exp, -INFINITY, 0.0f},
      {math_exp, 1e-45f, 1.0f},       {math_exp, 88.8f, INFINITY},
      {math_exp, -103.0f, 0x1p-149f}, {math_exp, -104.0f, 0.0f},
      {math_exp, FLT_MAX, INFINITY},  {math_exp, -FLT_MAX, 0.0f},
      {math_erf, 0.0f, 0.0f},         {math_erf, -0.0f, -0.0f},
      {math_erf, INFINITY, 1.0f},     {math_erf, -INFINITY, -1.0f},
      {math_erf, 1e-45f, 1e-45f},     {math_erf, 4.0f, 1.0f},
      {math_tanh, 0.0f, 0.0f},        {math_tanh, -0.0f, -0.0f},
      {math_tanh, INFINITY, 1.0f},    {math_tanh, -INFINITY, -1.0f},
      {math_tanh, 1e-45f, 1e-45f},    {math_tanh, FLT_MAX, 1.0f},
  };
  for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
    float y = special[i].f(special[i].x);
    CHECK(y == special[i].y && !signbit(y) == !signbit(special[i].y),
          "%zu: f(%a) = %a, not %a", i, (double)special[i].x, (double)y,
          (double)special[i].y);
  }
  CHECK(isnan(math_exp(NAN)) && isnan(math_erf(NAN)) && isnan(math_tanh(NAN)),
        "NaN did not stay");
}

/* The multiply-add worked out in double is the real one, on any floats. */
static void test_multiply_add(void) {
  uint32_t bits[3];
  for (int i = 0; i < 2000000; i++) {
    for (int j = 0; j < 3; j++) {
      bits[j] = draw();
      if (i % 2) /* exponents near 1, so that the terms meet */
        bits[j] = (bits[j] & 0x87ffffffu) + 0x38000000u;
      if (i % 5 == 0) /* short mantissas, for ties */
        bits[j] &= 0xfffff000u;
    }
    float a = from_bits(bits[0]), b = from_bits(bits[1]),
          c = from_bits(bits[2]);
    float got = fma_emulated(a, b, c), want = fmaf(a, b, c);
    CHECK((isnan(got) && isnan(want)) || !memcmp(&got, &want, sizeof got),
          "fma(%a, %a, %a) = %a, not %a", (double)a, (double)b, (double)c,
          (double)got, (double)want);
  }
}

int main(void) {
  uint64_t step = getenv("TEST_MATH_ALL") ? 1 : 257;
  test_special();
  test_multiply_add();
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
    sweep(&functions[i], step);
  sweep_gelu(step);
  return check_done();
}
