/*
 * test_ragged.c - many texts of all lengths at once give the bits of each one
 * alone.
 *
 * In:  tiny checkpoints, as floats and as bytes.
 * Out: hidden states of batches, whether their texts went in slices or
 *      together, on 1 to 16 threads, beside those of single texts; what is
 *      handed on text by text beside both; that one bad token is found and
 *      leaves the others alone; that a host which says stop is obeyed wherever
 *      it does, and is asked by its own thread alone.
 */
#include <pthread.h>
#include <stdatomic.h>
#include "base/pool.h"
#include "check.h"
#include "oracle/oracle.h"
#include "random.h"

enum { MOST = 200, LONGEST = 512 };

static Token tokens[MOST][LONGEST];
static Sequence texts[MOST];

static Model *open_as(const char *name, Precision precision) {
  ModelOptions options = options_none;
  Model *model = NULL;
  Error err = {""};
  char path[256];
  options.precision = precision;
  snprintf(path, sizeof path, ORACLE "checkpoints/%s", name);
  CHECK(model_open(path, &options, NULL, &model, &err) == OK, "%s: %s", name,
        err.message);
  return model;
}

/* --- The same bits -------------------------------------------------------- */

static void make_texts(size_t n, size_t least, size_t most) {
  for (size_t i = 0; i < n; i++) {
    texts[i] = (Sequence){tokens[i], between(least, most)};
    for (size_t t = 0; t < texts[i].n; t++)
      tokens[i][t] = (Token){.id = (int32_t)between(5, 800)};
  }
}

/* Numbers of text i that differ from those it has alone. */
static size_t differences(const Model *model, const Hidden *all, size_t i) {
  Run run = {ENGINE_NATIVE, 1, {0}};
  size_t C = model->config.dim, n = 0;
  Hidden one;
  Error err = {""};
  if (encoder_run(model, &run, &texts[i], 1, &one, &err))
    return SIZE_MAX;
  for (size_t t = 0; t < texts[i].n; t++)
    for (size_t c = 0; c < C; c++) {
      float a = hidden_at(&one, C, t, c);
      float b = hidden_at(all, C, all->first[i] + t, c);
      n += memcmp(&a, &b, sizeof a) != 0;
    }
  hidden_clear(&one);
  return n;
}

/* What texts were handed on, beside what they should be. */
typedef struct Handed {
  const Model *model;
  const Hidden *all;
  atomic_size_t times[MOST], different;
} Handed;

static void take_text(void *arg, size_t i, const Hidden *h, size_t first) {
  Handed *handed = arg;
  size_t C = handed->model->config.dim;
  atomic_fetch_add(&handed->times[i], 1);
  for (size_t t = 0; t < texts[i].n; t++)
    for (size_t c = 0; c < C; c++) {
      float a = hidden_at(h, C, first + t, c);
      float b = hidden_at(handed->all, C, handed->all->first[i] + t, c);
      if (memcmp(&a, &b, sizeof a) != 0)
        atomic_fetch_add(&handed->different, 1);
    }
}

/* Each text once, and as it is among all. */
static void check_each(const Model *model, const Run *run, size_t n,
                       const Hidden *all) {
  Handed handed = {.model = model, .all = all};
  Error err = {""};
  CHECK(!encoder_each(model, run, texts, n, take_text, &handed, &err), "%s",
        err.message);
  for (size_t i = 0; i < n; i++)
    CHECK(handed.times[i] == 1, "text %zu: %zu times", i, handed.times[i]);
  CHECK(handed.different == 0, "%zu numbers of %zu texts", handed.different, n);
}

static void check_batch(const Model *model, size_t n, size_t threads) {
  Run run = {ENGINE_NATIVE, threads, {0}};
  Hidden all;
  Error err = {""};
  int rc = encoder_run(model, &run, texts, n, &all, &err);
  CHECK(rc == OK, "%s", err.message);
  for (size_t i = 0; !rc && i < n; i++) {
    size_t different = differences(model, &all, i);
    CHECK(different == 0, "text %zu of %zu, %zu tokens, %zu threads: %zu", i, n,
          texts[i].n, threads, different);
  }
  if (!rc)
    check_each(model, &run, n, &all);
  hidden_clear(&all);
}

static void check_bits(const Model *model) {
  static const size_t threads[] = {1, 2, 3, 16};
  size_t limit = model->max_tokens < LONGEST ? model->max_tokens : LONGEST;
  for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
    make_texts(76, 10, 40);
    check_batch(model, 76, threads[i]);
    make_texts(MOST, 1, 1);
    check_batch(model, MOST, threads[i]);
    make_texts(60, 1, 33);
    for (size_t j = 0; j < 60; j += 13)
      texts[j].n = 1 + j % 2;
    texts[20].n = texts[30].n = LANES;
    check_batch(model, 60, threads[i]);
    make_texts(12, 1, limit);
    check_batch(model, 12, threads[i]);
    make_texts(20, 1, 20);
    make_texts(1, limit, limit);
    check_batch(model, 20, threads[i]);
  }
}

/* --- Errors and interrupts ------------------------------------------------ */

static void check_bad_token(const Model *model) {
  Run run = {ENGINE_NATIVE, 2, {0}};
  Hidden all;
  Error err = {""};
  make_texts(50, 10, 40);
  tokens[25][5].id = (int32_t)model->words.n;
  int rc = encoder_run(model, &run, texts, 50, &all, &err);
  CHECK(rc == ERR_FORMAT && strstr(err.message, "beyond"), "%d %s", rc,
        err.message);
  CHECK(!all.hidden && !all.arena.block, "something is left");
  tokens[25][5].id = 5;
  check_batch(model, 50, 2);
}

typedef struct Host {
  pthread_t thread;
  size_t n_asked, stop_at, n_wrong;
} Host;

static bool stop_at(void *arg) {
  Host *host = arg;
  host->n_wrong += !pthread_equal(host->thread, pthread_self());
  return host->n_asked++ >= host->stop_at;
}

static void check_interrupts(const Model *model) {
  Error err = {""};
  int rc = ERR_INTERRUPT;
  make_texts(76, 10, 40);
  for (size_t at = 0; at < 1000 && rc == ERR_INTERRUPT; at += 1 + at / 4) {
    Host host = {.thread = pthread_self(), .stop_at = at};
    Run run = {ENGINE_NATIVE, 1 + at % 3, {stop_at, &host}};
    Hidden all;
    rc = encoder_run(model, &run, texts, 76, &all, &err);
    CHECK(rc == ERR_INTERRUPT || host.n_asked <= at, "asked %zu times: %d",
          host.n_asked, rc);
    CHECK(rc == OK || (!all.hidden && !all.arena.block), "something is left");
    CHECK(host.n_wrong == 0, "asked on another thread");
    hidden_clear(&all);
  }
  CHECK(rc == OK, "never finished");
  check_batch(model, 76, 2);
}

static void check_model(const char *name, Precision precision) {
  Model *model = open_as(name, precision);
  if (!model)
    return;
  check_bits(model);
  check_bad_token(model);
  check_interrupts(model);
  model_free(model);
}

int main(void) {
  pool_retain();
  check_model("distilbert-uncased-qa", PRECISION_FP32);
  check_model("distilbert-uncased-qa", PRECISION_INT8);
  check_model("roberta-qa", PRECISION_FP32);
  check_model("bert-cased-tokcls", PRECISION_INT8);
  pool_release();
  return check_done();
}
