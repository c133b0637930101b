/*
 * kernels_portable.c - the kernels in plain C: what all other sets must equal.
 *
 * In:  panels of 16 lanes, weights as scalars (kernels.h).
 * Out: for every element the same bits as any other set's.
 *
 * One lane after the other, one operation after the other, in the order that
 * kernels.h promises: a product is a chain of fused multiply-adds over k, a
 * mean a chain of additions over features, the divisor of a norm or a softmax
 * is inverted once and multiplied with.  Tests compare every other set with
 * this one, bit for bit.
 *
 * Right everywhere, fast nowhere: without hardware FMA each multiply-add is
 * a dozen operations (lanes_scalar.h).  It refuses nothing.
 */
#include "tensor/kernels.h"
#include "tensor/lanes_scalar.h"
#include "tensor/math.h"
#include "tensor/lanes_activation.h"

/* One row of one panel, the first n lanes. */
MATH_INLINE void product_row(const Product *p, size_t panel, size_t row,
                             size_t n) {
  const float *a = p->a + row * p->row_stride;
  const float *b = p->b + panel * p->b_panel;
  float *c = p->c + panel * p->c_panel + row * LANES, sum[LANES];
  for (size_t lane = 0; lane < n; lane++)
    sum[lane] = p->add ? c[lane] : p->bias ? p->bias[row] : 0.0f;
  for (size_t k = 0; k < p->depth; k++) {
    float w = a[k * p->k_stride + k / LANES * p->k_jump];
    for (size_t lane = 0; lane < n; lane++)
      sum[lane] = fma_one(w, b[k * LANES + lane], sum[lane]);
  }
  for (size_t lane = 0, at = panel * LANES; lane < n; lane++, at++) {
    if (p->top)
      p->top[at] = vmax(sum[lane], p->top[at]);
    c[lane] = p->scale ? sum[lane] * p->scale[at] : sum[lane];
  }
}

static void product(const Product *p) {
  for (size_t panel = 0; panel < p->panels; panel++)
    for (size_t row = 0; row < p->rows; row++)
      product_row(p, panel, row, LANES);
}

static void product_few(const Product *p, size_t columns) {
  for (size_t row = 0; row < p->rows; row++) {
    product_row(p, 0, row, columns);
    for (size_t lane = columns; lane < LANES; lane++)
      p->c[row * LANES + lane] = 0.0f;
  }
}

/* One lane: features are LANES floats apart. */
static void norm_lane(size_t C, float *x, const float *gain, const float *bias,
                      float eps) {
  float sum = 0.0f, squares = 0.0f;
  for (size_t c = 0; c < C; c++)
    sum += x[c * LANES];
  float mean = sum / (float)C;
  for (size_t c = 0; c < C; c++) {
    float t = x[c * LANES] - mean;
    squares = fma_one(t, t, squares);
  }
  float scale = 1.0f / vsqrt(squares / (float)C + eps);
  for (size_t c = 0; c < C; c++)
    x[c * LANES] = fma_one((x[c * LANES] - mean) * scale, gain[c], bias[c]);
}

static void add_norm(const Norming *p) {
  size_t plane = p->C * LANES;
  for (size_t i = 0; p->y && i < p->panels * plane; i++)
    p->x[i] += p->y[i];
  for (size_t i = 0; i < p->panels; i++)
    for (size_t lane = 0; lane < LANES; lane++)
      norm_lane(p->C, p->x + i * plane + lane, p->gain, p->bias, p->eps);
}

/* One lane: rows are LANES floats apart. */
static void softmax_lane(size_t n, float *s, float scale, float top,
                         float *inverse) {
  float sum = 0.0f;
  for (size_t j = 0; j < n; j++) {
    s[j * LANES] = vexp2_below((s[j * LANES] - top) * scale);
    sum += s[j * LANES];
  }
  *inverse = 1.0f / sum;
}

static void softmax(size_t n, float *s, float scale, const float *top,
                    float *inverse) {
  for (size_t lane = 0; lane < LANES; lane++)
    softmax_lane(n, s + lane, scale * LOG2_E, top[lane], inverse + lane);
}

/* --- Bytes ---------------------------------------------------------------- */

/* x + 1.5 * 2^23 has x, rounded to even, in its low bits. */
static const float magic = 0x1.8p23f;

/* x * inverse + shift, at most 255: NaN gives 255 as well. */
static float rounded(float x, float inverse, float shift) {
  return vmin(fma_one(x, inverse, shift), magic + 255.0f);
}

static uint8_t low_byte(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return (uint8_t)(bits & 255);
}

/* One lane: features are LANES floats, quads of bytes 4 LANES bytes apart. */
static void quantize_lane(size_t K, const float *x, uint8_t *bytes,
                          float *scale, int32_t *zero) {
  float low = 0.0f, high = 0.0f, bad = 0.0f;
  for (size_t k = 0; k < K; k++) {
    low = vmin(x[k * LANES], low);
    high = vmax(x[k * LANES], high);
    bad = fma_one(x[k * LANES], 0.0f, bad);
  }
  *scale = vmax((high - low) / 255.0f, QUANTIZE_TINY) + bad;
  float inverse = 1.0f / *scale, shift = rounded(0.0f - low, inverse, magic);
  *zero = low_byte(shift);
  for (size_t k = 0; k < byte_panel(K) / LANES; k++)
    bytes[k / 4 * 4 * LANES + k % 4] =
        k < K ? low_byte(rounded(x[k * LANES], inverse, shift)) : 0;
}

static void quantize(size_t K, const float *x, uint8_t *bytes, float *scale,
                     int32_t *zero) {
  for (size_t lane = 0; lane < LANES; lane++)
    quantize_lane(K, x + lane, bytes + 4 * lane, scale + lane, zero + lane);
}

/* One row of one panel, the first n lanes. */
MATH_INLINE void byte_row(const ByteProduct *p, size_t panel, size_t row,
                          size_t n) {
  const int8_t *a = p->a + row * p->row_stride;
  const uint8_t *b = p->b + panel * p->b_panel;
  const float *scale = p->scale + panel * LANES;
  const int32_t *zero = p->zero + panel * LANES;
  float *c = p->c + panel * p->c_panel + row * LANES;
  int32_t sum[LANES] = {0};
  for (size_t k = 0; k < p->depth; k++)
    for (size_t lane = 0; lane < n; lane++)
      sum[lane] += a[k] * b[(k / 4 * LANES + lane) * 4 + k % 4];
  for (size_t lane = 0; lane < n; lane++)
    c[lane] =
        fma_one((float)(sum[lane] - zero[lane] * p->row_sum[row]),
                p->row_scale[row] * scale[lane], p->bias ? p->bias[row] : 0.0f);
}

static void product_bytes(const ByteProduct *p) {
  for (size_t panel = 0; panel < p->panels; panel++)
    for (size_t row = 0; row < p->rows; row++)
      byte_row(p, panel, row, LANES);
}

static void few_bytes(const ByteProduct *p, size_t columns) {
  for (size_t row = 0; row < p->rows; row++) {
    byte_row(p, 0, row, columns);
    for (size_t lane = columns; lane < LANES; lane++)
      p->c[row * LANES + lane] = 0.0f;
  }
}

static bool usable(void) {
  return true;
}

const Kernels kernels_portable = {
    "portable", "",          usable,   product,       activate,
    add_norm,   softmax,     quantize, product_bytes, LANES - 1,
    LANES - 1,  product_few, few_bytes};
