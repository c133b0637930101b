/*
 * classify.h - logits of whole texts and pairs, as the reference's
 * ForSequenceClassification and ForMultipleChoice classes give them: a head
 * over the first token.  Labels, choices and zero-shot are made of these.
 */
#ifndef TASK_CLASSIFY_H
#define TASK_CLASSIFY_H

#include "model/model.h"
#include "model/run.h"
#include "text/tokenizer.h"

/* A text, or a pair. Which one gives way when they are too long is for the
 * caller to say: TRUNCATE_NOT, the default, goes by the overflow. */
typedef struct ClassifyText {
  EncodeText text, pair; /* pair.text NULL: there is none */
  Truncation cut;
} ClassifyText;

/* What became of one text. */
typedef struct ClassifyResult {
  const float *logits; /* [head_outputs], the classifier's */
  size_t tokens;       /* that were read, template too */
  bool truncated;      /* the logits are of the start of the text alone */
  int code;            /* OK, or why there are none */
  Error error;
} ClassifyResult;

/*
 * Text after text in, all of them through the model together:
 *
 *     classifier_open(model, run, TASK_CLASSIFY, overflow, &c, err);
 *     classifier_add(c, &text, err);  // texts 0, 1, 2, ...
 *     classifier_run(c, err);         // once, when they are all there
 *     classifier_result(c, i)         // any of them
 *     classifier_empty(c);            // texts 0, 1, 2, ... again
 *     classifier_close(c);
 *
 * A text longer than the model takes is cut (OVERFLOW_TRUNCATE), an error, or
 * the mean of its windows' logits by their tokens; a pair has no windows. A
 * text that has no logits keeps its error in its result (ERR_RANGE: its length;
 * ERR_FORMAT: tokens that the model does not know, a number that is not
 * finite). What a function returns ends the whole: memory, interrupt.
 */
typedef struct Classifier Classifier;

/* ERR_RANGE: the model has no such head. model and run are borrowed. */
int classifier_open(const Model *model, const Run *run, Task task,
                    Overflow overflow, Classifier **out, Error *err);
/* The text is read now, and may go afterwards. */
int classifier_add(Classifier *c, const ClassifyText *text, Error *err);
int classifier_run(Classifier *c, Error *err);
const ClassifyResult *classifier_result(const Classifier *c, size_t text);
void classifier_empty(Classifier *c);
void classifier_close(Classifier *c); /* takes NULL */

#endif
