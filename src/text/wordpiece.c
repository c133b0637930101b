/*
 * wordpiece.c - splits one word into vocabulary pieces.
 *
 * In:  the letters of a normalised word, each with its place in the text.
 * Out: ids, with the span of text each one covers, appended to an Encoding.
 *
 * Greedy: take the longest prefix in the vocabulary, then go on from there
 * with pieces that start with "##".  A word with no such split becomes one
 * [UNK] for the whole word, never a partial split.
 *
 *     "unaffable"  ->  un | ##aff | ##able
 *
 * The hashes of all prefixes are computed once, so a candidate costs a few
 * operations whatever its length.  A word over the limit (100 characters) is
 * unknown anyway: only its end is kept up to date, so one of 10 MB needs no
 * memory.
 *
 * Agrees with the WordPiece model of the Hugging Face tokenizers.  Marks that
 * strip_accents keeps are put into canonical order as it does: characters
 * change places, the offsets of the places stay.
 */
#include "text/wordpiece.h"

#include <string.h>
#include "base/memory.h"
#include "base/utf8.h"
#include "unicode/unicode.h"

enum { MAX_UTF8 = 4 };

int wordpiece_init(WordPiece *m, const Vocab *vocab, const char *prefix,
                   size_t max_chars, int32_t unk, Error *err) {
  max_chars = max_chars < 1 ? 1 : max_chars;
  if (max_chars > WORDPIECE_MAX_CHARS)
    max_chars = WORDPIECE_MAX_CHARS;
  *m = (WordPiece){.vocab = vocab, .max_chars = max_chars, .unk = unk};
  m->n_prefix = strlen(prefix);
  m->prefix_hash = vocab_hash(0, prefix, m->n_prefix);
  m->prefix = mem_text(prefix, m->n_prefix);
  size_t n = MAX_UTF8 * max_chars + 1;
  m->powers = mem_array(n, sizeof *m->powers);
  if (!m->prefix || !m->powers)
    return fail_memory(err);
  m->powers[0] = 1;
  for (size_t i = 1; i < n; i++)
    m->powers[i] = m->powers[i - 1] * VOCAB_BASE;
  return OK;
}

void wordpiece_clear(WordPiece *m) {
  mem_free(m->prefix);
  mem_free(m->powers);
  *m = (WordPiece){0};
}

Word *word_new(const WordPiece *m) {
  size_t letters = (m->max_chars + 1) * sizeof(Letter);
  char *block = mem_alloc(sizeof(Word) + letters + MAX_UTF8 * m->max_chars);
  if (!block)
    return NULL;
  Word *w = (Word *)(void *)block;
  *w = (Word){.max_chars = m->max_chars};
  w->letters = (Letter *)(void *)(block + sizeof *w);
  w->text = (unsigned char *)block + sizeof *w + letters;
  return w;
}

/* Moves the last letter, a mark, before those of a higher class, but not
 * before a base letter, whose class is 0. Places keep their offsets. */
static void put_in_order(Word *w) {
  Letter *all = w->letters;
  uint32_t code = all[w->n - 1].code;
  uint8_t ccc = all[w->n - 1].ccc;
  size_t i = w->n - 1;
  for (; i > w->run && all[i - 1].ccc > ccc; i--) {
    all[i].code = all[i - 1].code;
    all[i].ccc = all[i - 1].ccc;
  }
  all[i].code = code;
  all[i].ccc = ccc;
}

static void add_letter(Word *w, uint32_t code, bool may_order, Letter place) {
  if (w->n == w->max_chars)
    return;
  unsigned ccc = may_order ? unicode_order_of(code) : 0;
  place.code = code;
  place.ccc = (uint8_t)ccc;
  w->letters[w->n++] = place;
  if (ccc)
    put_in_order(w);
}

void word_add(Word *w, const Normal *normal, uint32_t start, uint32_t byte,
              size_t bytes) {
  Letter place = {.start = start, .byte = byte, .bytes = (uint8_t)bytes};
  if (normal->n == 0) {
    if (normal->starter)
      w->run = w->n;
    return;
  }
  if (w->count == 0) {
    w->start = start;
    w->byte_start = byte;
  }
  w->count += normal->n;
  w->end = start + 1;
  w->byte_end = byte + (uint32_t)bytes;
  bool may_order = !normal->starter || normal->n > 1;
  for (size_t i = 0; i < normal->n; i++)
    add_letter(w, normal->code[i], may_order, place);
}

/* Writes the letters as UTF-8, with the hash of what is before each. */
static void encode_letters(Word *w) {
  uint64_t hash = 0;
  size_t at = 0;
  for (size_t i = 0; i < w->n; i++) {
    Letter *l = &w->letters[i];
    l->at = (uint16_t)at;
    l->hash = hash;
    size_t end = at + utf8_encode(l->code, w->text + at);
    for (; at < end; at++)
      hash = vocab_hash_more(hash, w->text[at]);
  }
  w->letters[w->n].at = (uint16_t)at;
  w->letters[w->n].hash = hash;
}

/* The id of the longest piece that begins at letter i, and where it ends; -1:
 * there is none. */
static int32_t longest_piece(const WordPiece *m, const Word *w, size_t i,
                             size_t *end) {
  const Letter *from = &w->letters[i];
  size_t n_prefix = i ? m->n_prefix : 0;
  uint64_t before = from->hash - (i ? m->prefix_hash : 0);
  const char *text = (const char *)w->text + from->at;
  size_t room = m->vocab->longest;
  room = room > n_prefix ? room - n_prefix : 0;
  size_t j = w->n - i < room ? w->n : i + room;
  for (; j > i; j--) {
    const Letter *to = &w->letters[j];
    size_t bytes = (size_t)(to->at - from->at);
    if (bytes > room)
      continue;
    uint64_t hash = to->hash - before * m->powers[bytes];
    int32_t id =
        vocab_find_hashed(m->vocab, hash, m->prefix, n_prefix, text, bytes);
    if (id >= 0) {
      *end = j;
      return id;
    }
  }
  return -1;
}

static int add_unknown(const WordPiece *m, const Word *w, int32_t index,
                       Encoding *out, Error *err) {
  Token token = {.id = m->unk,
                 .word = index,
                 .start = w->start,
                 .end = w->end,
                 .byte_start = w->byte_start,
                 .byte_end = w->byte_end};
  return encoding_add(out, &token, err);
}

/* Pieces from letter to letter; *whole tells whether they cover the word. */
static int add_pieces(const WordPiece *m, Word *w, int32_t index, Encoding *out,
                      bool *whole, Error *err) {
  encode_letters(w);
  *whole = false;
  for (size_t i = 0, end; i < w->n; i = end) {
    int32_t id = longest_piece(m, w, i, &end);
    if (id < 0)
      return OK;
    const Letter *first = &w->letters[i], *last = &w->letters[end - 1];
    Token token = {.id = id,
                   .word = index,
                   .start = first->start,
                   .end = last->start + 1,
                   .byte_start = first->byte,
                   .byte_end = last->byte + last->bytes};
    int rc = encoding_add(out, &token, err);
    if (rc)
      return rc;
  }
  *whole = true;
  return OK;
}

int wordpiece_split(const WordPiece *m, Word *w, int32_t index, Encoding *out,
                    Error *err) {
  size_t before = out->n;
  bool whole = false;
  int rc = OK;
  if (w->count <= m->max_chars)
    rc = add_pieces(m, w, index, out, &whole, err);
  if (rc == OK && !whole) {
    out->n = before;
    rc = add_unknown(m, w, index, out, err);
  }
  w->n = w->count = w->run = 0;
  return rc;
}
