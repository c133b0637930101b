/*
 * test_pool.c - every task once, whatever the threads; forks and exits.
 */
#define _GNU_SOURCE
#include "check.h"

#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/pool.h"
#include "sanitizer.h"
#include "seconds.h"

enum { MOST = 600 };

typedef struct Job {
  unsigned char seen[MOST]; /* plain: a task run twice at once is a race */
  atomic_size_t n_bad;
  size_t n_threads;
} Job;

static void mark(void *arg, size_t i, size_t thread) {
  Job *job = arg;
  job->seen[i]++;
  if (thread >= job->n_threads)
    atomic_fetch_add(&job->n_bad, 1);
}

/* One team, several runs; false when a task was missed or came twice. */
static bool run_jobs(size_t n_threads, size_t n_runs, size_t n_tasks) {
  Job job = {0};
  Team team = team_begin(n_threads);
  job.n_threads = team.n_threads;
  bool good = team.n_threads <= n_threads;
  for (size_t r = 0; r < n_runs; r++) {
    memset(job.seen, 0, sizeof job.seen);
    good &= team_run(&team, n_tasks, mark, &job, NULL) == OK;
    for (size_t i = 0; i < n_tasks; i++)
      good &= job.seen[i] == 1;
  }
  team_end(&team);
  return good && atomic_load(&job.n_bad) == 0;
}

static void test_once(void) {
  static const size_t sizes[] = {0, 1, 2, 3, 16, 17, MOST};
  pool_retain();
  for (size_t threads = 1; threads <= 9; threads += 2)
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
      CHECK(run_jobs(threads, 20, sizes[s]), "%zu threads, %zu tasks", threads,
            sizes[s]);
  CHECK(pool_workers() == 8, "%zu", pool_workers());
  pool_retain();
  pool_release();
  CHECK(pool_workers() == 8, "%zu", pool_workers());
  pool_release();
  CHECK(pool_workers() == 0, "%zu", pool_workers());
}

static void yield(void *arg, size_t i, size_t thread) {
  mark(arg, i, thread);
  sched_yield();
}

/* Workers still awake from a large team keep out of a small one. */
static void test_shrink(void) {
  size_t bad = 0;
  pool_retain();
  for (int round = 0; round < 600; round++) {
    Job job = {.n_threads = round % 2 ? 2 : 7};
    Team team = team_begin(job.n_threads);
    team_run(&team, 60, yield, &job, NULL);
    team_end(&team);
    bad += atomic_load(&job.n_bad);
  }
  CHECK(bad == 0, "%zu tasks ran outside the team", bad);
  pool_release();
}

/* --- Many callers at once -------------------------------------------------*/

typedef struct Storm {
  size_t seed, rounds;
  bool good;
} Storm;

static void *storm(void *arg) {
  Storm *s = arg;
  s->good = true;
  for (size_t i = 0; i < s->rounds; i++) {
    pool_retain();
    s->seed = s->seed * 1103515245 + 12345;
    size_t draw = s->seed >> 16;
    s->good &= run_jobs(1 + draw % 7, 1 + draw % 3, draw % 40);
    pool_release();
  }
  return NULL;
}

static void test_storm(void) {
  enum { N = 8 };
  pthread_t ids[N];
  Storm storms[N];
  for (size_t i = 0; i < N; i++) {
    storms[i] = (Storm){i + 1, 400, false};
    CHECK(pthread_create(&ids[i], NULL, storm, &storms[i]) == 0, "create");
  }
  for (size_t i = 0; i < N; i++) {
    pthread_join(ids[i], NULL);
    CHECK(storms[i].good, "caller %zu", i);
  }
  CHECK(pool_workers() == 0, "%zu workers left", pool_workers());
}

/* --- Interrupts -----------------------------------------------------------*/

static bool say_yes(void *arg) {
  ++*(int *)arg;
  return true;
}

static bool say_no(void *arg) {
  ++*(int *)arg;
  return false;
}

static bool late_yes(void *arg) {
  return ++*(int *)arg > 3;
}

static void nap(void *arg, size_t i, size_t thread) {
  (void)thread;
  atomic_fetch_add((atomic_size_t *)arg, 1);
  usleep(i == 0 ? 20000 : 2000);
}

static void test_poll(void) {
  pool_retain();
  for (size_t threads = 1; threads <= 3; threads++) {
    int asked = 0;
    atomic_size_t begun = 0;
    Team team = team_begin(threads);
    int rc = team_run(&team, 5, nap, &begun, &(Poll){say_yes, &asked});
    CHECK(rc == ERR_INTERRUPT && asked == 1, "rc %d asked %d", rc, asked);
    begun = 0;
    rc = team_run(&team, 200, nap, &begun, &(Poll){late_yes, &asked});
    size_t n = begun;
    usleep(5000);
    CHECK(rc == ERR_INTERRUPT && n < 100 && begun == n, "rc %d, %zu", rc, n);
    asked = 0;
    begun = 0;
    rc = team_run(&team, 9, nap, &begun, &(Poll){say_no, &asked});
    CHECK(rc == OK && begun == 9 && asked > 0, "rc %d %zu", rc, (size_t)begun);
    team_end(&team);
  }
  pool_release();
}

/* A job whose first two tasks run side by side, the worker's until the host was
 * asked while its own thread had nothing left to do. */
typedef struct Waiting {
  atomic_size_t begun;
  atomic_bool idle; /* the leader is through */
  atomic_bool told;
  double end;
} Waiting;

static bool stop_when_idle(void *arg) {
  Waiting *w = arg;
  if (atomic_load(&w->idle))
    atomic_store(&w->told, true);
  return atomic_load(&w->told);
}

static void wait_for_host(void *arg, size_t i, size_t thread) {
  Waiting *w = arg;
  (void)i;
  atomic_fetch_add(&w->begun, 1);
  while (atomic_load(&w->begun) < 2 && seconds_of(CLOCK_MONOTONIC) < w->end)
    usleep(100);
  if (thread == 0)
    atomic_store(&w->idle, true);
  while (thread > 0 && !atomic_load(&w->told) &&
         seconds_of(CLOCK_MONOTONIC) < w->end)
    usleep(100);
}

static void test_waiting(void) {
  pool_retain();
  for (int round = 0; round < 20; round++) {
    Waiting w = {.end = seconds_of(CLOCK_MONOTONIC) + 10};
    Team team = team_begin(2);
    int rc = team_run(&team, 2, wait_for_host, &w, &(Poll){stop_when_idle, &w});
    team_end(&team);
    CHECK(rc == ERR_INTERRUPT && atomic_load(&w.told), "rc %d", rc);
    CHECK(seconds_of(CLOCK_MONOTONIC) < w.end, "the host was not asked");
  }
  pool_release();
}

/* --- What a worker inherits ----------------------------------------------*/

static void look(void *arg, size_t i, size_t thread) {
  atomic_int *bad = arg;
  sigset_t mask;
  if (thread > 0) {
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    atomic_fetch_or(bad, !sigismember(&mask, SIGINT));
    atomic_fetch_or(bad, (fegetround() != FE_TONEAREST) << 1);
#ifdef __SSE__
    atomic_fetch_or(bad, (__builtin_ia32_stmxcsr() & 0x8040) ? 4 : 0);
#endif
  }
  usleep(i < 2 ? 1000 : 0);
}

static void test_worker(void) {
  atomic_int bad = 0;
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, NULL, &before);
  pool_retain();
  CHECK(pool_workers() == 0, "%zu", pool_workers());
  fesetround(FE_UPWARD);
#ifdef __SSE__
  unsigned csr = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(csr | 0x8040);
#endif
  Team team = team_begin(3);
  CHECK(team_run(&team, 100, look, &bad, NULL) == OK, "run");
  team_end(&team);
#ifdef __SSE__
  __builtin_ia32_ldmxcsr(csr);
#endif
  CHECK(fegetround() == FE_UPWARD, "the caller's rounding was changed");
  fesetround(FE_TONEAREST);
  CHECK(bad == 0, "1 signals, 2 rounding, 4 flush to zero: %d", bad);
  pthread_sigmask(SIG_SETMASK, NULL, &after);
  for (int s = 1; s < 32; s++)
    CHECK(sigismember(&before, s) == sigismember(&after, s), "signal %d", s);
  pool_release();
}

/* A task that wants a team of its own works alone. */
static void nest(void *arg, size_t i, size_t thread) {
  (void)i, (void)thread;
  Team team = team_begin(4);
  if (team.n_threads != 1)
    atomic_fetch_add((atomic_size_t *)arg, 1);
  team_end(&team);
}

static void test_nested(void) {
  atomic_size_t bad = 0;
  pool_retain();
  Team team = team_begin(3);
  CHECK(team_run(&team, 50, nest, &bad, NULL) == OK && bad == 0, "nested");
  team_end(&team);
  pool_release();
}

/* --- fork() and exit() ----------------------------------------------------*/

static atomic_bool over;

static void *work_on(void *arg) {
  bool *good = arg;
  *good = true;
  pool_retain();
  while (!atomic_load(&over))
    *good &= run_jobs(3, 3, 50);
  pool_release();
  return NULL;
}

/* Waits at most 5 s; the exit status, or -1 (killed) when it hangs. */
static int await_child(pid_t pid) {
  int status = 0;
  for (double end = seconds_of(CLOCK_MONOTONIC) + 5;
       seconds_of(CLOCK_MONOTONIC) < end; usleep(200))
    if (waitpid(pid, &status, WNOHANG) == pid)
      return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);
  return -1;
}

static void test_fork(int n_forks) {
  pthread_t ids[2];
  bool good[2];
  atomic_store(&over, false);
  for (int i = 0; i < 2; i++)
    pthread_create(&ids[i], NULL, work_on, &good[i]);
  for (int i = 0; i < n_forks; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      alarm(10);
      bool fine = pool_workers() == 0;
      fine &= run_jobs(3, 3, 50) && pool_workers() == 2;
      _exit(fine ? 0 : 1);
    }
    int status = await_child(pid);
    CHECK(status == 0, "child %d: %d", i, status);
  }
  atomic_store(&over, true);
  for (int i = 0; i < 2; i++) {
    pthread_join(ids[i], NULL);
    CHECK(good[i], "worker %d of the parent", i);
  }
  CHECK(pool_workers() == 0, "%zu workers left", pool_workers());
}

static pid_t fork_pid;

static bool fork_once(void *arg) {
  if (++*(int *)arg == 3)
    fork_pid = fork();
  return false;
}

/* The leader itself forks, between two of its tasks. */
static void test_leader_fork(void) {
  atomic_size_t begun = 0;
  int asked = 0;
  pool_retain();
  Team team = team_begin(3);
  int rc = team_run(&team, 200, nap, &begun, &(Poll){fork_once, &asked});
  team_end(&team);
  if (asked >= 3 && fork_pid == 0)
    _exit(rc == ERR_INTERRUPT && run_jobs(3, 3, 50) ? 0 : 1);
  CHECK(rc == OK && begun == 200, "rc %d, %zu tasks", rc, (size_t)begun);
  int status = await_child(fork_pid);
  CHECK(status == 0, "child: %d", status);
  pool_release();
}

static void test_exit(int n) {
  for (int i = 0; i < n; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      pthread_t id;
      bool good;
      atomic_store(&over, false);
      pthread_create(&id, NULL, work_on, &good);
      usleep((useconds_t)(i * 37 % 2000));
      fclose(stdout); /* what the parent has buffered is not ours */
      exit(0);
    }
    int status = await_child(pid);
    CHECK(status == 0, "child %d: %d", i, status);
  }
}

static void nothing(void *arg, size_t i, size_t thread) {
  (void)arg, (void)i, (void)thread;
}

/* Not a test: what an empty job of two tasks costs. */
static void measure(void) {
  enum { N = 20000 };
  pool_retain();
  Team team = team_begin(2);
  double start = seconds_of(CLOCK_MONOTONIC);
  for (int i = 0; i < N; i++)
    team_run(&team, 2, nothing, NULL, NULL);
  printf("empty team_run, 2 threads: %.2f us\n",
         (seconds_of(CLOCK_MONOTONIC) - start) / N * 1e6);
  team_end(&team);
  pool_release();
}

int main(int argc, char **argv) {
  int scale = argc > 1 ? atoi(argv[1]) : 1;
  setvbuf(stdout, NULL, _IOLBF, 0);
  test_once();
  test_shrink();
  test_storm();
  test_poll();
  test_waiting();
  test_worker();
  test_nested();
  if (UNDER_TSAN) {
    SKIP("fork: the thread sanitizer does not support it");
  } else {
    test_fork(100 * scale);
    test_leader_fork();
    test_exit(50 * scale);
  }
  measure();
  return check_done();
}
