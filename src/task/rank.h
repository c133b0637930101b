/*
 * rank.h - the likeliest tokens of one mask, from its logits.
 */
#ifndef TASK_RANK_H
#define TASK_RANK_H

#include "task/scores.h"
#include "task/targets.h"

/*
 * The best n of the tokens that compete (targets NULL: all), best first; equal
 * logits: the lower id first. Values are probabilities over the whole
 * vocabulary. out[n]; returns how many there are.
 */
size_t rank_tokens(const float *logits, size_t vocabulary,
                   const struct FillTargets *targets, size_t n, Score *out);

#endif
