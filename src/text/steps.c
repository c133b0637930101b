/*
 * steps.c - a Sequence of normalizers, applied to a stretch of text.
 *
 * In:  a stretch of UTF-8 and the steps.
 * Out: characters, each with the characters and bytes it stands for.
 *
 * Each step reads one line of characters and writes another; what a character
 * stands for moves along:
 *
 *     deleted      leaves no trace
 *     lower case   all that one becomes stand for it
 *     put between spaces, so do the spaces
 *     replaced     the whole content stands for the last character replaced
 *     forms        forms.c
 *
 * Agrees with the normalizers of these names in the Hugging Face tokenizers
 * and with the offsets that their NormalizedString keeps.
 */
#include "text/steps.h"

#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "base/utf8.h"
#include "unicode/unicode.h"

void steps_clear(Steps *s) {
  mem_free(s->list);
  *s = (Steps){0};
}

int steps_add(Steps *s, Step step, Error *err) {
  if (s->n == STEPS_MAX)
    return fail(err, ERR_RANGE, "more than %d normalizers", STEPS_MAX);
  if (!s->list)
    s->list = mem_array(STEPS_MAX, sizeof *s->list);
  if (!s->list)
    return fail_memory(err);
  s->list[s->n++] = step;
  return OK;
}

void steps_work_clear(StepsWork *w) {
  mem_free(w->line.chars);
  mem_free(w->other.chars);
  forms_clear(&w->forms);
  *w = (StepsWork){0};
}

static bool is_space(uint32_t code) {
  return (unicode_flags(code) & UNICODE_SPACE) != 0;
}

/* --- Steps that look at one character --- */

static int add_code(Line *to, Aligned c, uint32_t code, Error *err) {
  c.code = code;
  return line_add(to, c, err);
}

static int lower_char(Aligned c, Line *to, Error *err) {
  uint32_t lower[UNICODE_MAX_EXPANSION];
  size_t n = unicode_lowercase(c.code, lower);
  int rc = add_code(to, c, lower[0], err);
  return rc || n < 2 ? rc : add_code(to, c, lower[1], err);
}

static int clean_char(Aligned c, Line *to, Error *err) {
  unsigned flags = unicode_flags(c.code);
  if (flags & UNICODE_REMOVED)
    return OK;
  return add_code(to, c, flags & UNICODE_SPACE ? ' ' : c.code, err);
}

static int space_char(Aligned c, Line *to, Error *err) {
  bool spaced = (unicode_flags(c.code) & UNICODE_CJK) != 0;
  int rc = spaced ? add_code(to, c, ' ', err) : OK;
  rc = rc ? rc : line_add(to, c, err);
  return rc || !spaced ? rc : add_code(to, c, ' ', err);
}

static int step_char(StepKind kind, Aligned c, Line *to, Error *err) {
  switch (kind) {
  case STEP_LOWER:
    return lower_char(c, to, err);
  case STEP_CLEAN:
    return clean_char(c, to, err);
  case STEP_CJK:
    return space_char(c, to, err);
  case STEP_MARKS:
    return forms_is_mark(c.code) ? OK : line_add(to, c, err);
  default: /* STEP_ACCENTS */
    return unicode_flags(c.code) & UNICODE_MARK ? OK : line_add(to, c, err);
  }
}

static int each_char(StepKind kind, const Line *from, Line *to, Error *err) {
  int rc = OK;
  to->n = 0;
  for (size_t i = 0; i < from->n && rc == OK; i++)
    rc = step_char(kind, from->chars[i], to, err);
  return rc;
}

/* --- Steps that look at many --- */

static int strip(const Step *step, const Stretch *stretch, const Line *from,
                 Line *to, Error *err) {
  size_t start = 0, end = from->n;
  int rc = OK;
  if (step->left && stretch->first)
    while (start < end && is_space(from->chars[start].code))
      start++;
  if (step->right && stretch->last)
    while (end > start && is_space(from->chars[end - 1].code))
      end--;
  to->n = 0;
  for (; start < end && rc == OK; start++)
    rc = line_add(to, from->chars[start], err);
  return rc;
}

static bool matches(const Step *step, const Line *from, size_t at) {
  if (from->n - at < step->n_pattern)
    return false;
  for (size_t i = 0; i < step->n_pattern; i++)
    if (from->chars[at + i].code != step->pattern[i])
      return false;
  return true;
}

static int replace(const Step *step, const Line *from, Line *to, Error *err) {
  int rc = OK;
  to->n = 0;
  for (size_t at = 0; at < from->n && rc == OK;) {
    if (!matches(step, from, at)) {
      rc = line_add(to, from->chars[at++], err);
      continue;
    }
    at += step->n_pattern;
    for (size_t i = 0; i < step->n_content && rc == OK; i++)
      rc = add_code(to, from->chars[at - 1], step->content[i], err);
  }
  return rc;
}

static int run_step(const Step *step, const Stretch *stretch, StepsWork *w,
                    Error *err) {
  Line *from = &w->line, *to = &w->other;
  switch (step->kind) {
  case STEP_FORM:
    return forms_run(&w->forms, step->compat, step->composed, from, to, err);
  case STEP_STRIP:
    return strip(step, stretch, from, to, err);
  case STEP_REPLACE:
    return replace(step, from, to, err);
  default:
    return each_char(step->kind, from, to, err);
  }
}

static int read_stretch(const Stretch *s, Line *to, Error *err) {
  uint32_t chars = s->start;
  int rc = OK;
  to->n = 0;
  for (size_t at = 0, n; at < s->bytes && rc == OK; at += n, chars++) {
    uint32_t code, byte = s->byte_start + (uint32_t)at;
    n = utf8_decode(s->text, s->bytes, at, &code);
    Aligned c = {code, chars, chars + 1, byte, byte + (uint32_t)n};
    rc = line_add(to, c, err);
  }
  return rc;
}

int steps_run(const Steps *s, const Stretch *stretch, StepsWork *w,
              Error *err) {
  int rc = read_stretch(stretch, &w->line, err);
  for (size_t i = 0; i < s->n && rc == OK; i++) {
    rc = run_step(&s->list[i], stretch, w, err);
    Line line = w->line;
    w->line = w->other;
    w->other = line;
  }
  return rc;
}

int steps_text(const Steps *s, const char *text, size_t bytes, char **out,
               size_t *n_out, Error *err) {
  StepsWork w = {0};
  Stretch stretch = {text, bytes, 0, 0, true, true};
  size_t room = 0;
  int rc = steps_run(s, &stretch, &w, err);
  unsigned char *to = NULL;
  if (rc == OK && size_mul(w.line.n, 4, &room))
    to = mem_alloc(room + 1);
  if (rc == OK && !to)
    rc = fail_memory(err);
  size_t n = 0;
  for (size_t i = 0; to && i < w.line.n; i++)
    n += utf8_encode(w.line.chars[i].code, to + n);
  steps_work_clear(&w);
  *out = (char *)to;
  *n_out = n;
  return rc;
}
