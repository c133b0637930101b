/*
 * fn_fts.c - a question as it was typed, as a query for FTS5.
 *
 *     SELECT title FROM docs_fts
 *      WHERE docs_fts MATCH distilbert_fts_query('Who wrote "Emma"?')
 *      ORDER BY rank LIMIT 20;
 *
 * In:  any text.
 * Out: its words, each in quotes, joined by OR:  "Who" OR "wrote" OR "Emma".
 *      Without any word "", a phrase of nothing, which no row matches.
 *
 * FTS5 has a query language, in which most questions are syntax errors; in
 * quotes everything is text.  A word is a run of letters, marks, digits and
 * underscores (UNICODE_WORD, the tables of the tokenizers); so no word holds a
 * quote, and one in the text comes to nothing.  FTS5's own tokenizer then
 * makes of each phrase what it made of the documents.  A word that was there
 * before, but for its case, is left out: FTS5 would count it twice.
 *
 * Time is linear in the text.  Where in its table a word goes depends on where
 * the table lies, so that no text can be made whose words all meet.
 */
#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "base/utf8.h"
#include "sql/call.h"
#include "sql/feature.h"
#include "unicode/unicode.h"
SQLITE_EXTENSION_INIT3

enum { POLL_STEP = 1 << 12, FIRST_SLOTS = 64, WORD_EXTRA = 6 };

/* Bytes [at, at + n) of the text; n 0: none. */
typedef struct Word {
  uint32_t at, n;
} Word;

typedef struct Query {
  EncodeText text;
  Word *slots; /* owned: a table of the words so far, never full */
  size_t n_slots, n;
  char *out; /* owned */
  size_t used, room;
} Query;

/* The next word from *at on; n 0: there is none. */
static Word next_word(EncodeText t, size_t *at) {
  size_t start = *at;
  uint32_t code;
  for (size_t n; *at < t.bytes; *at += n) {
    n = utf8_decode(t.text, t.bytes, *at, &code);
    if (unicode_flags(code) & UNICODE_WORD)
      continue;
    if (*at > start)
      break;
    start = *at + n;
  }
  return (Word){(uint32_t)start, (uint32_t)(*at - start)};
}

/* The lower case of the character at text[*at], and steps over it. */
static uint64_t next_folded(EncodeText t, size_t *at) {
  uint32_t code, lower[UNICODE_MAX_EXPANSION] = {0};
  *at += utf8_decode(t.text, t.bytes, *at, &code);
  size_t n = unicode_lowercase(code, lower);
  return (uint64_t)lower[0] | (n > 1 ? (uint64_t)lower[1] << 32 : 0);
}

static bool is_same(EncodeText t, Word a, Word b) {
  size_t i = a.at, j = b.at, a_end = i + a.n, b_end = j + b.n;
  while (i < a_end && j < b_end)
    if (next_folded(t, &i) != next_folded(t, &j))
      return false;
  return i == a_end && j == b_end;
}

static uint64_t hash(const Query *q, Word w) {
  uint64_t h = (uint64_t)(uintptr_t)q->slots * 0x9e3779b97f4a7c15u;
  for (size_t at = w.at, end = at + w.n; at < end;) {
    h = (h ^ next_folded(q->text, &at)) * 0xff51afd7ed558ccdu;
    h ^= h >> 32;
  }
  return h;
}

/* Where a word is, or would be. */
static Word *find(const Query *q, Word w) {
  size_t i = (size_t)hash(q, w) & (q->n_slots - 1);
  while (q->slots[i].n && !is_same(q->text, q->slots[i], w))
    i = (i + 1) & (q->n_slots - 1);
  return &q->slots[i];
}

/* A table twice as large, when this one is half full. */
static int make_slots(Query *q, Error *err) {
  Query grown = *q;
  size_t bytes;
  if (q->n * 2 < q->n_slots)
    return OK;
  grown.n_slots = q->n_slots ? 2 * q->n_slots : FIRST_SLOTS;
  grown.slots = size_mul(grown.n_slots, sizeof *grown.slots, &bytes)
                    ? mem_zeroed(bytes)
                    : NULL;
  if (!grown.slots)
    return fail_memory(err);
  for (size_t i = 0; i < q->n_slots; i++)
    if (q->slots[i].n)
      *find(&grown, q->slots[i]) = q->slots[i];
  mem_free(q->slots);
  *q = grown;
  return OK;
}

static void put(Query *q, const char *bytes, size_t n) {
  memcpy(q->out + q->used, bytes, n);
  q->used += n;
}

static int add_word(Query *q, Word w, Error *err) {
  if (make_slots(q, err))
    return ERR_NOMEM;
  Word *slot = find(q, w);
  if (slot->n)
    return OK;
  *slot = w;
  if (mem_reserve(&q->out, &q->room, q->used + w.n + WORD_EXTRA, 1))
    return fail_memory(err);
  if (q->n++)
    put(q, " OR ", 4);
  put(q, "\"", 1);
  put(q, q->text.text + w.at, w.n);
  put(q, "\"", 1);
  return OK;
}

static int make_query(Query *q, const Poll *poll, Error *err) {
  int rc = OK;
  size_t at = 0, n_words = 0;
  for (Word w = next_word(q->text, &at); rc == OK && w.n;
       w = next_word(q->text, &at)) {
    rc = add_word(q, w, err);
    if (rc == OK && ++n_words % POLL_STEP == 0)
      rc = poll_check(poll, err);
  }
  if (rc == OK && !q->n && mem_reserve(&q->out, &q->room, 2, 1))
    rc = fail_memory(err);
  if (rc == OK && !q->n)
    put(q, "\"\"", 2);
  return rc;
}

static void fn_fts_query(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
  if (value_any_null(argv, argc))
    return;
  Call call;
  Error err;
  Query q = {0};
  call_begin_scalar(&call, "distilbert_fts_query", ctx);
  int rc = value_text(argv[0], &q.text, &err);
  rc = rc ? rc : make_query(&q, &call.run.poll, &err);
  call_end(&call);
  mem_free(q.slots);
  if (rc) {
    mem_free(q.out);
    call_fail(ctx, &call, rc, &err);
    return;
  }
  sqlite3_result_text64(ctx, q.out, q.used, mem_free, SQLITE_UTF8);
}

static const Scalar scalars[] = {
    {"distilbert_fts_query", 1, 1, PURE, 0, fn_fts_query, SAFE_ALWAYS},
};

const Feature fts_feature = {FEATURE_ROWS(scalars), NULL, 0};
