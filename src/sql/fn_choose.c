/*
 * fn_choose.c - which of several choices continues a prompt, which of several
 * labels follows from a text.
 *
 *     SELECT distilbert_choose('The sky is', '["blue.", "loud."]' [, model]);
 *     SELECT choice, score, position
 *       FROM distilbert_choices('The sky is', '["blue.", "loud."]' [, model]);
 *     SELECT label, score
 *       FROM distilbert_zero_shot(body, 'sports, politics'
 *                                 [, template [, multi_label [, model]]]);
 *
 * In:  a text beside a JSON array of strings, or labels between commas.
 * Out: the strings with their scores, best first; `position` is a choice's
 *      place in the array, from 0.
 *
 * All pairs of one text go through the model together; the cache keeps their
 * scores.
 */
#include <string.h>
#include "base/memory.h"
#include "sql/feature.h"
#include "sql/params.h"
#include "task/choose.h"
SQLITE_EXTENSION_INIT3

/* Scores of the strings of `list`, from the cache or the model. */
typedef struct Asked {
  Task task;
  EncodeText text, given; /* the list as it was written */
  TextList list;
  ZeroShotOptions how; /* of TASK_ZERO_SHOT */
} Asked;

static int infer(Call *call, const Asked *a, Score *scores, Error *err) {
  call_count(call, a->list.n);
  return a->task == TASK_CHOOSE
             ? choose_run(call->model, &call->run, call->overflow, a->text,
                          &a->list, scores, err)
             : zero_shot_run(call->model, &call->run, a->text, &a->list,
                             &a->how, scores, err);
}

/* Scores [list.n], best first. */
static int find_scores(Call *call, const Asked *a, Score *scores, Error *err) {
  const uint64_t options[] = {call->overflow, a->how.multi_label};
  Question question = {
      a->task, options, 2, {a->text, a->given, a->how.hypothesis}};
  size_t bytes = a->list.n * sizeof *scores;
  MemoKey key;
  const void *known = call_recall(call, &question, &key, &bytes);
  if (known) {
    memcpy(scores, known, bytes);
    return OK;
  }
  int rc = infer(call, a, scores, err);
  if (rc)
    return rc;
  scores_sort(scores, a->list.n);
  call_remember(call, &key, scores, bytes);
  return OK;
}

/* --- distilbert_choose ---------------------------------------------------- */

static int read_arguments(Call *call, int argc, sqlite3_value **argv,
                          Asked *out, Error *err) {
  *out = (Asked){.task = TASK_CHOOSE};
  int rc = value_text(argv[0], &out->text, err);
  rc = rc ? rc : value_text(argv[1], &out->given, err);
  rc = rc ? rc
          : text_list_read("choices", out->given, LIST_JSON, &call->run.poll,
                           &out->list, err);
  return rc ? rc : call_use_argument(call, argc, argv, 2, TASK_CHOOSE, err);
}

/* Makes the best choice the result. */
static int choose(Call *call, const Asked *a, sqlite3_context *ctx,
                  Error *err) {
  Score *scores = mem_array(a->list.n + 1, sizeof *scores);
  int rc = scores ? find_scores(call, a, scores, err) : fail_memory(err);
  if (rc == OK) {
    EncodeText best = a->list.texts[scores[0].id];
    sqlite3_result_text64(ctx, best.text, best.bytes, SQLITE_TRANSIENT,
                          SQLITE_UTF8);
  }
  mem_free(scores);
  return rc;
}

static void fn_choose(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
  if (value_any_null(argv, 2))
    return;
  Call call;
  Error err;
  Asked asked;
  call_begin_scalar(&call, "distilbert_choose", ctx);
  int rc = read_arguments(&call, argc, argv, &asked, &err);
  rc = rc ? rc : choose(&call, &asked, ctx, &err);
  text_list_clear(&asked.list);
  call_end(&call);
  if (rc)
    call_fail(ctx, &call, rc, &err);
}

/* --- distilbert_choices, distilbert_zero_shot ----------------------------- */

enum { TEXT, LIST };                                 /* of both */
enum { CHOICES_MODEL = LIST + 1, N_CHOICES_PARAMS }; /* of choices */
enum { TEMPLATE = LIST + 1, MULTI, ZERO_MODEL, N_ZERO_PARAMS };

enum { COLUMN_TEXT, COLUMN_SCORE, COLUMN_POSITION };

static const TableParam choices_params[N_CHOICES_PARAMS] = {
    [TEXT] = {"prompt", PARAM_TEXT, 0, 0},
    [LIST] = {"choices", PARAM_TEXT, 0, 0},
    [CHOICES_MODEL] = {"model", PARAM_NAME, 0, 0},
};

static const TableParam zero_params[N_ZERO_PARAMS] = {
    [TEXT] = {"text", PARAM_TEXT, 0, 0},
    [LIST] = {"labels", PARAM_TEXT, 0, 0},
    [TEMPLATE] = {"template", PARAM_MAYBE, 0, 0},
    [MULTI] = {"multi_label", PARAM_NUMBER, 0, 1},
    [ZERO_MODEL] = {"model", PARAM_NAME, 0, 0},
};

typedef struct ScoreRows {
  Asked asked;
  Score *scores; /* owned: best first */
  size_t n, at;  /* 1 + the current row's index */
} ScoreRows;

/* All there is to do, once the texts and options are read. An empty text has no
 * labels, and is no reason to end a query over a table. */
static int begin(Scan *scan, Task task, int model, ListForm form, Error *err) {
  ScoreRows *rows = scan->state;
  Asked *a = &rows->asked;
  a->task = task;
  a->text = param_text(scan, TEXT, 0);
  a->given = param_text(scan, LIST, 0);
  int rc = call_use(&scan->call, param_option(scan, model), task, err);
  rc = rc ? rc
          : text_list_read(scan->kind->params[LIST].name, a->given, form,
                           &scan->call.run.poll, &a->list, err);
  if (rc)
    return rc;
  rows->scores = mem_array(a->list.n + 1, sizeof *rows->scores);
  rows->n = task == TASK_ZERO_SHOT && a->text.bytes == 0 ? 0 : a->list.n;
  if (a->list.n > rows->n)
    return OK;
  return rows->scores ? find_scores(&scan->call, a, rows->scores, err)
                      : fail_memory(err);
}

static int begin_choices(Scan *scan, Error *err) {
  return begin(scan, TASK_CHOOSE, CHOICES_MODEL, LIST_JSON, err);
}

static int begin_zero_shot(Scan *scan, Error *err) {
  ScoreRows *rows = scan->state;
  ZeroShotOptions *how = &rows->asked.how;
  EncodeText given = param_text(scan, TEMPLATE, 0);
  *how = zero_shot_defaults;
  if (given.text)
    how->hypothesis = given;
  int rc = param_bool(scan, MULTI, &how->multi_label, err);
  return rc ? rc : begin(scan, TASK_ZERO_SHOT, ZERO_MODEL, LIST_COMMAS, err);
}

static int next(Scan *scan, Error *err) {
  (void)err;
  ScoreRows *rows = scan->state;
  scan->done = rows->at == rows->n;
  rows->at += !scan->done;
  return OK;
}

static void column(Scan *scan, sqlite3_context *ctx, int i) {
  const ScoreRows *rows = scan->state;
  const Score *score = &rows->scores[rows->at - 1];
  EncodeText text = rows->asked.list.texts[score->id];
  switch (i) {
  case COLUMN_TEXT:
    sqlite3_result_text64(ctx, text.text, text.bytes, SQLITE_TRANSIENT,
                          SQLITE_UTF8);
    break;
  case COLUMN_SCORE:
    sqlite3_result_double(ctx, (double)score->value);
    break;
  case COLUMN_POSITION:
    sqlite3_result_int64(ctx, (sqlite3_int64)score->id);
    break;
  }
}

static void end(Scan *scan) {
  ScoreRows *rows = scan->state;
  text_list_clear(&rows->asked.list);
  mem_free(rows->scores);
}

static const TableKind choices_table = {
    .name = "distilbert_choices",
    .columns = "choice TEXT, score REAL, position INTEGER",
    .n_columns = COLUMN_POSITION + 1,
    .params = choices_params,
    .n_params = N_CHOICES_PARAMS,
    .state_bytes = sizeof(ScoreRows),
    .begin = begin_choices,
    .next = next,
    .column = column,
    .end = end,
};

static const TableKind zero_shot_table = {
    .name = "distilbert_zero_shot",
    .columns = "label TEXT, score REAL",
    .n_columns = COLUMN_SCORE + 1,
    .params = zero_params,
    .n_params = N_ZERO_PARAMS,
    .state_bytes = sizeof(ScoreRows),
    .begin = begin_zero_shot,
    .next = next,
    .column = column,
    .end = end,
};

static const Scalar scalars[] = {
    {"distilbert_choose", 2, 3, PURE, 3, fn_choose, SAFE_ALWAYS},
};

static const FeatureTable tables[] = {{&choices_table, SAFE_ALWAYS},
                                      {&zero_shot_table, SAFE_ALWAYS}};

const Feature choose_feature = {FEATURE_ROWS(scalars), FEATURE_ROWS(tables)};
