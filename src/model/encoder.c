/*
 * encoder.c - the forward pass, one operation a line.
 *
 * Dimensions, here and wherever they are spoken of:
 *   T tokens   P panels of LANES tokens   C channels   H heads
 *   D head size (C / H)   F feed-forward   L layers
 *
 * Activations are [P][C][LANES], token t in lane t % LANES of panel
 * t / LANES; texts lie back to back without gaps, so a panel may hold the end
 * of one text and the start of the next.  Only attention sees that: a text's
 * queries meet that text's keys alone, and a result is written to its own
 * lanes alone.  So neighbours never matter, to the bit.
 *
 * An operation is cut into tasks that any thread may take; each output element
 * is made by one task, in one order.  Everything is allocated before the first
 * operation.  Equations: reference/models.md 1 (post-norm transformer).
 */
#include "model/encoder.h"

#include <math.h>
#include <string.h>
#include "base/memory.h"
#include "base/pool.h"
#include "model/family.h"
#include "model/linear.h"
#include "tensor/blas.h"

/* Floats of queries, keys and values kept in a core's cache. */
enum { NEAR = 196608 };

/* Queries of one text in up to GROUP panels, against all its keys. */
typedef struct Stretch {
  size_t first, end;    /* the text's tokens in the batch */
  size_t panel, panels; /* query panels */
} Stretch;

typedef struct Encoder {
  const Model *model;
  Pass pass;
  int code; /* first failure; later operations do nothing */
  const Sequence *texts;
  size_t n_texts, T, P, C, H, D, F;
  float *x, *y;               /* [P][C][LANES] */
  size_t head, heads;         /* the heads at work: from `head` on, so many */
  float *query, *key, *value; /* [heads][P][D][LANES], in wide */
  float *mixed;               /* [P][C][LANES], in wide */
  float *wide;                /* [P][max(F, 4 C)][LANES] */
  float *scores;              /* [threads][score_room] */
  size_t score_room;
  Stretch *stretches;
  size_t n_stretches;
  const Token **tokens; /* [T] */
  uint32_t *positions;  /* [T] */
} Encoder;

static void perform(Encoder *e, size_t n_tasks, pool_task *task, void *arg) {
  if (!e->code)
    e->code = team_run(&e->pass.team, n_tasks, task, arg, &e->pass.run.poll);
}

/* --- Linear layers ------------------------------------------------------- */

static void linear(Encoder *e, const Linear *w, const float *in, float *out,
                   Activation activation) {
  if (!e->code)
    e->code = linear_one(&e->pass, w, in, out, activation);
}

static void query_key_value(Encoder *e, const Layer *layer) {
  LinearRun run = {.in = e->x,
                   .list = {{&layer->query, e->query},
                            {&layer->key, e->key},
                            {&layer->value, e->value}},
                   .n = 3,
                   .first = e->head * e->D,
                   .end = (e->head + e->heads) * e->D,
                   .slab = e->D};
  if (!e->code)
    e->code = linear_run(&e->pass, &run);
}

/* --- Attention ------------------------------------------------------------ */

/* Where key panel `panel` lies within a text: lanes [lo, hi). */
static void text_lanes(const Stretch *s, size_t panel, size_t *lo, size_t *hi) {
  size_t first = panel * LANES;
  *lo = s->first > first ? s->first - first : 0;
  *hi = s->end < first + LANES ? s->end - first : LANES;
}

/* What a thread needs for a stretch, in e->scores. */
typedef struct Scratch {
  size_t keys;
  float *scores;  /* [GROUP][keys][LANES], then weights */
  float *top;     /* [GROUP][LANES], largest scores */
  float *inverse; /* [GROUP][LANES], of the weights' sums */
  float *own;     /* [GROUP][D][LANES] */
} Scratch;

static Scratch scratch(const Encoder *e, const Stretch *s, size_t thread) {
  Scratch x = {.keys = s->end - s->first};
  x.scores = e->scores + thread * e->score_room;
  x.top = x.scores + GROUP * x.keys * LANES;
  x.inverse = x.top + GROUP * LANES;
  x.own = x.inverse + GROUP * LANES;
  return x;
}

/* scores[j][lane] = sum over d of key_j[d] * query_lane[d], all keys j, and
 * the largest of each lane. */
static void score_keys(const Encoder *e, const Stretch *s, size_t at,
                       const Scratch *to) {
  size_t plane = e->D * LANES, first = at * e->P;
  for (size_t i = 0; i < GROUP * LANES; i++)
    to->top[i] = -INFINITY;
  for (size_t p = s->first / LANES; p * LANES < s->end; p++) {
    size_t lo, hi;
    text_lanes(s, p, &lo, &hi);
    Product product = {
        .rows = hi - lo,
        .panels = s->panels,
        .depth = e->D,
        .a = e->key + (first + p) * plane + lo,
        .row_stride = 1,
        .k_stride = LANES,
        .b = e->query + (first + s->panel) * plane,
        .b_panel = plane,
        .c = to->scores + (p * LANES + lo - s->first) * LANES,
        .c_panel = to->keys * LANES,
        .top = to->top,
    };
    e->pass.kernels->product(&product);
  }
}

/* out[d][lane] = inverse[lane] * sum over j of value_j[d] * weight_j[lane], j
 * in order: the text's keys in the first panel, then those of all others. */
static void mix_values(const Encoder *e, const Stretch *s, size_t at,
                       const Scratch *from, float *out, size_t out_panel) {
  size_t plane = e->D * LANES, keys = from->keys;
  size_t lane = s->first % LANES, begun = lane ? LANES - lane : 0;
  bool is_one = begun == 0 || begun >= keys;
  const float *value = e->value + (at * e->P + s->first / LANES) * plane;
  Product product = {
      .rows = e->D,
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
  e->pass.kernels->product(&product);
  if (is_one)
    return;
  product.a = value + plane;
  product.b = from->scores + begun * LANES;
  product.depth = keys - begun;
  product.scale = from->inverse;
  product.add = true;
  e->pass.kernels->product(&product);
}

/* Copies only the lanes that belong to the text; behind the last text's end
 * the lanes of none too, so that they hold numbers and not chance. */
static void copy_lanes(const Encoder *e, const Stretch *s, const float *from,
                       float *out) {
  for (size_t i = 0; i < s->panels; i++) {
    size_t lo, hi;
    text_lanes(s, s->panel + i, &lo, &hi);
    hi = s->end == e->T ? LANES : hi;
    float *to = out + i * e->C * LANES;
    for (size_t d = 0; d < e->D; d++)
      memcpy(to + d * LANES + lo, from + (i * e->D + d) * LANES + lo,
             (hi - lo) * sizeof *to);
  }
}

/* Does a panel of the stretch hold tokens of another text? */
static bool is_shared(const Encoder *e, const Stretch *s) {
  size_t end = (s->panel + s->panels) * LANES;
  end = end < e->T ? end : e->T;
  return s->panel * LANES < s->first || s->end < end;
}

static void attention_task(void *arg, size_t index, size_t thread) {
  Encoder *e = arg;
  /* Head after head, so that its keys and values come from near. */
  const Stretch *s = &e->stretches[index % e->n_stretches];
  size_t at = index / e->n_stretches, plane = e->C * LANES;
  float *out = e->mixed + s->panel * plane + (e->head + at) * e->D * LANES;
  Scratch x = scratch(e, s, thread);

  score_keys(e, s, at, &x);
  for (size_t i = 0; i < s->panels; i++)
    e->pass.kernels->softmax(x.keys, x.scores + i * x.keys * LANES,
                             1.0f / sqrtf((float)e->D), x.top + i * LANES,
                             x.inverse + i * LANES);
  if (is_shared(e, s)) {
    mix_values(e, s, at, &x, x.own, e->D * LANES);
    copy_lanes(e, s, x.own, out);
  } else {
    mix_values(e, s, at, &x, out, plane);
  }
}

/* How many heads are at work at once: all of short texts, of long ones what
 * stays in the caches until attention has read it, but one a thread. */
static size_t heads_at_once(const Encoder *e) {
  size_t threads = e->pass.run.n_threads;
  size_t n = NEAR / (PROJECTIONS * e->P * e->D * LANES);
  n = (n ? n : 1) * threads;
  return n < e->H ? n : e->H;
}

static void attention(Encoder *e, const Layer *layer) {
  size_t most = heads_at_once(e);
  for (e->head = 0; e->head < e->H; e->head += most) {
    e->heads = e->H - e->head < most ? e->H - e->head : most;
    query_key_value(e, layer);
    perform(e, e->n_stretches * e->heads, attention_task, e);
  }
}

/* --- Embeddings and norms ------------------------------------------------- */

static float table_value(const Table *t, size_t row, size_t c) {
  if (t->rows)
    return t->rows[row * t->dim + c];
  return (float)t->q_rows[row * t->dim + c] * t->q_scales[row];
}

static void norm_panels(const Encoder *e, size_t panel, size_t panels,
                        const float *y, const Norm *norm) {
  size_t at = panel * e->C * LANES;
  e->pass.kernels->add_norm(&(Norming){.C = e->C,
                                       .panels = panels,
                                       .x = e->x + at,
                                       .y = y ? y + at : NULL,
                                       .gain = norm->gain,
                                       .bias = norm->bias,
                                       .eps = e->model->config.norm_eps});
}

/* Word, then token type (where the family has one), then position. Where there
 * is only one type all tokens are of it, whatever the template says. */
static void embed_token(const Encoder *e, size_t t, float *x) {
  const Model *m = e->model;
  size_t id = (size_t)e->tokens[t]->id;
  size_t type = m->types.n > 1 ? (size_t)e->tokens[t]->type : 0;
  size_t position = e->positions[t];
  for (size_t c = 0; c < e->C; c++) {
    float v = table_value(&m->words, id, c);
    if (m->types.n)
      v += table_value(&m->types, type, c);
    x[c * LANES] = v + table_value(&m->positions, position, c);
  }
}

static void embed_task(void *arg, size_t panel, size_t thread) {
  Encoder *e = arg;
  (void)thread;
  float *x = e->x + panel * e->C * LANES;
  if ((panel + 1) * LANES > e->T)
    memset(x, 0, e->C * LANES * sizeof *x);
  for (size_t lane = 0; lane < LANES && panel * LANES + lane < e->T; lane++)
    embed_token(e, panel * LANES + lane, x + lane);
  norm_panels(e, panel, 1, NULL, &e->model->embedding_norm);
}

static void embed(Encoder *e) {
  perform(e, e->P, embed_task, e);
}

typedef struct NormStep {
  const Encoder *e;
  const Norm *norm;
} NormStep;

static void norm_task(void *arg, size_t group, size_t thread) {
  const NormStep *step = arg;
  (void)thread;
  size_t panel = group_start(step->e->P, group);
  norm_panels(step->e, panel, group_start(step->e->P, group + 1) - panel,
              step->e->y, step->norm);
}

/* x = norm(x + y) */
static void add_norm(Encoder *e, const Norm *norm) {
  perform(e, group_count(e->P), norm_task, &(NormStep){e, norm});
}

/* --- The pass --------------------------------------------------------------*/

static void encode_layer(Encoder *e, const Layer *layer) {
  attention(e, layer);
  linear(e, &layer->attention_out, e->mixed, e->y, ACTIVATION_NONE);
  add_norm(e, &layer->attention_norm);
  linear(e, &layer->up, e->x, e->wide, e->model->config.activation);
  linear(e, &layer->down, e->wide, e->y, ACTIVATION_NONE);
  add_norm(e, &layer->output_norm);
}

static void encode(Encoder *e) {
  pass_begin(&e->pass);
  embed(e);
  for (size_t i = 0; i < e->model->config.n_layers; i++)
    encode_layer(e, &e->model->layers[i]);
  pass_end(&e->pass);
}

/* --- Before the first operation --------------------------------------------*/

static size_t panels_between(size_t first, size_t end) {
  return (end - 1) / LANES - first / LANES + 1;
}

/* Takes everything from the arena; runs twice, measuring and placing. */
static void lay_out(Encoder *e, Hidden *out) {
  size_t plane = e->P * e->C * LANES, longest = 0, stretches = 0, first = 0;
  size_t wide = e->F > 4 * e->C ? e->F : 4 * e->C;
  for (size_t i = 0; i < e->n_texts; i++) {
    size_t n = e->texts[i].n;
    longest = n > longest ? n : longest;
    stretches += group_count(panels_between(first, first + n));
    first += n;
  }
  e->score_room = GROUP * (longest + 2 + e->D) * LANES;
  e->x = arena_array(&out->arena, plane, sizeof *e->x);
  e->y = arena_array(&out->arena, plane, sizeof *e->y);
  e->wide = arena_array(&out->arena, e->P * wide * LANES, sizeof *e->wide);
  e->scores = arena_array(&out->arena, e->pass.run.n_threads * e->score_room,
                          sizeof *e->scores);
  pass_take(&e->pass, &out->arena, wide, wide,
            e->model->precision == PRECISION_INT8);
  e->stretches = arena_array(&out->arena, stretches, sizeof *e->stretches);
  e->tokens = arena_array(&out->arena, e->T, sizeof *e->tokens);
  e->positions = arena_array(&out->arena, e->T, sizeof *e->positions);
  if (!out->arena.block)
    return;
  e->query = e->wide;
  e->key = e->query + plane;
  e->value = e->key + plane;
  e->mixed = e->value + plane;
}

static void place_stretches(Encoder *e, size_t first, size_t end) {
  size_t panels = panels_between(first, end);
  for (size_t i = 0; i < group_count(panels); i++) {
    size_t at = group_start(panels, i);
    e->stretches[e->n_stretches++] = (Stretch){first, end, first / LANES + at,
                                               group_start(panels, i + 1) - at};
  }
}

/* From 0 on, or from behind the pad id, past pads. */
static size_t position_of(const Config *c, int32_t id, size_t index,
                          size_t *not_pads) {
  if (!c->family->positions_follow_pad)
    return index;
  if (id == c->pad_id)
    return (size_t)c->pad_id;
  return (size_t)c->pad_id + ++*not_pads;
}

/* A tokenizer may have tokens the model never learned; that is an error only
 * for a text that has one. */
static int no_embedding(const Model *m, int32_t id, Error *err) {
  char name[ERROR_QUOTE] = "", shown[ERROR_QUOTE];
  size_t bytes = 0;
  const char *text = tokenizer_token(m->tokenizer, id, &bytes);
  if (text)
    memcpy(name, text, bytes < sizeof name ? bytes : sizeof name - 1);
  return fail(err, ERR_FORMAT,
              "token %d (%s) is beyond the %zu word embeddings (vocab_size)",
              (int)id, error_quote(shown, name), m->words.n);
}

static int place_text(Encoder *e, const Sequence *text, size_t first,
                      Error *err) {
  const Model *m = e->model;
  size_t not_pads = 0;
  for (size_t i = 0; i < text->n; i++) {
    const Token *t = &text->tokens[i];
    size_t position = position_of(&m->config, t->id, i, &not_pads);
    if (t->id < 0 || (size_t)t->id >= m->words.n)
      return no_embedding(m, t->id, err);
    if (position >= m->positions.n)
      return fail(err, ERR_RANGE, "text has %zu tokens, the model takes %zu",
                  text->n, m->max_tokens);
    if (m->types.n > 1 && (t->type < 0 || (size_t)t->type >= m->types.n))
      return fail(err, ERR_FORMAT, "token type %d is beyond the %zu embeddings",
                  (int)t->type, m->types.n);
    e->tokens[first + i] = t;
    e->positions[first + i] = (uint32_t)position;
  }
  place_stretches(e, first, first + text->n);
  return OK;
}

static int count_tokens(Encoder *e, Error *err) {
  for (size_t i = 0; i < e->n_texts; i++) {
    if (!e->texts[i].n || e->texts[i].n > e->model->config.max_positions)
      return fail(err, ERR_RANGE,
                  "text has %zu tokens, the model takes 1 to %zu",
                  e->texts[i].n, e->model->max_tokens);
    e->T += e->texts[i].n;
  }
  return e->T ? OK : fail(err, ERR_RANGE, "no text to encode");
}

static int prepare(Encoder *e, const Run *run, Hidden *out, Error *err) {
  int rc = count_tokens(e, err);
  if (!rc && run->engine == ENGINE_BLAS)
    rc = blas_open(err);
  if (rc)
    return rc;
  e->pass = pass_of(run, e->T);
  e->P = e->pass.panels;
  lay_out(e, out);
  rc = arena_open(&out->arena, err);
  if (rc)
    return rc;
  lay_out(e, out);
  size_t first = 0;
  for (size_t i = 0; !rc && i < e->n_texts; i++) {
    rc = place_text(e, &e->texts[i], first, err);
    first += e->texts[i].n;
  }
  return rc;
}

int encoder_run(const Model *model, const Run *run, const Sequence *texts,
                size_t n_texts, Hidden *out, Error *err) {
  const Config *c = &model->config;
  Encoder e = {.model = model,
               .texts = texts,
               .n_texts = n_texts,
               .C = c->dim,
               .H = c->n_heads,
               .D = c->dim / c->n_heads,
               .F = c->hidden_dim};
  *out = (Hidden){0};
  int rc = prepare(&e, run, out, err);
  if (!rc) {
    encode(&e);
    rc = e.code ? fail(err, e.code, "interrupted") : OK;
  }
  if (rc) {
    hidden_clear(out);
    return rc;
  }
  out->hidden = e.x;
  out->n_tokens = e.T;
  out->panels = e.P;
  return OK;
}

int output_check(const float *numbers, size_t n, Error *err) {
  for (size_t i = 0; i < n; i++)
    if (!isfinite(numbers[i]))
      return fail(err, ERR_FORMAT,
                  "the model gives non-finite output: its weights are damaged");
  return OK;
}

void hidden_clear(Hidden *h) {
  arena_close(&h->arena);
  *h = (Hidden){0};
}
