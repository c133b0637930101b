/*
 * bytes.h - the visible character that stands for each byte in a byte-level
 * vocabulary, and back.
 *
 * Bytes that are visible in Latin-1 stand for themselves; the other 68, in
 * increasing order, are U+0100, U+0101, ...  So a space is U+0120 and a line
 * feed U+010A, and every byte string is a text without spaces:
 *
 *     00 ... 20       ->  U+0100 ... U+0120
 *     21 ... 7E       ->  itself
 *     7F ... A0       ->  U+0121 ... U+0142
 *     A1 ... AC       ->  itself
 *     AD              ->  U+0143
 *     AE ... FF       ->  itself
 */
#ifndef TEXT_BYTES_H
#define TEXT_BYTES_H

#include <stdint.h>

enum { BYTES_SPACE = 0x120, BYTES_MAX_UTF8 = 2 };

static inline uint32_t bytes_char(unsigned char byte) {
  if (byte <= 0x20)
    return 0x100u + byte;
  if (byte >= 0x7f && byte <= 0xa0)
    return 0x121u + byte - 0x7f;
  return byte == 0xad ? 0x143u : byte;
}

/* The byte a character stands for; -1: none. */
static inline int bytes_of(uint32_t code) {
  if (code <= 0xff)
    return bytes_char((unsigned char)code) == code ? (int)code : -1;
  if (code <= 0x120)
    return (int)(code - 0x100);
  if (code <= 0x142)
    return (int)(code - 0x121 + 0x7f);
  return code == 0x143 ? 0xad : -1;
}

#endif
