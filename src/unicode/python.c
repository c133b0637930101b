/*
 * python.c - what str.strip() and str.lower() of Python do to a text.
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
#include "unicode/python.h"

#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "base/utf8.h"
#include "unicode/unicode.h"

enum { CAPITAL_SIGMA = 0x3a3, FINAL_SIGMA = 0x3c2, SMALL_SIGMA = 0x3c3 };
enum { POLL_STEP = 1 << 16 }; /* bytes between two questions */

/* Asks once at the first step of each POLL_STEP bytes of the way from `at` to
 * `next`. */
static int ask(size_t at, size_t next, const Poll *poll, Error *err) {
  return at / POLL_STEP != next / POLL_STEP ? poll_check(poll, err) : OK;
}

static bool is_space(uint32_t code) {
  return (code >= 0x1c && code <= 0x1f) ||
         (unicode_flags(code) & UNICODE_SPACE);
}

int python_strip(const char **text, size_t *bytes, const Poll *poll,
                 Error *err) {
  uint32_t code;
  size_t start = 0, end = *bytes, n;
  int rc = OK;
  for (; !rc && start < end; start += n) {
    n = utf8_decode(*text, end, start, &code);
    if (!is_space(code))
      break;
    rc = ask(start, start + n, poll, err);
  }
  for (; !rc && end > start; end -= n) {
    n = utf8_before(*text, end, &code);
    if (!is_space(code))
      break;
    rc = ask(end - n, end, poll, err);
  }
  *text += start;
  *bytes = end - start;
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

int python_lower(const char *text, size_t bytes, const Poll *poll, char **out,
                 size_t *n_out, Error *err) {
  size_t room;
  int rc = OK;
  /* Nothing grows more than threefold (one ill-formed byte to U+FFFD). */
  bool fits = size_mul(bytes, 3, &room) && size_add(room, 8, &room);
  Lower l = {.out = fits ? mem_alloc(room) : NULL};
  if (!l.out)
    return fail_memory(err);
  for (size_t at = 0, next; !rc && at < bytes; at = next) {
    uint32_t c;
    next = at + utf8_decode(text, bytes, at, &c);
    add_character(&l, c);
    rc = ask(at, next, poll, err);
  }
  *out = (char *)l.out;
  *n_out = l.used;
  if (rc) {
    mem_free(*out);
    *out = NULL;
  }
  return rc;
}
