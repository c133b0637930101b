/*
 * steps.h - a Sequence of normalizers, applied to a stretch of text.
 */
#ifndef TEXT_STEPS_H
#define TEXT_STEPS_H

#include "unicode/forms.h"

typedef enum StepKind {
  STEP_FORM,    /* NFC, NFD, NFKC, NFKD */
  STEP_LOWER,   /* Lowercase */
  STEP_MARKS,   /* StripAccents: \p{M} of Unicode 9 */
  STEP_STRIP,   /* Strip: white space at the ends of a part */
  STEP_REPLACE, /* Replace: a text by another */
  /* What a BertNormalizer does, in this order, but for form and case: */
  STEP_CLEAN,
  STEP_CJK,
  STEP_ACCENTS
} StepKind;

enum { STEPS_MAX = 32, STEP_TEXT_MAX = 64 }; /* characters of a Replace */

typedef struct Step {
  StepKind kind;
  bool compat, composed;                                   /* FORM */
  bool left, right;                                        /* STRIP */
  uint32_t pattern[STEP_TEXT_MAX], content[STEP_TEXT_MAX]; /* REPLACE */
  size_t n_pattern, n_content;
} Step;

typedef struct Steps {
  Step *list; /* owned, [STEPS_MAX] */
  size_t n;
} Steps;

/* All zero is empty. */
void steps_clear(Steps *s);
/* ERR_RANGE: too many. */
int steps_add(Steps *s, Step step, Error *err);

/* Memory of one use after the other. All zero is empty. */
typedef struct StepsWork {
  Line line, other;
  Forms forms;
} StepsWork;
void steps_work_clear(StepsWork *w);

/* A stretch of a text, in UTF-8, that begins at these places of it. */
typedef struct Stretch {
  const char *text;
  size_t bytes;
  uint32_t start, byte_start;
  bool first, last; /* begins, ends a part between added tokens */
} Stretch;

/* The normalised characters are in w->line. ERR_RANGE, ERR_NOMEM. */
int steps_run(const Steps *s, const Stretch *stretch, StepsWork *w, Error *err);

/* A whole (short) text; mem_free frees *out. */
int steps_text(const Steps *s, const char *text, size_t bytes, char **out,
               size_t *n_out, Error *err);

#endif
