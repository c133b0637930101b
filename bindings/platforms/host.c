/*
 * host.c - a program that loads the library where no sqlite3 shell is at hand.
 *
 *     host FILE SCRIPT
 *
 * SQLite is linked in.  Loads the library FILE into a database in memory, runs
 * the SQL of SCRIPT, and prints a row a line, values between bars, as the
 * shell's list mode does.  Ends with 1, and the message, at the first error.
 * Compiled with -DLINKED it has libdistilbert.a in itself, and loads nothing.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef LINKED
#include "distilbert.h"
#endif

enum { SCRIPT_MOST = 1 << 16 };

static int give_up(const char *what, const char *why) {
  fprintf(stderr, "host: %s: %s\n", what, why ? why : "?");
  return 1;
}

/* SQLite's code of it. */
static int get_extension(sqlite3 *db, const char *file, char **message) {
#ifdef LINKED
  (void)file;
  return sqlite3_distilbert_init(db, message, NULL);
#else
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL);
  return sqlite3_load_extension(db, file, NULL, message);
#endif
}

static int print_row(void *unused, int n, char **values, char **names) {
  (void)unused, (void)names;
  for (int i = 0; i < n; i++)
    printf("%s%s", i ? "|" : "", values[i] ? values[i] : "");
  printf("\n");
  return 0;
}

int main(int argc, char **argv) {
  static char script[SCRIPT_MOST];
  sqlite3 *db = NULL;
  char *message = NULL;
  if (argc != 3)
    return give_up("usage", "host FILE SCRIPT");
  FILE *file = fopen(argv[2], "rb");
  if (!file || !fread(script, 1, sizeof script - 1, file))
    return give_up(argv[2], "cannot be read");
  fclose(file);
  if (sqlite3_open(":memory:", &db))
    return give_up("sqlite3_open", sqlite3_errmsg(db));
  if (get_extension(db, argv[1], &message))
    return give_up(argv[1], message);
  if (sqlite3_exec(db, script, print_row, NULL, &message))
    return give_up(argv[2], message);
  return sqlite3_close(db) ? give_up("sqlite3_close", "busy") : 0;
}
