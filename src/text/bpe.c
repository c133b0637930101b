/*
 * bpe.c - merges the bytes of a word into vocabulary tokens.
 *
 * In:  a word's bytes and the ranks of the pairs that may merge.
 * Out: a list of tokens that covers them.
 *
 * Start from single bytes; as long as some neighbours may merge, merge the
 * pair of the lowest rank, of equal ones the leftmost:
 *
 *     l o w e r   ->   lo w e r   ->   low e r   ->   low er
 *
 * The tokens are a linked list within an array, the pairs a heap of (rank,
 * index).  A merge makes two pairs at most and leaves old ones in the heap:
 * an entry counts only if its two tokens are still neighbours.  So a word of n
 * bytes takes n log n steps, whatever the merges are.
 *
 * Most words are tokens.  Which tokens their own bytes merge into is found out
 * when the model is built; such a word costs one look-up.
 *
 * Agrees with the BPE model of the Hugging Face tokenizers (but bytes it drops
 * do not shift the offsets of what follows).
 */
#include "text/bpe.h"

#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "base/utf8.h"
#include "text/bytes.h"

enum { CHUNK = 256, POLL_CHUNKS = 256, POLL_STEPS = 1 << 16 };

static const uint32_t no_index = UINT32_MAX;

void bpe_init(Bpe *m, const Vocab *vocab) {
  *m = (Bpe){.vocab = vocab, .unk = -1};
  for (unsigned byte = 0; byte < 256; byte++) {
    unsigned char *text = m->characters[byte];
    size_t n = utf8_encode(bytes_char((unsigned char)byte), text);
    m->byte_ids[byte] = vocab_find(vocab, (const char *)text, n);
  }
}

void bpe_clear(Bpe *m) {
  mem_free(m->merges);
  mem_free(m->slots);
  mem_free(m->whole);
  *m = (Bpe){0};
}

static void chunk_clear(BpeChunk *c) {
  mem_free(c->symbols);
  mem_free(c->queue);
  *c = (BpeChunk){0};
}

void bpe_work_clear(BpeWork *w) {
  chunk_clear(&w->chunk);
  chunk_clear(&w->seam);
  mem_free(w->pieces);
  *w = (BpeWork){0};
}

/* --- The table of pairs --- */

static size_t pair_hash(int32_t left, int32_t right) {
  uint64_t x = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
  x = (x ^ x >> 29) * 0xbf58476d1ce4e5b9ull;
  return (size_t)(x ^ x >> 32);
}

static bool is_pair(const BpeMerge *merge, int32_t left, int32_t right) {
  return merge->left == left && merge->right == right;
}

static int32_t find_rank(const Bpe *m, int32_t left, int32_t right) {
  for (size_t i = pair_hash(left, right);; i++) {
    int32_t rank = m->slots[i & m->mask];
    if (rank == BPE_NO_RANK || is_pair(&m->merges[rank], left, right))
      return rank;
  }
}

/* Of equal pairs the last one's rank counts, as in the reference. */
static int enter(Bpe *m, int32_t rank, Error *err) {
  const BpeMerge *merge = &m->merges[rank];
  size_t i = pair_hash(merge->left, merge->right);
  for (size_t end = i + BPE_MAX_COLLISIONS; i < end; i++) {
    int32_t *slot = &m->slots[i & m->mask];
    if (*slot == BPE_NO_RANK ||
        is_pair(&m->merges[*slot], merge->left, merge->right)) {
      *slot = rank;
      return OK;
    }
  }
  return fail(err, ERR_FORMAT, "tokenizer: more than %d merges collide",
              BPE_MAX_COLLISIONS);
}

/* Most pairs that are looked for are none: few slots are taken. */
static int index_merges(Bpe *m, Error *err) {
  size_t room = 16;
  while (room < 4 * m->n_merges)
    room *= 2;
  m->slots = mem_array(room, sizeof *m->slots);
  if (!m->slots)
    return fail_memory(err);
  memset(m->slots, 0xff, room * sizeof *m->slots);
  m->mask = room - 1;
  int rc = OK;
  for (size_t rank = 0; rank < m->n_merges && rc == OK; rank++)
    rc = enter(m, (int32_t)rank, err);
  return rc;
}

/* --- Merging --- */

static int push(BpeChunk *c, uint64_t entry, Error *err) {
  if (c->n_queue == c->queue_room &&
      mem_reserve(&c->queue, &c->queue_room, c->n_queue + 1, sizeof *c->queue))
    return fail_memory(err);
  size_t i = c->n_queue++;
  for (size_t up; i > 0 && c->queue[up = (i - 1) / 2] > entry; i = up)
    c->queue[i] = c->queue[up];
  c->queue[i] = entry;
  return OK;
}

/* Takes the lowest entry out; there is one. */
static uint64_t pop(BpeChunk *c) {
  uint64_t top = c->queue[0], last = c->queue[--c->n_queue];
  size_t i = 0;
  for (size_t down; (down = 2 * i + 1) < c->n_queue; i = down) {
    if (down + 1 < c->n_queue && c->queue[down + 1] < c->queue[down])
      down++;
    if (c->queue[down] >= last)
      break;
    c->queue[i] = c->queue[down];
  }
  c->queue[i] = last;
  return top;
}

/* Queues the token at `left` and the one behind it, if they may merge. */
static int offer(const Bpe *m, BpeChunk *c, uint32_t left, Error *err) {
  const BpeSymbol *s = &c->symbols[left];
  int32_t rank = find_rank(m, s->id, c->symbols[s->next].id);
  if (rank == BPE_NO_RANK)
    return OK;
  return push(c, (uint64_t)(uint32_t)rank << 32 | left, err);
}

/* One token for each byte that has one. */
static void fill(const Bpe *m, BpeChunk *c, const char *bytes, uint32_t n) {
  uint32_t last = no_index;
  bool unknown = false;
  c->first = n;
  for (uint32_t i = 0; i < n; i++) {
    int32_t id = m->byte_ids[(unsigned char)bytes[i]];
    bool fused = id < 0 && unknown && m->fuse_unk;
    unknown = id < 0;
    id = unknown ? m->unk : id;
    if (id < 0 || fused)
      continue;
    c->symbols[i] = (BpeSymbol){id, n, last};
    if (last == no_index)
      c->first = i;
    else
      c->symbols[last].next = i;
    last = i;
  }
  c->symbols[n] = (BpeSymbol){-1, n, last};
}

static int queue_all(const Bpe *m, BpeChunk *c, uint32_t n, const Poll *poll,
                     Error *err) {
  int rc = OK;
  c->n_queue = 0;
  uint32_t steps = 0;
  for (uint32_t i = c->first; i < n && rc == OK; i = c->symbols[i].next) {
    rc = offer(m, c, i, err);
    if (rc == OK && ++steps % POLL_STEPS == 0)
      rc = poll_check(poll, err);
  }
  return rc;
}

/* Merges the pair of an entry of the queue, if it is still there. */
static int merge(const Bpe *m, BpeChunk *c, uint64_t entry, Error *err) {
  const BpeMerge *how = &m->merges[entry >> 32];
  uint32_t at = (uint32_t)entry;
  BpeSymbol *left = &c->symbols[at], *right = &c->symbols[left->next];
  if (!is_pair(how, left->id, right->id))
    return OK;
  left->id = how->merged;
  left->next = right->next;
  right->id = -1;
  c->symbols[left->next].back = at;
  int rc = offer(m, c, at, err);
  if (rc == OK && left->back != no_index)
    rc = offer(m, c, left->back, err);
  return rc;
}

static int merge_all(const Bpe *m, BpeChunk *c, const char *bytes, size_t n,
                     const Poll *poll, Error *err) {
  if (n >= c->symbols_room &&
      mem_reserve(&c->symbols, &c->symbols_room, n + 1, sizeof *c->symbols))
    return fail_memory(err);
  fill(m, c, bytes, (uint32_t)n);
  int rc = queue_all(m, c, (uint32_t)n, poll, err);
  for (uint32_t steps = 1; rc == OK && c->n_queue; steps++) {
    rc = merge(m, c, pop(c), err);
    if (rc == OK && steps % POLL_STEPS == 0)
      rc = poll_check(poll, err);
  }
  return rc;
}

/* --- Long words, chunk by chunk --- */

/* Do the last piece and the first token of the chunk behind it come out of
 * their own bytes? `word` is the whole, the chunk begins at `start`. */
static int check_seam(const Bpe *m, BpeWork *w, const char *word, size_t start,
                      bool *good, Error *err) {
  const BpePiece *left = &w->pieces[w->n_pieces - 1];
  const BpeSymbol *right = w->chunk.symbols + w->chunk.first;
  size_t from = w->n_pieces > 1 ? left[-1].end : 0;
  BpeChunk *c = &w->seam;
  size_t n = start + right->next - from;
  int rc = merge_all(m, c, word + from, n, NULL, err);
  if (rc)
    return rc;
  const BpeSymbol *first = c->symbols + c->first;
  const BpeSymbol *second = c->symbols + first->next;
  *good = first->id == left->id && first->next == start - from &&
          second->id == right->id && second->next == n;
  return OK;
}

/* Takes the chunk's tokens that end at `most` or before. */
static int take(BpeWork *w, size_t start, size_t n, size_t most, Error *err) {
  const BpeChunk *c = &w->chunk;
  for (size_t i = c->first; i < n && c->symbols[i].next <= most;) {
    const BpeSymbol *s = &c->symbols[i];
    if (w->n_pieces == w->pieces_room &&
        mem_reserve(&w->pieces, &w->pieces_room, w->n_pieces + 1,
                    sizeof *w->pieces))
      return fail_memory(err);
    w->pieces[w->n_pieces++] = (BpePiece){s->id, (uint32_t)start + s->next};
    i = s->next;
  }
  return OK;
}

/* Gives back the pieces of at least n bytes. */
static void drop(BpeWork *w, size_t n) {
  size_t end = w->pieces[w->n_pieces - 1].end;
  while (w->n_pieces && end - w->pieces[w->n_pieces - 1].end < n)
    w->n_pieces--;
}

/* Goes on with up to `n` bytes from `start`. What cannot be used is left for
 * a larger chunk: *good is false, or the last piece ends at `start`. */
static int add_chunk(const Bpe *m, BpeWork *w, const char *word, size_t start,
                     size_t n, bool last, const Poll *poll, bool *good,
                     Error *err) {
  int rc = merge_all(m, &w->chunk, word + start, n, poll, err);
  *good = true;
  if (rc == OK && w->n_pieces && w->chunk.first < n)
    rc = check_seam(m, w, word, start, good, err);
  if (rc == OK && *good)
    rc = take(w, start, n, last ? n : n - n / 4, err);
  return rc;
}

int bpe_split(const Bpe *m, BpeWork *w, const char *word, size_t n,
              const Poll *poll, Error *err) {
  size_t start = 0, length = CHUNK;
  w->n_pieces = 0;
  if (n > INT32_MAX)
    return fail(err, ERR_RANGE, "a word of %zu bytes is longer than %d", n,
                INT32_MAX);
  for (size_t turn = 1;; turn++) {
    bool good, last = n - start <= length;
    size_t before = w->n_pieces;
    int rc = add_chunk(m, w, word, start, last ? n - start : length, last, poll,
                       &good, err);
    if (rc == OK && turn % POLL_CHUNKS == 0)
      rc = poll_check(poll, err);
    if (rc || (good && last))
      return rc;
    if (!good)
      drop(w, length);
    if (!good || w->n_pieces == before)
      length *= 2;
    start = w->n_pieces ? w->pieces[w->n_pieces - 1].end : 0;
  }
}

/* --- Words that are a token --- */

/* The bytes a token stands for, BPE_WHOLE_BYTES + 1 at most; 0: it has other
 * characters. */
static size_t token_bytes(const Vocab *v, int32_t id, char *out) {
  size_t bytes = 0, n = 0;
  uint32_t code;
  const char *text = vocab_text(v, id, &bytes);
  for (size_t at = 0; text && at < bytes && n <= BPE_WHOLE_BYTES; n++) {
    at += utf8_decode(text, bytes, at, &code);
    int byte = bytes_of(code);
    if (byte < 0)
      return 0;
    out[n] = (char)byte;
  }
  return n;
}

/* Does a token come out of its own bytes? */
static int check_whole(const Bpe *m, BpeChunk *c, int32_t id, bool *whole,
                       Error *err) {
  char bytes[BPE_WHOLE_BYTES + 1];
  size_t n = token_bytes(m->vocab, id, bytes);
  bool fits = n > 0 && n <= BPE_WHOLE_BYTES;
  if (m->ignore_merges && n > BPE_WHOLE_BYTES)
    return fail(err, ERR_UNSUPPORTED,
                "ignore_merges with tokens of more than %d bytes",
                BPE_WHOLE_BYTES);
  *whole = fits && m->ignore_merges;
  if (!fits || *whole)
    return OK;
  int rc = merge_all(m, c, bytes, n, NULL, err);
  *whole = rc == OK && c->first == 0 && c->symbols[0].next == n &&
           c->symbols[0].id == id;
  return rc;
}

static int mark_whole(Bpe *m, Error *err) {
  BpeChunk c = {0};
  int rc = OK;
  m->whole = mem_zeroed(m->vocab->n_ids * sizeof *m->whole);
  if (!m->whole)
    return fail_memory(err);
  for (size_t id = 0; id < m->vocab->n_ids && rc == OK; id++)
    rc = check_whole(m, &c, (int32_t)id, &m->whole[id], err);
  chunk_clear(&c);
  return rc;
}

int bpe_index(Bpe *m, Error *err) {
  int rc = index_merges(m, err);
  return rc ? rc : mark_whole(m, err);
}

int32_t bpe_whole(const Bpe *m, const char *bytes, size_t n) {
  char text[BYTES_MAX_UTF8 * BPE_WHOLE_BYTES];
  size_t length = 0;
  uint64_t hash = 0;
  if (n > BPE_WHOLE_BYTES)
    return -1;
  for (size_t i = 0; i < n; i++) {
    const unsigned char *c = m->characters[(unsigned char)bytes[i]];
    for (size_t k = 0; k < 2 && c[k]; k++) {
      text[length++] = (char)c[k];
      hash = vocab_hash_more(hash, c[k]);
    }
  }
  int32_t id = vocab_find_hashed(m->vocab, hash, "", 0, text, length);
  return id >= 0 && m->whole[id] ? id : -1;
}
