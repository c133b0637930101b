/*
 * progress.c - how far the long statements of this process are.
 *
 * In:  a beginning, rows done, an end, each of the thread that runs it.
 * Out: a state, to any thread.
 *
 * A list under one lock, held for a few assignments, and around fork(): a child
 * has none of its parent's threads, so nothing runs in it, whatever the list
 * said.
 */
#include "store/progress.h"

#include <stdio.h>
#include <time.h>
#include "base/memory.h"
#include "base/os.h"

struct ProgressEntry {
  ProgressEntry *next; /* one that began earlier */
  uint64_t id;
  const char *function; /* borrowed */
  size_t done, known;
  double begun;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static ProgressEntry *entries; /* guarded by lock, as all they hold */
static uint64_t latest;

static void lock_all(void) {
  pthread_mutex_lock(&lock);
}

static void unlock_all(void) {
  pthread_mutex_unlock(&lock);
}

static void watch_forks(void) {
  pthread_atfork(lock_all, unlock_all, unlock_all);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

ProgressEntry *progress_begin(const char *function) {
  pthread_once(&once, watch_forks);
  ProgressEntry *entry = mem_zeroed(sizeof *entry);
  if (!entry)
    return NULL;
  entry->function = function;
  entry->begun = now();
  pthread_mutex_lock(&lock);
  entry->id = ++latest;
  entry->next = entries;
  entries = entry;
  pthread_mutex_unlock(&lock);
  return entry;
}

void progress_count(ProgressEntry *entry, size_t known) {
  if (!entry)
    return;
  pthread_mutex_lock(&lock);
  entry->known = known;
  pthread_mutex_unlock(&lock);
}

void progress_add(ProgressEntry *entry, size_t rows) {
  if (!entry)
    return;
  pthread_mutex_lock(&lock);
  entry->done += rows;
  pthread_mutex_unlock(&lock);
}

void progress_end(ProgressEntry *entry) {
  if (!entry)
    return;
  pthread_mutex_lock(&lock);
  ProgressEntry **at = &entries;
  while (*at != entry)
    at = &(*at)->next;
  *at = entry->next;
  pthread_mutex_unlock(&lock);
  mem_free(entry);
}

/* The lock is held. */
static ProgressState state_of(const ProgressEntry *entry) {
  ProgressState s = {.id = entry->id,
                     .done = entry->done,
                     .known = entry->known,
                     .seconds = now() - entry->begun};
  snprintf(s.function, sizeof s.function, "%s", entry->function);
  return s;
}

ProgressState progress_state(ProgressEntry *entry) {
  pthread_mutex_lock(&lock);
  ProgressState s = state_of(entry);
  pthread_mutex_unlock(&lock);
  return s;
}

bool progress_find(uint64_t least, ProgressState *out) {
  const ProgressEntry *found = NULL;
  pthread_mutex_lock(&lock);
  for (const ProgressEntry *e = entries; e && e->id >= least; e = e->next)
    found = e;
  if (found)
    *out = state_of(found);
  pthread_mutex_unlock(&lock);
  return found != NULL;
}

double progress_rate(const ProgressState *state) {
  return state->seconds > 0 ? (double)state->done / state->seconds : 0;
}

double progress_left(const ProgressState *state) {
  double rate = progress_rate(state);
  if (state->known == 0 || rate <= 0)
    return -1;
  return state->known > state->done
             ? (double)(state->known - state->done) / rate
             : 0;
}
