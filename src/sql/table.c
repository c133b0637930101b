/*
 * table.c - one implementation of virtual tables for all of ours.
 *
 * In:  a TableKind (table.h), and what SQLite asks of a virtual table.
 * Out: its rows, one scan at a time.
 *
 * Parameters are hidden columns.  SQLite turns f(a, b) and `WHERE k = v` into
 * the same constraints; plan() says which it wants, in the order of the
 * parameters, and puts them into idxNum:
 *
 *     bits 0-15   parameter given           bits 16-29   given as a list
 *
 * SQLite also asks for plans that lack a parameter: of each branch of an OR
 * alone, and of every order of a join.  An error there would end a statement
 * that has a better plan, so such a plan is possible, but the dearest there is,
 * and says what is missing only if it is run.  To lack the first parameter is
 * less dear than to lack the second, for a branch is run with what stands
 * beside its OR as well: `question = 'x' AND (context = a OR context = b)`.
 *
 * A parameter that may be left out makes a plan cheaper by being given.  Out of
 * `(text = 'x' AND model = 'a') OR (text = 'x' AND model = 'b')` SQLite takes
 * what both branches have; a single scan with that alone, whose rows have no
 * model, must not look cheaper than a scan for each branch.
 *
 * A list is `name IN (...)`, which SQLite 3.38 hands over whole, so that many
 * texts go through the model together.  Older versions scan once a value.
 *
 * Rows of scans with the same parameters are the same rows, those of others
 * differ: rowids say so (row_id), for SQLite joins the scans of an OR by rowid.
 *
 * Values are copied: they belong to SQLite and are gone after xFilter, while
 * rows are produced later, and the hidden columns must show them again.
 *
 * Tables are there without CREATE VIRTUAL TABLE.  One that can be written may
 * be created too, but only in the schema `temp`: writing to a table locks the
 * database it is in, which a read-only one does not allow.
 */
#include "sql/table.h"

#include <string.h>
#include "base/memory.h"
#include "base/sha256.h"
SQLITE_EXTENSION_INIT3

enum {
  LISTS = 16,
  KEY_GIVEN = 1 << 30
}; /* idxNum: shift of list bits, a bit */
enum { COPY_STEP = 1 << 20 };
/* What SQLite sees as the cost of a scan, so that it is run as seldom as can
 * be, times one factor for each parameter left out; and of one that cannot be
 * run, times another for each parameter before the one it lacks. */
static const double scan_cost = 1e9, left_out_cost = 1e3;
static const double impossible_cost = 1e80, lack_cost = 1e9;

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

/* "CREATE TABLE x(columns, parameter TEXT HIDDEN, ...)". The type matters: of a
 * column of numbers SQLite would read IN ('007', '7') as one value. */
static char *schema(const TableKind *kind) {
  sqlite3_str *s = sqlite3_str_new(NULL);
  sqlite3_str_appendf(s, "CREATE TABLE x(%s", kind->columns);
  for (int i = 0; i < kind->n_params; i++)
    sqlite3_str_appendf(s, ", \"%w\" %s HIDDEN", kind->params[i].name,
                        kind->params[i].kind == PARAM_NUMBER ? "INTEGER"
                                                             : "TEXT");
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

/* Puts a message on the table; returns `code`. */
static int complain(sqlite3_vtab *vtab, int code, char *message) {
  if (!message)
    return code == SQLITE_ERROR ? SQLITE_NOMEM : code;
  sqlite3_free(vtab->zErrMsg);
  vtab->zErrMsg = message;
  return code;
}

/* The outcome of one of our functions as that of a table's method. */
static int outcome(sqlite3_vtab *vtab, const Call *call, int rc,
                   const Error *err) {
  int code = call_code(call, rc);
  if (code != SQLITE_ERROR)
    return code;
  return complain(vtab, code, call_message(call, err));
}

/* --- Planning ------------------------------------------------------------- */

static bool is_required(const TableParam *param) {
  return param->kind == PARAM_TEXT || param->kind == PARAM_TEXTS;
}

/* Which constraint gives each parameter: its index, or NOT_GIVEN. */
enum { NOT_GIVEN = -1, NOT_USABLE = -2 };

/* `= value` and `IS value`; `IS NULL` of what must be given: no rows. */
static bool gives_value(const TableParam *param, unsigned char op) {
  return op == SQLITE_INDEX_CONSTRAINT_EQ || op == SQLITE_INDEX_CONSTRAINT_IS ||
         (op == SQLITE_INDEX_CONSTRAINT_ISNULL && is_required(param));
}

static void find_constraints(const TableKind *kind,
                             const sqlite3_index_info *info, int *given) {
  for (int p = 0; p < kind->n_params; p++)
    given[p] = NOT_GIVEN;
  for (int i = 0; i < info->nConstraint; i++) {
    int p = info->aConstraint[i].iColumn - kind->n_columns;
    if (p < 0 || p >= kind->n_params || kind->params[p].kind == PARAM_SHOWN ||
        !gives_value(&kind->params[p], info->aConstraint[i].op))
      continue;
    if (!info->aConstraint[i].usable)
      given[p] = given[p] == NOT_GIVEN ? NOT_USABLE : given[p];
    else if (given[p] < 0)
      given[p] = i;
  }
}

/* Takes constraint `i` whole if it is an IN; true if so. */
static bool take_list(sqlite3_index_info *info, int i) {
  return sqlite3_libversion_number() >= 3038000 && sqlite3_vtab_in(info, i, 1);
}

/* What the first column is to equal goes to `seek`; rows are tested as well. */
static bool take_key(const TableKind *kind, sqlite3_index_info *info, int n) {
  for (int i = 0; kind->seek && i < info->nConstraint; i++) {
    if (info->aConstraint[i].iColumn != 0 || !info->aConstraint[i].usable ||
        info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
      continue;
    info->aConstraintUsage[i].argvIndex = n + 1;
    return true;
  }
  return false;
}

static void take(const TableKind *kind, sqlite3_index_info *info,
                 const int *given) {
  int n = 0;
  unsigned bits = 0;
  for (int p = 0; p < kind->n_params; p++) {
    if (given[p] < 0)
      continue;
    info->aConstraintUsage[given[p]].argvIndex = ++n;
    info->aConstraintUsage[given[p]].omit = 1;
    bits |= 1u << p;
    if (kind->params[p].kind == PARAM_TEXTS && take_list(info, given[p]))
      bits |= 1u << (p + LISTS);
  }
  if (take_key(kind, info, n))
    bits |= KEY_GIVEN;
  info->idxNum = (int)bits;
}

/* The first parameter that this plan lacks; n_params: none. */
static int find_missing(const TableKind *kind, const int *given) {
  int p = 0;
  while (p < kind->n_params && given[p] != NOT_USABLE &&
         !(given[p] == NOT_GIVEN && is_required(&kind->params[p])))
    p++;
  return p;
}

static double cost_of(const TableKind *kind, const int *given) {
  double cost = kind->n_params ? scan_cost : 100;
  for (int p = 0; p < kind->n_params; p++)
    if (given[p] == NOT_GIVEN)
      cost *= left_out_cost;
  return cost;
}

/* A plan without parameter p has the idxNum -1 - p. */
static int plan(sqlite3_vtab *vtab, sqlite3_index_info *info) {
  const TableKind *kind = ((Vtab *)vtab)->kind;
  int given[TABLE_MAX_PARAMS];
  find_constraints(kind, info, given);
  int missing = find_missing(kind, given);
  take(kind, info, given); /* a branch that takes nothing is no branch */
  info->estimatedCost = cost_of(kind, given);
  info->estimatedRows = 10;
  if (missing == kind->n_params)
    return SQLITE_OK;
  info->idxNum = -1 - missing;
  info->estimatedCost = impossible_cost;
  for (int p = 0; p < missing; p++)
    info->estimatedCost *= lack_cost;
  return SQLITE_OK;
}

/* --- Scanning ------------------------------------------------------------- */

static void forget_params(Scan *scan) {
  for (int p = 0; p < TABLE_MAX_PARAMS; p++) {
    ParamValues *values = &scan->params[p];
    for (size_t i = 0; i < values->n; i++) {
      sqlite3_value_free(values->items[i].value);
      mem_free(values->items[i].text);
    }
    mem_free(values->items);
    *values = (ParamValues){0};
  }
}

/* Back to the state before the first xFilter. */
static void reset(Scan *scan) {
  if (scan->state)
    scan->kind->end(scan);
  mem_free(scan->state);
  scan->state = NULL;
  forget_params(scan);
  call_end(&scan->call);
  scan->done = true;
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

/* Copies a text, which may be so long that it must be interruptible. */
static int copy_text(const Call *call, sqlite3_value *value, ParamValue *out,
                     Error *err) {
  EncodeText text;
  int rc = value_text(value, &text, err);
  if (rc)
    return rc;
  out->text = mem_alloc(text.bytes);
  if (!out->text)
    return fail_memory(err);
  while (out->bytes < text.bytes && rc == OK) {
    size_t left = text.bytes - out->bytes;
    size_t n = left < COPY_STEP ? left : COPY_STEP;
    memcpy(out->text + out->bytes, text.text + out->bytes, n);
    out->bytes += n;
    rc = poll_check(&call->run.poll, err);
  }
  return rc;
}

static int add_value(Scan *scan, int param, sqlite3_value *value, Error *err) {
  ParamValues *values = &scan->params[param];
  if (sqlite3_value_type(value) == SQLITE_NULL)
    return OK;
  if (mem_reserve(&values->items, &values->capacity, values->n + 1,
                  sizeof *values->items))
    return fail_memory(err);
  ParamValue *item = &values->items[values->n++];
  *item = (ParamValue){0};
  ParamKind kind = scan->kind->params[param].kind;
  if (kind != PARAM_NAME && kind != PARAM_NUMBER)
    return copy_text(&scan->call, value, item, err);
  /* '2' becomes 2 here: SQLite 3.53 crashes when asked of a copy. */
  if (kind == PARAM_NUMBER)
    sqlite3_value_numeric_type(value);
  item->value = sqlite3_value_dup(value);
  return item->value ? OK : fail_memory(err);
}

static int add_list(Scan *scan, int param, sqlite3_value *list, Error *err) {
  sqlite3_value *value;
  int code = sqlite3_vtab_in_first(list, &value);
  while (code == SQLITE_OK && value) {
    int rc = add_value(scan, param, value, err);
    if (rc)
      return rc;
    code = sqlite3_vtab_in_next(list, &value);
  }
  return code == SQLITE_OK || code == SQLITE_DONE ? OK : fail_memory(err);
}

static int seek(Scan *scan, sqlite3_value *value, Error *err) {
  const char *key;
  int rc = value_string("key", value, &key, err);
  return rc || !key ? rc : scan->kind->seek(scan, key, err);
}

/* Sets scan->done where a text is NULL: there are no rows then. */
static int keep_params(Scan *scan, unsigned bits, sqlite3_value **argv,
                       Error *err) {
  int n = 0, rc = OK;
  for (int p = 0; p < scan->kind->n_params && rc == OK; p++) {
    if (bits >> (p + LISTS) & 1)
      rc = add_list(scan, p, argv[n++], err);
    else if (bits >> p & 1)
      rc = add_value(scan, p, argv[n++], err);
    if (scan->params[p].n == 0 && is_required(&scan->kind->params[p]))
      scan->done = true;
  }
  if (rc == OK && bits & KEY_GIVEN)
    rc = seek(scan, argv[n], err);
  return rc;
}

static int first_row(Scan *scan, unsigned bits, sqlite3_value **argv,
                     Error *err) {
  int rc = keep_params(scan, bits, argv, err);
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

static int filter(sqlite3_vtab_cursor *cursor, int bits, const char *text,
                  int argc, sqlite3_value **argv) {
  (void)argc, (void)text;
  Cursor *c = (Cursor *)cursor;
  Vtab *v = (Vtab *)cursor->pVtab;
  reset(&c->scan);
  if (bits < 0)
    return lacks(cursor->pVtab, -1 - bits);
  v->by_key = bits & KEY_GIVEN;
  c->scan.done = false;
  c->place = SIZE_MAX;
  Error err;
  call_begin(&c->scan.call, v->kind->name, v->connection, v->db);
  int rc = first_row(&c->scan, (unsigned)bits, argv, &err);
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

static void hash_bytes(Sha256 *h, const void *data, size_t n) {
  uint64_t bytes = n;
  sha256_add(h, &bytes, sizeof bytes);
  if (n)
    sha256_add(h, data, n);
}

static void hash_value(Sha256 *h, const ParamValue *item) {
  sqlite3_value *value = item->value;
  int type = value ? sqlite3_value_type(value) : SQLITE_NULL;
  if (type == SQLITE_INTEGER || type == SQLITE_FLOAT) {
    double number = sqlite3_value_double(value);
    hash_bytes(h, &number, sizeof number);
  } else if (value) {
    size_t n = (size_t)sqlite3_value_bytes(value);
    hash_bytes(h, sqlite3_value_blob(value), n);
  } else {
    hash_bytes(h, item->text, item->bytes);
  }
}

/* Of the values that the row is about; never 0. */
static uint64_t hash_values(const Scan *scan) {
  Sha256 h;
  unsigned char digest[32];
  uint64_t out;
  sha256_init(&h);
  for (int p = 0; p < scan->kind->n_params; p++) {
    const ParamValues *values = &scan->params[p];
    unsigned char given = values->at < values->n;
    sha256_add(&h, &given, 1);
    if (given)
      hash_value(&h, &values->items[values->at]);
  }
  sha256_end(&h, digest);
  memcpy(&out, digest, sizeof out);
  return out | 1;
}

/* The same for the same row of the same values, else another. */
static int row_id(sqlite3_vtab_cursor *cursor, sqlite3_int64 *out) {
  Cursor *c = (Cursor *)cursor;
  if (!c->values)
    c->values = hash_values(&c->scan);
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

/* --- Parameters, for the tables ------------------------------------------- */

EncodeText table_text(const Scan *scan, int param, size_t item) {
  const ParamValues *values = &scan->params[param];
  if (item >= values->n)
    return (EncodeText){NULL, 0};
  return (EncodeText){values->items[item].text, values->items[item].bytes};
}

sqlite3_value *table_option(const Scan *scan, int param) {
  const ParamValues *values = &scan->params[param];
  return values->n ? values->items[0].value : NULL;
}

/* A text where a number belongs is often a model's name. */
static void point_to_model(const TableKind *kind, Error *err) {
  char said[sizeof err->message];
  int p = 0;
  while (p < kind->n_params && kind->params[p].kind != PARAM_NAME)
    p++;
  if (!err || p == kind->n_params)
    return;
  memcpy(said, err->message, sizeof said);
  fail(err, ERR_RANGE, "%s; a model is argument %d, or WHERE %s = ...", said,
       p + 1, kind->params[p].name);
}

int table_size(const Scan *scan, int param, size_t *out, Error *err) {
  const TableParam *p = &scan->kind->params[param];
  sqlite3_value *value = table_option(scan, param);
  int64_t number;
  if (!value)
    return OK;
  int rc = value_integer(p->name, value, p->low, p->high, &number, err);
  if (rc == OK)
    *out = (size_t)number;
  else if (sqlite3_value_type(value) == SQLITE_TEXT)
    point_to_model(scan->kind, err);
  return rc;
}

int table_bool(const Scan *scan, int param, bool *out, Error *err) {
  size_t number = *out;
  int rc = table_size(scan, param, &number, err);
  *out = number != 0;
  return rc;
}
