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
 * Flags tell the truth.  A call that names its model is DETERMINISTIC; one that
 * names none depends on settings of the process, so SQLite refuses it in
 * indexes and generated columns (schema.c has what is left to refuse).  No
 * function is INNOCUOUS, so a hostile schema gets nothing under
 * trusted_schema = OFF; what changes the process is DIRECTONLY.  Nothing is
 * read and no thread is started here.
 */
#include "base/memory.h"
#include "distilbert.h"
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
enum { TYPED = 0x1000000 };
/* Looks at the subtype of an argument, which SQLite may else drop. */
enum { READS_TYPE = 0x100000 };

static const struct Scalar {
  const char *name;
  int least, most; /* arguments */
  int flags;
  int model; /* the number of arguments with which a model is named; 0: never */
  scalar_function *run;
} scalars[] = {
    {"distilbert_answer", 2, 3, PURE, 3, fn_answer},
    {"distilbert_highlight", 4, 5, PURE, 5, fn_highlight},
    {"distilbert_embed", 1, 2, PURE | TYPED, 2, fn_embed},
    {"distilbert_cosine", 2, 2, PURE | READS_TYPE, 0, fn_cosine},
    {"distilbert_vector_json", 1, 1, PURE | TYPED | READS_TYPE, 0,
     fn_vector_json},
    {"distilbert_fts_query", 1, 1, PURE, 0, fn_fts_query},
    {"distilbert_fill", 1, 2, PURE, 2, fn_fill},
    {"distilbert_token_count", 1, 2, PURE, 2, fn_token_count},
    {"distilbert_fingerprint", 0, 1, VOLATILE, 0, fn_fingerprint},
    {"distilbert_version", 0, 0, VOLATILE, 0, fn_version},
    {"distilbert_debug", 0, 0, VOLATILE, 0, fn_debug},
    {"distilbert_quantize", 2, 3, WRITES, 0, fn_quantize},
    {"distilbert_set", 2, 2, WRITES, 0, fn_set},
    {"distilbert_register", 2, 4, WRITES, 0, fn_register},
    {"distilbert_forget", 1, 1, WRITES, 0, fn_forget},
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
    bool is_pure = n >= f->model;
    int flags = is_pure ? f->flags : f->flags & ~SQLITE_DETERMINISTIC;
    connection_use(connection);
    int rc = sqlite3_create_function_v2(db, f->name, n, flags, connection,
                                        f->run, NULL, NULL, connection_done);
    /* BUSY: loaded before, and a statement is running, as when the second
     * load is SELECT load_extension(). What is there does as well. */
    if (rc != SQLITE_OK && rc != SQLITE_BUSY)
      return rc;
  }
  return SQLITE_OK;
}

/* Takes away what the other entry may have left in the connection. */
static int remove_scalar(sqlite3 *db, const struct Scalar *f) {
  int rc = SQLITE_OK;
  for (int n = f->least; n <= f->most && rc == SQLITE_OK; n++)
    rc = sqlite3_create_function_v2(db, f->name, n, SQLITE_UTF8, NULL, NULL,
                                    NULL, NULL, NULL);
  return rc;
}

static int register_all(sqlite3 *db, bool safe, Connection *connection) {
  int rc = SQLITE_OK;
  for (int i = 0; i < COUNT(scalars) && rc == SQLITE_OK; i++)
    rc = safe && scalars[i].flags == WRITES
             ? remove_scalar(db, &scalars[i])
             : register_scalar(db, &scalars[i], connection);
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
  Connection *connection = connection_open(safe);
  if (!connection)
    return SQLITE_NOMEM;
  int rc = register_all(db, safe, connection);
  connection_done(connection);
  if (rc == SQLITE_BUSY)
    *message =
        sqlite3_mprintf("distilbert: functions of the other entry cannot "
                        "be taken away while a statement runs");
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
