/*
 * fill.h - masked words, as the Hugging Face fill-mask pipeline does it
 * (reference/pipelines.md 2).
 *
 * Texts with mask tokens in, the likeliest tokens of every mask out. Masks
 * are filled one by one: what stands in one does not look at another's.
 *
 *     fill_open(model, run, &fill_defaults, &f, err);
 *     fill_add(&f, text, &fits, err);  // as many texts as fit
 *     fill_run(&f, err);
 *     for (m = 0; m < f.n_masks; m++)
 *       fill_rank(&f, m, err);         // f.choices, best first
 *     fill_close(&f);
 */
#ifndef TASK_FILL_H
#define TASK_FILL_H

#include "model/encoder.h"

typedef struct FillOptions {
  size_t top_k; /* choices a mask, at most the vocabulary */
  /* Only these tokens compete, with the scores that they have among all: one
   * target, or (beginning with '[') a JSON array. text NULL: all tokens. */
  EncodeText targets;
} FillOptions;

extern const FillOptions fill_defaults;

typedef struct FillChoice {
  float score; /* probability over the whole vocabulary */
  int32_t id;
} FillChoice;

typedef struct FillMask {
  size_t text;  /* of the batch */
  size_t at;    /* token of the batch */
  size_t index; /* among the masks of its text, from 0 */
  bool alone;   /* its text has no other */
} FillMask;

/* All zero is nothing to close. */
typedef struct Fill {
  const Model *model; /* borrowed, as run */
  const Run *run;
  struct FillTargets *targets; /* owned; NULL: all tokens */
  size_t vocabulary, top_k;
  Encoding tokens; /* of the batch's texts, back to back */
  Sequence texts[BATCH_TOKENS];
  size_t n_texts;
  FillMask *masks; /* owned */
  size_t n_masks, masks_capacity;
  Hidden hidden; /* of the batch */
  float *logits; /* owned, [n_logits][vocabulary], from mask first_logits */
  size_t logits_capacity, first_logits, n_logits;
  FillChoice *choices; /* owned: of the mask ranked last, best first */
  size_t n_choices, choices_capacity;
} Fill;

/* ERR_RANGE: top_k beyond the vocabulary (with targets it is cut to their
 * number), no target left, a target that the model cannot give; ERR_FORMAT:
 * targets are no JSON array of strings. *out can be closed in any case. */
int fill_open(const Model *model, const Run *run, const FillOptions *how,
              Fill *out, Error *err);
void fill_close(Fill *f);

/* Adds a text to the batch, unless it does not fit behind those that are
 * there (*fits). ERR_RANGE: longer than the model takes, no mask in it. */
int fill_add(Fill *f, EncodeText text, bool *fits, Error *err);
int fill_run(Fill *f, Error *err);
void fill_clear(Fill *f); /* for the next batch */

/* The choices of a mask of the batch. Quickest in order. */
int fill_rank(Fill *f, size_t mask, Error *err);

/* The target that a choice stands for, as it was given; NULL: no targets. */
const char *fill_target(const Fill *f, int32_t id);

/*
 * The text of a mask with token `id` in its place; special tokens are left
 * out if it is the only one, else they stay, the other masks among them.
 * mem_free frees *text.
 */
int fill_sequence(const Fill *f, size_t mask, int32_t id, char **text,
                  size_t *bytes, Error *err);

/* A whole text of one, with the best token in each mask and no special
 * tokens. mem_free frees *out. */
int fill_sentence(const Model *model, const Run *run, EncodeText text,
                  char **out, size_t *bytes, Error *err);

#endif
