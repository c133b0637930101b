/*
 * rank.c - the likeliest tokens of one mask, from its logits.
 *
 * In:  logits over the vocabulary, and which tokens compete.
 * Out: the best of them with their probabilities, best first.
 *
 * Until the end a choice's value is its logit.  The softmax is over the whole
 * vocabulary, whoever competes.
 */
#include "task/rank.h"

#include "tensor/kernels.h"

/* The best n of the tokens that compete, by their logits. */
static size_t choose(const float *logits, size_t vocabulary,
                     const FillTargets *targets, size_t n, Score *out) {
  size_t found = 0;
  for (size_t v = 0; v < vocabulary && n > 0; v++)
    if (!targets || targets_find(targets, (int32_t)v))
      scores_offer(out, &found, n, (Score){logits[v], v});
  scores_sort(out, found);
  return found;
}

/* From logits to probabilities. */
static void weigh(const float *logits, size_t vocabulary, Score *choices,
                  size_t n) {
  float most;
  double sum = scores_softmax_sum(logits, vocabulary, &most);
  for (size_t i = 0; i < n; i++)
    choices[i].value = (float)((double)math_exp(choices[i].value - most) / sum);
}

size_t rank_tokens(const float *logits, size_t vocabulary,
                   const FillTargets *targets, size_t n, Score *out) {
  size_t found = choose(logits, vocabulary, targets, n, out);
  weigh(logits, vocabulary, out, found);
  return found;
}
