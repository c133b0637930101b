/*
 * lifetime.c - the library as a file: loaded, loaded again, unloaded.
 *
 *     lifetime distilbert.so
 *
 * SQLite unmaps an extension when its connection closes, unless it asked to
 * stay.  What could then run into nothing: the end of a thread that used it,
 * worker threads, a statement that outlives its connection, a second copy
 * under another name.
 */
#include "check.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sqlite3.h>

static const char WHO[] = "SELECT answer FROM distilbert_answers('Who wrote"
                          " it?', 'The play was written by Ann Lee.')";
static const char *library;

static sqlite3 *open_with(const char *path, const char *entry) {
  sqlite3 *db = NULL;
  char *message = NULL;
  sqlite3_open(":memory:", &db);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL);
  int rc = sqlite3_load_extension(db, path, entry, &message);
  CHECK(rc == SQLITE_OK, "%s: %s", path, message ? message : "?");
  sqlite3_free(message);
  return db;
}

static void check_answer(sqlite3 *db, const char *when) {
  sqlite3_stmt *stmt = NULL;
  sqlite3_prepare_v2(db, WHO, -1, &stmt, NULL);
  int rc = sqlite3_step(stmt);
  const char *text = (const char *)sqlite3_column_text(stmt, 0);
  CHECK(rc == SQLITE_ROW && text && !strcmp(text, "Ann Lee"), "%s: %d %s", when,
        rc, text ? text : sqlite3_errmsg(db));
  sqlite3_finalize(stmt);
}

/* A thread's whole life with the library; the thread ends after the close. */
static void *live(void *arg) {
  (void)arg;
  sqlite3 *db = open_with(library, NULL);
  check_answer(db, "in a thread");
  CHECK(sqlite3_close(db) == SQLITE_OK, "close");
  return NULL;
}

static void test_lives(int n) {
  for (int i = 0; i < n; i++) {
    pthread_t id;
    if (pthread_create(&id, NULL, live, NULL) == 0)
      pthread_join(id, NULL);
  }
}

/* sqlite3_close_v2 leaves the connection until its last statement is done. */
static void test_zombie(void) {
  sqlite3_stmt *stmt = NULL;
  sqlite3 *db = open_with(library, NULL);
  sqlite3_prepare_v2(db, WHO, -1, &stmt, NULL);
  CHECK(sqlite3_step(stmt) == SQLITE_ROW, "%s", sqlite3_errmsg(db));
  CHECK(sqlite3_close(db) == SQLITE_BUSY, "closed with a statement open");
  CHECK(sqlite3_close_v2(db) == SQLITE_OK, "close_v2");
  const char *text = (const char *)sqlite3_column_text(stmt, 0);
  CHECK(text && !strcmp(text, "Ann Lee"), "%s", text);
  CHECK(sqlite3_step(stmt) == SQLITE_DONE, "the rest of the rows");
  CHECK(sqlite3_finalize(stmt) == SQLITE_OK, "finalize");
}

static void test_twice(void) {
  sqlite3 *db = open_with(library, NULL);
  CHECK(sqlite3_load_extension(db, library, NULL, NULL) == SQLITE_OK, "again");
  check_answer(db, "loaded twice");
  sqlite3_close(db);
}

static void test_dlclose(int n) {
  for (int i = 0; i < n; i++) {
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    CHECK(handle, "%s", dlerror());
    CHECK(handle && dlclose(handle) == 0, "dlclose");
  }
}

/* The same file under another name is another library, beside the first. */
static void test_copy(void) {
  char path[] = "/tmp/distilbert-copy.XXXXXX", command[1024];
  close(mkstemp(path));
  snprintf(command, sizeof command, "cp '%s' '%s'", library, path);
  CHECK(system(command) == 0, "%s", command);
  sqlite3 *db = open_with(library, NULL);
  sqlite3 *other = open_with(path, "sqlite3_distilbert_init");
  check_answer(db, "beside a copy");
  check_answer(other, "the copy");
  sqlite3_close(db);
  check_answer(other, "the copy, alone");
  sqlite3_close(other);
  unlink(path);
}

static void test_shutdown(void) {
  sqlite3_shutdown();
  sqlite3 *db = open_with(library, NULL);
  check_answer(db, "after sqlite3_shutdown");
  sqlite3_close(db);
}

int main(int argc, char **argv) {
  library = argc > 1 ? argv[1] : "./distilbert.so";
  test_lives(argc > 2 ? atoi(argv[2]) : 30);
  test_zombie();
  test_twice();
  test_dlclose(20);
  test_copy();
  test_shutdown();
  return check_done();
}
