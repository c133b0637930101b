/*
 * slices.c - many short texts, cut into slices.
 *
 * In:  texts by their number of tokens, and how many tokens a slice holds.
 * Out: which texts are in which slice, in which order, and at which lanes.
 *
 * Best fit, longest first: each text goes where it leaves the least room.
 * Short ones come last and fill what longer ones left, so that nearly every
 * slice but the last is full to the lane.
 *
 *     room 48    [ 40 ........ | 8 ]  [ 25 .... | 23 ... ]  [ 21 ... | 10 ]
 *
 * A slice of weights of bytes, which are soon read, is so short that what an
 * operation leaves is still in the core's own cache for the next.  One of
 * floats is longer, as they come from farther away and want more tokens to a
 * reading; but each thread needs some.  Which slice a text is in decides where
 * it is computed, and never a bit of the result.
 */
#include "model/slices.h"

enum {
  OF_BYTES = 96,     /* tokens of a slice, by its weights: */
  OF_FLOATS = 480,   /*   whole groups of panels; of floats all threads' */
  LEAST = 2 * LANES, /* tokens that a product is quick with */
  AT_WORK = 2 * 480  /* tokens in all threads' slices: that is memory */
};

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Tokens that a slice has at most. */
static size_t most_tokens(size_t n_threads, bool is_bytes) {
  size_t share = is_bytes ? OF_BYTES : OF_FLOATS / n_threads;
  return smaller(share > OF_BYTES ? share : OF_BYTES, AT_WORK / n_threads);
}

/* As many slices as have to be and a multiple of the threads, so that nobody
 * waits long for the last one. */
size_t slices_room(const Sequence *texts, size_t n, size_t n_threads,
                   bool is_bytes) {
  size_t longest = smaller(SHORT_TOKENS, AT_WORK / n_threads), tokens = 0;
  size_t most = most_tokens(n_threads, is_bytes);
  for (size_t i = 0; i < n; tokens += texts[i++].n)
    if (texts[i].n > longest)
      return 0;
  if (most < LEAST)
    return 0;
  size_t slices = (tokens + most - 1) / most;
  slices = (slices + n_threads - 1) / n_threads * n_threads;
  if (slices < 2 || n < slices)
    return 0;
  size_t room = panel_count((tokens + slices - 1) / slices) * LANES;
  return room < LEAST ? 0 : room;
}

/* --- Packing ---------------------------------------------------------------
 */

typedef struct Packing {
  const Sequence *texts;
  size_t n, room;
  Slices *out;
  size_t *longest_first; /* [n] */
  size_t *slice;         /* [n]: which one a text is in */
} Packing;

/* The slice with the least room of those that have enough, or a new one. */
static size_t best_fit(const Packing *p, size_t tokens) {
  const Slices *s = p->out;
  size_t best = s->n, most = 0;
  for (size_t i = 0; i < s->n; i++) {
    size_t held = s->list[i].tokens;
    if (held > most && held + tokens <= p->room) {
      best = i;
      most = held;
    }
  }
  return best;
}

static void put(Packing *p, size_t text, size_t i) {
  Slices *s = p->out;
  if (i == s->n)
    s->list[s->n++] = (Slice){0};
  p->slice[text] = i;
  s->first[text] = s->list[i].tokens; /* in its slice, so far */
  s->list[i].tokens += p->texts[text].n;
  s->list[i].n_texts++;
}

/* No text is longer than SHORT_TOKENS. */
static void sort(const Packing *p) {
  size_t place[SHORT_TOKENS + 1] = {0}, sum = 0;
  for (size_t i = 0; i < p->n; i++)
    place[p->texts[i].n]++;
  for (size_t length = SHORT_TOKENS + 1; length-- > 0;) {
    size_t count = place[length];
    place[length] = sum;
    sum += count;
  }
  for (size_t i = 0; i < p->n; i++)
    p->longest_first[place[p->texts[i].n]++] = i;
}

static void pack(Packing *p) {
  if (p->room)
    sort(p);
  for (size_t i = 0; i < p->n; i++) {
    size_t text = p->room ? p->longest_first[i] : i;
    put(p, text, p->room ? best_fit(p, p->texts[text].n) : 0);
  }
}

/* Now that slices have their lengths: where they are, and what is in them. */
static void place(Packing *p) {
  Slices *s = p->out;
  for (size_t i = 0, text = 0; i < s->n; i++) {
    Slice *slice = &s->list[i];
    slice->panel = s->panels;
    slice->text = text;
    text += slice->n_texts;
    s->panels += panel_count(slice->tokens);
    slice->n_texts = 0;
  }
  for (size_t i = 0; i < p->n; i++) {
    size_t text = p->room ? p->longest_first[i] : i;
    Slice *slice = &s->list[p->slice[text]];
    s->first[text] += slice->panel * LANES;
    s->order[slice->text + slice->n_texts++] = text;
  }
}

static void take(Packing *p) {
  Arena *arena = &p->out->arena;
  p->longest_first = arena_array(arena, p->n, sizeof *p->longest_first);
  p->slice = arena_array(arena, p->n, sizeof *p->slice);
  p->out->order = arena_array(arena, p->n, sizeof *p->out->order);
  p->out->first = arena_array(arena, p->n, sizeof *p->out->first);
  p->out->list = arena_array(arena, p->n, sizeof *p->out->list);
}

int slices_plan(const Sequence *texts, size_t n, size_t room, Slices *out,
                Error *err) {
  Packing p = {.texts = texts, .n = n, .room = room, .out = out};
  *out = (Slices){0};
  take(&p);
  int rc = arena_open(&out->arena, err);
  if (rc)
    return rc;
  take(&p);
  pack(&p);
  place(&p);
  return OK;
}

void slices_clear(Slices *s) {
  arena_close(&s->arena);
  *s = (Slices){0};
}
