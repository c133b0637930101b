/*
 * linear.h - linear layers over lanes, of floats or of bytes.
 *
 *     ByteLanes q = byte_lanes_take(&arena, panels, n_in);
 *     byte_lanes_fill(kernels, &q, panel, n_in, in);   // each panel, if needed
 *     linear_rows(kernels, w, part, in, &q, activation);  // each part
 *
 * A layer of bytes reads its input as bytes too, quantised a token at a time,
 * so that neighbours never matter; what comes out is floats in both cases.
 */
#ifndef MODEL_LINEAR_H
#define MODEL_LINEAR_H

#include "base/arena.h"
#include "model/model.h"
#include "tensor/kernels.h"

/* The input of layers of bytes: as Kernels.quantize leaves it. */
typedef struct ByteLanes {
  uint8_t *bytes; /* [panels][byte_panel(n)] */
  float *scale;   /* [panels][LANES] */
  int32_t *zero;
} ByteLanes;

/* Room for inputs of up to n features. */
ByteLanes byte_lanes_take(Arena *arena, size_t panels, size_t n);

/* Quantises panel `panel` of in, [panels][n][LANES]. */
void byte_lanes_fill(const Kernels *k, const ByteLanes *to, size_t panel,
                     size_t n, const float *in);

/* Some rows of the output, in some panels, and where they go. */
typedef struct LinearPart {
  size_t row, rows, panel, panels;
  float *out;       /* the first row in the first panel */
  size_t out_panel; /* floats from there to the same row of the next panel */
} LinearPart;

static inline bool linear_is_bytes(const Linear *w) {
  return w->q_weight != NULL;
}

/* The part of the output for in [panels][n_in][LANES], which is `bytes` if the
 * layer is of bytes. Then the activation. */
void linear_rows(const Kernels *k, const Linear *w, LinearPart part,
                 const float *in, const ByteLanes *bytes,
                 Activation activation);

#endif
