/*
 * across.h - the answers of several contexts to one question, as one
 * distribution.
 */
#ifndef TASK_ACROSS_H
#define TASK_ACROSS_H

#include "task/answer.h"
#include "task/scores.h"

/* The best answer of a context; NULL: it has none worth showing. */
const Answer *across_answer(Answerer *a, size_t context);

/*
 * Of contexts 0 to n - 1, which were run with `across` and the same question:
 * order [n], the contexts that have an answer, best first, each with the
 * probability of that answer among all spans of all contexts; *n_out of them.
 * prior [n] is added to the logits of a context: the log of how likely it is
 * to have the answer at all, up to a constant. A context's own error is
 * returned.
 */
int across_rank(Answerer *a, size_t n, const float *prior, Score *order,
                size_t *n_out, Error *err);

#endif
