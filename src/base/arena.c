/*
 * arena.c - counts on the first pass, hands out on the second.
 */
#include "base/arena.h"

#include <stdint.h>
#include "base/memory.h"
#include "base/size.h"

enum { ALIGNMENT = 64 };

void *arena_take(Arena *arena, size_t bytes) {
  size_t room, end;
  if (!size_round_up(bytes, ALIGNMENT, &room) ||
      !size_add(arena->used, room, &end) ||
      (arena->block && end > arena->size)) {
    arena->overflow = 1;
    return NULL;
  }
  void *piece = arena->block ? arena->base + arena->used : NULL;
  arena->used = end;
  return piece;
}

void *arena_array(Arena *arena, size_t count, size_t size) {
  size_t bytes;
  if (!size_mul(count, size, &bytes)) {
    arena->overflow = 1;
    return NULL;
  }
  return arena_take(arena, bytes);
}

int arena_open(Arena *arena, Error *err) {
  size_t room;
  if (arena->overflow || !size_add(arena->used, ALIGNMENT, &room))
    return fail(err, ERR_RANGE, "input too large");
  arena->block = mem_alloc(room);
  if (!arena->block)
    return fail_memory(err);
  uintptr_t start = (uintptr_t)arena->block;
  uintptr_t border = (start + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1);
  arena->base = (unsigned char *)arena->block + (border - start);
  arena->size = arena->used;
  arena->used = 0;
  return OK;
}

void arena_close(Arena *arena) {
  mem_free(arena->block);
  *arena = (Arena){0};
}
