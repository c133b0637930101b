/*
 * bench_texts.c - how fast tables of short texts go through the embedder.
 *
 *     bench_texts MODEL TEXTS.csv SECONDS [1]
 *
 * In:  a checkpoint in one file, opened as it is and widened to fp32; a file
 *      whose words become texts of 10 to 40 tokens, all lengths alike; a bound
 *      on the time.  With 1 behind it, only what one thread can.
 * Out: tables by the number of texts that are given at once; single texts on
 *      one thread and two; and many callers at once, as connections are, who
 *      all may use two threads, with the time that one short text takes.
 *
 * A share counts the operations of matrix products that the tokens of texts
 * need (8 C^2 + 4 C F + 4 n C a token and layer, n its text's tokens) at the
 * peaks of this core, FMA and bytes, over the time that everything took.  The
 * yardstick is the encoder alone on 512 tokens whose panels are full: one text
 * of them, and 16 texts of 32.  One thread is timed by its CPU time, several
 * by the clock; contenders take turns, and the best round counts.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include "base/pool.h"
#include "checkpoint.h"
#include "model/encoder.h"
#include "peak.h"
#include "samples.h"
#include "seconds.h"
#include "task/embed.h"
#include "tensor/kernels.h"

enum { MOST = 1024, LEAST_TOKENS = 10, MOST_TOKENS = 40 };
enum {
  WINDOWS = 6,
  PRECISIONS = 2,
  THREADS = 2,
  YARDS = 2,
  ALONE = 7,
  CROWDS = 4
};

static const size_t windows[WINDOWS] = {1, 4, 16, 64, 256, 1024};
static const char *const yard_names[YARDS] = {"1 x 512", "16 x 32"};

static char *words; /* the file's bytes */
static EncodeText texts[MOST];
static size_t lengths[MOST]; /* tokens */
static Model *models[PRECISIONS];
static const char *const names[PRECISIONS] = {"int8", "fp32"};
static Samples times[PRECISIONS][THREADS][WINDOWS]; /* seconds a token */
static Samples yards[PRECISIONS][THREADS][YARDS];   /* seconds */
static Samples flops, dot;

static const size_t alone[ALONE] = {2, 4, 8, 12, 16, 24, 32};
static Samples single[PRECISIONS][THREADS][ALONE]; /* seconds on the clock */
static const size_t callers[CROWDS] = {1, 2, 4, 16};
static Samples crowds[PRECISIONS][CROWDS]; /* seconds a token */
static Samples waits[PRECISIONS][CROWDS];  /* seconds of a short text */

static void die(const char *message) {
  fprintf(stderr, "bench_texts: %s\n", message);
  exit(1);
}

/* --- Texts ----------------------------------------------------------------*/

static void read_words(const char *path) {
  FILE *f = fopen(path, "rb");
  words = calloc(1 << 20, 1);
  if (!f || !words || fread(words, 1, (1 << 20) - 1, f) < 1 << 16)
    die("no words");
  fclose(f);
}

/* The next text of `wanted` tokens, or nearly. */
static EncodeText cut_text(char **at, size_t wanted) {
  const Tokenizer *t = models[0]->tokenizer;
  Poll none = {0};
  Error err;
  char *start = *at, *end = start;
  size_t n = 0;
  do {
    end += strcspn(end + 1, " \n") + 1;
    if (tokenizer_count(t, start, (size_t)(end - start), &none, &n, &err))
      die(err.message);
  } while (n + 2 < wanted);
  *at = end + 1;
  return (EncodeText){start, (size_t)(end - start)};
}

static void make_texts(void) {
  char *at = words;
  unsigned random = 1;
  for (size_t i = 0; i < MOST; i++) {
    random = random * 1664525u + 1013904223u;
    texts[i] = cut_text(&at, LEAST_TOKENS + (random >> 16) % 31);
  }
}

static void count_texts(void) {
  Poll none = {0};
  Error err;
  for (size_t i = 0; i < MOST; i++) {
    if (tokenizer_count(models[0]->tokenizer, texts[i].text, texts[i].bytes,
                        &none, &lengths[i], &err))
      die(err.message);
    lengths[i] += 2;
  }
}

/* --- Work -----------------------------------------------------------------*/

/* Seconds at the peaks for a text of n tokens: layers, and attention. */
static double bound(const Model *m, double n) {
  double C = (double)m->config.dim, F = (double)m->config.hidden_dim;
  double L = (double)m->config.n_layers;
  double layers = n * L * (8 * C * C + 4 * C * F), own = n * L * 4 * n * C;
  double peak = samples_most(&flops), bytes = samples_most(&dot);
  bool is_bytes = m->precision == PRECISION_INT8 && bytes > 0;
  return layers / (is_bytes ? bytes : peak) + own / peak;
}

/* Texts [first, first + n). Returns how many tokens. */
static size_t embed_texts(Embedder *e, size_t first, size_t n) {
  Error err;
  size_t tokens = 0;
  for (size_t i = first; i < first + n; i++) {
    if (embedder_add(e, texts[i % MOST], &err))
      die(err.message);
    tokens += lengths[i % MOST];
  }
  if (embedder_run(e, &err) || embedder_result(e, n - 1)->code)
    die("embedder_run");
  embedder_empty(e);
  return tokens;
}

static double now(size_t threads) {
  return threads == 1 ? cpu_now() : seconds_of(CLOCK_MONOTONIC);
}

static Embedder *open_embedder(const Model *m, const Run *run) {
  Embedder *e;
  Error err;
  if (embedder_open(m, run, OVERFLOW_TRUNCATE, &e, &err))
    die(err.message);
  return e;
}

/* Some texts, `window` at a time. */
static void sample_window(int precision, size_t threads, int window) {
  Run run = {.engine = ENGINE_NATIVE, .n_threads = threads};
  Embedder *e = open_embedder(models[precision], &run);
  size_t n = windows[window], tokens = 0, all = n < 64 ? 64 : n < 256 ? 256 : n;
  double start = now(threads);
  for (size_t i = 0; i < all; i += n)
    tokens += embed_texts(e, i, n);
  samples_add(&times[precision][threads - 1][window],
              (now(threads) - start) / (double)tokens);
  embedder_close(e);
}

static void sample_yard(int precision, size_t threads, int yard) {
  static Token tokens[BATCH_TOKENS];
  Run run = {.engine = ENGINE_NATIVE, .n_threads = threads};
  size_t n = yard ? 16 : 1;
  Sequence list[16];
  Hidden h;
  Error err;
  for (size_t i = 0; i < BATCH_TOKENS; i++)
    tokens[i] = (Token){.id = (int32_t)(1000 + 7919 * i % 29000)};
  for (size_t i = 0; i < n; i++)
    list[i] = (Sequence){tokens + i * BATCH_TOKENS / n, BATCH_TOKENS / n};
  double start = now(threads);
  for (int i = 0; i < 2; i++) {
    if (encoder_run(models[precision], &run, list, n, &h, &err))
      die(err.message);
    hidden_clear(&h);
  }
  samples_add(&yards[precision][threads - 1][yard], (now(threads) - start) / 2);
}

/* One text of n tokens, on one thread and on two in turns. */
static void sample_single(int precision, int i) {
  static Token tokens[64];
  Hidden h;
  Error err;
  for (size_t t = 0; t < 64; t++)
    tokens[t] = (Token){.id = (int32_t)(1000 + 7919 * t % 29000)};
  for (int round = 0; round < 20; round++) {
    Run run = {.engine = ENGINE_NATIVE, .n_threads = 1 + (size_t)round % 2};
    double start = seconds_of(CLOCK_MONOTONIC);
    if (encoder_run(models[precision], &run, &(Sequence){tokens, alone[i]}, 1,
                    &h, &err))
      die(err.message);
    samples_add(&single[precision][round % 2][i],
                seconds_of(CLOCK_MONOTONIC) - start);
    hidden_clear(&h);
  }
}

/* --- Many callers ---------------------------------------------------------*/

typedef struct Crowd {
  int precision, size; /* which of callers[] */
  double end;
  atomic_size_t tokens, at_work;
} Crowd;

/* Windows of 16 texts until the time is up. */
static void *call_often(void *arg) {
  Crowd *c = arg;
  Run run = {.engine = ENGINE_NATIVE, .n_threads = THREADS};
  Embedder *e = open_embedder(models[c->precision], &run);
  for (size_t i = 0; seconds_of(CLOCK_MONOTONIC) < c->end; i += 16)
    atomic_fetch_add(&c->tokens, embed_texts(e, i, 16));
  embedder_close(e);
  atomic_fetch_sub(&c->at_work, 1);
  return NULL;
}

/* Somebody who asks for one short text now and then. */
static void *call_seldom(void *arg) {
  Crowd *c = arg;
  Run run = {.engine = ENGINE_NATIVE, .n_threads = THREADS};
  Embedder *e = open_embedder(models[c->precision], &run);
  while (atomic_load(&c->at_work) > 0) {
    double start = seconds_of(CLOCK_MONOTONIC);
    Error err;
    if (embedder_add(e, (EncodeText){"where is it?", 12}, &err) ||
        embedder_run(e, &err))
      die(err.message);
    embedder_empty(e);
    samples_add(&waits[c->precision][c->size],
                seconds_of(CLOCK_MONOTONIC) - start);
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
  }
  embedder_close(e);
  return NULL;
}

static void sample_crowd(int precision, int size, bool is_asked) {
  double start = seconds_of(CLOCK_MONOTONIC);
  Crowd c = {.precision = precision, .size = size, .end = start + 0.5};
  size_t n = callers[size];
  pthread_t threads[64];
  atomic_store(&c.at_work, n);
  for (size_t i = 0; i < n + is_asked; i++)
    if (pthread_create(&threads[i], NULL, i < n ? call_often : call_seldom, &c))
      die("pthread_create");
  for (size_t i = 0; i < n + is_asked; i++)
    pthread_join(threads[i], NULL);
  if (!is_asked)
    samples_add(&crowds[precision][size],
                (seconds_of(CLOCK_MONOTONIC) - start) / (double)c.tokens);
}

static void sample_crowds(int precision) {
  for (int i = 0; i < CROWDS; i++) {
    sample_crowd(precision, i, false);
    sample_crowd(precision, i, true);
  }
}

static void sample_all(double seconds, size_t threads) {
  const char *set = kernels_pick(NULL)->name;
  double end = seconds_of(CLOCK_MONOTONIC) + seconds;
  do {
    samples_add(&flops, peak_fma(set));
    samples_add(&dot, peak_dot(set));
    for (int p = 0; p < PRECISIONS; p++)
      for (size_t t = 1; t <= threads; t++) {
        for (int i = 0; i < YARDS; i++)
          sample_yard(p, t, i);
        for (int i = 0; i < WINDOWS; i++)
          sample_window(p, t, i);
      }
    for (int p = 0; p < PRECISIONS && threads > 1; p++) {
      for (int i = 0; i < ALONE; i++)
        sample_single(p, i);
      sample_crowds(p);
    }
  } while (seconds_of(CLOCK_MONOTONIC) < end);
}

/* --- Shown ----------------------------------------------------------------*/

static double yard_share(int p, int yard) {
  double n = yard ? 16 : 1;
  return n * bound(models[p], BATCH_TOKENS / n) /
         samples_least(&yards[p][0][yard]);
}

static void show_yards(int p, size_t threads) {
  for (int i = 0; i < YARDS; i++) {
    double one = samples_least(&yards[p][0][i]);
    printf("%14s %10.0f %8.1f %%", yard_names[i], BATCH_TOKENS / one,
           100 * yard_share(p, i));
    if (threads > 1)
      printf(" %30.2fx", one / samples_least(&yards[p][1][i]));
    printf("\n");
  }
}

static void show(int p, size_t threads) {
  double tokens = 0, least = 0, yard = yard_share(p, 0);
  for (size_t i = 0; i < MOST; i++) {
    tokens += (double)lengths[i];
    least += bound(models[p], (double)lengths[i]);
  }
  printf("\n%s, texts of 10 to 40 tokens, %.1f in the mean\n%14s %10s %10s "
         "%10s %10s %10s\n",
         names[p], tokens / MOST, "texts", "tokens/s", "of peak", "of 512",
         "median", "2 threads");
  show_yards(p, threads);
  for (int i = 0; i < WINDOWS; i++) {
    double best = samples_least(&times[p][0][i]), share = least / tokens / best;
    printf("%14zu %10.0f %8.1f %% %8.1f %% %10.0f", windows[i], 1 / best,
           100 * share, 100 * share / yard,
           1 / samples_median(&times[p][0][i]));
    if (threads > 1)
      printf(" %9.2fx", best / samples_least(&times[p][1][i]));
    printf("\n");
  }
}

static void show_singles(int p) {
  printf("%14s %10s %10s %10s (milliseconds: median, best)\n", "one text of",
         "1 thread", "2 threads", "times");
  for (int i = 0; i < ALONE; i++) {
    const Samples *one = &single[p][0][i], *two = &single[p][1][i];
    printf("%14zu %10.2f %10.2f %9.2fx %10.2f %10.2f %9.2fx\n", alone[i],
           1e3 * samples_median(one), 1e3 * samples_median(two),
           samples_median(one) / samples_median(two), 1e3 * samples_least(one),
           1e3 * samples_least(two), samples_least(one) / samples_least(two));
  }
}

static void show_crowds(int p) {
  printf("%14s %10s %10s %10s %10s %10s\n", "callers", "tokens/s", "median",
         "of one's", "p50 ms", "p99 ms");
  for (int i = 0; i < CROWDS; i++) {
    const Samples *s = &crowds[p][i], *first = &crowds[p][0];
    printf("%14zu %10.0f %10.0f %8.1f %% %10.2f %10.2f\n", callers[i],
           1 / samples_least(s), 1 / samples_median(s),
           100 * samples_median(first) / samples_median(s),
           1e3 * samples_median(&waits[p][i]),
           1e3 * samples_at(&waits[p][i], 0.99));
  }
}

int main(int argc, char **argv) {
  static const Precision precisions[] = {PRECISION_FILE, PRECISION_FP32};
  if (argc < 4)
    die("bench_texts MODEL TEXTS.csv SECONDS [1]");
  size_t threads = argc > 4 || cpu_available() < 2 ? 1 : 2;
  for (int i = 0; i < PRECISIONS; i++) {
    ModelOptions options = options_none;
    Error err;
    options.precision = precisions[i];
    if (model_open(argv[1], &options, NULL, &models[i], &err))
      die(err.message);
  }
  read_words(argv[2]);
  make_texts();
  count_texts();
  sample_all(atof(argv[3]), threads);
  printf("peaks of a core: FMA %.0f GFLOP/s, bytes %.0f GOP/s\n",
         1e-9 * samples_most(&flops), 1e-9 * samples_most(&dot));
  for (int i = 0; i < PRECISIONS; i++)
    show(i, threads);
  for (int i = 0; i < PRECISIONS && threads > 1; i++) {
    printf("\n%s\n", names[i]);
    show_singles(i);
    show_crowds(i);
  }
  for (int i = 0; i < PRECISIONS; i++)
    model_free(models[i]);
  return 0;
}
