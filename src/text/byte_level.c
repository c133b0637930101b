/*
 * byte_level.c - the byte-level kind of tokenizer: reads words off a text.
 *
 * In:  a cursor.
 * Out: the tokens of the next word or added token.
 *
 * A word is the first of these that fits, within a part of the text, which is
 * what lies between added tokens:
 *
 *     's 't 're 've 'm 'll 'd
 *     letters, numbers, or neither of them nor white space; each with the one
 *         space before it, if there is one
 *     white space: all of it at the end of a part, else all but the last
 *         character (and at least one)
 *
 *     "He's  [x] 42!"  ->  He | 's | _ | _[ | x | ] | _42 | !
 *
 * The bytes of a word go to bpe.c as they are; ill-formed UTF-8 is replaced
 * first.  A word is never cut: one of 10 MB is read whole.
 *
 * Offsets are those of the characters a token has bytes of, so that tokens may
 * share one; the spaces around it are left out where the files say so.
 *
 * Agrees with the ByteLevel pre-tokenizer of the Hugging Face tokenizers and
 * with what ByteLevel and RobertaProcessing make of its offsets.
 */
#include "text/tokenizer_inside.h"

#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "base/utf8.h"
#include "text/bytes.h"
#include "unicode/unicode.h"

/* What a character is to the rules above. END: there is none in this part. */
enum { CLASS_END, CLASS_SPACE, CLASS_LETTER, CLASS_NUMBER, CLASS_OTHER };

enum { POLL_TOKENS = 1 << 14 }; /* added between polls */

typedef struct ByteWork {
  BpeWork bpe;
  char *text; /* owned: a word that is not in the text as it is */
  size_t room;
} ByteWork;

static int class_of(uint32_t code) {
  unsigned flags = unicode_flags(code);
  return flags & UNICODE_SPACE    ? CLASS_SPACE
         : flags & UNICODE_LETTER ? CLASS_LETTER
         : flags & UNICODE_NUMBER ? CLASS_NUMBER
                                  : CLASS_OTHER;
}

static void prepare(Tokenizer *t) {
  const AddedSet *raw = &t->added.raw, *normalized = &t->added.normalized;
  for (uint32_t byte = 0; byte < 128; byte++) {
    bool begins = raw->begins[byte] || normalized->begins[byte];
    t->plain[byte] = begins ? CLASS_END : (unsigned char)class_of(byte);
  }
}

static void *begin_work(const Tokenizer *t) {
  (void)t;
  return mem_zeroed(sizeof(ByteWork));
}

static void end_work(void *memory) {
  ByteWork *w = memory;
  bpe_work_clear(&w->bpe);
  mem_free(w->text);
  mem_free(w);
}

/* --- Reading a word --- */

/* A word: where it begins, and what is known of it. */
typedef struct Span {
  size_t at;      /* byte of the text */
  uint32_t chars; /* character of the text */
  bool prefix;    /* a space that is not in the text goes before it */
  bool bad;       /* has ill-formed UTF-8 */
} Span;

typedef struct Reader {
  TextCursor *c;
  const Poll *poll;
  size_t *count;
  Error *err;
  Span span;        /* up to the cursor */
  int next;         /* the class of the character at the cursor */
  AddedMatch match; /* where next is END: the added token there, if any */
  int rc;
} Reader;

/* Is U+FFFD, as it was read, not what the text has? */
static bool is_bad(const char *text, size_t n) {
  return !(n == 3 && (unsigned char)*text == 0xef);
}

static void look(Reader *r) {
  const TextCursor *c = r->c;
  uint32_t code;
  r->match.token = NULL;
  r->next = CLASS_END;
  if (c->at == c->bytes)
    return;
  r->next = c->tokenizer->plain[(unsigned char)c->text[c->at]];
  if (r->next != CLASS_END || scan_added(r->c, &r->match))
    return;
  utf8_decode(c->text, c->bytes, c->at, &code);
  r->next = class_of(code);
}

/* Moves over the character at the cursor; look() tells what is next. */
static void move(Reader *r) {
  TextCursor *c = r->c;
  uint32_t code;
  size_t n = utf8_decode(c->text, c->bytes, c->at, &code);
  r->span.bad |= code == UTF8_BAD && is_bad(c->text + c->at, n);
  c->at += n;
  c->chars++;
}

static void step(Reader *r) {
  move(r);
  look(r);
}

/* Moves over all characters of the class that is next. */
static void skip_class(Reader *r) {
  TextCursor *c = r->c;
  const unsigned char *plain = c->tokenizer->plain;
  int class = r->next;
  while (r->next == class && r->rc == OK) {
    move(r);
    size_t at = c->at, limit = c->bytes < c->poll_at ? c->bytes : c->poll_at;
    while (at < limit && plain[(unsigned char)c->text[at]] == class)
      at++;
    c->chars += (uint32_t)(at - c->at);
    c->at = at;
    r->rc = cursor_poll(c, r->poll, r->err);
    look(r);
  }
}

/* White space is next, or before the cursor as a prefix. True: it is a word;
 * false: it is the space before one. */
static bool read_spaces(Reader *r) {
  TextCursor *c = r->c;
  uint32_t code;
  if (r->next == CLASS_SPACE)
    skip_class(r);
  size_t n = c->chars - r->span.chars + r->span.prefix;
  if (r->next == CLASS_END)
    return true;
  if (n == 1)
    return !r->span.prefix && c->text[r->span.at] != ' ';
  c->at -= utf8_before(c->text, c->at, &code);
  c->chars--;
  return true;
}

/* What follows an apostrophe, if it is one of 's 't 're 've 'm 'll 'd. */
static bool read_contraction(Reader *r) {
  const TextCursor *c = r->c;
  char first = r->next == CLASS_LETTER ? c->text[c->at] : 0;
  if (first && strchr("stmd", first)) {
    step(r);
    return true;
  }
  char second = first == 'l' ? 'l' : 'e';
  if (!first || !strchr("rvl", first) || c->at + 1 == c->bytes ||
      c->text[c->at + 1] != second)
    return false;
  Reader before = *r;
  TextCursor there = *c;
  step(r);
  if (r->next == CLASS_END) { /* an added token begins with the second */
    *r = before;
    *r->c = there;
    return false;
  }
  step(r);
  return true;
}

/* Reads a word up to the cursor. */
static void read_word(Reader *r) {
  if ((r->span.prefix || r->next == CLASS_SPACE) && read_spaces(r))
    return;
  const TextCursor *c = r->c;
  bool alone = c->at == r->span.at && !r->span.prefix;
  int class = r->next;
  if (alone && c->text[c->at] == '\'') {
    step(r);
    if (read_contraction(r) || r->next != class)
      return;
  }
  skip_class(r);
}

/* --- Its tokens --- */

/* A character of the text, and where its bytes begin in the word. */
typedef struct Place {
  size_t at, pos;
  uint32_t chars;
} Place;

/* Moves to the character that has byte i of the word; returns its length. */
static size_t move_to(const TextCursor *c, Place *p, size_t i) {
  for (;;) {
    uint32_t code;
    size_t n = utf8_decode(c->text, c->bytes, p->at, &code);
    size_t in_word = code == UTF8_BAD ? 3 : n;
    if (p->pos + in_word > i)
      return n;
    p->pos += in_word;
    p->at += n;
    p->chars++;
  }
}

/* Leaves out characters at the ends of a token, none beyond the other end. */
static void trim(const TextCursor *c, size_t lead, size_t trail, bool first,
                 Token *t) {
  const ByteLevel *how = &c->tokenizer->byte_level;
  const char *text = c->origin ? c->origin->text : c->text;
  size_t bytes = c->origin ? c->origin->bytes : c->bytes;
  uint32_t code;
  if (how->trim_prefix && lead == 1 && (first || t->start == 0))
    lead = 0;
  for (; lead && t->start < t->end; lead--, t->start++)
    t->byte_start += (uint32_t)utf8_decode(text, bytes, t->byte_start, &code);
  for (; trail && t->end > t->start; trail--) {
    t->end--;
    if (t->end == t->start) /* may be a prefix, and no space is in the text */
      t->byte_end = t->byte_start;
    else
      t->byte_end -= (uint32_t)utf8_before(text, t->byte_end, &code);
  }
}

/* A token that has bytes [i, j) of a word. */
static int add_token(const TextCursor *c, Place *p, const char *word, size_t i,
                     size_t j, int32_t id, Encoding *out, Error *err) {
  Token t = {.id = id, .word = c->words};
  size_t lead = 0, trail = 0;
  move_to(c, p, i);
  t.start = p->chars;
  t.byte_start = (uint32_t)p->at;
  size_t n = move_to(c, p, j - 1);
  t.end = p->chars + 1;
  t.byte_end = (uint32_t)(p->at + n);
  while (i + lead < j && word[i + lead] == ' ')
    lead++;
  while (j - trail > i && word[j - trail - 1] == ' ')
    trail++;
  if (c->origin)
    origin_place(c->origin, &t);
  if (c->tokenizer->byte_level.trim && lead + trail > 0)
    trim(c, lead, trail, c->words == 0 && i == 0, &t);
  return encoding_add(out, &t, err);
}

/* A word with its prefix, and U+FFFD for what is ill-formed. */
static int copy_word(const Reader *r, ByteWork *w, size_t *n) {
  const TextCursor *c = r->c;
  const Span *s = &r->span;
  size_t room = 0, poll_at = s->at;
  if (!size_mul(c->at - s->at, 3, &room) || !size_add(room, 1, &room) ||
      mem_reserve(&w->text, &w->room, room, 1))
    return fail_memory(r->err);
  int rc = OK;
  *n = 0;
  if (s->prefix)
    w->text[(*n)++] = ' ';
  for (size_t at = s->at; at < c->at && rc == OK;) {
    uint32_t code;
    at += utf8_decode(c->text, c->bytes, at, &code);
    *n += utf8_encode(code, (unsigned char *)w->text + *n);
    if (at - poll_at >= POLL_BYTES) {
      poll_at = at;
      rc = poll_check(r->poll, r->err);
    }
  }
  return rc;
}

/* The tokens of n bytes, which are the span. */
static int add_tokens(const Reader *r, BpeWork *w, const char *word, size_t n,
                      Encoding *out) {
  const Bpe *bpe = &r->c->tokenizer->bpe;
  Place p = {r->span.at, r->span.prefix, r->span.chars};
  int32_t id = bpe_whole(bpe, word, n);
  if (id >= 0)
    return add_token(r->c, &p, word, 0, n, id, out, r->err);
  int rc = bpe_split(bpe, w, word, n, r->poll, r->err);
  if (r->count) {
    *r->count += w->n_pieces;
    return rc;
  }
  size_t from = 0;
  for (size_t i = 0; rc == OK && i < w->n_pieces; from = w->pieces[i++].end) {
    rc = add_token(r->c, &p, word, from, w->pieces[i].end, w->pieces[i].id, out,
                   r->err);
    if (rc == OK && i % POLL_TOKENS == POLL_TOKENS - 1)
      rc = poll_check(r->poll, r->err);
  }
  return rc;
}

static int add_word(Reader *r, ByteWork *w, Encoding *out) {
  const Span *s = &r->span;
  const char *word = r->c->text + s->at;
  size_t n = r->c->at - s->at;
  int rc = OK;
  if (s->prefix || s->bad) {
    rc = copy_word(r, w, &n);
    word = w->text;
  }
  rc = rc ? rc : add_tokens(r, &w->bpe, word, n, out);
  r->c->words++;
  return rc;
}

/* White space of lstrip and rstrip is trimmed like that of a word. */
int byte_level_take(TextCursor *c, const AddedMatch *m, Encoding *out,
                    Error *err) {
  size_t lead = 0, trail = 0, n = out->n;
  uint32_t code;
  int rc = scan_take(c, m, out, err);
  if (rc)
    return rc;
  Token *t = &out->tokens[n];
  for (size_t at = t->byte_start; at < t->byte_end; lead++) {
    at += utf8_decode(c->text, c->bytes, at, &code);
    if (code != BYTES_SPACE && class_of(code) != CLASS_SPACE)
      break;
  }
  for (size_t at = t->byte_end; at > t->byte_start; trail++) {
    at -= utf8_before(c->text, at, &code);
    if (code != BYTES_SPACE && class_of(code) != CLASS_SPACE)
      break;
  }
  if (c->origin)
    origin_place(c->origin, t);
  if (c->tokenizer->byte_level.trim)
    trim(c, lead, trail, c->words == 1, t);
  return OK;
}

/* Reads a word, or takes the added token that is there. */
static int read_one(Reader *r, ByteWork *w, Encoding *out) {
  look(r);
  if (r->next != CLASS_END)
    read_word(r);
  if (r->rc)
    return r->rc;
  if (r->match.token && r->match.start <= r->span.at)
    return byte_level_take(r->c, &r->match, out, r->err);
  return add_word(r, w, out);
}

static int byte_level_next(TextCursor *c, Work *work, Encoding *out,
                           Error *err) {
  Reader r = {.c = c, .poll = work->poll, .count = work->count, .err = err};
  bool first = c->at == c->after_added && c->text[c->at] != ' ';
  r.rc = cursor_poll(c, work->poll, err);
  if (r.rc)
    return r.rc;
  r.span = (Span){.at = c->at, .chars = c->chars};
  r.span.prefix = c->tokenizer->byte_level.prefix && first;
  int rc = read_one(&r, work->memory, out);
  if (rc == OK && c->at == r.span.at) { /* the prefix is a word by itself */
    r.span.prefix = false;
    rc = read_one(&r, work->memory, out);
  }
  c->done = c->at == c->bytes;
  return rc;
}

const Pieces pieces_byte_level = {"BPE", prepare, begin_work, end_work,
                                  byte_level_next};
