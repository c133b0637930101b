/*
 * test_classify.c - labels, choices and zero-shot, against transformers 4.57.1.
 *
 * For every tiny checkpoint with such a head: the logits of all texts and
 * pairs, all calls of its text-classification and zero-shot-classification
 * pipelines, those that must fail too, and the choices.  Labels and order
 * exact, scores to 2e-5.  A call goes through the model as one batch; the last
 * test has all of a checkpoint's texts in one, which must change nothing, and
 * texts beside a list are asked alone and among others.
 */
#include <math.h>
#include "check.h"
#include "model/heads.h"
#include "oracle.h"
#include "task/choose.h"
#include "task/classify.h"

static const Run run = {.engine = ENGINE_NATIVE, .n_threads = 2};

enum { ROOM = 64 };

static const cJSON *get(const cJSON *object, const char *key) {
  return cJSON_GetObjectItemCaseSensitive(object, key);
}

static EncodeText text_of(const cJSON *item) {
  const char *text = cJSON_GetStringValue(item);
  return (EncodeText){text, text ? strlen(text) : 0};
}

/* Of Python's {"text": ..., "text_pair": ...}, or of a text. An empty pair is
 * none where the reference was called with one text. */
static ClassifyText input_of(const cJSON *input, const char *first,
                             const char *second) {
  ClassifyText out = {0};
  out.text = text_of(cJSON_IsString(input) ? input : get(input, first));
  if (cJSON_IsObject(input))
    out.pair = text_of(get(input, second));
  if (out.pair.bytes == 0)
    out.pair.text = NULL;
  return out;
}

/* --- Logits ---------------------------------------------------------------*/

static void check_logits(const ClassifyResult *got, size_t L,
                         const cJSON *record) {
  const cJSON *want = get(record, "logits");
  CHECK(got->code == OK, "%s", got->error.message);
  CHECK((size_t)cJSON_GetArraySize(want) == L, "%zu outputs", L);
  CHECK((size_t)cJSON_GetArraySize(get(record, "input_ids")) == got->tokens,
        "%zu tokens", got->tokens);
  size_t i = 0;
  for (const cJSON *x = want->child; x && i < L && got->logits;
       x = x->next, i++)
    CHECK(fabs((double)got->logits[i] - x->valuedouble) <= 1e-4,
          "logit %zu: %g, not %g", i, (double)got->logits[i], x->valuedouble);
}

/* All texts of a checkpoint in one batch. */
static void check_inputs(const Model *model, const cJSON *inputs) {
  Classifier *c;
  Error err = {""};
  size_t L = head_outputs(model, TASK_CLASSIFY), n = 0;
  int rc =
      classifier_open(model, &run, TASK_CLASSIFY, OVERFLOW_TRUNCATE, &c, &err);
  for (const cJSON *r = inputs->child; r && !rc; r = r->next) {
    ClassifyText text = input_of(r, "text", "text_pair");
    rc = classifier_add(c, &text, &err);
  }
  rc = rc ? rc : classifier_run(c, &err);
  CHECK(rc == OK, "%s", err.message);
  for (const cJSON *r = inputs->child; r && !rc; r = r->next)
    check_logits(classifier_result(c, n++), L, r);
  classifier_close(c);
}

/* --- Scores ---------------------------------------------------------------*/

static void check_scores(const Score *got, size_t n, const Model *model,
                         const cJSON *want) {
  char room[LABEL_ROOM];
  CHECK((size_t)cJSON_GetArraySize(want) <= n, "%zu labels", n);
  for (const cJSON *w = want->child; w; w = w->next, got++) {
    const char *label = label_name(&model->labels, got->id, room);
    double score = get(w, "score")->valuedouble;
    CHECK(!strcmp(label, cJSON_GetStringValue(get(w, "label"))), "%s, not %s",
          label, cJSON_GetStringValue(get(w, "label")));
    CHECK(fabs((double)got->value - score) <= 2e-5, "%s: %g, not %g", label,
          (double)got->value, score);
  }
}

/* One text's result: a list of labels, or the first of them. */
static void check_text(const Model *model, const ClassifyText *text,
                       Scoring scoring, Overflow overflow, const cJSON *want) {
  Classifier *c;
  Error err = {""};
  Score scores[ROOM];
  size_t n = head_outputs(model, TASK_CLASSIFY);
  int rc = classifier_open(model, &run, TASK_CLASSIFY, overflow, &c, &err);
  rc = rc ? rc : classifier_add(c, text, &err);
  rc = rc ? rc : classifier_run(c, &err);
  CHECK(rc == OK && n <= ROOM, "%s", err.message);
  const ClassifyResult *result = classifier_result(c, 0);
  if (get(want, "error")) {
    CHECK(result->code == ERR_RANGE, "no error for %.40s", text->text.text);
  } else if (rc == OK && result->code == OK) {
    scores_of(scoring, result->logits, n, scores);
    Score best = scores_best(scores, n);
    scores_sort(scores, n);
    CHECK(best.id == scores[0].id, "label %zu is not the first", best.id);
    cJSON list = {.child = (cJSON *)(uintptr_t)want, .type = cJSON_Array};
    check_scores(scores, n, model, cJSON_IsArray(want) ? want : &list);
  } else {
    CHECK(false, "%s", result->error.message);
  }
  classifier_close(c);
}

static bool is_logits_name(const cJSON *function) {
  return function &&
         scoring_named(cJSON_GetStringValue(function)) == SCORING_UNSAID;
}

static void check_call(const Model *model, const cJSON *call) {
  const cJSON *input = get(call, "input"), *want = get(call, "result");
  const cJSON *params = get(call, "params");
  const cJSON *function = get(params, "function_to_apply");
  Overflow overflow = cJSON_IsTrue(get(params, "truncation"))
                          ? OVERFLOW_TRUNCATE
                          : OVERFLOW_ERROR;
  if (is_logits_name(function)) {
    CHECK(get(want, "error"), "an unknown function");
    return;
  }
  Scoring scoring =
      function
          ? scoring_named(cJSON_GetStringValue(function))
          : labels_scoring(&model->labels, head_outputs(model, TASK_CLASSIFY));
  if (!cJSON_IsArray(input)) {
    ClassifyText text = input_of(input, "text", "text_pair");
    check_text(model, &text, scoring, overflow, want);
    return;
  }
  want = want->child;
  for (const cJSON *i = input->child; i; i = i->next, want = want->next) {
    ClassifyText text = input_of(i, "text", "text_pair");
    cJSON one = {.child = want->child, .type = want->type};
    check_text(model, &text, scoring, overflow, &one);
  }
}

/* --- Zero-shot ------------------------------------------------------------*/

static void check_labels(const Score *got, const TextList *labels,
                         const cJSON *want) {
  const cJSON *score = get(want, "scores")->child;
  CHECK(cJSON_GetArraySize(get(want, "labels")) == (int)labels->n, "%zu labels",
        labels->n);
  for (const cJSON *l = get(want, "labels")->child; l && score;
       l = l->next, score = score->next, got++) {
    const char *label = labels->texts[got->id].text;
    CHECK(!strcmp(label, cJSON_GetStringValue(l)), "%s, not %s", label,
          cJSON_GetStringValue(l));
    CHECK(fabs((double)got->value - score->valuedouble) <= 2e-5,
          "%s: %g, not %g", label, (double)got->value, score->valuedouble);
  }
}

/* Scores of text `at`, all of which go through the model together. */
static int scores_of_text(Chooser *c, const EncodeText *texts, size_t n,
                          size_t at, Score *scores, Error *err) {
  int rc = OK;
  chooser_empty(c);
  for (size_t i = 0; i < n && rc == OK; i++)
    rc = chooser_add(c, texts[i], err);
  rc = rc ? rc : chooser_run(c, err);
  return rc ? rc : chooser_scores(c, at, scores, err);
}

/* The first text's scores: alone, and as the last of a batch of all. */
static int ask(Chooser *c, const EncodeText *texts, size_t n, size_t n_scores,
               Score *scores, Error *err) {
  Score batched[ROOM];
  EncodeText turned[ROOM];
  Error own;
  int rc = scores_of_text(c, texts, 1, 0, scores, err);
  CHECK(n <= ROOM && n_scores <= ROOM, "%zu texts, %zu scores", n, n_scores);
  if (rc || n > ROOM)
    return rc;
  for (size_t i = 0; i < n; i++)
    turned[i] = texts[n - 1 - i];
  CHECK(scores_of_text(c, turned, n, n - 1, batched, &own) == OK, "%s",
        own.message);
  for (size_t i = 0; i < n_scores; i++)
    CHECK(batched[i].id == scores[i].id &&
              !memcmp(&batched[i].value, &scores[i].value, sizeof(float)),
          "score %zu: %.9g alone, %.9g among %zu", i, (double)scores[i].value,
          (double)batched[i].value, n);
  return OK;
}

/* The first of `texts`, and the others beside it. */
static void check_sequence(const Model *model, const EncodeText *texts,
                           size_t n, const cJSON *params, const cJSON *want) {
  const cJSON *given = get(params, "candidate_labels");
  char *list = cJSON_IsString(given) ? strdup(cJSON_GetStringValue(given))
                                     : cJSON_PrintUnformatted(given);
  TextList labels;
  ZeroShotOptions how = zero_shot_defaults;
  Chooser *c;
  Score scores[ROOM];
  Error err = {""};
  if (get(params, "hypothesis_template"))
    how.hypothesis = text_of(get(params, "hypothesis_template"));
  how.multi_label = cJSON_IsTrue(get(params, "multi_label"));
  CHECK(!text_list_read("labels", (EncodeText){list, strlen(list)}, LIST_COMMAS,
                        &run.poll, &labels, &err),
        "%s", err.message);
  int rc = chooser_open_labels(model, &run, &labels, &how, &c, &err);
  rc = rc ? rc : ask(c, texts, n, labels.n, scores, &err);
  if (get(want, "error")) {
    CHECK(rc == ERR_RANGE, "no error for %s", list);
  } else {
    CHECK(rc == OK, "%s", err.message);
    scores_sort(scores, rc ? 0 : labels.n);
    check_labels(scores, &labels, want);
  }
  chooser_close(c);
  text_list_clear(&labels);
  free(list);
}

static void check_zero_shot(const Model *model, const cJSON *call) {
  const cJSON *input = get(call, "input"), *want = get(call, "result");
  const cJSON *params = get(call, "params");
  EncodeText texts[ROOM];
  size_t n = 0;
  if (!get(params, "candidate_labels")) { /* text-classification of a pair */
    check_call(model, call);
    return;
  }
  if (!cJSON_IsArray(input)) {
    texts[0] = text_of(input);
    check_sequence(model, texts, 1, params, want);
    return;
  }
  for (const cJSON *i = input->child; i && n < ROOM; i = i->next)
    texts[n++] = text_of(i);
  want = want->child;
  for (size_t i = 0; i < n; i++, want = want->next)
    check_sequence(model, texts + i, n - i, params, want);
}

/* --- Choices --------------------------------------------------------------*/

/* Among prompts of other lengths, one of which is empty. */
static void check_choices(const Model *model, const cJSON *record) {
  EncodeText prompts[] = {
      text_of(get(record, "prompt")), {"", 0}, {"The sky is", 10}};
  TextList choices;
  Chooser *c;
  Score scores[ROOM];
  Error err = {""};
  char *list = cJSON_PrintUnformatted(get(record, "choices"));
  CHECK(!text_list_read("choices", (EncodeText){list, strlen(list)}, LIST_JSON,
                        &run.poll, &choices, &err),
        "%s", err.message);
  int rc = chooser_open(model, &run, OVERFLOW_TRUNCATE, &choices, &c, &err);
  rc = rc ? rc : ask(c, prompts, 3, choices.n, scores, &err);
  CHECK(rc == OK, "%s", err.message);
  const cJSON *want = get(record, "probabilities")->child;
  for (size_t i = 0; i < choices.n && want; i++, want = want->next)
    CHECK(fabs((double)scores[i].value - want->valuedouble) <= 2e-5,
          "%s: choice %zu: %g, not %g", list, i, (double)scores[i].value,
          want->valuedouble);
  CHECK(scores_best(scores, choices.n).id ==
            (size_t)get(record, "best")->valueint,
        "%s", list);
  chooser_close(c);
  text_list_clear(&choices);
  free(list);
}

/* --- Checkpoints ----------------------------------------------------------*/

static void check_checkpoint(const char *name, Task task) {
  cJSON *json = oracle_expected(name);
  Model *model = oracle_model(name);
  CHECK(json && model && model->tasks & TASK_BIT(task), "%s", name);
  if (json && model && task == TASK_CHOOSE) {
    for (const cJSON *r = get(json, "inputs")->child; r; r = r->next)
      check_choices(model, r);
  } else if (json && model) {
    check_inputs(model, get(json, "inputs"));
    for (const cJSON *c = get(json, "calls")->child; c; c = c->next)
      (task == TASK_ZERO_SHOT ? check_zero_shot : check_call)(model, c);
  }
  model_free(model);
  cJSON_Delete(json);
}

/* A bare encoder has none of these heads, and says so. */
static void check_without(void) {
  Model *model = oracle_model("distilbert-uncased-base");
  Classifier *c;
  Error err = {""};
  CHECK(classifier_open(model, &run, TASK_CLASSIFY, OVERFLOW_TRUNCATE, &c,
                        &err) == ERR_RANGE &&
            strstr(err.message, "sequence classification"),
        "%s", err.message);
  classifier_close(c);
  model_free(model);
}

int main(void) {
  static const char *const classifiers[] = {
      "distilbert-uncased-seqcls",     "distilbert-uncased-multilabel",
      "distilbert-uncased-regression", "distilbert-uncased-fp16",
      "bert-uncased-seqcls",           "roberta-seqcls"};
  for (size_t i = 0; i < sizeof classifiers / sizeof *classifiers; i++)
    check_checkpoint(classifiers[i], TASK_CLASSIFY);
  check_checkpoint("distilbert-uncased-nli", TASK_ZERO_SHOT);
  check_checkpoint("distilbert-uncased-mc", TASK_CHOOSE);
  check_without();
  return check_done();
}
