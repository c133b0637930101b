/*
 * dense.h - the Dense modules of sentence-transformers.
 */
#ifndef MODEL_DENSE_H
#define MODEL_DENSE_H

#include "model/load.h"
#include "tensor/kernels.h" /* LANES */

/* How many numbers come out of the last Dense module when n_in come out of the
 * pooling; read from their config.json. */
int dense_dim(const Source *s, size_t n_in, size_t *out, Error *err);

/* Loads every Dense module of modules.json, in order; the first reads n_in
 * numbers. *n of them. Both passes. */
int dense_load(Loader *l, size_t n_in, Dense out[MODULES_MAX], size_t *n,
               Error *err);

/* y = activation(W x + b), sums in double precision. y has dense_room(n_out)
 * floats. ERR_INTERRUPT. */
int dense_apply(const Dense *d, const Poll *poll, const float *x, float *y,
                Error *err);

/* Whole lanes, which is what an activation works on. */
static inline size_t dense_room(size_t n) {
  return (n + LANES - 1) / LANES * LANES;
}

#endif
