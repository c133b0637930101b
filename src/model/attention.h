/*
 * attention.h - every text's queries against its own keys.
 */
#ifndef MODEL_ATTENTION_H
#define MODEL_ATTENTION_H

#include "base/pool.h"
#include "tensor/kernels.h"

/* Queries of one text in up to GROUP panels, against all its keys. */
typedef struct Stretch {
  size_t first, end;    /* the text's tokens */
  size_t panel, panels; /* query panels */
} Stretch;

/* How many stretches tokens [first, end) make, and which. */
size_t stretch_count(size_t first, size_t end);
void stretch_list(size_t first, size_t end, Stretch *out);

/* T tokens in P panels, of heads [head, head + heads). */
typedef struct Attention {
  const Kernels *kernels;
  size_t T, P, C, D;
  size_t head, heads;
  const float *query, *key, *value; /* [heads][P][D][LANES] */
  float *mixed;                     /* out: [P][C][LANES] */
  float *scores;                    /* [threads][score_room] */
  size_t score_room;
  const Stretch *stretches;
  size_t n_stretches;
} Attention;

/* Floats of scores that a thread needs for texts of up to so many tokens. */
size_t attention_room(size_t longest, size_t D);

/* mixed = softmax(Q K' / sqrt(D)) V, text by text. OK or ERR_INTERRUPT. */
int attention_run(const Attention *a, Team *team, const Poll *poll);

#endif
