/*
 * heads.h - a head's logits of one text, for tests.
 */
#ifndef TESTS_HEADS_H
#define TESTS_HEADS_H

#include "model/heads.h"

/* logits [n][head_outputs] of tokens at[0..n); `at` NULL: of all n. */
static inline int head_of(const Model *m, const Run *run, Task task,
                          const Sequence *text, const size_t *at, size_t n,
                          float *logits, Error *err) {
  Hidden h;
  int rc = encoder_run(m, run, text, 1, &h, err);
  if (rc)
    return rc;
  rc = head_run(m, run, task, &h, at, n, logits, err);
  hidden_clear(&h);
  return rc;
}

#endif
