/*
 * unicode.h - what the reference tokenizers know of a code point.
 *
 * The versions of Unicode are theirs, not the newest: see unicode_classes.c.
 */
#ifndef UNICODE_UNICODE_H
#define UNICODE_UNICODE_H

#include <stddef.h>
#include <stdint.h>

/* Properties; scripts/make-unicode-tables has the same values. */
enum {
  UNICODE_SPACE = 1,        /* White_Space */
  UNICODE_PUNCT = 2,        /* a word of its own */
  UNICODE_REMOVED = 4,      /* deleted by clean_text */
  UNICODE_CJK = 8,          /* put between spaces */
  UNICODE_WORD = 16,        /* \w, for single_word */
  UNICODE_MARK = 32,        /* deleted by strip_accents */
  UNICODE_DECOMPOSES = 64,  /* changed by strip_accents */
  UNICODE_UPPER = 128,      /* has a lower case */
  UNICODE_NONSTARTER = 256, /* combining class above 0 */
  UNICODE_LETTER = 512,     /* \p{L} */
  UNICODE_NUMBER = 1024     /* \p{N} */
};

enum { UNICODE_MAX_EXPANSION = 3 };

/* The properties of any scalar value. */
unsigned unicode_flags(uint32_t code);

/* Canonical decomposition without marks: 0 ... 3 code points. */
size_t unicode_strip(uint32_t code, uint32_t out[UNICODE_MAX_EXPANSION]);

/* Lower case: 1 or 2 code points. */
size_t unicode_lowercase(uint32_t code, uint32_t out[UNICODE_MAX_EXPANSION]);

/* The combining class of a mark that strip_accents keeps and puts in order;
 * 0 for everything else. */
unsigned unicode_order_of(uint32_t code);

/* Letters with case (Cased of Unicode), and what stands between letters without
 * ending a word (Case_Ignorable, also where it is cased). */
typedef enum UnicodeCase {
  UNICODE_CASELESS,
  UNICODE_CASED,
  UNICODE_CASE_IGNORED
} UnicodeCase;
UnicodeCase unicode_case(uint32_t code);

#endif
