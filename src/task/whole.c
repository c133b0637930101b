/*
 * whole.c - a text or a pair as one input of a model, none of it cut.
 *
 * In:  texts of any length.
 * Out: their tokens with the template, or how many there are and how many the
 *      model takes.
 *
 * A text is read no further than the model's limit and a token more.  Only for
 * the message is one that is too long counted to its end, in constant memory.
 *
 * Agrees with what the text-classification, fill-mask and feature-extraction
 * pipelines do when nobody asks them to truncate: they fail.
 */
#include "task/whole.h"

static int count(const Model *model, const Poll *poll, EncodeText text,
                 size_t *n, Error *err) {
  *n = 0;
  return text.text ? tokenizer_count(model->tokenizer, text.text, text.bytes,
                                     poll, n, err)
                   : OK;
}

int whole_too_long(const Model *model, const Poll *poll, EncodeText text,
                   EncodeText pair, const char *more, Error *err) {
  bool is_pair = pair.text != NULL;
  size_t a, b;
  int rc = count(model, poll, text, &a, err);
  rc = rc ? rc : count(model, poll, pair, &b, err);
  if (rc)
    return rc;
  return fail(err, ERR_RANGE,
              "%s has %zu tokens, the model takes at most %zu%s",
              is_pair ? "pair" : "text",
              a + b + tokenizer_n_added(model->tokenizer, is_pair),
              model->max_tokens, more);
}

int whole_read(const Model *model, const Poll *poll, EncodeText text,
               EncodeText pair, Encoding *out, Error *err) {
  bool cut = false;
  int rc =
      tokenizer_encode(model->tokenizer, text, pair, TRUNCATE_LONGEST_FIRST,
                       model->max_tokens, poll, out, &cut, err);
  return rc || !cut ? rc : whole_too_long(model, poll, text, pair, "", err);
}
