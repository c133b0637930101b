/*
 * test_settings.c - the process's settings.
 *
 * Environment variables count only before the first use, so they are set at
 * the very start: one good, one bad.  Then arrays of {key, text, valid}, and
 * threads that read while one writes (for `make tsan`).
 */
#include "store/settings.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/pool.h"
#include "check.h"

#define ANSWER_MODEL ((Setting)(SETTING_MODELS + (int)TASK_ANSWER))

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const struct {
  Setting setting;
  const char *text;
  int expected;
} changes[] = {
    {SETTING_THREADS, "1", OK},
    {SETTING_THREADS, "64", OK},
    {SETTING_THREADS, "65", ERR_RANGE},
    {SETTING_THREADS, "0", ERR_RANGE},
    {SETTING_THREADS, "-1", ERR_RANGE},
    {SETTING_THREADS, "", ERR_RANGE},
    {SETTING_THREADS, " 2", ERR_RANGE},
    {SETTING_THREADS, "2.0", ERR_RANGE},
    {SETTING_THREADS, "02", ERR_RANGE},
    {SETTING_THREADS, "99999999999999999999999", ERR_RANGE},
    {SETTING_MEMORY_LIMIT, "0", OK},
    {SETTING_MEMORY_LIMIT, "18446744073709551615", OK},
    {SETTING_MEMORY_LIMIT, "18446744073709551616", ERR_RANGE},
    {SETTING_MEMORY_LIMIT, "1G", OK},
    {SETTING_MEMORY_LIMIT, "100 MB", OK},
    {SETTING_MEMORY_LIMIT, "2gib", OK},
    {SETTING_MEMORY_LIMIT, "2  GiB", ERR_RANGE},
    {SETTING_MEMORY_LIMIT, "GiB", ERR_RANGE},
    {SETTING_MEMORY_LIMIT, "1.5GB", ERR_RANGE},
    {SETTING_MEMORY_LIMIT, "1GBs", ERR_RANGE},
    {SETTING_MEMORY_LIMIT, "18446744073709551615KB", ERR_RANGE},
    {SETTING_THREADS, "1K", ERR_RANGE},
    {SETTING_CACHE_ENTRIES, "1K", ERR_RANGE},
    {SETTING_CACHE_ENTRIES, "0", OK},
    {SETTING_CACHE_ENTRIES, "10000", OK},
    {SETTING_CACHE_ENTRIES, "10001", ERR_RANGE},
    {SETTING_CACHE_ENTRIES, "many", ERR_RANGE},
    {SETTING_ENGINE, "native", OK},
    {SETTING_ENGINE, "blas", OK},
    {SETTING_ENGINE, "BLAS", ERR_RANGE},
    {SETTING_ENGINE, "", ERR_RANGE},
    {ANSWER_MODEL, "", OK},
    {ANSWER_MODEL, "org/name@0123", OK},
};

static void test_changes(void) {
  for (size_t i = 0; i < COUNT(changes); i++) {
    Error err = {{0}};
    char before[SETTING_TEXT_MAX], after[SETTING_TEXT_MAX];
    Setting s = changes[i].setting;
    setting_text(s, before);
    int rc = setting_change(s, changes[i].text, &err);
    setting_text(s, after);
    CHECK(rc == changes[i].expected, "%s = '%s' gave %d", setting_key(s),
          changes[i].text, rc);
    CHECK(!strcmp(after, rc ? before : changes[i].text), "%s is '%s'",
          setting_key(s), after);
    CHECK(!rc == !err.message[0], "%s", err.message);
    CHECK(!rc || strstr(err.message, setting_key(s)), "%s", err.message);
  }
}

static void test_long_text(void) {
  char text[70000];
  Error err;
  memset(text, 'x', sizeof text);
  text[255] = 0;
  CHECK(setting_change(ANSWER_MODEL, text, &err) == OK, "255 bytes");
  text[255] = 'x';
  text[256] = 0;
  CHECK(setting_change(ANSWER_MODEL, text, &err) == ERR_RANGE, "256 bytes");
  text[256] = 'x';
  text[sizeof text - 1] = 0;
  CHECK(setting_change(ANSWER_MODEL, text, &err) == ERR_RANGE, "70,000 bytes");
  CHECK(strlen(err.message) < 200, "the message repeats the value");
}

static void test_keys(void) {
  for (int s = 0; s < SETTING_COUNT; s++) {
    CHECK((int)setting_find(setting_key((Setting)s)) == s, "key %d", s);
    CHECK(strlen(setting_help((Setting)s)) > 10, "help of %d", s);
  }
  CHECK(setting_find("nonsense") == SETTING_COUNT, "found nonsense");
  CHECK(setting_find("") == SETTING_COUNT, "found an empty key");
  CHECK(setting_find("THREADS") == SETTING_COUNT, "keys have one spelling");
}

static void test_environment(void) {
  char text[SETTING_TEXT_MAX];
  setting_initial(SETTING_MEMORY_LIMIT, text);
  CHECK(!strcmp(text, "12345"), "DISTILBERT_MEMORY_LIMIT: '%s'", text);
  CHECK(setting_number(SETTING_MEMORY_LIMIT) == 12345, "its number");
  CHECK(setting_engine() == ENGINE_NATIVE, "a bad DISTILBERT_ENGINE counted");
  size_t n = cpu_available() > 64 ? 64 : cpu_available();
  CHECK(setting_number(SETTING_THREADS) == n, "threads are %zu, not %zu",
        setting_number(SETTING_THREADS), n);
}

/* {variable as it was set, its setting, refused} */
static void test_refused(void) {
  CHECK(!setting_refused(SETTING_MEMORY_LIMIT), "12345 was refused");
  CHECK(!setting_refused(SETTING_THREADS), "what is not set was refused");
  const char *variable = setting_refused(SETTING_ENGINE);
  CHECK(variable && !strcmp(variable, "DISTILBERT_ENGINE"), "refused: %s",
        variable ? variable : "none");
  CHECK(setting_refused(ANSWER_MODEL) != NULL, "a name of 300 bytes");
}

static const struct {
  const char *text;
  size_t bytes;
} sizes[] = {
    {"0", 0},          {"77", 77},          {"5B", 5},
    {"3k", 3000},      {"3 KiB", 3072},     {"100MB", 100000000},
    {"1MiB", 1 << 20}, {"2GB", 2000000000}, {"1 GiB", 1 << 30},
};

static void test_units(void) {
  for (size_t i = 0; i < COUNT(sizes); i++) {
    setting_change(SETTING_MEMORY_LIMIT, sizes[i].text, NULL);
    CHECK(setting_number(SETTING_MEMORY_LIMIT) == sizes[i].bytes, "%s is %zu",
          sizes[i].text, setting_number(SETTING_MEMORY_LIMIT));
  }
}

static void test_engine(void) {
  CHECK(setting_change(SETTING_ENGINE, "blas", NULL) == OK, "no Error");
  CHECK(setting_engine() == ENGINE_BLAS, "engine");
  setting_change(SETTING_ENGINE, "native", NULL);
  CHECK(setting_engine() == ENGINE_NATIVE, "engine");
}

static void *read_often(void *bad) {
  for (int i = 0; i < 20000; i++) {
    size_t n = setting_number(SETTING_MEMORY_LIMIT);
    if (n != 1111111111 && n != 2222222222)
      ++*(int *)bad;
  }
  return NULL;
}

/* Readers see one value or the other, never a mixture. */
static void test_threads(void) {
  pthread_t readers[4];
  int bad[4] = {0};
  setting_change(SETTING_MEMORY_LIMIT, "1111111111", NULL);
  for (int i = 0; i < 4; i++)
    pthread_create(&readers[i], NULL, read_often, &bad[i]);
  for (int i = 0; i < 5000; i++)
    setting_change(SETTING_MEMORY_LIMIT, i % 2 ? "1111111111" : "2222222222",
                   NULL);
  for (int i = 0; i < 4; i++) {
    pthread_join(readers[i], NULL);
    CHECK(bad[i] == 0, "reader %d saw %d mixtures", i, bad[i]);
  }
}

/* A child of fork() never finds the lock taken. */
static void test_fork(void) {
#ifdef __SANITIZE_THREAD__
  SKIP("fork: ThreadSanitizer reports the child's missing threads");
  return;
#endif
  pthread_t reader;
  int bad = 0;
  pthread_create(&reader, NULL, read_often, &bad);
  for (int i = 0; i < 50; i++) {
    pid_t child = fork();
    if (child == 0) {
      alarm(5);
      _exit(setting_number(SETTING_MEMORY_LIMIT) != 1111111111);
    }
    int status = 1;
    waitpid(child, &status, 0);
    CHECK(status == 0, "child %d ended with %d", i, status);
  }
  pthread_join(reader, NULL);
}

/* The setting of a task is called after it. */
static void check_tasks(void) {
  for (int t = 0; t < TASK_COUNT; t++) {
    char key[64], names[64];
    snprintf(key, sizeof key, "%s_model", tasks[t].name);
    CHECK(!strcmp(tasks[t].setting, key) &&
              setting_find(key) == setting_of_task((Task)t),
          "%s", key);
    CHECK(!strcmp(task_names(TASK_BIT(t), names, sizeof names), tasks[t].name),
          "%s", names);
  }
}

int main(void) {
  check_tasks();
  setenv("DISTILBERT_MEMORY_LIMIT", "12345", 1);
  setenv("DISTILBERT_ENGINE", "gpu", 1);
  char name[301];
  memset(name, 'x', 300);
  name[300] = 0;
  setenv("DISTILBERT_ANSWER_MODEL", name, 1);
  unsetenv("DISTILBERT_THREADS");
  test_environment();
  test_refused();
  test_units();
  test_keys();
  test_changes();
  test_long_text();
  test_engine();
  test_threads();
  test_fork();
  return check_done();
}
