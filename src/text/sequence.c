/*
 * sequence.c - reads texts where files have Sequences of normalizers or of
 * pre-tokenizers.
 *
 * In:  a cursor.
 * Out: the tokens of the next stretch of text, or the next added token.
 *
 * The usual tokenizers normalise a character at a time (bert.c), which normal
 * forms, replacements and the like do not allow.  So a stretch is taken:
 *
 *     text          between tokens found in the raw text
 *     stretch       some hundred bytes of it, cut before white space
 *     line          its characters, normalised (steps.c)
 *     segments      between tokens found in normalised text
 *     words         where the pre-tokenizers cut (cuts.c)
 *     tokens        of each word (wordpiece.c, byte_level.c)
 *
 * A stretch may end before white space behind a character that stays: nothing
 * composes across that border, no word or pattern reaches over it, and
 * stripping the ends of a part stops there.  Characters that a pattern could
 * begin or end with (Replace, added tokens) are no such places; they are kept
 * by hash, so that a few others are none either.  What has no such place in
 * STRETCH_MAX bytes is refused: memory stays bounded, time linear.
 *
 * The inner tokenizer is this one without a normalizer, for which the
 * normalised tokens are raw; tokens' offsets are looked up in the line.
 *
 * Agrees with the order of things in the Hugging Face tokenizers' encode().
 */
#include "text/tokenizer_inside.h"

#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "base/utf8.h"
#include "unicode/unicode.h"

enum { STRETCH_MIN = 512, STRETCH_MAX = 4 << 20 };

typedef struct SequenceWork {
  StepsWork steps;
  char *text; /* owned: the line in UTF-8 */
  size_t text_room;
  unsigned char *marks; /* owned: of cuts_run */
  size_t marks_room;
  const Pieces *pieces; /* of the inner tokenizer */
  void *inner;          /* its memory */
} SequenceWork;

static void end_work(void *memory) {
  SequenceWork *w = memory;
  steps_work_clear(&w->steps);
  mem_free(w->text);
  mem_free(w->marks);
  w->pieces->end(w->inner);
  mem_free(w);
}

static void *begin_work(const Tokenizer *t) {
  SequenceWork *w = mem_zeroed(sizeof *w);
  if (!w)
    return NULL;
  w->pieces = t->sequence->inner->pieces;
  w->inner = w->pieces->work(t->sequence->inner);
  if (w->inner)
    return w;
  mem_free(w);
  return NULL;
}

/* --- Where a stretch may end --- */

static size_t slot_of(uint32_t code) {
  return (code ^ code >> 10) % SEQUENCE_SLOTS;
}

/* The letters of a character, as alike as any step could make them. */
static size_t fold(uint32_t code, uint32_t out[FORMS_MAX]) {
  uint32_t lower[UNICODE_MAX_EXPANSION];
  size_t n = forms_decompose(code, true, out);
  for (size_t i = 0; i < n; i++) {
    unicode_lowercase(out[i], lower);
    out[i] = lower[0];
  }
  return n;
}

static void add_fragile(Sequence *s, uint32_t code) {
  uint32_t letters[FORMS_MAX];
  size_t n = fold(code, letters);
  for (size_t i = 0; i < n; i++)
    s->fragile[slot_of(letters[i])] = true;
}

/* Is a letter of a character white space, or put between spaces, or in a
 * pattern? */
static bool is_fragile(const Sequence *s, uint32_t letter) {
  unsigned flags = unicode_flags(letter);
  return flags & UNICODE_SPACE || (s->spaces_cjk && flags & UNICODE_CJK) ||
         s->fragile[slot_of(letter)];
}

/* Does a character stay, as something that neither begins nor ends with white
 * space? */
static bool is_firm(const Sequence *s, uint32_t code) {
  uint32_t letters[FORMS_MAX];
  if (unicode_flags(code) & (UNICODE_REMOVED | UNICODE_MARK) ||
      forms_is_mark(code) || is_fragile(s, code))
    return false;
  size_t n = fold(code, letters);
  for (size_t i = 0; i < n; i++)
    if (is_fragile(s, letters[i]))
      return false;
  return true;
}

static bool may_cut(const Sequence *s, const TextCursor *c) {
  unsigned char byte = (unsigned char)c->text[c->at];
  uint32_t code;
  if (byte >= 128 || !s->cut[byte])
    return false;
  if (s->loose)
    return true;
  utf8_before(c->text, c->at, &code);
  return is_firm(s, code);
}

/* Moves to the end of the stretch that begins at the cursor, or to the added
 * token there (which then is in `match`). */
static int find_end(TextCursor *c, const Poll *poll, AddedMatch *match,
                    Error *err) {
  const Sequence *s = c->tokenizer->sequence;
  size_t start = c->at;
  uint32_t code;
  match->token = NULL;
  for (; c->at < c->bytes; c->chars++) {
    int rc = cursor_poll(c, poll, err);
    if (rc)
      return rc;
    if (c->tokenizer->plain[(unsigned char)c->text[c->at]] &&
        scan_added(c, match))
      return OK;
    if (c->at - start >= STRETCH_MIN && may_cut(s, c))
      return OK;
    if (c->at - start >= STRETCH_MAX)
      return fail(err, ERR_RANGE,
                  "%d bytes of text without a place to cut them", STRETCH_MAX);
    c->at += utf8_decode(c->text, c->bytes, c->at, &code);
  }
  return OK;
}

/* --- Tokens of a line --- */

typedef struct Reader {
  const Tokenizer *t; /* the inner one */
  SequenceWork *w;
  Work work; /* the inner one's */
  Origin origin;
  TextCursor *outer;
  bool first; /* the next segment begins a split of its own */
  Encoding *out;
  Error *err;
} Reader;

void origin_place(const Origin *o, Token *t) {
  const Aligned *first = &o->chars[t->start], *last = &o->chars[t->end - 1];
  t->start = first->start;
  t->byte_start = first->byte_start;
  t->end = last->end;
  t->byte_end = last->byte_end;
}

/* Characters [i, j) of the line are one word. */
static int read_word(Reader *r, size_t i, size_t j) {
  Word *word = r->work.memory;
  size_t before = r->out->n;
  for (size_t k = i; k < j; k++) {
    Normal letter = {.kind = NORMAL_LETTERS, .starter = true, .n = 1};
    letter.code[0] = r->origin.chars[k].code;
    word_add(word, &letter, (uint32_t)k, 0, 0);
  }
  int rc = wordpiece_split(&r->t->wordpiece, word, r->outer->words++, r->out,
                           r->err);
  for (size_t k = before; k < r->out->n; k++)
    origin_place(&r->origin, &r->out->tokens[k]);
  return rc;
}

/* Bytes [at, end) of the line's text, which begin with character i, are split
 * into words of byte-level BPE. */
static int read_bytes(Reader *r, size_t i, size_t at, size_t end, bool first) {
  TextCursor c = {.tokenizer = r->t,
                  .text = r->w->text,
                  .bytes = end,
                  .at = at,
                  .chars = (uint32_t)i,
                  .words = r->outer->words,
                  .after_added = first ? at : SIZE_MAX,
                  .refused_raw = end,
                  .origin = &r->origin};
  int rc = OK;
  while (rc == OK && !c.done)
    rc = r->w->pieces->next(&c, &r->work, r->out, r->err);
  r->outer->words = c.words;
  return rc;
}

static size_t bytes_of_chars(const Aligned *chars, size_t n) {
  unsigned char unused[4];
  size_t bytes = 0;
  for (size_t i = 0; i < n; i++)
    bytes += utf8_encode(chars[i].code, unused);
  return bytes;
}

/* Where the word that begins at `from` ends; one that is gone is alone. */
static size_t word_end(const unsigned char *marks, size_t from, size_t n) {
  size_t to = from + 1;
  while (to < n && !(marks[from] & CUT_GONE) &&
         !(marks[to] & (CUT_BEFORE | CUT_GONE)))
    to++;
  return to;
}

/* The n characters from i on, which begin at byte `at`: words. */
static int read_segment(Reader *r, size_t i, size_t n, size_t at) {
  const Aligned *chars = r->origin.chars + i;
  const Cuts *cuts = &r->outer->tokenizer->sequence->cuts;
  unsigned char *marks = r->w->marks;
  bool bpe = r->w->pieces == &pieces_byte_level;
  int rc = OK;
  cuts_run(cuts, chars, n, marks);
  for (size_t from = 0, to; from < n && rc == OK; from = to) {
    to = word_end(marks, from, n);
    size_t bytes = bytes_of_chars(chars + from, to - from);
    bool gone = (marks[from] & CUT_GONE) != 0;
    if (!gone && bpe)
      rc = read_bytes(r, i + from, at, at + bytes, r->first || from > 0);
    else if (!gone)
      rc = read_word(r, i + from, i + to);
    at += bytes;
    if (rc == OK)
      rc = poll_check(r->work.poll, r->err);
  }
  return rc;
}

static int take(Reader *r, TextCursor *c, const AddedMatch *m) {
  c->words = r->outer->words++;
  if (r->w->pieces == &pieces_byte_level)
    return byte_level_take(c, m, r->out, r->err);
  int rc = scan_take(c, m, r->out, r->err);
  if (rc == OK)
    origin_place(&r->origin, &r->out->tokens[r->out->n - 1]);
  return rc;
}

/* Finds added tokens in the line, and reads what is between them. */
static int read_line(Reader *r, size_t bytes) {
  TextCursor c = {.tokenizer = r->t,
                  .text = r->w->text,
                  .bytes = bytes,
                  .origin = &r->origin};
  const AddedSet *set = &r->t->added.raw;
  AddedMatch m;
  size_t from = 0, from_byte = 0;
  int rc = OK;
  while (c.at < bytes && rc == OK && set->n) {
    uint32_t code;
    if (!set->begins[(unsigned char)c.text[c.at]] || !scan_added(&c, &m)) {
      c.at += utf8_decode(c.text, bytes, c.at, &code);
      c.chars++;
      continue;
    }
    size_t n = utf8_count(c.text + from_byte, m.start - from_byte);
    rc = read_segment(r, from, n, from_byte);
    rc = rc ? rc : take(r, &c, &m);
    from = c.chars;
    from_byte = c.at;
    r->first = true;
  }
  return rc ? rc : read_segment(r, from, r->w->steps.line.n - from, from_byte);
}

static int write_text(SequenceWork *w, size_t *bytes, Error *err) {
  const Line *l = &w->steps.line;
  size_t room;
  if (!size_mul(l->n + 1, 4, &room) ||
      mem_reserve(&w->text, &w->text_room, room, 1) ||
      mem_reserve(&w->marks, &w->marks_room, l->n + 1, 1))
    return fail_memory(err);
  *bytes = 0;
  for (size_t i = 0; i < l->n; i++)
    *bytes += utf8_encode(l->chars[i].code, (unsigned char *)w->text + *bytes);
  return OK;
}

/* The stretch from the cursor to `end`. */
static int read_stretch(TextCursor *c, const TextCursor *end, size_t end_byte,
                        bool last, Work *work, Encoding *out, Error *err) {
  const Sequence *s = c->tokenizer->sequence;
  SequenceWork *w = work->memory;
  Stretch stretch = {c->text + c->at, end_byte - c->at,        c->chars,
                     (uint32_t)c->at, c->at == c->after_added, last};
  size_t bytes = 0;
  int rc = steps_run(&s->steps, &stretch, &w->steps, err);
  rc = rc ? rc : write_text(w, &bytes, err);
  Reader r = {.t = s->inner,
              .w = w,
              .work = {w->inner, work->poll, work->count},
              .origin = {w->steps.line.chars, c->text, c->bytes},
              .outer = c,
              .first = stretch.first,
              .out = out,
              .err = err};
  rc = rc ? rc : read_line(&r, bytes);
  c->chars =
      end->chars - (uint32_t)utf8_count(c->text + end_byte, end->at - end_byte);
  c->at = end_byte;
  c->poll_at = end->poll_at;
  return rc;
}

static int sequence_next(TextCursor *c, Work *work, Encoding *out, Error *err) {
  TextCursor there = *c;
  AddedMatch match = {NULL, 0, 0};
  int rc = find_end(&there, work->poll, &match, err);
  size_t end = there.at;
  if (match.token && match.start < end)
    end = match.start > c->at ? match.start : c->at;
  if (rc == OK && end > c->at)
    rc = read_stretch(c, &there, end, match.token || end == c->bytes, work, out,
                      err);
  else if (rc == OK && match.token) {
    *c = there;
    rc = c->tokenizer->sequence->inner->pieces == &pieces_byte_level
             ? byte_level_take(c, &match, out, err)
             : scan_take(c, &match, out, err);
  }
  c->done = c->at == c->bytes;
  return rc;
}

/* --- Building --- */

void sequence_free(Sequence *s) {
  if (!s)
    return;
  steps_clear(&s->steps);
  if (s->inner)
    mem_free(s->inner->added.raw.order);
  mem_free(s->inner);
  mem_free(s);
}

static void add_text(Sequence *s, const char *text, size_t bytes) {
  uint32_t code;
  for (size_t at = 0; at < bytes;) {
    at += utf8_decode(text, bytes, at, &code);
    add_fragile(s, code);
  }
}

static bool is_strict(const Tokenizer *t) {
  const Sequence *s = t->sequence;
  bool strict = s->inner->pieces == &pieces_byte_level;
  for (size_t i = 0; i < s->steps.n; i++)
    strict |= s->steps.list[i].kind == STEP_STRIP;
  for (size_t i = 0; i < t->added.n; i++) {
    AddedFlags f = t->added.tokens[i].flags;
    strict |= f.normalized && (f.lstrip || f.rstrip);
  }
  return strict;
}

/* White space in a pattern is no place to cut at; nor is what stands before it
 * where a token takes the white space behind it. */
static void find_cuts(Tokenizer *t) {
  Sequence *s = t->sequence;
  for (size_t i = 0; i < s->steps.n; i++) {
    s->spaces_cjk |= s->steps.list[i].kind == STEP_CJK;
    for (size_t j = 0; j < s->steps.list[i].n_pattern; j++)
      add_fragile(s, s->steps.list[i].pattern[j]);
  }
  for (const char *c = " \n\r\t"; *c; c++)
    s->cut[(unsigned char)*c] = *c == ' ' || !t->byte_level.prefix;
  for (size_t i = 0; i < t->added.n; i++) {
    const AddedToken *a = &t->added.tokens[i];
    for (const char *c = " \n\r\t"; a->flags.normalized && *c; c++)
      if (memchr(a->text, *c, a->bytes) ||
          (a->n_pattern && memchr(a->pattern, *c, a->n_pattern)))
        s->cut[(unsigned char)*c] = false;
    if (a->flags.normalized && a->flags.rstrip)
      add_text(s, a->text, a->bytes);
  }
  for (const char *c = " \n\r\t"; *c; c++)
    if (s->fragile[slot_of((unsigned char)*c)])
      s->cut[(unsigned char)*c] = false;
  s->loose = !is_strict(t);
}

int sequence_prepare(Tokenizer *t, Error *err) {
  Sequence *s = t->sequence;
  Tokenizer *inner = mem_alloc(sizeof *inner);
  s->inner = inner;
  if (!inner)
    return fail_memory(err);
  *inner = *t;
  inner->sequence = NULL;
  inner->normalizer = (Normalizer){0};
  inner->added.raw = t->added.normalized;
  inner->added.normalized = (AddedSet){0};
  t->added.normalized = (AddedSet){0};
  inner->pieces->prepare(inner);
  t->pieces = &pieces_sequence;
  for (size_t i = 0; i < 256; i++)
    t->plain[i] = t->added.raw.begins[i];
  find_cuts(t);
  return OK;
}

static void prepare(Tokenizer *t) {
  (void)t; /* sequence_prepare has done it */
}

const Pieces pieces_sequence = {"Sequence", prepare, begin_work, end_work,
                                sequence_next};
