/*
 * pooling.c - the vectors of a window's tokens as one.
 *
 * In:  hidden states of a batch, and which of its tokens are the window.
 * Out: for each pooling of the model C numbers.
 *
 * Sums run in token order, in double precision: the same bits everywhere.
 * Agrees with Pooling of sentence-transformers 5.1 to 6.2
 * (reference/pipelines.md 7).
 */
#include "task/pooling.h"

#include <math.h>

/* One window's tokens within a batch. */
typedef struct Span {
  const Hidden *h;
  size_t first, n, skip, C;
} Span;

static float value_at(const Span *s, size_t token, size_t c) {
  return hidden_row(s->h, s->C, s->first + token)[c * LANES];
}

/* Feature c of a token and of those behind it in its panel, side by side; *end:
 * the first token, or the window's end, that is not among them. */
static const float *values_from(const Span *s, size_t token, size_t c,
                                size_t *end) {
  size_t border = token + LANES - (s->first + token) % LANES;
  *end = border < s->n ? border : s->n;
  return hidden_row(s->h, s->C, s->first + token) + c * LANES;
}

/* sum of weight * value over the tokens that count, over a divisor */
static float weighted(const Span *s, size_t c, bool by_position,
                      double divisor) {
  double sum = 0;
  for (size_t i = s->skip, end; i < s->n;) {
    const float *x = values_from(s, i, c, &end);
    for (; i < end; i++, x++)
      sum += (by_position ? (double)(i + 1) : 1) * (double)*x;
  }
  return (float)(sum / divisor);
}

static float largest(const Span *s, size_t c) {
  float top = -1e9F;
  for (size_t i = s->skip, end; i < s->n;) {
    const float *x = values_from(s, i, c, &end);
    for (; i < end; i++, x++)
      top = *x > top ? *x : top;
  }
  return top;
}

static double position_sum(const Span *s) {
  double sum = 0;
  for (size_t i = s->skip; i < s->n; i++)
    sum += (double)(i + 1);
  return sum > 0 ? sum : 1;
}

static float pool_one(const Span *s, Pooling how, size_t c) {
  double count = s->n > s->skip ? (double)(s->n - s->skip) : 1e-9;
  switch (how) {
  case POOLING_CLS:
    return value_at(s, 0, c);
  case POOLING_MAX:
    return largest(s, c);
  case POOLING_MEAN:
    return weighted(s, c, false, count);
  case POOLING_MEAN_SQRT_LEN:
    return weighted(s, c, false, sqrt(count));
  case POOLING_WEIGHTED_MEAN:
    return weighted(s, c, true, position_sum(s));
  case POOLING_LAST_TOKEN:
    return value_at(s, s->n - 1, c);
  case POOLING_NONE:
    break;
  }
  return 0;
}

void pool_window(const Hidden *h, size_t C, size_t first, size_t n, size_t skip,
                 const Poolings *poolings, float *out) {
  Span s = {h, first, n, skip, C};
  for (size_t i = 0; i < poolings->n; i++)
    for (size_t c = 0; c < C; c++)
      *out++ = pool_one(&s, poolings->list[i], c);
}
