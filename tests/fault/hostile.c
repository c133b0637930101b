/*
 * hostile.c - damaged model directories, in numbers.
 *
 *     hostile [CASES [FIRST]]        500 a checkpoint, from case 0
 *
 * Each case copies a small checkpoint, damages it (mutate.c; the number alone
 * decides how), registers it, asks it, and removes it, all on one connection.
 * What must hold:
 *
 *     - an error is SQLITE_ERROR with a sentence of at most 1 KiB in UTF-8
 *       that names the file, the tensor or the head at fault
 *     - an answer has scores from 0 to 1 within the text, and is the
 *       original's where the damage cannot have made another model
 *     - a second of computing a query at most; nothing left allocated or open
 *     - the undamaged checkpoint answers as before, on the same connection
 *
 * A crash or a hang prints the case, to be run again alone.
 */
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sqlite3.h>
#include "distilbert.h"
#include "fault/mutate.h"
#include "sanitizer.h"
#include "seconds.h"

enum { SLOW = UNDER_ASAN || UNDER_TSAN ? 20 : 1, HANGS = 60 * SLOW };

static const char *const checkpoints[] = {
    "distilbert-uncased-qa",      /* vocab.txt */
    "distilbert-cased-qa",        /* tokenizer.json */
    "distilbert-uncased-sharded", /* an index, two files of weights */
    "bert-uncased-minilm",        /* modules.json, no head */
    "roberta-qa",                 /* tokenizer.json with merges */
    "roberta-mlm",                /* vocab.json, merges.txt */
    "distilbert-uncased-seqcls",  /* labels of texts */
    "distilbert-uncased-tokcls",  /* labels of tokens */
};

/* One query a way through the loader; %s is the model. Queries that this
 * build, or the undamaged checkpoint, cannot answer must fail as well. */
static const char *const queries[] = {
    "SELECT start, end, answer, score FROM distilbert_answers("
    "'who wrote it and when?', 'it was written by ann lee in the year 1999, in"
    " a small house.') WHERE model = '%s' AND top_k = 3",
    "SELECT sum(start), sum(end), group_concat(id), 0.5 FROM distilbert_tokens("
    "'ann lee [MASK] wr\xc3\xb6te it, 1999!') WHERE model = '%s'",
    "SELECT 0, 0, hex(distilbert_embed('it was written by ann lee', '%s')),"
    " 0.5",
    "SELECT 0, 0, distilbert_fill('it was [MASK] by ann lee', '%s'), 0.5",
    "SELECT 0, 0, label, score FROM distilbert_classes('it was written by ann')"
    " WHERE model = '%s'",
    "SELECT start, \"end\", entity || word, score FROM distilbert_entities("
    "'ann lee wrote it') WHERE ignore = '' AND model = '%s'",
};
enum { QUERIES = sizeof queries / sizeof *queries };

typedef struct Outcome {
  int rc;
  bool sane; /* scores are probabilities */
  char text[8192];
} Outcome;

static sqlite3 *db;
static char scratch[] = "/tmp/distilbert-hostile.XXXXXX";
static char case_name[512];

/* --- When it goes wrong ---------------------------------------------------*/

static void on_signal(int signal) {
  (void)!write(1, case_name, strlen(case_name));
  (void)!write(1, signal == SIGALRM ? ": hangs\n" : ": crashes\n",
               signal == SIGALRM ? 8 : 10);
  _exit(1);
}

static void complain(const char *query, const char *what, const Outcome *o) {
  CHECK(false, "%s\n  %s\n  %s: %.300s", case_name, query, what, o->text);
}

/* --- Asking ---------------------------------------------------------------*/

static void add_row(Outcome *o, sqlite3_stmt *stmt) {
  size_t n = strlen(o->text);
  double score = sqlite3_column_double(stmt, 3);
  const char *text = (const char *)sqlite3_column_text(stmt, 2);
  o->sane &= score >= 0 && score <= 1;
  snprintf(o->text + n, sizeof o->text - n, "%d %d %s %.17g\n",
           sqlite3_column_int(stmt, 0), sqlite3_column_int(stmt, 1),
           text ? text : "NULL", score);
}

static void ask(const char *query, const char *model, Outcome *o) {
  char sql[1024];
  sqlite3_stmt *stmt = NULL;
  *o = (Outcome){.sane = true};
  snprintf(sql, sizeof sql, query, model);
  o->rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
  if (o->rc == SQLITE_OK)
    while ((o->rc = sqlite3_step(stmt)) == SQLITE_ROW)
      add_row(o, stmt);
  if (o->rc != SQLITE_DONE)
    snprintf(o->text, sizeof o->text, "%s", sqlite3_errmsg(db));
  sqlite3_finalize(stmt);
}

static bool change(const char *fmt, const char *a, const char *b) {
  char *sql = sqlite3_mprintf(fmt, a, b);
  bool good = sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
  sqlite3_free(sql);
  return good;
}

static bool add_model(const char *name, const char *path) {
  return change("INSERT INTO distilbert_models(name, path) VALUES (%Q, %Q)",
                name, path);
}

static void remove_model(const char *name) {
  change("DELETE FROM distilbert_models WHERE name = %Q", name, NULL);
}

/* --- Judging --------------------------------------------------------------*/

static bool is_utf8(const char *text) {
  const unsigned char *p = (const unsigned char *)text;
  while (*p) {
    int more = *p < 0x80   ? 0
               : *p < 0xc2 ? -1
               : *p < 0xe0 ? 1
               : *p < 0xf0 ? 2
               : *p < 0xf5 ? 3
                           : -1;
    if (more < 0 || (*p < 0x20 && *p != '\t'))
      return false;
    for (p++; more > 0; more--, p++)
      if ((*p & 0xc0) != 0x80)
        return false;
  }
  return true;
}

/* Does it say which file, tensor or head is at fault? */
static bool names_the_fault(const char *message) {
  static const char *const marks[] = {".json",      ".txt",   ".safetensors",
                                      "tensor",     " head",  "tokenizer",
                                      "vocabulary", "weights"};
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
    if (strstr(message, marks[i]))
      return true;
  return false;
}

static void judge_error(const char *query, const Outcome *o) {
  if (o->rc != SQLITE_ERROR)
    complain(query, "not an SQLITE_ERROR", o);
  else if (strlen(o->text) > 1024 || !is_utf8(o->text))
    complain(query, "long, or not UTF-8", o);
  else if (!names_the_fault(o->text))
    complain(query, "names no file", o);
  else
    check_passed++;
}

static void judge(const char *query, const Outcome *o, const Outcome *original,
                  Allowed allowed) {
  if (original->rc != SQLITE_DONE) /* no such function or head, damage or not */
    CHECK(o->rc != SQLITE_DONE, "%s: answers", case_name);
  else if (o->rc != SQLITE_DONE)
    judge_error(query, o);
  else if (allowed == ALLOW_ERROR)
    complain(query, "no error", o);
  else if (allowed == ALLOW_SAME && strcmp(o->text, original->text) != 0)
    complain(query, "another answer", o);
  else if (!o->sane)
    complain(query, "not a score", o);
  else
    check_passed++;
}

/* --- Cases ----------------------------------------------------------------*/

/* True when one of the originals' answers is there no more. */
static bool ask_all(const Outcome *originals, Allowed allowed) {
  Outcome o;
  bool refused = false;
  for (size_t i = 0; i < QUERIES; i++) {
    ask(queries[i], "bad", &o);
    judge(queries[i], &o, &originals[i], allowed);
    refused |= o.rc != originals[i].rc;
  }
  return refused;
}

static void run_case(const char *checkpoint, const Outcome *originals,
                     unsigned long number, long *refused) {
  char path[600], damage[128];
  Folder f;
  folder_read(&f, checkpoint);
  Allowed allowed = mutate(&f, number, damage);
  snprintf(case_name, sizeof case_name, "case %lu, %s: %s", number, checkpoint,
           damage);
  snprintf(path, sizeof path, "%s/%lu", scratch, number);
  if (!folder_write(&f, path))
    CHECK(false, "%s: cannot write", case_name);
  folder_clear(&f);
  alarm(HANGS);
  double start = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  if (add_model("bad", path))
    *refused += ask_all(originals, allowed);
  double took = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - start;
  CHECK(took < QUERIES * SLOW, "%s: took %.1f s", case_name, took);
  remove_model("bad");
  folder_remove(path);
}

static size_t open_files(void) {
  size_t n = 0;
  DIR *folder = opendir("/proc/self/fd");
  while (folder && readdir(folder))
    n++;
  if (folder)
    closedir(folder);
  return n;
}

/* The originals' answers; the first checkpoint stays as "good". */
static void ask_originals(const char *path, const char *name,
                          Outcome originals[QUERIES]) {
  CHECK(add_model(name, path), "%s: %s", path, sqlite3_errmsg(db));
  for (size_t i = 0; i < QUERIES; i++)
    ask(queries[i], name, &originals[i]);
}

static void run_checkpoint(const char *name, unsigned long first,
                           unsigned long n) {
  Outcome originals[QUERIES], again;
  char path[256];
  long refused = 0;
  snprintf(path, sizeof path, "tests/oracle/data/checkpoints/%s", name);
  ask_originals(path, "good", originals);
  CHECK(originals[1].rc == SQLITE_DONE, "%s: %s", name, originals[1].text);
  sqlite3_int64 memory = sqlite3_memory_used();
  size_t files = open_files();
  for (unsigned long i = first; i < first + n; i++) {
    run_case(path, originals, i, &refused);
    ask(queries[1], "good", &again);
    CHECK(strcmp(again.text, originals[1].text) == 0, "after %s: %s", case_name,
          again.text);
  }
  CHECK(sqlite3_memory_used() - memory < 4096, "%s: %lld bytes left", name,
        (long long)(sqlite3_memory_used() - memory));
  CHECK(open_files() == files, "%s: files left open", name);
  remove_model("good");
  printf("%s: %lu folders, %ld refused\n", name, n, refused);
}

int main(int argc, char **argv) {
  setenv("DISTILBERT_CACHE_ENTRIES", "0", 1); /* every answer is computed */
  unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 500;
  unsigned long first = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
  size_t kinds = sizeof checkpoints / sizeof *checkpoints;
  static const int signals[] = {SIGSEGV, SIGBUS,  SIGFPE,
                                SIGILL,  SIGABRT, SIGALRM};
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (size_t i = 0; !UNDER_ASAN && i < sizeof signals / sizeof *signals; i++)
    signal(signals[i], on_signal);
  if (!mkdtemp(scratch))
    return 1;
  sqlite3_open(":memory:", &db);
  sqlite3_distilbert_init(db, NULL, NULL);
  for (size_t i = 0; i < kinds; i++)
    run_checkpoint(checkpoints[i], first, n);
  CHECK(sqlite3_close(db) == SQLITE_OK, "the connection is busy");
  rmdir(scratch);
  return check_done();
}
