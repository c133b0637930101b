/*
 * window.c - a long text as overlapping windows, alone or beside a first text.
 *
 * In:  two texts or one, a limit and the number of tokens neighbours share.
 * Out: one window after the other, each with the first text and the template.
 *
 *     long text     0 1 2 3 4 5 6 7 8      W = 4, stride = 1
 *                   [-----]
 *                         [-----]
 *                               [-----]    reaches the end: the last one
 *
 * One token more than a window is always read ahead, which tells whether there
 * is a next one.
 *
 * Agrees with truncation with overflow (only_second of a pair) of the Hugging
 * Face tokenizers up to 0.22 (later ones lose windows).
 */
#include "text/window.h"

static int read_ahead(Windows *w, const Poll *poll, Error *err) {
  size_t want = w->size + 1;
  if (w->ahead.n >= want)
    return OK;
  return tokenizer_next(&w->cursor, want - w->ahead.n, poll, &w->ahead, err);
}

/* Without a first text a window is what the template leaves. */
static int set_size(Windows *w, size_t max_tokens, Error *err) {
  size_t added = tokenizer_n_added(w->tokenizer, false);
  if (max_tokens <= added)
    return fail(err, ERR_RANGE,
                "no room for a text in windows of %zu tokens, of which %zu are "
                "special",
                max_tokens, added);
  w->size = max_tokens - added;
  return OK;
}

/* The first text whole, which must leave room for a token. */
static int read_first(Windows *w, EncodeText first, size_t max_tokens,
                      const Poll *poll, Error *err) {
  TextCursor c;
  if (!w->pair)
    return set_size(w, max_tokens, err);
  size_t added = tokenizer_n_added(w->tokenizer, true);
  size_t room = max_tokens > added ? max_tokens - added : 0;
  int rc = tokenizer_begin(w->tokenizer, first.text, first.bytes, &c, err);
  if (rc == OK)
    rc = tokenizer_next(&c, room + 1, poll, &w->first, err);
  if (rc)
    return rc;
  if (w->first.n >= room)
    return fail(err, ERR_RANGE,
                "no room for a context in windows of %zu tokens: the question "
                "has %s%zu, and %zu are special",
                max_tokens, c.done ? "" : "more than ", w->first.n - !c.done,
                added);
  w->size = room - w->first.n;
  return OK;
}

static int check_stride(Windows *w, Error *err) {
  if (w->ahead.n <= w->size || w->stride.tokens < w->size)
    return OK;
  if (!w->stride.yields)
    return fail(err, ERR_RANGE,
                "a stride of %zu tokens is not less than the window's %zu",
                w->stride.tokens, w->size);
  w->stride.tokens = w->size / 2;
  return OK;
}

static int open_both(Windows *w, EncodeText first, EncodeText second,
                     size_t max_tokens, const Poll *poll, Error *err) {
  int rc = read_first(w, first, max_tokens, poll, err);
  if (rc == OK)
    rc = tokenizer_begin(w->tokenizer, second.text, second.bytes, &w->cursor,
                         err);
  if (rc == OK)
    rc = read_ahead(w, poll, err);
  return rc ? rc : check_stride(w, err);
}

int windows_open(const Tokenizer *t, EncodeText first, EncodeText second,
                 size_t max_tokens, Stride stride, const Poll *poll,
                 Windows *out, Error *err) {
  *out =
      (Windows){.tokenizer = t, .pair = first.text != NULL, .stride = stride};
  max_tokens = max_tokens < UINT32_MAX ? max_tokens : UINT32_MAX;
  int rc = open_both(out, first, second, max_tokens, poll, err);
  if (rc)
    windows_close(out);
  return rc;
}

int windows_next(Windows *w, const Poll *poll, Encoding *out, bool *more,
                 Error *err) {
  *more = !w->done;
  if (w->done)
    return OK;
  int rc = read_ahead(w, poll, err);
  if (rc)
    return rc;
  bool last = w->ahead.n <= w->size;
  size_t n = last ? w->ahead.n : w->size;
  TokenList texts[2] = {{w->first.tokens, w->first.n}, {0}};
  texts[w->pair] = (TokenList){w->ahead.tokens, n};
  rc = tokenizer_template(w->tokenizer, w->pair, texts, out, err);
  if (rc)
    return rc;
  w->done = last;
  if (!last) {
    encoding_drop(&w->ahead, w->size - w->stride.tokens);
    w->position += w->size - w->stride.tokens;
  }
  return OK;
}

void windows_close(Windows *w) {
  encoding_clear(&w->first);
  encoding_clear(&w->ahead);
  *w = (Windows){.done = true};
}
