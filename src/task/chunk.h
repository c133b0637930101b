/*
 * chunk.h - a long text in pieces that a model reads whole.
 *
 *     chunker_open(tokenizer, text, &how, limit, poll, &c, err);
 *     while (chunker_next(c, &chunk, &more, err) == OK && more)
 *       ... text.text + chunk.byte_start ...
 *     chunker_close(c);
 */
#ifndef TASK_CHUNK_H
#define TASK_CHUNK_H

#include "text/tokenizer.h"

/* What a chunk consists of. One that is too long is cut at the next smaller
 * thing. */
typedef enum ChunkBoundary {
  CHUNK_TOKEN,
  CHUNK_WORD,
  CHUNK_SENTENCE
} ChunkBoundary;

typedef struct ChunkOptions {
  size_t max_tokens; /* of a chunk, the template's included */
  size_t overlap;    /* at most so many a chunk shares with the one before */
  ChunkBoundary boundary;
} ChunkOptions;

/* "token", "word" or "sentence"; ERR_RANGE lists them. */
int chunk_boundary(EncodeText name, ChunkBoundary *out, Error *err);

typedef struct Chunk {
  size_t byte_start, byte_end; /* in the text */
  uint32_t start, end;         /* the same in characters */
  size_t tokens;               /* of the chunk by itself, with the template */
} Chunk;

typedef struct Chunker Chunker;

/* ERR_RANGE: max_tokens beyond `limit` (what the model takes) or without room
 * for a token, an overlap that leaves none. All is borrowed. */
int chunker_open(const Tokenizer *t, EncodeText text, const ChunkOptions *how,
                 size_t limit, const Poll *poll, Chunker **out, Error *err);

/* The next chunk, if there are more. Each begins where the last one ended, or
 * before, and ends behind that. ERR_RANGE: not even a character fits. */
int chunker_next(Chunker *c, Chunk *out, bool *more, Error *err);
void chunker_close(Chunker *c); /* takes NULL */

#endif
