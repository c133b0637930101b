/*
 * call.h - the frame of one call out of SQL: what every function does first
 * and last.
 *
 *     Call call;
 *     call_begin(&call, "distilbert_answer", connection, db);
 *     rc = call_use(&call, model_argument, TASK_ANSWER, &err);
 *     rc = rc ? rc : answer_run(call.model, &call.run, ...);
 *     call_end(&call);
 *     ... call_result(ctx, &call, rc, &err) or call_code(...) on failure
 */
#ifndef SQL_CALL_H
#define SQL_CALL_H

#include <fenv.h>
#include "model/run.h"
#include "sql/memo.h"
#include "sql/value.h"
#include "sql/watch.h"
#include "store/registry.h"
#include "store/settings.h"

/* What a connection keeps; counted by what is registered in it. */
typedef struct Connection {
  int uses;
  bool safe;          /* the safe entry's: shows no paths */
  int64_t next_check; /* Watch's clock */
  Memo memo;
  uint64_t inferences; /* texts that went through a model */
  bool reading;        /* a table reads a query it was given (query.h) */
} Connection;

/* With one use; NULL when memory ran out. */
Connection *connection_open(bool safe);
void connection_use(Connection *c);
/* For xDestroy: the last one lets go of the models and the threads. */
void connection_done(void *connection);

typedef struct Call {
  const char *function; /* as the user wrote it, for messages; borrowed */
  sqlite3_context *ctx; /* of a scalar function; else NULL */
  Watch watch;
  Run run;           /* polls `watch`: a Call must not move */
  ModelEntry *entry; /* held until call_end; may be NULL */
  const Model *model;
  Overflow overflow;      /* of the model in use; see call_use */
  Connection *connection; /* borrowed */
  fenv_t host;            /* the host's floating-point modes, while `inside` */
  bool inside;
} Call;

/* Begins with the default rounding and no flushing to zero: results must not
 * depend on the host's thread. */

void call_begin(Call *call, const char *function, Connection *connection,
                sqlite3 *db);

/* The same, for a scalar function whose user data is the Connection. */
void call_begin_scalar(Call *call, const char *function, sqlite3_context *ctx);

/* Holds the model of that name (`name` or its value NULL: the default) in
 * call->model; `task` as in registry_use. call->overflow becomes what the
 * model's registration says; else the setting's if no model was named, and
 * OVERFLOW_TRUNCATE if one was. */
int call_use(Call *call, sqlite3_value *name, Task task, Error *err);

/* What becomes of long texts where windows are the rule: what the model's
 * registration says, else OVERFLOW_WINDOW. */
Overflow call_window(const Call *call);

/* The same for a scalar function, of whose argc arguments argv[at], if it is
 * there, names the model; ERR_RANGE as well: see schema_check. */
int call_use_argument(Call *call, int argc, sqlite3_value **argv, int at,
                      Task task, Error *err);

/* What a result depends on beside model and engine: the task, its options as
 * numbers, and the texts. */
enum { QUESTION_TEXTS = 3 };
typedef struct Question {
  Task task;
  const uint64_t *options;
  size_t n_options;
  EncodeText texts[QUESTION_TEXTS]; /* up to one whose text is NULL */
} Question;

/*
 * What this connection found before for the same question to the same model
 * (call_use comes first): *bytes of it, which stay until the next of these two
 * calls. NULL: it is not there, then *bytes is as it was. `key` is for
 * call_remember, which keeps a copy of what was found instead, or nothing where
 * memory is short: neither can fail. The setting cache_entries says how many
 * results are kept.
 */
const void *call_recall(Call *call, const Question *question, MemoKey *key,
                        size_t *bytes);
void call_remember(Call *call, const MemoKey *key, const void *value,
                   size_t bytes);

/* n texts are about to go through the model: for distilbert_debug(). */
void call_count(Call *call, size_t n);

/* Around the time SQLite runs again: pausing gives back what must not live
 * then, the floating-point modes too; the model stays. */
void call_pause(Call *call);
void call_resume(Call *call);
void call_end(Call *call);

/* SQLite's code for one of ours. */
int call_code(const Call *call, int rc);

/* "FUNCTION: message", from sqlite3_malloc; NULL when memory ran out. */
char *call_message(const Call *call, const Error *err);

/* Makes a failure (rc != OK) the result of a scalar function or column. */
void call_fail(sqlite3_context *ctx, const Call *call, int rc,
               const Error *err);

#endif
