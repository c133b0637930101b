/*
 * embed.h - texts to vectors, as sentence-transformers does it
 * (reference/pipelines.md 7).
 */
#ifndef TASK_EMBED_H
#define TASK_EMBED_H

#include "model/model.h"
#include "model/run.h"

/* What became of one text. */
typedef struct EmbedResult {
  const float *vector; /* [model->vector_dim], the embedder's */
  size_t tokens;       /* of the whole text when it was read, template too */
  bool truncated;      /* the vector is of the start of the text alone */
  int code;            /* OK, or why there is no vector */
  Error error;
} EmbedResult;

/*
 * Text after text in, windows of all of them through the model together:
 *
 *     embedder_open(model, run, overflow, &e, err);
 *     embedder_add(e, text, err);  // texts 0, 1, 2, ...
 *     embedder_run(e, err);  // once, when they are all there
 *     embedder_result(e, i)        // any of them
 *     embedder_empty(e);           // texts 0, 1, 2, ... again
 *     embedder_close(e);
 *
 * A text that has no vector keeps its error in its result (ERR_RANGE: longer
 * than the model takes, under OVERFLOW_ERROR, names both numbers, or no token
 * at all; ERR_FORMAT: tokens that the model does not know, a number that is not
 * finite). What a function returns ends the whole: memory, interrupt, a model
 * that leaves no room for a text.
 */
typedef struct Embedder Embedder;

int embedder_open(const Model *model, const Run *run, Overflow overflow,
                  Embedder **out, Error *err); /* model and run are borrowed */
/* The text is read now, and may go afterwards. */
int embedder_add(Embedder *e, EncodeText text, Error *err);
int embedder_run(Embedder *e, Error *err);
const EmbedResult *embedder_result(const Embedder *e, size_t text);
void embedder_empty(Embedder *e);
void embedder_close(Embedder *e); /* takes NULL */

typedef struct EmbedText {
  EncodeText text; /* borrowed */
  float *vector;   /* out: [model->vector_dim], the caller's */
  size_t tokens;   /* out, as in EmbedResult, and so on */
  bool truncated;
  int code;
  Error error;
} EmbedText;

/* The same for n texts that are all there. Returns the first error of a text as
 * well; where the whole ends, every text has that code. */
int embed_run(const Model *model, const Run *run, Overflow overflow,
              EmbedText *texts, size_t n, Error *err);

/* Of two vectors of n numbers, in [-1, 1]; 0 where one has length 0. */
double vector_cosine(const float *a, const float *b, size_t n);

#endif
