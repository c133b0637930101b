/*
 * test_determinism.c - one text, one result: the same bits whatever the
 * instruction set, the number of threads, and what else is in the batch.
 *
 *     test_determinism [TEXTS]       TEXTS of the built-in model
 *
 * 1,000 texts for tiny checkpoints (answers, labels, entities, vectors) and a
 * few for built-in models go through SQL, in a process of their own for each
 *
 *     {portable, avx2, avx512 | neon} x {1, 2, 4 threads}
 *       x {one call a text, all texts in IN (...), a table over a query}
 *
 * Each process prints a hash a text, over numbers, text and the bits of the
 * scores or vectors of its rows; all processes must print the same.  Plain C
 * has to make its multiply-adds by hand: it does a tenth of the tiny
 * checkpoint's texts, or all of them where TEXTS is given, and one in 20 of the
 * others.
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

static bool hash_rows(sqlite3 *db, const char *sql, const char *model) {
  sqlite3_stmt *stmt = NULL;
  int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
  sqlite3_bind_text(stmt, 1, model, -1, SQLITE_STATIC);
  while (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
    uint64_t *hash = &hashes[sqlite3_column_int(stmt, 0) % MOST];
    double score = sqlite3_column_double(stmt, 3);
    int span[2] = {sqlite3_column_int(stmt, 1), sqlite3_column_int(stmt, 2)};
    add(hash, &score, sizeof score);
    add(hash, span, sizeof span);
    add(hash, sqlite3_column_blob(stmt, 4),
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

/* Columns: a text, which begins with its number; two numbers; a score; a text
 * or BLOB. ?1 is the model. */
#define ANSWERS                                                                \
  "SELECT context + 0, start, \"end\", score, answer"                          \
  " FROM docs, distilbert_answers WHERE question = 'who wrote it?'"            \
  " AND top_k = 3 AND model = ?1 AND context"
#define CLASSES                                                                \
  "SELECT text + 0, 0, 0, score, label FROM docs, distilbert_classes"          \
  " WHERE model = ?1 AND text"
#define ENTITIES                                                               \
  "SELECT text + 0, start, \"end\", score, entity || word"                     \
  " FROM docs, distilbert_entities WHERE aggregation = 'average'"              \
  " AND model = ?1 AND text"

/* The table of texts joins one row alone. */
#define ROW_BY_ROW " = docs.body"
#define LISTED     " IN (SELECT body FROM docs) AND docs.rowid = 1"

enum { WAYS = 3 };

/* What is asked of a model, in several ways; NULL: not in this one. */
static const struct Asked {
  const char *name, *model, *path; /* path NULL: built in */
  bool is_small;
  const char *ways[WAYS];
} asked[] = {
#define ANSWERS_WAYS                                                           \
  { ANSWERS ROW_BY_ROW, ANSWERS LISTED, NULL }
#define CLASSES_WAYS                                                           \
  { CLASSES ROW_BY_ROW, CLASSES LISTED, NULL }
#define ENTITIES_WAYS                                                          \
  {                                                                            \
    ENTITIES ROW_BY_ROW, ENTITIES LISTED,                                      \
        "SELECT key, start, \"end\", score, entity || word"                    \
        " FROM distilbert_entities_each('SELECT body + 0, body FROM docs',"    \
        " 'average', ?1)"                                                      \
  }
#define EMBED_WAYS                                                             \
  {                                                                            \
    "SELECT body + 0, 0, 0, 0, distilbert_embed(body, ?1) FROM docs", NULL,    \
        "SELECT key, 0, 0, 0, embedding"                                       \
        " FROM distilbert_embed_each('SELECT body + 0, body FROM docs', ?1)"   \
  }
    {"answers", "tiny", CHECKPOINT("qa"), true, ANSWERS_WAYS},
    {"labels", "tiny", CHECKPOINT("seqcls"), true, CLASSES_WAYS},
    {"tags", "tiny", CHECKPOINT("tokcls"), true, ENTITIES_WAYS},
    {"vectors", "tiny", CHECKPOINT("base"), true, EMBED_WAYS},
#ifndef MODELS_none
    {"squad", "distilbert-minilm-qa", NULL, false, ANSWERS_WAYS},
    {"sst2", "distilbert-minilm-sst2", NULL, false, CLASSES_WAYS},
    {"entities", "distilbert-minilm-ner", NULL, false, ENTITIES_WAYS},
    {"minilm", "all-minilm-l6-v2", NULL, false, EMBED_WAYS},
#endif
};
enum { N_ASKED = sizeof asked / sizeof *asked };

static const struct Asked *find(const char *name) {
  size_t i = 0;
  while (i + 1 < N_ASKED && strcmp(asked[i].name, name) != 0)
    i++;
  return &asked[i];
}

/* Arguments: --worker NAME N THREADS WAY */
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
  bool good = hash_rows(db, ask->ways[atoi(argv[3])], ask->model);
  for (int i = 0; i < n; i++)
    printf("%016" PRIx64 "\n", hashes[i]);
  sqlite3_close(db);
  return !good;
}

/* --- The judge ------------------------------------------------------------*/

/* Reads a worker's hashes; how many there are. */
static int run_worker(const char *self, const char *kernels, const char *name,
                      int n, int threads, int way, uint64_t *out) {
  char command[1024];
  int got = 0;
  snprintf(command, sizeof command,
           "DISTILBERT_KERNELS=%s '%s' --worker %s %d %d %d", kernels, self,
           name, n, threads, way);
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

static uint64_t first[MOST], other[MOST];

/* One process; the first one's hashes stay. */
static void test_process(const char *self, const struct Asked *ask,
                         const char *kernels, int n, int threads, int way,
                         bool is_first) {
  static const char *const ways[WAYS] = {"row by row", "listed",
                                         "over a query"};
  char what[128];
  snprintf(what, sizeof what, "%s, %s, %d threads, %s", ask->name, kernels,
           threads, ways[way]);
  int got = run_worker(self, kernels, ask->name, n, threads, way,
                       is_first ? first : other);
  CHECK(got == n, "%s: %d of %d hashes", what, got, n);
  if (!is_first)
    compare(what, first, other, n);
}

/* Plain C does the first `n_slow` texts, the others `n`. */
static void test_model(const char *self, const struct Asked *ask, int n,
                       int n_slow) {
  static const int threads[] = {1, 2, 4};
  const Kernels *const *set = kernels_all;
  bool is_first = true;
  for (; *set; set++) {
    bool again = set != kernels_all && !strcmp(set[-1]->name, set[0]->name);
    if (again || !(*set)->usable())
      continue; /* the name chooses the first of that name */
    int m = strcmp((*set)->name, "portable") ? n : n_slow;
    for (int i = 0; i < 3 * WAYS; i++) {
      if (!ask->ways[i % WAYS])
        continue;
      test_process(self, ask, (*set)->name, m, threads[i / WAYS], i % WAYS,
                   is_first);
      is_first = false;
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
      test_model(argv[0], &asked[i], MANY, full ? MANY : MANY / 10);
    else
      test_model(argv[0], &asked[i], n, (n + 19) / 20);
  return check_done();
}
