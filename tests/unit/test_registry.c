/*
 * test_registry.c - names, loading once, eviction, pins, fork.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "files.h"
#include "store/registry.h"
#include "store/settings.h"

#define DATA "tests/oracle/data/checkpoints/"

static const Poll never = {0};

static int use(const char *name, Task task, ModelEntry **entry,
               const Model **model, Error *err) {
  memset(err, 0, sizeof *err);
  return registry_use(name, task, &never, entry, model, err);
}

static bool is_loaded(const char *name) {
  ModelRows rows;
  Error err;
  bool loaded = false;
  if (registry_rows(&rows, &err))
    return false;
  for (size_t i = 0; i < rows.n; i++)
    if (!strcmp(rows.rows[i].name, name))
      loaded = rows.rows[i].loaded;
  registry_rows_clear(&rows);
  return loaded;
}

/* --- Names --------------------------------------------------------------- */

static void test_refused_names(void) {
  static const struct {
    const char *name, *message;
  } cases[] = {
      {"", "1 to 255 bytes"},
      {"/etc/passwd", "no path"},
      {"../models", "no path"},
      {"a/../b", "no path"},
      {"a\\b", "no path"},
      {"nosuch", "no model named nosuch"},
      {"a\033[31m", "without control characters"},
      {"\xff", "is UTF-8"},
      {"distilbert-minilm-qa@12", "16 to 64 digits"},
      {"distilbert-minilm-qa@0123456789abcdef", "has fingerprint"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ModelEntry *entry;
    const Model *model;
    Error err;
    int code = use(cases[i].name, 0, &entry, &model, &err);
    CHECK(code == ERR_RANGE && strstr(err.message, cases[i].message),
          "'%s': %d %s", cases[i].name, code, err.message);
  }
}

static void test_long_name(void) {
  static char name[70000];
  ModelEntry *entry;
  const Model *model;
  Error err;
  memset(name, 'x', sizeof name - 1);
  int code = use(name, 0, &entry, &model, &err);
  CHECK(code == ERR_RANGE, "%d %s", code, err.message);
}

static void test_path_variable(void) {
  ModelEntry *entry;
  const Model *model;
  Error err;
  setenv("DISTILBERT_MODEL_PATH", "/nonexistent:" DATA, 1);
  int code = use("distilbert-cased-qa", TASK_ANSWER, &entry, &model, &err);
  CHECK(code == OK, "%s", err.message);
  if (!code)
    registry_done(entry);
  code = use("distilbert-uncased-base", TASK_ANSWER, &entry, &model, &err);
  CHECK(code == ERR_RANGE && strstr(err.message, "no question answering head"),
        "%d %s", code, err.message);
  unsetenv("DISTILBERT_MODEL_PATH");
}

/* A cache as Hugging Face's library lays it out: snapshots are links. */
static void make_cache(const char *root) {
  static const char *const files[] = {"config.json", "model.safetensors",
                                      "vocab.txt", "tokenizer_config.json"};
  char here[512], path[1200], target[1200];
  if (!getcwd(here, sizeof here))
    return;
  run_command("mkdir -p %s/models--org--name/refs "
              "%s/models--org--name/snapshots/c0ffee",
              root, root);
  snprintf(path, sizeof path, "%s/models--org--name/refs/main", root);
  write_file(path, "c0ffee");
  for (int i = 0; i < 4; i++) {
    snprintf(path, sizeof path, "%s/models--org--name/snapshots/c0ffee/%s",
             root, files[i]);
    snprintf(target, sizeof target, "%s/" DATA "distilbert-uncased-qa/%s", here,
             files[i]);
    CHECK(symlink(target, path) == 0, "%s", path);
  }
}

static void test_cache(void) {
  char root[] = "/tmp/distilbert-cache-XXXXXX";
  ModelEntry *entry;
  const Model *model;
  Error err;
  CHECK(mkdtemp(root) != NULL, "%s", root);
  make_cache(root);
  setenv("HF_HUB_CACHE", root, 1);
  int code = use("org/name", TASK_ANSWER, &entry, &model, &err);
  CHECK(code == OK, "%s", err.message);
  if (!code)
    registry_done(entry);
  CHECK(!registry_add("by-name", "org/name", NULL, NULL, NULL, &err), "%s",
        err.message);
  code = use("by-name", TASK_ANSWER, &entry, &model, &err);
  CHECK(code == OK, "%s", err.message);
  if (!code)
    registry_done(entry);
  CHECK(use("org/other", 0, &entry, &model, &err) == ERR_RANGE, "no such");
  registry_remove("by-name", &err);
  unsetenv("HF_HUB_CACHE");
  run_command("rm -rf %s", root);
}

/* --- Options ------------------------------------------------------------- */

static void test_options(void) {
  static const struct {
    const char *precision, *options, *message; /* NULL: fine */
  } cases[] = {
      {"fp32", NULL, NULL},
      {"bf16", NULL, "precision is fp32 or int8"},
      {NULL, "{}", NULL},
      {NULL, "{\"pooling\": [\"cls\", \"mean\"], \"normalize\": false}", NULL},
      {NULL, "{\"pooling\": \"sum\"}", "pooling is cls"},
      {NULL, "{\"pooling\": []}", "pooling is cls"},
      {NULL, "{\"max_tokens\": 2}", "max_tokens 2 leaves no room beside 3"},
      {NULL, "{\"promt\": \"x\"}", "no option promt"},
      {NULL, "[1]", "must be a JSON object"},
      {NULL, "{", "line 1"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Error err = {""};
    int code = registry_add("opt", DATA "distilbert-uncased-qa",
                            cases[i].precision, cases[i].options, NULL, &err);
    CHECK(cases[i].message ? code && strstr(err.message, cases[i].message)
                           : code == OK,
          "%s: %s", cases[i].options, err.message);
    if (!code)
      registry_remove("opt", &err);
  }
}

/* --- Adding and removing -------------------------------------------------- */

static bool always_stop(void *arg) {
  (void)arg;
  return true;
}

static void test_add(void) {
  Error err = {""};
  CHECK(
      !registry_add("a", DATA "distilbert-uncased-qa", NULL, NULL, NULL, &err),
      "%s", err.message);
  CHECK(
      !registry_add("a", DATA "distilbert-uncased-qa", NULL, NULL, NULL, &err),
      "the same bytes again: %s", err.message);
  CHECK(registry_add("a", DATA "distilbert-uncased-qa", NULL, NULL,
                     &(Poll){always_stop, NULL}, &err) == ERR_INTERRUPT,
        "%s", err.message);
  CHECK(registry_add("a", DATA "bert-uncased-qa", NULL, NULL, NULL, &err) ==
                ERR_RANGE &&
            strstr(err.message, "other weights"),
        "%s", err.message);
  CHECK(registry_add("b", "/nonexistent/dir", NULL, NULL, NULL, &err) ==
                ERR_IO &&
            strstr(err.message, "no such directory"),
        "%s", err.message);
  CHECK(registry_add("b", DATA "bert-uncased-qa", "fp7", NULL, NULL, &err) ==
            ERR_RANGE,
        "%s", err.message);
  CHECK(registry_remove("nosuch", &err) == ERR_RANGE, "%s", err.message);
  CHECK(!registry_remove("a", &err), "%s", err.message);
}

static void test_remove_in_use(void) {
  ModelEntry *entry;
  const Model *model;
  Error err = {""};
  registry_add("gone", DATA "distilbert-uncased-qa", NULL, NULL, NULL, &err);
  int code = use("gone", TASK_ANSWER, &entry, &model, &err);
  CHECK(code == OK, "%s", err.message);
  if (code)
    return;
  CHECK(!registry_remove("gone", &err), "%s", err.message);
  CHECK(model->config.dim == 32, "still readable");
  registry_done(entry);
  CHECK(use("gone", 0, &entry, &model, &err) == ERR_RANGE, "it is gone");
}

static void test_pin(void) {
  char print[65], name[200];
  ModelEntry *entry;
  const Model *model;
  Error err = {""};
  registry_add("pin", DATA "distilbert-uncased-qa", NULL, NULL, NULL, &err);
  CHECK(!registry_fingerprint("pin", &never, print, &err), "%s", err.message);
  snprintf(name, sizeof name, "pin@%.20s", print);
  int code = use(name, TASK_ANSWER, &entry, &model, &err);
  CHECK(code == OK, "%s", err.message);
  if (!code)
    registry_done(entry);
  registry_remove("pin", &err);
}

/* What an unnamed call means may be pinned too. */
static void test_pinned_default(void) {
  char print[65], name[200];
  ModelEntry *entry;
  const Model *model;
  Error err = {""};
  registry_add("pin", DATA "distilbert-uncased-qa", NULL, NULL, NULL, &err);
  registry_fingerprint("pin", &never, print, &err);
  snprintf(name, sizeof name, "pin@%s", print);
  setting_change(setting_of_task(TASK_ANSWER), name, &err);
  int code = use(NULL, TASK_ANSWER, &entry, &model, &err);
  CHECK(code == OK && model->config.dim == 32, "%s", err.message);
  if (!code)
    registry_done(entry);
  setting_change(setting_of_task(TASK_ANSWER), "", &err);
  registry_remove("pin", &err);
}

static void copy_checkpoint(const char *from, const char *to) {
  run_command("rm -rf %s && cp -r %s %s", to, from, to);
}

/* Files that change between two loads never change an answer in silence. */
static void test_changed_files(void) {
  char folder[] = "/tmp/distilbert-model-XXXXXX";
  ModelEntry *entry;
  const Model *model;
  Error err = {""};
  CHECK(mkdtemp(folder) != NULL, "%s", folder);
  copy_checkpoint(DATA "distilbert-uncased-qa", folder);
  registry_add("changing", folder, NULL, NULL, NULL, &err);
  CHECK(!use("changing", TASK_ANSWER, &entry, &model, &err), "%s", err.message);
  registry_done(entry);
  registry_retain();
  registry_release(); /* unloads */
  copy_checkpoint(DATA "bert-uncased-qa", folder);
  CHECK(use("changing", TASK_ANSWER, &entry, &model, &err) == ERR_IO &&
            strstr(err.message, "have changed"),
        "%s", err.message);
  registry_remove("changing", &err);
  run_command("rm -rf %s", folder);
}

static void test_limit(void) {
  static const char *const names[] = {"one", "two", "three"};
  static const char *const paths[] = {DATA "distilbert-uncased-qa",
                                      DATA "bert-uncased-qa",
                                      DATA "distilbert-cased-qa"};
  ModelEntry *entry;
  const Model *model;
  Error err = {""};
  setting_change(SETTING_MEMORY_LIMIT, "700000", &err);
  for (int i = 0; i < 3; i++) {
    registry_add(names[i], paths[i], NULL, NULL, NULL, &err);
    int code = use(names[i], TASK_ANSWER, &entry, &model, &err);
    CHECK(code == OK, "%s", err.message);
    if (!code)
      registry_done(entry);
  }
  CHECK(!is_loaded("one"), "the least recently used one goes");
  CHECK(is_loaded("two") && is_loaded("three"), "the others stay");
  CHECK(registry_bytes() <= 700000, "%zu bytes", registry_bytes());
  setting_change(SETTING_MEMORY_LIMIT, "0", &err);
  for (int i = 0; i < 3; i++)
    registry_remove(names[i], &err);
}

/* --- Threads ------------------------------------------------------------- */

enum { THREADS = 8, ROUNDS = 40 };
static const Model *seen[THREADS];

static void *use_often(void *arg) {
  size_t me = (size_t)arg;
  ModelEntry *entry;
  const Model *model;
  Error err;
  long failures = 0;
  for (int i = 0; i < ROUNDS; i++) {
    if (use("shared", TASK_ANSWER, &entry, &model, &err)) {
      failures++;
      continue;
    }
    seen[me] = model;
    registry_done(entry);
  }
  return (void *)failures;
}

static void test_threads(void) {
  pthread_t ids[THREADS];
  Error err = {""};
  registry_add("shared", DATA "distilbert-uncased-qa", NULL, NULL, NULL, &err);
  for (size_t i = 0; i < THREADS; i++)
    pthread_create(&ids[i], NULL, use_often, (void *)i);
  for (size_t i = 0; i < THREADS; i++) {
    void *failures;
    pthread_join(ids[i], &failures);
    CHECK(failures == NULL, "%ld failures", (long)failures);
    CHECK(seen[i] && seen[i] == seen[0], "one copy for all threads");
  }
  registry_remove("shared", &err);
}

static void test_fork(void) {
  ModelEntry *entry;
  const Model *model;
  Error err = {""};
  registry_add("forked", DATA "distilbert-uncased-qa", NULL, NULL, NULL, &err);
  int code = use("forked", TASK_ANSWER, &entry, &model, &err);
  CHECK(code == OK, "%s", err.message);
  registry_done(entry);
  pid_t child = fork();
  if (child == 0)
    _exit(use("forked", TASK_ANSWER, &entry, &model, &err) ? 1 : 0);
  int status = -1;
  waitpid(child, &status, 0);
  CHECK(status == 0, "the child has the model: %d", status);
  registry_remove("forked", &err);
}

static void test_builtin(void) {
  ModelEntry *entry;
  const Model *model;
  Error err;
  int code = use(NULL, TASK_ANSWER, &entry, &model, &err);
#ifdef MODELS_none
  CHECK(code == ERR_RANGE, "%d %s", code, err.message);
#else
  CHECK(code == OK, "%s", err.message);
  if (code)
    return;
  CHECK(model->config.dim == 384 && model->max_tokens == 512, "%zu %zu",
        model->config.dim, model->max_tokens);
  registry_done(entry);
  CHECK(registry_remove("distilbert-minilm-qa", &err) == ERR_RANGE, "%s",
        err.message);
  registry_retain();
  registry_release();
  CHECK(registry_bytes() == 0, "the last connection frees the weights");
#endif
}

int main(void) {
  test_refused_names();
  test_long_name();
  test_path_variable();
  test_cache();
  test_options();
  test_add();
  test_remove_in_use();
  test_pin();
  test_pinned_default();
  test_changed_files();
  test_limit();
  test_threads();
  test_fork();
  test_builtin();
  return check_done();
}
