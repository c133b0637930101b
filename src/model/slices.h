/*
 * slices.h - many short texts, cut into slices that go through the encoder one
 * by one.
 *
 * A slice is some panels whose texts lie back to back from its first lane on.
 * Lanes behind its last text are empty.
 */
#ifndef MODEL_SLICES_H
#define MODEL_SLICES_H

#include <stddef.h>
#include "base/arena.h"
#include "text/token.h"

/* What one call should hold, except one text: of short ones alone more, as
 * those go through slice by slice. */
enum { BATCH_TOKENS = 512, SHORT_TOKENS = 96, SHORT_BATCH_TOKENS = 1920 };

/* One model input: template included, 1 to model->max_tokens tokens. */
typedef struct Sequence {
  const Token *tokens; /* borrowed */
  size_t n;
} Sequence;

typedef struct Slice {
  size_t panel;         /* its first, in the batch */
  size_t tokens;        /* of its texts */
  size_t text, n_texts; /* in Slices.order, from `text` on */
} Slice;

typedef struct Slices {
  Arena arena; /* owns everything */
  Slice *list; /* [n] */
  size_t n;
  size_t *order; /* [n_texts]: the texts, slice after slice */
  size_t *first; /* [n_texts]: the lane of a text's first token */
  size_t panels; /* of all slices */
} Slices;

/* Tokens that a slice should hold, and may; both 0: no slices. */
typedef struct SliceRoom {
  size_t best, most;
} SliceRoom;

/* Of slices of which each thread takes its own; none where one text is long, or
 * there are too few for all threads, or so many threads that weights (bytes or
 * floats) would be read for too few tokens. n_threads 1 at least. */
SliceRoom slices_own(const Sequence *texts, size_t n, size_t n_threads,
                     bool has_bytes);

/* Of slices that all threads work on, one after the other; none where one text
 * is long, or there are BATCH_TOKENS or fewer. */
SliceRoom slices_shared(const Sequence *texts, size_t n);

/* Puts each text into one slice, none of them empty; without slices all into
 * one, in their order. ERR_NOMEM. Clear *out after success. */
int slices_plan(const Sequence *texts, size_t n, SliceRoom room, Slices *out,
                Error *err);
void slices_clear(Slices *s);

#endif
