/*
 * memory.c - the host's allocator for everything but weights.
 *
 * The only file below src/sql that knows SQLite: sqlite3_malloc64 honours
 * heap limits and fault injection.  A single block above 2^31 bytes is refused
 * by SQLite itself.  Weights come from mmap, in huge pages where the system
 * has them (a DistilBERT-base is 265 MB: 65,000 small pages to fault in).
 */
#include "base/memory.h"

#include <stdint.h>
#include <string.h>
#ifndef _WIN32
#include <sys/mman.h>
#endif
#include "sqlite3ext.h"
#include "base/error.h"
#include "base/size.h"
SQLITE_EXTENSION_INIT3

enum { HUGE_PAGE = 2 << 20 };

void *mem_alloc(size_t bytes) {
  return sqlite3_malloc64(bytes ? bytes : 1);
}

void *mem_zeroed(size_t bytes) {
  void *block = mem_alloc(bytes);
  return block ? memset(block, 0, bytes) : NULL;
}

void *mem_array(size_t count, size_t size) {
  size_t bytes;
  return size_mul(count, size, &bytes) ? mem_alloc(bytes) : NULL;
}

void *mem_resize(void *block, size_t bytes) {
  return sqlite3_realloc64(block, bytes ? bytes : 1);
}

void mem_free(void *block) {
  sqlite3_free(block);
}

char *mem_text(const char *text, size_t bytes) {
  size_t room;
  char *copy = size_add(bytes, 1, &room) ? mem_alloc(room) : NULL;
  if (!copy)
    return NULL;
  memcpy(copy, text, bytes);
  copy[bytes] = 0;
  return copy;
}

/* The caller's pointer has a type of its own: it is copied, not aliased. */
int mem_reserve(void *items, size_t *capacity, size_t needed, size_t size) {
  if (needed <= *capacity)
    return OK;
  size_t room, bytes;
  void *block;
  if (!size_add(*capacity, *capacity / 2, &room))
    return ERR_NOMEM;
  room = room < needed ? needed : room;
  room = room < 16 ? 16 : room;
  if (!size_mul(room, size, &bytes))
    return ERR_NOMEM;
  memcpy(&block, items, sizeof block);
  block = mem_resize(block, bytes);
  if (!block)
    return ERR_NOMEM;
  memcpy(items, &block, sizeof block);
  *capacity = room;
  return OK;
}

#ifndef _WIN32 /* machine_windows.c */
/* Gives back what lies outside [start, start + bytes) of a mapping. */
static void trim(char *block, size_t mapped, char *start, size_t bytes) {
  size_t before = (size_t)(start - block), after = mapped - before - bytes;
  if (before)
    munmap(block, before);
  if (after)
    munmap(start + bytes, after);
}

/* Huge pages need the block to begin on their border. */
void *pages_alloc(size_t bytes) {
  size_t room, mapped;
  if (!size_round_up(bytes ? bytes : 1, HUGE_PAGE, &room) ||
      !size_add(room, HUGE_PAGE, &mapped))
    return NULL;
  char *block = mmap(NULL, mapped, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED)
    return NULL;
  char *start = block + (HUGE_PAGE - (uintptr_t)block % HUGE_PAGE) % HUGE_PAGE;
  trim(block, mapped, start, room);
#ifdef MADV_HUGEPAGE
  madvise(start, room, MADV_HUGEPAGE);
#endif
  return start;
}

void pages_free(void *block, size_t bytes) {
  size_t room;
  if (block && size_round_up(bytes ? bytes : 1, HUGE_PAGE, &room))
    munmap(block, room);
}
#endif
