/*
 * unicode.c - reads the tables of unicode_{classes,maps,case}.c.
 *
 * In:  a code point.
 * Out: its properties, its decomposition without marks, its lower case.
 *
 * Everything here is a function of one code point, as in the reference: lower
 * case has no rule for the last sigma of a word, and decomposing needs no
 * sorting but for a few marks that survive it (unicode_order_of).  Hangul
 * syllables are computed:
 *
 *     syllable = (lead * 21 + vowel) * 28 + tail,  tail 0: none
 *
 * Agrees with the Rust crates that the Hugging Face tokenizers are built on.
 */
#include "unicode/unicode.h"

#include "unicode/unicode_data.h"

enum {
  HANGUL = 0xac00,
  HANGUL_COUNT = 11172,
  HANGUL_LEAD = 0x1100,
  HANGUL_VOWEL = 0x1161,
  HANGUL_TAIL = 0x11a7,
  DOTTED_I = 0x130 /* the one character with a lower case of two */
};

unsigned unicode_flags(uint32_t code) {
  unsigned block = unicode_stage1[code >> 10];
  unsigned leaf = unicode_stage2[32 * block + (code >> 5 & 31)];
  return unicode_kinds[unicode_stage3[32 * leaf + (code & 31)] - 'A'];
}

static size_t strip_hangul(uint32_t syllable, uint32_t out[]) {
  uint32_t tail = syllable % 28;
  out[0] = HANGUL_LEAD + syllable / (21 * 28);
  out[1] = HANGUL_VOWEL + syllable / 28 % 21;
  out[2] = HANGUL_TAIL + tail;
  return tail ? 3 : 2;
}

/* The run that holds a code point known to decompose. */
static const UnicodeRun *find_run(uint32_t code) {
  size_t low = 0, high = UNICODE_RUNS;
  while (high - low > 1) {
    size_t middle = (low + high) / 2;
    if (unicode_runs[middle].first <= code)
      low = middle;
    else
      high = middle;
  }
  return &unicode_runs[low];
}

size_t unicode_strip(uint32_t code, uint32_t out[UNICODE_MAX_EXPANSION]) {
  unsigned flags = unicode_flags(code);
  out[0] = code;
  if (flags & UNICODE_MARK)
    return 0;
  if (!(flags & UNICODE_DECOMPOSES))
    return 1;
  if (code - HANGUL < HANGUL_COUNT)
    return strip_hangul(code - HANGUL, out);
  const UnicodeRun *run = find_run(code);
  uint32_t value = unicode_values[run->place + (code - run->first)];
  if (value < 1u << 24) {
    out[0] = value;
    return 1;
  }
  for (uint32_t i = 0; i < value >> 24; i++)
    out[i] = unicode_longer[(value & 0xffffff) + i];
  return value >> 24;
}

size_t unicode_lowercase(uint32_t code, uint32_t out[UNICODE_MAX_EXPANSION]) {
  out[0] = code;
  if (code == DOTTED_I) {
    out[0] = 'i';
    out[1] = 0x307;
    return 2;
  }
  if (!(unicode_flags(code) & UNICODE_UPPER))
    return 1;
  size_t low = 0, high = UNICODE_LOWERS;
  while (low < high) { /* the first range that does not end before code */
    size_t middle = (low + high) / 2;
    if (unicode_lower[middle].last < code)
      low = middle + 1;
    else
      high = middle;
  }
  out[0] = code + (uint32_t)unicode_lower[low].difference;
  return 1;
}

unsigned unicode_order_of(uint32_t code) {
  size_t low = 0, high = UNICODE_ORDERED;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (unicode_order[middle].code < code)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == UNICODE_ORDERED || unicode_order[low].code != code)
    return 0;
  return unicode_order[low].ccc;
}

UnicodeCase unicode_case(uint32_t code) {
  size_t low = 0, high = UNICODE_CASE_BORDERS;
  while (high - low > 1) {
    size_t middle = (low + high) / 2;
    if (unicode_case_borders[middle] >> 2 <= code)
      low = middle;
    else
      high = middle;
  }
  return (UnicodeCase)(unicode_case_borders[low] & 3);
}
