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

typedef struct AnswerQuery {
  EncodeText question, context; /* borrowed */
  Answers answers;              /* out; answers_clear frees them */
  int code;                     /* out: OK, or why this query has none */
  Error error;
} AnswerQuery;

/*
 * Answers n queries. Best first; a context without any answer has the single
 * one {score 0, start 0, end 0}; an empty question or context has none.
 *
 * A query that cannot be answered (ERR_RANGE: the question leaves no room, or
 * the stride is not below the window, both numbers named) keeps its error in
 * `code` and `error` while the others go on; the first such error is returned
 * as well.  Any other error (an option outside its limits, memory, interrupt,
 * a damaged model) ends the run: every query has that code and no answers.
 */
int answer_run(const Model *model, const Run *run, const AnswerOptions *how,
               AnswerQuery *queries, size_t n, Error *err);

#endif
