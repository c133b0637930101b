/*
 * labels.h - what a classifier's outputs are called, and how they become
 * scores.
 */
#ifndef MODEL_LABELS_H
#define MODEL_LABELS_H

#include <stddef.h>
#include "base/error.h"

/* What is made of logits. */
typedef enum Scoring {
  SCORING_UNSAID,  /* it follows from the number of labels */
  SCORING_SOFTMAX, /* one label: probabilities that add up to 1 */
  SCORING_SIGMOID, /* any number of labels: a probability each */
  SCORING_NONE     /* numbers as they are: a regression */
} Scoring;

typedef struct Label {
  size_t id;
  const char *name; /* in Labels.texts */
} Label;

typedef struct Labels {
  Label *named; /* owned, by id; those that config.json has a name for */
  size_t n;
  char *texts;          /* owned */
  long long entailment; /* id of the first label "entail..."; -1: none */
  Scoring scoring;      /* of problem_type */
} Labels;

/* id2label, label2id and problem_type of config.json, which config_parse has
 * read before. ERR_FORMAT: a key that is no number, a value that is neither a
 * text nor a number, an unknown problem_type. Nothing to free on failure. */
int labels_read(const char *json, size_t bytes, Labels *out, Error *err);
void labels_clear(Labels *labels);

/* The name of output i, "LABEL_i" where there is none; in `room`, or lent. */
enum { LABEL_ROOM = 32 };
const char *label_name(const Labels *labels, size_t i, char room[LABEL_ROOM]);

/* The scoring of a model with n labels, never SCORING_UNSAID
 * (reference/pipelines.md 3). */
Scoring labels_scoring(const Labels *labels, size_t n);

/* "softmax", "sigmoid" or "none", in any case; SCORING_UNSAID: another. */
Scoring scoring_named(const char *name);

#endif
