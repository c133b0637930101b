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
