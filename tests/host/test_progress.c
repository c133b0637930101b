/*
 * test_progress.c - how far a table over a query is: the line on the terminal,
 * and what another connection reads meanwhile.
 *
 * A child has a terminal of its own for its standard error; what it draws there
 * is compared here.
 */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "distilbert.h"

enum { ROWS = 3000, DRAWN_MAX = 1 << 16 };

static const char EACH[] =
    "SELECT count(*) FROM distilbert_embed_each('WITH RECURSIVE n(i) AS"
    " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
    " SELECT i, ''It was number '' || i FROM n')";

static sqlite3 *opened(void) {
  sqlite3 *db = NULL;
  sqlite3_open(":memory:", &db);
  return db;
}

static int run(sqlite3 *db, const char *sql) {
  return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* --- The line ------------------------------------------------------------- */

/* In the child: its standard error is the terminal. */
static void draw(const char *progress) {
  char set[64];
  sqlite3 *db = opened();
  snprintf(set, sizeof set, "SELECT distilbert_set('progress', '%s')",
           progress);
  int rc = run(db, set);
  rc = rc ? rc : run(db, EACH);
  sqlite3_close(db);
  _exit(rc == SQLITE_OK ? 0 : 1);
}

/* Runs it in a child whose standard error is a terminal, or a pipe; what came
 * there, as text. */
static void watch_child(const char *progress, bool terminal,
                        char out[DRAWN_MAX]) {
  int ends[2];
  size_t n = 0;
  ssize_t got;
  if (terminal) {
    ends[0] = posix_openpt(O_RDWR | O_NOCTTY);
    CHECK(ends[0] >= 0 && !grantpt(ends[0]) && !unlockpt(ends[0]),
          "a terminal");
    ends[1] = open(ptsname(ends[0]), O_RDWR | O_NOCTTY);
  } else {
    CHECK(pipe(ends) == 0, "a pipe");
  }
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    draw(progress);
  }
  close(ends[1]);
  while (n + 1 < DRAWN_MAX &&
         (got = read(ends[0], out + n, DRAWN_MAX - n - 1)) > 0)
    n += (size_t)got;
  out[n] = 0;
  close(ends[0]);
  int status = 1;
  waitpid(child, &status, 0);
  CHECK(status == 0, "%s: the child ended with %d", progress, status);
}

static size_t count(const char *text, char c) {
  size_t n = 0;
  for (; *text; text++)
    n += *text == c;
  return n;
}

static void check_line(void) {
  static char drawn[DRAWN_MAX];
  watch_child("bar", true, drawn);
  const char *last = strrchr(drawn, '\r') ? drawn : "";
  for (const char *at = drawn; (at = strchr(at, '\r')) != NULL; at++)
    if (at[1] == '[')
      last = at;
  CHECK(strncmp(last,
                "\r[####################] distilbert_embed_each: 3,000 of "
                "3,000 rows, 100 %, ",
                75) == 0,
        "the last line is %.120s", last);
  CHECK(strstr(last, " rows/s, 0:00 left") != NULL, "its end: %s", last);
  CHECK(count(drawn, '\n') == 1, "%zu new lines", count(drawn, '\n'));
  CHECK(count(drawn, '#') >= 20, "it grew");
}

static void check_silence(void) {
  static char drawn[DRAWN_MAX];
  watch_child("off", true, drawn);
  CHECK(*drawn == 0, "off: %s", drawn);
  watch_child("count", true, drawn);
  CHECK(*drawn == 0, "count: %s", drawn);
  watch_child("bar", false, drawn);
  CHECK(*drawn == 0, "no terminal: %s", drawn);
}

/* --- Another connection ----------------------------------------------------
 */

static atomic_bool over;

static void *run_each(void *arg) {
  sqlite3 *db = opened();
  (void)arg;
  int rc = run(db, "SELECT distilbert_set('progress', 'count')");
  rc = rc ? rc : run(db, EACH);
  atomic_store(&over, true);
  sqlite3_close(db);
  return (void *)(intptr_t)rc;
}

/* Reads until it is over; the rows done never fall, the rows known are right.
 */
static void check_rows(sqlite3 *db) {
  sqlite3_stmt *stmt;
  sqlite3_int64 before = 0, seen = 0, known = 0;
  sqlite3_prepare_v2(db,
                     "SELECT done, known FROM distilbert_progress"
                     " WHERE function = 'distilbert_embed_each'",
                     -1, &stmt, NULL);
  bool falls = false;
  while (!atomic_load(&over)) {
    while (sqlite3_step(stmt) == SQLITE_ROW) {
      sqlite3_int64 done = sqlite3_column_int64(stmt, 0);
      falls |= done < before || done > ROWS;
      seen += done > before && done < ROWS;
      before = done;
      known =
          sqlite3_column_int64(stmt, 1) ? sqlite3_column_int64(stmt, 1) : known;
    }
    sqlite3_reset(stmt);
    usleep(200);
  }
  CHECK(!falls, "rows done fell or were too many");
  CHECK(seen >= 3, "seen at %lld places on the way", (long long)seen);
  CHECK(known == ROWS, "%lld rows known", (long long)known);
  CHECK(sqlite3_step(stmt) == SQLITE_DONE, "nothing runs behind the end");
  sqlite3_finalize(stmt);
}

static void check_other_connection(void) {
  pthread_t thread;
  void *rc = NULL;
  sqlite3 *db = opened();
  run(db, "SELECT distilbert_embed('warm')");
  pthread_create(&thread, NULL, run_each, NULL);
  check_rows(db);
  pthread_join(thread, &rc);
  CHECK(rc == NULL, "the statement ended with %d", (int)(intptr_t)rc);
  sqlite3_close(db);
}

int main(void) {
  sqlite3_auto_extension((void (*)(void))sqlite3_distilbert_init);
  check_line(); /* forks, so before there are threads */
  check_silence();
  check_other_connection();
  return check_done();
}
