/*
 * scores.h - from a head's logits to scores, and their order.
 */
#ifndef TASK_SCORES_H
#define TASK_SCORES_H

#include "model/labels.h"

/* Something with a score: an output of a head, a choice, a label. */
typedef struct Score {
  float value;
  size_t id;
} Score;

/* scores [n] of finite logits [n], ids 0 to n - 1; softmax and sigmoid with our
 * own exp and sums in double, in order: the same bits everywhere. */
void scores_of(Scoring scoring, const float *logits, size_t n, Score *scores);

/* Best first; of equal ones the lower id. */
void scores_sort(Score *scores, size_t n);

/* The one that would be first. n is 1 at least. */
Score scores_best(const Score *scores, size_t n);

#endif
