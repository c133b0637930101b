/*
 * fuzz_kernels.c - every set of kernels gives the bits of the portable one.
 *
 * Input: HEADER bytes of sizes, strides and choices, then bytes that become
 * floats of all kinds, over and over until there are enough.  Each kernel runs
 * once per set; results may differ in nothing but the payload of a NaN, and
 * the memory around them must stay as it was.  Weights as bytes are the input
 * itself, from an end of its memory to the other.
 */
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include "fuzz.h"
#include "tensor/kernels.h"

enum { HEADER = 12, MAX_WORK = 800 };

typedef struct Input {
  const uint8_t *header, *bytes; /* HEADER of them; n */
  size_t n, next;
} Input;

/* Raw bits, or small numbers, which is what the header says. */
static float next_float(Input *in) {
  uint8_t raw[4] = {0};
  for (size_t i = 0; in->n && i < sizeof raw; i++)
    raw[i] = in->bytes[in->next++ % in->n];
  float x;
  memcpy(&x, raw, sizeof x);
  return in->header[0] & 1 ? x : (float)(int8_t)raw[0] / 8;
}

/* Room for n floats on a 64-byte border, ending where the block ends. */
static float *room(size_t n) {
  void *x = NULL;
  REQUIRE(!posix_memalign(&x, 64, n * sizeof(float)));
  return x;
}

static float *floats(Input *in, size_t n) {
  float *x = room(n);
  for (size_t i = 0; i < n; i++)
    x[i] = next_float(in);
  return x;
}

static bool same(const float *x, const float *y, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (memcmp(x + i, y + i, sizeof *x) && !(isnan(x[i]) && isnan(y[i])))
      return false;
  return true;
}

typedef struct Call {
  Product product;
  ByteProduct bytes;
  size_t n, panels; /* rows of LANES for the others; panels of a norm */
  float *other, *gain, *bias;
  float number;
  Activation how;
  size_t columns; /* of products of few tokens, 0: of all lanes */
} Call;

typedef void kernel(const Kernels *k, const Call *call, float *x);

/* The tops lie behind C's panels. */
static void run_product(const Kernels *k, const Call *call, float *x) {
  Product p = call->product;
  p.c = x;
  p.top = p.top ? x + p.panels * p.c_panel : NULL;
  k->product(&p);
}

/* Of lanes of none, which only the products of few tokens leave at 0. */
static void clear_lanes(const Call *call, size_t rows, float *x) {
  for (size_t i = 0; i < rows * LANES; i++)
    x[i] = i % LANES < call->columns ? x[i] : 0.0f;
}

static void run_few(const Kernels *k, const Call *call, float *x) {
  Product p = call->product;
  p.c = x;
  if (call->columns <= k->few) {
    k->product_few(&p, call->columns);
    return;
  }
  k->product(&p);
  clear_lanes(call, p.rows, x);
}

static void run_activate(const Kernels *k, const Call *call, float *x) {
  k->activate(call->how, call->n * LANES, x);
}

static void run_norm(const Kernels *k, const Call *call, float *x) {
  k->add_norm(&(Norming){call->n / call->panels, call->panels, x, call->other,
                         call->gain, call->bias, call->number});
}

static void run_softmax(const Kernels *k, const Call *call, float *x) {
  float *top = room(LANES), *inverse = room(LANES);
  for (size_t i = 0; i < LANES; i++)
    top[i] = -INFINITY;
  for (size_t i = 0; i < call->n * LANES; i++)
    top[i % LANES] = x[i] > top[i % LANES] ? x[i] : top[i % LANES];
  k->softmax(call->n, x, fabsf(call->number), top, inverse);
  for (size_t i = 0; i < call->n * LANES; i++)
    x[i] *= inverse[i % LANES];
  free(top);
  free(inverse);
}

/* Quantises and multiplies. */
static void run_bytes(const Kernels *k, const Call *call, float *x) {
  ByteProduct p = call->bytes;
  float *b = room(p.panels * p.b_panel / sizeof(float));
  float *scale = room(p.panels * LANES), *zero = room(p.panels * LANES);
  for (size_t i = 0; i < p.panels; i++)
    k->quantize(p.depth, call->other + i * p.depth * LANES,
                (uint8_t *)b + i * p.b_panel, scale + i * LANES,
                (int32_t *)(void *)zero + i * LANES);
  p.b = (uint8_t *)b;
  p.scale = scale;
  p.zero = (int32_t *)(void *)zero;
  p.c = x;
  if (call->columns && call->columns <= k->few_bytes) {
    k->product_bytes_few(&p, call->columns);
  } else {
    k->product_bytes(&p);
    if (call->columns)
      clear_lanes(call, p.rows, x);
  }
  free(b);
  free(scale);
  free(zero);
}

static float *copy(const float *x, size_t n) {
  return memcpy(room(n), x, n * sizeof *x);
}

/* n is how many floats x has, n_used how many of them may change. */
static void compare(kernel *run, const Call *call, const float *x, size_t n,
                    size_t n_used) {
  float *want = copy(x, n);
  run(kernels_named("portable"), call, want);
  REQUIRE(!memcmp(want + n_used, x + n_used, (n - n_used) * sizeof *x));
  for (size_t i = 0; kernels_all[i]; i++) {
    if (!kernels_all[i]->usable())
      continue;
    float *got = copy(x, n);
    run(kernels_all[i], call, got);
    REQUIRE(same(got, want, n));
    free(got);
  }
  free(want);
}

static void check_product(Input *in) {
  const uint8_t *h = in->header;
  Product p = {.rows = h[1] % 71, .panels = h[2] % 8, .depth = h[3] % 71};
  while (p.rows * p.panels * p.depth > MAX_WORK)
    p.depth /= 2;
  p.row_stride = h[4] % 80;
  p.k_stride = h[5] % 20;
  p.k_jump = h[6] % 40;
  p.b_panel = (p.depth + h[7] % 3) * LANES;
  p.c_panel = (p.rows + h[7] / 3 % 3) * LANES;
  p.add = h[0] & 2;
  size_t n_a = 0, n_c = p.panels * (p.c_panel + LANES) + LANES;
  if (p.rows && p.depth)
    n_a = (p.rows - 1) * p.row_stride + (p.depth - 1) * p.k_stride +
          (p.depth - 1) / LANES * p.k_jump + 1;
  float *a = floats(in, n_a), *bias = floats(in, p.rows);
  float *b = floats(in, p.panels * p.b_panel), *c = floats(in, n_c);
  float *scale = floats(in, p.panels * LANES);
  p.a = a;
  p.b = b;
  p.bias = h[0] & 4 ? bias : NULL;
  p.scale = h[0] & 16 ? scale : NULL;
  p.top = h[0] & 32 ? c : NULL;
  compare(run_product, &(Call){.product = p}, c, n_c, n_c - LANES);
  free(a);
  free(b);
  free(c);
  free(scale);
  free(bias);
}

/* A few tokens through a matrix of weights. */
static void check_few(Input *in) {
  const uint8_t *h = in->header;
  Product p = {.rows = h[1] % 71, .panels = 1, .depth = h[3] % 71};
  while (p.rows * p.depth > MAX_WORK)
    p.depth /= 2;
  p.k_stride = 1;
  p.row_stride = p.depth + h[4] % 3;
  size_t n_a = p.rows ? (p.rows - 1) * p.row_stride + p.depth : 0;
  size_t n_c = (p.rows + 1) * LANES;
  float *a = floats(in, n_a), *bias = floats(in, p.rows);
  float *b = floats(in, p.depth * LANES), *c = floats(in, n_c);
  p.a = a;
  p.b = b;
  p.bias = h[0] & 4 ? bias : NULL;
  compare(run_few, &(Call){.product = p, .columns = 1 + h[7] % 15}, c, n_c,
          n_c - LANES);
  free(a);
  free(bias);
  free(b);
  free(c);
}

static void fill_sums(const ByteProduct *p, int32_t *sums) {
  for (size_t i = 0; i < p->rows; i++) {
    sums[i] = 0;
    for (size_t j = 0; j < p->depth; j++)
      sums[i] += p->a[i * p->row_stride + j];
  }
}

static void check_bytes(Input *in) {
  const uint8_t *h = in->header;
  ByteProduct p = {.rows = h[1] % 29, .panels = h[2] % 8, .depth = h[10]};
  while (p.rows * p.depth > in->n)
    p.depth /= 2;
  p.row_stride = p.depth;
  p.b_panel = byte_panel(p.depth) + h[11] % 2 * 64;
  p.c_panel = (p.rows + h[11] / 2 % 3) * LANES;
  size_t n_c = p.panels * p.c_panel + LANES, n_a = p.rows * p.depth;
  int8_t *a = malloc(n_a ? n_a : 1);
  int32_t *sums = malloc(p.rows * sizeof *sums + 1);
  REQUIRE(a && sums);
  memcpy(a, in->bytes, n_a);
  p.a = a;
  fill_sums(&p, sums);
  p.row_sum = sums;
  float *x = floats(in, p.panels * p.depth * LANES), *c = floats(in, n_c);
  float *scale = floats(in, p.rows), *bias = floats(in, p.rows);
  p.row_scale = scale;
  p.bias = h[0] & 4 ? bias : NULL;
  compare(run_bytes, &(Call){.bytes = p, .other = x}, c, n_c, n_c - LANES);
  if (p.panels) {
    p.panels = 1;
    compare(run_bytes,
            &(Call){.bytes = p, .other = x, .columns = 1 + h[7] % 15}, c, n_c,
            p.rows * LANES);
  }
  free(a);
  free(sums);
  free(x);
  free(c);
  free(scale);
  free(bias);
}

static void check_rest(Input *in) {
  const uint8_t *h = in->header;
  Call call = {.n = h[8] % 24};
  size_t n = (call.n + 1) * LANES;
  float *x = floats(in, n), *y = floats(in, call.n * LANES);
  call.how = (Activation)(h[9] % (ACTIVATION_LAPLACE + 1));
  call.number = next_float(in);
  compare(run_activate, &call, x, n, n - LANES);
  compare(run_softmax, &call, x, n, n - LANES);
  call.panels = 1 + h[9] % 5;
  call.n -= call.n % call.panels;
  call.gain = floats(in, call.n);
  call.bias = floats(in, call.n);
  call.other = h[0] & 8 ? y : NULL;
  compare(run_norm, &call, x, n, n - LANES);
  free(x);
  free(y);
  free(call.gain);
  free(call.bias);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < HEADER)
    return 0;
  Input in = {data, data + HEADER, size - HEADER, 0};
  check_product(&in);
  check_few(&in);
  check_bytes(&in);
  check_rest(&in);
  return 0;
}
