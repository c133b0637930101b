/*
 * settings.h - the process's settings: what distilbert_config shows.
 *
 * Each has an environment variable DISTILBERT_<KEY> for its first value.
 * A bad value there is passed over, as an extension must load, and
 * setting_refused() tells; distilbert_config refuses one with an error that
 * lists the valid ones.
 */
#ifndef STORE_SETTINGS_H
#define STORE_SETTINGS_H

#include "base/error.h"
#include "model/run.h"
#include "model/tasks.h"

typedef enum Setting {
  SETTING_THREADS,       /* 1 ... 64; initial: CPUs available */
  SETTING_MEMORY_LIMIT,  /* bytes of weights kept ("2GiB"); 0: no limit */
  SETTING_CACHE_ENTRIES, /* results a connection keeps; 0: none */
  SETTING_ENGINE,        /* native | blas */
  SETTING_OVERFLOW,      /* truncate | error | window */
  SETTING_PROGRESS,      /* off | count | bar */
  SETTING_MODELS,        /* a name for each task; empty: the built-in one */
  SETTING_COUNT = SETTING_MODELS + TASK_COUNT
} Setting;

/* The setting of a task's model. */
static inline Setting setting_of_task(Task task) {
  return (Setting)(SETTING_MODELS + (int)task);
}

enum { SETTING_TEXT_MAX = 256 }; /* bytes of any value, its 0 included */

const char *setting_key(Setting s);
const char *setting_help(Setting s);

/* SETTING_COUNT when there is no such key. */
Setting setting_find(const char *key);

/* The value, and the first value, as text. */
void setting_text(Setting s, char out[SETTING_TEXT_MAX]);
void setting_initial(Setting s, char out[SETTING_TEXT_MAX]);

/* The name of its environment variable, if that has a value that was passed
 * over; else NULL. */
const char *setting_refused(Setting s);

/* ERR_RANGE, listing the valid values. */
int setting_change(Setting s, const char *text, Error *err);

size_t setting_number(Setting s); /* THREADS, MEMORY_LIMIT, CACHE_ENTRIES */
Engine setting_engine(void);

Overflow setting_overflow(void); /* never OVERFLOW_UNSAID */

/* What is told of a long statement: what it has done, also how much there is to
 * do, both on the terminal. */
typedef enum Progress { PROGRESS_OFF, PROGRESS_COUNT, PROGRESS_BAR } Progress;
Progress setting_progress(void);

#endif
