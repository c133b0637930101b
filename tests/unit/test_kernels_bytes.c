/*
 * test_kernels_bytes.c - the int8 kernels: exact, and the same in every set.
 *
 * Products of all small shapes, of random bytes and of the most extreme ones,
 * with few tokens and many, against the portable set, and that against whole
 * numbers worked out here. Depths need not be a multiple of four.  Outputs lie
 * in a field of a known value that must be untouched around them; weights end
 * where their memory ends, for the address sanitizer.  Then what quantising
 * loses, what becomes of a lane that is not finite, and a hash for other
 * machines.
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
static const uint64_t EXPECTED_HASH = 0xe051ba359318298au;

/* -1 to 1; with `odd`, one in 16 is special. */
static float number(bool odd) {
  static const float special[] = {0.0f,     -0.0f,     1e-45f, -1e-39f,
                                  INFINITY, -INFINITY, NAN,    3.4e38f};
  uint32_t r = draw();
  return odd && r % 16 == 0 ? special[draw() % 8]
                            : (float)(int32_t)r * 0x1p-31f;
}

/* On a 64-byte border; the last byte is the last of the block. */
static void *block(size_t bytes) {
  void *p = NULL;
  if (posix_memalign(&p, 64, bytes ? bytes : 1))
    exit(1);
  return p;
}

static float *floats(size_t n, bool odd) {
  float *x = block(n * sizeof *x);
  for (size_t i = 0; i < n; i++)
    x[i] = number(odd);
  return x;
}

/* Index of the first difference, or n. */
static size_t difference(const float *x, const float *y, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (to_bits(x[i]) != to_bits(y[i]))
      return i;
  return n;
}

/* --- Products --------------------------------------------------------------
 */

/* What fills the bytes of a product. */
typedef enum Fill { RANDOM, LOWEST, HIGHEST, BEYOND, FILLS } Fill;

/* Everything a product reads; clear() frees. */
typedef struct Case {
  ByteProduct p;
  int8_t *a;
  uint8_t *b;
  float *row_scale, *scale, *bias;
  int32_t *row_sum, *zero;
} Case;

static int8_t weight(Fill fill) {
  return (int8_t)(fill == RANDOM    ? (int)(draw() % 255) - 127
                  : fill == LOWEST  ? -127
                  : fill == HIGHEST ? 127
                                    : -128);
}

static void fill_weights(Case *c, Fill fill) {
  ByteProduct *p = &c->p;
  /* the last row ends with its last byte */
  size_t n = p->rows ? (p->rows - 1) * p->row_stride + p->depth : 0;
  c->a = malloc(n ? n : 1);
  c->row_sum = block(p->rows * sizeof *c->row_sum);
  for (size_t i = 0; i < n; i++)
    c->a[i] = weight(fill);
  for (size_t i = 0; i < p->rows; i++) {
    c->row_sum[i] = 0;
    for (size_t k = 0; k < p->depth; k++)
      c->row_sum[i] += c->a[i * p->row_stride + k];
  }
}

/* Bytes behind K are 0. */
static void fill_lanes(Case *c, Fill fill) {
  ByteProduct *p = &c->p;
  size_t n = p->panels * p->b_panel;
  c->b = block(n);
  for (size_t i = 0; i < n; i++) {
    size_t at = i % p->b_panel, k = at / (4 * LANES) * 4 + at % 4;
    c->b[i] = k >= p->depth ? 0 : fill == RANDOM ? (uint8_t)draw() : 255;
  }
  c->zero = block(p->panels * LANES * sizeof *c->zero);
  for (size_t i = 0; i < p->panels * LANES; i++)
    c->zero[i] = fill == RANDOM ? (int32_t)(draw() % 256) : i % 2 ? 255 : 0;
}

static Case make(size_t rows, size_t panels, size_t depth, Fill fill,
                 bool odd) {
  Case c = {.p = {.rows = rows, .panels = panels, .depth = depth}};
  ByteProduct *p = &c.p;
  p->row_stride = depth + between(0, 3);
  p->b_panel = byte_panel(depth) + 64 * between(0, 2);
  p->c_panel = (rows + between(0, 2)) * LANES;
  fill_weights(&c, fill);
  fill_lanes(&c, fill);
  p->a = c.a;
  p->b = c.b;
  p->row_sum = c.row_sum;
  p->zero = c.zero;
  p->row_scale = c.row_scale = floats(rows, odd);
  p->scale = c.scale = floats(panels * LANES, odd);
  c.bias = floats(rows, odd);
  p->bias = draw() % 2 ? c.bias : NULL;
  return c;
}

static void clear(Case *c) {
  free(c->a);
  free(c->b);
  free(c->row_scale);
  free(c->scale);
  free(c->bias);
  free(c->row_sum);
  free(c->zero);
}

/* The bracket of an element, which must be whole and exact. */
static int64_t exact_sum(const ByteProduct *p, size_t panel, size_t row,
                         size_t lane) {
  int64_t sum = 0;
  for (size_t k = 0; k < p->depth; k++) {
    int64_t x = p->b[panel * p->b_panel + (k / 4 * LANES + lane) * 4 + k % 4];
    sum += p->a[row * p->row_stride + k] * (x - p->zero[panel * LANES + lane]);
  }
  return sum;
}

static void check_meaning(const ByteProduct *p, const float *c) {
  for (size_t panel = 0; panel < p->panels; panel++)
    for (size_t row = 0; row < p->rows; row++)
      for (size_t lane = 0; lane < LANES; lane += 5) {
        float whole = (float)exact_sum(p, panel, row, lane);
        float scale = p->row_scale[row] * p->scale[panel * LANES + lane];
        float want = fmaf(whole, scale, p->bias ? p->bias[row] : 0.0f);
        float got = c[panel * p->c_panel + row * LANES + lane];
        CHECK(to_bits(want) == to_bits(got), "row %zu lane %zu: %a, not %a",
              row, lane, (double)got, (double)want);
      }
}

static void check_case(Case *one) {
  ByteProduct *p = &one->p;
  size_t n = (p->panels + 1) * p->c_panel + LANES;
  float *want = floats(n, false), *got = floats(n, false);
  for (size_t i = 0; i < n; i++)
    want[i] = FIELD;
  p->c = want;
  kernels_named("portable")->product_bytes(p);
  check_meaning(p, want);
  for (size_t i = 0; i < n; i++)
    CHECK((i < p->panels * p->c_panel && i % p->c_panel < p->rows * LANES) ||
              want[i] == FIELD,
          "portable wrote at %zu", i);
  for (size_t i = 0; kernels_all[i]; i++) {
    for (size_t j = 0; j < n; j++)
      got[j] = FIELD;
    p->c = got;
    if (!kernels_all[i]->usable())
      continue;
    kernels_all[i]->product_bytes(p);
    size_t d = difference(want, got, n);
    CHECK(d == n, "%s %s %zu x %zu panels, depth %zu: at %zu %a, not %a",
          kernels_all[i]->name, kernels_all[i]->dot, p->rows, p->panels,
          p->depth, d, (double)got[d % n], (double)want[d % n]);
  }
  free(want);
  free(got);
}

/* Few tokens: the product of all lanes, but 0 in those of none. */
static void check_few(Case *one, size_t columns) {
  ByteProduct *p = &one->p;
  size_t n = (p->rows + 1) * LANES;
  float *want = floats(n, false), *got = floats(n, false);
  for (size_t i = 0; i < n; i++)
    want[i] = FIELD;
  p->c = want;
  kernels_named("portable")->product_bytes(p);
  for (size_t i = 0; i < p->rows * LANES; i++)
    want[i] = i % LANES < columns ? want[i] : 0.0f;
  p->c = got;
  for (size_t i = 0; kernels_all[i]; i++) {
    if (!kernels_all[i]->usable() || columns > kernels_all[i]->few_bytes)
      continue;
    for (size_t j = 0; j < n; j++)
      got[j] = FIELD;
    kernels_all[i]->product_bytes_few(p, columns);
    size_t d = difference(want, got, n);
    CHECK(d == n,
          "%s %s few: %zu rows, depth %zu, %zu columns: at %zu %a, "
          "not %a",
          kernels_all[i]->name, kernels_all[i]->dot, p->rows, p->depth, columns,
          d, (double)got[d % n], (double)want[d % n]);
  }
  free(want);
  free(got);
}

static void test_few(void) {
  for (size_t i = 0, rows = 0; rows <= 40; rows++)
    for (size_t depth = 0; depth <= 140; depth += depth < 10 ? 1 : 13, i++) {
      Case c = make(rows, 1, depth, i % 3 ? RANDOM : (Fill)(i / 3 % FILLS),
                    i % 4 == 0);
      for (size_t columns = 1; columns < LANES; columns++)
        check_few(&c, columns);
      clear(&c);
    }
  Case c = make(33, 1, BYTE_DEPTH_MAX, BEYOND, false);
  check_few(&c, 3);
  clear(&c);
}

static void check_shape(size_t rows, size_t panels, size_t depth, Fill fill,
                        bool odd) {
  Case c = make(rows, panels, depth, fill, odd);
  check_case(&c);
  clear(&c);
}

static void test_products(void) {
  for (size_t rows = 0; rows <= 20; rows++)
    for (size_t panels = 0; panels <= 7; panels++)
      for (size_t depth = 0; depth <= 40; depth += depth < 9 ? 1 : 9)
        check_shape(rows, panels, depth, RANDOM, (rows + depth) % 4 == 0);
  for (int i = 0; i < 200; i++) {
    size_t rows = between(1, 40), panels = between(1, 9);
    check_shape(rows, panels, between(1, 200), (Fill)(i % FILLS), i % 5 == 0);
  }
}

/* Whole tiles of AMX, which are 16 rows and 64 deep, in every block of them,
 * and what is left beside them. */
static void test_tiles(void) {
  for (size_t rows = 16; rows <= 112; rows += rows % 3 ? 16 : 5)
    for (size_t panels = 1; panels <= 7; panels++)
      for (size_t depth = 64; depth <= 256; depth += 64)
        for (int fill = 0; fill < FILLS; fill++)
          check_shape(rows, panels, depth, (Fill)fill, rows % 2 == 0);
}

/* The deepest product there may be does not overflow. */
static void test_extremes(void) {
  for (int fill = LOWEST; fill < FILLS; fill++)
    check_shape(9, 2, BYTE_DEPTH_MAX, (Fill)fill, false);
  check_shape(9, 3, BYTE_DEPTH_MAX - 1, BEYOND, false);
}

/* --- Quantising ------------------------------------------------------------
 */

typedef struct Quantized {
  uint8_t *bytes;
  float scale[LANES] __attribute__((aligned(64)));
  int32_t zero[LANES] __attribute__((aligned(64)));
} Quantized;

enum { GUARD = 64 };

static void quantize(const Kernels *k, size_t K, const float *x,
                     Quantized *out) {
  out->bytes = block(byte_panel(K) + GUARD);
  memset(out->bytes, 0xa5, byte_panel(K) + GUARD);
  k->quantize(K, x, out->bytes, out->scale, out->zero);
}

static size_t byte_at(size_t k, size_t lane) {
  return (k / 4 * LANES + lane) * 4 + k % 4;
}

/* Half a step off at most, the ends of the range and 0 included. */
static void check_loss(size_t K, const float *x, const Quantized *q) {
  for (size_t lane = 0; lane < LANES; lane++)
    for (size_t k = 0; k < K; k++) {
      double step = (double)q->scale[lane], value = (double)x[k * LANES + lane];
      double back = step * (q->bytes[byte_at(k, lane)] - q->zero[lane]);
      CHECK(fabs(back - value) <= 0.502 * step, "%g became %g, step %g", value,
            back, step);
      CHECK(value != 0 || back == 0, "0 became %g", back);
    }
}

static void check_quantize(size_t K, const float *x, bool odd) {
  Quantized want, got;
  quantize(kernels_named("portable"), K, x, &want);
  if (!odd)
    check_loss(K, x, &want);
  for (size_t k = K; k < byte_panel(K) / LANES; k++)
    for (size_t lane = 0; lane < LANES; lane++)
      CHECK(want.bytes[byte_at(k, lane)] == 0, "byte %zu behind the end", k);
  for (size_t i = 0; kernels_all[i]; i++) {
    if (!kernels_all[i]->usable())
      continue;
    quantize(kernels_all[i], K, x, &got);
    CHECK(!memcmp(want.bytes, got.bytes, byte_panel(K) + GUARD) &&
              !memcmp(want.zero, got.zero, sizeof got.zero) &&
              difference(want.scale, got.scale, LANES) == LANES,
          "%s %s: another result for %zu features", kernels_all[i]->name,
          kernels_all[i]->dot, K);
    free(got.bytes);
  }
  free(want.bytes);
}

/* Ranges of all kinds: on one side of 0, a constant, tiny, wide. */
static void test_quantize(void) {
  static const float factor[] = {1.0f, 1e-30f, 1e-42f, 3e37f, 0.0f, 100.0f};
  static const float offset[] = {0.0f, 0.0f, 0.0f, 0.0f, 3.0f, -120.0f};
  for (size_t K = 0; K <= 70; K++)
    for (size_t kind = 0; kind < 7; kind++) {
      float *x = floats(K * LANES, kind == 6);
      for (size_t i = 0; kind < 6 && i < K * LANES; i++)
        x[i] = x[i] * factor[kind] + offset[kind];
      check_quantize(K, x, kind == 2 || kind == 6);
      free(x);
    }
}

/* A half goes to the even byte. */
static void test_halves(void) {
  static const float values[] = {0.0f, 255.0f, 0.5f, 1.5f, 2.5f, 253.5f};
  static const uint8_t want[] = {0, 255, 0, 2, 2, 254};
  float *x = floats(6 * LANES, false);
  Quantized q;
  for (size_t i = 0; i < 6 * LANES; i++)
    x[i] = values[i / LANES];
  quantize(kernels_named("portable"), 6, x, &q);
  for (size_t k = 0; k < 6; k++)
    CHECK(q.bytes[byte_at(k, 3)] == want[k], "%g became %d", (double)values[k],
          q.bytes[byte_at(k, 3)]);
  CHECK(to_bits(q.scale[3]) == to_bits(1.0f) && q.zero[3] == 0,
        "scale %g, zero %d", (double)q.scale[3], (int)q.zero[3]);
  check_quantize(6, x, false);
  free(q.bytes);
  free(x);
}

/* One bad value makes all products of its lane NaN, and of no other. */
static void check_bad(const Kernels *k, float bad, size_t at) {
  enum { K = 6, ROWS = 9 };
  float *x = floats(K * LANES, false);
  x[at * LANES + 5] = bad;
  if (isfinite(bad))
    x[(at + 1) % K * LANES + 5] = -bad; /* the range overflows */
  Quantized q;
  quantize(k, K, x, &q);
  Case c = make(ROWS, 1, K, RANDOM, false);
  float *out = floats((ROWS + 2) * LANES, false);
  c.p.b = q.bytes;
  c.p.scale = q.scale;
  c.p.zero = q.zero;
  c.p.c = out;
  k->product_bytes(&c.p);
  for (size_t i = 0; i < ROWS * LANES; i++)
    CHECK(isfinite(out[i]) == (i % LANES != 5), "%s: %g gives %g in lane %zu",
          k->name, (double)bad, (double)out[i], i % LANES);
  clear(&c);
  free(q.bytes);
  free(out);
  free(x);
}

static void test_bad(void) {
  static const float bad[] = {NAN, -NAN, INFINITY, -INFINITY, 3e38f};
  for (size_t i = 0; kernels_all[i]; i++)
    for (size_t j = 0; j < 5 && kernels_all[i]->usable(); j++)
      for (size_t at = 0; at < 6; at++)
        check_bad(kernels_all[i], bad[j], at);
}

/* --- The same bits everywhere ----------------------------------------------
 */

static uint64_t add(uint64_t h, const float *x, size_t n) {
  for (size_t i = 0; i < n; i++)
    h = (h ^ to_bits(x[i])) * 1099511628211u;
  return h;
}

static uint64_t hash_one(const Kernels *k, uint64_t h, size_t rows, size_t K) {
  Case c = make(rows, 1, K, RANDOM, false);
  float *x = floats(K * LANES, false), *out = floats(rows * LANES, false);
  Quantized q;
  quantize(k, K, x, &q);
  c.p.b = q.bytes;
  c.p.scale = q.scale;
  c.p.zero = q.zero;
  c.p.c = out;
  k->product_bytes(&c.p);
  h = add(add(h, out, rows * LANES), q.scale, LANES);
  for (size_t i = 0; i < byte_panel(K); i++)
    h = (h ^ q.bytes[i]) * 1099511628211u;
  clear(&c);
  free(q.bytes);
  free(x);
  free(out);
  return h;
}

static void test_hash(void) {
  for (size_t i = 0; kernels_all[i]; i++) {
    const Kernels *k = kernels_all[i];
    if (!k->usable()) {
      SKIP("%s %s: not usable on this machine", k->name, k->dot);
      continue;
    }
    random_state = 1;
    uint64_t h = 14695981039346656037u;
    for (size_t K = 1; K < 300; K += 7)
      h = hash_one(k, h, 1 + K % 20, K);
    CHECK(h == EXPECTED_HASH, "%s %s: hash %016llx", k->name, k->dot,
          (unsigned long long)h);
  }
}

int main(void) {
  test_products();
  test_tiles();
  test_extremes();
  test_few();
  test_quantize();
  test_halves();
  test_bad();
  test_hash();
  return check_done();
}
