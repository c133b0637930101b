/*
 * bench_int8.c - how fast layers of bytes are, beside layers of floats.
 *
 *     bench_int8 FOLDER SECONDS
 *
 * In:  a folder for a checkpoint of the size of DistilBERT-base with random
 *      weights (written first, removed at the end); a bound on the time.
 * Out: a table by number of tokens, and a line for each bar.
 *
 * The same checkpoint is open as fp32 and as int8; both run in turns on one
 * thread, a little in every round, timed by its own CPU time, so that a busy
 * machine hits both alike.  "Best" is the best single run.  Attention stays
 * in floats: its share of the time at the peak of the FMA units is shown, as
 * what int8 cannot shorten.
 */
#include <stdio.h>
#include <time.h>
#include "checkpoint.h"
#include "model/encoder.h"
#include "peak.h"
#include "samples.h"
#include "seconds.h"
#include "tensor/kernels.h"

enum { LENGTHS = 10, LONGEST = 512, PRECISIONS = 2 };

static const size_t lengths[LENGTHS] = {2,  4,   8,   16,  32,
                                        64, 128, 256, 384, 512};

static Token tokens[LONGEST];
static Model *models[PRECISIONS]; /* fp32, int8 */
static Samples times[LENGTHS][PRECISIONS], flops, dot;

static void die(const char *message) {
  fprintf(stderr, "bench_int8: %s\n", message);
  exit(1);
}

static double wall_now(void) {
  return seconds_of(CLOCK_MONOTONIC);
}

static void open_models(const char *folder) {
  static const Precision precisions[] = {PRECISION_FP32, PRECISION_INT8};
  for (int i = 0; i < PRECISIONS; i++) {
    ModelOptions options = options_none;
    Error err;
    double start = wall_now();
    options.precision = precisions[i];
    if (model_open(folder, &options, NULL, &models[i], &err))
      die(err.message);
    printf("loading as %s: %.0f ms, %.0f MB\n", precision_name(precisions[i]),
           1e3 * (wall_now() - start), 1e-6 * (double)models[i]->bytes);
  }
}

static void run(const Model *model, size_t n) {
  Run how = {.engine = ENGINE_NATIVE, .n_threads = 1};
  Hidden hidden;
  Error err;
  if (encoder_run(model, &how, &(Sequence){tokens, n}, 1, &hidden, &err))
    die(err.message);
  hidden_clear(&hidden);
}

/* About 30 ms of runs. */
static void sample(int length, int precision) {
  double end = wall_now() + 0.03;
  do {
    double start = cpu_now();
    run(models[precision], lengths[length]);
    samples_add(&times[length][precision], cpu_now() - start);
  } while (wall_now() < end);
}

static void sample_all(double seconds) {
  const char *set = kernels_pick(NULL)->name;
  double end = wall_now() + seconds;
  do {
    samples_add(&flops, peak_fma(set));
    samples_add(&dot, peak_dot(set));
    for (int i = 0; i < LENGTHS; i++)
      for (int p = 0; p < PRECISIONS; p++)
        sample(i, p);
  } while (wall_now() < end);
}

/* Operations: of linear layers, and of attention. */
static double linear_work(double T) {
  return 6 * (8 * T * 768 * 768 + 4 * T * 768 * 3072);
}

static double attention_work(double T) {
  return 6 * 4 * T * T * 768;
}

static double ahead(int i) {
  return samples_least(&times[i][0]) / samples_least(&times[i][1]);
}

static void show_row(int i) {
  double T = (double)lengths[i], best = samples_least(&times[i][1]);
  double attention = attention_work(T) / samples_most(&flops);
  double bound = attention + linear_work(T) / samples_most(&dot);
  printf("%8zu  %8.2f %8.2f %8.2f %8.0f", lengths[i],
         1e3 * samples_least(&times[i][0]), 1e3 * best,
         1e3 * samples_median(&times[i][1]),
         1e-9 * (linear_work(T) + attention_work(T)) / best);
  if (samples_most(&dot) > 0)
    printf(" %8.1f %% %9.1f %%", 100 * attention / best, 100 * bound / best);
  printf("  %5.2fx\n", ahead(i));
}

static void bar(const char *what, double value, double limit) {
  printf("  %-52s %8.2f x    bar >= %6.2f  %s\n", what, value, limit,
         value >= limit ? "ok" : "MISSED");
}

static void show_all(void) {
  printf("\nEncoder, DistilBERT-base, int8, 1 thread (CPU time; "
         "milliseconds)\n%8s  %8s %8s %8s %8s %10s %11s  %6s\n",
         "tokens", "fp32", "int8", "median", "GOP/s", "attention", "of bound",
         "ahead");
  for (int i = 0; i < LENGTHS; i++)
    show_row(i);
  if (samples_most(&dot) <= 0)
    return;
  printf("\nBars\n");
  bar("int8 against fp32 at 16 tokens", ahead(3), 2.0);
  bar("int8 against fp32 at 128 tokens", ahead(6), 2.5);
}

int main(int argc, char **argv) {
  if (argc < 3)
    die("bench_int8 FOLDER SECONDS");
  for (size_t i = 0; i < LONGEST; i++)
    tokens[i] = (Token){.id = (int32_t)(5 + 7919 * i % 30517)};
  if (!checkpoint_write(argv[1], 6, 30522))
    return 1;
  open_models(argv[1]);
  checkpoint_remove(argv[1]);
  const Kernels *k = kernels_pick(NULL);
  sample_all(atof(argv[2]));
  printf("kernels %s %s; peaks of a core: FMA %.0f GFLOP/s, bytes %.0f GOP/s\n",
         k->name, k->dot, 1e-9 * samples_most(&flops),
         1e-9 * samples_most(&dot));
  show_all();
  for (int i = 0; i < PRECISIONS; i++)
    model_free(models[i]);
  return 0;
}
