/*
 * test_sync.c - the recipes sql/sync-*.sql: vectors in step with documents,
 * whatever happens to whoever computes them.
 *
 *     test_sync [SEED]
 *
 * Their SQL is taken out of the files, by its headings, so that what is tested
 * is what people copy.  First, every way in which a row can change between the
 * moment its text is read and the moment its vector is stored, and a store
 * that another writer keeps waiting.  Then a child drains the queue of a file
 * in WAL mode, and is killed twenty times, in the middle of a batch or of a
 * transaction, while this process inserts, updates and deletes.
 *
 * In the end every document has one vector, that of distilbert_embed(body) to
 * the bit, and there is no other.  No ticket that had left the queue was ever
 * computed again; what was computed in vain is a batch a kill at most.
 *
 * The child is this program again, as a connection must not cross fork().
 */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sqlite3.h>
#include "distilbert.h"
#include "files.h"
#include "random.h"
#include "recipe.h"
#include "sanitizer.h"
#include "seconds.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define MODEL    "'all-minilm-l6-v2'"
#define QUEUED   "SELECT count(*) FROM queue"

enum {
  KILLS = UNDER_TSAN || UNDER_ASAN ? 6 : 20,
  DOCS = 300,
  STEPS = 1000, /* about those of storing two batches */
  MS = 1000     /* in microseconds */
};

/* --- SQL ------------------------------------------------------------------ */

static char path[] = "/tmp/distilbert-sync.XXXXXX";

static void remove_database(void) {
  run_command("rm -f %s %s-wal %s-shm", path, path, path);
}

static int run(sqlite3 *db, const char *sql) {
  return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static void must(sqlite3 *db, const char *sql) {
  CHECK(run(db, sql) == SQLITE_OK, "%.200s: %s", sql, sqlite3_errmsg(db));
}

/* The one number that a query gives; -1: it fails. */
static long number(sqlite3 *db, const char *sql) {
  sqlite3_stmt *stmt = NULL;
  int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
  CHECK(rc == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
  long n = sqlite3_step(stmt) == SQLITE_ROW
               ? (long)sqlite3_column_int64(stmt, 0)
               : -1;
  sqlite3_finalize(stmt);
  return n;
}

static sqlite3 *open_db(const Recipe *recipe) {
  sqlite3 *db = NULL;
  sqlite3_open(path, &db);
  sqlite3_busy_timeout(db, 20 * 1000);
  sqlite3_distilbert_init(db, NULL, NULL);
  sqlite3_enable_load_extension(db, 1);
  if (recipe->library)
    CHECK(sqlite3_load_extension(db, recipe->library, NULL, NULL) == SQLITE_OK,
          "%s: %s", recipe->library, sqlite3_errmsg(db));
  must(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
  return db;
}

/* A ticket that a drain takes off the queue is written down, and no ticket
 * can be twice. */
static sqlite3 *open_drain(const Recipe *recipe) {
  sqlite3 *db = open_db(recipe);
  must(db, "CREATE TABLE IF NOT EXISTS drained(ticket INTEGER PRIMARY KEY)");
  must(db, recipe->connect);
  must(db, "CREATE TEMP TRIGGER note AFTER DELETE ON main.queue BEGIN"
           "  INSERT INTO drained VALUES (old.ticket); END");
  return db;
}

/* To the eye of its column a text in capitals is the same one. */
static sqlite3 *make_database(const Recipe *recipe) {
  remove_database();
  sqlite3 *db = open_db(recipe);
  must(db, recipe->schema);
  must(db, "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql ="
           " replace(sql, 'body TEXT)', 'body TEXT COLLATE NOCASE)')"
           " WHERE name = 'docs'; PRAGMA writable_schema = RESET");
  return db;
}

/* --- In step? ------------------------------------------------------------- */

static void check_in_step(sqlite3 *db, const Recipe *recipe,
                          const char *after) {
  char sql[512];
  snprintf(sql, sizeof sql,
           "SELECT count(*) FROM docs LEFT JOIN %s AS v USING (id) WHERE"
           " v.embedding IS NOT distilbert_embed(docs.body, " MODEL ")",
           recipe->vectors);
  long n = number(db, sql);
  CHECK(n == 0, "%s, after %s: %ld wrong vectors", recipe->file, after, n);
  snprintf(sql, sizeof sql,
           "SELECT count(*) - (SELECT count(body) FROM docs) FROM %s"
           " WHERE embedding IS NOT NULL",
           recipe->vectors);
  n = number(db, sql);
  CHECK(n == 0, "%s, after %s: %ld vectors too many", recipe->file, after, n);
  n = number(db, "SELECT count(*) FROM vectors WHERE error IS NOT NULL OR"
                 " model <> distilbert_fingerprint(" MODEL ")");
  CHECK(n == 0, "%s, after %s: %ld of another model", recipe->file, after, n);
  n = number(db, "SELECT (SELECT count(*) FROM stale) +"
                 " (SELECT count(*) FROM queue)");
  CHECK(n == 0, "%s, after %s: %ld stale or queued", recipe->file, after, n);
}

static void drain(sqlite3 *db, const Recipe *recipe) {
  for (int i = 0; i < 1000; i++) {
    must(db, recipe->compute);
    must(db, recipe->store);
    if (number(db, QUEUED) == 0)
      return;
  }
  CHECK(false, "%s: the queue is never empty", recipe->file);
}

/* --- A change between reading and storing --------------------------------- */

/* Of documents 1 to 4; 5 is queued, for it was deleted. */
static const struct {
  const char *change;
  long queued; /* behind the store of a batch that did not know of it */
} changes[] = {
    {"UPDATE docs SET body = 'later' WHERE id = 2", 1},
    {"UPDATE docs SET body = NULL WHERE id = 2", 1},
    {"UPDATE docs SET body = 'later' WHERE id = 4", 1},
    {"UPDATE OR IGNORE docs SET body = 'later' WHERE id = 2", 1},
    {"INSERT OR REPLACE INTO docs VALUES (2, 'later')", 1},
    {"REPLACE INTO docs VALUES (2, NULL)", 1},
    {"INSERT INTO docs VALUES (2, 'x')"
     " ON CONFLICT (id) DO UPDATE SET body = 'later'",
     1},
    {"INSERT OR IGNORE INTO docs VALUES (7, 'new')", 1},
    {"INSERT OR IGNORE INTO docs VALUES (5, 'again')", 1},
    {"UPDATE docs SET id = 9 WHERE id = 2", 2},
    {"UPDATE docs SET rowid = 9 WHERE id = 2", 2},
    {"UPDATE OR REPLACE docs SET id = 3 WHERE id = 2", 2},
    {"DELETE FROM docs WHERE id = 2", 1},
    {"DELETE FROM docs", 4},
    {"DELETE FROM docs WHERE id = 2; INSERT INTO docs VALUES (2, 'one')", 1},
    {"UPDATE docs SET body = body", 0},
    {"UPDATE docs SET body = x'6f6e65' WHERE id = 1", 1},
    {"UPDATE docs SET body = 'ONE' WHERE id = 1", 1},
    {"UPDATE vector_model SET fingerprint = 'of last year';"
     "UPDATE vector_model SET fingerprint = distilbert_fingerprint(name)",
     0},
    {"UPDATE vector_model SET fingerprint = 'of last year'", 5},
    {"BEGIN; DELETE FROM docs; ROLLBACK", 0},
};

static void test_change(const Recipe *recipe, const char *pragma, size_t i) {
  sqlite3 *writer = make_database(recipe);
  must(writer, pragma);
  must(writer, "INSERT INTO docs VALUES (1, 'one'), (2, 'two'), (3, 'one'),"
               " (4, NULL), (5, 'five'); DELETE FROM docs WHERE id = 5");
  sqlite3 *db = open_drain(recipe);
  must(db, recipe->compute);
  must(writer, changes[i].change);
  must(db, recipe->store);
  long queued = number(db, QUEUED);
  CHECK(queued == changes[i].queued, "%s: %ld queued after %s", recipe->file,
        queued, changes[i].change);
  must(db, "UPDATE vector_model SET fingerprint = distilbert_fingerprint(name)"
           " WHERE fingerprint IS NOT distilbert_fingerprint(name)");
  drain(db, recipe);
  check_in_step(db, recipe, changes[i].change);
  sqlite3_close(db);
  sqlite3_close(writer);
}

/* What was there before the triggers, and what no trigger saw. */
static void test_stale(const Recipe *recipe) {
  sqlite3 *db = make_database(recipe);
  must(db, "INSERT INTO docs VALUES (1, 'one'), (2, 'two'), (3, NULL);"
           "DELETE FROM queue");
  sqlite3_close(db);
  db = open_drain(recipe);
  drain(db, recipe);
  check_in_step(db, recipe, "documents that were there before");
  must(db, "CREATE UNIQUE INDEX by_body ON docs(body);"
           "INSERT INTO docs VALUES (4, 'four')");
  must(db, recipe->compute);
  must(db, "INSERT OR REPLACE INTO docs VALUES (5, 'four')");
  must(db, recipe->store);
  drain(db, recipe);
  check_in_step(db, recipe, "a queued row that REPLACE took away");
  must(db, "INSERT OR REPLACE INTO docs VALUES (6, 'one');"
           "INSERT INTO queue(id)"
           " SELECT id FROM stale WHERE id NOT IN (SELECT id FROM queue)");
  drain(db, recipe);
  check_in_step(db, recipe, "a row that REPLACE took away");
  sqlite3_close(db);
}

/* A text that the model refuses is told of, once. */
static void test_error(const Recipe *recipe) {
  sqlite3 *db = make_database(recipe);
  must(db, "SELECT distilbert_register('strict',"
           " 'tests/oracle/data/checkpoints/distilbert-uncased-base', NULL,"
           " '{\"overflow\": \"error\", \"max_tokens\": 5}');"
           "UPDATE vector_model SET name = 'strict'");
  must(db, "INSERT INTO docs VALUES (1, 'a b c d e f g h i'), (2, NULL)");
  sqlite3_close(db);
  db = open_drain(recipe);
  drain(db, recipe);
  CHECK(number(db, "SELECT count(*) FROM vectors WHERE error LIKE '%tokens%'"
                   " AND model = distilbert_fingerprint('strict')") == 1,
        "%s: no error", recipe->file);
  CHECK(number(db, "SELECT count(*) FROM stale") == 0, "%s: again and again",
        recipe->file);
  must(db, "DELETE FROM docs WHERE id = 1");
  drain(db, recipe);
  CHECK(number(db, "SELECT count(*) FROM vectors") == 1, "%s", recipe->file);
  sqlite3_close(db);
}

/* Another connection writes: a batch is computed all the same, and waits. */
static void test_busy(const Recipe *recipe) {
  sqlite3 *writer = make_database(recipe);
  must(writer, "INSERT INTO docs VALUES (1, 'one'), (2, 'two')");
  sqlite3 *db = open_drain(recipe);
  sqlite3_busy_timeout(db, 0);
  must(writer, "BEGIN IMMEDIATE; UPDATE docs SET body = 'later' WHERE id = 2");
  must(db, recipe->compute);
  CHECK(run(db, recipe->store) == SQLITE_BUSY, "%s: %s", recipe->file,
        sqlite3_errmsg(db));
  CHECK(number(db, QUEUED) == 2, "%s", recipe->file);
  must(writer, "COMMIT");
  must(db, recipe->store);
  CHECK(number(db, "SELECT group_concat(id) = '2' FROM queue") == 1, "%s",
        recipe->file);
  drain(db, recipe);
  check_in_step(db, recipe, "a busy database");
  must(db, recipe->compute); /* of nothing */
  must(db, recipe->store);
  sqlite3_close(db);
  sqlite3_close(writer);
}

/* What one drain computed long ago does not replace what another stored. */
static void test_two_drains(const Recipe *recipe) {
  sqlite3 *slow = make_database(recipe);
  must(slow, "INSERT INTO docs VALUES (1, 'one'), (2, 'two')");
  must(slow, recipe->connect);
  must(slow, recipe->compute);
  sqlite3 *db = open_drain(recipe);
  must(db, "UPDATE docs SET body = 'later' WHERE id = 2");
  drain(db, recipe);
  must(slow, recipe->store);
  check_in_step(db, recipe, "two drains");
  sqlite3_close(db);
  sqlite3_close(slow);
}

/* --- The child that drains ------------------------------------------------ */

enum { STARTING, COMPUTING, STORING, IDLE, N_PHASES };
static const char *const phases[] = {"starting", "computing", "storing",
                                     "idle"};

/* Shared with the child; what it counts before it is killed stays. */
typedef struct Shared {
  _Atomic int phase;
  _Atomic long computed, late; /* rows; rows that had changed meanwhile */
  _Atomic long again;          /* rows that had been drained before */
  _Atomic int steps; /* of a store's virtual machine to live; 0: no matter */
} Shared;

static Shared *map_shared(const char *name) {
  int fd = open(name, O_RDWR | O_CREAT, 0600);
  CHECK(ftruncate(fd, sizeof(Shared)) == 0, "%s", name);
  void *at =
      mmap(NULL, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  return at == MAP_FAILED ? NULL : at;
}

/* SQLite calls it between the steps of a store. */
static int live_on(void *context) {
  Shared *shared = context;
  if (shared->steps > 0 && --shared->steps == 0)
    kill(getpid(), SIGKILL);
  return 0;
}

static void drain_batch(sqlite3 *db, const Recipe *recipe, Shared *shared) {
  shared->phase = COMPUTING;
  must(db, recipe->compute);
  long n = number(db, "SELECT count(*) FROM batch");
  shared->computed += n;
  shared->again +=
      number(db, "SELECT count(*) FROM batch JOIN drained USING (ticket)");
  shared->phase = n ? STORING : IDLE;
  sqlite3_progress_handler(db, 1, live_on, shared);
  must(db, recipe->store);
  sqlite3_progress_handler(db, 0, NULL, NULL);
  shared->late += n - number(db, "SELECT count(*) FROM batch");
  shared->phase = IDLE;
  if (n == 0)
    usleep(MS);
}

/* Until it is killed; it ends by itself on an error only. */
static int be_child(Recipe *recipe, const char *shared_name) {
  read_recipe(recipe);
  Shared *shared = map_shared(shared_name);
  sqlite3 *db = open_drain(recipe);
  alarm(300); /* should nobody be left who kills it */
  while (shared && check_failed == 0)
    drain_batch(db, recipe, shared);
  return 1;
}

static pid_t start_child(const char *self, const Recipe *recipe,
                         const char *shared_name) {
  char which[8];
  snprintf(which, sizeof which, "%d", (int)(recipe - recipes));
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    execl(self, self, path, which, shared_name, (char *)NULL);
    _exit(9);
  }
  return child;
}

/* --- The parent, which writes --------------------------------------------- */

/* ?1 and ?2: ids, ?3: a text. */
static const char *const writes[] = {
    "INSERT INTO docs(body) VALUES (?3)",
    "INSERT INTO docs(body) VALUES (?3)",
    "UPDATE docs SET body = ?3 WHERE id = ?1",
    "UPDATE docs SET body = ?3 WHERE id BETWEEN ?1 AND ?1 + 5",
    "UPDATE OR IGNORE docs SET body = ?3 WHERE id = ?1",
    "UPDATE docs SET body = NULL WHERE id = ?1",
    "UPDATE docs SET body = CAST(?3 AS BLOB) WHERE id = ?1",
    "UPDATE docs SET body = ?2 WHERE id = ?1",
    "INSERT OR REPLACE INTO docs VALUES (?1, ?3)",
    ("INSERT INTO docs VALUES (?1, ?3)"
     " ON CONFLICT (id) DO UPDATE SET body = excluded.body"),
    "UPDATE OR REPLACE docs SET id = ?2 WHERE id = ?1",
    "UPDATE OR IGNORE docs SET rowid = ?2 WHERE id = ?1",
    "DELETE FROM docs WHERE id = ?1",
    "DELETE FROM docs WHERE id = ?1",
};

static void write_once(sqlite3 *db) {
  static const char *const words[] = {"sea", "river", "bridge", "cat", "moon"};
  const char *sql = writes[draw() % COUNT(writes)];
  char text[64];
  sqlite3_stmt *stmt = NULL;
  snprintf(text, sizeof text, "%s and %s %zu", words[draw() % COUNT(words)],
           words[draw() % COUNT(words)], between(1, 40));
  CHECK(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK, "%s: %s",
        sql, sqlite3_errmsg(db));
  sqlite3_bind_int(stmt, 1, (int)between(1, DOCS));
  sqlite3_bind_int(stmt, 2, (int)between(1, DOCS));
  sqlite3_bind_text(stmt, 3, text, -1, SQLITE_TRANSIENT);
  sqlite3_step(stmt);
  int rc = sqlite3_finalize(stmt);
  CHECK(rc == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
}

/* One change, or several in a transaction, which may be taken back. */
static void write_some(sqlite3 *db) {
  size_t n = draw() % 4;
  if (n == 0) {
    write_once(db);
    return;
  }
  must(db, "BEGIN IMMEDIATE");
  while (n-- > 0)
    write_once(db);
  usleep(draw() % MS);
  must(db, draw() % 4 ? "COMMIT" : "ROLLBACK");
}

static void write_many(sqlite3 *db) {
  char sql[128];
  snprintf(sql, sizeof sql,
           "UPDATE docs SET body = id || ' times %zu' WHERE id %% 4 = %zu",
           between(1, 1000), between(0, 3));
  must(db, sql);
}

/* Every other time it kills itself, at any step of a transaction: with so much
 * to do it comes to that. */
static int kill_child(pid_t child, sqlite3 *db, Shared *shared, bool storing) {
  int status = 0;
  shared->steps = storing ? (int)between(1, STEPS) : 0;
  write_many(db);
  if (!storing) {
    usleep((unsigned)between(0, 8 * MS));
    kill(child, SIGKILL);
  }
  waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
        "the child ended by itself, status %d", status);
  return shared->phase;
}

static void wait_for_child(Shared *shared) {
  double until = seconds_of(CLOCK_MONOTONIC) + 60;
  while (shared->phase == STARTING && seconds_of(CLOCK_MONOTONIC) < until)
    usleep(MS);
}

static int live_and_die(const char *self, const Recipe *recipe, sqlite3 *db,
                        Shared *shared, const char *name, int i) {
  shared->phase = STARTING;
  shared->steps = 0;
  pid_t child = start_child(self, recipe, name);
  bool starts = i % 7 == 6; /* it is killed then */
  if (!starts)
    wait_for_child(shared);
  for (size_t n = starts ? 1 : between(5, 20); n > 0; n--) {
    write_some(db);
    usleep(draw() % (2 * MS));
  }
  int phase = kill_child(child, db, shared, !starts && i % 2 == 0);
  long lost = number(db, "SELECT count(*) FROM stale WHERE id NOT IN"
                         " (SELECT id FROM queue)");
  CHECK(lost == 0, "%s: kill %d lost %ld rows", recipe->file, i, lost);
  CHECK(number(db, "SELECT count(*) FROM queue JOIN drained USING (ticket)") ==
            0,
        "%s: kill %d", recipe->file, i);
  return phase;
}

static void check_counts(sqlite3 *db, const Recipe *recipe,
                         const Shared *shared) {
  long drained = number(db, "SELECT count(*) FROM drained");
  long tickets = number(db, "SELECT seq FROM sqlite_sequence");
  long lost = shared->computed - shared->late - drained;
  printf("%ld tickets, %ld drained; %ld computed: %ld had changed, %ld lost "
         "with the child\n",
         tickets, drained, (long)shared->computed, (long)shared->late, lost);
  CHECK(shared->again == 0, "%s: %ld rows again", recipe->file,
        (long)shared->again);
  CHECK(lost >= 0 && lost <= KILLS * BATCH, "%s: %ld rows in vain in %d kills",
        recipe->file, lost, KILLS);
  CHECK(drained <= tickets && drained > DOCS / 2, "%s: %ld of %ld tickets",
        recipe->file, drained, tickets);
}

static void test_kills(const char *self, const Recipe *recipe) {
  int killed[N_PHASES] = {0};
  char name[64];
  snprintf(name, sizeof name, "%s-shared", path);
  Shared *shared = map_shared(name);
  sqlite3 *db = make_database(recipe);
  must(db, "CREATE TABLE drained(ticket INTEGER PRIMARY KEY)");
  must(db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
           " INSERT INTO docs SELECT i, 'document ' || i FROM n LIMIT 300");
  for (int i = 0; shared && i < KILLS; i++) {
    must(db, draw() % 2 ? "PRAGMA recursive_triggers = ON"
                        : "PRAGMA recursive_triggers = OFF");
    if (i == KILLS / 2)
      must(db, "UPDATE vectors SET model = 'of last year';"
               "UPDATE vector_model SET fingerprint = 'of last year'");
    killed[live_and_die(self, recipe, db, shared, name, i)]++;
  }
  sqlite3_close(db);
  printf("%s: killed", recipe->file);
  for (int i = 0; i < N_PHASES; i++)
    printf("%s %d %s", i ? "," : "", killed[i], phases[i]);
  printf("\n");
  CHECK(killed[COMPUTING] > 0 && killed[STORING] > 0, "%s", recipe->file);
  db = open_drain(recipe);
  for (int i = 0; i < 1000 && number(db, QUEUED) > 0; i++)
    drain_batch(db, recipe, shared);
  check_in_step(db, recipe, "all kills");
  check_counts(db, recipe, shared);
  CHECK(number(db, "SELECT count(*) = 0 FROM pragma_integrity_check WHERE "
                   "integrity_check <> 'ok'") == 1,
        "%s: not whole", recipe->file);
  sqlite3_close(db);
  unlink(name);
}

static void test_recipe(const char *self, Recipe *recipe) {
  if (!is_there(recipe)) {
    SKIP("%s: no %s.so (pip install sqlite-vec)", recipe->file,
         recipe->library);
    return;
  }
  read_recipe(recipe);
  for (size_t i = 0; i < COUNT(changes); i++) {
    test_change(recipe, "PRAGMA recursive_triggers = OFF", i);
    test_change(recipe, "PRAGMA recursive_triggers = ON", i);
  }
  test_stale(recipe);
  test_error(recipe);
  test_busy(recipe);
  test_two_drains(recipe);
  test_kills(self, recipe);
  free_recipe(recipe);
}

int main(int argc, char **argv) {
  if (argc > 3) {
    snprintf(path, sizeof path, "%s", argv[1]);
    return be_child(&recipes[atoi(argv[2])], argv[3]);
  }
  random_state += argc > 1 ? (uint64_t)atoll(argv[1]) : 0;
  printf("seed %s\n", argc > 1 ? argv[1] : "0");
  setenv("DISTILBERT_THREADS", "1", 1); /* texts are short, machines small */
  close(mkstemp(path));
  sqlite3 *keep = NULL; /* the model, and its fingerprint */
  sqlite3_open(":memory:", &keep);
  sqlite3_distilbert_init(keep, NULL, NULL);
  for (size_t i = 0; i < COUNT(recipes); i++)
    test_recipe(argv[0], &recipes[i]);
  remove_database();
  sqlite3_close(keep);
  return check_done();
}
