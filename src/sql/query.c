/*
 * query.c - a query that a table was given as text.
 *
 * In:  "SELECT id, body FROM docs WHERE kind = ?1", and values for it.
 * Out: its rows, one step at a time.
 *
 * It runs in the connection that asked, so it sees what an open transaction has
 * written, temporary tables, and functions that the application brought.  While
 * it steps nothing of the call is left that SQLite could stumble over
 * (call_pause).
 *
 * Refuses whatever is no single query: nothing at all, two statements, one that
 * writes or has no columns, EXPLAIN; and a query that itself reads a table like
 * this, where one window would wait for another.
 */
#include "sql/query.h"

#include <math.h>
#include <string.h>
#include "base/json.h"
#include "base/memory.h"
#include "sql/params.h"
SQLITE_EXTENSION_INIT3

enum { QUERY_MAX = 1 << 20, PARAMETERS_MAX = 1 << 20 };

/* Of what SQLite said last; interrupts and lack of memory are our own codes. */
static int said(const Call *call, const char *what, int status, Error *err) {
  if (status == SQLITE_NOMEM)
    return fail_memory(err);
  if (status == SQLITE_INTERRUPT)
    return fail(err, ERR_INTERRUPT, "interrupted");
  return fail(err, ERR_FORMAT, "%s: %s", what, sqlite3_errmsg(call->watch.db));
}

/* --- Preparing ------------------------------------------------------------ */

/* Behind the first statement there may be blanks and comments. */
static int check_rest(const Call *call, const char *what, const char *rest,
                      size_t bytes, Error *err) {
  while (bytes > 0) {
    const char *at = rest;
    sqlite3_stmt *second = NULL;
    int status =
        sqlite3_prepare_v2(call->watch.db, at, (int)bytes, &second, &rest);
    sqlite3_finalize(second);
    if (status != SQLITE_OK)
      return said(call, what, status, err);
    if (second)
      return fail(err, ERR_RANGE, "%s is more than one statement", what);
    bytes = rest > at ? bytes - (size_t)(rest - at) : 0;
  }
  return OK;
}

static int check_kind(sqlite3_stmt *stmt, QueryShape shape, Error *err) {
  if (!stmt)
    return fail(err, ERR_RANGE, "%s is empty", shape.what);
  if (!sqlite3_stmt_readonly(stmt))
    return fail(err, ERR_RANGE, "%s writes, a SELECT is wanted", shape.what);
  int n = sqlite3_column_count(stmt);
  if (n == 0 || sqlite3_stmt_isexplain(stmt))
    return fail(err, ERR_RANGE, "%s is no SELECT", shape.what);
  return n == shape.columns || shape.columns == 0
             ? OK
             : fail(err, ERR_RANGE, "%s has %d column%s, wanted are %d: %s",
                    shape.what, n, n == 1 ? "" : "s", shape.columns,
                    shape.names);
}

static int prepare_one(const Call *call, EncodeText text, QueryShape shape,
                       sqlite3_stmt **out, Error *err) {
  const char *rest = NULL;
  int status = sqlite3_prepare_v2(call->watch.db, text.text, (int)text.bytes,
                                  out, &rest);
  if (status != SQLITE_OK)
    return said(call, shape.what, status, err);
  size_t used = (size_t)(rest - text.text);
  int rc = check_kind(*out, shape, err);
  return rc ? rc : check_rest(call, shape.what, rest, text.bytes - used, err);
}

/* Gives a statement back that failed to get ready. */
static int give_up(sqlite3_stmt **stmt, int rc) {
  if (rc) {
    sqlite3_finalize(*stmt);
    *stmt = NULL;
  }
  return rc;
}

int query_prepare(const Call *call, EncodeText text, QueryShape shape,
                  sqlite3_stmt **out, Error *err) {
  *out = NULL;
  if (text.bytes > QUERY_MAX)
    return fail(err, ERR_RANGE, "%s has %zu bytes, the limit is %d", shape.what,
                text.bytes, QUERY_MAX);
  if (text.bytes && memchr(text.text, 0, text.bytes))
    return fail(err, ERR_RANGE, "%s has a NUL in it", shape.what);
  return give_up(out, prepare_one(call, text, shape, out, err));
}

/* --- Parameters ----------------------------------------------------------- */

static int bind_json(sqlite3_stmt *stmt, int i, const cJSON *item, Error *err) {
  int status = SQLITE_OK;
  double number = item->valuedouble;
  if (cJSON_IsString(item))
    status =
        sqlite3_bind_text(stmt, i, item->valuestring, -1, SQLITE_TRANSIENT);
  else if (cJSON_IsBool(item))
    status = sqlite3_bind_int(stmt, i, cJSON_IsTrue(item));
  else if (cJSON_IsNumber(item) && fabs(number) <= 0x1p53 &&
           number == floor(number))
    status = sqlite3_bind_int64(stmt, i, (sqlite3_int64)number);
  else if (cJSON_IsNumber(item))
    status = sqlite3_bind_double(stmt, i, number);
  else if (!cJSON_IsNull(item))
    return fail(err, ERR_RANGE,
                "parameter ?%d is neither number, string, true, false nor null",
                i);
  return status == SQLITE_OK ? OK : fail_memory(err);
}

static int bind_array(sqlite3_stmt *stmt, EncodeText text, Error *err) {
  cJSON *array;
  int wanted = sqlite3_bind_parameter_count(stmt), i = 1;
  int rc = json_parse("parameters", text.text, text.bytes, PARAMETERS_MAX,
                      &array, err);
  if (rc)
    return rc;
  int n = cJSON_IsArray(array) ? cJSON_GetArraySize(array) : -1;
  if (n < 0)
    rc = fail(err, ERR_RANGE,
              "parameters are no JSON array: '[1, \"a\"]', or "
              "p1, p2, ... in the next places");
  else if (n != wanted)
    rc = fail(err, ERR_RANGE, "query wants %d parameter%s, %d given", wanted,
              wanted == 1 ? "" : "s", n);
  const cJSON *item = array->child;
  for (; rc == OK && item; item = item->next)
    rc = bind_json(stmt, i++, item, err);
  cJSON_Delete(array);
  return rc;
}

static int bind_values(const Scan *scan, int first, sqlite3_stmt *stmt,
                       Error *err) {
  int wanted = sqlite3_bind_parameter_count(stmt), given = 0;
  for (int i = 1; i <= QUERY_VALUES; i++)
    if (scan->params[first + i - 1].n)
      given = i;
  if (given != wanted)
    return fail(err, ERR_RANGE,
                "query wants %d parameter%s, %d given: p1 to p%d, or a JSON "
                "array as parameters",
                wanted, wanted == 1 ? "" : "s", given, QUERY_VALUES);
  for (int i = 1; i <= given; i++) {
    sqlite3_value *value = param_option(scan, first + i - 1);
    if (value && sqlite3_bind_value(stmt, i, value) != SQLITE_OK)
      return fail_memory(err);
  }
  return OK;
}

static int bind(const Scan *scan, QueryPlace place, sqlite3_stmt *stmt,
                Error *err) {
  EncodeText array = param_text(scan, place.parameters, 0);
  if (!array.text)
    return bind_values(scan, place.parameters + 1, stmt, err);
  for (int i = 1; i <= QUERY_VALUES; i++)
    if (scan->params[place.parameters + i].n)
      return fail(err, ERR_RANGE, "parameters and p%d are both given", i);
  return bind_array(stmt, array, err);
}

/* --- Running -------------------------------------------------------------- */

int query_open(Scan *scan, QueryPlace place, QueryShape shape,
               sqlite3_stmt **out, Error *err) {
  *out = NULL;
  if (scan->call.connection->reading)
    return fail(err, ERR_RANGE, "a query reads a table that runs a query");
  int rc = query_prepare(&scan->call, param_text(scan, place.query, 0), shape,
                         out, err);
  rc = rc ? rc : bind(scan, place, *out, err);
  return give_up(out, rc);
}

int query_step(Call *call, sqlite3_stmt *query, bool *row, Error *err) {
  call_pause(call);
  call->connection->reading = true;
  int status = sqlite3_step(query);
  call->connection->reading = false;
  call_resume(call);
  *row = status == SQLITE_ROW;
  return *row || status == SQLITE_DONE ? OK : said(call, "query", status, err);
}

/* --- Counting ------------------------------------------------------------- */

/* A query may end in a comment, so what follows stands on a line of its own. */
static const char COUNT[] = "SELECT count(*) FROM (%.*s\n)";

static int read_count(Scan *scan, sqlite3_stmt *stmt, size_t *n, Error *err) {
  bool row;
  int rc = query_step(&scan->call, stmt, &row, err);
  if (rc == OK && row)
    *n = (size_t)sqlite3_column_int64(stmt, 0);
  return rc == ERR_FORMAT ? OK : rc;
}

/* A query that cannot stand in parentheses, as one that ends in a semicolon,
 * has no count. */
int query_count(Scan *scan, QueryPlace place, size_t *n, Error *err) {
  EncodeText text = param_text(scan, place.query, 0);
  sqlite3_stmt *stmt = NULL;
  char *sql = sqlite3_mprintf(COUNT, (int)text.bytes, text.text);
  if (!sql)
    return fail_memory(err);
  int rc =
      sqlite3_prepare_v2(scan->call.watch.db, sql, -1, &stmt, NULL) == SQLITE_OK
          ? bind(scan, place, stmt, err)
          : OK;
  if (rc == OK && stmt)
    rc = read_count(scan, stmt, n, err);
  sqlite3_finalize(stmt);
  sqlite3_free(sql);
  return rc;
}
