/*
 * forward.h - the forward pass over tokens that lie in lanes.
 *
 *     Forward f = forward_of(model, run, n_tokens, longest, &arena);
 *     code = forward_run(&f, &tokens);
 */
#ifndef MODEL_FORWARD_H
#define MODEL_FORWARD_H

#include "base/arena.h"
#include "model/attention.h"
#include "model/linear.h"
#include "model/model.h"

/* T tokens of texts that lie back to back. */
typedef struct Tokens {
  size_t T;
  const Token *const *list;  /* [T] */
  const uint32_t *positions; /* [T]: rows of the embeddings of positions */
  const Stretch *stretches;  /* of all texts */
  size_t n_stretches;
  float *hidden; /* out: [panels][C][LANES] */
} Tokens;

/* Who does the work, and room for it. */
typedef struct Forward {
  const Model *model; /* borrowed */
  Pass pass;
  int code; /* first failure; later operations do nothing */
  Tokens tokens;
  size_t P, C, H, D;
  float *x, *y;               /* [P][C][LANES] */
  float *wide;                /* [P][max(F, 4 C)][LANES], of which: */
  float *query, *key, *value; /*   [heads][P][D][LANES] */
  float *mixed;               /*   [P][C][LANES] */
  Attention attention;        /* of the heads at work */
} Forward;

/* For up to n_tokens tokens, of texts of up to `longest`; takes from the arena,
 * measuring and placing. */
Forward forward_of(const Model *model, const Run *run, size_t n_tokens,
                   size_t longest, Arena *arena);

/* OK or ERR_INTERRUPT. */
int forward_run(Forward *f, const Tokens *tokens);

#endif
