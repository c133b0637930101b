/*
 * features.h - what a model makes of every token of one input: its last hidden
 * state, or the logits of a head.
 *
 *     FeatureRows f = {0};
 *     features_read(model, run, text, pair, &f, err);
 *     features_hidden(model, run, &f, err);
 *         // or features_logits(model, run, TASK_ANSWER, &f, err)
 *     f.tokens.tokens[t], f.rows + t * f.width
 *     features_clear(&f);
 */
#ifndef TASK_FEATURES_H
#define TASK_FEATURES_H

#include "model/model.h"
#include "model/run.h"

/* The tokens of an input, and numbers of each. All zero is an empty one, which
 * can be read into again and again. */
typedef struct FeatureRows {
  Encoding tokens; /* owned */
  float *rows;     /* owned: [tokens.n][width] */
  size_t width, capacity;
} FeatureRows;

/* Reads a text or a pair (an empty one is none) with its template, and cuts
 * nothing. ERR_RANGE: longer than the model takes, both numbers named;
 * ERR_NOMEM, ERR_INTERRUPT. */
int features_read(const Model *model, const Run *run, EncodeText text,
                  EncodeText pair, FeatureRows *out, Error *err);

/*
 * Puts the tokens that were read through the model. ERR_RANGE: there are none,
 * or the model has no such head; ERR_FORMAT: tokens that it does not know, a
 * number that is not finite; ERR_NOMEM, ERR_INTERRUPT.
 */
int features_hidden(const Model *model, const Run *run, FeatureRows *f,
                    Error *err);
int features_logits(const Model *model, const Run *run, Task task,
                    FeatureRows *f, Error *err);

void features_clear(FeatureRows *f);

#endif
