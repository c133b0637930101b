/*
 * span.h - the best answer spans of one window, from its logits.
 *
 * score(s, e) = p_start[s] * p_end[e] for s <= e < s + max_len, where p is the
 * softmax over the window's allowed tokens (reference/pipelines.md 1.3).
 */
#ifndef TASK_SPAN_H
#define TASK_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include "task/scores.h"

/*
 * Masks and softmaxes in place: start[i], end[i] become probabilities over
 * the whole window, tokens not allowed 0. *null_score: p_start[0] * p_end[0].
 * Afterwards entry 0 of both is 0.
 */
void span_probabilities(const bool *allowed, size_t n, float *start, float *end,
                        double *null_score);

/* Room for the k best of n tokens: k, or fewer where there are fewer spans. */
size_t span_room(size_t n, size_t max_len, size_t k);

/*
 * The k best spans, best first (equal scores: lower start, then lower end),
 * scores of 0 left out, spans with an end or start not allowed left out. The
 * id of the one from token s to token e, inclusive, is s * n + e.
 * Returns how many were written to out[span_room(n, max_len, k)]. Time
 * O(n max_len + c log k), c: candidates that were among the best for a while.
 */
size_t span_best(const bool *allowed, size_t n, const float *p_start,
                 const float *p_end, size_t max_len, size_t k, Score *out);

#endif
