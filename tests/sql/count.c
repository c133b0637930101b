/*
 * count.c - what a step of SQL costs: texts that went through a model.
 *
 * In:  a connection that has the extension.
 * Out: the line "inferences: N texts" of its distilbert_debug().
 *
 * Results are dropped by a call while there is room for none.
 */
#include "sql/count.h"

#include <stdio.h>

/* The first value of the first row as a number; -1: there is none. */
static long long number(sqlite3 *db, const char *sql) {
  sqlite3_stmt *stmt = NULL;
  long long n = -1;
  if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
      sqlite3_step(stmt) == SQLITE_ROW)
    n = sqlite3_column_int64(stmt, 0);
  sqlite3_finalize(stmt);
  return n;
}

void count_cold(sqlite3 *db) {
  char sql[80];
  long long room = number(
      db, "SELECT value FROM distilbert_config WHERE key = 'cache_entries'");
  if (number(db, "SELECT distilbert_set('cache_entries', 0)") != 0)
    return;
  number(db, "SELECT length(distilbert_embed('a', 'all-minilm-l6-v2'))");
  snprintf(sql, sizeof sql, "SELECT distilbert_set('cache_entries', %lld)",
           room);
  number(db, sql);
}

long long count_inferences(sqlite3 *db) {
  return number(
      db, "SELECT CAST(substr(t, instr(t, 'inferences: ') + 12) AS INTEGER) "
          "FROM (SELECT distilbert_debug() AS t) "
          "WHERE instr(t, 'inferences: ')");
}
