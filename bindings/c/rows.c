/*
 * rows.c - prints the rows of each statement in a file, as the sqlite3 shell
 * does in .mode quote.  For the tests; with -DLINKED the extension is linked
 * in, otherwise it is loaded from $LIBRARY.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef LINKED
#include <distilbert.h>

static int add(sqlite3 *db) {
  return sqlite3_distilbert_init(db, NULL, NULL);
}
#else
static int add(sqlite3 *db) {
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL);
  return sqlite3_load_extension(db, getenv("LIBRARY"), NULL, NULL);
}
#endif

static void print_text(const char *text) {
  putchar('\'');
  for (; *text; text++)
    printf(*text == '\'' ? "''" : "%c", *text);
  putchar('\'');
}

static void print_blob(const unsigned char *bytes, int n) {
  printf("X'");
  for (int i = 0; i < n; i++)
    printf("%02x", bytes[i]);
  printf("'");
}

static void print_value(sqlite3_stmt *stmt, int column) {
  switch (sqlite3_column_type(stmt, column)) {
  case SQLITE_NULL:
    printf("NULL");
    break;
  case SQLITE_TEXT:
    print_text((const char *)sqlite3_column_text(stmt, column));
    break;
  case SQLITE_BLOB:
    print_blob(sqlite3_column_blob(stmt, column),
               sqlite3_column_bytes(stmt, column));
    break;
  default:
    printf("%lld", (long long)sqlite3_column_int64(stmt, column));
  }
}

static void print_rows(sqlite3 *db, const char *sql) {
  sqlite3_stmt *stmt = NULL;
  int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
  while (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
    for (int i = 0; i < sqlite3_column_count(stmt); i++) {
      print_value(stmt, i);
      putchar(i + 1 < sqlite3_column_count(stmt) ? ',' : '\n');
    }
  if (rc != SQLITE_OK || sqlite3_reset(stmt) != SQLITE_OK)
    printf("error: %s\n", sqlite3_errmsg(db));
  sqlite3_finalize(stmt);
}

int main(int argc, char **argv) {
  static char line[4096];
  sqlite3 *db = NULL;
  FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
  if (!file || sqlite3_open(":memory:", &db) || add(db)) {
    fprintf(stderr, "rows FILE: %s\n", db ? sqlite3_errmsg(db) : "no file");
    return 1;
  }
  while (fgets(line, sizeof line, file))
    if (*line != '\n' && strncmp(line, "--", 2) != 0)
      print_rows(db, line);
  fclose(file);
  sqlite3_close(db);
  return 0;
}
