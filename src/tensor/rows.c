/*
 * rows.c - rows of weights from floats to bytes and back.
 *
 * In:  rows of floats, or of bytes with a scale each.
 * Out: the other, or the sums of bytes that products with a zero point need.
 *
 * Symmetric: 0 is 0, the largest of a row becomes 127 or -127.  A quotient is
 * rounded to the nearest whole number, halves to even, by adding and taking
 * off 1.5 * 2^23, which leaves no room for a fraction; that makes vectors of
 * it on any processor.
 *
 * Agrees, to the bit, with numpy in float32: scale = abs(w).max(axis=1) / 127,
 * scale[scale == 0] = 1, q = clip(rint(w / scale), -127, 127).  Refuses what
 * is not finite: such a row has no scale.
 */
#include "tensor/rows.h"

#include <math.h>

static float largest(size_t dim, const float *w) {
  float most = 0.0f;
  for (size_t j = 0; j < dim; j++) {
    float size = fabsf(w[j]);
    most = size > most ? size : most;
  }
  return most;
}

/* Whole numbers of any size times 0 are 0; what is not finite gives NaN. */
static bool all_finite(size_t dim, const float *w) {
  float sum = 0.0f;
  for (size_t j = 0; j < dim; j++)
    sum += w[j] * 0.0f;
  return sum == 0.0f;
}

bool rows_quantize(size_t n, size_t dim, const float *w, int8_t *q,
                   float *scale) {
  const float magic = 0x1.8p23f;
  bool good = true;
  for (size_t i = 0; i < n; i++, w += dim, q += dim) {
    float step = largest(dim, w) / 127.0f;
    good = good && all_finite(dim, w);
    scale[i] = step = step > 0.0f ? step : 1.0f;
    for (size_t j = 0; good && j < dim; j++) {
      float x = w[j] / step;
      x = x > -127.0f ? x : -127.0f;
      x = x < 127.0f ? x : 127.0f;
      q[j] = (int8_t)(int32_t)((x + magic) - magic);
    }
  }
  return good;
}

void rows_widen(size_t n, size_t dim, const int8_t *q, const float *scale,
                float *w) {
  for (size_t i = 0; i < n; i++, w += dim, q += dim)
    for (size_t j = 0; j < dim; j++)
      w[j] = (float)q[j] * scale[i];
}

void rows_sum(size_t n, size_t dim, const int8_t *q, int32_t *sum) {
  for (size_t i = 0; i < n; i++, q += dim) {
    int32_t all = 0;
    for (size_t j = 0; j < dim; j++)
      all += q[j];
    sum[i] = all;
  }
}
