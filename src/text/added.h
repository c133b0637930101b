/*
 * added.h - added tokens: texts that are found before words are made, such as
 * [MASK].
 *
 * Two sets: those searched in the text as it is (normalized = false, all
 * special tokens of BERT), and those searched in the normalised text.  Each is
 * a sorted list in which a search narrows a range byte by byte, so that many
 * tokens cost no more than the longest one.
 */
#ifndef TEXT_ADDED_H
#define TEXT_ADDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "text/normalize.h"
#include "text/steps.h"
#include "text/vocab.h"

enum { ADDED_MAX = 1 << 14, ADDED_MAX_BYTES = 512 };

enum { ADDED_NO_ID = -1 };

typedef struct AddedFlags {
  bool single_word, lstrip, rstrip, normalized, special;
} AddedFlags;

typedef struct AddedToken {
  int32_t id;
  AddedFlags flags;
  char *text; /* owned */
  size_t bytes;
  char *pattern; /* owned: what is searched for */
  size_t n_pattern;
} AddedToken;

typedef struct AddedSet {
  uint32_t *order; /* owned: into Added.tokens, sorted by pattern */
  size_t n;
  bool begins[256]; /* the first byte of some pattern */
} AddedSet;

typedef struct Added {
  AddedToken *tokens; /* owned */
  size_t n, capacity;
  int32_t next_id; /* 1 + the highest id of any token */
  AddedSet raw, normalized;
} Added;

/* All zero is empty, but for next_id. */
void added_clear(Added *a);

/*
 * Adds a token, or replaces the flags of the one with this text. Its id is the
 * vocabulary's for the text, else the next free one; `id` is what the file
 * says, ADDED_NO_ID if nothing: ERR_FORMAT when that is another one.  An empty
 * text is ignored. ERR_RANGE: too long, too many.
 */
int added_put(Added *a, const Vocab *vocab, int64_t id, const char *text,
              AddedFlags flags, Error *err);

/* Builds the sets; afterwards nothing may be added. `steps` normalise in place
 * of `how`, if there are any (not NULL). */
int added_index(Added *a, const Normalizer *how, const Steps *steps,
                Error *err);

/* NULL: no such token. */
const AddedToken *added_find(const Added *a, const char *text, size_t bytes);
const AddedToken *added_by_id(const Added *a, int32_t id);

/* A search from one place on, fed byte by byte. */
typedef struct AddedSearch {
  const Added *added;
  const AddedSet *set;
  size_t low, high, depth; /* patterns that agree in `depth` bytes */
} AddedSearch;

AddedSearch added_search(const Added *a, const AddedSet *set);
/* False: no pattern goes on like this. */
bool added_feed(AddedSearch *s, unsigned char byte);
/* The token whose whole pattern was fed; NULL: none. */
const AddedToken *added_hit(const AddedSearch *s);

#endif
