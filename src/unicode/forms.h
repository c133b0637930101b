/*
 * forms.h - the normal forms of Unicode, over a line of characters that know
 * where they came from.
 */
#ifndef UNICODE_FORMS_H
#define UNICODE_FORMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

/* A character, and the characters and bytes of the text it stands for. */
typedef struct Aligned {
  uint32_t code;
  uint32_t start, end, byte_start, byte_end;
} Aligned;

enum { LINE_LIMIT = 1 << 23 }; /* characters */

typedef struct Line {
  Aligned *chars; /* owned */
  size_t n, room;
} Line;

/* All zero is empty. ERR_RANGE: more than LINE_LIMIT. */
int line_add(Line *l, Aligned c, Error *err);

/* A character while a form is made. */
typedef struct FormMark {
  uint32_t code;
  int32_t change; /* 0: replaces one; 1: is new; -n: n behind it go */
  uint8_t ccc;    /* combining class */
} FormMark;

typedef struct Forms {
  FormMark *marks, *sorted; /* owned */
  size_t n, room, sorted_room;
} Forms;

/* All zero is empty. */
void forms_clear(Forms *f);

/* Decomposes `from` (canonically, or with compatibility) into `to`, and
 * composes again where asked: NFD, NFKD, NFC, NFKC. */
int forms_run(Forms *f, bool compat, bool composed, const Line *from, Line *to,
              Error *err);

/* The full decomposition of one character: at most FORMS_MAX. */
enum { FORMS_MAX = 18 };
size_t forms_decompose(uint32_t code, bool compat, uint32_t out[FORMS_MAX]);
/* \p{M} */
bool forms_is_mark(uint32_t code);

#endif
