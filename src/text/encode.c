/*
 * encode.c - one text or a pair, cut to a limit, with its template.
 *
 * In:  texts, a limit that counts template tokens, how to cut.
 * Out: the tokens a model reads.
 *
 * With M tokens left for texts of a and b tokens:
 *
 *     only_first, only_second   that text gets M minus the other
 *     longest_first             the shorter one, s <= l, stays whole while
 *                               s + max(s, M - s) <= M; else it gets
 *                               floor(M / 2), the other the rest
 *
 * No text is read further than needed to decide that: the limit and a token
 * more.  Only where both texts exceed an odd M, which of them is the longer
 * decides about one token, and both are counted on until one ends.
 *
 * Agrees with truncate_encodings of the Hugging Face tokenizers (0.22) and
 * with their template post-processor.
 */
#include "base/size.h"
#include "text/tokenizer_inside.h"

enum { COUNT_STEP = 4096 }; /* tokens held while counting on */

size_t tokenizer_n_added(const Tokenizer *t, bool pair) {
  return template_n_added(pair ? &t->pair : &t->single);
}

static void put_text(TokenList text, TemplateItem item, Encoding *out) {
  for (size_t i = 0; i < text.n; i++) {
    Token *token = &out->tokens[out->n++];
    *token = text.tokens[i];
    token->sequence = item.text;
    token->type = item.type;
  }
}

int tokenizer_template(const Tokenizer *t, bool pair, const TokenList texts[2],
                       Encoding *out, Error *err) {
  const Template *form = pair ? &t->pair : &t->single;
  size_t n;
  if (!size_add(texts[0].n, pair ? texts[1].n : 0, &n) ||
      !size_add(n, form->n, &n))
    return fail_memory(err);
  int rc = encoding_reserve(out, n, err);
  for (size_t i = 0; i < form->n && rc == OK; i++) {
    TemplateItem item = form->items[i];
    if (item.text >= 0)
      put_text(texts[item.text], item, out);
    else
      out->tokens[out->n++] = (Token){.id = item.id,
                                      .word = -1,
                                      .sequence = -1,
                                      .type = item.type,
                                      .special = true};
  }
  return rc;
}

/* A text being read, and the tokens of it so far. */
typedef struct Side {
  TextCursor cursor;
  Encoding tokens;
} Side;

typedef struct Pair {
  Side side[2];
  const Poll *poll;
} Pair;

/* Reads a side until it has n tokens or ends. */
static int read_to(Pair *p, int i, size_t n, Error *err) {
  Side *s = &p->side[i];
  if (s->tokens.n >= n)
    return OK;
  return tokenizer_next(&s->cursor, n - s->tokens.n, p->poll, &s->tokens, err);
}

/* Both sides have more than the limit. Counts on until one ends; *longer is
 * the side that goes on, the second of equal ones. */
static int find_longer(Pair *p, int *longer, Error *err) {
  Encoding part = {0};
  size_t n[2] = {p->side[0].tokens.n, p->side[1].tokens.n};
  int rc = OK;
  while (rc == OK) {
    int i = n[0] <= n[1] ? 0 : 1; /* the one behind */
    if (p->side[i].cursor.done)
      break;
    rc = tokenizer_next(&p->side[i].cursor, COUNT_STEP, p->poll, &part, err);
    n[i] += part.n;
    part.n = 0;
  }
  encoding_clear(&part);
  *longer = n[0] <= n[1];
  return rc;
}

static int cut_longest(Pair *p, size_t limit, size_t keep[2], Error *err) {
  int rc = read_to(p, 0, limit + 1, err);
  rc = rc ? rc : read_to(p, 1, limit + 1, err);
  if (rc)
    return rc;
  size_t a = p->side[0].tokens.n, b = p->side[1].tokens.n;
  int longer = a <= b;
  size_t low = longer ? a : b, high = longer ? b : a;
  if (low + high <= limit)
    return OK;
  if (low > limit && limit % 2) {
    rc = find_longer(p, &longer, err);
    if (rc)
      return rc;
  }
  high = low > limit ? low : low > limit - low ? low : limit - low;
  if (low + high > limit) {
    low = limit / 2;
    high = low + limit % 2;
  }
  keep[longer] = high;
  keep[!longer] = low;
  return OK;
}

/* Cuts side i so that both fit; at least one token of it must stay. */
static int cut_one(Pair *p, int i, size_t limit, size_t keep[2], Error *err) {
  int rc = read_to(p, !i, limit + 1, err);
  size_t other = p->side[!i].tokens.n;
  if (rc)
    return rc;
  size_t left = other < limit ? limit - other : 0;
  rc = read_to(p, i, left + 1, err);
  if (rc || (p->side[i].tokens.n <= left && other <= limit))
    return rc;
  if (left == 0)
    return fail(err, ERR_RANGE,
                "too short: of %zu tokens none is left for the %s text", limit,
                i ? "second" : "first");
  keep[i] = left;
  return OK;
}

static int cut(Pair *p, bool pair, Truncation how, size_t limit, size_t keep[2],
               Error *err) {
  switch (how) {
  case TRUNCATE_LONGEST_FIRST:
    return cut_longest(p, limit, keep, err);
  case TRUNCATE_ONLY_FIRST:
    return cut_one(p, 0, limit, keep, err);
  case TRUNCATE_ONLY_SECOND:
    if (!pair)
      return fail(err, ERR_RANGE, "there is no second text to truncate");
    return cut_one(p, 1, limit, keep, err);
  case TRUNCATE_NOT:
    break;
  }
  int rc = read_to(p, 0, SIZE_MAX, err);
  return rc ? rc : read_to(p, 1, SIZE_MAX, err);
}

static int encode(const Tokenizer *t, Pair *p, bool pair, Truncation how,
                  size_t limit, Encoding *out, bool *was_cut, Error *err) {
  size_t keep[2] = {SIZE_MAX, SIZE_MAX};
  int rc = cut(p, pair, how, limit, keep, err);
  if (rc)
    return rc;
  for (int i = 0; i < 2; i++) {
    Encoding *e = &p->side[i].tokens;
    *was_cut |= e->n > keep[i];
    e->n = e->n < keep[i] ? e->n : keep[i];
  }
  const Encoding *a = &p->side[0].tokens, *b = &p->side[1].tokens;
  TokenList texts[2] = {{a->tokens, a->n}, {b->tokens, b->n}};
  return tokenizer_template(t, pair, texts, out, err);
}

int tokenizer_encode(const Tokenizer *t, EncodeText a, EncodeText b,
                     Truncation how, size_t max_tokens, const Poll *poll,
                     Encoding *out, bool *was_cut, Error *err) {
  bool pair = b.text != NULL, unused = false;
  size_t added = tokenizer_n_added(t, pair);
  Pair p = {.poll = poll};
  max_tokens = max_tokens < UINT32_MAX ? max_tokens : UINT32_MAX;
  was_cut = was_cut ? was_cut : &unused;
  *was_cut = false;
  if (how != TRUNCATE_NOT && max_tokens < added)
    return fail(err, ERR_RANGE, "%zu tokens are fewer than the template's %zu",
                max_tokens, added);
  int rc = tokenizer_begin(t, a.text, a.bytes, &p.side[0].cursor, err);
  if (rc == OK)
    rc = tokenizer_begin(t, pair ? b.text : "", pair ? b.bytes : 0,
                         &p.side[1].cursor, err);
  if (rc == OK)
    rc = encode(t, &p, pair, how, max_tokens - added, out, was_cut, err);
  encoding_clear(&p.side[0].tokens);
  encoding_clear(&p.side[1].tokens);
  return rc;
}
