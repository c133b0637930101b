/*
 * added_scan.c - finds added tokens at the cursor.
 *
 * In:  a cursor at the border of a character.
 * Out: the added token that begins there, with the white space it swallows.
 *
 * Asked at every place of the text from left to right, this gives the matches
 * of a leftmost-longest search without reading ahead.  Tokens searched in the
 * raw text come first and cut the text in parts; those searched in normalised
 * text are matched by normalising on, character by character, within a part.
 *
 *     single_word  no \w right before or behind, else the match is refused;
 *                  its text is ordinary, and no match begins inside it
 *     lstrip       takes the white space before, back to the last added token
 *     rstrip       takes the white space behind
 *
 * Agrees with AddedVocabulary of the Hugging Face tokenizers.  It does not
 * match patterns that begin or end inside what one character decomposes into,
 * or with the spaces put around ideographs.
 */
#include "text/tokenizer_inside.h"

#include "base/utf8.h"
#include "unicode/unicode.h"

/* Where the longest raw pattern that begins at `at` ends. */
static const AddedToken *match_raw(const TextCursor *c, size_t at,
                                   size_t *end) {
  const Added *added = &c->tokenizer->added;
  const AddedToken *best = NULL;
  if (!added->raw.begins[(unsigned char)c->text[at]])
    return NULL;
  AddedSearch s = added_search(added, &added->raw);
  while (at < c->bytes && added_feed(&s, (unsigned char)c->text[at])) {
    at++;
    const AddedToken *hit = added_hit(&s);
    if (hit) {
      best = hit;
      *end = at;
    }
  }
  return best;
}

/* The character at `at`, normalised; a raw token there is the end of it all.
 * Returns its length; 0 at the end. */
static size_t normal_at(const TextCursor *c, size_t at, Normal *out) {
  uint32_t code;
  size_t end;
  if (at == c->bytes || (at > c->at && match_raw(c, at, &end)))
    return 0;
  size_t n = utf8_decode(c->text, c->bytes, at, &code);
  *out = normalize_char(&c->tokenizer->normalizer, code);
  return n;
}

static bool feed_normal(AddedSearch *s, const Normal *normal) {
  unsigned char bytes[NORMAL_MAX_BYTES];
  size_t n = normal_bytes(normal, bytes);
  for (size_t i = 0; i < n; i++)
    if (!added_feed(s, bytes[i]))
      return false;
  return true;
}

static const AddedToken *match_normalized(const TextCursor *c, size_t *end) {
  const Added *added = &c->tokenizer->added;
  const AddedToken *best = NULL;
  AddedSearch s = added_search(added, &added->normalized);
  Normal normal;
  size_t at = c->at, n = normal_at(c, at, &normal);
  if (n && normal.n == 0)
    return NULL; /* a match begins with something that stays */
  for (; n && feed_normal(&s, &normal); n = normal_at(c, at, &normal)) {
    at += n;
    const AddedToken *hit = added_hit(&s);
    if (hit && normal.n) {
      best = hit;
      *end = at;
    }
  }
  return best;
}

static bool is_word(uint32_t code) {
  return (unicode_flags(code) & UNICODE_WORD) != 0;
}

static bool is_space(uint32_t code) {
  return (unicode_flags(code) & UNICODE_SPACE) != 0;
}

/* Is a match in the raw text a word of its own? */
static bool alone_raw(const TextCursor *c, size_t at, size_t end) {
  uint32_t code;
  if (at > 0) {
    utf8_before(c->text, at, &code);
    if (is_word(code))
      return false;
  }
  if (end == c->bytes)
    return true;
  utf8_decode(c->text, c->bytes, end, &code);
  return !is_word(code);
}

static bool alone_normalized(const TextCursor *c, size_t end) {
  const Normalizer *how = &c->tokenizer->normalizer;
  uint32_t code;
  Normal normal = {0};
  for (size_t at = c->at; at > c->after_raw && normal.n == 0;) {
    at -= utf8_before(c->text, at, &code);
    normal = normalize_char(how, code);
  }
  if (normal.n && !normal.spaced && is_word(normal.code[normal.n - 1]))
    return false;
  normal.n = 0;
  for (size_t n = 1; n && normal.n == 0; end += n)
    n = normal_at(c, end, &normal);
  return normal.n == 0 || normal.spaced || !is_word(normal.code[0]);
}

/* Is a character white space to the search? NOTHING: it is not there. */
static NormalKind space_kind(const TextCursor *c, bool normalized,
                             uint32_t code) {
  if (!normalized)
    return is_space(code) ? NORMAL_SPACE : NORMAL_LETTERS;
  return normalize_char(&c->tokenizer->normalizer, code).kind;
}

static size_t strip_left(const TextCursor *c, bool normalized) {
  size_t start = c->at;
  uint32_t code;
  for (size_t at = c->at; at > c->after_added;) {
    at -= utf8_before(c->text, at, &code);
    NormalKind kind = space_kind(c, normalized, code);
    if (kind == NORMAL_SPACE)
      start = at;
    else if (kind != NORMAL_NOTHING)
      break;
  }
  return start;
}

/* White space before a raw token with lstrip is that token's. */
static size_t strip_right(const TextCursor *c, bool normalized, size_t end) {
  size_t start = end, raw_end = 0;
  uint32_t code;
  for (size_t at = end; at < c->bytes;) {
    const AddedToken *raw = normalized ? match_raw(c, at, &raw_end) : NULL;
    if (raw && !(raw->flags.single_word && !alone_raw(c, at, raw_end)))
      return raw->flags.lstrip ? start : end;
    at += utf8_decode(c->text, c->bytes, at, &code);
    NormalKind kind = space_kind(c, normalized, code);
    if (kind == NORMAL_SPACE)
      end = at;
    else if (kind != NORMAL_NOTHING)
      break;
  }
  return end;
}

bool scan_added(TextCursor *c, AddedMatch *out) {
  const AddedToken *token = NULL;
  bool normalized = false;
  size_t end = 0;
  if (c->at >= c->refused_raw)
    token = match_raw(c, c->at, &end);
  if (token && token->flags.single_word && !alone_raw(c, c->at, end)) {
    c->refused_raw = end;
    token = NULL;
  }
  if (!token && c->tokenizer->added.normalized.n &&
      c->at >= c->refused_normalized) {
    normalized = true;
    token = match_normalized(c, &end);
    if (token && token->flags.single_word && !alone_normalized(c, end)) {
      c->refused_normalized = end;
      token = NULL;
    }
  }
  if (!token)
    return false;
  *out = (AddedMatch){token, c->at, end};
  if (token->flags.lstrip)
    out->start = strip_left(c, normalized);
  if (token->flags.rstrip)
    out->end = strip_right(c, normalized, end);
  return true;
}

int scan_take(TextCursor *c, const AddedMatch *m, Encoding *out, Error *err) {
  size_t before = utf8_count(c->text + m->start, c->at - m->start);
  size_t behind = utf8_count(c->text + c->at, m->end - c->at);
  Token token = {.id = m->token->id,
                 .word = c->words++,
                 .start = c->chars - (uint32_t)before,
                 .end = c->chars + (uint32_t)behind,
                 .byte_start = (uint32_t)m->start,
                 .byte_end = (uint32_t)m->end};
  c->at = c->after_added = m->end;
  if (!m->token->flags.normalized)
    c->after_raw = m->end;
  c->chars = token.end;
  return encoding_add(out, &token, err);
}
