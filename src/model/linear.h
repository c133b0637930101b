/*
 * linear.h - linear layers over lanes, of floats or of bytes.
 *
 *     Pass pass = pass_of(run, n_tokens);
 *     pass_take(&pass, &arena, ...);   // room, measuring and placing
 *     pass_begin(&pass);
 *     code = linear_one(&pass, w, in, out, activation);
 *     pass_end(&pass);
 *
 * The one driver of every layer: it cuts a layer into tasks, quantises the
 * input where the weights are bytes, chooses the kernel by the number of
 * tokens, or hands the layer to BLAS.
 */
#ifndef MODEL_LINEAR_H
#define MODEL_LINEAR_H

#include "base/arena.h"
#include "base/pool.h"
#include "model/model.h"
#include "model/run.h"
#include "tensor/kernels.h"

/* The input of layers of bytes: as Kernels.quantize leaves it. */
typedef struct ByteLanes {
  uint8_t *bytes; /* [panels][byte_panel(n)] */
  float *scale;   /* [panels][LANES] */
  int32_t *zero;
} ByteLanes;

/* Tokens that go through layers together, who does the work, and the room it
 * takes, which is the arena's. */
typedef struct Pass {
  Run run; /* n_threads 1 at least */
  const Kernels *kernels;
  Team team;             /* between pass_begin and pass_end */
  size_t tokens, panels; /* of LANES tokens, the last one perhaps not full */
  ByteLanes bytes;
  float *blas;
} Pass;

Pass pass_of(const Run *run, size_t tokens);

/* Room for layers of up to n_in inputs and n_out outputs; takes nothing that
 * the engine or, where not `has_bytes`, the weights do not need. */
void pass_take(Pass *pass, Arena *arena, size_t n_in, size_t n_out,
               bool has_bytes);

void pass_begin(Pass *pass);
void pass_end(Pass *pass);

enum { PROJECTIONS = 3 }; /* layers over the same input that share a run */

typedef struct Projection {
  const Linear *linear;
  float *out;
} Projection;

/* activation(W x + b), of rows [first, end) of each layer. Outputs are cut into
 * slabs of features, [(end - first) / slab][panels][slab][LANES]. */
typedef struct LinearRun {
  const float *in; /* [panels][n_in][LANES] */
  Projection list[PROJECTIONS];
  size_t n, first, end, slab;
  Activation activation;
} LinearRun;

/* OK or ERR_INTERRUPT. Runs one after the other over the same input begin with
 * first = 0: that is when it becomes bytes. */
int linear_run(Pass *pass, const LinearRun *run);

/* One whole layer, out [panels][n_out][LANES]. */
int linear_one(Pass *pass, const Linear *w, const float *in, float *out,
               Activation activation);

#endif
