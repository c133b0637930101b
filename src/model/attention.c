/*
 * attention.c - every text's queries against its own keys.
 *
 * In:  queries, keys and values of some heads, in lanes, texts back to back.
 * Out: values mixed by weight, in the lanes of the queries.
 *
 * A panel may hold the end of one text and the start of the next.  Only here
 * does that matter: a text's queries meet that text's keys alone, and a result
 * is written to its own lanes alone.  So neighbours never matter, to the bit.
 *
 *     tokens    | a a a a a a | b b b b b b b b ...
 *     panels    |  0      |  1      |  2      |
 *     stretches   a: 0 1        b: 1 2
 *
 * A task is a head and a stretch, or some stretches of short texts.
 */
#include "model/attention.h"

#include <math.h>
#include <string.h>

/* --- Stretches -------------------------------------------------------------
 */

static size_t panels_between(size_t first, size_t end) {
  return (end - 1) / LANES - first / LANES + 1;
}

size_t stretch_count(size_t first, size_t end) {
  return group_count(panels_between(first, end));
}

void stretch_list(size_t first, size_t end, Stretch *out) {
  size_t panels = panels_between(first, end);
  for (size_t i = 0; i < group_count(panels); i++) {
    size_t at = group_start(panels, i);
    out[i] = (Stretch){first, end, first / LANES + at,
                       group_start(panels, i + 1) - at};
  }
}

/* --- Tasks -----------------------------------------------------------------
 */

/* Where key panel `panel` lies within a text: lanes [lo, hi). */
static void text_lanes(const Stretch *s, size_t panel, size_t *lo, size_t *hi) {
  size_t first = panel * LANES;
  *lo = s->first > first ? s->first - first : 0;
  *hi = s->end < first + LANES ? s->end - first : LANES;
}

/* What a thread needs for a stretch, in a->scores. */
typedef struct Scratch {
  size_t keys;
  float *scores;  /* [GROUP][keys][LANES], then weights */
  float *top;     /* [GROUP][LANES], largest scores */
  float *inverse; /* [GROUP][LANES], of the weights' sums */
  float *own;     /* [GROUP][D][LANES] */
} Scratch;

size_t attention_room(size_t longest, size_t D) {
  return GROUP * (longest + 2 + D) * LANES;
}

static Scratch scratch(const Attention *a, const Stretch *s, size_t thread) {
  Scratch x = {.keys = s->end - s->first};
  x.scores = a->scores + thread * a->score_room;
  x.top = x.scores + GROUP * x.keys * LANES;
  x.inverse = x.top + GROUP * LANES;
  x.own = x.inverse + GROUP * LANES;
  return x;
}

/* scores[j][lane] = sum over d of key_j[d] * query_lane[d], all keys j, and
 * the largest of each lane. */
static void score_keys(const Attention *a, const Stretch *s, size_t at,
                       const Scratch *to) {
  size_t plane = a->D * LANES, first = at * a->P;
  for (size_t i = 0; i < GROUP * LANES; i++)
    to->top[i] = -INFINITY;
  for (size_t p = s->first / LANES; p * LANES < s->end; p++) {
    size_t lo, hi;
    text_lanes(s, p, &lo, &hi);
    Product product = {
        .rows = hi - lo,
        .panels = s->panels,
        .depth = a->D,
        .a = a->key + (first + p) * plane + lo,
        .row_stride = 1,
        .k_stride = LANES,
        .b = a->query + (first + s->panel) * plane,
        .b_panel = plane,
        .c = to->scores + (p * LANES + lo - s->first) * LANES,
        .c_panel = to->keys * LANES,
        .top = to->top,
    };
    a->kernels->product(&product);
  }
}

/* out[d][lane] = inverse[lane] * sum over j of value_j[d] * weight_j[lane], j
 * in order: the text's keys in the first panel, then those of all others. */
static void mix_values(const Attention *a, const Stretch *s, size_t at,
                       const Scratch *from, float *out, size_t out_panel) {
  size_t plane = a->D * LANES, keys = from->keys;
  size_t lane = s->first % LANES, begun = lane ? LANES - lane : 0;
  bool is_one = begun == 0 || begun >= keys;
  const float *value = a->value + (at * a->P + s->first / LANES) * plane;
  Product product = {
      .rows = a->D,
      .panels = s->panels,
      .depth = is_one ? keys : begun,
      .a = value + lane,
      .row_stride = LANES,
      .k_stride = 1,
      .k_jump = plane - LANES,
      .b = from->scores,
      .b_panel = keys * LANES,
      .c = out,
      .c_panel = out_panel,
      .scale = is_one ? from->inverse : NULL,
  };
  a->kernels->product(&product);
  if (is_one)
    return;
  product.a = value + plane;
  product.b = from->scores + begun * LANES;
  product.depth = keys - begun;
  product.scale = from->inverse;
  product.add = true;
  a->kernels->product(&product);
}

/* Copies only the lanes that belong to the text; behind the last text's end
 * the lanes of none too, so that they hold numbers and not chance. */
static void copy_lanes(const Attention *a, const Stretch *s, const float *from,
                       float *out) {
  for (size_t i = 0; i < s->panels; i++) {
    size_t lo, hi;
    text_lanes(s, s->panel + i, &lo, &hi);
    hi = s->end == a->T ? LANES : hi;
    float *to = out + i * a->C * LANES;
    for (size_t d = 0; d < a->D; d++)
      memcpy(to + d * LANES + lo, from + (i * a->D + d) * LANES + lo,
             (hi - lo) * sizeof *to);
  }
}

/* Does a panel of the stretch hold tokens of another text? */
static bool is_shared(const Attention *a, const Stretch *s) {
  size_t end = (s->panel + s->panels) * LANES;
  end = end < a->T ? end : a->T;
  return s->panel * LANES < s->first || s->end < end;
}

static void attend(const Attention *a, const Stretch *s, size_t at,
                   size_t thread) {
  size_t plane = a->C * LANES;
  float *out = a->mixed + s->panel * plane + (a->head + at) * a->D * LANES;
  Scratch x = scratch(a, s, thread);

  score_keys(a, s, at, &x);
  for (size_t i = 0; i < s->panels; i++)
    a->kernels->softmax(x.keys, x.scores + i * x.keys * LANES,
                        1.0f / sqrtf((float)a->D), x.top + i * LANES,
                        x.inverse + i * LANES);
  if (is_shared(a, s)) {
    mix_values(a, s, at, &x, x.own, a->D * LANES);
    copy_lanes(a, s, x.own, out);
  } else {
    mix_values(a, s, at, &x, out, plane);
  }
}

/* Of short texts a task has those of a group of panels, or about so many. */
static size_t bundle_count(const Attention *a) {
  size_t groups = group_count(a->P);
  return a->n_stretches < groups ? a->n_stretches : groups;
}

/* Head after head, so that its keys and values come from near. */
static void attention_task(void *arg, size_t index, size_t thread) {
  const Attention *a = arg;
  size_t n = bundle_count(a), bundle = index % n;
  size_t i = bundle * a->n_stretches / n;
  for (; i < (bundle + 1) * a->n_stretches / n; i++)
    attend(a, &a->stretches[i], index / n, thread);
}

int attention_run(const Attention *a, Team *team, const Poll *poll) {
  return team_run(team, bundle_count(a) * a->heads, attention_task, (void *)a,
                  poll);
}
