/*
 * fill.h - masked words, as the Hugging Face fill-mask pipeline does it
 * (reference/pipelines.md 2).
 *
 * Texts with mask tokens in, the likeliest tokens of every mask out. Masks
 * are filled one by one: what stands in one does not look at another's.
 */
#ifndef TASK_FILL_H
#define TASK_FILL_H

#include "model/model.h"
#include "model/run.h"
#include "task/rank.h"

typedef struct FillOptions {
  size_t top_k; /* choices a mask, at most the vocabulary */
  /* Only these tokens compete, with the scores that they have among all: one
   * target, or (beginning with '[') a JSON array. text NULL: all tokens. */
  EncodeText targets;
} FillOptions;

extern const FillOptions fill_defaults;

/* What became of one text. */
typedef struct FillResult {
  size_t n_masks;
  int code; /* OK, or why nothing can be said of them */
  Error error;
} FillResult;

/*
 * Text after text in, through the model together; masks are ranked when asked
 * for, from what was kept of them.
 *
 *     filler_open(model, run, &fill_defaults, &f, err);
 *     filler_add(f, text, false, err);  // texts 0, 1, 2, ...
 *     filler_run(f, err);  // once, when they are all there
 *     for (m = 0; m < filler_result(f, i)->n_masks; m++)
 *       filler_rank(f, i, m, choices, err);
 *     filler_empty(f);                  // texts 0, 1, 2, ... again
 *     filler_close(f);
 *
 * A text without a mask or longer than the model takes (ERR_RANGE), or with
 * tokens that the model does not know (ERR_FORMAT), keeps its error in its
 * result. What a function returns ends the whole: memory, interrupt.
 */
typedef struct Filler Filler;

/* ERR_RANGE: the model has no head, top_k beyond the vocabulary (with targets
 * it is cut to their number), no target left, a target that the model cannot
 * give; ERR_FORMAT: targets are no JSON array of strings. Model and run are
 * borrowed. */
int filler_open(const Model *model, const Run *run, const FillOptions *how,
                Filler **out, Error *err);
/* The text is read now, and may go afterwards. One whose choices are known
 * already does not go through the model, and cannot be ranked. */
int filler_add(Filler *f, EncodeText text, bool known, Error *err);
int filler_run(Filler *f, Error *err);
const FillResult *filler_result(const Filler *f, size_t text);
void filler_empty(Filler *f);
void filler_close(Filler *f); /* takes NULL */

/* How many choices a mask has. */
size_t filler_top_k(const Filler *f);

/* The choices of a mask, best first: out[filler_top_k]. Quickest in the order
 * of texts and masks. ERR_FORMAT: a number is not finite. */
int filler_rank(Filler *f, size_t text, size_t mask, Score *out, Error *err);

/* The target that a choice stands for, as it was given; NULL: no targets. */
const char *filler_target(const Filler *f, int32_t id);

/*
 * The text with token `id` in the place of a mask; special tokens are left out
 * if it has no other, else they stay, the other masks among them. mem_free
 * frees *out.
 */
int filler_sequence(const Filler *f, size_t text, size_t mask, int32_t id,
                    char **out, size_t *bytes, Error *err);

/* A text alone, with the best token in each mask and no special tokens.
 * mem_free frees *out. */
int fill_sentence(const Model *model, const Run *run, EncodeText text,
                  char **out, size_t *bytes, Error *err);

#endif
