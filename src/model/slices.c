/*
 * slices.c - many short texts, cut into slices.
 *
 * In:  texts by their number of tokens, and how many tokens a slice holds.
 * Out: which texts are in which slice, in which order, and at which lanes.
 *
 * Slice after slice begins with the longest text that is left, and takes with
 * it those that together fill it best; mostly there are some that fill it to
 * the lane.  Empty lanes cost what others do.
 *
 *     best 48    [ 40 .......... | 8 ]  [ 25 .... | 12 . | 11 . ]  ...
 *
 * Each thread has its own slices, so short that what an operation leaves is
 * still in the core's cache for the next.  Where there are so many threads that
 * memory allows them less, weights of floats, which are four times as many
 * bytes, would be read too often: then all threads work on one slice.  Which
 * slice a text is in decides where it is computed, and never a bit of the
 * result.
 */
#include "model/slices.h"

#include "tensor/kernels.h"

enum {
  OWN = 96,             /* tokens of a slice: of one thread, */
  OWN_MOST = 240,       /*   where lengths do not fit so well, */
  SHARED = 480,         /*   of all threads; whole groups of panels */
  LEAST = 2 * LANES,    /* that a product of bytes is quick with */
  AT_WORK = 2 * SHARED, /* tokens in all threads' slices: that is memory */
  FLAT = 4096           /* so many lanes off the best cost as much again */
};

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Tokens of texts none of which is longer than `longest`, or 0. */
static size_t tokens_of(const Sequence *texts, size_t n, size_t longest) {
  size_t tokens = 0;
  for (size_t i = 0; i < n; tokens += texts[i++].n)
    if (texts[i].n > longest)
      return 0;
  return tokens;
}

SliceRoom slices_own(const Sequence *texts, size_t n, size_t n_threads,
                     bool has_bytes) {
  size_t share = AT_WORK / n_threads;
  size_t tokens = tokens_of(texts, n, smaller(SHORT_TOKENS, share));
  size_t each = panel_count((tokens + n_threads - 1) / n_threads) * LANES;
  SliceRoom room = {OWN, smaller(smaller(OWN_MOST, share), each)};
  room.best = smaller(room.best, room.most);
  if (tokens <= room.best || n < n_threads ||
      room.most < (has_bytes ? LEAST : OWN))
    return (SliceRoom){0, 0};
  return room;
}

SliceRoom slices_shared(const Sequence *texts, size_t n) {
  size_t room = tokens_of(texts, n, SHORT_TOKENS) > BATCH_TOKENS ? SHARED : 0;
  return (SliceRoom){room, room};
}

/* --- Packing ---------------------------------------------------------------
 */

enum { MOST_ROOM = SHARED };

typedef struct Packing {
  Slices *out;
  SliceRoom room;
  size_t n_placed;
  size_t *next;                    /* [n]: a text of the same length */
  size_t list[SHORT_TOKENS + 1];   /* a text of each length */
  size_t n_left[SHORT_TOKENS + 1]; /* texts of each length */
  uint16_t last[MOST_ROOM + 1];    /* of texts that come to a sum, 0: none do */
  uint16_t n_last[MOST_ROOM + 1];  /* how many of them have its length */
} Packing;

/* The next text of a length goes into a slice. */
static void put(Packing *p, Slice *slice, size_t length) {
  Slices *s = p->out;
  size_t text = p->list[length];
  p->list[length] = p->next[text];
  p->n_left[length]--;
  s->order[p->n_placed++] = text;
  s->first[text] = slice->panel * LANES + slice->tokens;
  slice->tokens += length;
  slice->n_texts++;
}

/* Finds all sums up to `room` of lengths of texts that are left, the longest
 * first. */
static void find_sums(Packing *p, size_t room) {
  for (size_t sum = 1; sum <= room; sum++)
    p->last[sum] = 0;
  for (size_t length = smaller(room, SHORT_TOKENS); length > 0; length--) {
    if (!p->n_left[length])
      continue;
    for (size_t sum = length; sum <= room; sum++) {
      size_t rest = sum - length;
      size_t n = rest && p->last[rest] == length ? p->n_last[rest] : 0;
      if (p->last[sum] || (rest && !p->last[rest]) || n >= p->n_left[length])
        continue;
      p->last[sum] = (uint16_t)length;
      p->n_last[sum] = (uint16_t)(n + 1);
    }
  }
}

/* What a slice's lanes cost: more, the farther their number is off the best. */
static size_t cost(const Packing *p, size_t tokens) {
  size_t lanes = panel_count(tokens) * LANES, best = p->room.best;
  return lanes * (FLAT + (lanes > best ? lanes - best : best - lanes));
}

/* Of the sums that fit beside `longest` the one that is cheapest a token. */
static size_t best_sum(Packing *p, size_t longest) {
  size_t best = 0;
  size_t room = p->room.most > longest ? p->room.most - longest : 0;
  find_sums(p, room);
  for (size_t sum = 1; sum <= room; sum++)
    if (p->last[sum] && cost(p, longest + sum) * (longest + best) <=
                            cost(p, longest + best) * (longest + sum))
      best = sum;
  return best;
}

static void fill_slice(Packing *p, size_t longest) {
  Slices *s = p->out;
  Slice *slice = &s->list[s->n++];
  *slice = (Slice){.panel = s->panels, .text = p->n_placed};
  put(p, slice, longest);
  for (size_t sum = best_sum(p, longest); sum > 0; sum -= p->last[sum])
    put(p, slice, p->last[sum]);
  s->panels += panel_count(slice->tokens);
}

/* No text is longer than SHORT_TOKENS. */
static void pack(Packing *p, const Sequence *texts, size_t n) {
  for (size_t i = n; i-- > 0;) {
    size_t length = texts[i].n;
    p->next[i] = p->list[length];
    p->list[length] = i;
    p->n_left[length]++;
  }
  for (size_t length = SHORT_TOKENS; length > 0; length--)
    while (p->n_left[length])
      fill_slice(p, length);
}

/* All texts in one slice. */
static void lay(Slices *s, const Sequence *texts, size_t n) {
  Slice *slice = &s->list[s->n++];
  *slice = (Slice){.n_texts = n};
  for (size_t i = 0; i < n; i++) {
    s->order[i] = i;
    s->first[i] = slice->tokens;
    slice->tokens += texts[i].n;
  }
  s->panels = panel_count(slice->tokens);
}

static void take(Packing *p, size_t n) {
  Slices *s = p->out;
  s->list = arena_array(&s->arena, p->room.most ? n : 1, sizeof *s->list);
  s->order = arena_array(&s->arena, n, sizeof *s->order);
  s->first = arena_array(&s->arena, n, sizeof *s->first);
  if (p->room.most)
    p->next = arena_array(&s->arena, n, sizeof *p->next);
}

int slices_plan(const Sequence *texts, size_t n, SliceRoom room, Slices *out,
                Error *err) {
  Packing p = {.out = out, .room = room};
  *out = (Slices){0};
  take(&p, n);
  int rc = arena_open(&out->arena, err);
  if (rc)
    return rc;
  take(&p, n);
  if (room.most)
    pack(&p, texts, n);
  else
    lay(out, texts, n);
  return OK;
}

void slices_clear(Slices *s) {
  arena_close(&s->arena);
  *s = (Slices){0};
}
