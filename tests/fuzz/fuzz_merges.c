/*
 * fuzz_merges.c - any bytes as a vocab.json with its merges.txt.
 *
 * The input is four texts with a NUL between: vocab.json, merges.txt,
 * tokenizer_config.json, and a text to read.  What is accepted reads that
 * text: its tokens are what merging the best pair again and again gives,
 * counting and encoding agree, and where every byte has a token the ids decode
 * to the text.
 */
#include <string.h>
#include "fuzz.h"
#include "parts.h"
#include "base/memory.h"
#include "text/bytes.h"
#include "text/tokenizer_inside.h"
#include "base/utf8.h"

enum { MOST = 200 };

/* The rank of a pair, by looking at all of them; the last one counts. */
static int32_t rank_of(const Bpe *m, int32_t left, int32_t right) {
  int32_t found = -1;
  for (size_t i = 0; i < m->n_merges; i++)
    if (m->merges[i].left == left && m->merges[i].right == right)
      found = (int32_t)i;
  return found;
}

static size_t merge_slowly(const Bpe *m, const char *word, size_t n,
                           int32_t *ids) {
  size_t k = 0;
  for (size_t i = 0; i < n; i++) {
    int32_t id = m->byte_ids[(unsigned char)word[i]];
    id = id < 0 ? m->unk : id;
    if (id >= 0)
      ids[k++] = id;
  }
  for (;;) {
    int32_t best = -1;
    size_t at = 0;
    for (size_t i = 0; i + 1 < k; i++) {
      int32_t rank = rank_of(m, ids[i], ids[i + 1]);
      if (rank >= 0 && (best < 0 || rank < best)) {
        best = rank;
        at = i;
      }
    }
    if (best < 0)
      return k;
    ids[at] = m->merges[best].merged;
    k--;
    memmove(&ids[at + 1], &ids[at + 2], (k - at - 1) * sizeof *ids);
  }
}

/* The whole text as one word. */
static void check_split(const Bpe *m, const char *text, size_t n) {
  int32_t ids[MOST];
  BpeWork w = {0};
  if (m->n_merges > 1000)
    return;
  n = n < MOST ? n : MOST;
  size_t k = merge_slowly(m, text, n, ids);
  REQUIRE(bpe_split(m, &w, text, n, NULL, NULL) == OK);
  REQUIRE(w.n_pieces == k);
  for (size_t i = 0; i < k; i++)
    REQUIRE(w.pieces[i].id == ids[i] &&
            w.pieces[i].end > (i ? w.pieces[i - 1].end : 0));
  REQUIRE(k == 0 || w.pieces[k - 1].end == n);
  int32_t whole = bpe_whole(m, text, n);
  REQUIRE(whole < 0 || (k == 1 && ids[0] == whole));
  bpe_work_clear(&w);
}

/* Is decoding the way back? Added tokens stand for more than their bytes. */
static bool is_reversible(const Tokenizer *t) {
  for (int byte = 0; byte < 256; byte++)
    if (t->bpe.byte_ids[byte] < 0)
      return false;
  return !t->byte_level.prefix && !t->decoder.clean_text &&
         t->added.n == 2; /* <s> and </s> */
}

static void check_decode(const Tokenizer *t, const Encoding *e,
                         const char *text, size_t size) {
  int32_t *ids = malloc((e->n + 1) * sizeof *ids);
  char *back;
  size_t bytes;
  for (size_t i = 0; i < e->n; i++)
    ids[i] = e->tokens[i].id;
  REQUIRE(tokenizer_decode(t, ids, e->n, false, &back, &bytes, NULL) == OK);
  REQUIRE(utf8_is_valid(back, bytes));
  if (is_reversible(t) && utf8_is_valid(text, size))
    REQUIRE(bytes == size && memcmp(back, text, size) == 0);
  mem_free(back);
  free(ids);
}

static void check_text(const Tokenizer *t, const char *text, size_t size) {
  Encoding e = {0};
  TextCursor c;
  size_t n = 0;
  REQUIRE(tokenizer_begin(t, text, size, &c, NULL) == OK);
  while (!c.done)
    REQUIRE(tokenizer_next(&c, 1, NULL, &e, NULL) == OK);
  REQUIRE(c.at == size);
  REQUIRE(tokenizer_count(t, text, size, NULL, &n, NULL) == OK && n == e.n);
  for (size_t i = 0; i < e.n; i++) {
    const Token *token = &e.tokens[i];
    REQUIRE(token->id >= 0 && (size_t)token->id < tokenizer_size(t));
    REQUIRE(token->start <= token->end && token->byte_end <= size);
    REQUIRE(token->byte_start <= token->byte_end);
    REQUIRE(i == 0 || token->word >= e.tokens[i - 1].word);
  }
  check_decode(t, &e, text, size);
  encoding_clear(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *at = (const char *)data, *end = at + size;
  Tokenizer *t = NULL;
  Error err = {""};
  TokenizerFiles files = {0};
  files.vocab_json = part(&at, end);
  files.merges_txt = part(&at, end);
  files.tokenizer_config = part(&at, end);
  int rc = tokenizer_open(TOKENIZER_BYTE_BPE, &files, &t, &err);
  REQUIRE((rc == OK) == (t != NULL) && (rc == OK) == !err.message[0]);
  if (t) {
    check_text(t, at, (size_t)(end - at));
    check_split(&t->bpe, at, (size_t)(end - at));
  }
  tokenizer_free(t);
  return 0;
}
