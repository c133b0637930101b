/*
 * fn_embed_each.c - vectors of a whole table.
 *
 *     INSERT INTO vectors
 *     SELECT key, embedding
 *       FROM distilbert_embed_each('SELECT id, body FROM docs'
 *                                  [, model [, parameters [, p1, ...]]]);
 *
 * In:  a query of a key, of any type, and a text; values for its ?1, ?2.
 * Out: a row for each of its rows, in its order: the vector that
 *      distilbert_embed gives, the text's tokens, and whether it was cut.
 *
 * A text that has no vector has its error instead, and the others go on; a NULL
 * has neither.
 */
#include <string.h>
#include "base/memory.h"
#include "sql/each.h"
#include "sql/feature.h"
#include "sql/params.h"
#include "sql/vector.h"
#include "task/embed.h"
SQLITE_EXTENSION_INIT3

EACH_PLAIN_PARAMS;

enum {
  COLUMN_KEY,
  COLUMN_EMBEDDING,
  COLUMN_TOKENS,
  COLUMN_TRUNCATED,
  COLUMN_ERROR,
  N_COLUMNS
};

typedef struct EmbedRows {
  Each each;
  Embedder *embedder; /* owned */
} EmbedRows;

static int add(void *task, const EncodeText *texts, Error *err) {
  return embedder_add(task, texts[0], err);
}

static int run(void *task, Error *err) {
  return embedder_run(task, err);
}

static void empty(void *task) {
  embedder_empty(task);
}

static const EachTask each_task = {EACH_ONE_TEXT, add, run, empty};

static int begin(Scan *scan, Error *err) {
  EmbedRows *rows = scan->state;
  Call *call = &scan->call;
  int rc = call_use(call, param_option(scan, MODEL), TASK_EMBED, err);
  rc = rc ? rc
          : embedder_open(call->model, &call->run, call->overflow,
                          &rows->embedder, err);
  return rc ? rc
            : each_open(&rows->each, scan, place, &each_task, rows->embedder,
                        err);
}

static void give_vector(sqlite3_context *ctx, const float *vector, size_t n) {
  float *copy = mem_array(n, sizeof *copy);
  if (!copy) {
    sqlite3_result_error_nomem(ctx);
    return;
  }
  memcpy(copy, vector, n * sizeof *copy);
  vector_reorder(copy, n);
  sqlite3_result_blob64(ctx, copy, n * sizeof *copy, mem_free);
  sqlite3_result_subtype(ctx, SUBTYPE_FLOAT32);
}

static void column(Scan *scan, sqlite3_context *ctx, int i) {
  const EmbedRows *rows = scan->state;
  const EachRow *row = each_row(&rows->each);
  if (i == COLUMN_KEY)
    sqlite3_result_value(ctx, row->key);
  if (i == COLUMN_KEY || row->item == EACH_NO_ITEM)
    return;
  const EmbedResult *result = embedder_result(rows->embedder, row->item);
  if (i == COLUMN_ERROR)
    each_error(ctx, result->code, &result->error);
  else if (i == COLUMN_EMBEDDING && result->vector)
    give_vector(ctx, result->vector, scan->call.model->vector_dim);
  else if (i == COLUMN_TOKENS && !result->code)
    sqlite3_result_int64(ctx, (sqlite3_int64)result->tokens);
  else if (i == COLUMN_TRUNCATED && !result->code)
    sqlite3_result_int(ctx, result->truncated);
}

static void end(Scan *scan) {
  EmbedRows *rows = scan->state;
  each_close(&rows->each);
  embedder_close(rows->embedder);
}

static const TableKind table = {
    .name = "distilbert_embed_each",
    .columns = "key, embedding BLOB, tokens INTEGER, truncated INTEGER, "
               "error TEXT",
    .n_columns = N_COLUMNS,
    .params = params,
    .n_params = N_PARAMS,
    .flag = SQLITE_VTAB_DIRECTONLY,
    .wants_limit = true,
    .state_bytes = sizeof(EmbedRows),
    .begin = begin,
    .next = each_next_row,
    .column = column,
    .end = end,
};

static const FeatureTable tables[] = {{&table, SAFE_ABSENT}};

const Feature embed_each_feature = {NULL, 0, FEATURE_ROWS(tables)};
