/*
 * shown_tokens.h - a text's tokens as one line: "the@0-3/0 cat@4-7/1".
 *
 * token@start-end/word, offsets in characters, read a word a call, which is
 * the hardest way.  What does not fit is left out.
 */
#ifndef TESTS_SHOWN_TOKENS_H
#define TESTS_SHOWN_TOKENS_H

#include <stdio.h>
#include "check.h"
#include "text/tokenizer.h"

static char shown[8192]; /* the last show() */

static void show(const Tokenizer *t, const char *text, size_t bytes) {
  TextCursor c;
  Encoding e = {0};
  Error err = {"?"};
  size_t n = 0;
  shown[0] = 0;
  int rc = tokenizer_begin(t, text, bytes, &c, &err);
  while (rc == OK && !c.done)
    rc = tokenizer_next(&c, 1, NULL, &e, &err);
  CHECK(rc == OK, "%s", err.message);
  for (size_t i = 0; i < e.n && n < sizeof shown - 100; i++) {
    const Token *token = &e.tokens[i];
    size_t length = 0;
    const char *name = tokenizer_token(t, token->id, &length);
    n += (size_t)snprintf(shown + n, sizeof shown - n, "%s%.*s@%u-%u/%d",
                          i ? " " : "", (int)length, name, token->start,
                          token->end, (int)token->word);
  }
  encoding_clear(&e);
}

#endif
