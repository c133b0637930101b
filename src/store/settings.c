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
 * the environment a bad value is passed over, as an extension must load;
 * distilbert_debug() tells of it.
 */
#include "store/settings.h"

#include <stdbool.h>
#include <stdio.h>
#include <strings.h>
#include "base/os.h"
#include "base/pool.h"
#include "base/ram.h"
#include "model/options.h"
#include "store/locate.h"

enum { THREADS_MAX = 64, CACHE_ENTRIES_MAX = 10000, VARIABLE_ROOM = 64 };

typedef struct Row {
  const char *key, *help;
  const char *initial; /* NULL: initial_number gives it */
  size_t (*initial_number)(void);
  bool (*is_valid)(const char *text);
  const char *valid; /* what is_valid wants, for messages */
} Row;

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* What a unit multiplies by, as SQLite's shell has them; 0: it is none. */
static size_t unit_of(const char *text) {
  static const struct {
    const char *name;
    size_t bytes;
  } units[] = {
      {"", 1},           {"B", 1},           {"K", 1000},      {"KB", 1000},
      {"KiB", 1 << 10},  {"M", 1000000},     {"MB", 1000000},  {"MiB", 1 << 20},
      {"G", 1000000000}, {"GB", 1000000000}, {"GiB", 1 << 30},
  };
  text += *text == ' ';
  for (size_t i = 0; i < sizeof units / sizeof *units; i++)
    if (strcasecmp(units[i].name, text) == 0)
      return units[i].bytes;
  return 0;
}

/* A whole number without sign, blanks or leading zeros, and what is behind it;
 * false: it is none. */
static bool read_digits(const char *text, size_t *out, const char **rest) {
  size_t n = 0;
  if (!is_digit(*text) || (*text == '0' && is_digit(text[1])))
    return false;
  for (; is_digit(*text); text++)
    if (__builtin_mul_overflow(n, 10, &n) ||
        __builtin_add_overflow(n, (size_t)(*text - '0'), &n))
      return false;
  *out = n;
  *rest = text;
  return true;
}

static bool read_number(const char *text, size_t *out) {
  const char *rest;
  return read_digits(text, out, &rest) && !*rest;
}

/* The same with a unit: "100MB", "2 GiB". */
static bool read_bytes(const char *text, size_t *out) {
  const char *rest;
  size_t unit = read_digits(text, out, &rest) ? unit_of(rest) : 0;
  return unit && !__builtin_mul_overflow(*out, unit, out);
}

static bool is_thread_count(const char *text) {
  size_t n;
  return read_number(text, &n) && n >= 1 && n <= THREADS_MAX;
}

static bool is_byte_count(const char *text) {
  size_t n;
  return read_bytes(text, &n);
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

static const char *const progresses[] = {"off", "count", "bar"};

/* PROGRESS_BAR + 1: no such thing. */
static Progress progress_named(const char *text) {
  int p = PROGRESS_OFF;
  while (p <= PROGRESS_BAR && strcmp(progresses[p], text) != 0)
    p++;
  return (Progress)p;
}

static bool is_progress(const char *text) {
  return progress_named(text) <= PROGRESS_BAR;
}

static bool is_name(const char *text) {
  return strlen(text) <= MODEL_NAME_MAX;
}

static size_t threads_to_begin_with(void) {
  size_t n = cpu_available();
  return n < THREADS_MAX ? n : THREADS_MAX;
}

/* Half of the memory that there is for us. */
static size_t memory_to_begin_with(void) {
  return ram_available() / 2;
}

static const Row rows[SETTING_MODELS] = {
    [SETTING_THREADS] = {"threads", "threads a call may use, 1 to 64", NULL,
                         threads_to_begin_with, is_thread_count, "1 to 64"},
    [SETTING_MEMORY_LIMIT] = {"memory_limit",
                              "bytes of weights kept in memory (100MB, 2GiB),"
                              " least recently used models go first; 0: no"
                              " limit",
                              NULL, memory_to_begin_with, is_byte_count,
                              "a number of bytes, KB, KiB, MB, MiB, GB or GiB;"
                              " 0: no limit"},
    [SETTING_CACHE_ENTRIES] = {"cache_entries",
                               "latest results that a connection keeps for the"
                               " same texts of up to 64 KiB, 4 MiB of them at"
                               " most; 0: none",
                               "512", NULL, is_cache_count, "0 to 10000"},
    [SETTING_ENGINE] = {"engine", "who multiplies matrices: native or blas",
                        "native", NULL, is_engine, "native, blas"},
    [SETTING_OVERFLOW] = {"overflow",
                          "a text longer than the model takes: its start"
                          " (truncate), an error, or the mean over windows",
                          "truncate", NULL, is_overflow,
                          "truncate, error, window"},
    [SETTING_PROGRESS] = {"progress",
                          "of tables over a query: how many rows there are is"
                          " counted first (count), and a line on the terminal"
                          " tells how far it is (bar)",
                          "off", NULL, is_progress, "off, count, bar"},
};

/* Settings that name a task's model have their words in the task's row. */
static Row row_of(Setting s) {
  if (s < SETTING_MODELS)
    return rows[s];
  const TaskInfo *task = &tasks[s - SETTING_MODELS];
  return (Row){task->setting,
               task->help,
               "",
               NULL,
               is_name,
               "a model's name of at most 255 bytes, or empty"};
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
  char value[SETTING_TEXT_MAX], initial[SETTING_TEXT_MAX];
  char variable[VARIABLE_ROOM]; /* of the environment */
  bool refused;                 /* its value */
} settings[SETTING_COUNT];      /* guarded by lock once started */

static void lock_all(void) {
  pthread_mutex_lock(&lock);
}

static void unlock_all(void) {
  pthread_mutex_unlock(&lock);
}

/* "DISTILBERT_THREADS" of "threads". */
static void name_variable(const char *key, char out[VARIABLE_ROOM]) {
  snprintf(out, VARIABLE_ROOM, "DISTILBERT_%s", key);
  for (; *out; out++)
    if (*out >= 'a' && *out <= 'z')
      *out = (char)(*out - 'a' + 'A');
}

static void start_one(Setting s) {
  Row row = row_of(s);
  char *initial = settings[s].initial;
  name_variable(row.key, settings[s].variable);
  const char *given = getenv(settings[s].variable);
  settings[s].refused =
      given && (strlen(given) >= SETTING_TEXT_MAX || !row.is_valid(given));
  if (given && !settings[s].refused)
    snprintf(initial, SETTING_TEXT_MAX, "%s", given);
  else if (row.initial)
    snprintf(initial, SETTING_TEXT_MAX, "%s", row.initial);
  else
    snprintf(initial, SETTING_TEXT_MAX, "%zu", row.initial_number());
  memcpy(settings[s].value, initial, SETTING_TEXT_MAX);
}

/* Once a process, at the first question: the environment is not looked at
 * again, so that all threads see the same. */
static void start(void) {
  for (int s = 0; s < SETTING_COUNT; s++)
    start_one((Setting)s);
  pthread_atfork(lock_all, unlock_all, unlock_all);
}

const char *setting_key(Setting s) {
  return row_of(s).key;
}

const char *setting_help(Setting s) {
  return row_of(s).help;
}

Setting setting_find(const char *key) {
  int s = 0;
  while (s < SETTING_COUNT && strcmp(setting_key((Setting)s), key) != 0)
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

const char *setting_refused(Setting s) {
  pthread_once(&once, start);
  return settings[s].refused ? settings[s].variable : NULL; /* never changes */
}

/* The text is checked and cut to size before the lock is taken. */
int setting_change(Setting s, const char *text, Error *err) {
  char value[SETTING_TEXT_MAX] = "";
  Row row = row_of(s);
  if (strlen(text) >= SETTING_TEXT_MAX || !row.is_valid(text))
    return fail(err, ERR_RANGE, "%s: valid values are %s", row.key, row.valid);
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
  read_bytes(text, &n);
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

Progress setting_progress(void) {
  char text[SETTING_TEXT_MAX];
  setting_text(SETTING_PROGRESS, text);
  return progress_named(text);
}
