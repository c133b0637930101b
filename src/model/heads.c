/*
 * heads.c - what a task reads off the encoder's last layer.
 *
 * In:  texts as tokens.
 * Out: the logits of one head, as plain arrays.
 *
 * A head is a linear layer or two over the hidden states (reference/models.md
 * 2-4).  It uses the same kernels and lanes as the encoder, so the promise of
 * equal bits covers it.  Weights that give infinities or NaN are an error: a
 * damaged model must not answer.
 */
#include "model/encoder.h"

#include <math.h>
#include <string.h>
#include "base/pool.h"
#include "model/linear.h"

/* scratch[panel][2][LANES] = the two rows of the answer head. */
static void answer_logits(const Model *model, Hidden *h) {
  size_t C = model->config.dim;
  Product product = {
      .rows = 2,
      .panels = h->panels,
      .depth = C,
      .a = model->answer.weight,
      .row_stride = C,
      .k_stride = 1,
      .b = h->hidden,
      .b_panel = C * LANES,
      .c = h->scratch,
      .c_panel = 2 * LANES,
      .bias = model->answer.bias,
  };
  kernels_pick(NULL)->product(&product);
}

int head_answer(const Model *model, const Run *run, const Sequence *texts,
                size_t n_texts, float *start, float *end, Error *err) {
  Hidden h;
  if (!(model->tasks & TASK_ANSWER))
    return fail(err, ERR_RANGE, "the model has no question answering head");
  int code = encoder_run(model, run, texts, n_texts, &h, err);
  if (code)
    return code;
  answer_logits(model, &h);
  for (size_t t = 0; !code && t < h.n_tokens; t++) {
    const float *row = h.scratch + t / LANES * 2 * LANES + t % LANES;
    start[t] = row[0];
    end[t] = row[LANES];
    if (!isfinite(start[t]) || !isfinite(end[t]))
      code = fail(err, ERR_FORMAT,
                  "the model gives non-finite output: its weights are damaged");
  }
  hidden_clear(&h);
  return code;
}

/* --- Masked words -------------------------------------------------------- */

enum { ROWS = 96 }; /* of a task */

/* One linear layer of a head, cut into blocks of output rows. */
typedef struct HeadLinear {
  const Linear *w;
  size_t panels;
  const float *in;
  const ByteLanes *bytes; /* scratch */
  float *out;
} HeadLinear;

static void head_task(void *arg, size_t index, size_t thread) {
  const HeadLinear *h = arg;
  size_t row = index * ROWS, rows = h->w->n_out - row;
  (void)thread;
  LinearPart part = {.row = row,
                     .rows = rows < ROWS ? rows : ROWS,
                     .panels = h->panels,
                     .out = h->out + row * LANES,
                     .out_panel = h->w->n_out * LANES};
  linear_rows(kernels_pick(NULL), h->w, part, h->in, h->bytes, ACTIVATION_NONE);
}

static int head_linear(Team *team, const Run *run, HeadLinear h) {
  for (size_t p = 0; linear_is_bytes(h.w) && p < h.panels; p++)
    byte_lanes_fill(kernels_pick(NULL), h.bytes, p, h.w->n_in, h.in);
  return team_run(team, (h.w->n_out + ROWS - 1) / ROWS, head_task, &h,
                  &run->poll);
}

/* Lanes of the tokens asked for, in their order. */
static void gather(const Hidden *h, size_t C, const size_t *at, size_t n,
                   float *out) {
  memset(out, 0, (n + LANES - 1) / LANES * C * LANES * sizeof *out);
  for (size_t i = 0; i < n; i++)
    for (size_t c = 0; c < C; c++)
      out[(i / LANES * C + c) * LANES + i % LANES] =
          h->hidden[(at[i] / LANES * C + c) * LANES + at[i] % LANES];
}

typedef struct MaskRoom {
  Arena arena;
  float *in, *mid; /* [panels][C][LANES] */
  float *out;      /* [panels][V][LANES] */
  ByteLanes bytes;
} MaskRoom;

static void lay_out(MaskRoom *r, const Model *m, size_t panels) {
  size_t C = m->config.dim, V = m->mask.decoder.n_out;
  r->in = arena_array(&r->arena, panels * C * LANES, sizeof(float));
  r->mid = arena_array(&r->arena, panels * C * LANES, sizeof(float));
  r->out = arena_array(&r->arena, panels * V * LANES, sizeof(float));
  if (m->precision == PRECISION_INT8)
    r->bytes = byte_lanes_take(&r->arena, panels, C);
}

static int run_mask_head(const Model *m, const Run *run, MaskRoom *r,
                         size_t panels) {
  const MaskHead *h = &m->mask;
  const Kernels *k = kernels_pick(NULL);
  size_t C = m->config.dim;
  Team team = team_begin(run->n_threads);
  int code = head_linear(
      &team, run,
      (HeadLinear){&h->transform, panels, r->in, &r->bytes, r->mid});
  k->activate(h->activation, panels * C * LANES, r->mid);
  k->add_norm(&(Norming){C, panels, r->mid, NULL, h->norm.gain, h->norm.bias,
                         m->config.norm_eps});
  if (!code)
    code = head_linear(
        &team, run,
        (HeadLinear){&h->decoder, panels, r->mid, &r->bytes, r->out});
  team_end(&team);
  return code;
}

static int copy_logits(const float *lanes, size_t V, size_t n, float *logits,
                       Error *err) {
  for (size_t i = 0; i < n; i++)
    for (size_t v = 0; v < V; v++) {
      float x = lanes[(i / LANES * V + v) * LANES + i % LANES];
      if (!isfinite(x))
        return fail(err, ERR_FORMAT,
                    "the model gives non-finite output: its weights are "
                    "damaged");
      logits[i * V + v] = x;
    }
  return OK;
}

int head_fill_tokens(const Model *m, const Run *run, const Hidden *h,
                     const size_t *at, size_t n, float *logits, Error *err) {
  MaskRoom r = {0};
  size_t panels = (n + LANES - 1) / LANES;
  lay_out(&r, m, panels);
  int code = arena_open(&r.arena, err);
  if (code)
    return code;
  lay_out(&r, m, panels);
  gather(h, m->config.dim, at, n, r.in);
  code = run_mask_head(m, run, &r, panels);
  code = code ? fail(err, code, "interrupted")
              : copy_logits(r.out, m->mask.decoder.n_out, n, logits, err);
  arena_close(&r.arena);
  return code;
}

int head_fill(const Model *model, const Run *run, const Sequence *text,
              const size_t *at, size_t n, float *logits, Error *err) {
  Hidden h;
  if (!(model->tasks & TASK_FILL))
    return fail(err, ERR_RANGE, "the model has no masked-word head");
  int code = encoder_run(model, run, text, 1, &h, err);
  if (code)
    return code;
  code = head_fill_tokens(model, run, &h, at, n, logits, err);
  hidden_clear(&h);
  return code;
}
