/*
 * test_extension.c - entries, registration and the life of a connection.
 *
 * What SQL scripts cannot do: several entries into one connection, also while
 * a statement runs; automatic extensions; closing with statements open; UTF-16
 * databases through UTF-16 calls; values that are gone after the call.
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include "base/pool.h"
#include "check.h"
#include "distilbert.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char WHO[] =
    "SELECT distilbert_answer('Who wrote the play?',"
    " 'Hamlet is a play. It was written by William Shakespeare.')";
static const char AUTHOR[] = "William Shakespeare";

/* The first column of the first row, or the error message; "" for no row. */
static const char *ask(sqlite3 *db, const char *sql) {
  static char out[4096];
  sqlite3_stmt *stmt = NULL;
  int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
  const char *text = "";
  if (rc == SQLITE_OK)
    rc = sqlite3_step(stmt);
  if (rc == SQLITE_ROW)
    text = (const char *)sqlite3_column_text(stmt, 0);
  else if (rc != SQLITE_DONE)
    text = sqlite3_errmsg(db);
  snprintf(out, sizeof out, "%s", text ? text : "NULL");
  sqlite3_finalize(stmt);
  return out;
}

static void expect(sqlite3 *db, const char *sql, const char *expected) {
  const char *got = ask(db, sql);
  CHECK(!strcmp(got, expected), "%s\n  gave %s\n  not %s", sql, got, expected);
}

static void expect_part(sqlite3 *db, const char *sql, const char *part) {
  const char *got = ask(db, sql);
  CHECK(strstr(got, part), "%s\n  gave %s\n  without %s", sql, got, part);
}

static sqlite3 *open_plain(void) {
  sqlite3 *db = NULL;
  sqlite3_open(":memory:", &db);
  return db;
}

static sqlite3 *open_loaded(void) {
  sqlite3 *db = open_plain();
  CHECK(sqlite3_distilbert_init(db, NULL, NULL) == SQLITE_OK, "init");
  return db;
}

/* --- Entries -------------------------------------------------------------- */

static void test_twice(void) {
  sqlite3 *db = open_loaded();
  CHECK(sqlite3_distilbert_init(db, NULL, NULL) == SQLITE_OK, "again");
  expect(db, WHO, AUTHOR);
  CHECK(sqlite3_distilbertsafe_init(db, NULL, NULL) == SQLITE_OK, "safe");
  expect(db, WHO, AUTHOR);
  expect_part(db, "DELETE FROM distilbert_models", "may not be modified");
  CHECK(sqlite3_close(db) == SQLITE_OK, "close");
}

static void load_again(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
  (void)argc, (void)argv;
  sqlite3 *db = sqlite3_context_db_handle(ctx);
  sqlite3_result_int(ctx, sqlite3_distilbert_init(db, NULL, NULL));
}

/* As SELECT load_extension() does. */
static void test_twice_in_statement(void) {
  sqlite3 *db = open_plain();
  sqlite3_create_function(db, "load_again", 0, SQLITE_UTF8, NULL, load_again,
                          NULL, NULL);
  expect(db, "SELECT load_again()", "0");
  expect(db, "SELECT load_again()", "0");
  expect(db, WHO, AUTHOR);
  CHECK(sqlite3_close(db) == SQLITE_OK, "close");
}

static void test_safe(void) {
  static const char *const refused[] = {
      "INSERT INTO distilbert_models(name, path) VALUES ('a', '/tmp')",
      "DELETE FROM distilbert_models",
      "UPDATE distilbert_models SET name = 'a'",
      "UPDATE distilbert_config SET value = 1",
      "DELETE FROM distilbert_config",
  };
  sqlite3 *db = open_plain();
  CHECK(sqlite3_distilbertsafe_init(db, NULL, NULL) == SQLITE_OK, "init");
  for (size_t i = 0; i < COUNT(refused); i++)
    expect_part(db, refused[i], "may not be modified");
  expect_part(db, "CREATE VIRTUAL TABLE temp.m USING distilbert_models",
              "no such module");
  expect(db, "SELECT count(*) > 0 FROM distilbert_models", "1");
  expect(db, "SELECT count(*) > 0 FROM distilbert_config", "1");
  expect(db, WHO, AUTHOR);
  sqlite3_close(db);
}

/* The safe entry takes away what the full one gave to the same connection. */
static void test_full_then_safe(void) {
  static const char *const gone[] = {
      "SELECT distilbert_quantize('a', 'b')",
      "SELECT distilbert_set('threads', 1)",
      "SELECT distilbert_register('a', '/tmp')",
      "SELECT distilbert_forget('a')",
  };
  sqlite3 *db = open_plain();
  CHECK(sqlite3_distilbert_init(db, NULL, NULL) == SQLITE_OK, "full");
  CHECK(sqlite3_distilbertsafe_init(db, NULL, NULL) == SQLITE_OK, "safe");
  for (size_t i = 0; i < COUNT(gone); i++)
    expect_part(db, gone[i], "no such function");
  expect_part(db, "DELETE FROM distilbert_models", "may not be modified");
  expect(db, WHO, AUTHOR);
  sqlite3_close(db);
}

/* While a statement runs SQLite lets nobody take functions away: then the safe
 * entry is no success. */
static void test_full_then_safe_in_statement(void) {
  sqlite3 *db = open_plain();
  sqlite3_stmt *stmt = NULL;
  char *message = NULL;
  sqlite3_distilbert_init(db, NULL, NULL);
  sqlite3_prepare_v2(db, "VALUES (1), (2)", -1, &stmt, NULL);
  sqlite3_step(stmt);
  int rc = sqlite3_distilbertsafe_init(db, &message, NULL);
  CHECK(rc == SQLITE_BUSY && message && strstr(message, "while a statement"),
        "%d %s", rc, message ? message : "");
  sqlite3_free(message);
  sqlite3_finalize(stmt);
  CHECK(sqlite3_distilbertsafe_init(db, NULL, NULL) == SQLITE_OK, "safe");
  expect_part(db, "SELECT distilbert_set('threads', 1)", "no such function");
  sqlite3_close(db);
}

/* What the environment said in vain is told; a size may have a unit. */
static void test_refused(void) {
  sqlite3 *db = open_plain();
  sqlite3_distilbert_init(db, NULL, NULL);
  expect(db,
         "SELECT distilbert_debug() GLOB '*refused: DISTILBERT_THREADS, "
         "DISTILBERT_OVERFLOW (not a valid value)*'",
         "1");
  expect(db, "SELECT initial FROM distilbert_config WHERE key = 'memory_limit'",
         "100MB");
  sqlite3_close(db);
}

static int second_auto_calls;

static int second_auto(sqlite3 *db, char **message, const void *api) {
  (void)db, (void)message, (void)api;
  second_auto_calls++;
  return SQLITE_OK;
}

static void test_auto(void) {
  sqlite3_auto_extension((void (*)(void))sqlite3_distilbert_init);
  sqlite3_auto_extension((void (*)(void))second_auto);
  sqlite3 *db = NULL;
  CHECK(sqlite3_open(":memory:", &db) == SQLITE_OK, "%s", sqlite3_errmsg(db));
  CHECK(second_auto_calls == 1, "later extensions were not called");
  expect(db, WHO, AUTHOR);
  sqlite3_close(db);
  sqlite3_reset_auto_extension();
}

/* --- Lives ---------------------------------------------------------------- */

static void test_two_connections(void) {
  sqlite3 *a = open_loaded(), *b = open_loaded();
  expect(a, "UPDATE distilbert_config SET value = 1 WHERE key = 'threads'", "");
  expect(b, "SELECT value FROM distilbert_config WHERE key = 'threads'", "1");
  expect(b, "UPDATE distilbert_config SET value = NULL WHERE key = 'threads'",
         "");
  expect(a, "SELECT value = initial FROM distilbert_config", "1");
  expect(a, WHO, AUTHOR);
  sqlite3_close(a);
  expect(b, WHO, AUTHOR);
  sqlite3_close(b);
  CHECK(pool_workers() == 0, "%zu threads after the last connection",
        pool_workers());
}

static void test_open_statement(void) {
  sqlite3 *db = open_loaded();
  sqlite3_stmt *stmt = NULL;
  sqlite3_prepare_v2(db, "SELECT token FROM distilbert_tokens('one two')", -1,
                     &stmt, NULL);
  CHECK(sqlite3_step(stmt) == SQLITE_ROW, "%s", sqlite3_errmsg(db));
  CHECK(sqlite3_close(db) == SQLITE_BUSY, "closed under a statement");
  CHECK(sqlite3_close_v2(db) == SQLITE_OK, "close_v2");
  int n = 1;
  while (sqlite3_step(stmt) == SQLITE_ROW)
    n++;
  CHECK(n == 4, "%d tokens", n);
  sqlite3_finalize(stmt);
}

static void test_cycles(void) {
  for (int i = 0; i < 2000; i++) {
    sqlite3 *db = open_loaded();
    if (i % 500 == 0)
      expect(db, WHO, AUTHOR);
    CHECK(sqlite3_close(db) == SQLITE_OK, "cycle %d", i);
  }
  CHECK(pool_workers() == 0, "%zu threads left", pool_workers());
}

/* --- Values --------------------------------------------------------------- */

/* UTF-16 in, UTF-16 out, in databases of either byte order. */
static void test_utf16(void) {
  static const char *const encodings[] = {"UTF-16le", "UTF-16be", "UTF-8"};
  static const unsigned short text[] = {'I',    't',    ' ', 'w', 'a', 's', ' ',
                                        0xD83D, 0xDE00, ' ', 'b', 'y', ' ', 'B',
                                        'j',    0xF6,   'r', 'k', '.', 0};
  for (size_t i = 0; i < COUNT(encodings); i++) {
    sqlite3 *db = open_loaded();
    sqlite3_stmt *stmt = NULL;
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA encoding = '%s'", encodings[i]);
    sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_exec(db, "CREATE TABLE t(x TEXT)", NULL, NULL, NULL);
    sqlite3_prepare_v2(db, "INSERT INTO t VALUES (?1)", -1, &stmt, NULL);
    sqlite3_bind_text16(stmt, 1, text, -1, SQLITE_STATIC);
    sqlite3_step(stmt);
    sqlite3_finalize(stmt);
    expect(db, "SELECT distilbert_answer('Who was it?', x) FROM t",
           "Bj\xc3\xb6rk");
    expect(db,
           "SELECT substr(x, start + 1, \"end\" - start) = answer"
           " FROM t, distilbert_answers('Who was it?', x)",
           "1");
    expect(db, "SELECT group_concat(token, ' ') FROM t, distilbert_tokens(x)",
           "[CLS] it was [UNK] by b ##jo ##rk . [SEP]");
    sqlite3_close(db);
  }
}

/* Rows are produced after the bound text is gone. */
static void test_bound_text_freed(void) {
  sqlite3 *db = open_loaded();
  sqlite3_stmt *stmt = NULL;
  size_t bytes = 40000;
  char *text = malloc(bytes);
  for (size_t i = 0; text && i < bytes; i++)
    text[i] = "word "[i % 5];
  sqlite3_prepare_v2(db,
                     "SELECT token FROM (SELECT ?1 AS x) AS t,"
                     " distilbert_tokens(t.x) WHERE special = 0",
                     -1, &stmt, NULL);
  sqlite3_bind_text(stmt, 1, text, (int)bytes, free);
  int n = 0;
  while (sqlite3_step(stmt) == SQLITE_ROW)
    n += !strcmp((const char *)sqlite3_column_text(stmt, 0), "word");
  CHECK(n == 8000, "%d words", n);
  sqlite3_finalize(stmt);
  sqlite3_close(db);
}

/* A result longer than the host allows is SQLITE_TOOBIG, by SQLite. */
static void test_length_limit(void) {
  sqlite3 *db = open_loaded();
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 1000);
  expect(db,
         "SELECT distilbert_highlight('Who wrote it?', 'Bob wrote it.',"
         " printf('%900s', ''), printf('%900s', ''))",
         "string or blob too big");
  sqlite3_close(db);
}

int main(void) {
  setenv("DISTILBERT_THREADS", "abc", 1);
  setenv("DISTILBERT_OVERFLOW", "Error", 1);
  setenv("DISTILBERT_MEMORY_LIMIT", "100MB", 1);
  test_twice();
  test_twice_in_statement();
  test_safe();
  test_refused();
  test_full_then_safe();
  test_full_then_safe_in_statement();
  test_auto();
  test_two_connections();
  test_open_statement();
  test_cycles();
  test_utf16();
  test_bound_text_freed();
  test_length_limit();
  return check_done();
}
