/*
 * rows.h - weight matrices as bytes: s8, one scale a row.
 *
 *     w[i][j] = q[i][j] * scale[i],  scale[i] = max over j of |w[i][j]| / 127
 */
#ifndef TENSOR_ROWS_H
#define TENSOR_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* n rows of dim floats to bytes, halves to even; a row of zeros has scale 1.
 * False when a value is not finite: then q and scale mean nothing. */
bool rows_quantize(size_t n, size_t dim, const float *w, int8_t *q,
                   float *scale);

/* w = q * scale */
void rows_widen(size_t n, size_t dim, const int8_t *q, const float *scale,
                float *w);

/* sum[i] = sum over j of q[i][j]; dim at most BYTE_DEPTH_MAX of kernels.h. */
void rows_sum(size_t n, size_t dim, const int8_t *q, int32_t *sum);

#endif
