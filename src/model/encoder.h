/*
 * encoder.h - the transformer: token ids in, one vector a token out.
 *
 * Several texts go through at once, their tokens side by side in the lanes;
 * a text's result does not depend on its neighbours, to the bit.
 */
#ifndef MODEL_ENCODER_H
#define MODEL_ENCODER_H

#include "base/arena.h"
#include "model/model.h"
#include "model/run.h"
#include "tensor/kernels.h" /* LANES */

enum { BATCH_TOKENS = 512 }; /* what one call should hold, except one text */

/* One model input: template included, 1 to model->max_tokens tokens. */
typedef struct Sequence {
  const Token *tokens; /* borrowed */
  size_t n;
} Sequence;

/* The result: token t of the whole batch (texts back to back) is lane
 * t % LANES of panel t / LANES; feature c of it is
 * hidden[(panel * C + c) * LANES + lane]. */
typedef struct Hidden {
  Arena arena; /* owns everything, the scratch too */
  float *hidden;
  float *scratch; /* [panels][max(F, 4 C)][LANES]: free for a head's use */
  size_t n_tokens, panels;
} Hidden;

/* ERR_RANGE: a text too long, an id beyond the vocabulary; ERR_NOMEM,
 * ERR_INTERRUPT, ERR_UNSUPPORTED (engine). Clear *out after success. */
int encoder_run(const Model *model, const Run *run, const Sequence *texts,
                size_t n_texts, Hidden *out, Error *err);
void hidden_clear(Hidden *h);

/*
 * Extractive QA head: logits of every token as the start and as the end of
 * the answer, texts back to back: start[t], end[t], t < sum of n.
 * ERR_FORMAT when a logit is not finite (damaged weights).
 */
int head_answer(const Model *model, const Run *run, const Sequence *texts,
                size_t n_texts, float *start, float *end, Error *err);

/*
 * Masked-word head: logits over the whole vocabulary, [n][V], of tokens `at`
 * of one text. Only these go through the head. ERR_FORMAT when a logit is not
 * finite.
 */
int head_fill(const Model *model, const Run *run, const Sequence *text,
              const size_t *at, size_t n, float *logits, Error *err);

/* The same for tokens of a batch that went through encoder_run: many masks a
 * few at a time. The model must have the head. */
int head_fill_tokens(const Model *model, const Run *run, const Hidden *hidden,
                     const size_t *at, size_t n, float *logits, Error *err);

#endif
