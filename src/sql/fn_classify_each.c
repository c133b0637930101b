/*
 * fn_classify_each.c - labels of a whole table.
 *
 *     SELECT key, label, score
 *       FROM distilbert_classify_each('SELECT id, body FROM reviews'
 *                                     [, model [, parameters [, p1, ...]]]);
 *
 * In:  a query of a key, of any type, and a text; values for its ?1, ?2.
 * Out: a row for each of its rows, in its order: the label that
 *      distilbert_classify gives, and its score, as distilbert_classes has it.
 *
 * A text that has no label has its error instead, and the others go on; a NULL
 * has neither.
 */
#include "base/memory.h"
#include "model/heads.h"
#include "sql/each.h"
#include "sql/feature.h"
#include "sql/params.h"
#include "task/classify.h"
#include "task/scores.h"
SQLITE_EXTENSION_INIT3

EACH_PLAIN_PARAMS;

enum { COLUMN_KEY, COLUMN_LABEL, COLUMN_SCORE, COLUMN_ERROR, N_COLUMNS };

typedef struct ClassRows {
  Each each;
  Classifier *classifier; /* owned */
  size_t n_labels;
  Scoring scoring;
  Score *scores; /* owned: [n_labels] */
} ClassRows;

static int add(void *task, const EncodeText *texts, Error *err) {
  ClassifyText one = {texts[0], {NULL, 0}, TRUNCATE_NOT};
  return classifier_add(task, &one, err);
}

static int run(void *task, Error *err) {
  return classifier_run(task, err);
}

static void empty(void *task) {
  classifier_empty(task);
}

static const EachTask each_task = {EACH_ONE_TEXT, add, run, empty};

static int begin(Scan *scan, Error *err) {
  ClassRows *rows = scan->state;
  Call *call = &scan->call;
  int rc = call_use(call, param_option(scan, MODEL), TASK_CLASSIFY, err);
  if (rc)
    return rc;
  rows->n_labels = head_outputs(call->model, TASK_CLASSIFY);
  rows->scoring = labels_scoring(&call->model->labels, rows->n_labels);
  rows->scores = mem_array(rows->n_labels, sizeof *rows->scores);
  rc = rows->scores ? OK : fail_memory(err);
  rc = rc ? rc
          : classifier_open(call->model, &call->run, TASK_CLASSIFY,
                            call->overflow, &rows->classifier, err);
  return rc ? rc
            : each_open(&rows->each, scan, place, &each_task, rows->classifier,
                        err);
}

static void column(Scan *scan, sqlite3_context *ctx, int i) {
  const ClassRows *rows = scan->state;
  const EachRow *row = each_row(&rows->each);
  if (i == COLUMN_KEY)
    sqlite3_result_value(ctx, row->key);
  if (i == COLUMN_KEY || row->item == EACH_NO_ITEM)
    return;
  const ClassifyResult *result = classifier_result(rows->classifier, row->item);
  if (i == COLUMN_ERROR)
    each_error(ctx, result->code, &result->error);
  if (i == COLUMN_ERROR || result->code)
    return;
  char room[LABEL_ROOM];
  scores_of(rows->scoring, result->logits, rows->n_labels, rows->scores);
  Score best = scores_best(rows->scores, rows->n_labels);
  if (i == COLUMN_SCORE)
    sqlite3_result_double(ctx, (double)best.value);
  else
    sqlite3_result_text(ctx,
                        label_name(&scan->call.model->labels, best.id, room),
                        -1, SQLITE_TRANSIENT);
}

static void end(Scan *scan) {
  ClassRows *rows = scan->state;
  each_close(&rows->each);
  classifier_close(rows->classifier);
  mem_free(rows->scores);
}

static const TableKind table = {
    .name = "distilbert_classify_each",
    .columns = "key, label TEXT, score REAL, error TEXT",
    .n_columns = N_COLUMNS,
    .params = params,
    .n_params = N_PARAMS,
    .flag = SQLITE_VTAB_DIRECTONLY,
    .wants_limit = true,
    .state_bytes = sizeof(ClassRows),
    .begin = begin,
    .next = each_next_row,
    .column = column,
    .end = end,
};

static const FeatureTable tables[] = {{&table, SAFE_ABSENT}};

const Feature classify_each_feature = {NULL, 0, FEATURE_ROWS(tables)};
