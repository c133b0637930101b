/*
 * across.c - the answers of several contexts to one question, as one
 * distribution.
 *
 * In:  contexts that were read with `across`: sums of logits as scores, and
 *      what all their spans come to (AnswerMass).
 * Out: probabilities that can be compared over contexts.
 *
 *     p(span) = exp(start + end + prior) / sum over contexts exp(prior) * mass
 *
 * A softmax within each context, as question answering over one context has
 * it, is near 1 wherever there is little to choose from; of a context without
 * the answer, too.  Logits say how sure the model is of it at all.
 *
 * Everything is taken less the largest exponent, so that nothing overflows.
 */
#include "task/across.h"

#include "tensor/kernels.h" /* math_exp */

const Answer *across_answer(Answerer *a, size_t context) {
  const AnswerResult *result = answerer_result(a, context);
  const Answer *best = result->answers.items;
  bool is_none = result->code || result->answers.n == 0 ||
                 best->byte_start >= best->byte_end;
  return is_none ? NULL : best;
}

/* order [*n_out] with logits as values, in any order. */
static int gather(Answerer *a, size_t n, const float *prior, Score *order,
                  size_t *n_out, Error *err) {
  *n_out = 0;
  for (size_t i = 0; i < n; i++) {
    const AnswerResult *result = answerer_result(a, i);
    const Answer *best = across_answer(a, i);
    if (result->code)
      return fail(err, result->code, "%s", result->error.message);
    if (best)
      order[(*n_out)++] = (Score){(float)best->score + prior[i], i};
  }
  return OK;
}

/* The sum over all contexts, as a multiple of exp(top). */
static double total(Answerer *a, size_t n, const float *prior, float top) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    const AnswerMass *m = &answerer_result(a, i)->mass;
    sum += m->sum * (double)math_exp(m->top + prior[i] - top);
  }
  return sum;
}

int across_rank(Answerer *a, size_t n, const float *prior, Score *order,
                size_t *n_out, Error *err) {
  int rc = gather(a, n, prior, order, n_out, err);
  if (rc || *n_out == 0)
    return rc;
  scores_sort(order, *n_out);
  float top = order[0].value;
  double sum = total(a, n, prior, top);
  for (size_t i = 0; i < *n_out; i++)
    order[i].value = (float)((double)math_exp(order[i].value - top) / sum);
  return OK;
}
