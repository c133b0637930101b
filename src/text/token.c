/*
 * token.c - a growing list of tokens.
 *
 * In:  tokens, one or many at a time.
 * Out: one array of them.
 *
 * The array grows by half, so that adding is cheap on average.  An Encoding
 * that is all zero is empty and owns nothing; encoding_clear brings it back
 * there from any state, also after a failed call.
 */
#include "text/token.h"

#include <string.h>
#include "base/memory.h"
#include "base/size.h"

void encoding_clear(Encoding *e) {
  mem_free(e->tokens);
  *e = (Encoding){0};
}

int encoding_add(Encoding *e, const Token *token, Error *err) {
  if (e->n == e->capacity &&
      mem_reserve(&e->tokens, &e->capacity, e->n + 1, sizeof *e->tokens))
    return fail_memory(err);
  e->tokens[e->n++] = *token;
  return OK;
}

int encoding_append(Encoding *e, const Encoding *other, Error *err) {
  size_t n;
  if (other->n == 0)
    return OK;
  if (!size_add(e->n, other->n, &n) ||
      mem_reserve(&e->tokens, &e->capacity, n, sizeof *e->tokens))
    return fail_memory(err);
  memcpy(e->tokens + e->n, other->tokens, other->n * sizeof *e->tokens);
  e->n = n;
  return OK;
}

void encoding_drop(Encoding *e, size_t n) {
  n = n < e->n ? n : e->n;
  if (n == 0)
    return;
  e->n -= n;
  memmove(e->tokens, e->tokens + n, e->n * sizeof *e->tokens);
}
