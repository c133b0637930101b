/*
 * fn_models.c - the models this process knows, as a table.
 *
 *     INSERT INTO distilbert_models(name, path) VALUES ('squad', '/m/squad');
 *     INSERT INTO distilbert_models(name, path, precision, options) ...
 *     DELETE FROM distilbert_models WHERE name = 'squad';
 *     SELECT distilbert_register('squad', '/m/squad' [, precision
 *                                [, options]]);
 *     SELECT distilbert_forget('squad');
 *     SELECT name, tasks, loaded FROM distilbert_models;
 *
 * In:  a name and where its files are.  Nothing is read before first use.
 * Out: registered and built-in models; NULL where a value is not known
 *      before the model is loaded.  `path` of a built-in one is NULL, and to
 *      a connection of the safe entry all are.
 *
 * The list belongs to the process: every connection sees it, and a ROLLBACK
 * does not undo a registration.  A fingerprint reads all of a model's files,
 * so it is computed only where a query asks for the column, and is NULL when
 * they cannot be read (distilbert_fingerprint(name) tells why).
 *
 * Refuses: UPDATE, a value for a column that describes the checkpoint, and
 * what store/registry.c refuses.
 */
#include "sql/feature.h"
SQLITE_EXTENSION_INIT3

enum {
  NAME,
  PATH,
  FAMILY,
  TASKS,
  PRECISION,
  LAYERS,
  DIM,
  MAX_TOKENS,
  BYTES,
  LOADED,
  FINGERPRINT,
  OPTIONS,
  N_COLUMNS
};

static const char *const column_names[N_COLUMNS] = {
    "name", "path",       "family", "tasks",  "precision",   "layers",
    "dim",  "max_tokens", "bytes",  "loaded", "fingerprint", "options",
};

typedef struct ModelScan {
  ModelRows list;
  size_t at; /* 1 + the current row's index */
} ModelScan;

static int begin(Scan *scan, Error *err) {
  ModelScan *models = scan->state;
  return registry_rows(&models->list, err);
}

static int next(Scan *scan, Error *err) {
  (void)err;
  ModelScan *models = scan->state;
  scan->done = models->at == models->list.n;
  models->at += !scan->done;
  return OK;
}

static void give_text(sqlite3_context *ctx, const char *text) {
  if (text && *text)
    sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
}

static void give_size(sqlite3_context *ctx, size_t n) {
  if (n)
    sqlite3_result_int64(ctx, (sqlite3_int64)n);
}

static void give_fingerprint(Scan *scan, sqlite3_context *ctx,
                             const ModelRow *row) {
  char text[65] = "";
  Error err;
  if (row->fingerprint[0]) {
    give_text(ctx, row->fingerprint);
    return;
  }
  int rc = registry_fingerprint(row->name, &scan->call.run.poll, text, &err);
  if (rc == OK)
    give_text(ctx, text);
  else if (rc == ERR_NOMEM || rc == ERR_INTERRUPT)
    call_fail(ctx, &scan->call, rc, &err);
}

static void column(Scan *scan, sqlite3_context *ctx, int i) {
  const ModelScan *models = scan->state;
  const ModelRow *row = &models->list.rows[models->at - 1];
  switch (i) {
  case NAME:
    sqlite3_result_text(ctx, row->name, -1, SQLITE_TRANSIENT);
    break;
  case PATH:
    if (!scan->call.connection->safe)
      give_text(ctx, row->path);
    break;
  case FAMILY:
    give_text(ctx, row->family);
    break;
  case TASKS:
    give_text(ctx, row->tasks);
    break;
  case PRECISION:
    give_text(ctx, row->precision);
    break;
  case LAYERS:
    give_size(ctx, row->layers);
    break;
  case DIM:
    give_size(ctx, row->dim);
    break;
  case MAX_TOKENS:
    give_size(ctx, row->max_tokens);
    break;
  case BYTES:
    give_size(ctx, row->bytes);
    break;
  case LOADED:
    sqlite3_result_int(ctx, row->loaded);
    break;
  case FINGERPRINT:
    give_fingerprint(scan, ctx, row);
    break;
  case OPTIONS:
    give_text(ctx, row->options);
    break;
  }
}

static void end(Scan *scan) {
  ModelScan *models = scan->state;
  registry_rows_clear(&models->list);
}

/* --- INSERT, DELETE ------------------------------------------------------- */

/* Only name, path, precision and options may be given. */
static int check_columns(sqlite3_value **values, Error *err) {
  for (int i = 0; i < N_COLUMNS; i++) {
    bool may_be = i == NAME || i == PATH || i == PRECISION || i == OPTIONS;
    if (!may_be && sqlite3_value_type(values[i]) != SQLITE_NULL)
      return fail(err, ERR_RANGE,
                  "%s is read from the checkpoint and cannot be set",
                  column_names[i]);
  }
  return OK;
}

/* Values may be NULL as pointers too. */
static int add(sqlite3_value *name, sqlite3_value *path,
               sqlite3_value *precision, sqlite3_value *options,
               const Poll *poll, Error *err) {
  const char *texts[4];
  int rc = value_name("name", name, &texts[0], err);
  rc = rc ? rc : value_string("path", path, &texts[1], err);
  rc = rc ? rc : value_string("precision", precision, &texts[2], err);
  rc = rc ? rc : value_string("options", options, &texts[3], err);
  if (rc == OK && (!texts[0] || !texts[1]))
    return fail(err, ERR_RANGE, "%s must be given", texts[0] ? "path" : "name");
  return rc ? rc
            : registry_add(texts[0], texts[1], texts[2], texts[3], poll, err);
}

static int insert(sqlite3_value **values, const Poll *poll, Error *err) {
  int rc = check_columns(values, err);
  return rc ? rc
            : add(values[NAME], values[PATH], values[PRECISION],
                  values[OPTIONS], poll, err);
}

/* Nothing to say of a name: it may be of no model. Asked for, so that `update`
 * learns whether one row was meant. */
static int seek(Scan *scan, const char *name, Error *err) {
  (void)scan, (void)name, (void)err;
  return OK;
}

/* DELETE without a name leaves built-in models alone. */
static int update(Call *call, const Change *change, Error *err) {
  const char *name;
  if (!change->old)
    return insert(change->values, &call->run.poll, err);
  if (change->values)
    return fail(err, ERR_RANGE,
                "a model cannot be changed: DELETE it, then INSERT it");
  int rc = value_name("name", change->old, &name, err);
  if (rc == OK && !change->by_key && registry_is_builtin(name))
    return OK;
  return rc ? rc : registry_remove(name, err);
}

/* --- distilbert_register, distilbert_forget ------------------------------- */

/* Gives the name; as INSERT, but takes no lock of a database. */
static void fn_register(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
  Call call;
  Error err;
  call_begin_scalar(&call, "distilbert_register", ctx);
  int rc = add(argv[0], argv[1], argc > 2 ? argv[2] : NULL,
               argc > 3 ? argv[3] : NULL, &call.run.poll, &err);
  call_end(&call);
  if (rc)
    call_fail(ctx, &call, rc, &err);
  else
    sqlite3_result_value(ctx, argv[0]);
}

/* Gives the name; as DELETE. */
static void fn_forget(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
  (void)argc;
  Call call;
  Error err;
  const char *name;
  call_begin_scalar(&call, "distilbert_forget", ctx);
  int rc = value_name("name", argv[0], &name, &err);
  if (rc == OK && !name)
    rc = fail(&err, ERR_RANGE, "name must be given");
  rc = rc ? rc : registry_remove(name, &err);
  call_end(&call);
  if (rc)
    call_fail(ctx, &call, rc, &err);
  else
    sqlite3_result_value(ctx, argv[0]);
}

static const TableKind models_table = {
    .name = "distilbert_models",
    .columns = "name TEXT PRIMARY KEY, path TEXT, family TEXT, tasks TEXT, "
               "precision TEXT, layers INTEGER, dim INTEGER, "
               "max_tokens INTEGER, bytes INTEGER, loaded INTEGER, "
               "fingerprint TEXT, options TEXT",
    .n_columns = N_COLUMNS,
    .flag = SQLITE_VTAB_DIRECTONLY,
    .state_bytes = sizeof(ModelScan),
    .begin = begin,
    .seek = seek,
    .next = next,
    .column = column,
    .end = end,
    .update = update,
};

static const Scalar scalars[] = {
    {"distilbert_register", 2, 4, WRITES, 0, fn_register, SAFE_ABSENT},
    {"distilbert_forget", 1, 1, WRITES, 0, fn_forget, SAFE_ABSENT},
};

static const FeatureTable tables[] = {{&models_table, SAFE_READ_ONLY}};

const Feature models_feature = {FEATURE_ROWS(scalars), FEATURE_ROWS(tables)};
