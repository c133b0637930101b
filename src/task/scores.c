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

double scores_softmax_sum(const float *logits, size_t n, float *largest) {
  float most = logits[0];
  double sum = 0;
  for (size_t i = 1; i < n; i++)
    most = logits[i] > most ? logits[i] : most;
  for (size_t i = 0; i < n; i++)
    sum += (double)math_exp(logits[i] - most);
  *largest = most;
  return sum;
}

static void softmax(const float *logits, size_t n, Score *scores) {
  float most;
  double sum = scores_softmax_sum(logits, n, &most);
  for (size_t i = 0; i < n; i++)
    scores[i] = (Score){(float)((double)math_exp(logits[i] - most) / sum), i};
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

/* --- Order ----------------------------------------------------------------*/

/* Lets heap[0] sink to where no child is worse. */
static void sink(Score *heap, size_t n) {
  Score score = heap[0];
  size_t at = 0;
  for (size_t child = 1; child < n; child = 2 * at + 1) {
    if (child + 1 < n && score_is_better(heap[child], heap[child + 1]))
      child++;
    if (!score_is_better(score, heap[child]))
      break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = score;
}

static void rise(Score *heap, size_t at) {
  Score score = heap[at];
  for (; at > 0 && score_is_better(heap[(at - 1) / 2], score);
       at = (at - 1) / 2)
    heap[at] = heap[(at - 1) / 2];
  heap[at] = score;
}

void scores_insert(Score *heap, size_t *n, size_t most, Score score) {
  if (*n < most) {
    heap[*n] = score;
    rise(heap, (*n)++);
  } else {
    heap[0] = score;
    sink(heap, most);
  }
}

static int by_score(const void *a, const void *b) {
  const Score *x = a, *y = b;
  return score_is_better(*x, *y) ? -1 : score_is_better(*y, *x);
}

void scores_sort(Score *scores, size_t n) {
  if (n > 1) /* none may be at NULL, which qsort does not take */
    qsort(scores, n, sizeof *scores, by_score);
}

Score scores_best(const Score *scores, size_t n) {
  Score best = scores[0];
  for (size_t i = 1; i < n; i++)
    if (score_is_better(scores[i], best))
      best = scores[i];
  return best;
}
