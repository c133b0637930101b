/*
 * batch.h - inputs of a model side by side, so many as go through it at once.
 *
 * Every task streams: texts are added one after the other and cut into items,
 * each one input of the model; whenever the items fill a run of the encoder
 * the batch has the task run them.
 *
 *     tokenizer_encode(t, text, ..., &b.tokens, ...);   // appends
 *     batch_add(&b, owner, err);          // what was appended is an item now
 *     ...
 *     batch_flush(&b, err);               // the rest
 *
 * An item belongs to a text, its owner.  A failure that is a text's own stays
 * with that text while the others go on.
 */
#ifndef TASK_BATCH_H
#define TASK_BATCH_H

#include "model/encoder.h"

/* Runs n items: all that a task does with the model before texts are done. When
 * it fails, nothing must have come of any of them. */
typedef int batch_run(void *task, const Sequence *items, const size_t *owners,
                      size_t n, Error *err);

/* Told of a failure that is a text's own. */
typedef void batch_blame(void *task, size_t owner, int rc, const Error *error);

/* Zero but for the first four is empty. */
typedef struct Batch {
  void *task; /* borrowed, for both */
  batch_run *run;
  batch_blame *blame;
  size_t room;     /* tokens of a run of short items; 0: SHORT_BATCH_TOKENS */
  Encoding tokens; /* of the items, back to back, then of the next one */
  size_t n_tokens; /* of the items */
  size_t longest;  /* item, or longer */
  Sequence *items; /* owned, [n] */
  size_t *owners;  /* owned, [n]: numbers of the task's texts */
  size_t n, items_capacity, owners_capacity;
} Batch;

/* Tokens appended that are in no item yet. */
static inline size_t batch_pending(const Batch *b) {
  return b->tokens.n - b->n_tokens;
}

/* Makes them an item; no tokens make none. Runs the others before it once they
 * all are more than BATCH_TOKENS, or the batch's room while all are short.
 * Error: of the run, not of a text. */
int batch_add(Batch *b, size_t owner, Error *err);
void batch_undo(Batch *b); /* forgets them */
int batch_flush(Batch *b, Error *err);
void batch_empty(Batch *b); /* forgets the items too, for the next texts */
void batch_clear(Batch *b); /* frees */

/* What became of a text: `rc` and its sentence. One that is the text's own
 * (ERR_RANGE: its length, ERR_FORMAT: what the model makes of it) is told to
 * `blame`, and OK returned; others come back, in *err as well. */
int batch_judge(const Batch *b, size_t owner, int rc, const Error *own,
                Error *err);

#endif
