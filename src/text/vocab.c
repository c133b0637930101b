/*
 * vocab.c - reads a vocabulary and finds tokens in it.
 *
 * In:  the text of a vocab.txt, or (id, text) pairs out of a tokenizer.json.
 * Out: ids by text, texts by id.
 *
 * The table holds 32 bits of the hash beside each id, so that a look-up that
 * finds nothing rarely touches the text.  It is at most half full and searched
 * linearly.  A file made to collide would turn every look-up into a walk:
 * one that makes more than VOCAB_MAX_COLLISIONS steps is refused.
 *
 * Agrees with load_vocab of the reference's BertTokenizer: lines lose only
 * their end, blank lines count, and of equal lines the last one's id is found
 * (earlier ids still have their text).
 */
#include "text/vocab.h"

#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "base/utf8.h"

static const uint32_t no_place = UINT32_MAX;

void vocab_clear(Vocab *v) {
  mem_free(v->text);
  mem_free(v->places);
  mem_free(v->slots);
  *v = (Vocab){0};
}

uint64_t vocab_hash(uint64_t hash, const char *text, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    hash = vocab_hash_more(hash, (unsigned char)text[i]);
  return hash;
}

/* The polynomial's low bits know only the low bits of the text. */
static uint64_t mix(uint64_t x) {
  x = (x ^ x >> 32) * 0xd6e8feb86659fd93ull;
  return x ^ x >> 32;
}

static bool is_text(const Vocab *v, int32_t id, const char *head, size_t n_head,
                    const char *tail, size_t n_tail) {
  VocabPlace p = v->places[id];
  const char *text = v->text + p.at;
  return p.bytes == n_head + n_tail && memcmp(text, head, n_head) == 0 &&
         memcmp(text + n_head, tail, n_tail) == 0;
}

int32_t vocab_find_hashed(const Vocab *v, uint64_t hash, const char *head,
                          size_t n_head, const char *tail, size_t n_tail) {
  uint64_t mixed = mix(hash);
  for (size_t i = mixed & v->mask;; i = (i + 1) & v->mask) {
    VocabSlot slot = v->slots[i];
    if (slot.id < 0)
      return -1;
    if (slot.check == mixed >> 32 &&
        is_text(v, slot.id, head, n_head, tail, n_tail))
      return slot.id;
  }
}

int32_t vocab_find(const Vocab *v, const char *text, size_t bytes) {
  if (!v->slots)
    return -1;
  return vocab_find_hashed(v, vocab_hash(0, text, bytes), "", 0, text, bytes);
}

const char *vocab_text(const Vocab *v, int32_t id, size_t *bytes) {
  if (id < 0 || (size_t)id >= v->n_ids || v->places[id].at == no_place)
    return NULL;
  *bytes = v->places[id].bytes;
  return v->text + v->places[id].at;
}

/* Enters an id; one with the same text is replaced. */
static int enter(Vocab *v, int32_t id, Error *err) {
  VocabPlace p = v->places[id];
  const char *text = v->text + p.at;
  uint64_t mixed = mix(vocab_hash(0, text, p.bytes));
  VocabSlot entry = {(uint32_t)(mixed >> 32), id};
  size_t i = mixed & v->mask;
  for (size_t steps = 0; steps < VOCAB_MAX_COLLISIONS; steps++) {
    VocabSlot *slot = &v->slots[i];
    if (slot->id < 0 || (slot->check == entry.check &&
                         is_text(v, slot->id, "", 0, text, p.bytes))) {
      *slot = entry;
      return OK;
    }
    i = (i + 1) & v->mask;
  }
  return fail(err, ERR_FORMAT, "vocabulary: more than %d tokens collide",
              VOCAB_MAX_COLLISIONS);
}

int vocab_index(Vocab *v, Error *err) {
  size_t room = 16;
  while (room < 2 * v->n_tokens)
    room *= 2;
  v->slots = mem_array(room, sizeof *v->slots);
  if (!v->slots)
    return fail_memory(err);
  memset(v->slots, 0xff, room * sizeof *v->slots);
  v->mask = room - 1;
  int rc = OK;
  for (size_t id = 0; id < v->n_ids && rc == OK; id++)
    if (v->places[id].at != no_place)
      rc = enter(v, (int32_t)id, err);
  return rc;
}

/* Makes room for ids below n, new ones without a token. */
static int reserve_ids(Vocab *v, size_t n, Error *err) {
  if (mem_reserve(&v->places, &v->ids_room, n, sizeof *v->places))
    return fail_memory(err);
  for (; v->n_ids < n; v->n_ids++)
    v->places[v->n_ids] = (VocabPlace){no_place, 0};
  return OK;
}

static void place(Vocab *v, size_t id, size_t at, size_t bytes) {
  v->places[id] = (VocabPlace){(uint32_t)at, (uint32_t)bytes};
  v->n_tokens++;
  v->longest = bytes > v->longest ? bytes : v->longest;
}

int vocab_put(Vocab *v, int64_t id, const char *text, size_t bytes,
              Error *err) {
  size_t highest = v->n_tokens + VOCAB_MAX_HOLES, end;
  if (id < 0 || id >= VOCAB_MAX_TOKENS || (size_t)id > highest)
    return fail(err, ERR_FORMAT, "vocabulary: id %lld is outside 0 ... %zu",
                (long long)id, highest);
  size_t i = (size_t)id;
  if (i < v->n_ids && v->places[i].at != no_place)
    return fail(err, ERR_FORMAT, "vocabulary: two tokens have the id %zu", i);
  if (!size_add(v->text_bytes, bytes, &end) || end > VOCAB_MAX_BYTES)
    return fail(err, ERR_RANGE, "vocabulary: more than %d bytes",
                VOCAB_MAX_BYTES);
  if (i >= v->n_ids) {
    int rc = reserve_ids(v, i + 1, err);
    if (rc)
      return rc;
  }
  if (mem_reserve(&v->text, &v->text_room, end + 1, 1))
    return fail_memory(err);
  memcpy(v->text + v->text_bytes, text, bytes);
  place(v, i, v->text_bytes, bytes);
  v->text_bytes = end;
  return OK;
}

/* Where the line that begins at `at` ends, and the next one begins. */
static size_t line_end(const char *text, size_t bytes, size_t at,
                       size_t *next) {
  while (at < bytes && text[at] != '\n' && text[at] != '\r')
    at++;
  bool pair = bytes - at > 1 && text[at] == '\r' && text[at + 1] == '\n';
  *next = at + (at < bytes) + pair;
  return at;
}

static int read_line(Vocab *v, size_t at, size_t end, Error *err) {
  size_t line = v->n_ids;
  if (line >= VOCAB_MAX_TOKENS)
    return fail(err, ERR_RANGE, "vocab.txt: more than %d lines",
                VOCAB_MAX_TOKENS);
  if (memchr(v->text + at, 0, end - at))
    return fail(err, ERR_FORMAT, "vocab.txt: NUL in line %zu", line + 1);
  if (!utf8_is_valid(v->text + at, end - at))
    return fail(err, ERR_FORMAT, "vocab.txt: line %zu is not UTF-8", line + 1);
  int rc = reserve_ids(v, line + 1, err);
  if (rc == OK)
    place(v, line, at, end - at);
  return rc;
}

int vocab_read_lines(Vocab *v, const char *text, size_t bytes, Error *err) {
  if (bytes > VOCAB_MAX_BYTES)
    return fail(err, ERR_RANGE, "vocab.txt: more than %d bytes",
                VOCAB_MAX_BYTES);
  v->text = mem_text(text, bytes);
  if (!v->text)
    return fail_memory(err);
  v->text_bytes = bytes;
  for (size_t at = 0, next; at < bytes; at = next) {
    size_t end = line_end(v->text, bytes, at, &next);
    int rc = read_line(v, at, end, err);
    if (rc)
      return rc;
  }
  return vocab_index(v, err);
}
