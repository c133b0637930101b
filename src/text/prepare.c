/*
 * prepare.c - what sentence-transformers does to a text before its tokenizer.
 *
 * In:  any bytes; what is not UTF-8 reads as U+FFFD.
 * Out: the text between its outer white space; the text in lower case.
 *
 * White space is Python's: White_Space, and the four separators U+001C to
 * U+001F.  Lower case is str.lower(): one character at a time, except capital
 * sigma, which is final where a cased letter stands before it and none behind
 * (marks and the like in between do not count).  Which letters are cased is
 * told by their having a lower or being one; Unicode's few cased characters
 * without case pairs are not known here.
 */
#include "text/prepare.h"

#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "text/unicode.h"
#include "text/utf8.h"

enum { CAPITAL_SIGMA = 0x3a3, FINAL_SIGMA = 0x3c2 };

static bool is_space(uint32_t code) {
  return (code >= 0x1c && code <= 0x1f) ||
         (unicode_flags(code) & UNICODE_SPACE);
}

EncodeText text_strip(EncodeText text) {
  uint32_t code;
  while (text.bytes) {
    size_t n = utf8_decode(text.text, text.bytes, 0, &code);
    if (!is_space(code))
      break;
    text.text += n;
    text.bytes -= n;
  }
  while (text.bytes) {
    size_t n = utf8_before(text.text, text.bytes, &code);
    if (!is_space(code))
      break;
    text.bytes -= n;
  }
  return text;
}

/* --- Lower case -----------------------------------------------------------*/

static bool is_cased(uint32_t code) {
  unsigned flags = unicode_flags(code);
  return (flags & UNICODE_UPPER) || (flags & UNICODE_LETTER);
}

static bool is_ignored(uint32_t code) {
  return (unicode_flags(code) & UNICODE_MARK) || code == '\'' ||
         code == 0x2019 || code == 0xad || code == '.' || code == ':';
}

/* Is the first character at or behind `at` that counts a cased one? */
static bool cased_after(EncodeText t, size_t at) {
  uint32_t code = 0;
  while (at < t.bytes) {
    at += utf8_decode(t.text, t.bytes, at, &code);
    if (!is_ignored(code))
      return is_cased(code);
  }
  return false;
}

/* Writes the lower case of the character at `at`; `inside`: a cased letter
 * came before it in its word. Returns bytes written (at most 6). */
static size_t lower_one(EncodeText t, size_t next, uint32_t code, bool inside,
                        unsigned char *out) {
  uint32_t lower[UNICODE_MAX_EXPANSION];
  if (code == CAPITAL_SIGMA && inside && !cased_after(t, next))
    return utf8_encode(FINAL_SIGMA, out);
  size_t n = unicode_lowercase(code, lower), bytes = 0;
  for (size_t i = 0; i < n; i++)
    bytes += utf8_encode(lower[i], out + bytes);
  return bytes;
}

int text_lower(EncodeText text, char **out, size_t *bytes, Error *err) {
  size_t room, used = 0;
  bool inside = false;
  /* Nothing grows more than threefold (one ill-formed byte to U+FFFD). */
  char *lower = size_mul(text.bytes, 3, &room) && size_add(room, 8, &room)
                    ? mem_alloc(room)
                    : NULL;
  if (!lower)
    return fail_memory(err);
  for (size_t at = 0; at < text.bytes;) {
    uint32_t code;
    at += utf8_decode(text.text, text.bytes, at, &code);
    used += lower_one(text, at, code, inside, (unsigned char *)lower + used);
    if (!is_ignored(code))
      inside = is_cased(code);
  }
  *out = lower;
  *bytes = used;
  return OK;
}
