/*
 * wordpiece.h - one word, and the vocabulary pieces it is split into.
 */
#ifndef TEXT_WORDPIECE_H
#define TEXT_WORDPIECE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "text/normalize.h"
#include "text/token.h"
#include "text/vocab.h"

enum { WORDPIECE_MAX_CHARS = 1000 }; /* a file may not ask for longer words */

typedef struct WordPiece {
  const Vocab *vocab; /* borrowed */
  char *prefix;       /* owned: "##" */
  size_t n_prefix;
  uint64_t prefix_hash;
  uint64_t *powers; /* owned: of VOCAB_BASE, up to a word's longest UTF-8 */
  size_t max_chars; /* longer words are unknown */
  int32_t unk;
} WordPiece;

/* Copies the prefix; clamps max_chars to 1 ... WORDPIECE_MAX_CHARS. */
int wordpiece_init(WordPiece *m, const Vocab *vocab, const char *prefix,
                   size_t max_chars, int32_t unk, Error *err);
void wordpiece_clear(WordPiece *m);

/* A character of a word after normalising, and where it came from. */
typedef struct Letter {
  uint32_t code;
  uint32_t start;     /* character offset; it ends one further */
  uint32_t byte;      /* byte offset */
  uint16_t at;        /* place in Word.text */
  uint8_t bytes, ccc; /* length in the original text; combining class */
  uint64_t hash;      /* of Word.text before it */
} Letter;

typedef struct Word {
  Letter *letters;     /* max_chars + 1, the last one marks the end */
  unsigned char *text; /* UTF-8 */
  size_t max_chars;
  size_t n;     /* letters stored: no more than max_chars */
  size_t count; /* letters seen */
  size_t run;   /* letters that marks to come do not pass */
  uint32_t start, end, byte_start, byte_end; /* of the whole word */
} Word;

/* One block for everything; mem_free(word) frees it. NULL: no memory. */
Word *word_new(const WordPiece *m);

/* Adds what a character of the original text became. */
void word_add(Word *w, const Normal *normal, uint32_t start, uint32_t byte,
              size_t bytes);

/* The same for one ASCII character that became `code`. */
static inline void word_add_ascii(Word *w, unsigned char code, uint32_t start,
                                  uint32_t byte) {
  if (w->count++ == 0) {
    w->start = start;
    w->byte_start = byte;
  }
  w->end = start + 1;
  w->byte_end = byte + 1;
  if (w->n < w->max_chars)
    w->letters[w->n++] = (Letter){code, start, byte, 0, 1, 0, 0};
}

/* Appends the word's tokens, or one unknown token, and empties the word. */
int wordpiece_split(const WordPiece *m, Word *w, int32_t index, Encoding *out,
                    Error *err);

#endif
