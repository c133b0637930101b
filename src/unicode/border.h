/*
 * border.h - where a text may be cut: between graphemes, words, sentences.
 *
 *     border_begin(&s, text, bytes);
 *     while (s.at < bytes)
 *       if (border_step(&s) >= BORDER_WORD)
 *         ... one word ends, and the next one begins, at s.at ...
 *
 * A scan is a plain value: a copy of it goes on from where it is.
 */
#ifndef UNICODE_BORDER_H
#define UNICODE_BORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is between two characters; each is all that stand before it, too. */
typedef enum Border {
  BORDER_NONE,     /* both are of one grapheme cluster */
  BORDER_GRAPHEME, /* extended ones, of Unicode's annex 29 */
  BORDER_WORD,     /* white space ends */
  BORDER_SENTENCE  /* and a sentence; so does the text */
} Border;

typedef struct BorderScan {
  const char *text; /* borrowed: any bytes */
  size_t bytes;
  size_t at;      /* byte position of the next character */
  uint32_t chars; /* characters before it */
  uint32_t code;  /* itself, of `length` bytes; at the end nothing */
  uint8_t length;
  uint8_t sentence; /* how far the end of one has been read */
  bool blank;       /* its cluster is white space */
  bool begun;       /* some cluster so far is not */
  int32_t cluster;  /* utf8proc's state */
} BorderScan;

/* At the start of a text. */
void border_begin(BorderScan *s, const char *text, size_t bytes);

/* Moves over the next character (there is one); what is behind it. */
Border border_step(BorderScan *s);

#endif
