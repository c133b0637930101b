/*
 * kernels.h - arithmetic on "tokens in lanes", once for each instruction set.
 *
 * Activations are stored [panel][feature][LANES]: LANES tokens side by side,
 * feature after feature; a panel of C features takes C * LANES floats.
 * Weights stay row-major as the file has them and are read as scalars, or, for
 * a few tokens, turned in registers (lanes_few.h).
 *
 *              lane 0   lane 1  ...  lane 15
 *   feature 0 [ tok 0    tok 1        tok 15 ]   <- 64 bytes
 *   feature 1 [ ...                          ]
 *
 * The promise: every set gives the same bits.  Each output element is one
 * chain of fused multiply-adds in k order, started from bias (or zero, or the
 * value already there); sums over features run in feature order in each lane;
 * exp, exp2, erf and tanh are the polynomials of math.h in this folder.  No
 * -ffast-math, no contraction.  kernels_portable.c is the specification.
 *
 * int8: weights are s8 with a scale a row, activations u8 with a scale and a
 * zero point a lane, four features of a lane together, [panel][K/4][LANES][4].
 * Their products and sums are whole numbers and exact.
 *
 * All float pointers to lanes are 64-byte aligned.
 */
#ifndef TENSOR_KERNELS_H
#define TENSOR_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tensor/activation.h"

enum { LANES = 16, GROUP = 3 };

static inline size_t panel_count(size_t tokens) {
  return (tokens + LANES - 1) / LANES;
}

/* Panels share a pass over weights in groups of GROUP or less, shared out
 * evenly: 3 3 2, 2 2. */
static inline size_t group_count(size_t panels) {
  return (panels + GROUP - 1) / GROUP;
}

static inline size_t group_start(size_t panels, size_t group) {
  return group * panels / group_count(panels);
}

/*
 * C[i][lane] = (start + sum over k of A[i][k] * B[k][lane]) * scale[lane] for
 * `rows` rows and `panels` panels of lanes. A[i][k] is a[i*row_stride +
 * k*k_stride + k/LANES*k_jump]; row k of panel p of B is at b + p*b_panel +
 * k*LANES, row i of panel p of C at c + p*c_panel + i*LANES. start: C's present
 * value when `add`, else bias[i], else 0. scale and top are [panels][LANES];
 * top becomes the largest of itself and of C before it is scaled, NaN left out.
 *
 * A weight matrix has row_stride K, k_stride 1, k_jump 0; the keys and values
 * of attention are read out of lanes with other strides, and k_jump leads from
 * one panel of them to the next.
 *
 * next_lines lines of 64 bytes at next are what this thread multiplies by
 * afterwards: a hint, to read them from memory meanwhile.
 */
typedef struct Product {
  size_t rows, panels, depth; /* depth: number of k */
  const float *a;
  size_t row_stride, k_stride, k_jump;
  const float *b;
  size_t b_panel;
  float *c;
  size_t c_panel;
  const float *bias;  /* NULL: none */
  const float *scale; /* NULL: none */
  float *top;         /* NULL: none */
  bool add;
  const float *next;
  size_t next_lines; /* 0: no hint */
} Product;

/*
 * x = norm(x + y) over the C features of each of `panels` panels, [C][LANES]
 * one behind the other: (v - mean) / sqrt(variance + eps) * gain + bias, biased
 * variance, two passes.
 */
typedef struct Norming {
  size_t C, panels;
  float *x;
  const float *y; /* NULL: none */
  const float *gain, *bias;
  float eps;
} Norming;

/* The largest depth of a ByteProduct: 65536 * 255 * 128 < 2^31. */
enum { BYTE_DEPTH_MAX = 1 << 16 };

/* Bytes of a panel of K features: K rounded up to four, times LANES. */
static inline size_t byte_panel(size_t K) {
  return (K + 3) / 4 * 4 * LANES;
}

/*
 * C[i][lane] = (sum over k of A[i][k] * x[k][lane] - zero[lane] * row_sum[i])
 * * (row_scale[i] * scale[lane]) + bias[i]: the bracket in whole numbers,
 * rounded to a float; the two scales are multiplied, then one multiply-add.
 * A[i][k] is a[i*row_stride + k]; nothing is read behind k = depth - 1. Of the
 * result of `quantize`, panel p is at b + p*b_panel, scale + p*LANES and
 * zero + p*LANES; C is as in Product.
 */
typedef struct ByteProduct {
  size_t rows, panels, depth;
  const int8_t *a;
  size_t row_stride; /* bytes */
  const float *row_scale;
  const int32_t *row_sum; /* of A's row */
  const uint8_t *b;
  size_t b_panel; /* bytes, a multiple of 64 */
  const float *scale;
  const int32_t *zero;
  float *c;
  size_t c_panel;
  const float *bias; /* NULL: none */
} ByteProduct;

/* A lane of nearly nothing is scaled by this: no division by zero. */
#define QUANTIZE_TINY 0x1p-100f

typedef struct Kernels {
  const char *name; /* "portable", "avx2", "avx512", "amx", "neon" */
  const char *dot;  /* instruction for products of bytes; "": none */
  bool (*usable)(void);

  void (*product)(const Product *p);

  /* x = activation(x), n a multiple of LANES. */
  void (*activate)(Activation how, size_t n, float *x);

  void (*add_norm)(const Norming *p);

  /*
   * Softmax of scale * s, scale >= 0, over n rows, lane by lane, but for the
   * division: s[j][lane] = exp(scale * (s[j] - top[lane])), and inverse[lane] =
   * 1 / (their sum over j). top is the largest of s, or more. Whoever uses the
   * weights multiplies the result by inverse: that is fewer numbers.
   */
  void (*softmax)(size_t n, float *s, float scale, const float *top,
                  float *inverse);

  /*
   * One panel x of K features to bytes[byte_panel(K)], each lane by itself:
   * x = scale * (byte - zero), scale = (max - min) / 255 with 0 inside the
   * range, rounded to nearest even; bytes behind K are 0. A lane with a value
   * that is not finite, or a range that is not, makes every product of it
   * NaN.
   */
  void (*quantize)(size_t K, const float *x, uint8_t *bytes, float *scale,
                   int32_t *zero);
  void (*product_bytes)(const ByteProduct *p);

  /*
   * The same products, by rows in lanes, where 1 to few tokens are all there
   * are: of one panel the first `columns` lanes, and 0 in the others. A is a
   * matrix of weights (k_stride 1), without add, scale and top. More tokens
   * than these go quicker through the products above.
   */
  size_t few, few_bytes;
  void (*product_few)(const Product *p, size_t columns);
  void (*product_bytes_few)(const ByteProduct *p, size_t columns);
} Kernels;

/*
 * The best usable set, or the one DISTILBERT_KERNELS names; chosen once. An
 * unknown or unusable name falls back to the best and *refused (may be NULL)
 * tells so.
 */
const Kernels *kernels_pick(bool *refused);

/* All sets compiled in, best first, NULL-terminated. A name may be there more
 * than once: with a dot instruction and without. */
extern const Kernels *const kernels_all[];
const Kernels *kernels_named(const char *name); /* NULL: none such, unusable */

/* Scalar versions of the same polynomials, same bits as the lanes'. */
float math_exp(float x);
float math_erf(float x);
float math_tanh(float x);

#endif
