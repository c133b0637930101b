/*
 * forward.c - the forward pass, one operation a line.
 *
 * Dimensions, here and wherever they are spoken of:
 *   T tokens   P panels of LANES tokens   C channels   H heads
 *   D head size (C / H)   F feed-forward   L layers
 *
 * Activations are [P][C][LANES], token t in lane t % LANES of panel
 * t / LANES; texts lie back to back without gaps, so a panel may hold the end
 * of one text and the start of the next.  Only attention sees that
 * (attention.c); so neighbours never matter, to the bit.
 *
 * An operation is cut into tasks that any thread of the team may take; each
 * output element is made by one task, in one order.  Nothing is allocated.
 * Equations: reference/models.md 1 (post-norm transformer).
 */
#include "model/forward.h"

#include <string.h>

/* Floats of queries, keys and values kept in a core's cache. */
enum { NEAR = 196608 };

static void perform(Forward *f, size_t n_tasks, pool_task *task, void *arg) {
  if (!f->code)
    f->code = team_run(&f->pass.team, n_tasks, task, arg, &f->pass.run.poll);
}

/* --- Linear layers ------------------------------------------------------- */

static void linear(Forward *f, const Linear *w, const float *in, float *out,
                   Activation activation) {
  if (!f->code)
    f->code = linear_one(&f->pass, w, in, out, activation);
}

static void query_key_value(Forward *f, const Layer *layer) {
  LinearRun run = {.in = f->x,
                   .list = {{&layer->query, f->query},
                            {&layer->key, f->key},
                            {&layer->value, f->value}},
                   .n = 3,
                   .first = f->attention.head * f->D,
                   .end = (f->attention.head + f->attention.heads) * f->D,
                   .slab = f->D};
  if (!f->code)
    f->code = linear_run(&f->pass, &run);
}

/* --- Attention ------------------------------------------------------------ */

/* How many heads are at work at once: all of short texts, of long ones what
 * stays in the caches until attention has read it, but one a thread. */
static size_t heads_at_once(const Forward *f) {
  size_t threads = f->pass.run.n_threads;
  size_t n = NEAR / (PROJECTIONS * f->P * f->D * LANES);
  n = (n ? n : 1) * threads;
  return n < f->H ? n : f->H;
}

static void attention(Forward *f, const Layer *layer) {
  Attention *a = &f->attention;
  size_t most = heads_at_once(f);
  for (a->head = 0; a->head < f->H; a->head += most) {
    a->heads = f->H - a->head < most ? f->H - a->head : most;
    query_key_value(f, layer);
    if (!f->code)
      f->code = attention_run(a, &f->pass.team, &f->pass.run.poll);
  }
}

/* --- Embeddings and norms ------------------------------------------------- */

/* A row of a table: floats, or bytes with a scale. */
typedef struct Row {
  const float *floats; /* NULL when of bytes */
  const int8_t *bytes;
  float scale;
} Row;

static Row table_row(const Table *t, size_t row) {
  if (t->rows)
    return (Row){.floats = t->rows + row * t->dim};
  return (Row){NULL, t->q_rows + row * t->dim, t->q_scales[row]};
}

static inline float row_value(const Row *r, size_t c) {
  return r->floats ? r->floats[c] : (float)r->bytes[c] * r->scale;
}

static void norm_panels(const Forward *f, size_t panel, size_t panels,
                        const float *y, const Norm *norm) {
  size_t at = panel * f->C * LANES;
  f->pass.kernels->add_norm(&(Norming){.C = f->C,
                                       .panels = panels,
                                       .x = f->x + at,
                                       .y = y ? y + at : NULL,
                                       .gain = norm->gain,
                                       .bias = norm->bias,
                                       .eps = f->model->config.norm_eps});
}

/* Word, then token type (where the family has one), then position. Where there
 * is only one type all tokens are of it, whatever the template says. */
static void embed_token(const Forward *f, size_t t, float *x) {
  const Model *m = f->model;
  size_t C = f->C, type = m->types.n > 1 ? (size_t)f->tokens.list[t]->type : 0;
  Row word = table_row(&m->words, (size_t)f->tokens.list[t]->id);
  Row position = table_row(&m->positions, f->tokens.positions[t]);
  Row kind = {0};
  if (m->types.n)
    kind = table_row(&m->types, type);
  if (!m->types.n)
    for (size_t c = 0; c < C; c++)
      x[c * LANES] = row_value(&word, c) + row_value(&position, c);
  else
    for (size_t c = 0; c < C; c++)
      x[c * LANES] =
          row_value(&word, c) + row_value(&kind, c) + row_value(&position, c);
}

static void embed_task(void *arg, size_t panel, size_t thread) {
  Forward *f = arg;
  (void)thread;
  float *x = f->x + panel * f->C * LANES;
  if ((panel + 1) * LANES > f->tokens.T)
    memset(x, 0, f->C * LANES * sizeof *x);
  for (size_t lane = 0; lane < LANES && panel * LANES + lane < f->tokens.T;
       lane++)
    embed_token(f, panel * LANES + lane, x + lane);
  norm_panels(f, panel, 1, NULL, &f->model->embedding_norm);
}

static void embed(Forward *f) {
  perform(f, f->P, embed_task, f);
}

typedef struct NormStep {
  const Forward *f;
  const Norm *norm;
} NormStep;

static void norm_task(void *arg, size_t group, size_t thread) {
  const NormStep *step = arg;
  (void)thread;
  size_t panel = group_start(step->f->P, group);
  norm_panels(step->f, panel, group_start(step->f->P, group + 1) - panel,
              step->f->y, step->norm);
}

/* x = norm(x + y) */
static void add_norm(Forward *f, const Norm *norm) {
  perform(f, group_count(f->P), norm_task, &(NormStep){f, norm});
}

/* --- The pass --------------------------------------------------------------*/

static void run_layer(Forward *f, const Layer *layer) {
  attention(f, layer);
  linear(f, &layer->attention_out, f->mixed, f->y, ACTIVATION_NONE);
  add_norm(f, &layer->attention_norm);
  linear(f, &layer->up, f->x, f->wide, f->model->config.activation);
  linear(f, &layer->down, f->wide, f->y, ACTIVATION_NONE);
  add_norm(f, &layer->output_norm);
}

/* The tokens take as much of the room as they need. */
static void begin(Forward *f, const Tokens *tokens) {
  Attention *a = &f->attention;
  f->code = OK;
  f->tokens = *tokens;
  f->P = panel_count(tokens->T);
  f->pass.tokens = tokens->T;
  f->pass.panels = f->P;
  f->x = tokens->hidden;
  f->query = f->wide;
  f->key = f->query + f->P * f->C * LANES;
  f->value = f->key + f->P * f->C * LANES;
  f->mixed = f->value + f->P * f->C * LANES;
  *a = (Attention){.kernels = f->pass.kernels,
                   .T = tokens->T,
                   .P = f->P,
                   .C = f->C,
                   .D = f->D,
                   .query = f->query,
                   .key = f->key,
                   .value = f->value,
                   .mixed = f->mixed,
                   .scores = a->scores,
                   .score_room = a->score_room,
                   .stretches = tokens->stretches,
                   .n_stretches = tokens->n_stretches};
}

int forward_run(Forward *f, const Tokens *tokens) {
  begin(f, tokens);
  pass_begin(&f->pass);
  embed(f);
  for (size_t i = 0; i < f->model->config.n_layers; i++)
    run_layer(f, &f->model->layers[i]);
  pass_end(&f->pass);
  return f->code;
}

Forward forward_of(const Model *model, const Run *run, size_t n_tokens,
                   size_t longest, Arena *arena) {
  const Config *c = &model->config;
  size_t C = c->dim, wide = c->hidden_dim > 4 * C ? c->hidden_dim : 4 * C;
  Forward f = {.model = model,
               .pass = pass_of(run, n_tokens),
               .C = C,
               .H = c->n_heads,
               .D = C / c->n_heads};
  size_t panels = f.pass.panels, threads = f.pass.run.n_threads;
  f.attention.score_room = attention_room(longest, f.D);
  f.y = arena_array(arena, panels * C * LANES, sizeof *f.y);
  f.wide = arena_array(arena, panels * wide * LANES, sizeof *f.wide);
  f.attention.scores = arena_array(arena, threads * f.attention.score_room,
                                   sizeof *f.attention.scores);
  pass_take(&f.pass, arena, wide, wide, model->precision == PRECISION_INT8);
  return f;
}
