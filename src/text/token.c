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

int encoding_reserve(Encoding *e, size_t n, Error *err) {
  size_t needed;
  if (!size_add(e->n, n, &needed) ||
      mem_reserve(&e->tokens, &e->capacity, needed, sizeof *e->tokens))
    return fail_memory(err);
  return OK;
}

void encoding_drop(Encoding *e, size_t n) {
  n = n < e->n ? n : e->n;
  if (n == 0)
    return;
  e->n -= n;
  memmove(e->tokens, e->tokens + n, e->n * sizeof *e->tokens);
}
