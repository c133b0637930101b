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
#include "base/memory.h"
#include "task/text_list.h"

struct FillTargets {
  TextList list;
  const char **words; /* owned, [n_words], borrowed from list; by id */
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

static int read_targets(FillTargets *f, const Tokenizer *t, EncodeText text,
                        const Poll *poll, Error *err) {
  int rc = text_list_read("targets", text, LIST_ONE, poll, &f->list, err);
  for (size_t i = 0; rc == OK && i < f->list.n; i++)
    rc = add_word(f, t, f->list.texts[i].text, poll, err);
  return rc;
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
  text_list_clear(&f->list);
  mem_free(f->words);
  mem_free(f);
}

size_t targets_count(const FillTargets *f) {
  return f->count;
}

const char *targets_find(const FillTargets *f, int32_t id) {
  return (size_t)id < f->n_words ? f->words[id] : NULL;
}
