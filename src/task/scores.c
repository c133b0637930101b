/*
 * scores.c - from a head's logits to scores, and their order.
 *
 * In:  the logits of one text, token or list of choices.
 * Out: scores, as text-classification and token-classification have them
 *      (reference/pipelines.md 3 and 4): softmax less the largest logit,
 *      sigmoid of each alone, or logits as they are.
 */
#include "task/scores.h"

#include <stdlib.h>
#include "tensor/kernels.h"

static void softmax(const float *logits, size_t n, Score *scores) {
  float most = logits[0];
  double sum = 0;
  for (size_t i = 1; i < n; i++)
    most = logits[i] > most ? logits[i] : most;
  for (size_t i = 0; i < n; i++) {
    scores[i] = (Score){math_exp(logits[i] - most), i};
    sum += (double)scores[i].value;
  }
  for (size_t i = 0; i < n; i++)
    scores[i].value = (float)((double)scores[i].value / sum);
}

static float sigmoid(float x) {
  float e = math_exp(x < 0 ? x : -x); /* 1 at most */
  return (x < 0 ? e : 1) / (1 + e);
}

void scores_of(Scoring scoring, const float *logits, size_t n, Score *scores) {
  if (scoring == SCORING_SOFTMAX && n > 0) {
    softmax(logits, n, scores);
    return;
  }
  for (size_t i = 0; i < n; i++)
    scores[i] =
        (Score){scoring == SCORING_SIGMOID ? sigmoid(logits[i]) : logits[i], i};
}

static int by_score(const void *a, const void *b) {
  const Score *x = a, *y = b;
  if (x->value > y->value || x->value < y->value)
    return x->value > y->value ? -1 : 1;
  return (x->id > y->id) - (x->id < y->id);
}

void scores_sort(Score *scores, size_t n) {
  qsort(scores, n, sizeof *scores, by_score);
}

Score scores_best(const Score *scores, size_t n) {
  Score best = scores[0];
  for (size_t i = 1; i < n; i++)
    if (by_score(&scores[i], &best) < 0)
      best = scores[i];
  return best;
}
