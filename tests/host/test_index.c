/*
 * test_index.c - what is stored stays right, whatever the process is told.
 *
 * A database with expression indexes, a partial index and generated columns
 * over our functions is looked at after every change that could change a
 * result: each setting to each of its values, the name bound to another
 * checkpoint or to none, another process with another environment.  Each time
 * PRAGMA integrity_check, a query through the index, an INSERT and a DELETE
 * must be right, or end in an error that names the model; never a row that is
 * missing from an index.
 *
 * The other process is this program again, with the database's path.
 */
#include "check.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sqlite3.h>
#include "distilbert.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define FOLDER   "tests/oracle/data/checkpoints/"

static char path[] = "/tmp/distilbert-index.XXXXXX";

static sqlite3 *open_db(void) {
  sqlite3 *db = NULL;
  sqlite3_open(path, &db);
  sqlite3_distilbert_init(db, NULL, NULL);
  sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
  return db;
}

/* The first column of the first row, or the message of the error. */
static int ask(sqlite3 *db, const char *sql, char out[512]) {
  sqlite3_stmt *stmt = NULL;
  int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
  rc = rc ? rc : sqlite3_step(stmt);
  const char *text =
      rc == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
  snprintf(out, 512, "%s", text ? text : "");
  int end = sqlite3_finalize(stmt);
  if (end)
    snprintf(out, 512, "%s", sqlite3_errmsg(db));
  return end;
}

static void must(sqlite3 *db, const char *sql) {
  char *message = NULL;
  int rc = sqlite3_exec(db, sql, NULL, NULL, &message);
  CHECK(rc == SQLITE_OK, "%s: %s", sql, message ? message : "");
  sqlite3_free(message);
}

/* `model` is what the schema says; %s below stands for it. */
static void build(sqlite3 *db, const char *model) {
  static const char *const schema[] = {
      ("CREATE TABLE t(id INTEGER PRIMARY KEY, body TEXT,"
       " e BLOB AS (distilbert_embed(body, %Q)) STORED,"
       " n INT AS (distilbert_token_count(body, %Q)))"),
      "CREATE INDEX by_vector ON t(hex(distilbert_embed(body, %Q)))",
      ("CREATE INDEX by_count ON t(distilbert_token_count(body, %Q)) "
       "WHERE distilbert_token_count(body, %Q) > 3"),
      "CREATE INDEX by_n ON t(n)",
  };
  for (size_t i = 0; i < COUNT(schema); i++) {
    char *sql = sqlite3_mprintf(schema[i], model, model);
    must(db, sql);
    sqlite3_free(sql);
  }
  must(db,
       "INSERT INTO t(body) VALUES ('one two three'), ('a b c d e f g h i'),"
       " ('Where the wild roses grow, an index stays as it was.'), (NULL)");
}

/* Right, or an error that names the model; counts both. */
static void look(sqlite3 *db, const char *model, const char *after,
                 int counts[2]) {
  char sql[600], plain[64], out[512];
  snprintf(plain, sizeof plain, "%.*s", (int)strcspn(model, "@"), model);
  snprintf(sql, sizeof sql,
           "SELECT CASE WHEN (SELECT count(*) FROM t WHERE e IS NOT NULL AND "
           "hex(distilbert_embed(body, '%s')) = hex(e)) = "
           "(SELECT count(e) FROM t) THEN 'ok' ELSE 'lost' END",
           model);
  const char *const looks[] = {"PRAGMA integrity_check", sql,
                               "INSERT INTO t(body) VALUES ('x')",
                               "DELETE FROM t WHERE body = 'x'"};
  for (size_t i = 0; i < COUNT(looks); i++) {
    int rc = ask(db, looks[i], out);
    bool right = rc == SQLITE_OK && (!strcmp(out, "ok") || !*out);
    bool told = rc == SQLITE_ERROR && strstr(out, plain) != NULL;
    counts[0] += right;
    counts[1] += told;
    CHECK(right || told, "%s, after %s: %s gave %d %s", model, after, looks[i],
          rc, out);
  }
}

static const struct {
  const char *key, *value;
} settings[] = {
    {"engine", "blas"},     {"engine", "native"},     {"overflow", "error"},
    {"overflow", "window"}, {"overflow", "truncate"}, {"threads", "1"},
    {"threads", "2"},       {"memory_limit", "1"},    {"memory_limit", "0"},
    {"cache_entries", "0"}, {"cache_entries", "512"}, {"answer_model", "m"},
    {"embed_model", "m"},   {"fill_model", "m"},      {"embed_model", "nobody"},
    {"embed_model", ""},
};

static void test_settings(sqlite3 *db, const char *model) {
  int counts[2] = {0, 0};
  for (size_t i = 0; i < COUNT(settings); i++) {
    char sql[200], out[512];
    snprintf(sql, sizeof sql, "SELECT distilbert_set('%s', '%s')",
             settings[i].key, settings[i].value);
    CHECK(ask(db, sql, out) == SQLITE_OK, "%s: %s", sql, out);
    look(db, model, sql, counts);
  }
  CHECK(counts[0] > 4 * 10, "only %d right", counts[0]);
}

static void test_registration(sqlite3 *db, const char *model) {
  static const char *const changes[] = {
      "SELECT distilbert_register('m', '" FOLDER "distilbert-uncased-mlm')",
      "SELECT distilbert_register('m', '" FOLDER
      "distilbert-uncased-base', 'int8')",
      "SELECT distilbert_register('m', '" FOLDER "distilbert-uncased-base', "
      "NULL, '{\"max_tokens\": 5}')",
      "SELECT distilbert_register('m', '" FOLDER "distilbert-uncased-base')"};
  int counts[2] = {0, 0};
  for (size_t i = 0; i < COUNT(changes); i++) {
    must(db, "DELETE FROM distilbert_models");
    look(db, model, "forgetting", counts);
    must(db, changes[i]);
    look(db, model, changes[i], counts);
  }
  CHECK(counts[0] > 0, "never right");
}

static void test_processes(const char *self, const char *model) {
  static const char *const environments[][2] = {
      {"DISTILBERT_EMBED_MODEL", "distilbert-minilm-qa"},
      {"DISTILBERT_OVERFLOW", "window"},
      {"DISTILBERT_ENGINE", "blas"},
      {"DISTILBERT_THREADS", "1"},
      {"DISTILBERT_MODEL_PATH", "build/other-models"},
  };
  for (size_t i = 0; i < COUNT(environments); i++) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
      setenv(environments[i][0], environments[i][1], 1);
      execl(self, self, path, model, (char *)NULL);
      _exit(9);
    }
    int status = 1;
    waitpid(child, &status, 0);
    CHECK(status == 0, "%s in a process with %s=%s", model, environments[i][0],
          environments[i][1]);
  }
}

/* The other process: `m` is what it finds under DISTILBERT_MODEL_PATH. */
static int be_other(const char *database, const char *model) {
  int counts[2] = {0, 0};
  snprintf(path, sizeof path, "%s", database);
  sqlite3 *db = open_db();
  look(db, model, "opening it", counts);
  sqlite3_close(db);
  return check_failed != 0;
}

static void test_model(const char *self, const char *model) {
  unlink(path);
  sqlite3 *db = open_db();
  must(db,
       "SELECT distilbert_register('m', '" FOLDER "distilbert-uncased-base')");
  build(db, model);
  test_settings(db, model);
  test_registration(db, model);
  sqlite3_close(db);
  test_processes(self, model);
}

/* What a name without a fingerprint does in an index: nothing. */
static void test_unpinned(sqlite3 *db) {
  char out[512];
  must(db, "CREATE TABLE u(body); CREATE INDEX iu ON "
           "u(distilbert_token_count(body, 'm'))");
  CHECK(ask(db, "INSERT INTO u VALUES ('x')", out) == SQLITE_ERROR &&
            strstr(out, "m@FINGERPRINT"),
        "%s", out);
  must(db, "PRAGMA integrity_check; DROP TABLE u");
}

int main(int argc, char **argv) {
  char pinned[128], print[512];
  if (argc > 2)
    return be_other(argv[1], argv[2]);
  unsetenv("DISTILBERT_MODEL_PATH");
  if (system("mkdir -p build/other-models && cp -r " FOLDER
             "distilbert-cased-qa build/other-models/m 2>/dev/null") != 0)
    SKIP("no checkpoint for another process to find");
  close(mkstemp(path));
  sqlite3 *db = open_db();
  must(db,
       "SELECT distilbert_register('m', '" FOLDER "distilbert-uncased-base')");
  ask(db, "SELECT distilbert_fingerprint('m')", print);
  snprintf(pinned, sizeof pinned, "m@%.64s", print);
  test_unpinned(db);
  sqlite3_close(db);
  test_model(argv[0], pinned);
  test_model(argv[0], "all-minilm-l6-v2");
  unlink(path);
  return check_done();
}
