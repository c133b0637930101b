/*
 * normalize.c - what each character becomes before words are looked up.
 *
 * In:  a code point and the four switches of a BertNormalizer.
 * Out: 0 to 3 code points, and whether they end, make or extend a word.
 *
 * The steps, in this order, each a function of one code point:
 *
 *     clean      delete control characters; white space becomes ' '
 *     space_cjk  put ideographs between spaces
 *     strip      decompose, delete marks
 *     lower      lower case
 *
 * So nothing here looks at neighbours, and a text of combining marks costs no
 * more than any other.  What a character decomposes into never mixes word
 * borders with letters (checked when the tables are made), so one kind
 * describes it all.
 *
 * Agrees with the BertNormalizer and the BertPreTokenizer of the Hugging Face
 * tokenizers, but for the order of rare marks, which wordpiece.c restores.
 */
#include "text/normalize.h"

#include "base/memory.h"
#include "base/size.h"
#include "base/utf8.h"
#include "unicode/unicode.h"

static void lower_all(Normal *out) {
  uint32_t lower[UNICODE_MAX_EXPANSION];
  for (size_t i = 0; i < out->n; i++) {
    size_t n = unicode_lowercase(out->code[i], lower);
    out->code[i] = lower[0];
    if (n == 2) { /* only U+0130, which decomposing never leaves */
      out->code[1] = lower[1];
      out->n = 2;
    }
  }
}

/* Maps the letters of a character that was neither deleted nor a space. */
static void map_letters(const Normalizer *how, unsigned flags, Normal *out) {
  bool upper = (flags & UNICODE_UPPER) != 0;
  if (how->strip && flags & (UNICODE_MARK | UNICODE_DECOMPOSES)) {
    out->n = unicode_strip(out->code[0], out->code);
    upper = true; /* or may be */
  }
  if (how->lower && upper)
    lower_all(out);
}

Normal normalize_char(const Normalizer *how, uint32_t code) {
  Normal out = {.kind = NORMAL_NOTHING, .code = {code}};
  unsigned flags = unicode_flags(code);
  if (how->clean && flags & UNICODE_REMOVED)
    return out;
  out.n = 1;
  out.starter = !(how->strip && flags & UNICODE_NONSTARTER);
  if (flags & UNICODE_SPACE) {
    out.kind = NORMAL_SPACE;
    out.code[0] = how->clean ? ' ' : code;
    return out;
  }
  out.spaced = how->space_cjk && flags & UNICODE_CJK;
  map_letters(how, flags, &out);
  if (out.n == 0)
    return out;
  if (out.code[0] != code)
    flags = unicode_flags(out.code[0]);
  bool alone = out.spaced || flags & UNICODE_PUNCT;
  out.kind = alone ? NORMAL_ALONE : NORMAL_LETTERS;
  return out;
}

size_t normal_bytes(const Normal *n, unsigned char *out) {
  size_t bytes = 0;
  if (n->spaced)
    out[bytes++] = ' ';
  for (size_t i = 0; i < n->n; i++)
    bytes += utf8_encode(n->code[i], out + bytes);
  if (n->spaced)
    out[bytes++] = ' ';
  return bytes;
}

int normalize_text(const Normalizer *how, const char *text, size_t bytes,
                   char **out, size_t *n_out, Error *err) {
  size_t room, n = 0;
  uint32_t code;
  if (!size_mul(bytes, NORMAL_MAX_BYTES, &room))
    return fail_memory(err);
  unsigned char *to = mem_alloc(room);
  if (!to)
    return fail_memory(err);
  for (size_t at = 0; at < bytes;) {
    at += utf8_decode(text, bytes, at, &code);
    Normal normal = normalize_char(how, code);
    n += normal_bytes(&normal, to + n);
  }
  *out = (char *)to;
  *n_out = n;
  return OK;
}
