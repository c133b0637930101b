/*
 * memo.c - a short list of results, the latest used first.
 *
 * In:  keys and results of functions and tables.
 * Out: the same results, for as long as there is room.
 *
 * A list and no hash table: a result costs half a millisecond or more to find,
 * walking a list of some hundred entries half a microsecond.  Memory is the
 * host's (base/memory.h); where there is none, a result is not kept, which is
 * no error.  It refuses nothing.
 */
#include "sql/memo.h"

#include <string.h>
#include "base/memory.h"

/* Digests are as good as random, so eight bytes tell nearly all apart. */
static bool is_key(const MemoEntry *e, const MemoKey *key, uint64_t start) {
  uint64_t own;
  memcpy(&own, e->key.digest, sizeof own);
  return own == start &&
         memcmp(e->key.digest, key->digest, sizeof key->digest) == 0;
}

/* Puts an entry first; those before its old place move back by one. */
static void bring_first(Memo *memo, size_t at, MemoEntry entry) {
  memmove(memo->entries + 1, memo->entries, at * sizeof entry);
  memo->entries[0] = entry;
}

const void *memo_find(Memo *memo, const MemoKey *key, size_t *bytes) {
  uint64_t start;
  if (key->off)
    return NULL;
  memcpy(&start, key->digest, sizeof start);
  for (size_t i = 0; i < memo->n; i++)
    if (is_key(&memo->entries[i], key, start)) {
      bring_first(memo, i, memo->entries[i]);
      memo->hits++;
      *bytes = memo->entries[0].bytes;
      return memo->entries[0].value;
    }
  memo->misses++;
  return NULL;
}

static void drop_last(Memo *memo) {
  MemoEntry *last = &memo->entries[--memo->n];
  memo->bytes -= last->bytes;
  mem_free(last->value);
}

void memo_keep(Memo *memo, const MemoKey *key, const void *value, size_t bytes,
               size_t room) {
  if (key->off || room == 0 || bytes > MEMO_VALUE_MAX)
    return;
  memo_shrink(memo, room);
  while (memo->n == room || memo->bytes + bytes > MEMO_BYTES_MAX)
    drop_last(memo);
  if (mem_reserve(&memo->entries, &memo->capacity, memo->n + 1,
                  sizeof *memo->entries))
    return;
  MemoEntry entry = {*key, mem_alloc(bytes), bytes};
  if (!entry.value)
    return;
  if (bytes > 0) /* no answers: value may be NULL */
    memcpy(entry.value, value, bytes);
  memo->bytes += bytes;
  bring_first(memo, memo->n++, entry);
}

void memo_shrink(Memo *memo, size_t n) {
  while (memo->n > n)
    drop_last(memo);
  if (n > 0)
    return;
  mem_free(memo->entries);
  memo->entries = NULL;
  memo->capacity = 0;
}
