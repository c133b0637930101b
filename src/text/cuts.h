/*
 * cuts.h - a Sequence of pre-tokenizers: where a line is cut into words.
 */
#ifndef TEXT_CUTS_H
#define TEXT_CUTS_H

#include "unicode/forms.h"

typedef enum CutKind {
  CUT_SPACE,       /* WhitespaceSplit: white space goes */
  CUT_WORDS,       /* Whitespace: \w+ or [^\w\s]+; white space goes */
  CUT_PUNCTUATION, /* Punctuation */
  CUT_DIGITS       /* Digits */
} CutKind;

typedef enum CutHow {
  CUT_ISOLATED,   /* each one is a word */
  CUT_CONTIGUOUS, /* neighbours are one word */
  CUT_REMOVED,
  CUT_WITH_PREVIOUS,
  CUT_WITH_NEXT
} CutHow;

typedef struct Cut {
  CutKind kind;
  CutHow how; /* PUNCTUATION, DIGITS */
} Cut;

enum { CUTS_MAX = 16 };

typedef struct Cuts {
  Cut list[CUTS_MAX];
  size_t n;
} Cuts;

/* Of each of n characters. */
enum { CUT_BEFORE = 1, CUT_GONE = 2 };

/* Fills marks[n]. */
void cuts_run(const Cuts *cuts, const Aligned *chars, size_t n,
              unsigned char *marks);

#endif
