/*
 * test_interrupt.c - sqlite3_interrupt() and the progress handler stop a
 * running call.
 *
 * Bars: SQLITE_INTERRUPT within 50 ms (of the computing thread's own time), the
 * next query right, the transaction as SQLite leaves it, no statement left
 * behind.  Texts are up to 100 MB; the slow builds of the sanitizers get
 * smaller ones and more time.
 */
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "check.h"
#include "distilbert.h"
#include "repeat.h"
#include "seconds.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { MB = 100000, SLOW = 20 };
#else
enum { MB = 1000000, SLOW = 1 };
#endif

static const char QUICK[] =
    "SELECT distilbert_answer('Who wrote the play?',"
    " 'Hamlet is a play. It was written by William Shakespeare.')";

/* One long-running call; ?1 is `unit` repeated up to `bytes`. */
static const struct Case {
  const char *what, *sql, *unit;
  size_t bytes;
} cases[] = {
    {"windows of 512 tokens",
     "SELECT count(*) FROM distilbert_answers('Who wrote the play?', ?1)"
     " WHERE max_seq_len = 512",
     "The play was written by him in London. ", 4 * MB},
    {"many windows", "SELECT distilbert_answer('Who wrote the play?', ?1)",
     "The play was written by him in London. ", 100 * MB},
    {"many short texts",
     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
     " SELECT distilbert_answer('Who wrote the play?', ?1 || i) FROM n",
     "It was written by Shakespeare. ", 32},
    {"a query without end",
     "SELECT count(*) FROM distilbert_embed_each('WITH RECURSIVE n(i) AS"
     " (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, ?1 || i FROM n',"
     " NULL, NULL, ?1)",
     "It was written by Shakespeare. ", 32},
    {"a query that never gives a row",
     "SELECT count(*) FROM distilbert_embed_each('WITH RECURSIVE n(i) AS"
     " (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, ?1 FROM n"
     " WHERE i < 0', NULL, NULL, ?1)",
     "It was written by Shakespeare. ", 32},
    {"counting tokens", "SELECT distilbert_token_count(?1)",
     "The play was written by him in London. ", 100 * MB},
    {"listing tokens", "SELECT count(*) FROM distilbert_tokens(?1)",
     "The play was written by him in London. ", 100 * MB},
    {"features of many texts",
     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
     " SELECT count(*) FROM n, distilbert_features(?1 || i)",
     "The play was written by him in London. ", 2000},
    {"counting a text too long", "SELECT * FROM distilbert_features(?1)",
     "The play was written by him in London. ", 100 * MB},
    {"entities", "SELECT count(*) FROM distilbert_entities(?1)",
     "The play was written by him in London. ", 4 * MB},
    {"entities of white space", "SELECT count(*) FROM distilbert_entities(?1)",
     " \n", 100 * MB},
    {"accents", "SELECT count(*) FROM distilbert_tokens(?1)", "a\xcc\x81 ",
     100 * MB},
    {"chunks", "SELECT count(*) FROM distilbert_chunks(?1)",
     "The play was written by him in London. ", 100 * MB},
    {"chunks of one word", "SELECT count(*) FROM distilbert_chunks(?1)", "a",
     100 * MB},
    {"chunks of one grapheme", "SELECT count(*) FROM distilbert_chunks(?1)",
     "\xcc\x81", 100 * MB},
    {"a vector over windows", "SELECT distilbert_embed(?1)",
     "The play was written by him in London. ", 100 * MB},
    {"labels over windows", "SELECT distilbert_classify(?1)",
     "The play was written by him in London. ", 100 * MB},
    {"labels of one's own",
     "SELECT count(*) FROM distilbert_zero_shot('It is', ?1)"
     " WHERE model = 'nli'",
     "sports, politics, weather, ", MB},
    {"the same of a list of texts",
     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
     " LIMIT 20000)"
     " SELECT count(*) FROM distilbert_zero_shot WHERE model = 'nli'"
     " AND text IN (SELECT ?1 || i FROM n) AND labels = 'sports, politics'",
     "It was written by Shakespeare. ", 32},
    {"white space before a vector", "SELECT distilbert_embed(?1)", " \n",
     100 * MB},
    {"lower case behind a prompt", "SELECT distilbert_embed(?1, 'letters')",
     "\xce\x91\xce\xa3'\xe2\x80\x99...", 100 * MB},
};

/* `letters` has a prompt and lower_case; all are loaded. */
static const char SETUP[] =
    "UPDATE distilbert_config SET value = 'window' WHERE key = 'overflow';"
    "INSERT INTO distilbert_models(name, path)"
    " VALUES ('letters', 'tests/sql/data/sentence.safetensors'), ('nli',"
    " 'tests/oracle/data/checkpoints/distilbert-uncased-nli'), ('tags',"
    " 'tests/oracle/data/checkpoints/distilbert-uncased-tokcls');"
    "UPDATE distilbert_config SET value = 'tags' WHERE key = 'entities_model';"
    "SELECT distilbert_embed('a'), distilbert_embed('a', 'letters'),"
    " distilbert_classify('a'), distilbert_classify('a', 'nli'),"
    " distilbert_entities_json('a')";

static clockid_t clock_of_main;

/* Milliseconds the main thread has computed: a busy machine changes little. */
static double now(void) {
  return 1e3 * seconds_of(clock_of_main);
}

/* --- The two ways to say stop --------------------------------------------- */

typedef struct Stopper {
  sqlite3 *db;
  double after; /* milliseconds from its start */
  double start, said;
} Stopper;

static void *interrupt_later(void *arg) {
  Stopper *s = arg;
  long ns = (long)(s->after * 1e6);
  nanosleep(&(struct timespec){ns / 1000000000, ns % 1000000000}, NULL);
  s->said = now();
  sqlite3_interrupt(s->db);
  return NULL;
}

static int past_deadline(void *arg) {
  Stopper *s = arg;
  if (now() < s->start + s->after)
    return 0;
  s->said = s->start + s->after; /* from then on it wanted to stop */
  return 1;
}

/* --- One run -------------------------------------------------------------- */

static int step_all(sqlite3_stmt *stmt) {
  int rc = sqlite3_step(stmt);
  while (rc == SQLITE_ROW)
    rc = sqlite3_step(stmt);
  return rc;
}

/* Stops `stmt` after that time; returns the milliseconds it took to end, or
 * less than 0 when it had ended before. */
static double stop_once(sqlite3 *db, sqlite3_stmt *stmt, double after,
                        int progress_steps, const char *what) {
  Stopper s = {.db = db, .after = after, .start = now()};
  pthread_t thread;
  if (progress_steps)
    sqlite3_progress_handler(db, progress_steps, past_deadline, &s);
  else
    pthread_create(&thread, NULL, interrupt_later, &s);
  int rc = step_all(stmt);
  double end = now();
  if (!progress_steps)
    pthread_join(thread, NULL);
  sqlite3_progress_handler(db, 0, NULL, NULL);
  CHECK(rc == SQLITE_INTERRUPT || rc == SQLITE_DONE, "%s: %d %s", what, rc,
        sqlite3_errmsg(db));
  sqlite3_reset(stmt);
  return rc == SQLITE_INTERRUPT ? end - s.said : -1;
}

/* The quick query's answer is still the same. */
static void check_quick(sqlite3 *db, const char *what) {
  sqlite3_stmt *stmt = NULL;
  sqlite3_prepare_v2(db, QUICK, -1, &stmt, NULL);
  int rc = sqlite3_step(stmt);
  const char *text = (const char *)sqlite3_column_text(stmt, 0);
  CHECK(rc == SQLITE_ROW && text && !strcmp(text, "William Shakespeare"),
        "after %s: %d '%s' %s", what, rc, text ? text : "", sqlite3_errmsg(db));
  sqlite3_finalize(stmt);
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

enum { RUNS = 6, TRIES = 5 };

/* An interrupt that comes before the statement has begun is none: a busy
 * machine may need another try. */
static double stop_surely(sqlite3 *db, sqlite3_stmt *stmt, double after,
                          int progress_steps, const char *what) {
  double took = -1;
  for (int i = 0; i < TRIES && took < 0; i++)
    took = stop_once(db, stmt, after, progress_steps, what);
  return took;
}

static void test_case(sqlite3 *db, const struct Case *c, int progress_steps) {
  double took[RUNS];
  sqlite3_stmt *stmt = NULL;
  char *text = repeat(c->unit, c->bytes);
  sqlite3_prepare_v2(db, c->sql, -1, &stmt, NULL);
  sqlite3_bind_text64(stmt, 1, text, c->bytes, SQLITE_STATIC, SQLITE_UTF8);
  for (int i = 0; i < RUNS; i++) {
    took[i] = stop_surely(db, stmt, 3 + 11 * i, progress_steps, c->what);
    CHECK(took[i] >= 0, "%s ended before %d ms", c->what, 3 + 11 * i);
    check_quick(db, c->what);
  }
  qsort(took, RUNS, sizeof *took, by_size);
  printf("%s, %s: %.1f ms, at worst %.1f ms\n", c->what,
         progress_steps ? "progress handler" : "interrupt", took[RUNS / 2],
         took[RUNS - 1]);
  CHECK(took[RUNS - 1] <= 50 * SLOW, "%s: %.1f ms", c->what, took[RUNS - 1]);
  sqlite3_finalize(stmt);
  free(text);
}

/* Times at which a single inference of 512 tokens may or may not be done. */
static void test_one_inference(sqlite3 *db) {
  sqlite3_stmt *stmt = NULL;
  char *text = repeat("The play was written by him in London. ", 2000);
  int n = 0;
  sqlite3_prepare_v2(db,
                     "SELECT * FROM distilbert_answers('Who wrote it?', ?1)"
                     " WHERE max_seq_len = 512",
                     -1, &stmt, NULL);
  sqlite3_bind_text(stmt, 1, text, 2000, SQLITE_STATIC);
  for (int i = 0; i < 40; i++) {
    double took = stop_once(db, stmt, i, i % 2 ? 1000 : 0, "one inference");
    CHECK(took <= 50 * SLOW, "%.1f ms", took);
    n += took >= 0;
  }
  CHECK(n > 0, "none of 40 was interrupted");
  printf("one inference: %d of 40 interrupted\n", n);
  check_quick(db, "one inference");
  sqlite3_finalize(stmt);
  free(text);
}

/* One unbroken word, which is no entity's but for this model, goes through
 * everything: read, labelled, joined, written. Stopped all along. Where the
 * host's memory is slow, what is copied in one piece limits how long it is. */
static void test_long_word(sqlite3 *db, const char *sql) {
  enum { STOPS = 24, BYTES = 10 * MB };
  sqlite3_stmt *stmt = NULL;
  char *text = repeat("a", BYTES);
  double whole, worst = 0;
  int n = 0;
  sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
  sqlite3_bind_text(stmt, 1, text, BYTES, SQLITE_STATIC);
  whole = -now();
  CHECK(sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_int(stmt, 0) > BYTES,
        "%s: %s", sql, sqlite3_errmsg(db));
  whole += now();
  sqlite3_reset(stmt);
  for (int i = 0; i < STOPS; i++) {
    double after = whole * i / STOPS;
    double took = stop_once(db, stmt, after, i % 2 ? 1000 : 0, sql);
    CHECK(took <= 50 * SLOW, "%s after %.1f of %.1f ms: %.1f ms", sql, after,
          whole, took);
    worst = took > worst ? took : worst;
    n += took >= 0;
  }
  CHECK(n > STOPS / 2, "%s: %d of %d interrupted", sql, n, STOPS);
  printf("a long word, %.0f ms: %d of %d interrupted, at worst %.1f ms\n",
         whole, n, STOPS, worst);
  check_quick(db, sql);
  sqlite3_finalize(stmt);
  free(text);
}

/* An interrupted INSERT rolls the transaction back, as SQLite's always do. */
static void test_transaction(sqlite3 *db) {
  sqlite3_stmt *stmt = NULL;
  sqlite3_int64 rows = -1;
  char *text = repeat(cases[0].unit, 4 * MB);
  sqlite3_exec(db, "CREATE TABLE t(x); BEGIN; INSERT INTO t VALUES ('kept?')",
               NULL, NULL, NULL);
  sqlite3_prepare_v2(db, "INSERT INTO t SELECT distilbert_answer('Who?', ?1)",
                     -1, &stmt, NULL);
  sqlite3_bind_text(stmt, 1, text, 4 * MB, SQLITE_STATIC);
  CHECK(stop_once(db, stmt, 20, 0, "INSERT") >= 0, "INSERT ended");
  CHECK(sqlite3_get_autocommit(db), "the transaction is still open");
  sqlite3_finalize(stmt);
  sqlite3_prepare_v2(db, "SELECT count(*) FROM t", -1, &stmt, NULL);
  if (sqlite3_step(stmt) == SQLITE_ROW)
    rows = sqlite3_column_int64(stmt, 0);
  CHECK(rows == 0, "%lld rows", rows);
  sqlite3_finalize(stmt);
  free(text);
}

int main(void) {
  setenv("DISTILBERT_CACHE_ENTRIES", "0", 1); /* every call computes */
  sqlite3 *db;
  pthread_getcpuclockid(pthread_self(), &clock_of_main);
  alarm(600); /* a call that never stops fails, too */
  sqlite3_open(":memory:", &db);
  sqlite3_distilbert_init(db, NULL, NULL);
  CHECK(sqlite3_exec(db, SETUP, NULL, NULL, NULL) == SQLITE_OK, "%s",
        sqlite3_errmsg(db));
  check_quick(db, "opening");
  for (size_t i = 0; i < COUNT(cases); i++) {
    test_case(db, &cases[i], 0);
    test_case(db, &cases[i], 1000);
  }
  test_one_inference(db);
  test_long_word(db, "SELECT length(distilbert_entities_json(?1))");
  test_long_word(db, "SELECT sum(length(word)) + 1 FROM distilbert_entities(?1)"
                     " WHERE aggregation = 'first'");
  test_transaction(db);
  CHECK(!sqlite3_next_stmt(db, NULL), "a statement was left behind");
  CHECK(sqlite3_close(db) == SQLITE_OK, "the connection is busy");
  return check_done();
}
