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

/* scratch[panel][2][LANES] = the two rows of the answer head. */
static int answer_logits(const Model *model, Hidden *h, Error *err) {
  pass_begin(&h->pass);
  int rc = linear_one(&h->pass, &model->answer, h->hidden, h->scratch,
                      ACTIVATION_NONE);
  pass_end(&h->pass);
  return rc ? fail(err, rc, "interrupted") : OK;
}

int head_answer(const Model *model, const Run *run, const Sequence *texts,
                size_t n_texts, float *start, float *end, Error *err) {
  Hidden h;
  if (!(model->tasks & TASK_ANSWER))
    return fail(err, ERR_RANGE, "the model has no question answering head");
  int rc = encoder_run(model, run, texts, n_texts, &h, err);
  if (rc)
    return rc;
  rc = answer_logits(model, &h, err);
  for (size_t t = 0; !rc && t < h.n_tokens; t++) {
    const float *row = h.scratch + t / LANES * 2 * LANES + t % LANES;
    start[t] = row[0];
    end[t] = row[LANES];
    if (!isfinite(start[t]) || !isfinite(end[t]))
      rc = fail(err, ERR_FORMAT,
                "the model gives non-finite output: its weights are damaged");
  }
  hidden_clear(&h);
  return rc;
}

/* --- Masked words -------------------------------------------------------- */

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
  Pass pass;
} MaskRoom;

static void lay_out(MaskRoom *r, const Model *m) {
  size_t C = m->config.dim, V = m->mask.decoder.n_out, panels = r->pass.panels;
  r->in = arena_array(&r->arena, panels * C * LANES, sizeof(float));
  r->mid = arena_array(&r->arena, panels * C * LANES, sizeof(float));
  r->out = arena_array(&r->arena, panels * V * LANES, sizeof(float));
  pass_take(&r->pass, &r->arena, C, V > C ? V : C,
            m->precision == PRECISION_INT8);
}

static int run_mask_head(const Model *m, MaskRoom *r) {
  const MaskHead *h = &m->mask;
  pass_begin(&r->pass);
  int rc = linear_one(&r->pass, &h->transform, r->in, r->mid, h->activation);
  r->pass.kernels->add_norm(&(Norming){m->config.dim, r->pass.panels, r->mid,
                                       NULL, h->norm.gain, h->norm.bias,
                                       m->config.norm_eps});
  if (!rc)
    rc = linear_one(&r->pass, &h->decoder, r->mid, r->out, ACTIVATION_NONE);
  pass_end(&r->pass);
  return rc;
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
  MaskRoom r = {.pass = pass_of(run, n)};
  lay_out(&r, m);
  int rc = arena_open(&r.arena, err);
  if (rc)
    return rc;
  lay_out(&r, m);
  gather(h, m->config.dim, at, n, r.in);
  rc = run_mask_head(m, &r);
  rc = rc ? fail(err, rc, "interrupted")
          : copy_logits(r.out, m->mask.decoder.n_out, n, logits, err);
  arena_close(&r.arena);
  return rc;
}

int head_fill(const Model *model, const Run *run, const Sequence *text,
              const size_t *at, size_t n, float *logits, Error *err) {
  Hidden h;
  if (!(model->tasks & TASK_FILL))
    return fail(err, ERR_RANGE, "the model has no masked-word head");
  int rc = encoder_run(model, run, text, 1, &h, err);
  if (rc)
    return rc;
  rc = head_fill_tokens(model, run, &h, at, n, logits, err);
  hidden_clear(&h);
  return rc;
}
