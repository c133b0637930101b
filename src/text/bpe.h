/*
 * bpe.h - byte-pair encoding: a word's bytes, merged into vocabulary tokens.
 *
 * A model is the rank of every pair of tokens that may merge.  It is built
 * once and then never changes; all that changes while a word is merged is in
 * a BpeWork, whose memory is 8 bytes for each token of the longest word.
 */
#ifndef TEXT_BPE_H
#define TEXT_BPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "base/json.h"
#include "base/poll.h"
#include "text/vocab.h"

enum {
  BPE_MAX_MERGES = 1 << 22,
  BPE_MAX_COLLISIONS = 100, /* of pairs in the table; more is no accident */
  BPE_NO_RANK = -1,
  BPE_WHOLE_BYTES = 64 /* longer words are always merged anew */
};

typedef struct BpeMerge {
  int32_t left, right, merged; /* ids */
} BpeMerge;

typedef struct Bpe {
  const Vocab *vocab; /* borrowed */
  BpeMerge *merges;   /* owned, by rank */
  size_t n_merges, merges_room;
  int32_t *slots; /* owned, a power of two: ranks by pair, or BPE_NO_RANK */
  size_t mask;    /* slots - 1 */
  bool *whole;    /* owned, by id: its bytes merge into just this token */
  int32_t byte_ids[256];            /* of single bytes; -1: none */
  unsigned char characters[256][2]; /* their UTF-8; 0 where it is shorter */
  int32_t unk;                      /* for bytes without id; -1: drop them */
  bool fuse_unk;      /* neighbouring unknown bytes are one token */
  bool ignore_merges; /* a word that is a token stays whole */
} Bpe;

/* Looks up the bytes; the options are for the caller to set before
 * bpe_index. */
void bpe_init(Bpe *m, const Vocab *vocab);
void bpe_clear(Bpe *m);

/* A merges.txt ("left right" a line, best first; "#version" lines count for
 * nothing), or the same as a JSON array of texts or of pairs. ERR_FORMAT names
 * the line or the index. */
int bpe_read_lines(Bpe *m, const char *text, size_t bytes, Error *err);
int bpe_read_list(Bpe *m, const cJSON *list, Error *err);

/* Builds the tables; afterwards nothing may be added. ERR_UNSUPPORTED:
 * ignore_merges with a token of more than BPE_WHOLE_BYTES. */
int bpe_index(Bpe *m, Error *err);

/* A token while bytes are merged, at the index of its first byte. */
typedef struct BpeSymbol {
  int32_t id;          /* -1: merged into the one before, or the end */
  uint32_t next, back; /* indices of its neighbours */
} BpeSymbol;

typedef struct BpeChunk {
  BpeSymbol *symbols; /* owned */
  size_t symbols_room;
  uint64_t *queue; /* owned: a heap of rank << 32 | index of the left token */
  size_t n_queue, queue_room;
  uint32_t first; /* index of the first token */
} BpeChunk;

typedef struct BpePiece {
  int32_t id;
  uint32_t end; /* it begins where the one before ends */
} BpePiece;

typedef struct BpeWork {
  BpeChunk chunk, seam;
  BpePiece *pieces; /* owned: the result */
  size_t n_pieces, pieces_room;
} BpeWork;

/* All zero is empty. */
void bpe_work_clear(BpeWork *w);

/*
 * The token that a word is as a whole, or -1 where it must be split.  Quick:
 * most words of a text are one token.
 */
int32_t bpe_whole(const Bpe *m, const char *bytes, size_t n);

/* Splits n bytes into w->pieces. ERR_NOMEM, ERR_RANGE (2^31 bytes),
 * ERR_INTERRUPT. */
int bpe_split(const Bpe *m, BpeWork *w, const char *bytes, size_t n,
              const Poll *poll, Error *err);

#endif
