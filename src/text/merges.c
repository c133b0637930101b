/*
 * merges.c - reads which pairs of tokens may merge.
 *
 * In:  a merges.txt, or model.merges of a tokenizer.json.
 * Out: the pairs' ids, in the order of their ranks.
 *
 *     #version: 0.2            ["h e", "l l"]        (older files)
 *     h e                      [["h", "e"], ["l", "l"]]
 *     l l
 *
 * Left, right and both together must be tokens of the vocabulary; a line has
 * exactly one space.  Lines that begin with "#version" are skipped wherever
 * they are, and so are empty ones.
 *
 * Agrees with the BPE model of the Hugging Face tokenizers, which refuses the
 * same files but for empty lines.
 */
#include "text/bpe.h"

#include <string.h>
#include "base/memory.h"

/* "merges.txt, line 3" and the like. */
typedef struct Place {
  const char *list;
  size_t number;
} Place;

static int refuse(Place place, const char *why, Error *err) {
  return fail(err, ERR_FORMAT, "%s %zu: %s", place.list, place.number, why);
}

static int add(Bpe *m, Place place, const char *left, size_t n_left,
               const char *right, size_t n_right, Error *err) {
  const Vocab *v = m->vocab;
  if (m->n_merges >= BPE_MAX_MERGES)
    return fail(err, ERR_RANGE, "tokenizer: more than %d merges",
                BPE_MAX_MERGES);
  uint64_t hash = vocab_hash(vocab_hash(0, left, n_left), right, n_right);
  BpeMerge merge = {
      .left = vocab_find(v, left, n_left),
      .right = vocab_find(v, right, n_right),
      .merged = vocab_find_hashed(v, hash, left, n_left, right, n_right)};
  if (merge.left < 0 || merge.right < 0)
    return refuse(place, "a part is not in the vocabulary", err);
  if (merge.merged < 0)
    return refuse(place, "both parts together are not in the vocabulary", err);
  if (m->n_merges == m->merges_room &&
      mem_reserve(&m->merges, &m->merges_room, m->n_merges + 1,
                  sizeof *m->merges))
    return fail_memory(err);
  m->merges[m->n_merges++] = merge;
  return OK;
}

/* "left right" */
static int add_line(Bpe *m, Place place, const char *line, size_t bytes,
                    Error *err) {
  static const char version[] = "#version";
  size_t n = sizeof version - 1;
  if (bytes == 0 || (bytes >= n && memcmp(line, version, n) == 0))
    return OK;
  const char *end = line + bytes, *space = memchr(line, ' ', bytes);
  if (!space || memchr(space + 1, ' ', (size_t)(end - space - 1)))
    return refuse(place, "not two tokens with a space between", err);
  return add(m, place, line, (size_t)(space - line), space + 1,
             (size_t)(end - space - 1), err);
}

int bpe_read_lines(Bpe *m, const char *text, size_t bytes, Error *err) {
  Place place = {"merges.txt, line", 0};
  const char *end = text + bytes;
  if (bytes > VOCAB_MAX_BYTES)
    return fail(err, ERR_RANGE, "merges.txt: more than %d bytes",
                VOCAB_MAX_BYTES);
  for (const char *line = text; line < end;) {
    const char *stop = memchr(line, '\n', (size_t)(end - line));
    stop = stop ? stop : end;
    size_t n = (size_t)(stop - line);
    if (n && line[n - 1] == '\r')
      n--;
    place.number++;
    int rc = add_line(m, place, line, n, err);
    if (rc)
      return rc;
    line = stop + 1;
  }
  return OK;
}

static int add_item(Bpe *m, Place place, const cJSON *item, Error *err) {
  const char *text = cJSON_GetStringValue(item);
  if (text)
    return add_line(m, place, text, strlen(text), err);
  const cJSON *first = cJSON_IsArray(item) ? item->child : NULL;
  const cJSON *second = first ? first->next : NULL;
  const char *left = cJSON_GetStringValue(first);
  const char *right = cJSON_GetStringValue(second);
  if (!left || !right || second->next)
    return refuse(place, "neither a text nor a pair of texts", err);
  return add(m, place, left, strlen(left), right, strlen(right), err);
}

int bpe_read_list(Bpe *m, const cJSON *list, Error *err) {
  Place place = {"tokenizer.json: merges, item", 0};
  const cJSON *item;
  if (!cJSON_IsArray(list))
    return fail(err, ERR_FORMAT, "tokenizer.json: model.merges is not a list");
  cJSON_ArrayForEach(item, list) {
    int rc = add_item(m, place, item, err);
    if (rc)
      return rc;
    place.number++;
  }
  return OK;
}
