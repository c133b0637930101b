/*
 * test_kernels.c - every set of kernels gives the bits of the portable one.
 *
 * Products of all small shapes with odd strides, of few tokens with all numbers
 * of them, elementwise kernels over all
 * kinds of floats, on ordinary numbers and on infinities, NaN, denormals and
 * signed zeros (any NaN equals any other).  Outputs lie in a field of a known
 * value that must be untouched around them; inputs end where their memory
 * ends, for the address sanitizer.
 *
 * The last part hashes results over a fixed set of inputs and compares with a
 * constant: the promise of equal bits across machines, compilers and
 * architectures.  `make neon` runs this same file on an emulated AArch64.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "bits.h"
#include "check.h"
#include "random.h"
#include "tensor/kernels.h"

static const float FIELD = -12345.678f;
static const uint64_t EXPECTED_HASH = 0x50129efcb3b63421u;

/* --- Numbers ----------------------------------------------------------- */

/* -1 to 1; with `odd`, one in 16 is any float or one of the special ones. */
static float number(bool odd) {
  static const float special[] = {0.0f,     -0.0f,     1e-45f, -1e-39f,
                                  INFINITY, -INFINITY, NAN,    3.4e38f};
  uint32_t r = draw();
  if (odd && r % 32 == 0)
    return special[draw() % 8];
  if (odd && r % 32 == 1)
    return from_bits(draw());
  return (float)(int32_t)r * 0x1p-31f;
}

static float *floats(size_t n) {
  float *x = aligned_alloc(64, (n * sizeof *x + 63) / 64 * 64);
  if (!x)
    exit(1);
  return x;
}

static float *numbers(size_t n, bool odd) {
  float *x = malloc(n ? n * sizeof *x : 1);
  if (!x)
    exit(1);
  for (size_t i = 0; i < n; i++)
    x[i] = number(odd);
  return x;
}

/* The same on 64-byte borders, for lanes; n is a multiple of LANES. */
static float *lanes(size_t n, bool odd) {
  float *x = floats(n);
  for (size_t i = 0; i < n; i++)
    x[i] = number(odd);
  return x;
}

static float *copy(const float *x, size_t n) {
  return memcpy(floats(n), x, n * sizeof *x);
}

/* Index of the first difference, or n. */
static size_t difference(const float *x, const float *y, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (to_bits(x[i]) != to_bits(y[i]))
      return i;
  return n;
}

/* --- Products ---------------------------------------------------------- */

static Product shape(size_t rows, size_t panels, size_t depth) {
  bool strided = draw() % 2;
  Product p = {.rows = rows, .panels = panels, .depth = depth};
  p.k_stride = strided ? between(1, 20) : 1;
  p.row_stride = strided ? between(1, 20) : depth + between(0, 3);
  p.k_jump = strided && depth > LANES ? between(0, 40) : 0;
  p.b_panel = (depth + between(0, 2)) * LANES;
  p.c_panel = (rows + between(0, 2)) * LANES;
  p.add = draw() % 3 == 0;
  return p;
}

/* One draw after the other: the order of arguments is the compiler's. */
static Product any_shape(size_t max_depth) {
  size_t rows = between(1, 70), panels = between(1, 9);
  return shape(rows, panels, between(1, max_depth));
}

/* Runs p on `start`, of n_c floats, which come first in the result; its tops
 * come last. */
static float *multiplied(const Kernels *k, Product p, const float *start,
                         size_t n_c) {
  size_t n_top = p.panels * LANES;
  float *out = floats(n_c + n_top);
  memcpy(out, start, n_c * sizeof *out);
  for (size_t i = 0; i < n_top; i++)
    out[n_c + i] = i % 3 ? -INFINITY : 0.5f;
  p.c = out;
  p.top = p.top ? out + n_c : NULL;
  k->product(&p);
  return out;
}

static void check_product(Product p, bool odd) {
  size_t last = p.rows && p.depth
                    ? (p.rows - 1) * p.row_stride + (p.depth - 1) * p.k_stride +
                          (p.depth - 1) / LANES * p.k_jump + 1
                    : 0;
  size_t n_c = (p.panels + 1) * p.c_panel + LANES, n = n_c + p.panels * LANES;
  float *a = numbers(last, odd), *bias = numbers(p.rows, odd);
  float *b = lanes(p.panels * p.b_panel, odd), *start = floats(n_c);
  float *scale = lanes(p.panels * LANES, odd);
  for (size_t i = 0; i < n_c; i++)
    start[i] = FIELD;
  for (size_t i = 0; i < p.panels; i++)
    for (size_t j = 0; p.add && j < p.rows * LANES; j++)
      start[i * p.c_panel + j] = number(odd);
  p.a = a;
  p.b = b;
  p.bias = draw() % 2 ? bias : NULL;
  p.scale = draw() % 2 ? scale : NULL;
  p.top = draw() % 2 ? start : NULL; /* yes or no; see multiplied */
  float *want = multiplied(kernels_named("portable"), p, start, n_c);
  for (size_t i = 0; i < n_c; i++)
    CHECK((i < p.panels * p.c_panel && i % p.c_panel < p.rows * LANES) ||
              want[i] == FIELD,
          "portable wrote at %zu", i);
  for (size_t i = 0; kernels_all[i]; i++) {
    if (!kernels_all[i]->usable())
      continue;
    float *got = multiplied(kernels_all[i], p, start, n_c);
    size_t d = difference(want, got, n);
    CHECK(d == n, "%s %zu x %zu panels, depth %zu: at %zu %a, not %a",
          kernels_all[i]->name, p.rows, p.panels, p.depth, d, (double)got[d],
          (double)want[d]);
    free(got);
  }
  free(a);
  free(bias);
  free(b);
  free(scale);
  free(start);
  free(want);
}

static void test_products(void) {
  for (size_t rows = 0; rows <= 20; rows++)
    for (size_t panels = 0; panels <= 7; panels++)
      for (size_t depth = 0; depth <= 40; depth += depth < 4 ? 1 : 9)
        check_product(shape(rows, panels, depth), (rows + depth) % 4 == 0);
  for (int i = 0; i < 400; i++)
    check_product(any_shape(70), i % 4 == 0);
}

/* What a set's product of few tokens must give: the portable product of all
 * lanes, but 0 in those of none. n floats, the field around included. */
static void check_few(Product p, size_t columns, const float *start, size_t n) {
  float *want = copy(start, n), *got = floats(n);
  p.c = want;
  kernels_named("portable")->product(&p);
  for (size_t i = 0; i < p.rows * LANES; i++)
    want[i] = i % LANES < columns ? want[i] : 0.0f;
  p.c = got;
  for (size_t i = 0; kernels_all[i]; i++) {
    if (!kernels_all[i]->usable() || columns > kernels_all[i]->few)
      continue;
    memcpy(got, start, n * sizeof *got);
    kernels_all[i]->product_few(&p, columns);
    size_t d = difference(want, got, n);
    CHECK(d == n, "%s few: %zu rows, depth %zu, %zu columns: at %zu %a, not %a",
          kernels_all[i]->name, p.rows, p.depth, columns, d, (double)got[d % n],
          (double)want[d % n]);
  }
  free(want);
  free(got);
}

static void check_few_shape(size_t rows, size_t depth, bool odd) {
  Product p = {.rows = rows, .panels = 1, .depth = depth, .k_stride = 1};
  p.row_stride = depth + between(0, 3);
  p.b_panel = depth * LANES;
  p.c_panel = rows * LANES;
  size_t n = (rows + 1) * LANES;
  size_t n_a = rows ? (rows - 1) * p.row_stride + depth : 0;
  float *a = numbers(n_a, odd), *bias = numbers(rows, odd);
  float *b = lanes(p.b_panel, odd), *start = floats(n);
  for (size_t i = 0; i < n; i++)
    start[i] = FIELD;
  p.a = a;
  p.b = b;
  p.bias = draw() % 4 ? bias : NULL;
  for (size_t columns = 1; columns < LANES; columns++)
    check_few(p, columns, start, n);
  free(a);
  free(bias);
  free(b);
  free(start);
}

static void test_few(void) {
  for (size_t rows = 0; rows <= 40; rows++)
    for (size_t depth = 0; depth <= 70; depth += depth < 20 ? 1 : 7)
      check_few_shape(rows, depth, (rows + depth) % 4 == 0);
  for (int i = 0; i < 100; i++) {
    size_t rows = between(1, 100);
    check_few_shape(rows, between(1, 200), i % 4 == 0);
  }
}

/* Against double precision: the specification itself is right. */
static void test_meaning(void) {
  enum { N = 9, K = 33 };
  float *a = numbers(N * K, false), *bias = numbers(N, false);
  float *b = lanes(2 * K * LANES, false), *c = lanes(2 * N * LANES, false);
  float *scale = lanes(2 * LANES, false), *top = lanes(2 * LANES, false);
  double most[2 * LANES];
  for (size_t i = 0; i < 2 * LANES; i++)
    most[i] = (double)top[i];
  Product p = {.rows = N, .panels = 2, .depth = K, .a = a, .row_stride = K};
  p.k_stride = 1;
  p.b = b;
  p.b_panel = K * LANES;
  p.c = c;
  p.c_panel = N * LANES;
  p.bias = bias;
  p.scale = scale;
  p.top = top;
  kernels_named("portable")->product(&p);
  for (size_t i = 0; i < 2 * N * LANES; i++) {
    size_t panel = i / LANES / N, row = i / LANES % N, lane = i % LANES;
    double sum = (double)bias[row];
    for (size_t k = 0; k < K; k++)
      sum += (double)a[row * K + k] * (double)b[(panel * K + k) * LANES + lane];
    size_t at = panel * LANES + lane;
    most[at] = fmax(most[at], sum);
    sum *= (double)scale[at];
    CHECK(fabs(sum - (double)c[i]) < 1e-5, "row %zu lane %zu: %g, not %g", row,
          lane, (double)c[i], sum);
  }
  for (size_t i = 0; i < 2 * LANES; i++)
    CHECK(fabs(most[i] - (double)top[i]) < 1e-5, "lane %zu: top %g, not %g", i,
          (double)top[i], most[i]);
  free(a);
  free(b);
  free(c);
  free(scale);
  free(top);
  free(bias);
}

/* --- Elementwise ------------------------------------------------------- */

typedef struct Call {
  enum { ACTIVATE, NORM, SOFTMAX } kind;
  Activation how;
  size_t n, panels; /* rows of LANES in all; panels of a norm */
  const float *other, *gain, *bias;
  float number; /* eps or scale */
} Call;

/* The whole of it: the largest first, the division last. */
static void softmax(const Kernels *k, size_t n, float *x, float scale) {
  float *top = floats(LANES), *inverse = floats(LANES);
  for (size_t i = 0; i < LANES; i++)
    top[i] = -INFINITY;
  for (size_t i = 0; i < n * LANES; i++)
    top[i % LANES] = x[i] > top[i % LANES] ? x[i] : top[i % LANES];
  k->softmax(n, x, scale, top, inverse);
  for (size_t i = 0; i < n * LANES; i++)
    x[i] *= inverse[i % LANES];
  free(top);
  free(inverse);
}

static void run(const Kernels *k, const Call *call, float *x) {
  if (call->kind == ACTIVATE)
    k->activate(call->how, call->n * LANES, x);
  else if (call->kind == NORM)
    k->add_norm(&(Norming){call->n / call->panels, call->panels, x, call->other,
                           call->gain, call->bias, call->number});
  else
    softmax(k, call->n, x, call->number);
}

/* x has n + 1 rows of LANES; the last one is a guard. */
static void check_call(const Call *call, const float *x) {
  size_t n = (call->n + 1) * LANES;
  float *want = copy(x, n);
  run(kernels_named("portable"), call, want);
  CHECK(difference(want + n - LANES, x + n - LANES, LANES) == LANES,
        "kind %d wrote behind its end", call->kind);
  for (size_t i = 0; kernels_all[i]; i++) {
    if (!kernels_all[i]->usable())
      continue;
    float *got = copy(x, n);
    run(kernels_all[i], call, got);
    size_t d = difference(want, got, n);
    CHECK(d == n, "%s kind %d activation %d, of %a: %a, not %a",
          kernels_all[i]->name, call->kind, call->how, (double)x[d],
          (double)got[d], (double)want[d]);
    free(got);
  }
  free(want);
}

/* Every 32,749th float through each activation. */
static void test_activations(void) {
  enum { STEP = 32749, ROWS = 8192 };
  float *x = floats((ROWS + 1) * LANES);
  for (uint32_t i = 0; i < (ROWS + 1) * LANES; i++)
    x[i] = from_bits(i * STEP);
  for (int how = 0; how <= ACTIVATION_LAPLACE; how++)
    check_call(&(Call){.how = (Activation)how, .n = ROWS}, x);
  free(x);
}

static void test_rows(void) {
  for (size_t n = 0; n <= 70; n++)
    for (int odd = 0; odd < 2; odd++) {
      float *x = lanes((n + 1) * LANES, odd), *y = lanes((n + 1) * LANES, odd);
      float *gain = numbers(n, odd), *bias = numbers(n, odd);
      Call call = {.kind = NORM, .n = n, .gain = gain, .bias = bias};
      call.number = 1e-5f;
      for (call.panels = 1; call.panels <= n + 1; call.panels++) {
        if (n % call.panels)
          continue;
        call.other = NULL;
        check_call(&call, x);
        call.other = y;
        check_call(&call, x);
      }
      check_call(&(Call){.kind = SOFTMAX, .n = n, .number = 0.125f}, x);
      check_call(&(Call){.kind = SOFTMAX, .n = n, .number = 300.0f}, x);
      free(x);
      free(y);
      free(gain);
      free(bias);
    }
}

typedef struct Known {
  Activation how;
  float x;
  double y;
} Known;

/* transformers' ACT2FN, worked out in double precision. */
static void test_known(void) {
  static const Known known[] = {
      {ACTIVATION_NONE, -3.5f, -3.5},
      {ACTIVATION_GELU, 1.5f, 1.3997891980967109},
      {ACTIVATION_GELU, -0.7f, -0.16937455627736944},
      {ACTIVATION_GELU_TANH, 1.5f, 1.3995715769802328},
      {ACTIVATION_GELU_TANH, -0.7f, -0.16942986501303928},
      {ACTIVATION_GELU_FAST, 1.5f, 1.3995715769802328},
      {ACTIVATION_QUICK_GELU, -0.7f, -0.1631060480373958},
      {ACTIVATION_GELU_10, 12.0f, 10.0},
      {ACTIVATION_RELU, -1.0f, 0.0},
      {ACTIVATION_RELU, 2.5f, 2.5},
      {ACTIVATION_RELU2, 3.0f, 9.0},
      {ACTIVATION_RELU2, -3.0f, 0.0},
      {ACTIVATION_RELU6, 7.0f, 6.0},
      {ACTIVATION_LEAKY_RELU, -2.0f, -0.02},
      {ACTIVATION_LEAKY_RELU, 2.0f, 2.0},
      {ACTIVATION_SILU, 1.25f, 0.9716248264683638},
      {ACTIVATION_SIGMOID, 0.5f, 0.62245933120185459},
      {ACTIVATION_TANH, -0.8f, -0.66403677026784891},
      {ACTIVATION_MISH, 0.9f, 0.7612059044450358},
      {ACTIVATION_MISH, 30.0f, 30.0},
      {ACTIVATION_LAPLACE, 0.707107f, 0.5},
      {ACTIVATION_LAPLACE, 0.9f, 0.7529452538549138},
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    float *x = floats(LANES);
    for (size_t lane = 0; lane < LANES; lane++)
      x[lane] = known[i].x;
    kernels_named("portable")->activate(known[i].how, LANES, x);
    CHECK(fabs((double)x[3] - known[i].y) < 3e-7 * fmax(1.0, fabs(known[i].y)),
          "activation %d of %g: %.9g, not %.9g", known[i].how,
          (double)known[i].x, (double)x[3], known[i].y);
    free(x);
  }
}

static void test_softmax_meaning(void) {
  float *x = lanes(5 * LANES, false);
  x[2 * LANES] = -INFINITY; /* masked */
  float *got = copy(x, 5 * LANES);
  softmax(kernels_named("portable"), 5, got, 0.5f);
  for (size_t lane = 0; lane < LANES; lane++) {
    double sum = 0.0;
    for (size_t j = 0; j < 5; j++)
      sum += exp(0.5 * (double)x[j * LANES + lane]);
    for (size_t j = 0; j < 5; j++) {
      size_t at = j * LANES + lane;
      double want = exp(0.5 * (double)x[at]) / sum;
      CHECK(fabs((double)got[at] - want) < 1e-7, "%g, not %g", (double)got[at],
            want);
    }
  }
  free(x);
  free(got);
}

/* --- The same bits everywhere ------------------------------------------ */

static uint64_t hash(uint64_t h, const float *x, size_t n) {
  for (size_t i = 0; i < n; i++)
    h = (h ^ to_bits(x[i])) * 1099511628211u;
  return h;
}

static uint64_t hash_product(const Kernels *k, uint64_t h, Product p) {
  size_t n_a =
      p.rows * p.row_stride + p.depth * p.k_stride + p.depth / LANES * p.k_jump;
  size_t n_c = p.panels * p.c_panel;
  float *a = numbers(n_a, false), *bias = numbers(p.rows, false);
  float *b = lanes(p.panels * p.b_panel, false), *start = lanes(n_c, false);
  float *scale = lanes(p.panels * LANES, false);
  p.a = a;
  p.b = b;
  p.bias = bias;
  p.scale = draw() % 2 ? scale : NULL;
  p.top = start;
  float *c = multiplied(k, p, start, n_c);
  h = hash(h, c, n_c + p.panels * LANES);
  free(a);
  free(b);
  free(c);
  free(start);
  free(scale);
  free(bias);
  return h;
}

static uint64_t hash_set(const Kernels *k) {
  enum { ROWS = 2048, C = 96 };
  random_state = 1;
  uint64_t h = 14695981039346656037u;
  for (int i = 0; i < 40; i++)
    h = hash_product(k, h, any_shape(200));
  float *x = floats(ROWS * LANES);
  for (int how = 0; how <= ACTIVATION_LAPLACE; how++) {
    for (uint32_t i = 0; i < ROWS * LANES; i++)
      x[i] = from_bits(i * 131071u);
    k->activate((Activation)how, ROWS * LANES, x);
    h = hash(h, x, ROWS * LANES);
  }
  float *y = lanes(C * LANES, false), *gain = numbers(C, false);
  float *z = lanes(C * LANES, false);
  k->add_norm(&(Norming){C, 1, y, z, gain, gain, 1e-12f});
  h = hash(h, y, C * LANES);
  softmax(k, C, y, 3.0f);
  h = hash(h, y, C * LANES);
  free(x);
  free(y);
  free(z);
  free(gain);
  return h;
}

static void test_hash(void) {
  for (size_t i = 0; kernels_all[i]; i++) {
    if (!kernels_all[i]->usable()) {
      SKIP("%s: not usable on this machine", kernels_all[i]->name);
      continue;
    }
    uint64_t h = hash_set(kernels_all[i]);
    CHECK(h == EXPECTED_HASH, "%s: hash %016llx", kernels_all[i]->name,
          (unsigned long long)h);
  }
}

static void test_choice(void) {
  bool refused = false;
  setenv("DISTILBERT_KERNELS", "no-such-set", 1);
  const Kernels *k = kernels_pick(&refused);
  CHECK(refused, "an unknown name was taken");
  CHECK(k && k->usable(), "no usable set");
  for (size_t i = 0; kernels_all[i] && kernels_all[i] != k; i++)
    CHECK(!kernels_all[i]->usable(), "%s is better", kernels_all[i]->name);
  setenv("DISTILBERT_KERNELS", "portable", 1);
  CHECK(kernels_pick(NULL) == k, "the choice changed");
  CHECK(!kernels_named("no-such-set"), "found one");
}

int main(void) {
  test_choice();
  test_meaning();
  test_known();
  test_softmax_meaning();
  test_products();
  test_few();
  test_activations();
  test_rows();
  test_hash();
  return check_done();
}
