/*
 * choose.c - one text beside several.
 *
 * In:  a prompt and choices; or a text, labels and a template for sentences.
 * Out: a score for each choice or label.
 *
 *     "The sky is" + ["blue.", "loud."]     -> one number a pair  -> softmax
 *     text + "This example is {}." % label  -> entailment, contradiction
 *
 * All pairs go through the model together (task/classify.c).  An empty choice
 * is a second text all the same (reference/corrections.md 4).
 *
 * Zero-shot compares entailment over labels, or with several labels allowed
 * against contradiction in each pair alone.  Which outputs these are follows
 * from the model's labels: contradiction is the first, or the last where the
 * first is entailment.
 */
#include "task/choose.h"

#include "base/memory.h"
#include "model/heads.h"
#include "task/classify.h"
#include "task/hypothesis.h"

const ZeroShotOptions zero_shot_defaults = {{"This example is {}.", 19}, false};

/* --- Pairs ----------------------------------------------------------------*/

/* Logits of pair i, or why it has none. */
static int read_logits(const Classifier *c, size_t i, const float **out,
                       Error *err) {
  const ClassifyResult *result = classifier_result(c, i);
  *out = result->logits;
  return result->code ? fail(err, result->code, "pair %zu: %s", i + 1,
                             result->error.message)
                      : OK;
}

/* --- Choices --------------------------------------------------------------*/

static int add_choices(Classifier *c, EncodeText prompt,
                       const TextList *choices, Error *err) {
  int rc = OK;
  for (size_t i = 0; i < choices->n && rc == OK; i++) {
    ClassifyText pair = {prompt, choices->texts[i], TRUNCATE_NOT};
    rc = classifier_add(c, &pair, err);
  }
  return rc ? rc : classifier_run(c, err);
}

static int score_choices(const Classifier *c, size_t n, float *logits,
                         Score *scores, Error *err) {
  const float *one;
  for (size_t i = 0; i < n; i++) {
    int rc = read_logits(c, i, &one, err);
    if (rc)
      return rc;
    logits[i] = one[0];
  }
  scores_of(SCORING_SOFTMAX, logits, n, scores);
  return OK;
}

int choose_run(const Model *model, const Run *run, Overflow overflow,
               EncodeText prompt, const TextList *choices, Score *scores,
               Error *err) {
  Classifier *c;
  if (choices->n == 0)
    return fail(err, ERR_RANGE, "at least one choice must be given");
  int rc = classifier_open(model, run, TASK_CHOOSE, overflow, &c, err);
  if (rc)
    return rc;
  float *logits = mem_array(choices->n, sizeof *logits);
  rc = logits ? add_choices(c, prompt, choices, err) : fail_memory(err);
  rc = rc ? rc : score_choices(c, choices->n, logits, scores, err);
  mem_free(logits);
  classifier_close(c);
  return rc;
}

/* --- Zero-shot ------------------------------------------------------------*/

static int add_label(Classifier *c, EncodeText text, EncodeText label,
                     EncodeText template, Error *err) {
  char *sentence;
  size_t n;
  int rc = hypothesis_write(template, label, &sentence, &n, err);
  if (rc)
    return rc;
  ClassifyText pair = {text, {sentence, n}, TRUNCATE_ONLY_FIRST};
  rc = classifier_add(c, &pair, err);
  mem_free(sentence);
  return rc;
}

/* Entailment against contradiction, in one pair. */
static float against(const Model *m, const float *logits) {
  size_t entailment = (size_t)m->labels.entailment;
  size_t last = head_outputs(m, TASK_CLASSIFY) - 1;
  float two[2] = {logits[entailment == 0 ? last : 0], logits[entailment]};
  Score scores[2];
  scores_of(SCORING_SOFTMAX, two, 2, scores);
  return scores[1].value;
}

static int score_labels(const Classifier *c, const Model *m, size_t n,
                        bool alone, float *entailed, Score *scores,
                        Error *err) {
  const float *logits;
  for (size_t i = 0; i < n; i++) {
    int rc = read_logits(c, i, &logits, err);
    if (rc)
      return rc;
    entailed[i] =
        alone ? against(m, logits) : logits[(size_t)m->labels.entailment];
  }
  scores_of(alone ? SCORING_NONE : SCORING_SOFTMAX, entailed, n, scores);
  return OK;
}

static int run_labels(Classifier *c, const Model *m, EncodeText text,
                      const TextList *labels, const ZeroShotOptions *how,
                      Score *scores, Error *err) {
  size_t n = labels->n;
  int rc = OK;
  for (size_t i = 0; i < n && rc == OK; i++)
    rc = add_label(c, text, labels->texts[i], how->hypothesis, err);
  rc = rc ? rc : classifier_run(c, err);
  if (rc)
    return rc;
  float *entailed = mem_array(n, sizeof *entailed);
  if (!entailed)
    return fail_memory(err);
  rc = score_labels(c, m, n, how->multi_label || n == 1, entailed, scores, err);
  mem_free(entailed);
  return rc;
}

int zero_shot_run(const Model *model, const Run *run, EncodeText text,
                  const TextList *labels, const ZeroShotOptions *how,
                  Score *scores, Error *err) {
  Classifier *c;
  if (!(model->tasks & TASK_BIT(TASK_ZERO_SHOT)))
    return fail(err, ERR_RANGE, "the model has no label of entailment");
  if (labels->n == 0 || text.bytes == 0)
    return fail(err, ERR_RANGE, "at least one label and a text must be given");
  int rc = hypothesis_check(how->hypothesis, err);
  rc = rc ? rc
          : classifier_open(model, run, TASK_CLASSIFY, OVERFLOW_TRUNCATE, &c,
                            err);
  if (rc)
    return rc;
  rc = run_labels(c, model, text, labels, how, scores, err);
  classifier_close(c);
  return rc;
}
