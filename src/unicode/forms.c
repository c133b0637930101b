/*
 * forms.c - NFD, NFKD, NFC and NFKC, with the offsets of the reference.
 *
 * In:  characters with what they stand for in the text.
 * Out: the characters of the form, with what they stand for.
 *
 * Decomposes, puts each run of marks in the order of their classes, composes:
 *
 *     U+1E0B U+0323  ->  d U+0307 U+0323  ->  d U+0323 U+0307  ->  U+1E0D
 * U+0307 change             0 1      0           0 0      1           -1     1
 *
 * A character's `change` says how it moves on in the line it replaces: 0 takes
 * the place of a character, 1 is new and shares the place before, -n also
 * swallows n places.  Classes move characters, not places, so offsets of marks
 * out of order look strange; the reference has the same ones.
 *
 * Runs are sorted by counting, so that a run of millions of marks takes linear
 * time.  utf8proc knows the decompositions, but of a newer Unicode than the
 * reference; what Unicode 9 did not know (unicode_known.c) stays as it is, so
 * that ids do not depend on the library's version.
 *
 * Agrees with the crate unicode-normalization-alignments 0.1.12 and with
 * NormalizedString::transform of the Hugging Face tokenizers.
 */
#include "unicode/forms.h"

#include <string.h>
#include <utf8proc.h>
#include "base/memory.h"
#include "unicode/unicode_data.h"

enum { FEW = 16, CLASSES = 256 };

/* Has Unicode 9 a decomposition, a class or \p{M} for it? */
static bool is_known(uint32_t code) {
  size_t low = 0, high = UNICODE_KNOWN;
  while (low < high) { /* the first range that does not end before code */
    size_t middle = (low + high) / 2;
    if (unicode_known[middle].last < code)
      low = middle + 1;
    else
      high = middle;
  }
  return low < UNICODE_KNOWN && unicode_known[low].first <= code;
}

/* Two of \p{M} became letters after Unicode 9. */
bool forms_is_mark(uint32_t code) {
  if (code < 0x300 || !is_known(code))
    return false;
  if (code == 0x1cf2 || code == 0x1cf3)
    return true;
  utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code);
  return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
         category == UTF8PROC_CATEGORY_ME;
}

static uint8_t class_of(uint32_t code) {
  if (code < 0x300 || !is_known(code))
    return 0;
  return (uint8_t)utf8proc_get_property((utf8proc_int32_t)code)
      ->combining_class;
}

size_t forms_decompose(uint32_t code, bool compat, uint32_t out[FORMS_MAX]) {
  utf8proc_int32_t parts[FORMS_MAX];
  utf8proc_option_t how = UTF8PROC_DECOMPOSE;
  int class = 0;
  out[0] = code;
  if (code < 0xa0 || !is_known(code))
    return 1;
  if (compat)
    how |= UTF8PROC_COMPAT;
  utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)code, parts,
                                               FORMS_MAX, how, &class);
  if (n < 1 || n > FORMS_MAX)
    return 1;
  for (utf8proc_ssize_t i = 0; i < n; i++)
    out[i] = (uint32_t)parts[i];
  return (size_t)n;
}

/* 0: the two do not compose. */
static uint32_t compose(uint32_t a, uint32_t b) {
  utf8proc_int32_t pair[3] = {(utf8proc_int32_t)a, (utf8proc_int32_t)b, 0};
  utf8proc_option_t how = UTF8PROC_COMPOSE;
  if (b < 0x300)
    return 0;
  how |= UTF8PROC_STABLE;
  if (utf8proc_normalize_utf32(pair, 2, how) != 1)
    return 0;
  uint32_t code = (uint32_t)pair[0];
  return is_known(code) ? code : 0;
}

int line_add(Line *l, Aligned c, Error *err) {
  if (l->n == LINE_LIMIT)
    return fail(err, ERR_RANGE,
                "more than %d characters without a place to cut them",
                LINE_LIMIT);
  if (mem_reserve(&l->chars, &l->room, l->n + 1, sizeof *l->chars))
    return fail_memory(err);
  l->chars[l->n++] = c;
  return OK;
}

void forms_clear(Forms *f) {
  mem_free(f->marks);
  mem_free(f->sorted);
  *f = (Forms){0};
}

/* --- Decomposing --- */

static int decompose(Forms *f, bool compat, const Line *from, Error *err) {
  uint32_t parts[FORMS_MAX];
  f->n = 0;
  for (size_t i = 0; i < from->n; i++) {
    size_t n = forms_decompose(from->chars[i].code, compat, parts);
    if (f->n + n > LINE_LIMIT)
      return fail(err, ERR_RANGE, "more than %d characters in a stretch",
                  LINE_LIMIT);
    if (mem_reserve(&f->marks, &f->room, f->n + n, sizeof *f->marks))
      return fail_memory(err);
    for (size_t j = 0; j < n; j++)
      f->marks[f->n++] = (FormMark){parts[j], j > 0, class_of(parts[j])};
  }
  return OK;
}

static void sort_few(FormMark *run, size_t n) {
  for (size_t i = 1; i < n; i++) {
    FormMark mark = run[i];
    size_t j = i;
    for (; j > 0 && run[j - 1].ccc > mark.ccc; j--)
      run[j] = run[j - 1];
    run[j] = mark;
  }
}

static int sort_many(Forms *f, FormMark *run, size_t n, Error *err) {
  size_t begin[CLASSES + 1] = {0};
  if (mem_reserve(&f->sorted, &f->sorted_room, n, sizeof *f->sorted))
    return fail_memory(err);
  for (size_t i = 0; i < n; i++)
    begin[run[i].ccc + 1]++;
  for (size_t i = 0; i < CLASSES; i++)
    begin[i + 1] += begin[i];
  for (size_t i = 0; i < n; i++)
    f->sorted[begin[run[i].ccc]++] = run[i];
  memcpy(run, f->sorted, n * sizeof *run);
  return OK;
}

/* Each run of marks by class, those of one class as they were. */
static int sort_runs(Forms *f, Error *err) {
  int rc = OK;
  for (size_t i = 0, n; i < f->n && rc == OK; i += n + !n) {
    for (n = 0; i + n < f->n && f->marks[i + n].ccc; n++)
      continue;
    if (n > FEW)
      rc = sort_many(f, &f->marks[i], n, err);
    else
      sort_few(&f->marks[i], n);
  }
  return rc;
}

/* --- Composing --- */

/* The character that marks may join, and how many behind it did not. All
 * writing happens at or before the place of reading. */
typedef struct Composer {
  bool has;
  FormMark base;
  size_t kept; /* marks, at out + 1 */
  int last;    /* class of the last of them; -1: there is none */
  size_t out;  /* marks written */
} Composer;

static void flush(Forms *f, Composer *c) {
  if (!c->has)
    return;
  f->marks[c->out] = c->base;
  c->out += 1 + c->kept;
  c->kept = 0;
  c->last = -1;
}

static void read_mark(Forms *f, Composer *c, FormMark mark) {
  if (!c->has && mark.ccc) {
    f->marks[c->out++] = mark;
    return;
  }
  uint32_t code =
      c->has && c->last < (int)mark.ccc ? compose(c->base.code, mark.code) : 0;
  if (code) {
    c->base.code = code;
    c->base.change += mark.change - 1;
  } else if (mark.ccc) {
    f->marks[c->out + 1 + c->kept++] = mark;
    c->last = mark.ccc;
  } else {
    flush(f, c);
    c->has = true;
    c->base = mark;
  }
}

static void compose_all(Forms *f) {
  Composer c = {.last = -1};
  for (size_t i = 0; i < f->n; i++)
    read_mark(f, &c, f->marks[i]);
  flush(f, &c);
  f->n = c.out;
}

/* --- Places --- */

/* Gives each character the place that its change leads to. */
static int place(const Forms *f, const Line *from, Line *to, Error *err) {
  size_t at = 0;
  int rc = OK;
  to->n = 0;
  for (size_t i = 0; i < f->n && rc == OK; i++) {
    const FormMark *mark = &f->marks[i];
    size_t source = mark->change > 0 && at > 0 ? at - 1 : at;
    Aligned c = from->chars[source < from->n ? source : from->n - 1];
    if (mark->change > 0 && at == 0) {
      c.end = c.start;
      c.byte_end = c.byte_start;
    }
    if (mark->change <= 0)
      at += 1 + (size_t)-mark->change;
    c.code = mark->code;
    rc = line_add(to, c, err);
  }
  return rc;
}

int forms_run(Forms *f, bool compat, bool composed, const Line *from, Line *to,
              Error *err) {
  int rc = decompose(f, compat, from, err);
  rc = rc ? rc : sort_runs(f, err);
  if (rc == OK && composed)
    compose_all(f);
  return rc ? rc : place(f, from, to, err);
}
