/*
 * settings.c - the process's settings, one row of a table each.
 *
 * In:  environment variables DISTILBERT_<KEY>, once; then setting_change().
 * Out: the present value, as text or number.
 *
 * Values are kept as text, which is what people set and see.  A setting is a
 * row: key, help, initial value, and the function that says whether a text is
 * a valid value.  Numbers are read from the text when asked for.
 *
 * One lock guards all values; it is held for a copy and nothing else, and
 * around fork(), so that a child never finds it taken.
 *
 * Refuses: values outside the limits, with the valid ones in the message.  In
 * the environment a bad value is passed over, as an extension must load.
 */
#include "model/settings.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/pool.h"
#include "model/options.h"
#include "model/registry.h"

enum { THREADS_MAX = 64, CACHE_ENTRIES_MAX = 10000 };

typedef struct Row {
  const char *key, *variable, *help, *initial;
  bool (*is_valid)(const char *text);
  const char *valid; /* what is_valid wants, for messages */
} Row;

/* A whole number without sign, blanks or leading zeros; false: it is not. */
static bool read_number(const char *text, size_t *out) {
  size_t n = 0;
  if (!*text || (*text == '0' && text[1]))
    return false;
  for (; *text; text++) {
    if (*text < '0' || *text > '9' || __builtin_mul_overflow(n, 10, &n) ||
        __builtin_add_overflow(n, (size_t)(*text - '0'), &n))
      return false;
  }
  *out = n;
  return true;
}

static bool is_thread_count(const char *text) {
  size_t n;
  return read_number(text, &n) && n >= 1 && n <= THREADS_MAX;
}

static bool is_byte_count(const char *text) {
  size_t n;
  return read_number(text, &n);
}

static bool is_cache_count(const char *text) {
  size_t n;
  return read_number(text, &n) && n <= CACHE_ENTRIES_MAX;
}

static bool is_engine(const char *text) {
  return !strcmp(text, "native") || !strcmp(text, "blas");
}

static bool is_overflow(const char *text) {
  return overflow_named(text) != OVERFLOW_UNSAID;
}

static bool is_name(const char *text) {
  return strlen(text) <= MODEL_NAME_MAX;
}

#define NAMES "a model's name of at most 255 bytes, or empty"

static const Row rows[SETTING_COUNT] = {
    [SETTING_THREADS] = {"threads", "DISTILBERT_THREADS",
                         "threads a call may use, 1 to 64",
                         NULL, /* CPUs available */
                         is_thread_count, "1 to 64"},
    [SETTING_MEMORY_LIMIT] = {"memory_limit", "DISTILBERT_MEMORY_LIMIT",
                              "bytes of weights kept in memory, least recently"
                              " used models go first; 0: no limit",
                              "0", is_byte_count, "a number of bytes, 0: none"},
    [SETTING_CACHE_ENTRIES] = {"cache_entries", "DISTILBERT_CACHE_ENTRIES",
                               "latest results of scalar functions that a"
                               " connection keeps for the same texts, each up"
                               " to 64 KiB; 0: none",
                               "0", is_cache_count, "0 to 10000"},
    [SETTING_ENGINE] = {"engine", "DISTILBERT_ENGINE",
                        "who multiplies matrices: native or blas", "native",
                        is_engine, "native, blas"},
    [SETTING_OVERFLOW] = {"overflow", "DISTILBERT_OVERFLOW",
                          "a text longer than the model takes: its start"
                          " (truncate), an error, or the mean over windows",
                          "truncate", is_overflow, "truncate, error, window"},
    [SETTING_ANSWER_MODEL] = {"answer_model", "DISTILBERT_ANSWER_MODEL",
                              "model of question answering calls that name"
                              " none; empty: the built-in one",
                              "", is_name, NAMES},
    [SETTING_EMBED_MODEL] = {"embed_model", "DISTILBERT_EMBED_MODEL",
                             "the same for embeddings", "", is_name, NAMES},
    [SETTING_FILL_MODEL] = {"fill_model", "DISTILBERT_FILL_MODEL",
                            "the same for masked words", "", is_name, NAMES},
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
  char value[SETTING_TEXT_MAX], initial[SETTING_TEXT_MAX];
} settings[SETTING_COUNT]; /* guarded by lock once started */

static void lock_all(void) {
  pthread_mutex_lock(&lock);
}

static void unlock_all(void) {
  pthread_mutex_unlock(&lock);
}

static void start_one(Setting s) {
  char *initial = settings[s].initial;
  const char *given = getenv(rows[s].variable);
  if (given && rows[s].is_valid(given))
    snprintf(initial, SETTING_TEXT_MAX, "%s", given);
  else if (rows[s].initial)
    snprintf(initial, SETTING_TEXT_MAX, "%s", rows[s].initial);
  else {
    size_t n = cpu_available();
    snprintf(initial, SETTING_TEXT_MAX, "%zu",
             n < THREADS_MAX ? n : (size_t)THREADS_MAX);
  }
  memcpy(settings[s].value, initial, SETTING_TEXT_MAX);
}

static void start(void) {
  for (int s = 0; s < SETTING_COUNT; s++)
    start_one((Setting)s);
  pthread_atfork(lock_all, unlock_all, unlock_all);
}

const char *setting_key(Setting s) {
  return rows[s].key;
}

const char *setting_help(Setting s) {
  return rows[s].help;
}

Setting setting_find(const char *key) {
  int s = 0;
  while (s < SETTING_COUNT && strcmp(rows[s].key, key) != 0)
    s++;
  return (Setting)s;
}

void setting_text(Setting s, char out[SETTING_TEXT_MAX]) {
  pthread_once(&once, start);
  pthread_mutex_lock(&lock);
  memcpy(out, settings[s].value, SETTING_TEXT_MAX);
  pthread_mutex_unlock(&lock);
}

void setting_initial(Setting s, char out[SETTING_TEXT_MAX]) {
  pthread_once(&once, start);
  memcpy(out, settings[s].initial, SETTING_TEXT_MAX); /* never changes */
}

int setting_change(Setting s, const char *text, Error *err) {
  char value[SETTING_TEXT_MAX] = "";
  if (strlen(text) >= SETTING_TEXT_MAX || !rows[s].is_valid(text))
    return fail(err, ERR_RANGE, "%s: valid values are %s", rows[s].key,
                rows[s].valid);
  memcpy(value, text, strlen(text));
  pthread_once(&once, start);
  pthread_mutex_lock(&lock);
  memcpy(settings[s].value, value, SETTING_TEXT_MAX);
  pthread_mutex_unlock(&lock);
  return OK;
}

size_t setting_number(Setting s) {
  char text[SETTING_TEXT_MAX];
  size_t n = 0;
  setting_text(s, text);
  read_number(text, &n);
  return n;
}

Engine setting_engine(void) {
  char text[SETTING_TEXT_MAX];
  setting_text(SETTING_ENGINE, text);
  return strcmp(text, "blas") == 0 ? ENGINE_BLAS : ENGINE_NATIVE;
}

Overflow setting_overflow(void) {
  char text[SETTING_TEXT_MAX];
  setting_text(SETTING_OVERFLOW, text);
  return overflow_named(text);
}
