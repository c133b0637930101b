/*
 * prepare.c - what sentence-transformers does to a text before its tokenizer.
 *
 * In:  any bytes; what is not UTF-8 reads as U+FFFD.
 * Out: the text between its outer white space; the text in lower case.
 *
 * White space is Python's: White_Space, and the four separators U+001C to
 * U+001F.  Lower case is str.lower(): one character at a time, except capital
 * sigma, which is final where a cased letter stands before it and none behind,
 * looking past marks and the like:
 *
 *     before it   [cased] [ignored]*  SIGMA  not ([ignored]* [cased])
 *
 * Both small sigmas have two bytes, so one is written as final and made an
 * inner one when a cased letter follows: nothing is read twice.  Agrees with
 * Python 3.11 for all characters of Unicode 14; of later ones the lower case is
 * known (17), but not that they are cased.
 */
#include "text/prepare.h"

#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "text/unicode.h"
#include "text/utf8.h"

enum { CAPITAL_SIGMA = 0x3a3, FINAL_SIGMA = 0x3c2, SMALL_SIGMA = 0x3c3 };
enum { POLL_STEP = 1 << 16 }; /* bytes between two questions */
enum { COPY_STEP = 1 << 20 }; /* the same where bytes are only copied */

/* Asks once at the first step of each POLL_STEP bytes of the way from `at` to
 * `next`. */
static int ask(size_t at, size_t next, const Poll *poll, Error *err) {
  return at / POLL_STEP != next / POLL_STEP ? poll_check(poll, err) : OK;
}

int text_copy(const char *before, EncodeText text, const Poll *poll, char **out,
              size_t *bytes, Error *err) {
  size_t start = strlen(before);
  int rc = OK;
  *out = size_add(start, text.bytes, bytes) ? mem_alloc(*bytes) : NULL;
  if (!*out)
    return fail_memory(err);
  memcpy(*out, before, start);
  for (size_t at = 0, n; !rc && at < text.bytes; at += n) {
    n = text.bytes - at < COPY_STEP ? text.bytes - at : COPY_STEP;
    memcpy(*out + start + at, text.text + at, n);
    rc = poll_check(poll, err);
  }
  if (rc) {
    mem_free(*out);
    *out = NULL;
  }
  return rc;
}

static bool is_space(uint32_t code) {
  return (code >= 0x1c && code <= 0x1f) ||
         (unicode_flags(code) & UNICODE_SPACE);
}

int text_strip(EncodeText *text, const Poll *poll, Error *err) {
  uint32_t code;
  size_t start = 0, end = text->bytes, n;
  int rc = OK;
  for (; !rc && start < end; start += n) {
    n = utf8_decode(text->text, end, start, &code);
    if (!is_space(code))
      break;
    rc = ask(start, start + n, poll, err);
  }
  for (; !rc && end > start; end -= n) {
    n = utf8_before(text->text, end, &code);
    if (!is_space(code))
      break;
    rc = ask(end - n, end, poll, err);
  }
  text->text += start;
  text->bytes = end - start;
  return rc;
}

/* --- Lower case -----------------------------------------------------------*/

typedef struct Lower {
  unsigned char *out;
  size_t used;
  bool inside;          /* what counted last was a cased letter */
  unsigned char *final; /* a sigma written as final, not yet certain */
} Lower;

/* At most 6 bytes. */
static void add_lower(Lower *l, uint32_t code) {
  uint32_t lower[UNICODE_MAX_EXPANSION];
  size_t n = unicode_lowercase(code, lower);
  for (size_t i = 0; i < n; i++)
    l->used += utf8_encode(lower[i], l->out + l->used);
}

static void add_sigma(Lower *l) {
  l->final = l->inside ? l->out + l->used : NULL;
  l->used +=
      utf8_encode(l->inside ? FINAL_SIGMA : SMALL_SIGMA, l->out + l->used);
}

static void add_character(Lower *l, uint32_t code) {
  UnicodeCase kind = unicode_case(code);
  if (kind == UNICODE_CASED && l->final)
    utf8_encode(SMALL_SIGMA, l->final);
  if (kind != UNICODE_CASE_IGNORED)
    l->final = NULL;
  if (code == CAPITAL_SIGMA)
    add_sigma(l);
  else
    add_lower(l, code);
  if (kind != UNICODE_CASE_IGNORED)
    l->inside = kind == UNICODE_CASED;
}

int text_lower(EncodeText text, const Poll *poll, char **out, size_t *bytes,
               Error *err) {
  size_t room;
  int code = OK;
  /* Nothing grows more than threefold (one ill-formed byte to U+FFFD). */
  bool fits = size_mul(text.bytes, 3, &room) && size_add(room, 8, &room);
  Lower l = {.out = fits ? mem_alloc(room) : NULL};
  if (!l.out)
    return fail_memory(err);
  for (size_t at = 0, next; !code && at < text.bytes; at = next) {
    uint32_t c;
    next = at + utf8_decode(text.text, text.bytes, at, &c);
    add_character(&l, c);
    code = ask(at, next, poll, err);
  }
  *out = (char *)l.out;
  *bytes = l.used;
  if (code) {
    mem_free(*out);
    *out = NULL;
  }
  return code;
}
