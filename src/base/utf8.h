/*
 * utf8.h - is this well-formed UTF-8?
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>

/*
 * Bytes (1 to 4) of the character at `text`, of which `left` > 0 bytes exist;
 * 0 when it is ill-formed: cut short, overlong, a surrogate, above U+10FFFF.
 */
static inline size_t utf8_length(const char *text, size_t left) {
  const unsigned char *p = (const unsigned char *)text;
  unsigned lead = p[0];
  if (lead < 0x80)
    return 1;
  size_t n = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || left < n)
    return 0;
  for (size_t i = 1; i < n; i++)
    if ((p[i] & 0xc0) != 0x80)
      return 0;
  /* The second byte has a narrower range behind these four. */
  if ((lead == 0xe0 && p[1] < 0xa0) || (lead == 0xed && p[1] > 0x9f) ||
      (lead == 0xf0 && p[1] < 0x90) || (lead == 0xf4 && p[1] > 0x8f))
    return 0;
  return n;
}

#endif
