/*
 * fuzz_tokenizer_json.c - any bytes as a checkpoint's tokenizer files.
 *
 * The input is up to four texts with a NUL between: tokenizer.json,
 * tokenizer_config.json, special_tokens_map.json, added_tokens.json, and a text
 * to read.  What is accepted reads that text: ids exist, offsets stay in it and
 * do not overlap, words are numbered in order, steps of one token give the
 * same, and the ids decode to UTF-8.
 */
#include <string.h>
#include "fuzz.h"
#include "parts.h"
#include "base/memory.h"
#include "text/tokenizer_inside.h"
#include "base/utf8.h"

/* Tokens of words do not overlap, but for parts of a character. */
static void check_neighbours(const Token *last, const Token *token) {
  REQUIRE(token->byte_start < token->byte_end && token->start < token->end);
  if (!last)
    return;
  REQUIRE(token->word >= last->word && token->word <= last->word + 1);
  REQUIRE(token->byte_start >= last->byte_end ||
          (token->word == last->word && token->start == last->end - 1));
}

static void check_tokens(const Tokenizer *t, const Encoding *e, size_t size) {
  const Token *last = NULL;
  for (size_t i = 0; i < e->n; i++) {
    const Token *token = &e->tokens[i];
    size_t bytes;
    REQUIRE(token->id >= 0 && (size_t)token->id < tokenizer_size(t));
    if (token->special)
      continue;
    REQUIRE(tokenizer_token(t, token->id, &bytes));
    REQUIRE(token->byte_end <= size && token->start <= token->byte_start);
    if (t->pieces == &pieces_bert)
      check_neighbours(last, token);
    else /* spaces may be trimmed away, and words without tokens */
      REQUIRE(token->byte_start <= token->byte_end &&
              token->start <= token->end &&
              (!last || token->word >= last->word));
    last = token;
  }
}

static void check_decode(const Tokenizer *t, const Encoding *e) {
  int32_t *ids = malloc((e->n + 1) * sizeof *ids);
  char *text;
  size_t bytes;
  for (size_t i = 0; i < e->n; i++)
    ids[i] = e->tokens[i].id;
  for (int skip = 0; skip < 2; skip++) {
    REQUIRE(tokenizer_decode(t, ids, e->n, skip, &text, &bytes, NULL) == OK);
    REQUIRE(text[bytes] == 0 && utf8_is_valid(text, bytes));
    mem_free(text);
  }
  free(ids);
}

static void read_text(const Tokenizer *t, const char *text, size_t size) {
  Encoding whole = {0}, steps = {0};
  TextCursor c;
  EncodeText one = {text, size}, none = {NULL, 0};
  Error err;
  REQUIRE(tokenizer_encode(t, one, none, TRUNCATE_NOT, 0, NULL, &whole, NULL,
                           &err) == OK);
  check_tokens(t, &whole, size);
  check_decode(t, &whole);
  REQUIRE(tokenizer_begin(t, text, size, &c, &err) == OK);
  while (!c.done)
    REQUIRE(tokenizer_next(&c, 1, NULL, &steps, &err) == OK);
  REQUIRE(c.at == size);
  REQUIRE(whole.n == steps.n + tokenizer_n_added(t, false));
  encoding_clear(&whole);
  encoding_clear(&steps);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *at = (const char *)data, *end = at + size;
  Tokenizer *t = NULL;
  Error err = {""};
  TokenizerFiles files = {0};
  files.tokenizer_json = part(&at, end);
  files.tokenizer_config = part(&at, end);
  files.special_tokens_map = part(&at, end);
  files.added_tokens = part(&at, end);
  int rc = tokenizer_open(TOKENIZER_WORDPIECE, &files, &t, &err);
  REQUIRE((rc == OK) == (t != NULL) && (rc == OK) == !err.message[0]);
  if (t) {
    SpecialIds ids = tokenizer_special(t);
    REQUIRE(ids.cls >= 0 && ids.sep >= 0);
    REQUIRE(ids.unk >= 0 || t->pieces != &pieces_bert);
    read_text(t, "Hello [MASK] w\xc3\xb6rld! <a> b", 26);
    read_text(t, at, (size_t)(end - at));
  }
  tokenizer_free(t);
  return 0;
}
