/*
 * fn_answer_each.c - answers out of a whole table.
 *
 *     SELECT key, answer, score
 *       FROM distilbert_answer_each('SELECT id, ?1, body FROM docs'
 *                                   [, model [, parameters [, p1, ...]]]);
 *
 * In:  a query of a key, of any type, a question and a context; values for its
 *      ?1, ?2.
 * Out: a row for each of its rows, in its order: the answer that
 *      distilbert_answer gives, where it stands, and its score; NULL where
 * there is none.
 *
 * A pair that has none because of a failure has its error, and the others go
 * on.
 */
#include "sql/each.h"
#include "sql/feature.h"
#include "sql/params.h"
#include "task/answer.h"
SQLITE_EXTENSION_INIT3

EACH_PLAIN_PARAMS;

enum {
  COLUMN_KEY,
  COLUMN_ANSWER,
  COLUMN_SCORE,
  COLUMN_START,
  COLUMN_END,
  COLUMN_ERROR,
  N_COLUMNS
};

typedef struct AnswerRows {
  Each each;
  Answerer *answerer; /* owned */
} AnswerRows;

static int add(void *task, const EncodeText *texts, Error *err) {
  return answerer_add(task, texts[0], texts[1], err);
}

static int run(void *task, Error *err) {
  return answerer_run(task, err);
}

static void empty(void *task) {
  answerer_empty(task);
}

static const EachTask each_task = {
    {3, "a key, a question and a context", "query"}, add, run, empty};

static int begin(Scan *scan, Error *err) {
  AnswerRows *rows = scan->state;
  Call *call = &scan->call;
  int rc = call_use(call, param_option(scan, MODEL), TASK_ANSWER, err);
  rc = rc ? rc
          : answerer_open(call->model, &call->run, &answer_defaults,
                          &rows->answerer, err);
  return rc ? rc
            : each_open(&rows->each, scan, place, &each_task, rows->answerer,
                        err);
}

/* Of the context of this row. */
static void give_answer(sqlite3_context *ctx, const EachRow *row,
                        const Answer *best) {
  Error err;
  EncodeText context;
  if (value_text(row->texts[1], &context, &err))
    sqlite3_result_error_nomem(ctx);
  else
    sqlite3_result_text64(ctx, context.text + best->byte_start,
                          best->byte_end - best->byte_start, SQLITE_TRANSIENT,
                          SQLITE_UTF8);
}

static void column(Scan *scan, sqlite3_context *ctx, int i) {
  const AnswerRows *rows = scan->state;
  const EachRow *row = each_row(&rows->each);
  if (i == COLUMN_KEY)
    sqlite3_result_value(ctx, row->key);
  if (i == COLUMN_KEY || row->item == EACH_NO_ITEM)
    return;
  const AnswerResult *result = answerer_result(rows->answerer, row->item);
  const Answer *best = result->answers.items;
  if (i == COLUMN_ERROR)
    each_error(ctx, result->code, &result->error);
  if (i == COLUMN_ERROR || result->answers.n == 0 ||
      best->byte_start >= best->byte_end)
    return;
  if (i == COLUMN_ANSWER)
    give_answer(ctx, row, best);
  else if (i == COLUMN_SCORE)
    sqlite3_result_double(ctx, best->score);
  else
    sqlite3_result_int64(ctx, i == COLUMN_START ? best->start : best->end);
}

static void end(Scan *scan) {
  AnswerRows *rows = scan->state;
  each_close(&rows->each);
  answerer_close(rows->answerer);
}

static const TableKind table = {
    .name = "distilbert_answer_each",
    .columns = "key, answer TEXT, score REAL, start INTEGER, \"end\" INTEGER, "
               "error TEXT",
    .n_columns = N_COLUMNS,
    .params = params,
    .n_params = N_PARAMS,
    .flag = SQLITE_VTAB_DIRECTONLY,
    .wants_limit = true,
    .state_bytes = sizeof(AnswerRows),
    .begin = begin,
    .next = each_next_row,
    .column = column,
    .end = end,
};

static const FeatureTable tables[] = {{&table, SAFE_ABSENT}};

const Feature answer_each_feature = {NULL, 0, FEATURE_ROWS(tables)};
