/*
 * fn_entities.c - named entities.
 *
 *     SELECT entity, score, word, start, "end", position
 *       FROM distilbert_entities('My name is Wolfgang.' [, aggregation
 *                                [, overflow [, stride [, ignore
 *                                [, model]]]]]);
 *     ... WHERE text IN (SELECT body FROM docs) AND model = 'ner'
 *     SELECT distilbert_entities_json(body [, model]) FROM docs;
 *
 * In:  texts of any length; options of EntityOptions.
 * Out: a row an entity, or all of a text's as JSON; task/entities.c finds them.
 *
 * `start` and `end` count characters, so substr(text, start + 1,
 * "end" - start) is the entity; `word` is how the pipeline spells it, out of
 * the vocabulary.  `position` is that of its first token in the text, as
 * distilbert_tokens has it.
 *
 * A text longer than the model takes: what the query says, else what the
 * model's registration says, else windows.
 */
#include <string.h>
#include "base/json_write.h"
#include "base/memory.h"
#include "model/options.h"
#include "sql/ahead.h"
#include "sql/feature.h"
#include "sql/params.h"
#include "sql/vector.h"
#include "task/entities.h"
SQLITE_EXTENSION_INIT3

/* --- The cache -------------------------------------------------------------
 *
 * A list is kept as one block: the entities, then their words back to back.
 */

enum { N_NUMBERS = 3 };

static void option_numbers(const EntityOptions *how, uint64_t out[N_NUMBERS]) {
  const uint64_t all[N_NUMBERS] = {how->aggregation, how->overflow,
                                   how->stride};
  memcpy(out, all, sizeof all);
}

static int unpack(const char *block, size_t bytes, EntityList *out,
                  Error *err) {
  Entity e;
  for (size_t at = 0, words; at < bytes; at += words) {
    memcpy(&e, block + at, sizeof e);
    at += sizeof e;
    words = e.word_bytes;
    if (mem_reserve(&out->items, &out->capacity, out->n + 1,
                    sizeof *out->items))
      return fail_memory(err);
    e.word = mem_text(block + at, words);
    if (!e.word)
      return fail_memory(err);
    out->items[out->n++] = e;
  }
  return OK;
}

static bool recall(Call *call, const EntityOptions *how, EncodeText text,
                   MemoKey *key, EntityList *out, int *rc, Error *err) {
  uint64_t numbers[N_NUMBERS];
  Question asked = {TASK_ENTITIES, numbers, N_NUMBERS, {text, how->ignore}};
  size_t bytes;
  option_numbers(how, numbers);
  const char *known = call_recall(call, &asked, key, &bytes);
  *out = (EntityList){0};
  *rc = known ? unpack(known, bytes, out, err) : OK;
  return known != NULL;
}

/* Where it is too much to keep, or there is no memory for it, it is not. */
static void remember(Call *call, const MemoKey *key, const EntityList *list) {
  size_t bytes = 0, at = 0;
  for (size_t i = 0; i < list->n && bytes <= MEMO_VALUE_MAX; i++)
    bytes += sizeof *list->items + list->items[i].word_bytes;
  char *block = bytes <= MEMO_VALUE_MAX ? mem_alloc(bytes) : NULL;
  if (!block)
    return;
  for (size_t i = 0; i < list->n; i++) {
    const Entity *e = &list->items[i];
    memcpy(block + at, e, sizeof *e);
    at += sizeof *e;
    memcpy(block + at, e->word, e->word_bytes);
    at += e->word_bytes;
  }
  call_remember(call, key, block, bytes);
  mem_free(block);
}

/* --- distilbert_entities_json ----------------------------------------------*/

static int tag(Tagger *t, EncodeText text, EntityList *out, Error *err) {
  int rc = tagger_add(t, text, err);
  rc = rc ? rc : tagger_run(t, err);
  if (rc)
    return rc;
  EntityResult *result = tagger_result(t, 0);
  if (result->code)
    return fail(err, result->code, "%s", result->error.message);
  *out = result->list;
  result->list = (EntityList){0};
  return OK;
}

/* The entities of one text, from the cache or the model. */
static int find(Call *call, EncodeText text, EntityList *out, Error *err) {
  EntityOptions how = entity_defaults;
  MemoKey key;
  Tagger *t;
  int rc;
  how.overflow = call_window(call);
  if (recall(call, &how, text, &key, out, &rc, err))
    return rc;
  call_count(call, 1);
  rc = tagger_open(call->model, &call->run, &how, &t, err);
  rc = rc ? rc : tag(t, text, out, err);
  tagger_close(t);
  if (rc == OK)
    remember(call, &key, out);
  return rc;
}

static void write_entity(JsonWriter *w, const Labels *labels, const Entity *e) {
  char room[LABEL_ROOM];
  const char *label =
      groups_label(labels, entity_defaults.aggregation, e->label, room);
  json_put(w, "{\"entity\":");
  json_put_text(w, label, strlen(label));
  json_put(w, ",\"score\":");
  json_put_float(w, e->score);
  json_put(w, ",\"word\":");
  json_put_text(w, e->word, e->word_bytes);
  json_put(w, ",\"start\":");
  json_put_whole(w, e->start);
  json_put(w, ",\"end\":");
  json_put_whole(w, e->end);
  json_put(w, "}");
}

static int write_list(const Call *call, const EntityList *list, char **out,
                      size_t *bytes, Error *err) {
  JsonWriter w;
  json_begin(&w, &call->run.poll);
  json_put(&w, "[");
  for (size_t i = 0; i < list->n; i++) {
    if (i > 0)
      json_put(&w, ",");
    write_entity(&w, &call->model->labels, &list->items[i]);
  }
  json_put(&w, "]");
  return json_end(&w, out, bytes, err);
}

static void fn_entities_json(sqlite3_context *ctx, int argc,
                             sqlite3_value **argv) {
  if (value_any_null(argv, 1))
    return;
  Call call;
  Error err;
  EncodeText text;
  EntityList list = {0};
  char *json;
  size_t bytes;
  call_begin_scalar(&call, "distilbert_entities_json", ctx);
  int rc = value_text(argv[0], &text, &err);
  rc = rc ? rc : call_use_argument(&call, argc, argv, 1, TASK_ENTITIES, &err);
  rc = rc ? rc : find(&call, text, &list, &err);
  rc = rc ? rc : write_list(&call, &list, &json, &bytes, &err);
  entities_clear(&list);
  call_end(&call);
  if (rc) {
    call_fail(ctx, &call, rc, &err);
    return;
  }
  sqlite3_result_text64(ctx, json, bytes, mem_free, SQLITE_UTF8);
  sqlite3_result_subtype(ctx, SUBTYPE_JSON);
}

/* --- distilbert_entities ---------------------------------------------------*/

enum { TEXT, AGGREGATION, OVERFLOW, STRIDE, IGNORE, MODEL, N_PARAMS };

enum {
  COLUMN_ENTITY,
  COLUMN_SCORE,
  COLUMN_WORD,
  COLUMN_START,
  COLUMN_END,
  COLUMN_POSITION,
  N_COLUMNS
};

static const TableParam params[N_PARAMS] = {
    [TEXT] = {"text", PARAM_TEXTS, 0, 0},
    [AGGREGATION] = {"aggregation", PARAM_MAYBE, 0, 0},
    [OVERFLOW] = {"overflow", PARAM_MAYBE, 0, 0},
    [STRIDE] = {"stride", PARAM_NUMBER, 0, CONFIG_MAX_POSITIONS},
    [IGNORE] = {"ignore", PARAM_MAYBE, 0, 0},
    [MODEL] = {"model", PARAM_NAME, 0, 0},
};

typedef struct EntityRows {
  EntityOptions how;
  Tagger *tagger;              /* owned */
  Ahead ahead;                 /* texts */
  EntityList lists[AHEAD_MAX]; /* owned */
  /* Those that the cache did not have: the text of each, and its key. */
  size_t of[AHEAD_MAX];
  MemoKey keys[AHEAD_MAX];
  size_t n_asked;
  size_t entity; /* the current row, in its text's list */
} EntityRows;

/* --- Its options -----------------------------------------------------------*/

static int read_aggregation(const Scan *scan, Aggregation *out, Error *err) {
  char name[ERROR_QUOTE];
  return param_word(scan, AGGREGATION, name) ? aggregation_named(name, out, err)
                                             : OK;
}

static int read_overflow(const Scan *scan, Overflow *out, Error *err) {
  char name[ERROR_QUOTE], shown[ERROR_QUOTE];
  *out = call_window(&scan->call);
  if (!param_word(scan, OVERFLOW, name))
    return OK;
  *out = overflow_named(name);
  return *out != OVERFLOW_UNSAID
             ? OK
             : fail(err, ERR_RANGE,
                    "no overflow %s; there are window, truncate, error",
                    error_quote(shown, name));
}

static int read_options(Scan *scan, EntityOptions *how, Error *err) {
  *how = entity_defaults;
  how->ignore = param_text(scan, IGNORE, 0);
  int rc = read_aggregation(scan, &how->aggregation, err);
  rc = rc ? rc : read_overflow(scan, &how->overflow, err);
  rc = rc ? rc : param_size(scan, STRIDE, &how->stride, err);
  if (rc || how->stride == ENTITY_STRIDE || how->overflow == OVERFLOW_WINDOW)
    return rc;
  return fail(err, ERR_RANGE,
              "a stride is for windows, and overflow is not window");
}

static int begin(Scan *scan, Error *err) {
  EntityRows *rows = scan->state;
  Call *call = &scan->call;
  int rc = call_use(call, param_option(scan, MODEL), TASK_ENTITIES, err);
  rc = rc ? rc : read_options(scan, &rows->how, err);
  rows->ahead.total = scan->params[TEXT].n;
  return rc ? rc
            : tagger_open(call->model, &call->run, &rows->how, &rows->tagger,
                          err);
}

/* --- Its batches and rows --------------------------------------------------*/

static void clear_batch(EntityRows *rows) {
  for (size_t i = 0; i < rows->ahead.n; i++)
    entities_clear(&rows->lists[i]);
  rows->n_asked = rows->entity = 0;
}

/* Takes text i of the batch from the cache, or asks for its entities. */
static int add_text(Scan *scan, size_t i, Error *err) {
  EntityRows *rows = scan->state;
  size_t j = rows->n_asked;
  EncodeText text = param_text(scan, TEXT, rows->ahead.first + i);
  int rc;
  if (recall(&scan->call, &rows->how, text, &rows->keys[j], &rows->lists[i],
             &rc, err))
    return rc;
  rows->of[j] = i;
  rows->n_asked++;
  call_count(&scan->call, 1);
  return tagger_add(rows->tagger, text, err);
}

static int run_asked(Scan *scan, Error *err) {
  EntityRows *rows = scan->state;
  int rc = tagger_run(rows->tagger, err);
  for (size_t j = 0; j < rows->n_asked && rc == OK; j++) {
    EntityResult *result = tagger_result(rows->tagger, j);
    if (result->code)
      return fail(err, result->code, "%s", result->error.message);
    remember(&scan->call, &rows->keys[j], &result->list);
    rows->lists[rows->of[j]] = result->list;
    result->list = (EntityList){0};
  }
  tagger_empty(rows->tagger);
  return rc;
}

static int run_batch(Scan *scan, Error *err) {
  EntityRows *rows = scan->state;
  int rc = OK;
  clear_batch(rows);
  ahead_batch(&rows->ahead);
  for (size_t i = 0; i < rows->ahead.n && rc == OK; i++)
    rc = add_text(scan, i, err);
  return rc || !rows->n_asked ? rc : run_asked(scan, err);
}

/* The next place where a row may be. */
static int step(Scan *scan, Error *err) {
  EntityRows *rows = scan->state;
  if (rows->ahead.n && ++rows->entity < rows->lists[rows->ahead.at].n)
    return OK;
  rows->entity = 0;
  int rc = ahead_step(&rows->ahead) ? OK : run_batch(scan, err);
  scan->done = rc || rows->ahead.n == 0;
  return rc;
}

static int next(Scan *scan, Error *err) {
  EntityRows *rows = scan->state;
  int rc = step(scan, err);
  while (!scan->done && rows->entity >= rows->lists[rows->ahead.at].n)
    rc = step(scan, err);
  scan->params[TEXT].at = rows->ahead.first + rows->ahead.at;
  return rc;
}

static void column(Scan *scan, sqlite3_context *ctx, int i) {
  const EntityRows *rows = scan->state;
  const Entity *e = &rows->lists[rows->ahead.at].items[rows->entity];
  char room[LABEL_ROOM];
  switch (i) {
  case COLUMN_ENTITY:
    sqlite3_result_text(ctx,
                        groups_label(&scan->call.model->labels,
                                     rows->how.aggregation, e->label, room),
                        -1, SQLITE_TRANSIENT);
    break;
  case COLUMN_SCORE:
    sqlite3_result_double(ctx, (double)e->score);
    break;
  case COLUMN_WORD:
    sqlite3_result_text64(ctx, e->word, e->word_bytes, SQLITE_TRANSIENT,
                          SQLITE_UTF8);
    break;
  case COLUMN_START:
    sqlite3_result_int64(ctx, e->start);
    break;
  case COLUMN_END:
    sqlite3_result_int64(ctx, e->end);
    break;
  case COLUMN_POSITION:
    sqlite3_result_int64(ctx, e->position);
    break;
  }
}

static void end(Scan *scan) {
  EntityRows *rows = scan->state;
  clear_batch(rows);
  tagger_close(rows->tagger);
}

static const TableKind entities_table = {
    .name = "distilbert_entities",
    .columns = "entity TEXT, score REAL, word TEXT, start INTEGER, "
               "\"end\" INTEGER, position INTEGER",
    .n_columns = N_COLUMNS,
    .params = params,
    .n_params = N_PARAMS,
    .state_bytes = sizeof(EntityRows),
    .begin = begin,
    .next = next,
    .column = column,
    .end = end,
};

static const Scalar scalars[] = {
    {"distilbert_entities_json", 1, 2, PURE | TYPED, 2, fn_entities_json,
     SAFE_ALWAYS},
};

static const FeatureTable tables[] = {{&entities_table, SAFE_ALWAYS}};

const Feature entities_feature = {FEATURE_ROWS(scalars), FEATURE_ROWS(tables)};
