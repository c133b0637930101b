/*
 * choose.h - one text beside several: which choice continues a prompt, and
 * which label follows from a text.
 *
 * The first as the reference's ForMultipleChoice classes are used
 * (reference/models.md 2), the second as its zero-shot-classification pipeline
 * (reference/pipelines.md 6).
 */
#ifndef TASK_CHOOSE_H
#define TASK_CHOOSE_H

#include "model/model.h"
#include "model/run.h"
#include "task/scores.h"
#include "task/text_list.h"

/*
 * scores [choices->n], by their ids: a softmax over all choices. Prompt and
 * choice are cut where they are longer than the model takes, unless overflow
 * makes it an error. ERR_RANGE: no head, no choice; of a pair: its number is in
 * the message.
 */
int choose_run(const Model *model, const Run *run, Overflow overflow,
               EncodeText prompt, const TextList *choices, Score *scores,
               Error *err);

typedef struct ZeroShotOptions {
  EncodeText hypothesis; /* a template, with {} where the label goes */
  bool multi_label;      /* each label alone, instead of one of them */
} ZeroShotOptions;

extern const ZeroShotOptions zero_shot_defaults;

/*
 * scores [labels->n], by their ids: how far each label's sentence follows from
 * the text. A text longer than the model takes is cut, the sentence never.
 * ERR_RANGE: the model does not entail, no label, an empty text, a template
 * without {} or with other fields, a sentence that leaves no room for the text.
 */
int zero_shot_run(const Model *model, const Run *run, EncodeText text,
                  const TextList *labels, const ZeroShotOptions *how,
                  Score *scores, Error *err);

#endif
