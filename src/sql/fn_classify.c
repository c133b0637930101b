/*
 * fn_classify.c - labels of texts.
 *
 *     SELECT distilbert_classify(body [, model]) FROM reviews;
 *     SELECT label, score
 *       FROM distilbert_classes(body [, pair [, top_k [, function [,
 * model]]]]); SELECT label, score FROM distilbert_classes WHERE text = 'Great.'
 * AND function = 'none';
 *
 * In:  texts, or one text beside a pair.
 * Out: the likeliest label; or all labels, best first.
 *
 * The function that makes scores of logits follows from the model
 * (labels_scoring), unless the query names one.  Logits are what the cache
 * keeps, so that other functions and a column beside the table cost nothing.
 * `text IN (...)` goes through the model in full batches.
 *
 * A text longer than the model takes: `overflow` of the model's registration
 * decides, or the setting where the call names no model.
 */
#include <string.h>
#include "base/memory.h"
#include "model/heads.h"
#include "sql/ahead.h"
#include "sql/feature.h"
#include "sql/params.h"
#include "task/classify.h"
#include "task/scores.h"
SQLITE_EXTENSION_INIT3

static Question question_of(const uint64_t *overflow, EncodeText text,
                            EncodeText pair) {
  return (Question){TASK_CLASSIFY, overflow, 1, {text, pair}};
}

static void give_label(sqlite3_context *ctx, const Model *m, size_t i) {
  char room[LABEL_ROOM];
  const char *label = label_name(&m->labels, i, room);
  sqlite3_result_text(ctx, label, -1, SQLITE_TRANSIENT);
}

/* --- distilbert_classify -------------------------------------------------- */

static int infer(Call *call, EncodeText text, Classifier *c, float *logits,
                 Error *err) {
  size_t n = head_outputs(call->model, TASK_CLASSIFY);
  ClassifyText one = {text, {NULL, 0}, TRUNCATE_NOT};
  int rc = classifier_add(c, &one, err);
  rc = rc ? rc : classifier_run(c, err);
  if (rc)
    return rc;
  const ClassifyResult *result = classifier_result(c, 0);
  if (result->code)
    return fail(err, result->code, "%s", result->error.message);
  memcpy(logits, result->logits, n * sizeof *logits);
  return OK;
}

/* The logits of one text, from the cache or the model. */
static int find_logits(Call *call, EncodeText text, float *logits, Error *err) {
  uint64_t overflow = call->overflow;
  Question question = question_of(&overflow, text, (EncodeText){NULL, 0});
  MemoKey key;
  size_t bytes;
  Classifier *c;
  const void *known = call_recall(call, &question, &key, &bytes);
  if (known) {
    memcpy(logits, known, bytes);
    return OK;
  }
  call_count(call, 1);
  int rc = classifier_open(call->model, &call->run, TASK_CLASSIFY,
                           call->overflow, &c, err);
  rc = rc ? rc : infer(call, text, c, logits, err);
  classifier_close(c);
  if (rc == OK)
    call_remember(call, &key, logits,
                  head_outputs(call->model, TASK_CLASSIFY) * sizeof *logits);
  return rc;
}

/* The first of the largest; no function changes which that is. */
static int best_label(Call *call, EncodeText text, size_t *best, Error *err) {
  size_t n = head_outputs(call->model, TASK_CLASSIFY);
  float *logits = mem_array(n, sizeof *logits);
  if (!logits)
    return fail_memory(err);
  int rc = find_logits(call, text, logits, err);
  *best = 0;
  for (size_t i = 1; rc == OK && i < n; i++)
    if (logits[i] > logits[*best])
      *best = i;
  mem_free(logits);
  return rc;
}

static void fn_classify(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
  if (value_any_null(argv, 1))
    return;
  Call call;
  Error err;
  EncodeText text;
  size_t best = 0;
  call_begin_scalar(&call, "distilbert_classify", ctx);
  int rc = value_text(argv[0], &text, &err);
  rc = rc ? rc : call_use_argument(&call, argc, argv, 1, TASK_CLASSIFY, &err);
  rc = rc ? rc : best_label(&call, text, &best, &err);
  if (rc == OK)
    give_label(ctx, call.model, best);
  call_end(&call);
  if (rc)
    call_fail(ctx, &call, rc, &err);
}

/* --- distilbert_classes --------------------------------------------------- */

enum { TEXT, PAIR, TOP_K, FUNCTION, MODEL, N_PARAMS };

enum { COLUMN_LABEL, COLUMN_SCORE, N_COLUMNS };

static const TableParam params[N_PARAMS] = {
    [TEXT] = {"text", PARAM_TEXTS, 0, 0},
    [PAIR] = {"pair", PARAM_MAYBE, 0, 0},
    [TOP_K] = {"top_k", PARAM_NUMBER, 1, 1000000},
    [FUNCTION] = {"function", PARAM_MAYBE, 0, 0},
    [MODEL] = {"model", PARAM_NAME, 0, 0},
};

typedef struct ClassRows {
  Classifier *classifier; /* owned */
  uint64_t overflow;
  Scoring scoring;
  size_t n_labels, n_shown; /* of a text */
  Ahead ahead;              /* texts */
  float *logits;            /* owned: [AHEAD_MAX][n_labels] */
  /* Those that the cache did not have: the text of each, and its key. */
  size_t of[AHEAD_MAX];
  MemoKey keys[AHEAD_MAX];
  size_t n_asked;
  Score *scores; /* owned: [n_labels], of the current text */
  size_t label;  /* the current row: scores[label] */
} ClassRows;

static int read_function(const Scan *scan, Scoring *out, Error *err) {
  const Model *m = scan->call.model;
  char name[ERROR_QUOTE], shown[ERROR_QUOTE];
  *out = labels_scoring(&m->labels, head_outputs(m, TASK_CLASSIFY));
  if (!param_word(scan, FUNCTION, name))
    return OK;
  *out = scoring_named(name);
  return *out != SCORING_UNSAID
             ? OK
             : fail(err, ERR_RANGE,
                    "no function %s; there are softmax, sigmoid, none",
                    error_quote(shown, name));
}

static int take_memory(ClassRows *rows, Error *err) {
  size_t n = rows->n_labels;
  rows->scores = mem_array(n, sizeof *rows->scores);
  rows->logits = mem_array(n, AHEAD_MAX * sizeof *rows->logits);
  return rows->scores && rows->logits ? OK : fail_memory(err);
}

static int begin(Scan *scan, Error *err) {
  ClassRows *rows = scan->state;
  Call *call = &scan->call;
  size_t top_k = SIZE_MAX;
  int rc = param_size(scan, TOP_K, &top_k, err);
  rc = rc ? rc : call_use(call, param_option(scan, MODEL), TASK_CLASSIFY, err);
  rc = rc ? rc : read_function(scan, &rows->scoring, err);
  if (rc)
    return rc;
  rows->overflow = call->overflow;
  rows->ahead.total = scan->params[TEXT].n;
  rows->n_labels = head_outputs(call->model, TASK_CLASSIFY);
  rows->n_shown = top_k < rows->n_labels ? top_k : rows->n_labels;
  rc = take_memory(rows, err);
  return rc ? rc
            : classifier_open(call->model, &call->run, TASK_CLASSIFY,
                              call->overflow, &rows->classifier, err);
}

/* Takes text i of the batch from the cache, or asks for its logits. */
static int add_text(Scan *scan, size_t i, Error *err) {
  ClassRows *rows = scan->state;
  EncodeText text = param_text(scan, TEXT, rows->ahead.first + i);
  EncodeText pair = param_text(scan, PAIR, 0);
  Question question = question_of(&rows->overflow, text, pair);
  size_t bytes;
  const void *known =
      call_recall(&scan->call, &question, &rows->keys[rows->n_asked], &bytes);
  if (known) {
    memcpy(rows->logits + i * rows->n_labels, known, bytes);
    return OK;
  }
  rows->of[rows->n_asked++] = i;
  call_count(&scan->call, 1);
  ClassifyText asked = {text, pair, TRUNCATE_NOT};
  return classifier_add(rows->classifier, &asked, err);
}

static int run_asked(Scan *scan, Error *err) {
  ClassRows *rows = scan->state;
  size_t n = rows->n_labels;
  int rc = classifier_run(rows->classifier, err);
  for (size_t j = 0; j < rows->n_asked && rc == OK; j++) {
    const ClassifyResult *result = classifier_result(rows->classifier, j);
    if (result->code)
      return fail(err, result->code, "%s", result->error.message);
    memcpy(rows->logits + rows->of[j] * n, result->logits, n * sizeof(float));
    call_remember(&scan->call, &rows->keys[j], result->logits,
                  n * sizeof(float));
  }
  classifier_empty(rows->classifier);
  return rc;
}

static int run_batch(Scan *scan, Error *err) {
  ClassRows *rows = scan->state;
  int rc = OK;
  ahead_batch(&rows->ahead);
  rows->n_asked = 0;
  for (size_t i = 0; i < rows->ahead.n && rc == OK; i++)
    rc = add_text(scan, i, err);
  return rc || !rows->n_asked ? rc : run_asked(scan, err);
}

static int next(Scan *scan, Error *err) {
  ClassRows *rows = scan->state;
  Ahead *ahead = &rows->ahead;
  if (ahead->n && ++rows->label < rows->n_shown)
    return OK;
  rows->label = 0;
  int rc = ahead_step(ahead) ? OK : run_batch(scan, err);
  scan->done = rc || ahead->n == 0;
  if (scan->done)
    return rc;
  scan->params[TEXT].at = ahead->first + ahead->at;
  scores_of(rows->scoring, rows->logits + ahead->at * rows->n_labels,
            rows->n_labels, rows->scores);
  scores_sort(rows->scores, rows->n_labels);
  return OK;
}

static void column(Scan *scan, sqlite3_context *ctx, int i) {
  const ClassRows *rows = scan->state;
  const Score *score = &rows->scores[rows->label];
  if (i == COLUMN_SCORE)
    sqlite3_result_double(ctx, (double)score->value);
  else
    give_label(ctx, scan->call.model, score->id);
}

static void end(Scan *scan) {
  ClassRows *rows = scan->state;
  classifier_close(rows->classifier);
  mem_free(rows->logits);
  mem_free(rows->scores);
}

static const TableKind classes_table = {
    .name = "distilbert_classes",
    .columns = "label TEXT, score REAL",
    .n_columns = N_COLUMNS,
    .params = params,
    .n_params = N_PARAMS,
    .state_bytes = sizeof(ClassRows),
    .begin = begin,
    .next = next,
    .column = column,
    .end = end,
};

static const Scalar scalars[] = {
    {"distilbert_classify", 1, 2, PURE, 2, fn_classify, SAFE_ALWAYS},
};

static const FeatureTable tables[] = {{&classes_table, SAFE_ALWAYS}};

const Feature classify_feature = {FEATURE_ROWS(scalars), FEATURE_ROWS(tables)};
