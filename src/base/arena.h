/*
 * arena.h - one block a call, handed out in 64-byte aligned pieces.
 *
 * The size is computed before the first operation; inside the encoder nothing
 * is allocated.  Two passes over the same code keep both in step: an Arena
 * with no block only counts ("measure"), one with a block hands out.
 *
 *     Arena a = {0};                  // measuring
 *     layout(&a);                     // arena_take returns NULL, adds up
 *     arena_open(&a, err);            // one allocation of a.used bytes
 *     layout(&a);                     // the same takes, now with memory
 *     ...
 *     arena_close(&a);
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>
#include "error.h"

typedef struct Arena {
  void *block;         /* owned; NULL while measuring */
  unsigned char *base; /* the first 64-byte border in block */
  size_t size;         /* bytes from base on */
  size_t used;
  int overflow; /* a take did not fit: set while measuring or by a bug */
} Arena;

/* bytes rounded up to 64; NULL while measuring, or when it does not fit. */
void *arena_take(Arena *arena, size_t bytes);
void *arena_array(Arena *arena, size_t count, size_t size);

/* Allocates what was measured and starts over. ERR_NOMEM, ERR_RANGE. */
int arena_open(Arena *arena, Error *err);
void arena_close(Arena *arena);

#endif
