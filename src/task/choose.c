/*
 * choose.c - texts beside a list.
 *
 * In:  prompts and choices; or texts, labels and a template for sentences.
 * Out: for each text a score for each choice or label.
 *
 *     "The sky is" + ["blue.", "loud."]     -> one number a pair  -> softmax
 *     text + "This example is {}." % label  -> entailment, contradiction
 *
 * Text t beside number i of a list of n is text t * n + i of a Classifier, so
 * all pairs of all texts go through the model together (task/classify.c).  An
 * empty choice is a second text all the same (reference/corrections.md 4).
 *
 * Zero-shot compares entailment over labels, or with several labels allowed
 * against contradiction in each pair alone.  Which outputs these are follows
 * from the model's labels: contradiction is the first, or the last where the
 * first is entailment.
 *
 * Sentences are written pair by pair: those of all labels at once would be as
 * large as the template times the list.
 */
#include "task/choose.h"

#include "base/memory.h"
#include "model/heads.h"
#include "task/classify.h"
#include "task/hypothesis.h"

const ZeroShotOptions zero_shot_defaults = {{"This example is {}.", 19}, false};

struct Chooser {
  const Model *model;
  Classifier *pairs; /* owned */
  const TextList *list;
  const ZeroShotOptions *how; /* of labels; NULL: choices */
  float *logits;              /* owned: [list->n], of one text */
};

/* --- Pairs ----------------------------------------------------------------*/

static int add_choice(Chooser *c, EncodeText prompt, EncodeText choice,
                      Error *err) {
  ClassifyText pair = {prompt, choice, TRUNCATE_NOT};
  return classifier_add(c->pairs, &pair, err);
}

static int add_label(Chooser *c, EncodeText text, EncodeText label,
                     Error *err) {
  char *sentence;
  size_t n;
  int rc = hypothesis_write(c->how->hypothesis, label, &sentence, &n, err);
  if (rc)
    return rc;
  ClassifyText pair = {text, {sentence, n}, TRUNCATE_ONLY_FIRST};
  rc = classifier_add(c->pairs, &pair, err);
  mem_free(sentence);
  return rc;
}

/* Of labels, or of what they are to be told from. */
static int fail_empty(Error *err) {
  return fail(err, ERR_RANGE, "at least one label and a text must be given");
}

int chooser_add(Chooser *c, EncodeText text, Error *err) {
  int rc = OK;
  if (c->how && text.bytes == 0)
    return fail_empty(err);
  for (size_t i = 0; i < c->list->n && rc == OK; i++)
    rc = (c->how ? add_label : add_choice)(c, text, c->list->texts[i], err);
  return rc;
}

int chooser_run(Chooser *c, Error *err) {
  return classifier_run(c->pairs, err);
}

/* --- Scores ---------------------------------------------------------------*/

/* Entailment against contradiction, in one pair. */
static float against(const Model *m, const float *logits) {
  size_t entailment = (size_t)m->labels.entailment;
  size_t last = head_outputs(m, TASK_CLASSIFY) - 1;
  float two[2] = {logits[entailment == 0 ? last : 0], logits[entailment]};
  Score scores[2];
  scores_of(SCORING_SOFTMAX, two, 2, scores);
  return scores[1].value;
}

/* Each label's score says nothing of the others'. */
static bool are_alone(const Chooser *c) {
  return c->how && (c->how->multi_label || c->list->n == 1);
}

/* What counts of a pair's logits. */
static float of_pair(const Chooser *c, const float *logits) {
  if (!c->how)
    return logits[0];
  return are_alone(c) ? against(c->model, logits)
                      : logits[(size_t)c->model->labels.entailment];
}

int chooser_scores(Chooser *c, size_t text, Score *scores, Error *err) {
  size_t n = c->list->n;
  for (size_t i = 0; i < n; i++) {
    const ClassifyResult *pair = classifier_result(c->pairs, text * n + i);
    if (pair->code)
      return fail(err, pair->code, "pair %zu: %s", i + 1, pair->error.message);
    c->logits[i] = of_pair(c, pair->logits);
  }
  scores_of(are_alone(c) ? SCORING_NONE : SCORING_SOFTMAX, c->logits, n,
            scores);
  return OK;
}

/* --- From open to close ---------------------------------------------------*/

static int open_pairs(Chooser *c, const Run *run, Task task, Overflow overflow,
                      Error *err) {
  c->logits = mem_array(c->list->n, sizeof *c->logits);
  return c->logits
             ? classifier_open(c->model, run, task, overflow, &c->pairs, err)
             : fail_memory(err);
}

static int open_chooser(const Chooser *parts, const Run *run, Task task,
                        Overflow overflow, Chooser **out, Error *err) {
  Chooser *c = mem_alloc(sizeof *c);
  if (!c)
    return fail_memory(err);
  *c = *parts;
  int rc = open_pairs(c, run, task, overflow, err);
  if (rc)
    chooser_close(c);
  else
    *out = c;
  return rc;
}

int chooser_open(const Model *model, const Run *run, Overflow overflow,
                 const TextList *choices, Chooser **out, Error *err) {
  const Chooser parts = {.model = model, .list = choices};
  *out = NULL;
  return choices->n ? open_chooser(&parts, run, TASK_CHOOSE, overflow, out, err)
                    : fail(err, ERR_RANGE, "at least one choice must be given");
}

int chooser_open_labels(const Model *model, const Run *run,
                        const TextList *labels, const ZeroShotOptions *how,
                        Chooser **out, Error *err) {
  const Chooser parts = {.model = model, .list = labels, .how = how};
  *out = NULL;
  if (!(model->tasks & TASK_BIT(TASK_ZERO_SHOT)))
    return fail(err, ERR_RANGE, "the model has no label of entailment");
  if (labels->n == 0)
    return fail_empty(err);
  int rc = hypothesis_check(how->hypothesis, err);
  return rc ? rc
            : open_chooser(&parts, run, TASK_CLASSIFY, OVERFLOW_TRUNCATE, out,
                           err);
}

void chooser_empty(Chooser *c) {
  classifier_empty(c->pairs);
}

void chooser_close(Chooser *c) {
  if (!c)
    return;
  classifier_close(c->pairs);
  mem_free(c->logits);
  mem_free(c);
}
