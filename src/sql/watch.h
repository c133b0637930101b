/*
 * watch.h - notices that the host wants a running call to stop.
 */
#ifndef SQL_WATCH_H
#define SQL_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include "sqlite3ext.h"

typedef struct Watch {
  sqlite3 *db;         /* borrowed */
  int64_t *next_check; /* borrowed from the connection: nanoseconds */
  sqlite3_stmt *ticks; /* owned; NULL until needed */
  int stopped;         /* SQLITE_OK, SQLITE_INTERRUPT or SQLITE_NOMEM */
} Watch;

/* For Poll.stop, arg a Watch: true once the call should end. Only on the
 * thread that runs the statement. */
bool watch_stop(void *watch);

/* Must run before control returns to SQLite. */
void watch_end(Watch *watch);

#endif
