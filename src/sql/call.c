/*
 * call.c - the frame of one call out of SQL.
 *
 * In:  the SQL function's name, its connection, its model argument.
 * Out: a held model and a Run for the layers below; errors as SQLite's.
 *
 * The one place where our error codes become SQLite's:
 *
 *     ERR_NOMEM      SQLITE_NOMEM       SQLite's own message
 *     ERR_INTERRUPT  SQLITE_INTERRUPT   SQLite's own message
 *     the others     SQLITE_ERROR       "FUNCTION: sentence"
 *
 * A Connection is shared by everything that is registered in one database
 * connection.  SQLite destroys registrations one by one, when they are
 * replaced, when registering fails and when the connection closes; the last
 * of them lets go of the process's models and threads.
 */
#include "sql/call.h"

#include <string.h>
#include "base/memory.h"
#include "base/pool.h"
#include "base/sha256.h"
#include "sql/schema.h"
SQLITE_EXTENSION_INIT3

Connection *connection_open(bool safe) {
  Connection *c = mem_zeroed(sizeof *c);
  if (!c)
    return NULL;
  c->uses = 1;
  c->safe = safe;
  registry_retain();
  pool_retain();
  return c;
}

void connection_use(Connection *c) {
  c->uses++;
}

void connection_done(void *connection) {
  Connection *c = connection;
  if (--c->uses > 0)
    return;
  memo_shrink(&c->memo, 0);
  registry_release();
  pool_release();
  mem_free(c);
}

void call_begin(Call *call, const char *function, Connection *connection,
                sqlite3 *db) {
  *call = (Call){.function = function};
  call->connection = connection;
  call->watch = (Watch){.db = db, .next_check = &connection->next_check};
  call->run = (Run){.engine = setting_engine(),
                    .n_threads = setting_number(SETTING_THREADS),
                    .poll = {.stop = watch_stop, .arg = &call->watch}};
  call_resume(call);
}

void call_begin_scalar(Call *call, const char *function, sqlite3_context *ctx) {
  call_begin(call, function, sqlite3_user_data(ctx),
             sqlite3_context_db_handle(ctx));
  call->ctx = ctx;
}

int call_use(Call *call, sqlite3_value *name, Task task, Error *err) {
  const char *text;
  int rc = value_name("model", name, &text, err);
  if (rc)
    return rc;
  rc = registry_use(text, task, &call->run.poll, &call->entry, &call->model,
                    err);
  if (rc)
    return rc;
  call->overflow = call->model->sentence.overflow;
  if (call->overflow == OVERFLOW_UNSAID)
    call->overflow = text ? OVERFLOW_TRUNCATE : setting_overflow();
  return OK;
}

Overflow call_window(const Call *call) {
  Overflow registered = call->model->sentence.overflow;
  return registered == OVERFLOW_UNSAID ? OVERFLOW_WINDOW : registered;
}

/* Once a statement, while its model is a constant. */
static int check_schema(Call *call, int at, const char *name, Error *err) {
  static char checked;
  if (!name || strchr(name, '@') || registry_is_builtin(name) ||
      sqlite3_get_auxdata(call->ctx, at))
    return OK;
  int rc = schema_check(call->watch.db, name, err);
  if (rc == OK)
    sqlite3_set_auxdata(call->ctx, at, &checked, NULL);
  return rc;
}

int call_use_argument(Call *call, int argc, sqlite3_value **argv, int at,
                      Task task, Error *err) {
  sqlite3_value *name = argc > at ? argv[at] : NULL;
  const char *text;
  int rc = value_name("model", name, &text, err);
  rc = rc ? rc : check_schema(call, at, text, err);
  return rc ? rc : call_use(call, name, task, err);
}

void call_count(Call *call, size_t n) {
  call->connection->inferences += n;
}

/* --- The cache ------------------------------------------------------------ */

static MemoKey key_of(const Call *call, const Question *q) {
  const uint64_t fixed[] = {q->task, call->model->serial, call->run.engine,
                            q->n_options};
  MemoKey key = {.off = false};
  Sha256 h;
  sha256_init(&h);
  sha256_add(&h, fixed, sizeof fixed);
  sha256_add(&h, q->options, q->n_options * sizeof *q->options);
  for (size_t i = 0; i < QUESTION_TEXTS && q->texts[i].text; i++) {
    uint64_t bytes = q->texts[i].bytes;
    sha256_add(&h, &bytes, sizeof bytes);
    sha256_add(&h, q->texts[i].text, q->texts[i].bytes);
  }
  sha256_end(&h, key.digest);
  return key;
}

const void *call_recall(Call *call, const Question *question, MemoKey *key,
                        size_t *bytes) {
  Memo *memo = &call->connection->memo;
  size_t room = setting_number(SETTING_CACHE_ENTRIES);
  memo_shrink(memo, room);
  *key = (MemoKey){.off = true};
  for (int i = 0; i < QUESTION_TEXTS; i++)
    if (room == 0 || question->texts[i].bytes > MEMO_TEXT_MAX)
      return NULL;
  *key = key_of(call, question);
  return memo_find(memo, key, bytes);
}

void call_remember(Call *call, const MemoKey *key, const void *value,
                   size_t bytes) {
  memo_keep(&call->connection->memo, key, value, bytes,
            setting_number(SETTING_CACHE_ENTRIES));
}

/* --- Around the call ------------------------------------------------------ */

void call_resume(Call *call) {
  fegetenv(&call->host);
  fesetenv(FE_DFL_ENV);
  call->inside = true;
}

void call_pause(Call *call) {
  watch_end(&call->watch);
  if (call->inside)
    fesetenv(&call->host);
  call->inside = false;
}

void call_end(Call *call) {
  call_pause(call);
  if (call->entry)
    registry_done(call->entry);
  call->entry = NULL;
  call->model = NULL;
}

int call_code(const Call *call, int rc) {
  switch (rc) {
  case OK:
    return SQLITE_OK;
  case ERR_NOMEM:
    return SQLITE_NOMEM;
  case ERR_INTERRUPT:
    return call->watch.stopped ? call->watch.stopped : SQLITE_INTERRUPT;
  default:
    return SQLITE_ERROR;
  }
}

char *call_message(const Call *call, const Error *err) {
  return sqlite3_mprintf("%s: %s", call->function, err->message);
}

void call_fail(sqlite3_context *ctx, const Call *call, int rc,
               const Error *err) {
  int status = call_code(call, rc);
  char *message = status == SQLITE_ERROR ? call_message(call, err) : NULL;
  if (message)
    sqlite3_result_error(ctx, message, -1);
  else if (status == SQLITE_INTERRUPT)
    sqlite3_result_error_code(ctx, status);
  else
    sqlite3_result_error_nomem(ctx);
  sqlite3_free(message);
}
