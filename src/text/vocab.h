/*
 * vocab.h - the tokens of a vocabulary, by id and by text.
 *
 * One copy of the text, an array of places by id, and an open-addressing table
 * from a text's hash to its id.  The hash is a polynomial, so that the hash of
 * any part of a word comes from those of its prefixes in one step:
 *
 *     hash(text[i..j)) = H[j] - H[i] * B^(j-i)         (mod 2^64)
 *
 * Built once, then never changed; any number of threads may read.
 */
#ifndef TEXT_VOCAB_H
#define TEXT_VOCAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

enum {
  VOCAB_MAX_TOKENS = 1 << 24,
  VOCAB_MAX_HOLES = 1 << 20,  /* ids without a token below the highest */
  VOCAB_MAX_BYTES = 64 << 20, /* of a file */
  VOCAB_MAX_COLLISIONS = 1000 /* more is no accident */
};

typedef struct VocabPlace {
  uint32_t at, bytes; /* in text; at UINT32_MAX: no such id */
} VocabPlace;

typedef struct VocabSlot {
  uint32_t check; /* upper half of the mixed hash */
  int32_t id;     /* -1: empty */
} VocabSlot;

typedef struct Vocab {
  char *text;         /* owned, every token once */
  VocabPlace *places; /* owned, by id */
  VocabSlot *slots;   /* owned, a power of two */
  size_t text_bytes, text_room;
  size_t n_ids, ids_room; /* 1 + the highest id */
  size_t n_tokens;        /* ids that have a token */
  size_t mask;            /* slots - 1 */
  size_t longest;         /* bytes of the longest token */
} Vocab;

/* All zero is an empty Vocab. */
void vocab_clear(Vocab *v);

/* A vocab.txt: a token a line, its id is the line's number from 0. CR, LF and
 * CRLF end lines; of equal lines the last has the text. ERR_FORMAT (with the
 * line), ERR_RANGE (too large), ERR_NOMEM. */
int vocab_read_lines(Vocab *v, const char *text, size_t bytes, Error *err);

/* Token by token, then vocab_index. ERR_FORMAT: the id is taken or too high. */
int vocab_put(Vocab *v, int64_t id, const char *text, size_t bytes, Error *err);
int vocab_index(Vocab *v, Error *err);

/* -1: no such token. Before vocab_index there is none. */
int32_t vocab_find(const Vocab *v, const char *text, size_t bytes);

/* NULL: no such id. Borrowed, not ended by a 0. */
const char *vocab_text(const Vocab *v, int32_t id, size_t *bytes);

#define VOCAB_BASE 0x9e3779b97f4a7c15ull

static inline uint64_t vocab_hash_more(uint64_t hash, unsigned char byte) {
  return hash * VOCAB_BASE + byte + 1;
}
uint64_t vocab_hash(uint64_t hash, const char *text, size_t bytes);

/* The token whose text is `head` followed by `tail` and has this hash. */
int32_t vocab_find_hashed(const Vocab *v, uint64_t hash, const char *head,
                          size_t n_head, const char *tail, size_t n_tail);

#endif
