/*
 * targets.c - from words a caller names to the tokens that may fill a mask.
 *
 * In:  one word, or a JSON array of them.
 * Out: a table over the vocabulary: which word stands for a token.
 *
 *     '["role", "Paris", "zzzqqq", ""]'
 *
 *     role     a token               role
 *     Paris    no token (lower-case) the first one of it: paris
 *     zzzqqq   no token              the first one of it: z
 *              nothing               left out
 *
 * Two words for one token are one target, the first of them.  Agrees with
 * get_target_ids of the fill-mask pipeline, which looks words up as they are
 * written, logs a warning when it takes another token, and goes on; here the
 * word and its token stand side by side in the result, and nothing is logged.
 *
 * Refuses JSON that is no array of strings, and a list that leaves no token.
 */
#include "task/targets.h"

#include <string.h>
#include "base/json.h"
#include "base/memory.h"

enum { TARGETS_LIMIT = 1 << 24 }; /* bytes */

struct FillTargets {
  cJSON *list;        /* owned; NULL: one */
  char *one;          /* owned */
  const char **words; /* owned, [n_words], borrowed from list or one; by id */
  size_t n_words, count;
};

static int first_token(const Tokenizer *t, const char *word, const Poll *poll,
                       int32_t *id, Error *err) {
  size_t bytes = strlen(word);
  TextCursor cursor;
  Encoding tokens = {0};
  *id = tokenizer_id(t, word, bytes);
  if (*id >= 0)
    return OK;
  int rc = tokenizer_begin(t, word, bytes, &cursor, err);
  rc = rc ? rc : tokenizer_next(&cursor, 1, poll, &tokens, err);
  if (rc == OK && tokens.n > 0)
    *id = tokens.tokens[0].id;
  encoding_clear(&tokens);
  return rc;
}

static int add_word(FillTargets *f, const Tokenizer *t, const char *word,
                    const Poll *poll, Error *err) {
  int32_t id;
  char quoted[ERROR_QUOTE];
  int rc = first_token(t, word, poll, &id, err);
  if (rc || id < 0)
    return rc;
  if ((size_t)id >= f->n_words)
    return fail(err, ERR_RANGE, "target %s is token %d, the model has %zu",
                error_quote(quoted, word), (int)id, f->n_words);
  if (!f->words[id]) {
    f->words[id] = word;
    f->count++;
  }
  return OK;
}

static int add_list(FillTargets *f, const Tokenizer *t, const Poll *poll,
                    Error *err) {
  const cJSON *item;
  int rc = OK;
  cJSON_ArrayForEach(item, f->list) {
    if (!cJSON_IsString(item))
      return fail(err, ERR_FORMAT, "targets must be a JSON array of strings");
    rc = poll_check(poll, err);
    rc = rc ? rc : add_word(f, t, item->valuestring, poll, err);
    if (rc)
      break;
  }
  return rc;
}

static int read_targets(FillTargets *f, const Tokenizer *t, EncodeText text,
                        const Poll *poll, Error *err) {
  if (text.bytes > 0 && text.text[0] == '[') {
    int rc = json_parse("targets", text.text, text.bytes, TARGETS_LIMIT,
                        &f->list, err);
    return rc ? rc : add_list(f, t, poll, err);
  }
  if (memchr(text.text, 0, text.bytes))
    return fail(err, ERR_FORMAT, "targets hold a NUL character");
  f->one = mem_text(text.text, text.bytes);
  return f->one ? add_word(f, t, f->one, poll, err) : fail_memory(err);
}

static int fill_table(FillTargets *f, const Tokenizer *t, size_t vocabulary,
                      EncodeText text, const Poll *poll, Error *err) {
  f->words = mem_array(vocabulary, sizeof *f->words);
  if (!f->words)
    return fail_memory(err);
  f->n_words = vocabulary;
  for (size_t i = 0; i < vocabulary; i++)
    f->words[i] = NULL;
  int rc = read_targets(f, t, text, poll, err);
  if (rc == OK && f->count == 0)
    rc = fail(err, ERR_RANGE, "at least one target must be provided");
  return rc;
}

int targets_open(const Tokenizer *t, size_t vocabulary, EncodeText text,
                 const Poll *poll, FillTargets **out, Error *err) {
  *out = NULL;
  FillTargets *f = mem_zeroed(sizeof *f);
  int rc = f ? fill_table(f, t, vocabulary, text, poll, err) : fail_memory(err);
  if (rc == OK)
    *out = f;
  else
    targets_free(f);
  return rc;
}

void targets_free(FillTargets *f) {
  if (!f)
    return;
  cJSON_Delete(f->list);
  mem_free(f->one);
  mem_free(f->words);
  mem_free(f);
}

size_t targets_count(const FillTargets *f) {
  return f->count;
}

const char *targets_find(const FillTargets *f, int32_t id) {
  return (size_t)id < f->n_words ? f->words[id] : NULL;
}
