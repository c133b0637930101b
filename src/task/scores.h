/*
 * scores.h - from a head's logits to scores, and their order.
 */
#ifndef TASK_SCORES_H
#define TASK_SCORES_H

#include <stdbool.h>
#include "model/labels.h"

/* Something with a score: an output of a head, a token, a choice, a span. */
typedef struct Score {
  float value;
  size_t id;
} Score;

/* Which comes first: the better one, of equal ones the lower id. */
static inline bool score_is_better(Score a, Score b) {
  return a.value > b.value || (a.value >= b.value && a.id < b.id);
}

/* scores [n] of finite logits [n], ids 0 to n - 1; softmax and sigmoid with our
 * own exp and sums in double, in order: the same bits everywhere. */
void scores_of(Scoring scoring, const float *logits, size_t n, Score *scores);

/* The best `most` (1 at least) of all that are offered, one by one: a heap of
 * *n so far with the worst on top, which refuses most by one comparison.
 * scores_sort brings them into order. */
void scores_insert(Score *heap, size_t *n, size_t most, Score score);
static inline void scores_offer(Score *heap, size_t *n, size_t most,
                                Score score) {
  if (*n < most || score_is_better(score, heap[0]))
    scores_insert(heap, n, most, score);
}

/* Best first. */
void scores_sort(Score *scores, size_t n);

/* The largest logit, and the sum of exp(logit - largest). n is 1 at least. */
double scores_softmax_sum(const float *logits, size_t n, float *largest);

/* The one that would be first. n is 1 at least. */
Score scores_best(const Score *scores, size_t n);

#endif
