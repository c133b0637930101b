/*
 * tokenizer.c - the tokenizer as callers see it: reading along a text, and
 * what it knows of its tokens.
 *
 * In:  a Tokenizer and a text.
 * Out: tokens, at least as many as asked for.
 *
 * A cursor is a place in a text and a few numbers; all state that lasts longer
 * than a call is in it.  Working memory is taken at the start of a call and
 * given back at its end, so cursors need no closing.
 *
 * Nothing here depends on the kind of tokenizer: a kind is a row of functions
 * (Pieces), at the end of bert.c and of byte_level.c.
 */
#include "text/tokenizer_inside.h"

#include "base/memory.h"

enum { COUNT_STEP = 4096 }; /* tokens held while counting */

void tokenizer_free(Tokenizer *t) {
  if (!t)
    return;
  wordpiece_clear(&t->wordpiece);
  bpe_clear(&t->bpe);
  added_clear(&t->added);
  vocab_clear(&t->vocab);
  sequence_free(t->sequence);
  mem_free(t);
}

size_t tokenizer_size(const Tokenizer *t) {
  size_t added = (size_t)t->added.next_id;
  return added > t->vocab.n_ids ? added : t->vocab.n_ids;
}

size_t tokenizer_model_max(const Tokenizer *t) {
  return t->model_max;
}

const char *tokenizer_note(const Tokenizer *t) {
  return *t->note ? t->note : NULL;
}

bool tokenizer_marks_pieces(const Tokenizer *t) {
  return !t->bpe.vocab && t->wordpiece.n_prefix > 0;
}

SpecialIds tokenizer_special(const Tokenizer *t) {
  return t->special;
}

int32_t tokenizer_id(const Tokenizer *t, const char *text, size_t bytes) {
  int32_t id = vocab_find(&t->vocab, text, bytes);
  if (id >= 0)
    return id;
  const AddedToken *added = added_find(&t->added, text, bytes);
  return added ? added->id : -1;
}

const char *tokenizer_token(const Tokenizer *t, int32_t id, size_t *bytes) {
  const char *text = vocab_text(&t->vocab, id, bytes);
  if (text)
    return text;
  const AddedToken *added = added_by_id(&t->added, id);
  if (!added)
    return NULL;
  *bytes = added->bytes;
  return added->text;
}

int tokenizer_begin(const Tokenizer *t, const char *text, size_t bytes,
                    TextCursor *out, Error *err) {
  *out = (TextCursor){.tokenizer = t, .text = text, .bytes = bytes};
  if (bytes > INT32_MAX)
    return fail(err, ERR_RANGE, "a text of %zu bytes is longer than %d", bytes,
                INT32_MAX);
  out->done = bytes == 0;
  return OK;
}

int cursor_poll(TextCursor *c, const Poll *poll, Error *err) {
  if (c->at < c->poll_at)
    return OK;
  c->poll_at = c->at + POLL_BYTES;
  return poll_check(poll, err);
}

static int read_on(TextCursor *c, size_t n, const Poll *poll, size_t *count,
                   Encoding *out, Error *err) {
  const Pieces *pieces = c->tokenizer->pieces;
  size_t before = out->n;
  if (c->done || n == 0)
    return OK;
  Work work = {pieces->work(c->tokenizer), poll, count};
  if (!work.memory)
    return fail_memory(err);
  int rc = OK;
  while (rc == OK && !c->done && out->n - before < n)
    rc = pieces->next(c, &work, out, err);
  pieces->end(work.memory);
  return rc;
}

int tokenizer_next(TextCursor *c, size_t n, const Poll *poll, Encoding *out,
                   Error *err) {
  return read_on(c, n, poll, NULL, out, err);
}

int tokenizer_count(const Tokenizer *t, const char *text, size_t bytes,
                    const Poll *poll, size_t *out, Error *err) {
  TextCursor c;
  Encoding part = {0};
  *out = 0;
  int rc = tokenizer_begin(t, text, bytes, &c, err);
  while (rc == OK && !c.done) {
    rc = read_on(&c, COUNT_STEP, poll, out, &part, err);
    *out += part.n;
    part.n = 0;
  }
  encoding_clear(&part);
  return rc;
}
