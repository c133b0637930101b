/*
 * fn_entities_each.c - named entities of a whole table.
 *
 *     SELECT key, entity, word
 *       FROM distilbert_entities_each('SELECT id, body FROM docs'
 *                                     [, aggregation [, model [, parameters
 *                                     [, p1, ...]]]]);
 *
 * In:  a query of a key, of any type, and a text; values for its ?1, ?2.
 * Out: a row for each entity, as distilbert_entities has it, text after text in
 *      the order of the query; none of a text without entities.
 *
 * A text that cannot be read has one row with its error, and the others go on.
 */
#include "sql/each.h"
#include "sql/feature.h"
#include "sql/params.h"
#include "task/entities.h"
SQLITE_EXTENSION_INIT3

enum {
  QUERY,
  AGGREGATION,
  MODEL,
  PARAMETERS,
  N_PARAMS = PARAMETERS + 1 + QUERY_VALUES
};

static const TableParam params[N_PARAMS] = {
    [QUERY] = {"query", PARAM_TEXT, 0, 0},
    [AGGREGATION] = {"aggregation", PARAM_MAYBE, 0, 0},
    [MODEL] = {"model", PARAM_NAME, 0, 0},
    QUERY_PARAMS(PARAMETERS),
};

static const QueryPlace place = {QUERY, PARAMETERS};

enum {
  COLUMN_KEY,
  COLUMN_ENTITY,
  COLUMN_SCORE,
  COLUMN_WORD,
  COLUMN_START,
  COLUMN_END,
  COLUMN_ERROR,
  N_COLUMNS
};

typedef struct EntityRows {
  Each each;
  Tagger *tagger; /* owned */
  EntityOptions how;
  size_t entity; /* the current row, in its text's list */
} EntityRows;

static int add(void *task, const EncodeText *texts, Error *err) {
  return tagger_add(task, texts[0], err);
}

static int run(void *task, Error *err) {
  return tagger_run(task, err);
}

static void empty(void *task) {
  tagger_empty(task);
}

static const EachTask each_task = {EACH_ONE_TEXT, add, run, empty};

static int options(Scan *scan, EntityOptions *how, Error *err) {
  char name[ERROR_QUOTE];
  *how = entity_defaults;
  how->overflow = call_window(&scan->call);
  return param_word(scan, AGGREGATION, name)
             ? aggregation_named(name, &how->aggregation, err)
             : OK;
}

static int begin(Scan *scan, Error *err) {
  EntityRows *rows = scan->state;
  Call *call = &scan->call;
  int rc = call_use(call, param_option(scan, MODEL), TASK_ENTITIES, err);
  rc = rc ? rc : options(scan, &rows->how, err);
  rc =
      rc ? rc
         : tagger_open(call->model, &call->run, &rows->how, &rows->tagger, err);
  return rc ? rc
            : each_open(&rows->each, scan, place, &each_task, rows->tagger,
                        err);
}

/* Rows of the query's current row: its entities, or its error. */
static size_t count_rows(const EntityRows *rows) {
  const EachRow *row = each_row(&rows->each);
  if (row->item == EACH_NO_ITEM)
    return 0;
  const EntityResult *result = tagger_result(rows->tagger, row->item);
  return result->code ? 1 : result->list.n;
}

static int next(Scan *scan, Error *err) {
  EntityRows *rows = scan->state;
  if (rows->each.n > 0 && ++rows->entity < count_rows(rows))
    return OK;
  rows->entity = 0;
  int rc = each_next(&rows->each, scan, err);
  while (!scan->done && count_rows(rows) == 0)
    rc = each_next(&rows->each, scan, err);
  return rc;
}

static void give_entity(const Scan *scan, sqlite3_context *ctx, int i,
                        const Entity *e) {
  const EntityRows *rows = scan->state;
  char room[LABEL_ROOM];
  if (i == COLUMN_ENTITY)
    sqlite3_result_text(ctx,
                        groups_label(&scan->call.model->labels,
                                     rows->how.aggregation, e->label, room),
                        -1, SQLITE_TRANSIENT);
  else if (i == COLUMN_SCORE)
    sqlite3_result_double(ctx, (double)e->score);
  else if (i == COLUMN_WORD)
    sqlite3_result_text64(ctx, e->word, e->word_bytes, SQLITE_TRANSIENT,
                          SQLITE_UTF8);
  else
    sqlite3_result_int64(ctx, i == COLUMN_START ? e->start : e->end);
}

static void column(Scan *scan, sqlite3_context *ctx, int i) {
  const EntityRows *rows = scan->state;
  const EachRow *row = each_row(&rows->each);
  const EntityResult *result = tagger_result(rows->tagger, row->item);
  if (i == COLUMN_KEY)
    sqlite3_result_value(ctx, row->key);
  else if (i == COLUMN_ERROR)
    each_error(ctx, result->code, &result->error);
  else if (!result->code)
    give_entity(scan, ctx, i, &result->list.items[rows->entity]);
}

static void end(Scan *scan) {
  EntityRows *rows = scan->state;
  each_close(&rows->each);
  tagger_close(rows->tagger);
}

static const TableKind table = {
    .name = "distilbert_entities_each",
    .columns = "key, entity TEXT, score REAL, word TEXT, start INTEGER, "
               "\"end\" INTEGER, error TEXT",
    .n_columns = N_COLUMNS,
    .params = params,
    .n_params = N_PARAMS,
    .flag = SQLITE_VTAB_DIRECTONLY,
    .wants_limit = true,
    .state_bytes = sizeof(EntityRows),
    .begin = begin,
    .next = next,
    .column = column,
    .end = end,
};

static const FeatureTable tables[] = {{&table, SAFE_ABSENT}};

const Feature entities_each_feature = {NULL, 0, FEATURE_ROWS(tables)};
