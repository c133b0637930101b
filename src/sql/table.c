/*
 * table.c - one implementation of virtual tables for all of ours.
 *
 * In:  a TableKind (scan.h), and what SQLite asks of a virtual table.
 * Out: its rows, one scan at a time.
 *
 * Parameters are hidden columns: plan.c says how they get their values,
 * params.c keeps them.
 *
 * Rows of scans with the same parameters are the same rows, those of others
 * differ: rowids say so (row_id), for SQLite joins the scans of an OR by rowid.
 *
 * Tables are there without CREATE VIRTUAL TABLE.  One that can be written may
 * be created too, but only in the schema `temp`: writing to a table locks the
 * database it is in, which a read-only one does not allow.
 */
#include "sql/table.h"

#include <string.h>
#include "base/memory.h"
#include "sql/params.h"
#include "sql/plan.h"
SQLITE_EXTENSION_INIT3

/* What a module is registered with. */
typedef struct Binding {
  const TableKind *kind;
  Connection *connection; /* counted */
} Binding;

typedef struct Vtab {
  sqlite3_vtab base; /* must be first */
  sqlite3 *db;
  const TableKind *kind;
  Connection *connection; /* borrowed from the module, which outlives it */
  bool by_key;            /* the latest scan was of one key */
} Vtab;

typedef struct Cursor {
  sqlite3_vtab_cursor base; /* must be first */
  Scan scan;
  size_t place;      /* which of the values given the row is about */
  sqlite3_int64 row; /* from 1 on, at that place */
  uint64_t values;   /* hash of those values; 0: not yet made */
} Cursor;

/* --- The table ------------------------------------------------------------ */

/* The type matters: of a column of numbers SQLite would read IN ('007', '7') as
 * one value, and of one of texts 7 as '7'. */
static const char *type_of(ParamKind kind) {
  return kind == PARAM_VALUE ? "" : kind == PARAM_NUMBER ? "INTEGER" : "TEXT";
}

/* "CREATE TABLE x(columns, parameter TEXT HIDDEN, ...)". */
static char *schema(const TableKind *kind) {
  sqlite3_str *s = sqlite3_str_new(NULL);
  sqlite3_str_appendf(s, "CREATE TABLE x(%s", kind->columns);
  for (int i = 0; i < kind->n_params; i++)
    sqlite3_str_appendf(s, ", \"%w\" %s HIDDEN", kind->params[i].name,
                        type_of(kind->params[i].kind));
  sqlite3_str_appendall(s, kind->update ? ") WITHOUT ROWID" : ")");
  return sqlite3_str_finish(s);
}

static int declare(sqlite3 *db, const TableKind *kind) {
  char *sql = schema(kind);
  int rc = sql ? sqlite3_declare_vtab(db, sql) : SQLITE_NOMEM;
  sqlite3_free(sql);
  if (rc == SQLITE_OK && kind->flag)
    rc = sqlite3_vtab_config(db, kind->flag);
  return rc;
}

/* argv: module, schema, table. Without CREATE the table has the module's name;
 * a database file cannot bring one under another. */
static int connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
                   sqlite3_vtab **out, char **message) {
  (void)argc;
  Binding *binding = aux;
  if (strcmp(argv[0], argv[2]) != 0 && strcmp(argv[1], "temp") != 0) {
    *message = sqlite3_mprintf("%s: can only be created in temp", argv[0]);
    return SQLITE_ERROR;
  }
  int rc = declare(db, binding->kind);
  if (rc != SQLITE_OK)
    return rc;
  Vtab *v = mem_zeroed(sizeof *v);
  if (!v)
    return SQLITE_NOMEM;
  v->db = db;
  v->kind = binding->kind;
  v->connection = binding->connection;
  *out = &v->base;
  return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *vtab) {
  mem_free(vtab);
  return SQLITE_OK;
}

/* Puts a message on the table; returns `status`. */
static int complain(sqlite3_vtab *vtab, int status, char *message) {
  if (!message)
    return status == SQLITE_ERROR ? SQLITE_NOMEM : status;
  sqlite3_free(vtab->zErrMsg);
  vtab->zErrMsg = message;
  return status;
}

/* The outcome of one of our functions as that of a table's method. */
static int outcome(sqlite3_vtab *vtab, const Call *call, int rc,
                   const Error *err) {
  int status = call_code(call, rc);
  if (status != SQLITE_ERROR)
    return status;
  return complain(vtab, status, call_message(call, err));
}

/* --- Scanning ------------------------------------------------------------- */

/* Back to the state before the first xFilter. */
static void reset(Scan *scan) {
  if (scan->state)
    scan->kind->end(scan);
  mem_free(scan->state);
  scan->state = NULL;
  params_forget(scan);
  call_end(&scan->call);
  scan->done = true;
}

static int plan(sqlite3_vtab *vtab, sqlite3_index_info *info) {
  plan_choose(((Vtab *)vtab)->kind, info);
  return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out) {
  Cursor *c = mem_zeroed(sizeof *c);
  if (!c)
    return SQLITE_NOMEM;
  c->scan.kind = ((Vtab *)vtab)->kind;
  *out = &c->base;
  return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *cursor) {
  reset(&((Cursor *)cursor)->scan);
  mem_free(cursor);
  return SQLITE_OK;
}

static int first_row(Scan *scan, int number, sqlite3_value **argv, Error *err) {
  int rc = params_keep(scan, number, argv, err);
  if (rc || scan->done)
    return rc;
  scan->state = mem_zeroed(scan->kind->state_bytes);
  if (!scan->state)
    return fail_memory(err);
  rc = scan->kind->begin(scan, err);
  return rc ? rc : scan->kind->next(scan, err);
}

static int lacks(sqlite3_vtab *vtab, int param) {
  const TableKind *kind = ((Vtab *)vtab)->kind;
  const char *name = kind->params[param].name;
  return complain(
      vtab, SQLITE_ERROR,
      sqlite3_mprintf("%s: needs the argument %s: in parentheses, or as %s = "
                      "... or %s IN (...), out of constants or of tables that "
                      "stand before it in the join (beside RIGHT JOIN: in a "
                      "sub-query)",
                      kind->name, name, name, name));
}

/* Counts the row that the scan went to. */
static void count_row(Cursor *c) {
  size_t place = 0;
  for (int p = 0; p < c->scan.kind->n_params; p++)
    if (c->scan.params[p].n > 1) /* 0: left out, or NULL */
      place = place * c->scan.params[p].n + c->scan.params[p].at;
  if (place != c->place)
    c->row = 0, c->values = 0;
  c->place = place;
  c->row++;
}

static int filter(sqlite3_vtab_cursor *cursor, int number, const char *text,
                  int argc, sqlite3_value **argv) {
  (void)argc, (void)text;
  Cursor *c = (Cursor *)cursor;
  Vtab *v = (Vtab *)cursor->pVtab;
  reset(&c->scan);
  if (plan_lacks(number) >= 0)
    return lacks(cursor->pVtab, plan_lacks(number));
  v->by_key = plan_has_key(number);
  c->scan.done = false;
  c->place = SIZE_MAX;
  Error err;
  call_begin(&c->scan.call, v->kind->name, v->connection, v->db);
  int rc = first_row(&c->scan, number, argv, &err);
  count_row(c);
  call_pause(&c->scan.call);
  return outcome(cursor->pVtab, &c->scan.call, rc, &err);
}

static int next(sqlite3_vtab_cursor *cursor) {
  Cursor *c = (Cursor *)cursor;
  Error err;
  call_resume(&c->scan.call);
  int rc = c->scan.kind->next(&c->scan, &err);
  count_row(c);
  call_pause(&c->scan.call);
  return outcome(cursor->pVtab, &c->scan.call, rc, &err);
}

static int at_end(sqlite3_vtab_cursor *cursor) {
  return ((Cursor *)cursor)->scan.done;
}

static int column(sqlite3_vtab_cursor *cursor, sqlite3_context *ctx, int i) {
  Scan *scan = &((Cursor *)cursor)->scan;
  int p = i - scan->kind->n_columns;
  if (p < 0 || scan->kind->params[p].kind == PARAM_SHOWN) {
    scan->kind->column(scan, ctx, i);
    call_pause(&scan->call);
    return SQLITE_OK;
  }
  const ParamValues *values = &scan->params[p];
  const ParamValue *item = &values->items[values->at];
  if (values->at < values->n && item->value)
    sqlite3_result_value(ctx, item->value);
  else if (values->at < values->n)
    sqlite3_result_text64(ctx, item->text, item->bytes, SQLITE_TRANSIENT,
                          SQLITE_UTF8);
  return SQLITE_OK;
}

/* The same for the same row of the same values, else another. */
static int row_id(sqlite3_vtab_cursor *cursor, sqlite3_int64 *out) {
  Cursor *c = (Cursor *)cursor;
  if (!c->values)
    c->values = params_hash(&c->scan);
  *out = (sqlite3_int64)(c->values >> 2) + c->row;
  return SQLITE_OK;
}

/* --- Changing ------------------------------------------------------------- */

/* DELETE: argv = {key}. INSERT: {NULL, -, columns}. UPDATE: {old key, new
 * key, columns}. */
static int update(sqlite3_vtab *vtab, int argc, sqlite3_value **argv,
                  sqlite3_int64 *out_rowid) {
  (void)out_rowid;
  Vtab *v = (Vtab *)vtab;
  Call call;
  Error err;
  bool has_old = sqlite3_value_type(argv[0]) != SQLITE_NULL;
  call_begin(&call, v->kind->name, v->connection, v->db);
  const Change change = {has_old ? argv[0] : NULL, argc > 1 ? argv + 2 : NULL,
                         v->by_key};
  int rc = v->kind->update(&call, &change, &err);
  call_end(&call);
  return outcome(vtab, &call, rc, &err);
}

/* --- Registering ---------------------------------------------------------- */

static void free_binding(void *binding) {
  connection_done(((Binding *)binding)->connection);
  mem_free(binding);
}

static const sqlite3_module readable = {
    .xConnect = connect,
    .xBestIndex = plan,
    .xDisconnect = disconnect,
    .xDestroy = disconnect,
    .xOpen = open_cursor,
    .xClose = close_cursor,
    .xFilter = filter,
    .xNext = next,
    .xEof = at_end,
    .xColumn = column,
    .xRowid = row_id,
};

static const sqlite3_module writable = {
    .xCreate = connect,
    .xConnect = connect,
    .xBestIndex = plan,
    .xDisconnect = disconnect,
    .xDestroy = disconnect,
    .xOpen = open_cursor,
    .xClose = close_cursor,
    .xFilter = filter,
    .xNext = next,
    .xEof = at_end,
    .xColumn = column,
    .xRowid = row_id,
    .xUpdate = update,
};

int table_register(sqlite3 *db, const TableKind *kind, bool read_only,
                   Connection *connection) {
  Binding *binding = mem_alloc(sizeof *binding);
  if (!binding)
    return SQLITE_NOMEM;
  *binding = (Binding){kind, connection};
  connection_use(connection);
  const sqlite3_module *module =
      kind->update && !read_only ? &writable : &readable;
  return sqlite3_create_module_v2(db, kind->name, module, binding,
                                  free_binding);
}

/* A module of no methods is none, from SQLite 3.30 on. */
int table_remove(sqlite3 *db, const TableKind *kind) {
  return sqlite3_create_module_v2(db, kind->name, NULL, NULL, NULL);
}
