/*
 * features.c - what a model makes of every token of one input.
 *
 * In:  a text or a pair.
 * Out: its tokens, special ones included, each with the C numbers of the last
 *      hidden state, or with the logits of a head.
 *
 *     text, pair -> tokens -> encoder -> lanes -> rows [n][C]
 *                                    \-> head --> rows [n][head_outputs]
 *
 * Nothing is pooled, normalised, prepared or cut: what the files of
 * sentence-transformers say is for embed.c.
 *
 * Agrees with the feature-extraction pipeline of transformers
 * (reference/pipelines.md 5), and with the logits that a model gives for
 * tokenizer(text, pair) there.  As in both, an empty pair is none, and an input
 * longer than the model takes is an error.
 */
#include "task/features.h"

#include "base/memory.h"
#include "base/size.h"
#include "model/heads.h"
#include "task/whole.h"

int features_read(const Model *model, const Run *run, EncodeText text,
                  EncodeText pair, FeatureRows *out, Error *err) {
  out->tokens.n = 0;
  if (pair.bytes == 0)
    pair.text = NULL;
  return whole_read(model, &run->poll, text, pair, &out->tokens, err);
}

static int reserve(FeatureRows *f, size_t width, Error *err) {
  size_t numbers;
  f->width = width;
  if (!size_mul(f->tokens.n, width, &numbers) ||
      mem_reserve(&f->rows, &f->capacity, numbers, sizeof *f->rows))
    return fail_memory(err);
  return OK;
}

/* The hidden states of the tokens; *h is the caller's to clear. */
static int encode(const Model *model, const Run *run, const FeatureRows *f,
                  Hidden *h, Error *err) {
  Sequence text = {f->tokens.tokens, f->tokens.n};
  return encoder_run(model, run, &text, 1, h, err);
}

/* Out of lanes. */
static void copy_rows(const Hidden *h, FeatureRows *f) {
  float *to = f->rows;
  for (size_t t = 0; t < f->tokens.n; t++) {
    const float *from = hidden_row(h, f->width, t);
    for (size_t c = 0; c < f->width; c++)
      *to++ = from[c * LANES];
  }
}

int features_hidden(const Model *model, const Run *run, FeatureRows *f,
                    Error *err) {
  Hidden h;
  int rc = reserve(f, model->config.dim, err);
  rc = rc ? rc : encode(model, run, f, &h, err);
  if (rc)
    return rc;
  copy_rows(&h, f);
  hidden_clear(&h);
  return output_check(f->rows, f->tokens.n * f->width, err);
}

int features_logits(const Model *model, const Run *run, Task task,
                    FeatureRows *f, Error *err) {
  Hidden h;
  int rc = reserve(f, head_outputs(model, task), err);
  rc = rc ? rc : encode(model, run, f, &h, err);
  if (rc)
    return rc;
  rc = head_run(model, run, task, &h, NULL, f->tokens.n, f->rows, err);
  hidden_clear(&h);
  return rc;
}

void features_clear(FeatureRows *f) {
  encoding_clear(&f->tokens);
  mem_free(f->rows);
  *f = (FeatureRows){0};
}
