/*
 * answers.h - a list of answers, and what a caller may ask of them.
 */
#ifndef TASK_ANSWERS_H
#define TASK_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

typedef struct AnswerOptions {
  size_t top_k;          /* 1 */
  size_t max_answer_len; /* 15 tokens */
  size_t max_seq_len;    /* tokens a window; 0: min(model's limit, 384) */
  size_t doc_stride;     /* tokens of overlap; SIZE_MAX: min(len / 2, 128), or
                          * half of what a long question leaves of a window */
  size_t max_windows;    /* of a context, its rest is not read; 0: all of it */
  bool impossible;       /* false: handle_impossible_answer */
  bool align_to_words;   /* true */
  bool merge;            /* false: add up equal answers, transformers 4.54+ */
  /* false: a score is a probability within its window. true: the sum of its two
   * logits, which can be compared over windows and contexts; see AnswerMass.
   * Without merge and impossible. */
  bool across;
} AnswerOptions;

/* exp(top) * sum: exp(start logit + end logit) over all pairs of tokens that
 * may be start and end, over all windows of a context. An answer's share of it
 * is its probability. sum 0: there is none. */
typedef struct AnswerMass {
  float top;
  double sum;
} AnswerMass;

extern const AnswerOptions answer_defaults;

typedef struct Answer {
  double score;
  uint32_t start, end; /* characters of the context */
  uint32_t byte_start, byte_end;
} Answer;

typedef struct Answers {
  Answer *items; /* owned; best first */
  size_t n, capacity;
} Answers;

int answers_add(Answers *a, const Answer *answer, Error *err); /* ERR_NOMEM */
void answers_clear(Answers *a);

#endif
