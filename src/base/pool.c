/*
 * pool.c - worker threads that share out one caller's tasks.
 *
 * In:  a leader (whoever got `led`), a task function, a number of tasks.
 * Out: every task has run once, on some thread of the team.
 *
 * One word is the whole protocol.  The leader publishes
 *
 *     offer = threads in the team << 32 | tasks not yet taken
 *
 * and everyone takes a task by counting it down.  Who succeeds owns a piece
 * of a job that cannot end before that piece is done, so the job's fields
 * hold still while he reads them; a worker that wakes late finds no tasks,
 * or helps the next job.  `finished` counts up; the leader waits for it.
 *
 * Workers spin SPIN_NS for the next job, since the encoder has one every few
 * microseconds, then sleep; so does a leader who waits for the last task.
 * Sleepers say so first and then look once more, wakers publish first and
 * then look for sleepers (all sequentially consistent): no wake-up is lost.
 *
 * A child of fork() has no workers and a free pool.  If the forking thread
 * was itself inside team_run (a progress handler may fork), its job ends
 * there as interrupted: pieces of it went away with the workers.
 *
 * No thread-local storage, no destructor, nothing at exit.
 */
#define _GNU_SOURCE
#include "base/pool.h"

#include <fenv.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>
#include "base/os.h"

enum {
  MAX_WORKERS = 255,
  STACK_BYTES = 512 << 10,
  SPIN_NS = 50000,
  SPIN_CHECK = 32,        /* pauses between two looks at the clock */
  POLL_NS = 1000000,      /* between two questions to the host */
  POLL_SLEEP_NS = 5000000 /* the same of a leader who waits asleep */
};

typedef struct Worker {
  Pool *pool;
  pthread_t id;
  size_t thread; /* 1 ... n_workers */
  pthread_cond_t wake;
  atomic_bool asleep;
} Worker;

struct Pool {
  pthread_mutex_t lock; /* users, n_workers, and all sleeping and waking */
  size_t users;
  size_t n_workers;
  unsigned forks; /* changes in a child of fork() */
  atomic_bool led;
  atomic_bool stop;
  Worker workers[MAX_WORKERS];

  _Atomic uint64_t offer;
  pool_task *task;
  void *arg;
  size_t n_tasks;
  atomic_size_t finished;
  pthread_cond_t all_done;
  atomic_bool leader_asleep;
};

static Pool the_pool = {.lock = PTHREAD_MUTEX_INITIALIZER,
                        .all_done = PTHREAD_COND_INITIALIZER};
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline void pause_cpu(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

/* One step of waiting awake; false once `end` is past. It yields: with more
 * threads than CPUs, the one waited for may need this very CPU. */
static bool spin_step(unsigned step, uint64_t end) {
  pause_cpu();
  if (step % SPIN_CHECK)
    return true;
  sched_yield();
  return now_ns() < end;
}

/* --- fork() ---------------------------------------------------------------*/

static void before_fork(void) {
  pthread_mutex_lock(&the_pool.lock);
}

static void after_fork_parent(void) {
  pthread_mutex_unlock(&the_pool.lock);
}

/* The only thread left; whoever held or waited for something is gone. */
static void after_fork_child(void) {
  Pool *pool = &the_pool;
  pool->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
  pool->all_done = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
  pool->n_workers = 0;
  pool->forks++;
  atomic_store(&pool->offer, 0);
  atomic_store(&pool->leader_asleep, false);
  atomic_store(&pool->stop, false);
  atomic_store(&pool->led, false);
}

static void watch_forks(void) {
  pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

/* --- Workers --------------------------------------------------------------*/

static bool has_offer(Pool *pool, size_t thread) {
  uint64_t offer = atomic_load(&pool->offer);
  return (uint32_t)offer && thread < offer >> 32;
}

static bool take_task(Pool *pool, size_t thread, size_t *index) {
  uint64_t offer = atomic_load(&pool->offer);
  while ((uint32_t)offer && thread < offer >> 32)
    if (atomic_compare_exchange_weak(&pool->offer, &offer, offer - 1)) {
      *index = pool->n_tasks - (uint32_t)offer;
      return true;
    }
  return false;
}

static void finish_task(Pool *pool) {
  atomic_fetch_add(&pool->finished, 1);
  if (!atomic_load(&pool->leader_asleep))
    return;
  pthread_mutex_lock(&pool->lock);
  pthread_cond_signal(&pool->all_done);
  pthread_mutex_unlock(&pool->lock);
}

/* Waits awake for a short while; the caller looks again. */
static void spin_for_offer(Worker *me) {
  Pool *pool = me->pool;
  uint64_t end = now_ns() + SPIN_NS;
  for (unsigned step = 1; !has_offer(pool, me->thread); step++)
    if (!spin_step(step, end) || atomic_load(&pool->stop))
      return;
}

/* Until woken: by an offer, by team_begin (one is near), or to stop. */
static void sleep_for_offer(Worker *me) {
  Pool *pool = me->pool;
  pthread_mutex_lock(&pool->lock);
  atomic_store(&me->asleep, true);
  if (has_offer(pool, me->thread) || atomic_load(&pool->stop))
    atomic_store(&me->asleep, false);
  while (atomic_load(&me->asleep))
    pthread_cond_wait(&me->wake, &pool->lock);
  pthread_mutex_unlock(&pool->lock);
}

/* Wakes the first `n` workers that sleep. */
static void wake_workers(Pool *pool, size_t n) {
  for (size_t i = 0; i < n; i++) {
    Worker *worker = &pool->workers[i];
    if (!atomic_load(&worker->asleep))
      continue;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&worker->asleep, false);
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&pool->lock);
  }
}

static void *worker_main(void *arg) {
  Worker *me = arg;
  Pool *pool = me->pool;
  size_t index;
  fesetenv(FE_DFL_ENV); /* not the rounding the host's thread had */
#ifdef __linux__
  pthread_setname_np(pthread_self(), "distilbert");
#endif
  while (!atomic_load(&pool->stop)) {
    while (take_task(pool, me->thread, &index)) {
      pool->task(pool->arg, index, me->thread);
      finish_task(pool);
    }
    spin_for_offer(me);
    if (!has_offer(pool, me->thread))
      sleep_for_offer(me);
  }
  return NULL;
}

/* One more worker; no signal of the host's may land on it. */
static bool add_worker(Pool *pool) {
  Worker *worker = &pool->workers[pool->n_workers];
  worker->pool = pool;
  worker->thread = pool->n_workers + 1;
  worker->wake = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
  atomic_store(&worker->asleep, false);
  pthread_attr_t attr;
  if (pthread_attr_init(&attr) != 0)
    return false;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool made = pthread_attr_setstacksize(&attr, STACK_BYTES) == 0 &&
              pthread_create(&worker->id, &attr, worker_main, worker) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attr);
  pool->n_workers += made;
  return made;
}

/* Ends all workers. Only the leader may; `lock` not held. */
static void stop_workers(Pool *pool) {
  atomic_store(&pool->stop, true);
  wake_workers(pool, pool->n_workers);
  for (size_t i = 0; i < pool->n_workers; i++)
    pthread_join(pool->workers[i].id, NULL);
  pthread_mutex_lock(&pool->lock);
  pool->n_workers = 0;
  pthread_mutex_unlock(&pool->lock);
  atomic_store(&pool->stop, false);
}

/* --- Users and teams ------------------------------------------------------*/

static bool lead(Pool *pool) {
  return !atomic_load(&pool->led) && !atomic_exchange(&pool->led, true);
}

void pool_retain(void) {
  pthread_once(&fork_once, watch_forks);
  pthread_mutex_lock(&the_pool.lock);
  the_pool.users++;
  pthread_mutex_unlock(&the_pool.lock);
}

/* Who cannot lead leaves the threads to a user who came meanwhile. */
void pool_release(void) {
  Pool *pool = &the_pool;
  pthread_mutex_lock(&pool->lock);
  bool last = pool->users > 0 && --pool->users == 0;
  pthread_mutex_unlock(&pool->lock);
  if (!last || !lead(pool))
    return;
  stop_workers(pool);
  atomic_store(&pool->led, false);
}

size_t pool_workers(void) {
  pthread_mutex_lock(&the_pool.lock);
  size_t n = the_pool.n_workers;
  pthread_mutex_unlock(&the_pool.lock);
  return n;
}

Team team_begin(size_t n_threads) {
  Pool *pool = &the_pool;
  Team alone = {NULL, 1};
  if (n_threads < 2 || !lead(pool))
    return alone;
  pthread_once(&fork_once, watch_forks);
  size_t want = n_threads - 1 < MAX_WORKERS ? n_threads - 1 : MAX_WORKERS;
  pthread_mutex_lock(&pool->lock);
  while (pool->n_workers < want && add_worker(pool))
    ;
  size_t n = pool->n_workers < want ? pool->n_workers : want;
  pthread_mutex_unlock(&pool->lock);
  wake_workers(pool, n);
  return (Team){pool, n + 1};
}

void team_end(Team *team) {
  if (team->pool)
    atomic_store(&team->pool->led, false);
  *team = (Team){NULL, 1};
}

/* --- Running --------------------------------------------------------------*/

/* Asks the host at most once every POLL_NS. */
static bool ask_stop(const Poll *poll, uint64_t *next) {
  if (!poll || !poll->stop)
    return false;
  uint64_t now = now_ns();
  if (now < *next)
    return false;
  *next = now + POLL_NS;
  return poll_stop(poll);
}

static int run_alone(size_t n_tasks, pool_task *task, void *arg,
                     const Poll *poll) {
  uint64_t next_ask = 0;
  for (size_t i = 0; i < n_tasks; i++) {
    if (ask_stop(poll, &next_ask))
      return ERR_INTERRUPT;
    task(arg, i, 0);
  }
  return OK;
}

/* Sleeps until `n` tasks are done, POLL_SLEEP_NS at most; are they? */
static bool sleep_for_tasks(Pool *pool, size_t n) {
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_nsec += POLL_SLEEP_NS;
  end.tv_sec += end.tv_nsec / 1000000000;
  end.tv_nsec %= 1000000000;
  int rc = 0;
  pthread_mutex_lock(&pool->lock);
  atomic_store(&pool->leader_asleep, true);
  while (atomic_load(&pool->finished) != n && rc == 0)
    rc = pthread_cond_timedwait(&pool->all_done, &pool->lock, &end);
  atomic_store(&pool->leader_asleep, false);
  pthread_mutex_unlock(&pool->lock);
  return atomic_load(&pool->finished) == n;
}

/* Waits until `n` tasks are done: awake at first, then asleep, and asks the
 * host now and then, as a task may be long. ERR_INTERRUPT: told to stop, or now
 * in a child, where nobody is left to wait for. */
static int await_finished(Pool *pool, size_t n, const Poll *poll) {
  uint64_t end = now_ns() + SPIN_NS, next_ask = 0;
  unsigned step = 1, forks = pool->forks;
  int rc = OK;
  while (atomic_load(&pool->finished) != n && spin_step(step, end))
    step++;
  while (atomic_load(&pool->finished) != n && !sleep_for_tasks(pool, n)) {
    if (rc == OK && ask_stop(poll, &next_ask))
      rc = ERR_INTERRUPT;
    if (pool->forks != forks)
      return ERR_INTERRUPT;
  }
  return rc;
}

/* The leader's share. ERR_INTERRUPT: told to stop, or now in a child. */
static int lead_tasks(Pool *pool, const Poll *poll) {
  size_t index;
  uint64_t next_ask = 0;
  unsigned forks = pool->forks;
  while (!ask_stop(poll, &next_ask)) {
    if (pool->forks != forks)
      return ERR_INTERRUPT;
    if (!take_task(pool, 0, &index))
      return OK;
    pool->task(pool->arg, index, 0);
    finish_task(pool);
  }
  return ERR_INTERRUPT;
}

int team_run(Team *team, size_t n_tasks, pool_task *task, void *arg,
             const Poll *poll) {
  Pool *pool = team->pool;
  if (!pool || n_tasks < 2 || n_tasks > UINT32_MAX)
    return run_alone(n_tasks, task, arg, poll);
  unsigned forks = pool->forks;
  pool->task = task;
  pool->arg = arg;
  pool->n_tasks = n_tasks;
  atomic_store(&pool->finished, 0);
  atomic_store(&pool->offer, (uint64_t)team->n_threads << 32 | n_tasks);
  wake_workers(pool,
               (team->n_threads < n_tasks ? team->n_threads : n_tasks) - 1);
  int rc = lead_tasks(pool, poll);
  size_t skipped = (uint32_t)atomic_exchange(&pool->offer, 0);
  if (pool->forks != forks)
    return rc;
  int told = await_finished(pool, n_tasks - skipped, rc ? NULL : poll);
  return rc ? rc : told;
}
