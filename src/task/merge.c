/*
 * merge.c - adds up answers that read the same (transformers 4.53 to 5.2).
 *
 * In:  answers in the order the pipeline meets them.
 * Out: the same list without repetitions: equal texts have one entry, at the
 *      place of the first, with the sum of their scores.
 *
 * A hash table with open addressing finds an equal text: slots hold indices
 * into the list, hashes lie beside the list so that growing never reads a
 * text again.  Texts are lower-cased on the fly, a character at a time; no
 * copy of an answer is made, however long it is.
 *
 * Agrees with get_answer of the pipeline, which compares with Python's
 * str.lower(), but for one thing: the three small and capital sigmas are one
 * letter here, whereas Python lowers a capital one by its place in the word.
 */
#include "task/merge.h"

#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "base/utf8.h"
#include "unicode/unicode.h"

/* Reads a text lower-cased. */
typedef struct LowerCursor {
  const char *text;
  size_t at, end;
  uint32_t pending[UNICODE_MAX_EXPANSION];
  size_t n_pending, next;
} LowerCursor;

static LowerCursor lower_begin(EncodeText context, const Answer *a) {
  return (LowerCursor){
      .text = context.text, .at = a->byte_start, .end = a->byte_end};
}

/* False at the end. */
static bool lower_next(LowerCursor *c, uint32_t *character) {
  if (c->next == c->n_pending) {
    if (c->at == c->end)
      return false;
    uint32_t code;
    c->at += utf8_decode(c->text, c->end, c->at, &code);
    c->n_pending = unicode_lowercase(code, c->pending);
    c->next = 0;
  }
  *character = c->pending[c->next++];
  if (*character == 0x3c2) /* final sigma */
    *character = 0x3c3;
  return true;
}

/* FNV-1a over characters. */
static uint64_t hash_text(EncodeText context, const Answer *a) {
  LowerCursor text = lower_begin(context, a);
  uint64_t hash = 0xcbf29ce484222325u;
  for (uint32_t c; lower_next(&text, &c);)
    hash = (hash ^ c) * 0x100000001b3u;
  return hash ^ hash >> 32;
}

static bool same_text(EncodeText context, const Answer *a, const Answer *b) {
  LowerCursor left = lower_begin(context, a), right = lower_begin(context, b);
  for (uint32_t l, r;;) {
    bool more = lower_next(&left, &l);
    if (more != lower_next(&right, &r) || (more && l != r))
      return false;
    if (!more)
      return true;
  }
}

static void insert(Merge *m, size_t index) {
  size_t at = m->hashes[index] & (m->n_slots - 1);
  while (m->slots[at])
    at = (at + 1) & (m->n_slots - 1);
  m->slots[at] = index + 1;
}

/* Room for one more than n answers, the table at most half full. */
static int grow(Merge *m, size_t n, Error *err) {
  if (mem_reserve(&m->hashes, &m->capacity, n + 1, sizeof *m->hashes))
    return fail_memory(err);
  if (n < m->n_slots / 2)
    return OK;
  size_t bytes, n_slots = m->n_slots ? 2 * m->n_slots : 64;
  size_t *slots =
      size_mul(n_slots, sizeof *slots, &bytes) ? mem_zeroed(bytes) : NULL;
  if (!slots)
    return fail_memory(err);
  mem_free(m->slots);
  m->slots = slots;
  m->n_slots = n_slots;
  for (size_t i = 0; i < n; i++)
    insert(m, i);
  return OK;
}

static Answer *find(const Merge *m, EncodeText context, const Answer *a,
                    uint64_t hash, const Answers *answers) {
  size_t at = hash & (m->n_slots - 1);
  for (; m->slots[at]; at = (at + 1) & (m->n_slots - 1)) {
    size_t i = m->slots[at] - 1;
    if (m->hashes[i] == hash && same_text(context, a, &answers->items[i]))
      return &answers->items[i];
  }
  return NULL;
}

int merge_add(Merge *m, EncodeText context, const Answer *answer,
              Answers *answers, Error *err) {
  int rc = grow(m, answers->n, err);
  if (rc != OK)
    return rc;
  uint64_t hash = hash_text(context, answer);
  Answer *same = find(m, context, answer, hash, answers);
  if (same) {
    same->score += answer->score;
    return OK;
  }
  rc = answers_add(answers, answer, err);
  if (rc != OK)
    return rc;
  m->hashes[answers->n - 1] = hash;
  insert(m, answers->n - 1);
  return OK;
}

void merge_clear(Merge *m) {
  mem_free(m->slots);
  mem_free(m->hashes);
  *m = (Merge){0};
}
