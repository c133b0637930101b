/*
 * test_determinism.c - one text, one result: the same bits whatever the
 * instruction set, the number of threads, and what else is in the batch.
 *
 *     test_determinism [TEXTS]       TEXTS of the built-in model
 *
 * 1,000 texts for tiny checkpoints (answers, labels, entities) and a few for
 * built-in models go through SQL, in a process of their own for each
 *
 *     {portable, avx2, avx512 | neon} x {1, 2, 4 threads}
 *       x {one call a text, all texts in context IN (...)}
 *
 * Each process prints a hash a text, over start, end, text and the bits of the
 * scores of its rows; all processes must print the same.  Plain C has
 * to make its multiply-adds by hand: it does a tenth of the tiny checkpoint's
 * texts, or all of them where TEXTS is given, and one in 20 of the others.
 */
#include "check.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include "distilbert.h"
#include "sanitizer.h"
#include "tensor/kernels.h"

enum { MANY = UNDER_ASAN || UNDER_TSAN ? 50 : 1000, MOST = 10000 };

/* --- A worker: hashes on stdout -------------------------------------------*/

static uint64_t hashes[MOST];

static void add(uint64_t *hash, const void *data, size_t n) {
  for (size_t i = 0; i < n; i++)
    *hash = (*hash ^ ((const unsigned char *)data)[i]) * 0x100000001b3u;
}

/* Texts of 1 to 40 words, each beginning with its number. */
static void make_texts(sqlite3 *db, int n) {
  static const char *const words[] = {
      "ann",   "lee",   "wrote",       "the",          "book", "in",
      "paris", "1999",  "and",         "it",           "was",  "read",
      "by",    "many",  "small",       "house",        "king", "sold",
      "his",   "horse", "caf\xc3\xa9", "\xe4\xb8\xad", "!"};
  sqlite3_stmt *stmt = NULL;
  uint32_t random = 1;
  sqlite3_exec(db, "CREATE TABLE docs(body); BEGIN", NULL, NULL, NULL);
  sqlite3_prepare_v2(db, "INSERT INTO docs VALUES (?1)", -1, &stmt, NULL);
  for (int i = 0; i < n; i++) {
    char text[512];
    int used = snprintf(text, sizeof text, "%d", i);
    for (uint32_t w = random >> 8; w % 40 != 39; w++) {
      random = random * 1664525u + 1013904223u;
      used += snprintf(text + used, sizeof text - (size_t)used, " %s",
                       words[(random >> 8) % (sizeof words / sizeof *words)]);
    }
    random = random * 1664525u + 1013904223u;
    sqlite3_bind_text(stmt, 1, text, used, SQLITE_TRANSIENT);
    sqlite3_step(stmt);
    sqlite3_reset(stmt);
  }
  sqlite3_finalize(stmt);
  sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
}

static bool hash_rows(sqlite3 *db, const char *sql) {
  sqlite3_stmt *stmt = NULL;
  int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
  while (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
    uint64_t *hash = &hashes[sqlite3_column_int(stmt, 0) % MOST];
    double score = sqlite3_column_double(stmt, 3);
    int span[2] = {sqlite3_column_int(stmt, 1), sqlite3_column_int(stmt, 2)};
    add(hash, &score, sizeof score);
    add(hash, span, sizeof span);
    add(hash, sqlite3_column_text(stmt, 4),
        (size_t)sqlite3_column_bytes(stmt, 4));
    rc = SQLITE_OK;
  }
  if (rc != SQLITE_DONE)
    fprintf(stderr, "%s\n", sqlite3_errmsg(db));
  sqlite3_finalize(stmt);
  return rc == SQLITE_DONE;
}

#define CHECKPOINT(name)                                                       \
  "tests/oracle/data/checkpoints/distilbert-uncased-" name

/* Columns: a text, which begins with its number; two numbers; a score; a text.
 */
#define ANSWERS                                                                \
  "SELECT context + 0, start, \"end\", score, answer"                          \
  " FROM docs, distilbert_answers WHERE question = 'who wrote it?'"            \
  " AND top_k = 3"
#define CLASSES                                                                \
  "SELECT text + 0, 0, 0, score, label FROM docs, distilbert_classes WHERE 1"
#define ENTITIES                                                               \
  "SELECT text + 0, start, \"end\", score, entity || word"                     \
  " FROM docs, distilbert_entities WHERE aggregation = 'average'"

/* What is asked of a model; `key` is the column that a text comes in. */
static const struct Asked {
  const char *model, *path; /* path NULL: built in */
  const char *sql, *key;
  bool is_small;
} asked[] = {
    {"tiny", CHECKPOINT("qa"), ANSWERS, "context", true},
    {"labels", CHECKPOINT("seqcls"), CLASSES, "text", true},
    {"tags", CHECKPOINT("tokcls"), ENTITIES, "text", true},
#ifndef MODELS_none
    {"distilbert-minilm-squad", NULL, ANSWERS, "context", false},
    {"distilbert-minilm-sst2", NULL, CLASSES, "text", false},
    {"distilbert-minilm-entities", NULL, ENTITIES, "text", false},
#endif
};
enum { N_ASKED = sizeof asked / sizeof *asked };

static const struct Asked *find(const char *model) {
  size_t i = 0;
  while (i + 1 < N_ASKED && strcmp(asked[i].model, model) != 0)
    i++;
  return &asked[i];
}

/* Arguments: --worker MODEL N THREADS BATCHED */
static int work(char **argv) {
  sqlite3 *db = NULL;
  const struct Asked *ask = find(argv[0]);
  int n = atoi(argv[1]);
  sqlite3_open(":memory:", &db);
  sqlite3_distilbert_init(db, NULL, NULL);
  char *sql = sqlite3_mprintf(
      "UPDATE distilbert_config SET value = %Q WHERE key = 'threads';"
      "INSERT INTO distilbert_models(name, path) SELECT %Q, %Q WHERE %d",
      argv[2], ask->model, ask->path ? ask->path : "", ask->path != NULL);
  sqlite3_exec(db, sql, NULL, NULL, NULL);
  sqlite3_free(sql);
  make_texts(db, n);
  /* Batched: the table of texts joins one row alone. */
  sql = atoi(argv[3]) ? sqlite3_mprintf("%s AND model = %Q AND docs.rowid = 1"
                                        " AND %s IN (SELECT body FROM docs)",
                                        ask->sql, ask->model, ask->key)
                      : sqlite3_mprintf("%s AND model = %Q AND %s = docs.body",
                                        ask->sql, ask->model, ask->key);
  bool good = hash_rows(db, sql);
  sqlite3_free(sql);
  for (int i = 0; i < n; i++)
    printf("%016" PRIx64 "\n", hashes[i]);
  sqlite3_close(db);
  return !good;
}

/* --- The judge ------------------------------------------------------------*/

/* Reads a worker's hashes; how many there are. */
static int run_worker(const char *self, const char *kernels, const char *model,
                      int n, int threads, int batched, uint64_t *out) {
  char command[1024];
  int got = 0;
  snprintf(command, sizeof command,
           "DISTILBERT_KERNELS=%s '%s' --worker %s %d %d %d", kernels, self,
           model, n, threads, batched);
  FILE *pipe = popen(command, "r");
  while (pipe && got < n && fscanf(pipe, "%" SCNx64, &out[got]) == 1)
    got++;
  return pipe && pclose(pipe) == 0 ? got : -1;
}

static void compare(const char *what, const uint64_t *a, const uint64_t *b,
                    int n) {
  int differ = 0;
  for (int i = 0; i < n; i++)
    differ += a[i] != b[i];
  CHECK(differ == 0, "%s: %d of %d texts differ", what, differ, n);
}

/* Plain C does the first `n_slow` texts, the others `n`. */
static void test_model(const char *self, const char *model, int n, int n_slow) {
  static uint64_t first[MOST], other[MOST];
  static const int threads[] = {1, 2, 4};
  const Kernels *const *set = kernels_all;
  bool have_first = false;
  for (; *set; set++) {
    bool again = set != kernels_all && !strcmp(set[-1]->name, set[0]->name);
    if (again || !(*set)->usable())
      continue; /* the name chooses the first of that name */
    int m = strcmp((*set)->name, "portable") ? n : n_slow;
    for (int i = 0; i < 6; i++) {
      char what[128];
      snprintf(what, sizeof what, "%s, %s, %d threads, %s", model, (*set)->name,
               threads[i / 2], i % 2 ? "batched" : "row by row");
      int got = run_worker(self, (*set)->name, model, m, threads[i / 2], i % 2,
                           have_first ? other : first);
      CHECK(got == m, "%s: %d of %d hashes", what, got, m);
      if (have_first)
        compare(what, first, other, m);
      have_first = true;
    }
  }
}

int main(int argc, char **argv) {
  if (argc == 6 && !strcmp(argv[1], "--worker"))
    return work(argv + 2);
  bool full = argc > 1, quick = UNDER_ASAN || UNDER_TSAN;
  int n = full ? atoi(argv[1]) : quick ? 2 : 20;
  n = n < MOST ? n : MOST;
  for (size_t i = 0; i < N_ASKED; i++)
    if (asked[i].is_small)
      test_model(argv[0], asked[i].model, MANY, full ? MANY : MANY / 10);
    else
      test_model(argv[0], asked[i].model, n, (n + 19) / 20);
  return check_done();
}
