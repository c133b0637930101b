/*
 * window.h - a long text as overlapping windows, alone or each behind a whole
 * first text, with the template (truncation with overflow,
 * reference/tokenizers.md 8).
 *
 *     window size W = max_tokens - template - tokens of the first text
 *     windows start at 0, W - stride, 2 (W - stride), ...; the first that
 *     reaches the end of the text is the last
 *
 * Reads the text as it goes: memory is that of one window.
 */
#ifndef TEXT_WINDOW_H
#define TEXT_WINDOW_H

#include "text/tokenizer.h"

/* Tokens that neighbours share. One that yields becomes W / 2 where it is not
 * below W: a default, which nobody asked for. */
typedef struct Stride {
  size_t tokens;
  bool yields;
} Stride;

typedef struct Windows {
  const Tokenizer *tokenizer; /* borrowed */
  bool pair;                  /* there is a first text */
  Encoding first;             /* its tokens */
  Encoding ahead;             /* tokens read of the long text */
  TextCursor cursor;
  size_t size;     /* W */
  Stride stride;   /* as it takes effect */
  size_t position; /* index of ahead.tokens[0] in the long text */
  bool done;
} Windows;

/*
 * first.text NULL: the second text is alone. ERR_RANGE: the first text leaves
 * no room for a token, or a stride that does not yield is >= W while the text
 * needs a second window (both numbers are named).
 */
int windows_open(const Tokenizer *t, EncodeText first, EncodeText second,
                 size_t max_tokens, Stride stride, const Poll *poll,
                 Windows *out, Error *err);

/* Appends the next window to *out; *more false: none left, and nothing is
 * added. There is always at least one window, even of an empty text. */
int windows_next(Windows *w, const Poll *poll, Encoding *out, bool *more,
                 Error *err);
void windows_close(Windows *w);

#endif
