/*
 * test_memory.c - what a running query needs besides weights, and what
 * happens when there is less.
 *
 * A model as wide as DistilBERT-base (768 channels, 12 heads, 512 positions)
 * with one layer, for scratch does not depend on their number.  Bars: 32 MiB
 * over the weights for a query, whatever its threads, batch and the length of
 * its texts; not 1 MiB more at the last row of a table than at the first
 * windows of it; an honest SQLITE_NOMEM under any heap limit, after which the
 * same connection answers as before.
 */
#include "check.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include "distilbert.h"
#include "bench/checkpoint.h"
#include "host/status.h"
#include "repeat.h"
#include "sanitizer.h"

enum {
  BAR = 32 << 20,
  MB = UNDER_ASAN || UNDER_TSAN || UNOPTIMISED ? 100000 : 1000000
};

#define TINY "tests/oracle/data/checkpoints/distilbert-uncased-base"

static sqlite3 *db;
static char folder[] = "/tmp/distilbert-memory.XXXXXX";

static bool run(const char *fmt, const char *value) {
  char *sql = sqlite3_mprintf(fmt, value);
  int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
  CHECK(rc == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
  sqlite3_free(sql);
  return rc == SQLITE_OK;
}

/* From here on VmHWM is the peak since now. */
static void reset_peak(void) {
  FILE *file = fopen("/proc/self/clear_refs", "w");
  if (file) {
    fputs("5", file);
    fclose(file);
  }
}

/* --- A running query ------------------------------------------------------*/

static int ticks_left;

static int stop_later(void *arg) {
  (void)arg;
  return ticks_left-- <= 0;
}

/* Runs `sql` with ?1 = text, stopped after so many progress calls (0: not);
 * the peak of SQLite's memory and of the process, over what was there. */
static int measure(const char *sql, const char *text, size_t bytes, int ticks,
                   sqlite3_int64 *heap, long *process_kb) {
  sqlite3_stmt *stmt = NULL;
  sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
  sqlite3_bind_text64(stmt, 1, text, bytes, SQLITE_STATIC, SQLITE_UTF8);
  ticks_left = ticks;
  sqlite3_progress_handler(db, ticks ? 1000 : 0, stop_later, NULL);
  sqlite3_int64 before = sqlite3_memory_used();
  sqlite3_memory_highwater(1);
  reset_peak();
  long kb = status_kb("VmRSS:");
  int rc = sqlite3_step(stmt);
  while (rc == SQLITE_ROW)
    rc = sqlite3_step(stmt);
  *heap = sqlite3_memory_highwater(0) - before;
  *process_kb = status_kb("VmHWM:") - kb;
  sqlite3_progress_handler(db, 0, NULL, NULL);
  sqlite3_finalize(stmt);
  return rc;
}

/* `copies`: how often the query needs the text again, beside the bar. */
static const struct Case {
  const char *what, *sql;
  size_t bytes, copies;
  int ticks;
} cases[] = {
    {"one window of 512 tokens",
     "SELECT * FROM distilbert_answers('the of and', ?1, 5, 'wide')"
     " WHERE max_seq_len = 512",
     1500, 1, 0},
    {"many windows of 512 tokens",
     "SELECT * FROM distilbert_answers('the of and', ?1, 5, 'wide')"
     " WHERE max_seq_len = 512",
     20000, 1, 0},
    {"features of 64 texts",
     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 64)"
     " SELECT * FROM distilbert_features WHERE model = 'wide'"
     " AND text IN (SELECT ?1 || i FROM n)",
     1500, 64, 0},
    {"64 texts a batch",
     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 64)"
     " SELECT * FROM distilbert_answers WHERE question = 'the' AND"
     " model = 'wide' AND context IN (SELECT ?1 || i FROM n)",
     60, 64, 0},
    {"a table of large keys",
     "SELECT count(*) FROM distilbert_embed_each('WITH RECURSIVE n(i) AS"
     " (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100)"
     " SELECT zeroblob(1000000), i % 3 FROM n', 'wide')",
     60, 1, 0},
    {"100 MB, scalar", "SELECT distilbert_answer('the', ?1, 'wide')", 100 * MB,
     0, 20},
    {"100 MB, table", "SELECT * FROM distilbert_answers('the', ?1, 5, 'wide')",
     100 * MB, 1, 20},
    {"100 MB, tokens",
     "SELECT count(*) FROM distilbert_tokens(?1, NULL, 'wide')", 100 * MB, 1,
     20},
    {"100 MB, chunks",
     "SELECT count(*) FROM distilbert_chunks(?1, NULL, 50, NULL, 'wide')",
     100 * MB, 1, 20},
    {"100 MB, counted", "SELECT distilbert_token_count(?1, 'wide')", 100 * MB,
     0, 20},
};

static void test_case(const struct Case *c, const char *threads) {
  sqlite3_int64 heap;
  long kb;
  char *text = repeat("the man was in it. ", c->bytes);
  int rc = measure(c->sql, text, c->bytes, c->ticks, &heap, &kb);
  sqlite3_int64 bar = (sqlite3_int64)(BAR + c->copies * c->bytes);
  CHECK(rc == (c->ticks ? SQLITE_INTERRUPT : SQLITE_DONE), "%s: %d %s", c->what,
        rc, sqlite3_errmsg(db));
  CHECK(heap <= bar, "%s, %s threads: %lld bytes", c->what, threads,
        (long long)heap);
  CHECK(UNDER_ASAN || UNDER_TSAN || kb * 1024 <= bar, "%s, %s threads: %ld KiB",
        c->what, threads, kb);
  printf("%s, %s threads: heap %.1f MiB, process %.1f MiB\n", c->what, threads,
         (double)heap / (1 << 20), (double)kb / 1024);
  free(text);
}

/* --- A table of many rows -------------------------------------------------*/

enum {
  SMALL = UNDER_ASAN || UNOPTIMISED,
  EARLY = SMALL ? 3000 : 20000, /* rows, then all buffers have their size */
  ROWS = SMALL ? 10000 : 1000000,
  FLAT = 1 << 20
};

/* What grows behind row EARLY is never given back before the end. */
static void test_table(void) {
  sqlite3_stmt *stmt = NULL;
  sqlite3_int64 heap = 0, n = 0;
  long kb = 0;
  run("INSERT INTO distilbert_models(name, path) VALUES ('tiny', %Q)", TINY);
  sqlite3_prepare_v2(
      db,
      "SELECT key FROM distilbert_embed_each('WITH RECURSIVE n(i) AS (SELECT 1"
      " UNION ALL SELECT i + 1 FROM n LIMIT ?1) SELECT i, ''row '' || i || "
      "substr(''.,;:!?.,;:!?'', 1, i % 12) FROM n', 'tiny', NULL, ?1)",
      -1, &stmt, NULL);
  sqlite3_bind_int64(stmt, 1, ROWS);
  sqlite3_memory_highwater(1);
  reset_peak();
  while (sqlite3_step(stmt) == SQLITE_ROW)
    if (++n == EARLY) {
      heap = sqlite3_memory_highwater(0);
      kb = status_kb("VmHWM:");
    }
  heap = sqlite3_memory_highwater(0) - heap;
  kb = status_kb("VmHWM:") - kb;
  CHECK(n == ROWS, "%lld rows: %s", (long long)n, sqlite3_errmsg(db));
  CHECK(heap <= FLAT, "heap: %lld bytes more", (long long)heap);
  CHECK(UNDER_ASAN || kb * 1024 <= FLAT, "process: %ld KiB more", kb);
  printf("%d rows: heap %+.2f MiB, process %+.2f MiB since row %d\n", ROWS,
         (double)heap / (1 << 20), (double)kb / 1024, EARLY);
  sqlite3_finalize(stmt);
}

/* --- Heap limits ----------------------------------------------------------*/

/* The first column; NULL and *rc otherwise. */
static char *ask(const char *sql, int *rc) {
  sqlite3_stmt *stmt = NULL;
  char *out = NULL;
  *rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
  if (*rc == SQLITE_OK && (*rc = sqlite3_step(stmt)) == SQLITE_ROW)
    out = strdup((const char *)sqlite3_column_text(stmt, 0));
  sqlite3_finalize(stmt);
  return out;
}

static void test_heap_limit(void) {
  static const char sql[] =
      "SELECT group_concat(start || ' ' || \"end\" || ' ' || score) FROM"
      " distilbert_answers('the of', 'the man was in it. that was all', 5,"
      " 'wide')";
  int rc, refused = 0, answered = 0;
  char *right = ask(sql, &rc);
  CHECK(right, "%s", sqlite3_errmsg(db));
  for (sqlite3_int64 room = 1 << 10; room <= BAR; room += room / 4) {
    sqlite3_hard_heap_limit64(sqlite3_memory_used() + room);
    char *got = ask(sql, &rc);
    sqlite3_hard_heap_limit64(0);
    CHECK(got ? right && !strcmp(got, right) : rc == SQLITE_NOMEM,
          "%lld bytes: %d %s", (long long)room, rc, got ? got : "");
    refused += !got;
    answered += got != NULL;
    free(got);
    got = ask(sql, &rc);
    CHECK(got && right && !strcmp(got, right), "after %lld bytes: %d",
          (long long)room, rc);
    free(got);
  }
  CHECK(refused > 3 && answered > 3, "%d refused, %d answered", refused,
        answered);
  free(right);
}

int main(void) {
  setenv("DISTILBERT_CACHE_ENTRIES", "0", 1); /* every call computes */
  static const char *const threads[] = {"1", "2", "4"};
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (UNDER_TSAN) {
    SKIP("memory: arithmetic of this size takes minutes under TSan");
    return check_done();
  }
  CHECK(mkdtemp(folder) && checkpoint_write(folder, 1, 1000), "%s", folder);
  sqlite3_open(":memory:", &db);
  sqlite3_distilbert_init(db, NULL, NULL);
  run("INSERT INTO distilbert_models(name, path) VALUES ('wide', %Q)", folder);
  run("SELECT distilbert_answer('the', 'it was %s', 'wide')", "he");
  for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
    run("UPDATE distilbert_config SET value = %Q WHERE key = 'threads'",
        threads[i]);
    for (size_t j = 0; j < sizeof cases / sizeof *cases; j++)
      test_case(&cases[j], threads[i]);
  }
  test_table();
  test_heap_limit();
  CHECK(sqlite3_close(db) == SQLITE_OK, "the connection is busy");
  checkpoint_remove(folder);
  return check_done();
}
