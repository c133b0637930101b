/*
 * ahead.h - the items of a scan in batches that grow: one, two, four and so on,
 * so that LIMIT 1 costs what one item costs and a long list fills the machine.
 */
#ifndef SQL_AHEAD_H
#define SQL_AHEAD_H

#include <stdbool.h>
#include <stddef.h>

enum { AHEAD_MAX = 64 };

typedef struct Ahead {
  size_t total;    /* items of the scan */
  size_t limit;    /* of a batch, where an item is many inputs; 0: none */
  size_t first, n; /* those of this batch; n 0: before the first, or done */
  size_t at;       /* the current one, in the batch */
} Ahead;

/* To the next item of this batch; false: there is none. */
static inline bool ahead_step(Ahead *a) {
  return a->at < a->n && ++a->at < a->n;
}

/* Sets first, n and at of the next batch. */
static inline void ahead_batch(Ahead *a) {
  size_t most = a->n ? 2 * a->n : 1;
  size_t limit = a->limit && a->limit < AHEAD_MAX ? a->limit : AHEAD_MAX;
  a->first += a->n;
  a->n = a->total - a->first;
  most = most < limit ? most : limit;
  a->n = a->n < most ? a->n : most;
  a->at = 0;
}

#endif
