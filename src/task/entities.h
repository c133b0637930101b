/*
 * entities.h - named entities, as the Hugging Face token-classification
 * pipeline finds them (reference/pipelines.md 4).
 *
 * Texts of any length in, spans of them with labels and scores out.
 */
#ifndef TASK_ENTITIES_H
#define TASK_ENTITIES_H

#include "model/model.h"
#include "model/run.h"
#include "task/entity.h"
#include "task/groups.h"

typedef struct EntityOptions {
  Aggregation aggregation;
  Overflow overflow; /* of texts longer than the model takes */
  size_t stride;     /* tokens that windows share; ENTITY_STRIDE: the default */
  /* Labels that are left out: a JSON array of strings, or texts between commas;
   * text NULL: O alone. */
  EncodeText ignore;
} EntityOptions;

/* A quarter of what the model takes. */
#define ENTITY_STRIDE SIZE_MAX

extern const EntityOptions entity_defaults;

/* What became of one text. */
typedef struct EntityResult {
  EntityList list; /* in the order of the text; the tagger's, but may be taken:
                    * then leave zero */
  int code;        /* OK, or why there are none */
  Error error;
} EntityResult;

/*
 * Text after text in, windows of all of them through the model together:
 *
 *     tagger_open(model, run, &entity_defaults, &t, err);
 *     tagger_add(t, text, err);   // texts 0, 1, 2, ...
 *     tagger_run(t, err);         // once, when they are all there
 *     tagger_result(t, i)         // any of them
 *     tagger_empty(t);            // texts 0, 1, 2, ... again
 *     tagger_close(t);
 *
 * A text that cannot be read (ERR_RANGE: longer than the model takes, where
 * that is an error; ERR_FORMAT: tokens that the model does not know, a number
 * that is not finite) keeps its error in its result. What a function returns
 * ends the whole: memory, interrupt.
 */
typedef struct Tagger Tagger;

/* ERR_RANGE: the model has no such head, the stride is not below the window
 * (both numbers are named); ERR_FORMAT: `ignore` is no list. model and run are
 * borrowed. */
int tagger_open(const Model *model, const Run *run, const EntityOptions *how,
                Tagger **out, Error *err);
/* The text is read now, and may go afterwards. */
int tagger_add(Tagger *t, EncodeText text, Error *err);
int tagger_run(Tagger *t, Error *err);
EntityResult *tagger_result(Tagger *t, size_t text);
void tagger_empty(Tagger *t);
void tagger_close(Tagger *t); /* takes NULL */

#endif
