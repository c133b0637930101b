/*
 * collect.h - gathers the answers to one question from its windows.
 */
#ifndef TASK_COLLECT_H
#define TASK_COLLECT_H

#include "base/poll.h"
#include "task/answers.h"
#include "task/merge.h"
#include "text/tokenizer.h"

typedef struct Collector {
  const AnswerOptions *how; /* borrowed */
  EncodeText context;       /* borrowed, read only for merging */
  const Poll *poll;         /* borrowed; NULL: never stops */
  int32_t cls_id;           /* tokens of this id may be answers everywhere */
  Answers found;
  Merge merge;
  double null_score; /* the windows' lowest, that there is no answer */
  bool begun;        /* a window was seen */
  AnswerMass mass;   /* with how->across */
} Collector;

/*
 * A [CLS] outside the context, if the question has one, may be an answer as
 * well: the reference then counts its characters in the context. Gives such
 * tokens among n of the question the bytes that this means.
 */
void collect_place(Token *tokens, size_t n, int32_t cls_id, EncodeText context);

/*
 * Adds the best spans of one window of n tokens. `start` and `end` are its
 * logits, and are overwritten. ERR_NOMEM, ERR_INTERRUPT.
 */
int collect_window(Collector *c, const Token *tokens, size_t n, float *start,
                   float *end, Error *err);

/* Moves the best answers to *out, best first; none if no window was seen.
 * ERR_NOMEM, ERR_INTERRUPT. */
int collect_end(Collector *c, Answers *out, Error *err);
void collect_clear(Collector *c);

#endif
