/*
 * entries.c - the list of models, its lock, and what is evicted from it.
 *
 * An entry is a name that led to a checkpoint: registered with INSERT, found
 * under DISTILBERT_MODEL_PATH, or built in.  It goes through
 *
 *     EMPTY -> LOADING -> LOADED -> (evicted) EMPTY ...
 *
 * A removed entry leaves the list at once and is freed by its last user.  Names
 * of one place with the same options share one Model, which counts its holders.
 *
 * After fork() the child keeps loaded models (their pages are shared until
 * written, which they never are); an entry that another thread was loading
 * starts over, for that thread does not exist in the child.
 */
#include "store/entries.h"

#include <limits.h>
#include <time.h>
#include "base/memory.h"
#include "base/os.h"
#include "store/settings.h"

enum { WAIT_MS = 5 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t loaded = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static ModelEntry *entries;
static uint64_t uses;

static void before_fork(void) {
  pthread_mutex_lock(&lock);
}

static void after_fork_parent(void) {
  pthread_mutex_unlock(&lock);
}

static void after_fork_child(void) {
  for (ModelEntry *e = entries; e; e = e->next)
    if (e->state == STATE_LOADING)
      e->state = STATE_EMPTY;
  pthread_cond_init(&loaded, NULL);
  pthread_mutex_unlock(&lock);
}

/* Locks are taken in the reverse order of registration: the settings' lock,
 * which is taken under this one, must be registered first. */
static void watch_forks(void) {
  setting_number(SETTING_MEMORY_LIMIT);
  pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

/* Lets go of its model, if it has one. */
static void drop_model(ModelEntry *e) {
  if (e->model && --e->model->holders == 0)
    model_free(e->model);
  e->model = NULL;
}

void entry_free(ModelEntry *e) {
  if (!e)
    return;
  drop_model(e);
  mem_free(e->name);
  mem_free(e->path);
  mem_free(e->real);
  mem_free(e->options_text);
  options_clear(&e->options);
  mem_free(e);
}

static char *copy_text(const char *text) {
  return text ? mem_text(text, strlen(text)) : NULL;
}

/* The path without links, so that two names of one folder share a model; where
 * it cannot be told, the path as given stands for itself. */
static int fill(ModelEntry *e, const char *name, const char *path,
                const char *precision, const char *options, Error *err) {
  char real[PATH_MAX];
  bool has_real = path && realpath(path, real);
  e->name = copy_text(name);
  e->path = copy_text(path);
  e->real = copy_text(has_real ? real : path);
  e->options_text = copy_text(options);
  if (!e->name || (path && (!e->path || !e->real)) ||
      (options && !e->options_text))
    return fail_memory(err);
  return options_parse(precision, options, &e->options, err);
}

int entry_new(const char *name, const char *path, const char *precision,
              const char *options, const Builtin *builtin, ModelEntry **out,
              Error *err) {
  ModelEntry *e = *out = mem_zeroed(sizeof *e);
  if (!e)
    return fail_memory(err);
  e->builtin = builtin;
  e->options = options_none;
  int rc = fill(e, name, path, precision, options, err);
  if (rc) {
    entry_free(e);
    *out = NULL;
  }
  return rc;
}

ModelEntry *entries_find(const char *name) {
  for (ModelEntry *e = entries; e; e = e->next)
    if (strcmp(e->name, name) == 0)
      return e;
  return NULL;
}

void entries_link(ModelEntry *e) {
  e->next = entries;
  entries = e;
}

void entries_unlink(ModelEntry *e) {
  ModelEntry **at = &entries;
  while (*at && *at != e)
    at = &(*at)->next;
  if (*at)
    *at = e->next;
}

void entry_unload(ModelEntry *e) {
  drop_model(e);
  e->state = STATE_EMPTY;
}

bool entries_same_options(const ModelEntry *a, const ModelEntry *b) {
  const char *x = a->options_text ? a->options_text : "";
  const char *y = b->options_text ? b->options_text : "";
  return a->options.precision == b->options.precision && strcmp(x, y) == 0;
}

ModelEntry *entries_twin(const ModelEntry *e) {
  for (ModelEntry *other = entries; e->real && other; other = other->next)
    if (other != e && other->state != STATE_EMPTY && other->real &&
        strcmp(other->real, e->real) == 0 && entries_same_options(other, e))
      return other;
  return NULL;
}

/* Does an entry before e share its model? */
static bool is_counted(const ModelEntry *e) {
  const ModelEntry *other = entries;
  while (other != e && other->model != e->model)
    other = other->next;
  return other != e;
}

size_t entries_bytes(void) {
  size_t sum = 0;
  for (ModelEntry *e = entries; e; e = e->next)
    if (e->state == STATE_LOADED && !is_counted(e))
      sum += e->model->bytes;
  return sum;
}

/* Unloads the least recently used models nobody holds until the rest fits. */
void entries_enforce_limit(void) {
  size_t limit = setting_number(SETTING_MEMORY_LIMIT);
  while (limit && entries_bytes() > limit) {
    ModelEntry *oldest = NULL;
    for (ModelEntry *e = entries; e; e = e->next)
      if (e->state == STATE_LOADED && !e->users &&
          (!oldest || e->last_use < oldest->last_use))
        oldest = e;
    if (!oldest)
      return;
    entry_unload(oldest);
  }
}

ModelEntry *entries_first(void) {
  return entries;
}

void entry_touch(ModelEntry *e) {
  e->last_use = ++uses;
}

void entries_lock(void) {
  pthread_once(&once, watch_forks);
  pthread_mutex_lock(&lock);
}

void entries_unlock(void) {
  pthread_mutex_unlock(&lock);
}

/* A few milliseconds, not until woken: the caller asks in between whether the
 * host wants it to stop. */
void entries_wait(void) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += WAIT_MS * 1000000L;
  if (until.tv_nsec >= 1000000000L) {
    until.tv_nsec -= 1000000000L;
    until.tv_sec++;
  }
  pthread_cond_timedwait(&loaded, &lock, &until);
}

void entries_wake(void) {
  pthread_cond_broadcast(&loaded);
}
