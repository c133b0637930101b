/*
 * rank.h - the likeliest tokens of one mask, from its logits.
 */
#ifndef TASK_RANK_H
#define TASK_RANK_H

#include "task/targets.h"

typedef struct FillChoice {
  float score; /* probability over the whole vocabulary */
  int32_t id;
} FillChoice;

/*
 * The best n of the tokens that compete (targets NULL: all), best first; equal
 * logits: the lower id first. out[n]; returns how many there are.
 */
size_t rank_tokens(const float *logits, size_t vocabulary,
                   const struct FillTargets *targets, size_t n,
                   FillChoice *out);

#endif
