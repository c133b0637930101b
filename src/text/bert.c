/*
 * bert.c - the BERT kind of tokenizer: reads words off a text.
 *
 * In:  a cursor.
 * Out: the tokens of the next word or added token.
 *
 * A word is what lies between white space, punctuation and ideographs;
 * punctuation marks and ideographs are words of one character.  Characters are
 * normalised one at a time on the way into the word (normalize.c), so nothing
 * but the word itself is ever held:
 *
 *     "He's [MASK]!"  ->  he | ' | s | [MASK] | !
 *
 * Nearly all text is plain ASCII letters, for which a table of 256 bytes says
 * what they become; a second one has all ASCII, and the rest takes the long
 * way.
 *
 * Agrees with BertNormalizer, BertPreTokenizer and WordPiece of the Hugging
 * Face tokenizers put together.
 */
#include "text/tokenizer_inside.h"

#include "base/memory.h"
#include "base/utf8.h"

static void bert_prepare(Tokenizer *t) {
  const AddedSet *raw = &t->added.raw, *normalized = &t->added.normalized;
  for (uint32_t byte = 0; byte < 128; byte++) {
    Normal n = normalize_char(&t->normalizer, byte);
    t->ascii[byte] = n;
    bool plain = n.kind == NORMAL_LETTERS && !raw->begins[byte] &&
                 !normalized->begins[n.code[0] & 0xff];
    t->plain[byte] = plain ? (unsigned char)n.code[0] : 0;
  }
}

static void *bert_work(const Tokenizer *t) {
  return word_new(&t->wordpiece);
}

static void move_on(TextCursor *c, size_t bytes) {
  c->at += bytes;
  c->chars++;
}

/* Takes plain letters up to `limit`. */
static void read_plain(TextCursor *c, Word *w, size_t limit) {
  const unsigned char *plain = c->tokenizer->plain;
  size_t at = c->at;
  uint32_t chars = c->chars;
  for (; at < limit; at++, chars++) {
    unsigned char letter = plain[(unsigned char)c->text[at]];
    if (!letter)
      break;
    word_add_ascii(w, letter, chars, (uint32_t)at);
  }
  c->at = at;
  c->chars = chars;
}

/* Takes one character, if it belongs to this word. True: the word is over. */
static bool read_char(TextCursor *c, Word *w) {
  const Tokenizer *t = c->tokenizer;
  uint32_t code;
  size_t bytes = utf8_decode(c->text, c->bytes, c->at, &code);
  Normal n = code < 128 ? t->ascii[code] : normalize_char(&t->normalizer, code);
  if (n.kind == NORMAL_ALONE && w->count)
    return true;
  if (n.kind != NORMAL_SPACE)
    word_add(w, &n, c->chars, (uint32_t)c->at, bytes);
  move_on(c, bytes);
  return n.kind == NORMAL_ALONE || (n.kind == NORMAL_SPACE && w->count);
}

static int bert_next(TextCursor *c, Work *work, Encoding *out, Error *err) {
  Word *w = work->memory;
  AddedMatch match;
  for (bool over = false; !over && c->at < c->bytes;) {
    int rc = cursor_poll(c, work->poll, err);
    if (rc)
      return rc;
    read_plain(c, w, c->bytes < c->poll_at ? c->bytes : c->poll_at);
    if (c->at == c->bytes)
      break;
    if (scan_added(c, &match)) {
      if (w->count)
        break;
      return scan_take(c, &match, out, err);
    }
    over = read_char(c, w);
  }
  if (w->count)
    return wordpiece_split(&c->tokenizer->wordpiece, w, c->words++, out, err);
  c->done = true;
  return OK;
}

const Pieces pieces_bert = {"WordPiece", bert_prepare, bert_work, mem_free,
                            bert_next};
