/*
 * heads.c - what a task reads off the encoder's last layer.
 *
 * In:  hidden states of a batch, and which of its tokens.
 * Out: the logits of one head, as plain arrays.
 *
 * A head is data (weights.h): one layer, or a layer, an activation, a norm and
 * a second layer (reference/models.md 2-4).
 *
 *     gather -> first -> activation -> norm -> last -> logits
 *               (not all heads have these)
 *
 * It uses the same kernels and lanes as the encoder, so the promise of equal
 * bits covers it.  Weights that give infinities or NaN are an error: a damaged
 * model must not answer.
 */
#include "model/heads.h"

#include <string.h>

typedef struct Room {
  Arena arena;
  float *in, *mid; /* [panels][C][LANES] */
  float *out;      /* [panels][n_out][LANES] */
  Pass pass;
} Room;

static bool has_bytes(const Head *h) {
  return h->first.q_weight || h->last.q_weight;
}

/* Room for what the tokens become on the way. */
static void lay_out(Room *r, const Head *h, size_t C, bool gathers) {
  size_t n_out = h->last.n_out, panels = r->pass.panels;
  if (gathers)
    r->in = arena_array(&r->arena, panels * C * LANES, sizeof(float));
  if (h->first.n_out)
    r->mid = arena_array(&r->arena, panels * C * LANES, sizeof(float));
  r->out = arena_array(&r->arena, panels * n_out * LANES, sizeof(float));
  pass_take(&r->pass, &r->arena, C, n_out > C ? n_out : C, has_bytes(h));
}

/* Lanes of the tokens asked for, in their order; the last ones may be empty. */
static void gather(const Hidden *h, size_t C, const size_t *at, size_t n,
                   size_t panels, float *out) {
  memset(out, 0, panels * C * LANES * sizeof *out);
  for (size_t i = 0; i < n; i++)
    hidden_copy(h, C, at[i], out, i);
}

/* The layer and what follows it, where the head has one. */
static int run_first(const Model *m, const Head *h, Room *r, const float **x) {
  if (!h->first.n_out)
    return OK;
  int rc = linear_one(&r->pass, &h->first, *x, r->mid, h->activation);
  if (!rc && h->norm.gain)
    r->pass.kernels->add_norm(&(Norming){m->config.dim, r->pass.panels, r->mid,
                                         NULL, h->norm.gain, h->norm.bias,
                                         m->config.norm_eps});
  *x = r->mid;
  return rc;
}

static int run_layers(const Model *m, const Head *h, Room *r, const float *x,
                      Error *err) {
  pass_begin(&r->pass);
  int rc = run_first(m, h, r, &x);
  if (!rc)
    rc = linear_one(&r->pass, &h->last, x, r->out, ACTIVATION_NONE);
  pass_end(&r->pass);
  return rc ? fail(err, rc, "interrupted") : OK;
}

/* Out of lanes. */
static void copy_logits(const float *lanes, size_t n_out, size_t n,
                        float *logits) {
  for (size_t i = 0; i < n; i++) {
    const float *from = lanes + lane_at(n_out, i);
    for (size_t v = 0; v < n_out; v++)
      *logits++ = from[v * LANES];
  }
}

int head_run(const Model *model, const Run *run, Task task,
             const Hidden *hidden, const size_t *at, size_t n, float *logits,
             Error *err) {
  const Head *h = &model->heads[task];
  size_t C = model->config.dim;
  Room r = {.pass = pass_of(run, n)};
  if (!h->last.n_out)
    return fail(err, ERR_RANGE, "the model has no such head");
  lay_out(&r, h, C, at != NULL);
  int rc = arena_open(&r.arena, err);
  if (rc)
    return rc;
  lay_out(&r, h, C, at != NULL);
  if (at)
    gather(hidden, C, at, n, r.pass.panels, r.in);
  rc = run_layers(model, h, &r, at ? r.in : hidden->hidden, err);
  if (!rc)
    copy_logits(r.out, h->last.n_out, n, logits);
  arena_close(&r.arena);
  return rc ? rc : output_check(logits, n * h->last.n_out, err);
}
