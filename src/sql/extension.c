/*
 * extension.c - the way in: registers everything in a connection.
 *
 *     .load ./distilbert
 *     SELECT load_extension('./distilbert', 'sqlite3_distilbertsafe_init');
 *     sqlite3_auto_extension((void (*)(void))sqlite3_distilbert_init);
 *
 * Two entries: sqlite3_distilbert_init registers all there is, and
 * sqlite3_distilbertsafe_init leaves out what opens paths or changes the
 * process: its distilbert_models and distilbert_config are read-only.
 *
 * What is returned on success matters.  SQLITE_OK_LOAD_PERMANENTLY keeps the
 * library mapped when the connection closes; but it is not SQLITE_OK, and an
 * automatic extension that returns it makes opening fail.  So it is returned
 * only where loading is allowed in the connection, that is to
 * sqlite3_load_extension(); sqlite3_auto_extension() comes before anybody
 * could allow it.  Compiled with SQLITE_CORE there is nothing to keep mapped.
 *
 * Flags: no function is INNOCUOUS, so a hostile schema gets nothing under
 * trusted_schema = OFF; tables that change the process are DIRECTONLY.
 * Nothing is read and no thread is started here.
 */
#include "base/memory.h"
#include "sql/functions.h"
#include "sql/table.h"
SQLITE_EXTENSION_INIT1

enum { OLDEST = 3031000 }; /* SQLITE_VTAB_DIRECTONLY */
/* Not in the safe entry. DETERMINISTIC, as SQLite 3.40 lets a CHECK of a schema
 * call any other function, DIRECTONLY or not. */
enum { WRITES = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY };
enum { PURE = SQLITE_UTF8 | SQLITE_DETERMINISTIC, VOLATILE = SQLITE_UTF8 };
/* The result has a subtype. SQLite knows the flag from 3.45 on, and before
 * ignores what it does not know. */
enum { TYPED = PURE | 0x1000000 };
/* Looks at the subtype of an argument, which SQLite may else drop. */
enum { READS_TYPE = 0x100000 };

static const struct Scalar {
  const char *name;
  int least, most; /* arguments */
  int flags;
  scalar_function *run;
} scalars[] = {
    {"distilbert_answer", 2, 3, PURE, fn_answer},
    {"distilbert_highlight", 4, 5, PURE, fn_highlight},
    {"distilbert_embed", 1, 2, TYPED, fn_embed},
    {"distilbert_cosine", 2, 2, PURE | READS_TYPE, fn_cosine},
    {"distilbert_vector_json", 1, 1, TYPED | READS_TYPE, fn_vector_json},
    {"distilbert_fts_query", 1, 1, PURE, fn_fts_query},
    {"distilbert_fill", 1, 2, PURE, fn_fill},
    {"distilbert_token_count", 1, 2, PURE, fn_token_count},
    {"distilbert_fingerprint", 0, 1, PURE, fn_fingerprint},
    {"distilbert_version", 0, 0, PURE, fn_version},
    {"distilbert_debug", 0, 0, VOLATILE, fn_debug},
    {"distilbert_quantize", 2, 3, WRITES, fn_quantize},
};

static const struct {
  const TableKind *kind;
  bool read_only_when_safe;
} tables[] = {
    {&answers_table, false}, {&fill_table, false},  {&tokens_table, false},
    {&models_table, true},   {&config_table, true},
};

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

static int register_scalar(sqlite3 *db, const struct Scalar *f,
                           Connection *connection) {
  for (int n = f->least; n <= f->most; n++) {
    connection_use(connection);
    int rc = sqlite3_create_function_v2(db, f->name, n, f->flags, connection,
                                        f->run, NULL, NULL, connection_done);
    /* BUSY: loaded before, and a statement is running, as when the second
     * load is SELECT load_extension(). What is there does as well. */
    if (rc != SQLITE_OK && rc != SQLITE_BUSY)
      return rc;
  }
  return SQLITE_OK;
}

static int register_all(sqlite3 *db, bool safe, Connection *connection) {
  int rc = SQLITE_OK;
  for (int i = 0; i < COUNT(scalars) && rc == SQLITE_OK; i++)
    if (!safe || scalars[i].flags != WRITES)
      rc = register_scalar(db, &scalars[i], connection);
  for (int i = 0; i < COUNT(tables) && rc == SQLITE_OK; i++)
    rc = table_register(db, tables[i].kind,
                        safe && tables[i].read_only_when_safe, connection);
  return rc;
}

static int set_up(sqlite3 *db, bool safe, char **message) {
  if (sqlite3_libversion_number() < OLDEST) {
    *message = sqlite3_mprintf("distilbert: needs SQLite 3.31, this is %s",
                               sqlite3_libversion());
    return SQLITE_ERROR;
  }
  Connection *connection = connection_open();
  if (!connection)
    return SQLITE_NOMEM;
  int rc = register_all(db, safe, connection);
  connection_done(connection);
  return rc;
}

/* What success is to whoever called the entry. */
static int success(sqlite3 *db) {
#ifdef SQLITE_CORE
  (void)db;
  return SQLITE_OK;
#else
  int may_load = 0;
  int rc = sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, -1,
                             &may_load);
  return rc == SQLITE_OK && !may_load ? SQLITE_OK : SQLITE_OK_LOAD_PERMANENTLY;
#endif
}

/* Keeps SQLite's table of functions. There is one table a process, unless
 * two SQLite libraries are in it: memory of one must not go to the other. */
static int take_api(const sqlite3_api_routines *api, char **message) {
#ifdef SQLITE_CORE
  (void)api, (void)message;
  return SQLITE_OK;
#else
  const sqlite3_api_routines *none = NULL;
  bool is_first = __atomic_compare_exchange_n(
      &sqlite3_api, &none, api, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  if (is_first || none == api)
    return SQLITE_OK;
  *message = api->mprintf("distilbert: in use by another SQLite library");
  return SQLITE_ERROR;
#endif
}

static int enter(sqlite3 *db, char **message, const sqlite3_api_routines *api,
                 bool safe) {
  int rc = take_api(api, message);
  rc = rc != SQLITE_OK ? rc : set_up(db, safe, message);
  return rc == SQLITE_OK ? success(db) : rc;
}

__attribute__((visibility("default"))) int
sqlite3_distilbert_init(sqlite3 *db, char **message,
                        const sqlite3_api_routines *api) {
  return enter(db, message, api, false);
}

__attribute__((visibility("default"))) int
sqlite3_distilbertsafe_init(sqlite3 *db, char **message,
                            const sqlite3_api_routines *api) {
  return enter(db, message, api, true);
}
