/*
 * bench.c - what `make bench` prints: how fast, beside what is possible.
 *
 *     bench FOLDER SECONDS
 *
 * In:  a folder for a checkpoint of the size of DistilBERT-base with random
 *      weights (written first, removed at the end); a bound on the time.
 * Out: tables, then a line for each bar the product has set itself.
 *
 * Encoder and whole distilbert_answer() by number of tokens, 1 and 2 threads,
 * native beside BLAS; batches of short texts; loading, cold start, memory.
 * Everything is measured in rounds, each contender a little in every round,
 * so that a busy machine hits all alike.  One thread is timed by its own CPU
 * time, several by the clock on the wall; "best" is the best single run.
 *
 * A share in a table is the best rate over the best FMA peak of this core seen
 * in the same rounds (peak.h): it counts the operations of the matrix products
 * only, L (8 T C^2 + 4 T C F + 4 T^2 C), but the time of everything.  A share
 * beside a bar is the median of single runs, each over the peaks measured right
 * before and after it; where these two differ the run was disturbed and does
 * not count.
 *
 * Run again as a child (`bench FOLDER SECONDS cold|memory|shares`) it does one
 * thing in a fresh process and prints bare numbers.  It fails only when
 * something does not work; a missed bar is printed, nothing more.  BLAS gets
 * the best it can do: OPENBLAS_CORETYPE is set where that helps it.
 */
#include <math.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/pool.h"
#include "checkpoint.h"
#include "distilbert.h"
#include "model/encoder.h"
#include "store/registry.h"
#include "store/settings.h"
#include "peak.h"
#include "reading.h"
#include "samples.h"
#include "seconds.h"
#include "tensor/blas.h"

enum { LENGTHS = 10, LONGEST = 512, ENGINES = 2, THREADS = 2, BATCHES = 2 };
enum { QUESTION = 2, TEMPLATE = 3 }; /* tokens of each input besides context */
enum { SHORTEST = 8 };               /* that a question is asked of */

static const size_t lengths[LENGTHS] = {2,  4,   8,   16,  32,
                                        64, 128, 256, 384, 512};
static const size_t batches[BATCHES] = {8, 32}; /* texts of 32 tokens */

/* Everything measured at one length, or of one batch. */
typedef struct Row {
  size_t texts, tokens;              /* tokens: of one text */
  Samples peak;                      /* FLOP/s of a core */
  Samples share;                     /* native, 1 thread, beside its peak */
  Samples encoder[ENGINES][THREADS]; /* seconds */
  Samples answer[ENGINES][THREADS];
  Samples small[THREADS]; /* the built-in model, native */
  Samples reading;        /* the layers' weights, once, on one thread */
} Row;

/* The geometry of a model, as far as its operations go. */
typedef struct Size {
  double L, C, F;
} Size;
static const Size base_size = {6, 768, 3072}, small_size = {6, 384, 1536};

typedef struct Bench {
  const char *folder;
  double seconds;
  const char *set; /* of kernels */
  bool has_blas;
  size_t threads; /* 1 or 2: what the machine has */
  ModelEntry *entry;
  const Model *model; /* the folder's, as the database knows it */
  sqlite3 *db;
  Token tokens[LONGEST];
  Row rows[LENGTHS], batch[BATCHES];
} Bench;

static void die(const char *format, ...) {
  va_list list;
  va_start(list, format);
  fprintf(stderr, "bench: ");
  vfprintf(stderr, format, list);
  fprintf(stderr, "\n");
  va_end(list);
  exit(1);
}

static double wall_now(void) {
  return seconds_of(CLOCK_MONOTONIC);
}

static double flops(Size s, const Row *row) {
  double T = (double)row->tokens;
  return (double)row->texts * s.L *
         (8 * T * s.C * s.C + 4 * T * s.C * s.F + 4 * T * T * s.C);
}

/* --- What is timed -------------------------------------------------------- */

/* One pass of the encoder over row->texts texts. */
static void run_encoder(Bench *b, const Row *row, int engine, int threads) {
  Sequence texts[32];
  Run run = {.engine = (Engine)engine, .n_threads = (size_t)threads + 1};
  Hidden hidden;
  Error err;
  for (size_t i = 0; i < row->texts; i++)
    texts[i] = (Sequence){b->tokens, row->tokens};
  if (encoder_run(b->model, &run, texts, row->texts, &hidden, &err))
    die("%s", err.message);
  hidden_clear(&hidden);
}

static void set(Setting setting, const char *value) {
  Error err;
  if (setting_change(setting, value, &err))
    die("%s", err.message);
}

static void check_sql(sqlite3 *db, int rc) {
  if (rc != SQLITE_OK && rc != SQLITE_ROW && rc != SQLITE_DONE)
    die("%s", sqlite3_errmsg(db));
}

static void execute(sqlite3 *db, const char *sql) {
  check_sql(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

/* `n` words of a token each, other ones every time. */
static void write_words(char *out, size_t n, size_t first) {
  *out = 0;
  for (size_t i = 0; i < n; i++)
    out += sprintf(out, " %s", bench_words[(first + i * i) % BENCH_WORDS]);
}

/* One question in SQL, of `tokens` tokens all in all. A scalar function reads
 * windows of 384 tokens; what is longer goes through the table. */
static void run_answer(sqlite3 *db, const char *model, size_t tokens) {
  static size_t first;
  char question[64], context[8 * LONGEST];
  sqlite3_stmt *statement;
  const char *sql = tokens <= 384
                        ? "SELECT distilbert_answer(?1, ?2, ?3)"
                        : "SELECT answer FROM distilbert_answers(?1, ?2) WHERE "
                          "model = ?3 AND max_seq_len = 512";
  write_words(question, QUESTION, first++);
  write_words(context, tokens - TEMPLATE - QUESTION, first);
  check_sql(db, sqlite3_prepare_v2(db, sql, -1, &statement, NULL));
  sqlite3_bind_text(statement, 1, question, -1, SQLITE_STATIC);
  sqlite3_bind_text(statement, 2, context, -1, SQLITE_STATIC);
  sqlite3_bind_text(statement, 3, model, -1, SQLITE_STATIC);
  int rc = sqlite3_step(statement);
  check_sql(db, rc);
  check_sql(db, sqlite3_finalize(statement));
}

typedef enum What { ENCODER, ANSWER, SMALL } What;

static void run_once(Bench *b, const Row *row, What what, int engine,
                     int threads) {
  if (what == ENCODER)
    run_encoder(b, row, engine, threads);
  else
    run_answer(b->db, what == ANSWER ? "bench" : NULL, row->tokens);
}

/* A few runs, about 30 ms of them, each a sample. */
static void sample(Bench *b, const Row *row, What what, int engine, int threads,
                   Samples *out) {
  set(SETTING_ENGINE, engine == ENGINE_BLAS ? "blas" : "native");
  set(SETTING_THREADS, threads ? "2" : "1");
  double end = wall_now() + 0.03;
  do {
    double start = threads ? wall_now() : cpu_now();
    run_once(b, row, what, engine, threads);
    samples_add(out, (threads ? wall_now() : cpu_now()) - start);
  } while (wall_now() < end);
}

/* The native encoder on one thread between two measurements of the peak. */
static void sample_share(Bench *b, Row *row) {
  set(SETTING_ENGINE, "native");
  set(SETTING_THREADS, "1");
  double before = peak_fma_now(b->set), end = wall_now() + 0.1;
  do {
    double start = cpu_now();
    run_once(b, row, ENCODER, ENGINE_NATIVE, 0);
    double took = cpu_now() - start, after = peak_fma_now(b->set);
    if (fabs(after - before) < 0.03 * before)
      samples_add(&row->share,
                  2 * flops(base_size, row) / took / (before + after));
    before = after;
  } while (wall_now() < end);
}

static void sample_peak(Bench *b, Row *row) {
  samples_add(&row->peak, peak_fma(b->set));
}

static bool is_asked(const Row *row) {
  return row->texts == 1 && row->tokens >= SHORTEST;
}

static void sample_length(Bench *b, Row *row) {
  sample_share(b, row);
  sample_peak(b, row);
  for (int threads = 0; threads < (int)b->threads; threads++)
    for (int engine = 0; engine < (b->has_blas ? ENGINES : 1); engine++) {
      sample(b, row, ENCODER, engine, threads, &row->encoder[engine][threads]);
      if (is_asked(row))
        sample(b, row, ANSWER, engine, threads, &row->answer[engine][threads]);
    }
  for (int threads = 0; is_asked(row) && threads < (int)b->threads; threads++)
    sample(b, row, SMALL, ENGINE_NATIVE, threads, &row->small[threads]);
  for (int i = 0; row->tokens < LANES && i < 3; i++)
    samples_add(&row->reading, read_layers(b->model));
  sample_peak(b, row);
}

static void sample_all(Bench *b) {
  double end = wall_now() + b->seconds;
  do {
    for (int i = 0; i < LENGTHS; i++)
      sample_length(b, &b->rows[i]);
    for (int i = 0; i < BATCHES; i++)
      sample_length(b, &b->batch[i]);
  } while (wall_now() < end);
}

/* --- Tables --------------------------------------------------------------- */

static double rate(Size size, const Row *row, double seconds) {
  return seconds > 0 ? flops(size, row) / seconds : 0.0;
}

/* Of the peak of `cores` cores, in percent. */
static double share(Size size, const Row *row, double seconds, int cores) {
  double peak = samples_most(&row->peak) * cores;
  return peak > 0 ? 100 * rate(size, row, seconds) / peak : 0.0;
}

static double ahead(const Samples *of, const Samples *s) {
  return s->n && of->n ? samples_least(of) / samples_least(s) : 0.0;
}

static void show_times(Size size, const Row *row, const Samples *s, int cores) {
  if (!s->n) {
    printf("  %8s %8s %8s %8s", "-", "-", "-", "-");
    return;
  }
  double best = samples_least(s);
  printf("  %8.2f %8.2f %8.1f %6.1f %%", 1e3 * best, 1e3 * samples_median(s),
         1e-9 * rate(size, row, best), share(size, row, best, cores));
}

static void show_head(const char *title, const char *first) {
  printf("\n%s\n", title);
  printf("%8s  %8s %8s %8s %8s  %8s %8s %8s %8s  %6s\n", first, "native",
         "median", "GFLOP/s", "of peak", "blas", "median", "GFLOP/s", "of peak",
         "ahead");
}

static void show_row(const char *name, const Row *row,
                     const Samples engines[ENGINES][THREADS], int threads) {
  printf("%8s", name);
  for (int engine = 0; engine < ENGINES; engine++)
    show_times(base_size, row, &engines[engine][threads], threads + 1);
  double times =
      ahead(&engines[ENGINE_BLAS][threads], &engines[ENGINE_NATIVE][threads]);
  printf(times > 0 ? "  %5.2fx\n" : "       -\n", times);
}

static void show_lengths(const Bench *b, What what, int threads) {
  char title[128], name[24];
  snprintf(title, sizeof title,
           "%s, DistilBERT-base, fp32, %d thread%s (%s; milliseconds)",
           what == ENCODER ? "Encoder" : "distilbert_answer in SQL",
           threads + 1, threads ? "s" : "", threads ? "wall" : "CPU time");
  show_head(title, "tokens");
  for (int i = 0; i < LENGTHS; i++) {
    const Row *row = &b->rows[i];
    if (what == ANSWER && !is_asked(row))
      continue;
    snprintf(name, sizeof name, "%zu", row->tokens);
    show_row(name, row, what == ENCODER ? row->encoder : row->answer, threads);
  }
}

static void show_batches(const Bench *b, int threads) {
  char name[16];
  show_head(threads ? "Batches of short texts, 2 threads (wall)"
                    : "Batches of short texts, 1 thread (CPU time)",
            "texts");
  for (int i = 0; i < BATCHES; i++) {
    const Row *row = &b->batch[i];
    snprintf(name, sizeof name, "%zux%zu", row->texts, row->tokens);
    show_row(name, row, row->encoder, threads);
  }
}

static void show_small(const Bench *b) {
  printf(
      "\ndistilbert_answer in SQL, built-in model (6 x 384), milliseconds\n");
  printf("%8s  %8s %8s %8s %8s  %8s %8s %8s %8s\n", "tokens", "1 thread",
         "median", "GFLOP/s", "of peak", "2", "median", "GFLOP/s", "of peak");
  for (int i = 0; i < LENGTHS; i++) {
    if (!is_asked(&b->rows[i]))
      continue;
    printf("%8zu", b->rows[i].tokens);
    for (int threads = 0; threads < THREADS; threads++)
      show_times(small_size, &b->rows[i], &b->rows[i].small[threads],
                 threads + 1);
    printf("\n");
  }
}

/* --- Children: one thing in a fresh process ------------------------------- */

/* Runs this program again in a mode and reads the numbers it prints; returns
 * the seconds until the first of them. */
static double run_child(const Bench *b, const char *mode, double *out, int n) {
  char command[4096], self[2048] = "";
  if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
    die("cannot find myself");
  snprintf(command, sizeof command, "exec '%s' '%s' %g %s", self, b->folder,
           b->seconds / 4, mode);
  double start = wall_now(), seconds = 0.0;
  FILE *pipe = popen(command, "r");
  for (int i = 0; pipe && i < n; i++) {
    if (fscanf(pipe, "%lf", &out[i]) != 1)
      die("child %s failed", mode);
    seconds = i ? seconds : wall_now() - start;
  }
  if (!pipe || pclose(pipe))
    die("child %s failed", mode);
  return seconds;
}

static sqlite3 *open_database(const char *folder) {
  sqlite3 *db;
  char sql[4096];
  if (sqlite3_open(":memory:", &db) || sqlite3_distilbert_init(db, NULL, NULL))
    die("cannot open a database");
  sqlite3_snprintf(sizeof sql, sql,
                   "INSERT INTO distilbert_models(name, path) "
                   "VALUES ('bench', %Q)",
                   folder);
  if (folder)
    execute(db, sql);
  return db;
}

/* First answer of a process, from the built-in model. */
static void child_cold(void) {
  sqlite3 *db = open_database(NULL);
  run_answer(db, NULL, 32);
  printf("1\n");
  fflush(stdout);
  sqlite3_close(db);
}

static double weight_bytes(sqlite3 *db) {
  sqlite3_stmt *statement;
  const char *sql = "SELECT bytes FROM distilbert_models WHERE name = 'bench'";
  check_sql(db, sqlite3_prepare_v2(db, sql, -1, &statement, NULL));
  check_sql(db, sqlite3_step(statement));
  double bytes = sqlite3_column_double(statement, 0);
  sqlite3_finalize(statement);
  return bytes;
}

/* MiB at most resident, without the weights: the longest window, then a
 * context of many windows. */
static void child_memory(const char *folder) {
  sqlite3 *db = open_database(folder);
  run_answer(db, "bench", LONGEST);
  execute(db, "WITH c AS (SELECT replace(hex(zeroblob(3000)), '00', 'of ') x) "
              "SELECT distilbert_answer('the of', x, 'bench') FROM c");
  printf("%f\n", peak_kib() / 1024 - weight_bytes(db) / (1 << 20));
  sqlite3_close(db);
}

/* --- Loading -------------------------------------------------------------- */

static Model *open_model(const char *folder) {
  Model *model;
  Error err;
  if (model_open(folder, &options_none, NULL, &model, &err))
    die("%s", err.message);
  return model;
}

typedef struct Start {
  Samples cat, whole, load, cold;
  size_t bytes;
  double memory;
} Start;

static void measure_start(const Bench *b, Start *s) {
  char path[2048];
  double number;
  snprintf(path, sizeof path, "%s/model.safetensors", b->folder);
  read_seconds(path, 1 << 20, &s->bytes);
  for (int i = 0; i < 5; i++) {
    samples_add(&s->cat, read_seconds(path, 1 << 20, &s->bytes));
    samples_add(&s->whole, read_seconds(path, s->bytes + 1, &s->bytes));
    double start = wall_now();
    Model *model = open_model(b->folder);
    samples_add(&s->load, wall_now() - start);
    model_free(model);
  }
  for (int i = 0; i < 10; i++)
    samples_add(&s->cold, run_child(b, "cold", &number, 1));
  run_child(b, "memory", &s->memory, 1);
}

static void show_start(const Start *s) {
  printf("\nLoading and memory (files in the page cache)\n");
  printf("  reading %.0f MB in pieces of 1 MiB, as cat does   %6.0f ms\n",
         1e-6 * (double)s->bytes, 1e3 * samples_least(&s->cat));
  printf("  reading them into fresh memory                   %6.0f ms\n",
         1e3 * samples_least(&s->whole));
  printf("  loading them as a model                          %6.0f ms\n",
         1e3 * samples_least(&s->load));
  printf("  first answer of a new process, built-in model    %6.0f ms "
         "(median %.0f)\n",
         1e3 * samples_least(&s->cold), 1e3 * samples_median(&s->cold));
  printf("  peak memory of a process besides 265 MB weights  %6.1f MiB\n",
         s->memory);
}

/* --- Bars ----------------------------------------------------------------- */

static void bar(const char *what, bool at_least, double value, double limit,
                const char *unit) {
  bool ok = at_least ? value >= limit : value <= limit;
  printf("  %-52s %8.2f %-4s bar %s %6.2f  %s\n", what, value, unit,
         at_least ? ">=" : "<=", limit, ok ? "ok" : "MISSED");
}

/* A line for each length from `from` on. */
static void share_bars(const char *set, const double shares[LENGTHS],
                       size_t from, size_t to, double limit) {
  char what[64];
  for (int i = 0; i < LENGTHS; i++)
    if (lengths[i] >= from && lengths[i] <= to) {
      snprintf(what, sizeof what, "%s encoder, share of its peak, %zu tokens",
               set, lengths[i]);
      bar(what, true, shares[i], limit, "%");
    }
}

static void get_shares(const Bench *b, double shares[LENGTHS]) {
  for (int i = 0; i < LENGTHS; i++)
    shares[i] = 100 * samples_median(&b->rows[i].share);
}

static double least_ahead(const Bench *b) {
  double low = 1e9;
  for (int i = 0; i < LENGTHS; i++)
    for (int t = 0; t < (int)b->threads; t++) {
      const Row *row = &b->rows[i];
      double encoder = ahead(&row->encoder[1][t], &row->encoder[0][t]);
      double answer = ahead(&row->answer[1][t], &row->answer[0][t]);
      low = encoder < low ? encoder : low;
      low = is_asked(row) && answer < low ? answer : low;
    }
  return low;
}

/* Few tokens cost reading the weights, and their own arithmetic at 85 % of the
 * peak; and fewer cost less. */
static void few_bars(const Bench *b) {
  const Row *row = &b->rows[2];
  double time = samples_least(&row->encoder[0][0]);
  double least = samples_least(&row->reading) +
                 flops(base_size, row) / (0.85 * samples_most(&row->peak));
  bar("8 tokens of reading and arithmetic", false, time / least, 1.05, "x");
  for (int i = 0; i < 2; i++)
    bar(i ? "4 tokens against 8" : "2 tokens against 8", false,
        samples_least(&b->rows[i].encoder[0][0]) / time, 1.0, "x");
}

static void show_bars(const Bench *b, const Start *s) {
  double shares[LENGTHS];
  printf("\nBars\n");
  get_shares(b, shares);
  if (!strcmp(b->set, "avx512")) {
    share_bars("AVX-512", shares, 16, 16, 70);
    share_bars("AVX-512", shares, 32, 32, 88);
    share_bars("AVX-512", shares, 64, 512, 92);
  }
  if (peak_fma("avx2") > 0) {
    setenv("DISTILBERT_KERNELS", "avx2", 1);
    run_child(b, "shares", shares, LENGTHS);
    share_bars("AVX2", shares, 64, 512, 85);
  }
  if (samples_most(&b->rows[0].peak) > 0)
    few_bars(b);
  const Row *row = &b->rows[6];
  if (b->threads > 1)
    bar("two threads against one at 128 tokens", true,
        ahead(&row->encoder[0][0], &row->encoder[0][1]), 1.85, "x");
  if (b->has_blas)
    bar("ahead of BLAS, the least of all lengths", true, least_ahead(b), 1.0,
        "x");
  bar("first answer of a new process, built-in model", false,
      1e3 * samples_least(&s->cold), 100, "ms");
  bar("memory of a process besides the weights", false, s->memory, 32, "MiB");
}

/* --- The program ---------------------------------------------------------- */

static void child_shares(Bench *b) {
  double shares[LENGTHS], end = wall_now() + b->seconds;
  do {
    for (int i = 0; i < LENGTHS; i++)
      sample_share(b, &b->rows[i]);
  } while (wall_now() < end);
  get_shares(b, shares);
  for (int i = 0; i < LENGTHS; i++)
    printf("%f\n", shares[i]);
}

static void prepare(Bench *b) {
  Error err;
  b->set = kernels_pick(NULL)->name;
  /* An OpenBLAS older than the processor takes it for one without AVX-512. */
  if (!strcmp(b->set, "avx512"))
    setenv("OPENBLAS_CORETYPE", "SkylakeX", 0);
  b->has_blas = blas_open(&err) == OK;
  b->threads = cpu_available() > 1 ? 2 : 1;
  set(SETTING_CACHE_ENTRIES, "0"); /* texts come again */
  b->db = open_database(b->folder);
  if (registry_use("bench", TASK_ANSWER, NULL, &b->entry, &b->model, &err))
    die("%s", err.message);
  for (size_t i = 0; i < LONGEST; i++)
    b->tokens[i] = (Token){.id = (int32_t)(5 + 7919 * i % 30517)};
  for (int i = 0; i < LENGTHS; i++)
    b->rows[i] = (Row){.texts = 1, .tokens = lengths[i]};
  for (int i = 0; i < BATCHES; i++)
    b->batch[i] = (Row){.texts = batches[i], .tokens = 32};
}

static void run_all(Bench *b) {
  Start start = {0};
  double peak = peak_fma(b->set);
  printf("kernels %s, FMA peak %.0f GFLOP/s a core, %zu CPUs\nblas    %s\n",
         b->set, 1e-9 * peak, cpu_available(),
         b->has_blas ? blas_name() : "none found");
  measure_start(b, &start);
  sample_all(b);
  for (int threads = 0; threads < (int)b->threads; threads++) {
    show_lengths(b, ENCODER, threads);
    show_lengths(b, ANSWER, threads);
    show_batches(b, threads);
  }
  show_small(b);
  show_start(&start);
  fflush(stdout);
  show_bars(b, &start);
}

static void finish(Bench *b) {
  registry_done(b->entry);
  sqlite3_close(b->db);
}

int main(int argc, char **argv) {
  static Bench b;
  if (argc < 3)
    die("bench FOLDER SECONDS");
  b.folder = argv[1];
  b.seconds = atof(argv[2]);
  const char *mode = argc > 3 ? argv[3] : "all";
  if (!strcmp(mode, "cold")) {
    child_cold();
  } else if (!strcmp(mode, "memory")) {
    child_memory(b.folder);
  } else if (!strcmp(mode, "shares")) {
    prepare(&b);
    child_shares(&b);
    finish(&b);
  } else if (checkpoint_write(b.folder, 6, 30522)) {
    prepare(&b);
    run_all(&b);
    finish(&b);
    checkpoint_remove(b.folder);
  }
  return 0;
}
