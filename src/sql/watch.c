/*
 * watch.c - notices sqlite3_interrupt() and the progress handler while a
 * function computes.
 *
 * In:  the connection, and a clock that its calls share.
 * Out: "stop", and whether it was an interrupt or memory that ran out.
 *
 * The idea: run a nested statement on the same connection every few
 * milliseconds.  SQLite itself then looks at the interrupt flag and calls the
 * application's progress handler, whatever the SQLite version, and the nested
 * step returns SQLITE_INTERRUPT.  (sqlite3_is_interrupted() came with 3.41,
 * knows nothing of progress handlers, and reading it through the API table of
 * an older library reads beyond the table.)
 *
 * A progress handler counts virtual machine steps, of which one of our calls
 * is a single one.  So the nested statement is a loop of about a thousand:
 * time spent here counts at that rate, and a handler set for every 1000 steps
 * (the usual figure) runs every CHECK_EVERY; one set for 10,000 every tenth
 * time, since steps add up while the statement lives.
 *
 * It reads no table, so it opens no transaction; it must be finalised before
 * the call returns, or sqlite3_close() would find the connection busy.
 */
#include "sql/watch.h"

#include <time.h>
SQLITE_EXTENSION_INIT3

enum { CHECK_EVERY = 10000000 }; /* nanoseconds; a check takes about 50,000 */

/* About 1200 steps of the virtual machine, and no row. */
static const char TICKS[] =
    "/* distilbert: time passes */ "
    "WITH t(x) AS (VALUES(1),(1),(1),(1),(1))"
    "SELECT 1 FROM t a, t b, t c WHERE a.x + b.x + c.x + b.x < 0";

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int run_ticks(Watch *w) {
  int rc = SQLITE_OK;
  if (!w->ticks)
    rc = sqlite3_prepare_v2(w->db, TICKS, -1, &w->ticks, NULL);
  if (rc == SQLITE_OK) {
    sqlite3_step(w->ticks);
    rc = sqlite3_reset(w->ticks);
  }
  return rc;
}

bool watch_stop(void *watch) {
  Watch *w = watch;
  if (w->stopped)
    return true;
  int64_t time = now();
  if (time < *w->next_check)
    return false;
  int rc = run_ticks(w);
  /* Anything else (an authorizer that forbids it) tells nothing. */
  if (rc == SQLITE_INTERRUPT || rc == SQLITE_NOMEM)
    w->stopped = rc;
  *w->next_check = now() + CHECK_EVERY;
  return w->stopped != SQLITE_OK;
}

void watch_end(Watch *w) {
  sqlite3_finalize(w->ticks);
  w->ticks = NULL;
}
