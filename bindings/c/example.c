/*
 * example.c - one question, with the extension linked in.
 *
 *     cc example.c $(pkg-config --cflags --libs distilbert)
 */
#include <distilbert.h>
#include <sqlite3.h>
#include <stdio.h>

int main(void) {
  sqlite3 *db = NULL;
  sqlite3_stmt *stmt = NULL;
  sqlite3_auto_extension((void (*)(void))sqlite3_distilbert_init);
  int rc = sqlite3_open(":memory:", &db);
  if (rc == SQLITE_OK)
    rc = sqlite3_prepare_v2(db, "SELECT distilbert_answer(?1, ?2)", -1, &stmt,
                            NULL);
  if (rc == SQLITE_OK) {
    sqlite3_bind_text(stmt, 1, "Who wrote it?", -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 2,
                      "The first program was written by Ada Lovelace in 1843.",
                      -1, SQLITE_STATIC);
    rc = sqlite3_step(stmt);
  }
  if (rc == SQLITE_ROW)
    printf("%s\n", (const char *)sqlite3_column_text(stmt, 0));
  else
    fprintf(stderr, "%s\n", sqlite3_errmsg(db));
  sqlite3_finalize(stmt);
  sqlite3_close(db);
  return rc != SQLITE_ROW;
}
