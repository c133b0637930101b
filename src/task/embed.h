/*
 * embed.h - texts to vectors, as sentence-transformers does it
 * (reference/pipelines.md 7).
 */
#ifndef TASK_EMBED_H
#define TASK_EMBED_H

#include "model/model.h"
#include "model/run.h"

typedef struct EmbedText {
  EncodeText text; /* borrowed */
  float *vector;   /* out: [model->vector_dim], the caller's */
  size_t tokens;   /* out: of the whole text when it was read, template too */
  bool truncated;  /* out: the vector is of the start of the text alone */
} EmbedText;

/*
 * Fills in n vectors. ERR_RANGE: a text longer than the model takes, under
 * OVERFLOW_ERROR (names both numbers); ERR_FORMAT: a number is not finite.
 */
int embed_run(const Model *model, const Run *run, Overflow overflow,
              EmbedText *texts, size_t n, Error *err);

/* Of two vectors of n numbers, in [-1, 1]; 0 where one has length 0. */
double vector_cosine(const float *a, const float *b, size_t n);

#endif
