/*
 * encoder.h - the transformer: token ids in, one vector a token out.
 *
 * Several texts go through at once, their tokens side by side in the lanes;
 * a text's result does not depend on its neighbours, to the bit.
 */
#ifndef MODEL_ENCODER_H
#define MODEL_ENCODER_H

#include "base/arena.h"
#include "model/linear.h"
#include "model/model.h"
#include "model/run.h"
#include "model/slices.h"
#include "tensor/kernels.h" /* LANES */

/* Of n features a token in lanes [panels][n][LANES]: where feature 0 of token t
 * is. Feature c lies c * LANES behind it. */
static inline size_t lane_at(size_t n, size_t t) {
  return t / LANES * n * LANES + t % LANES;
}

/* The result: tokens of the whole batch in lanes, C features each. A text's lie
 * back to back; there may be empty lanes between texts, which hold numbers that
 * mean nothing. */
typedef struct Hidden {
  Arena arena; /* owns everything */
  float *hidden;
  size_t *first;   /* [n_texts]: where a text's first token is */
  size_t n_tokens; /* and empty lanes, up to the last text's end */
} Hidden;

/* ERR_RANGE: a text too long, an id beyond the vocabulary; ERR_NOMEM,
 * ERR_INTERRUPT, ERR_UNSUPPORTED (engine). Clear *out after success. */
int encoder_run(const Model *model, const Run *run, const Sequence *texts,
                size_t n_texts, Hidden *out, Error *err);
void hidden_clear(Hidden *h);

/* What becomes of a text whose vectors are there: tokens of *h from `first` on.
 * Called by any thread of the run, for several texts at once. */
typedef void encoder_use(void *arg, size_t text, const Hidden *h, size_t first);

/* The same without a result: vectors last while `use` has them, once a text, so
 * that many short texts take no more memory than some. The same errors; some
 * texts may have been used before one. */
int encoder_each(const Model *model, const Run *run, const Sequence *texts,
                 size_t n_texts, encoder_use *use, void *arg, Error *err);

/* n numbers that a model gave. ERR_FORMAT: one is not finite, as damaged
 * weights make them. */
int output_check(const float *numbers, size_t n, Error *err);

/* Feature 0 of token t of a model of C features; the next are LANES apart. */
static inline const float *hidden_row(const Hidden *h, size_t C, size_t t) {
  return h->hidden + lane_at(C, t);
}

/* Copies token t into other lanes of C features, as token `to`. */
static inline void hidden_copy(const Hidden *h, size_t C, size_t t,
                               float *lanes, size_t to) {
  const float *from = hidden_row(h, C, t);
  lanes += lane_at(C, to);
  for (size_t c = 0; c < C; c++)
    lanes[c * LANES] = from[c * LANES];
}

#endif
