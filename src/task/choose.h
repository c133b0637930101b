/*
 * choose.h - texts beside a list: which choice continues a prompt, and which
 * label follows from a text.
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

typedef struct ZeroShotOptions {
  EncodeText hypothesis; /* a template, with {} where the label goes */
  bool multi_label;      /* each label alone, instead of one of them */
} ZeroShotOptions;

extern const ZeroShotOptions zero_shot_defaults;

/*
 * Text after text in, each beside all of the list, and all these pairs through
 * the model together:
 *
 *     chooser_open(model, run, overflow, &choices, &c, err);
 *         // or chooser_open_labels(model, run, &labels, &how, &c, err)
 *     chooser_add(c, prompt, err);    // texts 0, 1, 2, ...
 *     chooser_run(c, err);            // once, when they are all there
 *     chooser_scores(c, i, scores, err);
 *     chooser_empty(c);               // texts 0, 1, 2, ... again
 *     chooser_close(c);
 *
 * What opens it is borrowed until it is closed. Memory is for the caller to
 * bound: a pair takes some 300 bytes until `empty`.
 */
typedef struct Chooser Chooser;

/* A softmax over all choices. Prompt and choice are cut where they are longer
 * than the model takes, unless overflow makes it an error. ERR_RANGE: no head,
 * no choice. */
int chooser_open(const Model *model, const Run *run, Overflow overflow,
                 const TextList *choices, Chooser **out, Error *err);

/* How far each label's sentence follows from the text. A text longer than the
 * model takes is cut, the sentence never. ERR_RANGE: the model does not entail,
 * no label, a template without {} or with other fields. */
int chooser_open_labels(const Model *model, const Run *run,
                        const TextList *labels, const ZeroShotOptions *how,
                        Chooser **out, Error *err);

/* The text is read now, and may go afterwards. Labels want one that is not
 * empty: ERR_RANGE. */
int chooser_add(Chooser *c, EncodeText text, Error *err);
int chooser_run(Chooser *c, Error *err);

/* Scores [list->n] of a text, by their ids. What it returns is the text's own
 * and names the pair: ERR_RANGE (too long, a sentence that leaves no room for
 * the text), ERR_FORMAT (tokens that the model does not know, a number that is
 * not finite). */
int chooser_scores(Chooser *c, size_t text, Score *scores, Error *err);
void chooser_empty(Chooser *c);
void chooser_close(Chooser *c); /* takes NULL */

#endif
