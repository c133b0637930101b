/*
 * test_etiquette.c - what a guest must leave as it was, and survive.
 *
 * The host's state is written down before the first connection and compared
 * after load, inference and close: floating-point modes, signals, folder,
 * locale, limits, descriptors, threads, and not a byte on stdout or stderr.
 * Results must not depend on the host's rounding, stack or locale; fork(),
 * exit() and the end of a thread must do no harm.
 */
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <fenv.h>
#include <inttypes.h>
#include <locale.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <sqlite3.h>
#include "distilbert.h"
#include "sanitizer.h"

static const char ADD[] =
    "INSERT INTO distilbert_models(name, path) VALUES"
    " ('tiny', 'tests/oracle/data/checkpoints/distilbert-uncased-qa')";
static const char ASK[] =
    "SELECT start, end, score"
    "  FROM distilbert_answers('who wrote it and when?',"
    "    'it was written by ann lee in the year 1999, in a small house.')"
    "  WHERE model = 'tiny' AND top_k = 5";

static sqlite3 *connect_db(void) {
  sqlite3 *db = NULL;
  sqlite3_open(":memory:", &db);
  sqlite3_distilbert_init(db, NULL, NULL);
  return db;
}

/* The rows of ASK with the bits of the score, or the error's message. */
static void ask(sqlite3 *db, char out[512]) {
  sqlite3_stmt *stmt = NULL;
  int n = 0;
  out[0] = 0;
  int rc = sqlite3_prepare_v2(db, ASK, -1, &stmt, NULL);
  while (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
    double score = sqlite3_column_double(stmt, 2);
    uint64_t bits;
    memcpy(&bits, &score, sizeof bits);
    n += snprintf(out + n, 512 - (size_t)n, "%d %d %016" PRIx64 ",",
                  sqlite3_column_int(stmt, 0), sqlite3_column_int(stmt, 1),
                  bits);
  }
  if (n == 0)
    snprintf(out, 512, "%s", sqlite3_errmsg(db));
  sqlite3_finalize(stmt);
}

static char right[512]; /* what ASK gives under ordinary conditions */

static bool asks_right(sqlite3 *db) {
  char got[512];
  ask(db, got);
  return strcmp(got, right) == 0;
}

/* --- The host's state -----------------------------------------------------*/

typedef struct State {
  unsigned mxcsr;
  int rounding, exceptions;
  sigset_t mask;
  struct sigaction handlers[32];
  char folder[512], locale[256];
  mode_t umask;
  cpu_set_t cpus;
  struct rlimit limits[RLIM_NLIMITS];
  size_t n_files, n_threads, n_variables;
  off_t printed;
} State;

static size_t count_entries(const char *folder) {
  size_t n = 0;
  DIR *dir = opendir(folder);
  while (dir && readdir(dir))
    n++;
  if (dir)
    closedir(dir);
  return n;
}

static int capture; /* stands in for stdout and stderr */

static void look(State *s) {
  memset(s, 0, sizeof *s);
#ifdef __SSE__
  s->mxcsr = __builtin_ia32_stmxcsr() & ~0x3fu; /* not the sticky flags */
#endif
  s->rounding = fegetround();
  s->exceptions = fegetexcept();
  pthread_sigmask(SIG_SETMASK, NULL, &s->mask);
  for (int i = 1; i < 32; i++)
    sigaction(i, NULL, &s->handlers[i]);
  if (!getcwd(s->folder, sizeof s->folder))
    s->folder[0] = 0;
  snprintf(s->locale, sizeof s->locale, "%s", setlocale(LC_ALL, NULL));
  s->umask = umask(0);
  umask(s->umask);
  sched_getaffinity(0, sizeof s->cpus, &s->cpus);
  for (int i = 0; i < (int)RLIM_NLIMITS; i++)
    getrlimit((__rlimit_resource_t)i, &s->limits[i]);
  for (char **v = environ; *v; v++)
    s->n_variables++;
  s->n_files = count_entries("/proc/self/fd");
  s->n_threads = count_entries("/proc/self/task");
  s->printed = lseek(capture, 0, SEEK_END);
}

static void compare(const State *a, const State *b, bool closed,
                    const char *when) {
  CHECK(a->mxcsr == b->mxcsr, "%s: MXCSR", when);
  CHECK(a->rounding == b->rounding, "%s: rounding", when);
  CHECK(a->exceptions == b->exceptions, "%s: exceptions", when);
  CHECK(!memcmp(&a->mask, &b->mask, sizeof a->mask), "%s: signal mask", when);
  for (int i = 1; i < 32; i++)
    CHECK(a->handlers[i].sa_handler == b->handlers[i].sa_handler &&
              a->handlers[i].sa_flags == b->handlers[i].sa_flags,
          "%s: handler of signal %d", when, i);
  CHECK(!strcmp(a->folder, b->folder), "%s: folder", when);
  CHECK(!strcmp(a->locale, b->locale), "%s: locale", when);
  CHECK(a->umask == b->umask, "%s: umask", when);
  CHECK(!memcmp(&a->cpus, &b->cpus, sizeof a->cpus), "%s: affinity", when);
  CHECK(!memcmp(a->limits, b->limits, sizeof a->limits), "%s: limits", when);
  CHECK(a->n_variables == b->n_variables, "%s: environment", when);
  CHECK(a->n_files == b->n_files, "%s: descriptors", when);
  CHECK(!closed || UNDER_TSAN || a->n_threads == b->n_threads,
        "%s: %zu threads", when, b->n_threads);
  CHECK(a->printed == b->printed, "%s: printed %ld bytes", when,
        (long)(b->printed - a->printed));
}

static void test_state(void) {
  State before;
  char name[] = "/tmp/test_etiquette.XXXXXX";
  capture = mkstemp(name);
  unlink(name);
  fflush(stdout);
  int out = dup(1), err = dup(2);
  dup2(capture, 1);
  dup2(capture, 2);
  static const char *const stages[] = {"load", "inference", "close"};
  State seen[3];
  look(&before);
  sqlite3 *db = connect_db();
  look(&seen[0]);
  sqlite3_exec(db, ADD, NULL, NULL, NULL);
  ask(db, right);
  sqlite3_exec(db, "SELECT distilbert_answer('Who?', 'Ann wrote it.')", NULL,
               NULL, NULL);
  look(&seen[1]);
  sqlite3_close(db);
  look(&seen[2]);
  dup2(out, 1);
  dup2(err, 2);
  close(out);
  close(err);
  for (int i = 0; i < 3; i++)
    compare(&before, &seen[i], i != 1, stages[i]);
  close(capture);
  CHECK(strchr(right, ','), "no answers: %s", right);
}

/* --- Odd hosts ------------------------------------------------------------*/

static void test_modes(void) {
  static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  sqlite3 *db = connect_db();
  for (size_t i = 0; i < 3; i++) {
    fesetround(modes[i]);
    bool same = asks_right(db);
    int now = fegetround();
    fesetround(FE_TONEAREST);
    CHECK(same, "rounding mode %d changes the result", modes[i]);
    CHECK(now == modes[i], "rounding mode %d was not kept", modes[i]);
  }
#ifdef __SSE__
  unsigned csr = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(csr | 0x8040);
  bool same = asks_right(db);
  unsigned now = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(csr);
  CHECK(same, "flush to zero changes the result");
  CHECK((now & 0x8040) == 0x8040, "flush to zero was not kept");
#endif
  static const char *const locales[] = {"de_DE.UTF-8", "tr_TR.UTF-8"};
  for (size_t i = 0; i < 2; i++)
    if (setlocale(LC_ALL, locales[i]))
      CHECK(asks_right(db), "locale %s", locales[i]);
  setlocale(LC_ALL, "C");
  sqlite3_close(db);
}

static void *one_life(void *arg) {
  sqlite3 *db = connect_db();
  *(bool *)arg = asks_right(db);
  sqlite3_close(db);
  return NULL;
}

static void test_small_stack(void) {
  enum { STACK = UNDER_ASAN || UNDER_TSAN ? 1 << 20 : 64 << 10 };
  pthread_t id;
  pthread_attr_t attr;
  bool good = false;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, STACK);
  if (pthread_create(&id, &attr, one_life, &good) == 0)
    pthread_join(id, NULL);
  pthread_attr_destroy(&attr);
  CHECK(good, "on a stack of %d bytes", STACK);
}

/* Open, load, infer, close; each in a thread that then ends. */
static void test_lives(int n) {
  size_t threads = count_entries("/proc/self/task");
  size_t files = count_entries("/proc/self/fd");
  for (int i = 0; i < n; i++) {
    pthread_t id;
    bool good = false;
    if (pthread_create(&id, NULL, one_life, &good) == 0)
      pthread_join(id, NULL);
    CHECK(good, "life %d", i);
  }
  CHECK(count_entries("/proc/self/task") == threads, "threads left");
  CHECK(count_entries("/proc/self/fd") == files, "descriptors left");
}

/* --- fork() and exit() ----------------------------------------------------*/

static atomic_bool over;
static atomic_int n_ready;

static void *infer_on(void *arg) {
  sqlite3 *db = connect_db();
  bool good = true;
  while (!atomic_load(&over)) {
    good &= asks_right(db);
    atomic_fetch_add(&n_ready, 1);
  }
  sqlite3_close(db);
  *(bool *)arg = good;
  return NULL;
}

/* The exit status within 20 s; -1: it hung; 1000 + signal. */
static int await(pid_t pid) {
  int status;
  for (int i = 0; i < 20000; i++, usleep(1000))
    if (waitpid(pid, &status, WNOHANG) == pid)
      return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);
  return -1;
}

/* SQLite's own static locks: another thread might hold one just now, and a
 * child would find it taken for ever. */
static void hold_sqlite(bool hold) {
  static const int locks[] = {SQLITE_MUTEX_STATIC_MAIN, SQLITE_MUTEX_STATIC_MEM,
                              SQLITE_MUTEX_STATIC_PRNG, SQLITE_MUTEX_STATIC_LRU,
                              SQLITE_MUTEX_STATIC_PMEM};
  for (size_t i = 0; i < sizeof locks / sizeof *locks; i++) {
    sqlite3_mutex *lock = sqlite3_mutex_alloc(locks[i]);
    hold ? sqlite3_mutex_enter(lock) : sqlite3_mutex_leave(lock);
  }
}

static void test_fork(int n) {
  pthread_t ids[2];
  bool good[2] = {false, false};
  atomic_store(&over, false);
  for (int i = 0; i < 2; i++)
    pthread_create(&ids[i], NULL, infer_on, &good[i]);
  while (atomic_load(&n_ready) < 4)
    usleep(1000);
  for (int i = 0; i < n; i++) {
    hold_sqlite(true);
    pid_t pid = fork();
    hold_sqlite(false);
    if (pid == 0) {
      sqlite3 *db = connect_db();
      _exit(asks_right(db) ? 0 : 1);
    }
    int status = await(pid);
    CHECK(status == 0, "child %d: %d", i, status);
  }
  atomic_store(&over, true);
  for (int i = 0; i < 2; i++) {
    pthread_join(ids[i], NULL);
    CHECK(good[i], "thread %d of the parent", i);
  }
}

static void test_exit(int n) {
  for (int i = 0; i < n; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      pthread_t ids[4];
      bool good[4];
      atomic_store(&over, false);
      for (int t = 0; t < 4; t++)
        pthread_create(&ids[t], NULL, infer_on, &good[t]);
      usleep((useconds_t)(i * 997 % 20000));
      fclose(stdout); /* what the parent has buffered is not ours */
      exit(0);
    }
    int status = await(pid);
    CHECK(status == 0, "child %d: %d", i, status);
  }
}

int main(int argc, char **argv) {
  setenv("DISTILBERT_CACHE_ENTRIES", "0", 1); /* every call computes */
  int scale = argc > 1 ? atoi(argv[1]) : 1;
  setvbuf(stdout, NULL, _IOLBF, 0);
  /* No statistics: they would take SQLite's locks in another order. */
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  sqlite3_initialize();
  test_state();
  test_modes();
  test_small_stack();
  test_lives(20 * scale);
  /* A sanitizer's own locks may be taken when a thread forks. */
  if (UNDER_TSAN || UNDER_ASAN)
    SKIP("fork beside threads: sanitizers do not support it");
  else
    test_fork(40 * scale);
  if (!UNDER_TSAN)
    test_exit(40 * scale);
  return check_done();
}
