/*
 * targets.h - the tokens that may fill a mask, as a caller named them.
 */
#ifndef TASK_TARGETS_H
#define TASK_TARGETS_H

#include "text/tokenizer.h"

typedef struct FillTargets FillTargets;

/*
 * Reads one target, or (text beginning with '[') a JSON array of them. A
 * target that is no token stands for the first token of it; one without any
 * is left out. `vocabulary` is the number of the model's outputs. ERR_FORMAT:
 * no JSON array of strings; ERR_RANGE: no target is left, or a token without
 * an output; ERR_NOMEM, ERR_INTERRUPT.
 */
int targets_open(const Tokenizer *t, size_t vocabulary, EncodeText text,
                 const Poll *poll, FillTargets **out, Error *err);
void targets_free(FillTargets *targets);

size_t targets_count(const FillTargets *targets); /* of different tokens */

/* The first target that stands for a token, borrowed; NULL: none does. */
const char *targets_find(const FillTargets *targets, int32_t id);

#endif
