/*
 * test_threads.c - many connections on many threads.
 *
 *     test_threads [SECONDS]         of churn; 2 unless said otherwise
 *
 * First 16 connections on 16 threads, to one file and to memory: the results
 * of one thread to the bit, one copy of the weights, little memory a
 * connection.  Then churn: 8 threads with 8 connections each open, register,
 * answer, interrupt, set, remove and close in any order; every answer is the
 * right one, or an error that such company explains.  Meant for `make tsan`.
 */
#define _GNU_SOURCE
#include "check.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sqlite3.h>
#include "distilbert.h"
#include "host/status.h"
#include "store/registry.h"
#include "sanitizer.h"

#define DATA "tests/oracle/data/checkpoints/"

enum { THREADS = 16, DOCS = 12, ROOM = 8192 };

/* Rows of a query with the bits of its numbers; or the error's message. */
static int ask(sqlite3 *db, const char *sql, char out[ROOM]) {
  sqlite3_stmt *stmt = NULL;
  size_t n = 0;
  out[0] = 0;
  int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
  while (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
    for (int i = 0; i < sqlite3_column_count(stmt) && n < ROOM - 400; i++) {
      double real = sqlite3_column_double(stmt, i);
      uint64_t bits;
      memcpy(&bits, &real, sizeof bits);
      n += (size_t)snprintf(out + n, ROOM - n, "%016" PRIx64 " %.300s,", bits,
                            (const char *)sqlite3_column_text(stmt, i));
    }
    rc = SQLITE_OK;
  }
  if (rc != SQLITE_DONE)
    snprintf(out, ROOM, "%s", sqlite3_errmsg(db));
  sqlite3_finalize(stmt);
  return rc;
}

static sqlite3 *connect_to(const char *path) {
  sqlite3 *db = NULL;
  sqlite3_open(path, &db);
  sqlite3_busy_timeout(db, 60000);
  sqlite3_distilbert_init(db, NULL, NULL);
  return db;
}

static void make_docs(sqlite3 *db) {
  char sql[512];
  sqlite3_exec(db, "BEGIN; CREATE TABLE docs(id INTEGER PRIMARY KEY, body)",
               NULL, NULL, NULL);
  for (int i = 0; i < DOCS; i++) {
    snprintf(sql, sizeof sql,
             "INSERT INTO docs(body) VALUES ('%s was written by %s in the year"
             " %d, in a small house by the sea.')",
             i % 2 ? "The book" : "It", i % 3 ? "Ann Lee" : "Charles",
             i + 1900);
    sqlite3_exec(db, sql, NULL, NULL, NULL);
  }
  sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
}

/* --- The same bits, one copy ----------------------------------------------*/

static const char *const queries[] = {
    "SELECT id, start, \"end\", score, answer FROM docs,"
    " distilbert_answers('who wrote it and when?', body, 3, 'shared')",
    "SELECT docs.id, n.id, token FROM docs, distilbert_tokens(body) AS n",
    "SELECT score, answer, context FROM distilbert_answers WHERE top_k = 2 AND"
    " model = 'shared' AND question = 'When?' AND context IN"
    " (SELECT body FROM docs)",
#ifndef MODELS_none
    "SELECT id, start, \"end\", score, answer FROM docs,"
    " distilbert_answers('Who wrote it?', body, 2) WHERE id < 3",
#endif
};
enum { QUERIES = sizeof queries / sizeof *queries };

static char right[QUERIES][ROOM];
static char path[] = "/tmp/distilbert-threads.XXXXXX";
static pthread_barrier_t all_here;

typedef struct Guest {
  bool in_memory;
  int wrong;
  sqlite3 *db;
} Guest;

static void *be_guest(void *arg) {
  Guest *g = arg;
  static char out[THREADS][ROOM];
  static atomic_int next;
  char *mine = out[atomic_fetch_add(&next, 1) % THREADS];
  g->db = connect_to(g->in_memory ? ":memory:" : path);
  if (g->in_memory)
    make_docs(g->db);
  pthread_barrier_wait(&all_here);
  for (size_t i = 0; i < QUERIES; i++) {
    int rc = ask(g->db, queries[i], mine);
    g->wrong += rc != SQLITE_DONE || strcmp(mine, right[i]) != 0;
  }
  return NULL;
}

static void test_guests(void) {
  Guest guests[THREADS] = {{0}};
  pthread_t ids[THREADS];
  size_t weights = registry_bytes();
  long before = status_kb("VmRSS:");
  for (int i = 0; i < THREADS; i++) {
    guests[i].in_memory = i % 2;
    pthread_create(&ids[i], NULL, be_guest, &guests[i]);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(ids[i], NULL);
    CHECK(guests[i].wrong == 0, "thread %d: %d of %d queries differ", i,
          guests[i].wrong, QUERIES);
  }
  long each = (status_kb("VmRSS:") - before) / THREADS;
  CHECK(registry_bytes() == weights, "%zu bytes of weights, not %zu",
        registry_bytes(), weights);
  CHECK(UNDER_ASAN || UNDER_TSAN || each < 3072, "%ld KiB a connection", each);
  printf("%d connections: %zu MB of weights, %ld KiB each\n", THREADS,
         weights / 1000000, each);
  for (int i = 0; i < THREADS; i++)
    CHECK(sqlite3_close(guests[i].db) == SQLITE_OK, "connection %d", i);
}

/* What a connection costs that does nothing. */
static void test_idle(void) {
  sqlite3 *dbs[THREADS];
  sqlite3_int64 before = sqlite3_memory_used();
  for (int i = 0; i < THREADS; i++)
    dbs[i] = connect_to(":memory:");
  sqlite3_int64 each = (sqlite3_memory_used() - before) / THREADS;
  CHECK(each < 1 << 20, "%lld bytes", (long long)each);
  printf("an idle connection: %lld KiB\n", (long long)each / 1024);
  for (int i = 0; i < THREADS; i++)
    sqlite3_close(dbs[i]);
}

static void test_same_bits(void) {
  close(mkstemp(path));
  sqlite3 *db = connect_to(path);
  make_docs(db);
  sqlite3_exec(db,
               "INSERT INTO distilbert_models(name, path) VALUES"
               " ('shared', '" DATA "distilbert-uncased-qa')",
               NULL, NULL, NULL);
  for (size_t i = 0; i < QUERIES; i++)
    CHECK(ask(db, queries[i], right[i]) == SQLITE_DONE, "%s: %s", queries[i],
          right[i]);
  test_guests();
  test_idle();
  sqlite3_close(db);
  unlink(path);
}

/* --- Churn ----------------------------------------------------------------*/

enum { CHURNERS = 8, EACH = 8, MODELS = 3 };

static const char CHURN_ASK[] =
    "SELECT start, \"end\", score FROM distilbert_answers('who wrote it?',"
    " 'it was written by ann lee in the year 1999, in a small house.')"
    " WHERE top_k = 3 AND model = '%s%d'";
static const char *const churn_paths[MODELS] = {DATA "distilbert-uncased-qa",
                                                DATA "distilbert-cased-qa",
                                                DATA "bert-uncased-qa"};

/* A connection, and the lock without which nobody may interrupt or close. */
static struct {
  pthread_mutex_t lock;
  sqlite3 *db;
} slots[CHURNERS][EACH];

static char churn_right[MODELS][ROOM];
static atomic_bool over;
static atomic_long n_answers, n_interrupted, n_missing, n_wrong;

static void slot_set(size_t i, size_t j, bool open) {
  sqlite3 *new_db = open ? connect_to(":memory:") : NULL;
  pthread_mutex_lock(&slots[i][j].lock);
  sqlite3 *old = slots[i][j].db;
  slots[i][j].db = new_db;
  pthread_mutex_unlock(&slots[i][j].lock);
  if (sqlite3_close(old) != SQLITE_OK)
    atomic_fetch_add(&n_wrong, 1);
}

static void slot_interrupt(size_t i, size_t j) {
  pthread_mutex_lock(&slots[i][j].lock);
  if (slots[i][j].db)
    sqlite3_interrupt(slots[i][j].db);
  pthread_mutex_unlock(&slots[i][j].lock);
}

/* SQLite loses the code of an interrupt while a virtual table is declared. */
static bool was_interrupted(int rc, const char *message) {
  return rc == SQLITE_INTERRUPT ||
         (rc == SQLITE_ERROR && strstr(message, "vtable constructor failed"));
}

/* A twin is another name of the same place. */
static void churn_answer(sqlite3 *db, unsigned model, bool twin,
                         char out[ROOM]) {
  char sql[512];
  snprintf(sql, sizeof sql, CHURN_ASK, twin ? "twin" : "churn", (int)model);
  int rc = ask(db, sql, out);
  if (was_interrupted(rc, out))
    atomic_fetch_add(&n_interrupted, 1);
  else if (rc == SQLITE_ERROR && strstr(out, "no model named"))
    atomic_fetch_add(&n_missing, 1);
  else if (rc == SQLITE_DONE && !strcmp(out, churn_right[model]))
    atomic_fetch_add(&n_answers, 1);
  else if (atomic_fetch_add(&n_wrong, 1) < 3)
    printf("%d: %.200s\n", rc, out);
}

static void churn_sql(sqlite3 *db, unsigned model, unsigned what) {
  static const char *const sqls[] = {
      "INSERT INTO distilbert_models(name, path) VALUES ('churn%u', '%s')",
      "DELETE FROM distilbert_models WHERE name = 'churn%u' AND '%s' <> ''",
      "UPDATE distilbert_config SET value = 1 + %u WHERE key = 'threads'"
      " AND '%s' <> ''",
      "UPDATE distilbert_config SET value = %u * 400000 WHERE '%s' <> '' AND"
      " key = 'memory_limit'",
      "SELECT name, fingerprint, loaded, %u, '%s' FROM distilbert_models",
      "SELECT distilbert_register('twin%u', '%s')",
      "SELECT distilbert_forget('twin%u') WHERE '%s' <> ''",
      "SELECT distilbert_set('cache_entries', %u * 100), '%s'"};
  char sql[512], out[ROOM];
  snprintf(sql, sizeof sql, sqls[what], model, churn_paths[model]);
  ask(db, sql, out);
}

static void *churn(void *arg) {
  size_t me = (size_t)arg;
  unsigned random = (unsigned)me + 1;
  char *out = malloc(ROOM);
  while (!atomic_load(&over)) {
    random = random * 1664525u + 1013904223u;
    unsigned what = random >> 24 & 31, model = (random >> 16 & 255) % MODELS;
    size_t j = random >> 10 & 7, other = random >> 13 & 7;
    if (!slots[me][j].db || what == 0)
      slot_set(me, j, what != 1);
    else if (what < 4)
      slot_interrupt(other, j);
    else if (what < 12)
      churn_sql(slots[me][j].db, model, what - 4);
    else
      churn_answer(slots[me][j].db, model, what & 1, out);
  }
  for (size_t j = 0; j < EACH; j++)
    slot_set(me, j, false);
  free(out);
  return NULL;
}

static void prepare_churn(void) {
  char sql[512];
  sqlite3 *db = connect_to(":memory:");
  for (unsigned i = 0; i < MODELS; i++) {
    churn_sql(db, i, 0);
    snprintf(sql, sizeof sql, CHURN_ASK, "churn", (int)i);
    CHECK(ask(db, sql, churn_right[i]) == SQLITE_DONE, "%s", churn_right[i]);
  }
  sqlite3_close(db);
  for (size_t i = 0; i < CHURNERS; i++)
    for (size_t j = 0; j < EACH; j++)
      pthread_mutex_init(&slots[i][j].lock, NULL);
}

static void test_churn(unsigned seconds) {
  pthread_t ids[CHURNERS];
  prepare_churn();
  for (size_t i = 0; i < CHURNERS; i++)
    pthread_create(&ids[i], NULL, churn, (void *)i);
  sleep(seconds);
  atomic_store(&over, true);
  for (size_t i = 0; i < CHURNERS; i++)
    pthread_join(ids[i], NULL);
  CHECK(atomic_load(&n_wrong) == 0, "%ld wrong", atomic_load(&n_wrong));
  CHECK(atomic_load(&n_answers) > 0, "no answers");
  printf("churn: %ld answers, %ld interrupted, %ld times no such model\n",
         atomic_load(&n_answers), atomic_load(&n_interrupted),
         atomic_load(&n_missing));
  CHECK(registry_bytes() == 0, "%zu bytes of weights left", registry_bytes());
}

int main(int argc, char **argv) {
  setenv("DISTILBERT_CACHE_ENTRIES", "0", 1); /* every call computes */
  pthread_barrier_init(&all_here, NULL, THREADS);
  test_same_bits();
  test_churn(argc > 1 ? (unsigned)atoi(argv[1]) : 2);
  return check_done();
}
