/*
 * decode.c - ids back to text.
 *
 * In:  ids.
 * Out: the text a reader expects, which is not always the one they came from.
 *
 *     WordPiece    he | ##llo | , | i        ->  "hello, i"
 *                  a space before each token but the first, unless it begins
 *                  with ##; then ten clean-ups within each token: " ," -> ","
 *     byte level   He | llo | _I             ->  "Hello I"
 *                  characters back to bytes, then U+FFFD for what is not UTF-8;
 *                  a token with other characters stands for itself
 *
 * Where tokenizer_config.json sets clean_up_tokenization_spaces, the clean-ups
 * are made once more, in the whole text, which also closes "i ' m".
 *
 * Texts of tokens are joined the same way, but for the clean-ups in the whole
 * text (convert_tokens_to_string).
 *
 * Agrees with decode() of the Hugging Face tokenizers and transformers: ids
 * without a token are left out; special tokens are told by their text.
 */
#include "text/tokenizer_inside.h"

#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "base/utf8.h"
#include "text/bytes.h"

typedef struct Text {
  char *bytes; /* owned */
  size_t n, room;
  const Poll *poll;
} Text;

static int append(Text *t, const char *bytes, size_t n, Error *err) {
  size_t end;
  if (!size_add(t->n, n, &end) || end == SIZE_MAX ||
      mem_reserve(&t->bytes, &t->room, end + 1, 1))
    return fail_memory(err); /* one more for the 0 at the end */
  int rc = poll_copy(t->poll, t->bytes + t->n, bytes, n, err);
  t->n = end;
  return rc;
}

enum { AT_ONCE = 1 << 20 }; /* bytes between two questions */

/* Up to the next `c` behind the first byte. */
static size_t stretch(const char *at, size_t left, char c) {
  size_t most = left < AT_ONCE ? left : AT_ONCE;
  const char *next = memchr(at + 1, c, most - 1);
  return next ? (size_t)(next - at) : most;
}

/* Replaces what is not longer by what it becomes, from `start` on. */
static int replace(Text *t, size_t start, const char *old, const char *new,
                   Error *err) {
  size_t n_old = strlen(old), n_new = strlen(new), to = start, asked = start;
  int rc = OK;
  for (size_t from = start, n; from < t->n && rc == OK; from += n) {
    const char *at = t->bytes + from;
    size_t left = t->n - from;
    bool here = left >= n_old && memcmp(at, old, n_old) == 0;
    n = here ? n_old : stretch(at, left, old[0]);
    memmove(t->bytes + to, here ? new : at, here ? n_new : n);
    to += here ? n_new : n;
    if (from - asked >= AT_ONCE) {
      asked = from;
      rc = poll_check(t->poll, err);
    }
  }
  t->n = to;
  return rc;
}

/* In a token WordPiece's decoder also shortens " do not". */
static int clean_up(Text *t, size_t start, bool token, Error *err) {
  static const char *const rules[][2] = {
      {" .", "."},   {" ?", "?"},     {" !", "!"},     {" ,", ","},
      {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},   {" do not", " don't"},
      {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
  };
  int rc = OK;
  for (size_t i = 0; i < sizeof rules / sizeof *rules && rc == OK; i++)
    if (token || strcmp(rules[i][0], " do not") != 0)
      rc = replace(t, start, rules[i][0], rules[i][1], err);
  return rc;
}

static int add_piece(const Tokenizer *t, const char *token, size_t bytes,
                     bool first, Text *out, Error *err) {
  const WordPiece *m = &t->wordpiece;
  size_t start = out->n, n = m->n_prefix;
  bool inside = !first && bytes >= n && memcmp(token, m->prefix, n) == 0;
  int rc = OK;
  if (inside)
    rc = append(out, token + n, bytes - n, err);
  else if (first)
    rc = append(out, token, bytes, err);
  else if ((rc = append(out, " ", 1, err)) == OK)
    rc = append(out, token, bytes, err);
  return rc || !t->decoder.clean_tokens ? rc : clean_up(out, start, true, err);
}

static int add_bytes(const char *token, size_t bytes, Text *out, Error *err) {
  size_t start = out->n;
  uint32_t code;
  for (size_t at = 0; at < bytes;) {
    at += utf8_decode(token, bytes, at, &code);
    int byte = bytes_of(code);
    char c = (char)byte;
    if (byte < 0)
      out->n = start;
    int rc =
        byte < 0 ? append(out, token, bytes, err) : append(out, &c, 1, err);
    if (rc || byte < 0)
      return rc;
  }
  return OK;
}

/* U+FFFD for each maximal part that is not UTF-8. */
static int make_valid(Text *t, Error *err) {
  Text out = {.poll = t->poll};
  if (utf8_is_valid(t->bytes, t->n))
    return OK;
  int rc = append(&out, "", 0, err);
  for (size_t at = 0; at < t->n && rc == OK;) {
    unsigned char character[4];
    uint32_t code;
    at += utf8_decode(t->bytes, t->n, at, &code);
    rc = append(&out, (char *)character, utf8_encode(code, character), err);
  }
  mem_free(t->bytes);
  *t = out;
  return rc;
}

static bool is_special(const Tokenizer *t, const char *token, size_t bytes) {
  const AddedToken *added = added_find(&t->added, token, bytes);
  return added && added->flags.special;
}

static int add_token(const Tokenizer *t, const char *token, size_t bytes,
                     bool first, Text *out, Error *err) {
  return t->bpe.vocab ? add_bytes(token, bytes, out, err)
                      : add_piece(t, token, bytes, first, out, err);
}

/* After the last token. */
static int end_tokens(const Tokenizer *t, Text *out, Error *err) {
  int rc = t->bpe.vocab ? make_valid(out, err) : OK;
  if (rc == OK)
    out->bytes[out->n] = 0;
  return rc;
}

static int decode(const Tokenizer *t, const int32_t *ids, size_t n, bool skip,
                  Text *out, Error *err) {
  bool first = true;
  int rc = append(out, "", 0, err);
  for (size_t i = 0; i < n && rc == OK; i++) {
    size_t bytes = 0;
    const char *token = tokenizer_token(t, ids[i], &bytes);
    if (!token || (skip && is_special(t, token, bytes)))
      continue;
    rc = add_token(t, token, bytes, first, out, err);
    first = false;
  }
  rc = rc ? rc : end_tokens(t, out, err);
  if (rc || !t->decoder.clean_text)
    return rc;
  rc = clean_up(out, 0, false, err);
  out->bytes[out->n] = 0;
  return rc;
}

/* Hands a text over that was built with this result. */
static int give(Text *built, int rc, char **text, size_t *bytes) {
  if (rc) {
    mem_free(built->bytes);
    *built = (Text){0};
  }
  *text = built->bytes;
  *bytes = built->n;
  return rc;
}

int tokenizer_decode(const Tokenizer *t, const int32_t *ids, size_t n,
                     bool skip_special, char **text, size_t *bytes,
                     Error *err) {
  Text out = {0};
  int rc = decode(t, ids, n, skip_special, &out, err);
  return give(&out, rc, text, bytes);
}

static int join(const Tokenizer *t, const EncodeText *pieces, size_t n,
                Text *out, Error *err) {
  int rc = append(out, "", 0, err);
  for (size_t i = 0; i < n && rc == OK; i++)
    rc = add_token(t, pieces[i].text, pieces[i].bytes, i == 0, out, err);
  return rc ? rc : end_tokens(t, out, err);
}

int tokenizer_join(const Tokenizer *t, const EncodeText *pieces, size_t n,
                   const Poll *poll, char **text, size_t *bytes, Error *err) {
  Text out = {.poll = poll};
  int rc = join(t, pieces, n, &out, err);
  return give(&out, rc, text, bytes);
}
