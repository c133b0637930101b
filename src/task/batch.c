/*
 * batch.c - inputs of a model side by side, so many as go through it at once.
 *
 * In:  tokens, appended to the batch's own list, and whose they are.
 * Out: runs of the task over items that are together BATCH_TOKENS tokens or
 *      fewer (its own room where no item is longer than SHORT_TOKENS), or a
 *      single longer one.
 *
 *     tokens  [CLS] a [SEP] | [CLS] b b [SEP] | [CLS] c ...
 *     items        3                 4             pending
 *     owners       0                 1
 *
 * Tokens are written where they will be read, so only then is it known whether
 * they still fit; an item that does not waits for the next run and is moved to
 * the front.  No item is empty, so there are never more of them than tokens fit
 * and one, whatever the texts are.
 *
 * A run that fails over one of many texts is repeated item by item: the text
 * that is to blame is found, and the others have their results.
 */
#include "task/batch.h"

#include <string.h>
#include "base/memory.h"

static bool is_own(int rc) {
  return rc == ERR_RANGE || rc == ERR_FORMAT;
}

int batch_judge(const Batch *b, size_t owner, int rc, const Error *own,
                Error *err) {
  if (rc == OK)
    return OK;
  if (!is_own(rc))
    return fail(err, rc, "%s", own->message);
  b->blame(b->task, owner, rc, own);
  return OK;
}

/* Items [0, n) are where their tokens are now, which may have moved. */
static void point_items(Batch *b, size_t n) {
  const Token *tokens = b->tokens.tokens;
  for (size_t i = 0; i < n; tokens += b->items[i++].n)
    b->items[i].tokens = tokens;
}

/* The first n items go, the others and what is pending move up. */
static void drop_items(Batch *b, size_t n) {
  size_t tokens = 0, left = b->n - n;
  for (size_t i = 0; i < n; i++)
    tokens += b->items[i].n;
  encoding_drop(&b->tokens, tokens);
  b->n_tokens -= tokens;
  memmove(b->items, b->items + n, left * sizeof *b->items);
  memmove(b->owners, b->owners + n, left * sizeof *b->owners);
  b->n = left;
  b->longest = 0;
  for (size_t i = 0; i < left; i++)
    b->longest = b->items[i].n > b->longest ? b->items[i].n : b->longest;
}

static int run_each(Batch *b, size_t n, Error *err) {
  int rc = OK;
  for (size_t i = 0; i < n && rc == OK; i++) {
    Error own;
    rc = b->run(b->task, &b->items[i], &b->owners[i], 1, &own);
    rc = batch_judge(b, b->owners[i], rc, &own, err);
  }
  return rc;
}

static int run_items(Batch *b, size_t n, Error *err) {
  Error own;
  if (n == 0)
    return OK;
  point_items(b, n);
  int rc = b->run(b->task, b->items, b->owners, n, &own);
  if (n > 1 && is_own(rc))
    rc = run_each(b, n, err);
  else
    rc = batch_judge(b, b->owners[0], rc, &own, err);
  drop_items(b, n);
  return rc;
}

static size_t room(const Batch *b) {
  if (b->longest > SHORT_TOKENS)
    return BATCH_TOKENS;
  return b->room ? b->room : SHORT_BATCH_TOKENS;
}

int batch_add(Batch *b, size_t owner, Error *err) {
  size_t n = batch_pending(b);
  if (n == 0)
    return OK;
  if (mem_reserve(&b->items, &b->items_capacity, b->n + 1, sizeof *b->items) ||
      mem_reserve(&b->owners, &b->owners_capacity, b->n + 1, sizeof *b->owners))
    return fail_memory(err);
  b->items[b->n] = (Sequence){.n = n};
  b->owners[b->n++] = owner;
  b->n_tokens += n;
  b->longest = n > b->longest ? n : b->longest;
  return b->n_tokens <= room(b) ? OK : run_items(b, b->n - 1, err);
}

void batch_undo(Batch *b) {
  b->tokens.n = b->n_tokens;
}

int batch_flush(Batch *b, Error *err) {
  return run_items(b, b->n, err);
}

void batch_empty(Batch *b) {
  b->tokens.n = b->n_tokens = b->n = b->longest = 0;
}

void batch_clear(Batch *b) {
  encoding_clear(&b->tokens);
  mem_free(b->items);
  mem_free(b->owners);
  b->items = NULL;
  b->owners = NULL;
  b->n = b->n_tokens = b->longest = b->items_capacity = b->owners_capacity = 0;
}
