/*
 * normalize.h - the BertNormalizer, one character at a time.
 */
#ifndef TEXT_NORMALIZE_H
#define TEXT_NORMALIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

typedef struct Normalizer {
  bool clean;     /* clean_text */
  bool space_cjk; /* handle_chinese_chars */
  bool strip;     /* strip_accents, as it takes effect */
  bool lower;     /* lowercase */
} Normalizer;

/* What becomes of a character. */
typedef enum NormalKind {
  NORMAL_NOTHING, /* it is deleted */
  NORMAL_SPACE,
  NORMAL_ALONE,  /* punctuation, or a character put between spaces */
  NORMAL_LETTERS /* 1 ... 3 characters of a word */
} NormalKind;

typedef struct Normal {
  NormalKind kind;
  bool spaced;  /* has a space before and behind */
  bool starter; /* ends a run of combining marks */
  size_t n;
  uint32_t code[3]; /* in the order of the text; SPACE: ' ' or as it was */
} Normal;

Normal normalize_char(const Normalizer *how, uint32_t code);

/* A whole (short) text as UTF-8; mem_free frees *out. */
int normalize_text(const Normalizer *how, const char *text, size_t bytes,
                   char **out, size_t *n_out, Error *err);

/* The UTF-8 of a Normal with its spaces: at most NORMAL_MAX_BYTES. */
enum { NORMAL_MAX_BYTES = 14 };
size_t normal_bytes(const Normal *n, unsigned char *out);

#endif
