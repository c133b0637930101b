/*
 * heads.h - what a task reads off the encoder's last layer.
 *
 *     rc = encoder_run(model, run, texts, n_texts, &h, err);
 *     rc = head_run(model, run, TASK_ANSWER, &h, NULL, h.n_tokens, out, err);
 */
#ifndef MODEL_HEADS_H
#define MODEL_HEADS_H

#include "model/encoder.h"

/* Numbers that a head gives for a token; 0: the model has no such head. */
static inline size_t head_outputs(const Model *model, Task task) {
  return model->heads[task].last.n_out;
}

/*
 * logits [n][head_outputs] of tokens at[0], ..., at[n - 1] of a batch that went
 * through encoder_run; `at` NULL: of its first n tokens. Which tokens a head is
 * asked about is its task's affair: all, masked ones, the first of each text.
 * ERR_RANGE: no such head; ERR_FORMAT: a logit is not finite (damaged weights);
 * ERR_NOMEM, ERR_INTERRUPT.
 */
int head_run(const Model *model, const Run *run, Task task,
             const Hidden *hidden, const size_t *at, size_t n, float *logits,
             Error *err);

#endif
