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

/* One row of one panel. */
static void product_row(const Product *p, size_t panel, size_t row) {
  const float *a = p->a + row * p->row_stride;
  const float *b = p->b + panel * p->b_panel;
  float *c = p->c + panel * p->c_panel + row * LANES, sum[LANES];
  for (size_t lane = 0; lane < LANES; lane++)
    sum[lane] = p->add ? c[lane] : p->bias ? p->bias[row] : 0.0f;
  for (size_t k = 0; k < p->depth; k++) {
    float w = a[k * p->k_stride + k / LANES * p->k_jump];
    for (size_t lane = 0; lane < LANES; lane++)
      sum[lane] = fma_one(w, b[k * LANES + lane], sum[lane]);
  }
  for (size_t lane = 0; lane < LANES; lane++)
    c[lane] = sum[lane];
}

static void product(const Product *p) {
  for (size_t panel = 0; panel < p->panels; panel++)
    for (size_t row = 0; row < p->rows; row++)
      product_row(p, panel, row);
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

static void add_norm(size_t C, float *x, const float *y, const float *gain,
                     const float *bias, float eps) {
  for (size_t i = 0; y && i < C * LANES; i++)
    x[i] += y[i];
  for (size_t lane = 0; lane < LANES; lane++)
    norm_lane(C, x + lane, gain, bias, eps);
}

/* One lane: rows are LANES floats apart. */
static void softmax_lane(size_t n, float *s, float scale) {
  float top = s[0], sum = 0.0f;
  for (size_t j = 1; j < n; j++)
    top = vmax(s[j * LANES], top);
  for (size_t j = 0; j < n; j++) {
    s[j * LANES] = vexp((s[j * LANES] - top) * scale);
    sum += s[j * LANES];
  }
  float inverse = 1.0f / sum;
  for (size_t j = 0; j < n; j++)
    s[j * LANES] *= inverse;
}

static void softmax(size_t n, float *s, float scale) {
  for (size_t lane = 0; n && lane < LANES; lane++)
    softmax_lane(n, s + lane, scale);
}

static bool usable(void) {
  return true;
}

const Kernels kernels_portable = {"portable", usable,   product,
                                  activate,   add_norm, softmax};
