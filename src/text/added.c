/*
 * added.c - keeps added tokens and searches for them.
 *
 * In:  the added_tokens of tokenizer.json, added_tokens_decoder of
 *      tokenizer_config.json, the special tokens.
 * Out: which of them begins at a place of a text, fed byte by byte.
 *
 * The patterns of a set are sorted, so those that begin with the bytes fed so
 * far are neighbours, and a pattern that ends here is the first of them:
 *
 *     fed "[M"      [CLS] | [MASK] [MASK2] | [SEP]
 *                           low          high
 *
 * Of two tokens with one pattern ("Ab" and "aB" in lower case) the first added
 * is found, as in the reference.  Which match counts, and what lstrip, rstrip
 * and single_word make of it, is added_scan.c's affair.
 */
#include "text/added.h"

#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

void added_clear(Added *a) {
  for (size_t i = 0; i < a->n; i++) {
    mem_free(a->tokens[i].text);
    mem_free(a->tokens[i].pattern);
  }
  mem_free(a->tokens);
  mem_free(a->raw.order);
  mem_free(a->normalized.order);
  *a = (Added){0};
}

const AddedToken *added_find(const Added *a, const char *text, size_t bytes) {
  for (size_t i = 0; i < a->n; i++)
    if (a->tokens[i].bytes == bytes &&
        memcmp(a->tokens[i].text, text, bytes) == 0)
      return &a->tokens[i];
  return NULL;
}

const AddedToken *added_by_id(const Added *a, int32_t id) {
  for (size_t i = 0; i < a->n; i++)
    if (a->tokens[i].id == id)
      return &a->tokens[i];
  return NULL;
}

static int append(Added *a, const char *text, size_t bytes, int32_t id,
                  AddedFlags flags, Error *err) {
  if (a->n >= ADDED_MAX || id >= VOCAB_MAX_TOKENS)
    return fail(err, ERR_RANGE, "more than %d added tokens", ADDED_MAX);
  if (mem_reserve(&a->tokens, &a->capacity, a->n + 1, sizeof *a->tokens))
    return fail_memory(err);
  AddedToken token = {.id = id, .flags = flags, .bytes = bytes};
  token.text = mem_text(text, bytes);
  if (!token.text)
    return fail_memory(err);
  a->tokens[a->n++] = token;
  a->next_id = id < a->next_id ? a->next_id : id + 1;
  return OK;
}

int added_put(Added *a, const Vocab *vocab, int64_t id, const char *text,
              AddedFlags flags, Error *err) {
  size_t bytes = strlen(text);
  char shown[ERROR_QUOTE];
  if (bytes == 0)
    return OK;
  if (bytes > ADDED_MAX_BYTES)
    return fail(err, ERR_RANGE, "added token %zu: longer than %d bytes", a->n,
                ADDED_MAX_BYTES);
  const AddedToken *known = added_find(a, text, bytes);
  int32_t right = known ? known->id : vocab_find(vocab, text, bytes);
  right = right < 0 ? a->next_id : right;
  if (id != ADDED_NO_ID && id != right)
    return fail(err, ERR_FORMAT,
                "added token %s: its id is %lld, but it must be %d",
                error_quote(shown, text), (long long)id, (int)right);
  if (!known)
    return append(a, text, bytes, right, flags, err);
  a->tokens[known - a->tokens].flags = flags;
  return OK;
}

static int make_pattern(AddedToken *t, const Normalizer *how,
                        const Steps *steps, Error *err) {
  if (t->flags.normalized && steps)
    return steps_text(steps, t->text, t->bytes, &t->pattern, &t->n_pattern,
                      err);
  if (t->flags.normalized)
    return normalize_text(how, t->text, t->bytes, &t->pattern, &t->n_pattern,
                          err);
  t->pattern = mem_text(t->text, t->bytes);
  t->n_pattern = t->bytes;
  return t->pattern ? OK : fail_memory(err);
}

/* By pattern; of equal ones the first added first. */
static int compare_tokens(const AddedToken *a, const AddedToken *b) {
  size_t n = a->n_pattern < b->n_pattern ? a->n_pattern : b->n_pattern;
  int order = memcmp(a->pattern, b->pattern, n);
  if (order == 0)
    order = (a->n_pattern > b->n_pattern) - (a->n_pattern < b->n_pattern);
  return order ? order : (a > b) - (a < b);
}

static int compare_pointers(const void *a, const void *b) {
  return compare_tokens(*(AddedToken *const *)a, *(AddedToken *const *)b);
}

/* Indices of the tokens of one set out of sorted pointers to all tokens. */
static int index_set(const Added *a, AddedToken **sorted, bool normalized,
                     AddedSet *set, Error *err) {
  set->order = mem_array(a->n, sizeof *set->order);
  if (!set->order)
    return fail_memory(err);
  for (size_t i = 0; i < a->n; i++) {
    const AddedToken *t = sorted[i];
    if (t->flags.normalized != normalized || t->n_pattern == 0)
      continue;
    set->order[set->n++] = (uint32_t)(t - a->tokens);
    set->begins[(unsigned char)t->pattern[0]] = true;
  }
  return OK;
}

int added_index(Added *a, const Normalizer *how, const Steps *steps,
                Error *err) {
  int rc = OK;
  for (size_t i = 0; i < a->n && rc == OK; i++)
    rc = make_pattern(&a->tokens[i], how, steps, err);
  if (rc)
    return rc;
  AddedToken **sorted = mem_array(a->n, sizeof(AddedToken *));
  if (!sorted)
    return fail_memory(err);
  for (size_t i = 0; i < a->n; i++)
    sorted[i] = &a->tokens[i];
  qsort(sorted, a->n, sizeof *sorted, compare_pointers);
  rc = index_set(a, sorted, false, &a->raw, err);
  if (rc == OK)
    rc = index_set(a, sorted, true, &a->normalized, err);
  mem_free(sorted);
  return rc;
}

AddedSearch added_search(const Added *a, const AddedSet *set) {
  return (AddedSearch){.added = a, .set = set, .high = set->n};
}

static const AddedToken *pattern_at(const AddedSearch *s, size_t i) {
  return &s->added->tokens[s->set->order[i]];
}

/* The first pattern in [low, high) whose byte at `depth` is >= byte. */
static size_t lower_bound(const AddedSearch *s, size_t low, unsigned byte) {
  size_t high = s->high;
  while (low < high) {
    size_t middle = (low + high) / 2;
    const AddedToken *t = pattern_at(s, middle);
    bool less =
        t->n_pattern == s->depth || (unsigned char)t->pattern[s->depth] < byte;
    if (less)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

bool added_feed(AddedSearch *s, unsigned char byte) {
  s->low = lower_bound(s, s->low, byte);
  s->high = lower_bound(s, s->low, byte + 1u);
  s->depth++;
  return s->low < s->high;
}

const AddedToken *added_hit(const AddedSearch *s) {
  if (s->low == s->high)
    return NULL;
  const AddedToken *t = pattern_at(s, s->low);
  return t->n_pattern == s->depth ? t : NULL;
}
