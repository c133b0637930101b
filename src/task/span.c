/*
 * span.c - the best answer spans of one window, from its logits.
 *
 * In:  start and end logits of n tokens, and which of them an answer may
 *      begin or end at (the context's, and any [CLS]).
 * Out: their probabilities, and the k spans with the highest
 *      p_start[s] * p_end[e], s <= e < s + max_len.
 *
 * The matrix of all products is never built: its band is read row by row, and
 * a heap keeps the best k.
 *
 * Agrees with select_starts_ends and decode_spans of the question-answering
 * pipeline (transformers 4.19 to 5.2): float32 throughout, tokens not allowed
 * enter the softmax as -10000, entry 0 counts in it and is never an answer.
 * Where NumPy leaves the order of equal scores open, the lower index of the
 * flattened matrix comes first.  Logits with a NaN or +infinity give no span.
 */
#include "task/span.h"

#include <math.h>
#include <string.h>
#include "base/size.h"
#include "tensor/kernels.h"

static const float not_allowed = -10000.0f;

/* Masks x and returns its maximum: a NaN, once met, stays the maximum. */
static float mask(const bool *allowed, size_t n, float *x) {
  float top = -INFINITY;
  for (size_t i = 0; i < n; i++) {
    if (!allowed[i])
      x[i] = not_allowed;
    if (x[i] > top || isnan(x[i]))
      top = x[i];
  }
  return top;
}

/* The sum is kept in double and in order: the same bits on every machine. */
static void masked_softmax(const bool *allowed, size_t n, float *x) {
  float top = mask(allowed, n, x);
  if (!isfinite(top)) {
    memset(x, 0, n * sizeof *x);
    return;
  }
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    x[i] = math_exp(x[i] - top);
    sum += (double)x[i];
  }
  for (size_t i = 0; i < n; i++)
    x[i] = allowed[i] ? x[i] / (float)sum : 0;
}

void span_probabilities(const bool *allowed, size_t n, float *start, float *end,
                        double *null_score) {
  *null_score = 0;
  if (n == 0)
    return;
  masked_softmax(allowed, n, start);
  masked_softmax(allowed, n, end);
  *null_score = (double)(start[0] * end[0]);
  start[0] = end[0] = 0;
}

size_t span_room(size_t n, size_t max_len, size_t k) {
  size_t spans;
  if (!size_mul(n, max_len < n ? max_len : n, &spans))
    return k;
  return spans < k ? spans : k;
}

size_t span_best(const bool *allowed, size_t n, const float *p_start,
                 const float *p_end, size_t max_len, size_t k, Score *out) {
  size_t found = 0;
  for (size_t s = 0; s < n && k > 0; s++) {
    if (!allowed[s] || !(p_start[s] > 0))
      continue;
    size_t stop = max_len < n - s ? s + max_len : n;
    for (size_t e = s; e < stop; e++) {
      Score span = {p_start[s] * p_end[e], s * n + e};
      if (allowed[e] && span.value > 0)
        scores_offer(out, &found, k, span);
    }
  }
  scores_sort(out, found);
  return found;
}
