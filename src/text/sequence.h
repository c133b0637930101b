/*
 * sequence.h - a tokenizer with Sequences of normalizers and pre-tokenizers.
 */
#ifndef TEXT_SEQUENCE_H
#define TEXT_SEQUENCE_H

#include "text/cuts.h"
#include "text/steps.h"

struct Tokenizer;

enum { SEQUENCE_SLOTS = 1024 };

/* What the files say, and what follows from it (sequence.c). */
typedef struct Sequence {
  Steps steps;
  Cuts cuts;
  bool cut[128];                /* white space that a stretch may begin with */
  bool spaces_cjk;              /* some step puts ideographs between spaces */
  bool loose;                   /* whatever stands before it */
  bool fragile[SEQUENCE_SLOTS]; /* by hash: characters of patterns */
  struct Tokenizer *inner; /* owned shell: reads what has been normalised */
} Sequence;

void sequence_free(Sequence *s); /* may be NULL */

/* When all else is there: takes the set of normalised added tokens over and
 * makes the inner tokenizer. */
int sequence_prepare(struct Tokenizer *t, Error *err);

#endif
