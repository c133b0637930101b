/*
 * memo.c - a short list of results, the latest used first.
 *
 * In:  keys and results of scalar functions.
 * Out: the same results, for as long as there is room.
 *
 * A list and no hash table: a result costs a millisecond or more to find,
 * walking all of the list 20 microseconds.  Memory is the host's
 * (base/memory.h); where there is none, a result is not kept, which is no
 * error.  It refuses nothing.
 */
#include "sql/memo.h"

#include <string.h>
#include "base/memory.h"

/* Puts an entry first; those before its old place move back by one. */
static void bring_first(Memo *memo, size_t at, MemoEntry entry) {
  memmove(memo->entries + 1, memo->entries, at * sizeof entry);
  memo->entries[0] = entry;
}

const void *memo_find(Memo *memo, const MemoKey *key, size_t *bytes) {
  for (size_t i = 0; i < memo->n; i++)
    if (memcmp(&memo->entries[i].key, key, sizeof *key) == 0) {
      bring_first(memo, i, memo->entries[i]);
      memo->used++;
      *bytes = memo->entries[0].bytes;
      return memo->entries[0].value;
    }
  return NULL;
}

void memo_keep(Memo *memo, const MemoKey *key, const void *value,
               size_t bytes) {
  if (bytes > MEMO_VALUE_MAX || mem_reserve(&memo->entries, &memo->capacity,
                                            memo->n + 1, sizeof *memo->entries))
    return;
  MemoEntry entry = {*key, mem_alloc(bytes), bytes};
  if (!entry.value)
    return;
  memcpy(entry.value, value, bytes);
  bring_first(memo, memo->n++, entry);
}

void memo_shrink(Memo *memo, size_t n) {
  while (memo->n > n)
    mem_free(memo->entries[--memo->n].value);
  if (n > 0)
    return;
  mem_free(memo->entries);
  memo->entries = NULL;
  memo->capacity = 0;
}
