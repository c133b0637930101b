/*
 * pool.h - the process's worker threads.
 *
 * Lazy: no thread exists before the first piece of work that wants one.
 * Polite: the last pool_release() (the last closed connection) joins them
 * all; a child of fork() starts with none and makes its own.
 *
 * One caller at a time leads the workers (a Team).  Who comes while they are
 * taken gets a Team of one and does the work alone: with many connections the
 * callers' own threads keep the cores busy.
 *
 *     Team team = team_begin(n);          // wakes up to n - 1 workers
 *     team_run(&team, n_tasks, task, arg) // returns when all tasks are done
 *     ...                                 // workers stay hot in between
 *     team_end(&team);
 *
 * Tasks are claimed one by one from a counter, so a slow or busy core takes
 * fewer.  Which thread runs a task must not change its result.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>
#include "poll.h"

typedef struct Pool Pool;

typedef struct Team {
  Pool *pool;       /* NULL: a team of one */
  size_t n_threads; /* the caller included */
} Team;

typedef void pool_task(void *arg, size_t index, size_t thread);

/* Counts users of the process's pool; the last release ends its threads. */
void pool_retain(void);
void pool_release(void);

/* Never fails: without threads the caller does everything. */
Team team_begin(size_t n_threads);
void team_end(Team *team);

/*
 * Runs task(arg, i, thread) for every i < n_tasks, thread < n_threads, the
 * caller taking part.  `poll` (may be NULL) is asked by the caller between
 * its own tasks and while it waits for the last ones; once it says stop, tasks
 * not yet begun are skipped, and it is not asked again.
 * Returns OK or ERR_INTERRUPT, in both cases after every begun task ended.
 */
int team_run(Team *team, size_t n_tasks, pool_task *task, void *arg,
             const Poll *poll);

/* CPUs this process may use: affinity and cgroup quota, 1 at least. */
size_t cpu_available(void);

/* Threads alive now (workers only): for distilbert_debug() and tests. */
size_t pool_workers(void);

#endif
