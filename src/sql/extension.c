/*
 * extension.c - the way in: registers everything in a connection.
 *
 *     .load ./distilbert
 *     SELECT load_extension('./distilbert', 'sqlite3_distilbertsafe_init');
 *     sqlite3_auto_extension((void (*)(void))sqlite3_distilbert_init);
 *
 * Two entries: sqlite3_distilbert_init registers all there is, and
 * sqlite3_distilbertsafe_init leaves out what opens paths or changes the
 * process, or runs SQL that it is given as text: its distilbert_models and
 * distilbert_config are read-only.
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
#include "sql/feature.h"
#include "sql/table.h"
SQLITE_EXTENSION_INIT1

enum { OLDEST = 3031000 }; /* SQLITE_VTAB_DIRECTONLY */

#define FEATURE_LISTED(name) &name##_feature,
static const Feature *const features[] = {FEATURES(FEATURE_LISTED)};
enum { N_FEATURES = sizeof features / sizeof *features };

static int register_scalar(sqlite3 *db, const Scalar *f,
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
static int remove_scalar(sqlite3 *db, const Scalar *f) {
  int rc = SQLITE_OK;
  for (int n = f->least; n <= f->most && rc == SQLITE_OK; n++)
    rc = sqlite3_create_function_v2(db, f->name, n, SQLITE_UTF8, NULL, NULL,
                                    NULL, NULL, NULL);
  return rc;
}

static int register_scalars(sqlite3 *db, bool safe, const Feature *f,
                            Connection *connection) {
  int rc = SQLITE_OK;
  for (size_t i = 0; i < f->n_scalars && rc == SQLITE_OK; i++)
    rc = safe && f->scalars[i].safe == SAFE_ABSENT
             ? remove_scalar(db, &f->scalars[i])
             : register_scalar(db, &f->scalars[i], connection);
  return rc;
}

static int register_tables(sqlite3 *db, bool safe, const Feature *f,
                           Connection *connection) {
  int rc = SQLITE_OK;
  for (size_t i = 0; i < f->n_tables && rc == SQLITE_OK; i++)
    rc = safe && f->tables[i].safe == SAFE_ABSENT
             ? table_remove(db, f->tables[i].kind)
             : table_register(db, f->tables[i].kind,
                              safe && f->tables[i].safe == SAFE_READ_ONLY,
                              connection);
  return rc;
}

/* Functions first: taking one away may fail, and then no table has changed. */
static int register_all(sqlite3 *db, bool safe, Connection *connection) {
  int rc = SQLITE_OK;
  for (int i = 0; i < N_FEATURES && rc == SQLITE_OK; i++)
    rc = register_scalars(db, safe, features[i], connection);
  for (int i = 0; i < N_FEATURES && rc == SQLITE_OK; i++)
    rc = register_tables(db, safe, features[i], connection);
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
