/*
 * answer.h - extractive question answering, as the Hugging Face pipeline does
 * it (reference/pipelines.md 1).
 *
 * Question and context in, spans of the context with scores out.  A long
 * context is read in overlapping windows; windows of all the queries given go
 * through the encoder in full batches.
 */
#ifndef TASK_ANSWER_H
#define TASK_ANSWER_H

#include "model/model.h"
#include "model/run.h"
#include "task/answers.h"

void answers_clear(Answers *a);

/* What became of one pair of question and context. */
typedef struct AnswerResult {
  /* Best first. A context without any answer has the single one {score 0,
   * start 0, end 0}; an empty question or context has none. The answerer's,
   * but may be taken: then leave zero. */
  Answers answers;
  AnswerMass mass; /* with how->across */
  int code;        /* OK, or why there are none */
  Error error;
} AnswerResult;

/*
 * Pair after pair in, windows of all of them through the model together:
 *
 *     answerer_open(model, run, &how, &a, err);
 *     answerer_add(a, question, context, err);  // pairs 0, 1, 2, ...
 *     answerer_run(a, err);  // once, when they are all there
 *     answerer_result(a, i)                     // any of them
 *     answerer_empty(a);                        // pairs 0, 1, 2, ... again
 *     answerer_close(a);
 *
 * A pair that cannot be answered (ERR_RANGE: the question leaves no room, or
 * the stride is not below the window, both numbers named; ERR_FORMAT: tokens
 * that the model does not know, or weights that are damaged) keeps its error in
 * its result. What a function returns ends the whole: an option outside its
 * limits, memory, interrupt.
 */
typedef struct Answerer Answerer;

int answerer_open(const Model *model, const Run *run, const AnswerOptions *how,
                  Answerer **out, Error *err); /* model and run are borrowed */
/* The texts are read now, and may go afterwards. */
int answerer_add(Answerer *a, EncodeText question, EncodeText context,
                 Error *err);
int answerer_run(Answerer *a, Error *err);
AnswerResult *answerer_result(Answerer *a, size_t pair);
void answerer_empty(Answerer *a);
void answerer_close(Answerer *a); /* takes NULL */

typedef struct AnswerQuery {
  EncodeText question, context; /* borrowed */
  Answers answers;              /* out; answers_clear frees them */
  int code;                     /* out: OK, or why this query has none */
  Error error;
} AnswerQuery;

/*
 * The same for n queries that are all there. Returns the first error of a query
 * as well; where the whole ends, every query has that code and no answers.
 */
int answer_run(const Model *model, const Run *run, const AnswerOptions *how,
               AnswerQuery *queries, size_t n, Error *err);

#endif
