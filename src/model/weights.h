/*
 * weights.h - a network's weights as they lie in memory, borrowed from the
 * Model's one block (or from a file that is in memory for good).
 */
#ifndef MODEL_WEIGHTS_H
#define MODEL_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>
#include "tensor/activation.h"

/* y = x W^T + b: weight [n_out][n_in] row-major, bias [n_out]. Of floats, or
 * of bytes with a scale a row (see linear.h). */
typedef struct Linear {
  const float *weight; /* NULL when of bytes */
  const float *bias;   /* NULL: none */
  const int8_t *q_weight;
  const float *q_scales; /* [n_out] */
  const int32_t *q_sums; /* [n_out]: of a row's bytes */
  size_t n_out, n_in;
} Linear;

typedef struct Norm {
  const float *gain, *bias; /* [C] */
} Norm;

/* Rows of an embedding table, as floats or as bytes with a scale each. */
typedef struct Table {
  const float *rows;     /* NULL when quantised */
  const int8_t *q_rows;  /* NULL when not */
  const float *q_scales; /* [n] */
  size_t n, dim;
} Table;

typedef struct Layer {
  Linear query, key, value, attention_out; /* [C][C] */
  Norm attention_norm;
  Linear up, down; /* [F][C], [C][F] */
  Norm output_norm;
} Layer;

/* logits = last(norm(activation(first(h)))); without `first` last(h). */
typedef struct Head {
  Linear first; /* [C][C]; n_out 0: none */
  Activation activation;
  Norm norm;   /* gain NULL: none */
  Linear last; /* n_out 0: the checkpoint has no such head */
} Head;

/* A layer over the pooled vector. */
typedef struct Dense {
  Linear linear;
  Activation activation;
} Dense;

#endif
