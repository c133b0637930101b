/*
 * utf8.h - code points out of bytes that may be anything, and back.
 *
 * Ill-formed input reads as U+FFFD, one for each maximal part that could have
 * begun a character (Unicode 3.9, "U+FFFD Substitution of Maximal Subparts";
 * what Python's errors="replace" does).  So every byte string has exactly one
 * reading, and a reading never needs more than four bytes.
 *
 * The one decoder; in base, as messages are cut at characters and JSON must be
 * well formed.  What is known of a code point is in src/unicode.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UTF8_BAD = 0xfffd };

/* The character at text[at] (at < bytes); returns its length, 1 ... 4. */
static inline size_t utf8_decode(const char *text, size_t bytes, size_t at,
                                 uint32_t *code) {
  const unsigned char *s = (const unsigned char *)text + at;
  size_t left = bytes - at;
  uint32_t lead = s[0];
  if (lead < 0x80) {
    *code = lead;
    return 1;
  }
  *code = UTF8_BAD;
  if (lead < 0xc2 || lead > 0xf4)
    return 1;
  /* The second byte's range is narrower after four of the leads. */
  uint32_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  uint32_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (left < 2 || s[1] < low || s[1] > high)
    return 1;
  if (lead < 0xe0) {
    *code = (lead & 0x1f) << 6 | (s[1] & 0x3fu);
    return 2;
  }
  if (left < 3 || s[2] >> 6 != 2)
    return 2;
  if (lead < 0xf0) {
    *code = (lead & 0xf) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
    return 3;
  }
  if (left < 4 || s[3] >> 6 != 2)
    return 3;
  *code = (lead & 7) << 18 | (s[1] & 0x3fu) << 12 | (s[2] & 0x3fu) << 6 |
          (s[3] & 0x3fu);
  return 4;
}

/* The character that ends right before text[at] (at > 0): its length. Where
 * the bytes before are ill-formed, U+FFFD of one byte. */
static inline size_t utf8_before(const char *text, size_t at, uint32_t *code) {
  *code = (unsigned char)text[at - 1];
  if (*code < 0x80)
    return 1;
  for (size_t n = at < 4 ? at : 4; n > 1; n--)
    if (utf8_decode(text, at, at - n, code) == n && *code != UTF8_BAD)
      return n;
  *code = UTF8_BAD;
  return 1;
}

/* Writes 1 ... 4 bytes; `code` is a scalar value. */
static inline size_t utf8_encode(uint32_t code, unsigned char *out) {
  if (code < 0x80) {
    out[0] = (unsigned char)code;
    return 1;
  }
  size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (size_t i = n; i-- > 1; code >>= 6)
    out[i] = (unsigned char)(0x80 | (code & 0x3f));
  static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  out[0] = (unsigned char)(lead[n] | code);
  return n;
}

/* Was what utf8_decode read at `text`, n bytes, ill-formed? U+FFFD itself has
 * three bytes, and begins with the lead of a whole. */
static inline bool utf8_is_bad(const char *text, size_t n, uint32_t code) {
  return code == UTF8_BAD && !(n == 3 && (unsigned char)*text == 0xef);
}

/* Bytes (1 to 4) of the character at `text`, of which `left` > 0 bytes exist;
 * 0 when it is ill-formed: cut short, overlong, a surrogate, above U+10FFFF. */
static inline size_t utf8_length(const char *text, size_t left) {
  uint32_t code;
  size_t n = utf8_decode(text, left, 0, &code);
  return utf8_is_bad(text, n, code) ? 0 : n;
}

bool utf8_is_valid(const char *text, size_t bytes);
size_t utf8_count(const char *text, size_t bytes); /* characters */

#endif
