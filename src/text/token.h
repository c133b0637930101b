/*
 * token.h - tokens, and the list of them that a model reads.
 *
 * Offsets are half-open and refer to the original text: `start`/`end` count
 * characters (Unicode scalar values, an ill-formed sequence counting as one
 * U+FFFD), `byte_start`/`byte_end` bytes, so that an answer can be cut out
 * without counting again.  Template tokens have offsets (0,0), no word and
 * sequence -1, as in the Hugging Face library.
 */
#ifndef TEXT_TOKEN_H
#define TEXT_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

typedef struct Token {
  int32_t id;
  int32_t word; /* index of its word in its sequence; -1: none */
  uint32_t start, end;
  uint32_t byte_start, byte_end;
  int8_t sequence; /* 0, 1; -1: from the template */
  int8_t type;     /* token_type_id */
  bool special;    /* from the template (special_tokens_mask) */
} Token;

typedef struct Encoding {
  Token *tokens; /* owned */
  size_t n, capacity;
} Encoding;

/* Some of them, borrowed. */
typedef struct TokenList {
  const Token *tokens;
  size_t n;
} TokenList;

/* All zero is an empty Encoding. */
void encoding_clear(Encoding *e); /* frees, and leaves it empty */
int encoding_add(Encoding *e, const Token *token, Error *err);

/* Makes room for n more. */
int encoding_reserve(Encoding *e, size_t n, Error *err);

/* Takes the first n tokens away. */
void encoding_drop(Encoding *e, size_t n);

#endif
