/*
 * test_schema.c - who may call what from a schema: all of it, as a table.
 *
 *     test_schema [--print]          --print: the table, for people
 *
 * A database file comes from anybody, and brings views, triggers, checks,
 * defaults, generated columns and indexes that run when it is looked at.  For
 * each of our functions and tables, in each of these places, with
 * trusted_schema ON and OFF, through both entries: the file is made by one
 * connection and used by another.  What must come out follows from the kind:
 *
 *     PURE     deterministic functions, and calls that name a model that is
 *              built in or has its fingerprint: anywhere in a trusted schema,
 *              nowhere in another
 *     TOLD     not deterministic, such as calls that name no model: not in
 *              indexes and generated columns; in a CHECK of an untrusted
 *              schema SQLite 3.40 lets them pass
 *     TABLE    computing tables: where a SELECT may stand, trusted only
 *     DIRECT   tables of the process: never
 *     WRITES   functions that write files: never; the safe entry has none
 *     RUNS     tables that run SQL given as text: the same
 *
 * Directly, and in temporary views and triggers, which are the user's own, all
 * work always.  Functions and tables of the library that have no row here are
 * found out by asking SQLite.
 */
#include "check.h"
#include "sql/schema.h"
#include "store/registry.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sqlite3.h>
#include "distilbert.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

typedef enum Kind { PURE, TOLD, TABLE, DIRECT, WRITES, RUNS } Kind;

#define CHECKPOINT(name)                                                       \
  "tests/oracle/data/checkpoints/distilbert-uncased-" name
#define MASKED CHECKPOINT("mlm")

/* Calls of models that are not built in, with their fingerprints, which are not
 * known before. */
enum { FILL, CHOOSE, N_PINNED };
static char pinned[N_PINNED][200];
static const struct {
  const char *name, *path, *call;
} models[] = {
    {"masked", MASKED, "distilbert_fill(body || ' [MASK]', 'masked@%s')"},
    {"choices", CHECKPOINT("mc"),
     "distilbert_choose(body, '[\"a\"]', 'choices@%s')"},
    {"nli", CHECKPOINT("nli"), "%s"},
};

/* `sql` of a function is an expression over `body`, of a table a FROM item
 * with one column named x. */
static const struct Object {
  const char *name;
  Kind kind;
  const char *sql;
} objects[] = {
    {"distilbert_answer", TOLD, "distilbert_answer('Who?', body)"},
    {"distilbert_answer", PURE,
     "distilbert_answer('Who?', body, 'distilbert-minilm-qa')"},
    {"distilbert_highlight", TOLD, "distilbert_highlight('Who?', body, 1, 2)"},
    {"distilbert_highlight", PURE,
     "distilbert_highlight('Who?', body, 1, 2, 'distilbert-minilm-qa')"},
    {"distilbert_token_count", TOLD, "distilbert_token_count(body)"},
    {"distilbert_token_count", PURE,
     "distilbert_token_count(body, 'all-minilm-l6-v2')"},
    {"distilbert_fingerprint", TOLD,
     "length(distilbert_fingerprint() || body)"},
    {"distilbert_version", TOLD, "distilbert_version() || body"},
    {"distilbert_embed", TOLD, "length(distilbert_embed(body))"},
    {"distilbert_embed", PURE,
     "length(distilbert_embed(body, 'all-minilm-l6-v2'))"},
    {"distilbert_cosine", PURE, "distilbert_cosine('[1]', '[1]') || body"},
    {"distilbert_vector_json", PURE, "distilbert_vector_json('[1]') || body"},
    {"distilbert_fts_query", PURE, "distilbert_fts_query(body)"},
    {"distilbert_fill", PURE, pinned[FILL]},
    {"distilbert_classify", TOLD, "distilbert_classify(body)"},
    {"distilbert_classify", PURE,
     "distilbert_classify(body, 'distilbert-minilm-sst2')"},
    {"distilbert_choose", PURE, pinned[CHOOSE]},
    {"distilbert_entities_json", TOLD, "distilbert_entities_json(body)"},
    {"distilbert_entities_json", PURE,
     "distilbert_entities_json(body, 'distilbert-minilm-ner')"},
    {"distilbert_debug", TOLD, "distilbert_debug() || body"},
    {"distilbert_answers", TABLE,
     "(SELECT answer AS x FROM distilbert_answers('Who?', 'Ann'))"},
    {"distilbert_tokens", TABLE,
     "(SELECT token AS x FROM distilbert_tokens('Ann'))"},
    {"distilbert_features", TABLE,
     "(SELECT vector AS x FROM distilbert_features('Ann'))"},
    {"distilbert_span_logits", TABLE,
     "(SELECT end_logit AS x FROM distilbert_span_logits('Who?', 'Ann'))"},
    {"distilbert_chunks", TABLE,
     "(SELECT chunk AS x FROM distilbert_chunks('Ann'))"},
    {"distilbert_fill_mask", TABLE,
     "(SELECT token_str AS x FROM distilbert_fill_mask('a [MASK]')"
     " WHERE model = 'masked')"},
    {"distilbert_classes", TABLE,
     "(SELECT label AS x FROM distilbert_classes('Ann'))"},
    {"distilbert_choices", TABLE,
     "(SELECT choice AS x FROM distilbert_choices('Ann', '[\"a\"]')"
     " WHERE model = 'choices')"},
    {"distilbert_zero_shot", TABLE,
     "(SELECT label AS x FROM distilbert_zero_shot('Ann', 'a, b')"
     " WHERE model = 'nli')"},
    {"distilbert_entities", TABLE,
     "(SELECT word AS x FROM distilbert_entities('Ann') WHERE ignore = '')"},
    {"distilbert_progress", TABLE,
     "(SELECT max(done) AS x FROM distilbert_progress)"},
    {"distilbert_embed_each", RUNS,
     "(SELECT key AS x FROM distilbert_embed_each('SELECT 1, 2'))"},
    {"distilbert_answer_each", RUNS,
     "(SELECT key AS x FROM distilbert_answer_each('SELECT 1, 2, 3'))"},
    {"distilbert_classify_each", RUNS,
     "(SELECT key AS x FROM distilbert_classify_each('SELECT 1, 2'))"},
    {"distilbert_entities_each", RUNS,
     "(SELECT key AS x FROM distilbert_entities_each('SELECT 1, 2'))"},
    {"distilbert_ask", RUNS,
     "(SELECT key AS x FROM distilbert_ask('Who?', 'found'))"},
    {"distilbert_models", DIRECT, "(SELECT name AS x FROM distilbert_models)"},
    {"distilbert_config", DIRECT, "(SELECT key AS x FROM distilbert_config)"},
    {"distilbert_quantize", WRITES, "distilbert_quantize(NULL, body)"},
    {"distilbert_set", WRITES, "distilbert_set('threads', NULL) || body"},
    {"distilbert_register", WRITES,
     "distilbert_register('masked', '" MASKED "') || body"},
    {"distilbert_forget", WRITES,
     "distilbert_forget(distilbert_register('gone', '" MASKED "'))"},
};

/* %s is the object. `make` is in the file, `use` looks at it; both must
 * succeed. For a function the FROM item is a SELECT of it. */
typedef enum Where { EVERYWHERE, DETERMINISTIC, STATEMENT, OWN } Where;

static const struct Place {
  const char *name;
  Where where;
  const char *make, *use;
} places[] = {
    {"view", STATEMENT, "CREATE VIEW v AS SELECT x FROM %s", "SELECT x FROM v"},
    {"trigger", STATEMENT,
     "CREATE TRIGGER r AFTER INSERT ON docs BEGIN"
     " INSERT INTO log SELECT x FROM %s; END",
     "INSERT INTO docs VALUES ('Bob wrote it.')"},
    {"CHECK", EVERYWHERE, "CREATE TABLE t(body, CHECK (%s IS NOT 0))",
     "INSERT INTO t VALUES ('Bob wrote it.')"},
    {"DEFAULT", EVERYWHERE, "CREATE TABLE t(a, b DEFAULT (%s))",
     "INSERT INTO t(a) VALUES (1)"},
    {"generated column", DETERMINISTIC,
     "CREATE TABLE t(body, g AS (%s) VIRTUAL); INSERT INTO t VALUES ('Bob.')",
     "SELECT g FROM t"},
    {"stored column", DETERMINISTIC, "CREATE TABLE t(body, g AS (%s) STORED)",
     "INSERT INTO t VALUES ('Bob wrote it.')"},
    {"index", DETERMINISTIC, "CREATE INDEX i ON docs(%s)",
     "INSERT INTO docs VALUES ('Bob wrote it.')"},
    {"partial index", DETERMINISTIC,
     "CREATE INDEX i ON docs(body) WHERE %s IS NOT 0",
     "INSERT INTO docs VALUES ('Bob wrote it.')"},
    {"temp view", OWN, "",
     "CREATE TEMP VIEW w AS SELECT x FROM %s;"
     "SELECT x FROM w"},
    {"direct", OWN, "", "SELECT x FROM %s"},
};

static bool is_table(Kind kind) {
  return kind == TABLE || kind == DIRECT || kind == RUNS;
}

/* What the comment on top says. */
static bool is_allowed(Kind kind, Where where, bool trusted, bool safe) {
  if (kind == WRITES || kind == RUNS)
    return where == OWN && !safe;
  if (where == OWN)
    return true;
  if (!trusted || kind == DIRECT)
    return false;
  if (where == STATEMENT)
    return true;
  return kind == PURE || (kind == TOLD && where == EVERYWHERE);
}

/* --- Trying ---------------------------------------------------------------*/

static char path[] = "/tmp/distilbert-schema.XXXXXX";

static sqlite3 *open_file(bool safe) {
  sqlite3 *db = NULL;
  sqlite3_open(path, &db);
  (safe ? sqlite3_distilbertsafe_init : sqlite3_distilbert_init)(db, NULL,
                                                                 NULL);
  sqlite3_exec(db, "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY",
               NULL, NULL, NULL);
  return db;
}

/* Fills in the object. DEFAULT has no column `body` to speak of. */
static int run(sqlite3 *db, const struct Object *o, const struct Place *p,
               const char *sql, char message[256]) {
  char expression[256], from[300], text[1024];
  snprintf(expression, sizeof expression, "%s", o->sql);
  char *body = strstr(expression, "body");
  if (body && !strcmp(p->name, "DEFAULT"))
    memcpy(body, "'a' ", 4);
  snprintf(from, sizeof from, "(SELECT %s AS x FROM docs)", expression);
  bool as_table = p->where == STATEMENT || p->where == OWN;
  const char *what = is_table(o->kind) || !as_table ? expression : from;
  sqlite3_snprintf(sizeof text, text, sql, what);
  int rc = sqlite3_exec(db, text, NULL, NULL, NULL);
  snprintf(message, 256, "%s", rc ? sqlite3_errmsg(db) : "");
  return rc;
}

static bool works(const struct Object *o, const struct Place *p, bool trusted,
                  bool safe, char message[256]) {
  unlink(path);
  sqlite3 *db = open_file(false);
  sqlite3_exec(db,
               "CREATE TABLE docs(body); CREATE TABLE log(x);"
               "CREATE VIRTUAL TABLE found USING fts5(body);"
               "INSERT INTO docs VALUES ('Ann wrote it.')",
               NULL, NULL, NULL);
  int rc = run(db, o, p, p->make, message);
  sqlite3_close(db);
  if (rc)
    return false;
  db = open_file(safe);
  sqlite3_exec(db,
               trusted ? "PRAGMA trusted_schema = ON"
                       : "PRAGMA trusted_schema = OFF",
               NULL, NULL, NULL);
  rc = run(db, o, p, p->use, message);
  sqlite3_close(db);
  return rc == SQLITE_OK;
}

static void check_cell(const struct Object *o, const struct Place *p,
                       bool trusted, bool safe) {
  char message[256];
  bool expected = is_allowed(o->kind, p->where, trusted, safe);
  bool got = works(o, p, trusted, safe, message);
  CHECK(got == expected, "%s in %s, trusted_schema %d, safe %d: %s %s", o->name,
        p->name, trusted, safe, got ? "allowed" : "refused:", message);
}

static void check_place(const struct Object *o, const struct Place *p) {
  for (int i = 0; i < 4; i++) {
    bool trusted = i & 1, safe = i & 2;
    if (trusted || o->kind != TOLD || strcmp(p->name, "CHECK") != 0)
      check_cell(o, p, trusted, safe);
  }
}

/* --- Nothing is missing ---------------------------------------------------*/

static bool has_row(const char *name) {
  for (size_t i = 0; i < COUNT(objects); i++)
    if (!strcmp(objects[i].name, name))
      return true;
  return false;
}

static bool exists(sqlite3 *db, const char *name) {
  sqlite3_stmt *stmt = NULL;
  sqlite3_prepare_v2(db,
                     "SELECT 1 FROM pragma_function_list WHERE name = ?1"
                     " UNION SELECT 1 FROM pragma_module_list WHERE name = ?1",
                     -1, &stmt, NULL);
  sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
  bool found = sqlite3_step(stmt) == SQLITE_ROW;
  sqlite3_finalize(stmt);
  return found;
}

static void check_complete(sqlite3 *db) {
  sqlite3_stmt *stmt = NULL;
  sqlite3_prepare_v2(db,
                     "SELECT DISTINCT name FROM pragma_function_list"
                     "  WHERE name LIKE 'distilbert%'"
                     " UNION SELECT name FROM pragma_module_list"
                     "  WHERE name LIKE 'distilbert%'",
                     -1, &stmt, NULL);
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(stmt, 0);
    CHECK(has_row(name), "%s has no row in this test", name);
  }
  sqlite3_finalize(stmt);
}

/* Functions that are deterministic with their last argument alone name a model
 * by it: what depends on one that may change must be found out. */
static void check_models(sqlite3 *db) {
  sqlite3_stmt *stmt = NULL;
  int n = 0;
  sqlite3_prepare_v2(
      db,
      "SELECT name, narg FROM pragma_function_list AS f"
      " WHERE name LIKE 'distilbert%' AND flags & 0x800 AND EXISTS"
      "  (SELECT 1 FROM pragma_function_list AS g WHERE g.name = f.name"
      "    AND g.narg = f.narg - 1 AND NOT g.flags & 0x800)",
      -1, &stmt, NULL);
  for (; sqlite3_step(stmt) == SQLITE_ROW; n++) {
    const char *name = (const char *)sqlite3_column_text(stmt, 0);
    char sql[256];
    int used = snprintf(sql, sizeof sql, "CREATE INDEX i ON t(%s(", name);
    for (int i = sqlite3_column_int(stmt, 1); i > 1; i--)
      used += snprintf(sql + used, sizeof sql - (size_t)used, "body, ");
    snprintf(sql + used, sizeof sql - (size_t)used, "'m'))");
    CHECK(schema_depends(sql, "m"), "%s", sql);
  }
  CHECK(n >= 8, "%d functions name a model", n);
  sqlite3_finalize(stmt);
}

static void print_row(const struct Object *o) {
  printf("%-24s", o->name);
  for (size_t i = 0; i < COUNT(places); i++)
    printf(" %-*s", (int)strlen(places[i].name),
           is_allowed(o->kind, places[i].where, false, false)  ? "yes"
           : is_allowed(o->kind, places[i].where, true, false) ? "ON"
                                                               : "no");
  printf("\n");
}

static void print_table(void) {
  printf("%-24s", "");
  for (size_t i = 0; i < COUNT(places); i++)
    printf(" %s", places[i].name);
  printf("\n");
  for (size_t i = 0; i < COUNT(objects); i++)
    print_row(&objects[i]);
}

static void register_models(void) {
  for (size_t i = 0; i < COUNT(models); i++) {
    char print[65] = "";
    registry_add(models[i].name, models[i].path, NULL, NULL, NULL, NULL);
    registry_fingerprint(models[i].name, NULL, print, NULL);
    const char *at = strstr(models[i].call, "%s");
    if (i < N_PINNED)
      snprintf(pinned[i], sizeof pinned[i], "%.*s%s%s",
               (int)(at - models[i].call), models[i].call, print, at + 2);
  }
}

int main(int argc, char **argv) {
  if (argc > 1 && !strcmp(argv[1], "--print")) {
    print_table();
    return 0;
  }
  close(mkstemp(path));
  sqlite3 *db = open_file(false);
  register_models();
  check_complete(db);
  check_models(db);
  for (size_t i = 0; i < COUNT(objects); i++) {
    if (!exists(db, objects[i].name)) {
      SKIP("%s: not built yet", objects[i].name);
      continue;
    }
    for (size_t j = 0; j < COUNT(places); j++)
      check_place(&objects[i], &places[j]);
  }
  sqlite3_close(db);
  unlink(path);
  return check_done();
}
