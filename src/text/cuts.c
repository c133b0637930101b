/*
 * cuts.c - a Sequence of pre-tokenizers: where a line is cut into words.
 *
 * In:  characters, and the pre-tokenizers.
 * Out: for each character whether a word begins there, or it belongs to none.
 *
 * Each pre-tokenizer only adds borders to those that were there:
 *
 *     Whitespace, Digits(individual)     "No. 42b" ->  No | . | 4 | 2 | b
 *
 * Agrees with the pre-tokenizers of these names in the Hugging Face tokenizers.
 */
#include "text/cuts.h"

#include <string.h>
#include "unicode/unicode.h"

static bool has(const Aligned *c, unsigned flag) {
  return (unicode_flags(c->code) & flag) != 0;
}

static void remove_all(unsigned flag, const Aligned *chars, size_t n,
                       unsigned char *marks) {
  for (size_t i = 0; i < n; i++) {
    if (!has(&chars[i], flag))
      continue;
    marks[i] |= CUT_GONE;
    if (i + 1 < n)
      marks[i + 1] |= CUT_BEFORE;
  }
}

/* A border wherever characters of the kind and others meet. */
static void cut_changes(unsigned flag, const Aligned *chars, size_t n,
                        unsigned char *marks) {
  for (size_t i = 1; i < n; i++)
    if (has(&chars[i], flag) != has(&chars[i - 1], flag))
      marks[i] |= CUT_BEFORE;
}

static void cut_around(unsigned flag, bool before, bool behind,
                       const Aligned *chars, size_t n, unsigned char *marks) {
  for (size_t i = 0; i < n; i++) {
    if (!has(&chars[i], flag))
      continue;
    if (before)
      marks[i] |= CUT_BEFORE;
    if (behind && i + 1 < n)
      marks[i + 1] |= CUT_BEFORE;
  }
}

static void cut(unsigned flag, CutHow how, const Aligned *chars, size_t n,
                unsigned char *marks) {
  switch (how) {
  case CUT_CONTIGUOUS:
    cut_changes(flag, chars, n, marks);
    break;
  case CUT_REMOVED:
    remove_all(flag, chars, n, marks);
    break;
  default:
    cut_around(flag, how != CUT_WITH_PREVIOUS, how != CUT_WITH_NEXT, chars, n,
               marks);
  }
}

void cuts_run(const Cuts *cuts, const Aligned *chars, size_t n,
              unsigned char *marks) {
  memset(marks, 0, n);
  for (size_t i = 0; i < cuts->n; i++) {
    const Cut *c = &cuts->list[i];
    if (c->kind == CUT_SPACE || c->kind == CUT_WORDS)
      remove_all(UNICODE_SPACE, chars, n, marks);
    if (c->kind == CUT_WORDS)
      cut_changes(UNICODE_WORD, chars, n, marks);
    else if (c->kind == CUT_PUNCTUATION)
      cut(UNICODE_PUNCT, c->how, chars, n, marks);
    else if (c->kind == CUT_DIGITS)
      cut(UNICODE_NUMBER, c->how, chars, n, marks);
  }
}
