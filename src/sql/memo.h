/*
 * memo.h - what a connection's functions and tables found lately.
 *
 * In a join SQLite asks for the embedding of one query again for each row, a
 * flattened sub-query for the answer of one row at each mention of its column,
 * and a plan of several scans for the same answers in each of them.  Results
 * are the same bits each time, so a kept one may stand for a new one.
 */
#ifndef SQL_MEMO_H
#define SQL_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  MEMO_TEXT_MAX = 1 << 16,  /* bytes of a text that is looked up */
  MEMO_VALUE_MAX = 1 << 19, /* bytes of a result that is kept */
  MEMO_BYTES_MAX = 1 << 22  /* bytes of all results that are kept */
};

/* SHA-256 over all that a result depends on. */
typedef struct MemoKey {
  unsigned char digest[32];
  bool off; /* nothing is looked up or kept under it */
} MemoKey;

typedef struct MemoEntry {
  MemoKey key;
  void *value; /* owned */
  size_t bytes;
} MemoEntry;

/* One connection's, used under its lock. Zero: empty. */
typedef struct Memo {
  MemoEntry *entries; /* owned; latest use first */
  size_t n, capacity;
  size_t bytes;          /* of all values */
  uint64_t hits, misses; /* of memo_find, but for keys that are off */
} Memo;

/* NULL: not there. Valid until the next call with this memo. */
const void *memo_find(Memo *memo, const MemoKey *key, size_t *bytes);

/* Keeps a copy as one of at most `room` results and MEMO_BYTES_MAX bytes;
 * without memory for it, nothing happens. */
void memo_keep(Memo *memo, const MemoKey *key, const void *value, size_t bytes,
               size_t room);

/* Forgets what was used longest ago, until n are left; with n 0 owns nothing.
 */
void memo_shrink(Memo *memo, size_t n);

#endif
