/*
 * ask.c - asks a question of some text, from C.
 *
 *     cc -o ask examples/ask.c -lsqlite3
 *     ./ask ./distilbert 'Who designed it?' < text.txt
 *
 * Loads the extension, runs one query with bound parameters, and prints the
 * three best answers with their scores.  Without arguments it asks about a
 * text of its own, and its exit status says whether the answer was right.
 *
 * To link the extension in instead: `make install`, leave load() out, include
 * <distilbert.h> and call
 *     sqlite3_auto_extension((void (*)(void))sqlite3_distilbert_init);
 * before opening; compile with `pkg-config --cflags --libs distilbert`.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char TEXT[] =
    "The Eiffel Tower is a wrought-iron tower in Paris, France. It is named "
    "after the engineer Gustave Eiffel, whose company designed and built it "
    "from 1887 to 1889.";

/* Only the C API may load extensions: SQL of strangers stays unable to. */
static int load(sqlite3 *db, const char *path) {
  char *message = NULL;
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL);
  int rc = sqlite3_load_extension(db, path, NULL, &message);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
  if (rc != SQLITE_OK)
    fprintf(stderr, "%s\n", message ? message : sqlite3_errmsg(db));
  sqlite3_free(message);
  return rc;
}

/* Prints the answers; the best one is copied to `best`. */
static int ask(sqlite3 *db, const char *question, const char *text, char *best,
               size_t room) {
  sqlite3_stmt *stmt = NULL;
  int rc = sqlite3_prepare_v2(
      db, "SELECT answer, score FROM distilbert_answers(?1, ?2, 3)", -1, &stmt,
      NULL);
  if (rc != SQLITE_OK)
    return rc;
  sqlite3_bind_text(stmt, 1, question, -1, SQLITE_STATIC);
  sqlite3_bind_text(stmt, 2, text, -1, SQLITE_STATIC);
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    const char *answer = (const char *)sqlite3_column_text(stmt, 0);
    printf("%.3f  %s\n", sqlite3_column_double(stmt, 1), answer);
    if (!*best)
      snprintf(best, room, "%s", answer);
  }
  return sqlite3_finalize(stmt);
}

/* All of stdin, at most a megabyte of it. */
static const char *read_text(void) {
  static char text[1 << 20];
  size_t n = fread(text, 1, sizeof text - 1, stdin);
  text[n] = 0;
  return text;
}

int main(int argc, char **argv) {
  sqlite3 *db = NULL;
  char best[256] = "";
  const char *question = argc > 2 ? argv[2] : "Who was it named after?";
  const char *text = argc > 2 ? read_text() : TEXT;
  int rc = sqlite3_open(":memory:", &db);
  if (rc == SQLITE_OK)
    rc = load(db, argc > 1 ? argv[1] : "./distilbert");
  if (rc == SQLITE_OK)
    rc = ask(db, question, text, best, sizeof best);
  if (rc != SQLITE_OK)
    fprintf(stderr, "%s\n", sqlite3_errmsg(db));
  sqlite3_close(db);
  if (argc <= 2 && strcmp(best, "Gustave Eiffel") != 0)
    return 1;
  return rc != SQLITE_OK;
}
