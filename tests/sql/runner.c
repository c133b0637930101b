/*
 * runner.c - runs one file of SQL with its expectations beside it.
 *
 *     runner [--load distilbert.so] [--oom | --io] [--points N] FILE
 *
 * The file is SQL with directives at the start of a line; tests/README.md
 * has the list.  SQL is collected until the next directive that ends a step
 * (.check, .glob, .error, .testcase, .open, end of file); then it is run and
 * its rows, or its error, are compared.
 *
 * --oom and --io run each step many times, inside a savepoint that is rolled
 * back, with the first, second, ... allocation (system call) failing, once
 * and from then on.  Allowed outcomes: the right answer, or an error of the
 * right kind.  After each failure the step must work on the same connection.
 * At the end nothing may be left allocated.  --points N spreads at most N
 * failures evenly over a step.
 *
 * Each step counts as one test, or each injected failure.
 */
#include "check.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sqlite3.h>
#include "distilbert.h"
#include "fault/fault.h"
#include "sql/count.h"

/* Not there where the runner can only --load. */
#pragma weak sqlite3_distilbert_init
#pragma weak sqlite3_distilbertsafe_init

enum { TIME_LIMIT = 900 }; /* seconds for a step; one that hangs must end */

typedef struct Text {
  char *data; /* 0 at the end; NULL while empty */
  size_t n;
} Text;

typedef struct Outcome {
  int rc;
  Text text; /* the rows, or the error's message */
} Outcome;

typedef enum Expect {
  EXPECT_OK,
  EXPECT_ROWS,
  EXPECT_GLOB,
  EXPECT_ERROR
} Expect;

/* One run over one file. */
typedef struct Runner {
  const char *path, *library; /* library NULL: linked in */
  FaultKind fault;
  long points; /* 0: all */
  bool faulting;
  bool over;
  FILE *file;
  char *text; /* owned: the line last read */
  size_t room;
  int line;
  char name[128];
  sqlite3 *db;
  int digits;     /* of reals; -1: as SQLite prints them */
  long long most; /* texts that the step may put through a model; -1: any */
  Text sql;
} Runner;

/* --- Text -----------------------------------------------------------------*/

static void text_add(Text *t, const char *data, size_t n) {
  t->data = realloc(t->data, t->n + n + 1);
  if (!t->data)
    abort();
  memcpy(t->data + t->n, data, n);
  t->n += n;
  t->data[t->n] = 0;
}

static void text_say(Text *t, const char *text) {
  text_add(t, text, strlen(text));
}

static void text_clear(Text *t) {
  free(t->data);
  *t = (Text){0};
}

static const char *text_of(const Text *t) {
  return t->data ? t->data : "";
}

/* --- Connections ----------------------------------------------------------*/

static void die(const Runner *r, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  printf("%s:%d: ", r->path, r->line);
  vprintf(fmt, args);
  va_end(args);
  printf("\n%ld passed, %ld failed\n", check_passed, check_failed + 1);
  exit(1);
}

/* typed(value, n): the value with subtype n, as other extensions make it. */
static void fn_typed(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
  (void)argc;
  sqlite3_result_value(ctx, argv[0]);
  sqlite3_result_subtype(ctx, (unsigned)sqlite3_value_int(argv[1]));
}

enum { TYPED = SQLITE_UTF8 | SQLITE_DETERMINISTIC | 0x1000000 };

static void load(Runner *r, bool safe) {
  char *message = NULL;
  int rc;
  sqlite3_create_function(r->db, "typed", 2, TYPED, NULL, fn_typed, NULL, NULL);
  if (r->library) {
    sqlite3_db_config(r->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL);
    rc = sqlite3_load_extension(r->db, r->library,
                                safe ? "sqlite3_distilbertsafe_init" : NULL,
                                &message);
  } else {
    rc = (safe ? sqlite3_distilbertsafe_init
               : sqlite3_distilbert_init)(r->db, &message, NULL);
  }
  if (rc != SQLITE_OK)
    die(r, "cannot load the extension: %s", message ? message : "?");
}

static void disconnect(Runner *r) {
  if (sqlite3_close(r->db) != SQLITE_OK)
    die(r, "cannot close: %s", sqlite3_errmsg(r->db));
  r->db = NULL;
}

/* .open [safe] [utf16] [FILE] */
static void connect_as(Runner *r, const char *options) {
  char path[256] = ":memory:", word[256];
  bool safe = false, wide = false;
  int used = 0;
  for (; sscanf(options, "%255s%n", word, &used) == 1; options += used) {
    if (strcmp(word, "safe") == 0)
      safe = true;
    else if (strcmp(word, "utf16") == 0)
      wide = true;
    else
      snprintf(path, sizeof path, "%s", word);
  }
  disconnect(r);
  if (sqlite3_open(path, &r->db) != SQLITE_OK)
    die(r, "cannot open %s", path);
  if (wide)
    sqlite3_exec(r->db, "PRAGMA encoding = 'UTF-16'", NULL, NULL, NULL);
  load(r, safe);
}

/* --- Running SQL ----------------------------------------------------------*/

static void add_blob(Text *out, sqlite3_stmt *stmt, int column) {
  const unsigned char *data = sqlite3_column_blob(stmt, column);
  int n = sqlite3_column_bytes(stmt, column);
  char hex[4];
  text_say(out, "x'");
  for (int i = 0; i < n; i++) {
    snprintf(hex, sizeof hex, "%02x", data[i]);
    text_say(out, hex);
  }
  text_say(out, "'");
}

/* False when memory ran out while the value was converted. */
static bool add_value(const Runner *r, Text *out, sqlite3_stmt *stmt, int c) {
  char number[400];
  int type = sqlite3_column_type(stmt, c);
  if (type == SQLITE_NULL) {
    text_say(out, "NULL");
  } else if (type == SQLITE_BLOB) {
    add_blob(out, stmt, c);
  } else if (type == SQLITE_FLOAT && r->digits >= 0) {
    snprintf(number, sizeof number, "%.*f", r->digits,
             sqlite3_column_double(stmt, c));
    text_say(out, number);
  } else {
    const char *text = (const char *)sqlite3_column_text(stmt, c);
    if (!text)
      return false;
    text_add(out, text, (size_t)sqlite3_column_bytes(stmt, c));
  }
  return true;
}

static int add_row(const Runner *r, Text *out, sqlite3_stmt *stmt) {
  if (out->n > 0)
    text_say(out, "\n");
  for (int c = 0; c < sqlite3_column_count(stmt); c++) {
    if (c > 0)
      text_say(out, "|");
    if (!add_value(r, out, stmt, c))
      return SQLITE_NOMEM;
  }
  return SQLITE_OK;
}

static int run_statement(const Runner *r, sqlite3_stmt *stmt, Text *out) {
  int rc;
  while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
    if (add_row(r, out, stmt) != SQLITE_OK)
      return SQLITE_NOMEM;
  return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static Outcome run_sql(const Runner *r) {
  Outcome o = {0};
  alarm(TIME_LIMIT);
  for (const char *sql = text_of(&r->sql); *sql && o.rc == SQLITE_OK;) {
    sqlite3_stmt *stmt = NULL;
    o.rc = sqlite3_prepare_v2(r->db, sql, -1, &stmt, &sql);
    if (o.rc == SQLITE_OK && !stmt)
      continue; /* a comment, or blanks */
    if (o.rc == SQLITE_OK)
      o.rc = run_statement(r, stmt, &o.text);
    if (o.rc != SQLITE_OK) {
      text_clear(&o.text);
      text_say(&o.text, sqlite3_errmsg(r->db));
    }
    sqlite3_finalize(stmt);
  }
  return o;
}

/* --- Judging --------------------------------------------------------------*/

static bool is_expected(const Outcome *o, Expect expect, const char *text) {
  const char *got = text_of(&o->text);
  if (expect == EXPECT_ERROR)
    return o->rc != SQLITE_OK && sqlite3_strglob(text, got) == 0;
  if (o->rc != SQLITE_OK)
    return false;
  return expect == EXPECT_OK ||
         (expect == EXPECT_ROWS ? strcmp(text, got) == 0
                                : sqlite3_strglob(text, got) == 0);
}

/* An error that an injected failure may lead to. Of an error that was due,
 * SQLite may lose the sentence when there is no memory for it. */
static bool is_honest(const Runner *r, const Outcome *o, Expect expect) {
  int code = o->rc & 0xff;
  if (r->fault == FAULT_MEMORY)
    return code == SQLITE_NOMEM || o->rc == SQLITE_IOERR_NOMEM ||
           (expect == EXPECT_ERROR && o->rc == SQLITE_ERROR &&
            !strcmp(text_of(&o->text), sqlite3_errstr(SQLITE_ERROR)));
  return (code == SQLITE_ERROR || code == SQLITE_NOMEM ||
          code == SQLITE_IOERR || code == SQLITE_CANTOPEN) &&
         o->text.n > 0;
}

/* Where two texts part: its line, as a number from 1. */
static int first_difference(const char **a, const char **b) {
  int line = 1;
  for (;;) {
    size_t n = strcspn(*a, "\n"), m = strcspn(*b, "\n");
    if (n != m || memcmp(*a, *b, n) != 0 || !(*a)[n] || !(*b)[m])
      return line;
    *a += n + 1;
    *b += m + 1;
    line++;
  }
}

static void report(Runner *r, const Outcome *o, const char *expected,
                   const char *when) {
  const char *got = text_of(&o->text), *want = expected ? expected : "";
  int line = first_difference(&got, &want);
  if (check_failed++ >= 20)
    return;
  printf("%s:%d: %s%s: line %d is \"%.*s\"%s, expected \"%.*s\"\n", r->path,
         r->line, r->name, when, line, (int)strcspn(got, "\n"), got,
         o->rc ? " (an error)" : "", (int)strcspn(want, "\n"), want);
}

/* --- Injected failures ----------------------------------------------------*/

static void control(Runner *r, const char *sql) {
  char *message = NULL;
  if (sqlite3_exec(r->db, sql, NULL, NULL, &message) != SQLITE_OK)
    die(r, "%s: %s: %s", r->name, sql, message ? message : "?");
}

static void undo(Runner *r) {
  if (!sqlite3_get_autocommit(r->db)) /* SQLite may have done it by itself */
    control(r, "ROLLBACK TO fault; RELEASE fault");
}

/* Runs the step with its nth allocation or call failing; true when there was
 * an nth. The step has no lasting effect. */
static bool inject(Runner *r, long nth, bool forever, Expect expect,
                   const char *text) {
  char when[64];
  snprintf(when, sizeof when, ", failure %ld%s", nth, forever ? " on" : "");
  control(r, "SAVEPOINT fault");
  fault_arm(r->fault, nth, forever);
  Outcome o = run_sql(r);
  bool failed = fault_disarm();
  if (failed && (is_expected(&o, expect, text) || is_honest(r, &o, expect)))
    check_passed++;
  else if (failed)
    report(r, &o, text, when);
  undo(r);
  text_clear(&o.text);
  return failed;
}

/* The step without a failure and without an effect: still right? */
static void recheck(Runner *r, Expect expect, const char *text) {
  control(r, "SAVEPOINT fault");
  Outcome o = run_sql(r);
  if (!is_expected(&o, expect, text))
    report(r, &o, text, ", after a failure");
  undo(r);
  text_clear(&o.text);
}

/* How many allocations or calls the step makes; 0 when it is wrong anyway. */
static long count_points(Runner *r, Expect expect, const char *text) {
  control(r, "SAVEPOINT fault");
  fault_arm(r->fault, 0, false);
  Outcome o = run_sql(r);
  fault_disarm();
  long n = is_expected(&o, expect, text) ? fault_seen() : 0;
  undo(r);
  text_clear(&o.text);
  return n;
}

static void sweep(Runner *r, Expect expect, const char *text) {
  long n = count_points(r, expect, text);
  long stride = r->points && n > r->points ? n / r->points : 1;
  for (int forever = 0; forever < 2; forever++)
    for (long nth = 1; n > 0 && inject(r, nth, forever, expect, text);
         nth += stride)
      recheck(r, expect, text);
}

/* --- Steps ----------------------------------------------------------------*/

static bool is_blank(const char *text) {
  return text[strspn(text, " \t\r\n")] == 0;
}

/* Runs the step as run_sql does, and fails where it needs too much. */
static Outcome run_counted(Runner *r) {
  if (r->most < 0 || r->fault != FAULT_NONE)
    return run_sql(r);
  count_cold(r->db);
  long long before = count_inferences(r->db);
  Outcome o = run_sql(r);
  long long n = count_inferences(r->db) - before;
  CHECK(before >= 0 && n <= r->most, "%s:%d: %s: %lld inferences where %lld do",
        r->path, r->line, r->name, n, r->most);
  return o;
}

/* Runs what was collected. With nothing to compare it must only succeed. */
static void end_step(Runner *r, Expect expect, const char *text) {
  if (expect == EXPECT_OK && is_blank(text_of(&r->sql))) {
    text_clear(&r->sql);
    return;
  }
  if (r->fault != FAULT_NONE && r->faulting)
    sweep(r, expect, text);
  Outcome o = run_counted(r);
  if (!is_expected(&o, expect, text))
    report(r, &o, text, "");
  else
    check_passed += expect != EXPECT_OK && r->fault == FAULT_NONE;
  r->most = -1;
  text_clear(&o.text);
  text_clear(&r->sql);
}

static char *next_line(Runner *r) {
  ssize_t n = getline(&r->text, &r->room, r->file);
  if (n < 0)
    return NULL;
  char *line = r->text;
  r->line++;
  while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
    line[--n] = 0;
  return line;
}

/* What follows .check: 'text', text, <<END and lines, or nothing. */
static Text expected_text(Runner *r, const char *rest) {
  Text text = {0};
  size_t n = strlen(rest);
  if (strncmp(rest, "<<", 2) == 0) {
    char end[64];
    snprintf(end, sizeof end, "%s", rest + 2);
    char *line;
    while ((line = next_line(r)) && strcmp(line, end) != 0) {
      if (text.data)
        text_say(&text, "\n");
      text_say(&text, line);
    }
    if (!line)
      die(r, "no %s", end);
  } else if (n >= 2 && rest[0] == '\'' && rest[n - 1] == '\'') {
    text_add(&text, rest + 1, n - 2);
  } else {
    text_say(&text, rest);
  }
  return text;
}

static void compare(Runner *r, Expect expect, const char *rest) {
  Text text = expected_text(r, rest);
  end_step(r, expect, text_of(&text));
  text_clear(&text);
}

/* .require EXPRESSION: false, NULL or an error skips the rest of the file. */
static bool is_met(Runner *r, const char *expression) {
  text_say(&r->sql, "SELECT CASE WHEN (");
  text_say(&r->sql, expression);
  text_say(&r->sql, ") THEN 1 END");
  Outcome o = run_sql(r);
  bool met = o.rc == SQLITE_OK && strcmp(text_of(&o.text), "1") == 0;
  if (!met)
    SKIP("%s:%d: needs %s", r->path, r->line, expression);
  text_clear(&o.text);
  text_clear(&r->sql);
  return met;
}

/* .limit length 1000 */
static void do_limit(Runner *r, const char *rest) {
  static const struct {
    const char *name;
    int id;
  } limits[] = {{"length", SQLITE_LIMIT_LENGTH},
                {"sql_length", SQLITE_LIMIT_SQL_LENGTH},
                {"function_arg", SQLITE_LIMIT_FUNCTION_ARG},
                {"column", SQLITE_LIMIT_COLUMN}};
  char name[32];
  int value;
  if (sscanf(rest, "%31s %d", name, &value) == 2)
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
      if (strcmp(name, limits[i].name) == 0) {
        sqlite3_limit(r->db, limits[i].id, value);
        return;
      }
  die(r, "no such limit: %s", rest);
}

/* --- Directives -----------------------------------------------------------*/

static void do_testcase(Runner *r, const char *rest) {
  end_step(r, EXPECT_OK, NULL);
  snprintf(r->name, sizeof r->name, "%s", rest);
}

static void do_check(Runner *r, const char *rest) {
  compare(r, EXPECT_ROWS, rest);
}

static void do_glob(Runner *r, const char *rest) {
  compare(r, EXPECT_GLOB, rest);
}

static void do_error(Runner *r, const char *rest) {
  compare(r, EXPECT_ERROR, rest);
}

static void do_open(Runner *r, const char *rest) {
  end_step(r, EXPECT_OK, NULL);
  connect_as(r, rest);
}

static void do_float(Runner *r, const char *rest) {
  r->digits = isdigit((unsigned char)*rest) ? atoi(rest) : -1;
}

/* .inferences 3: of the step that it stands in. */
static void do_inferences(Runner *r, const char *rest) {
  if (!isdigit((unsigned char)*rest))
    die(r, "no number: %s", rest);
  r->most = atoll(rest);
}

static void do_fault(Runner *r, const char *rest) {
  end_step(r, EXPECT_OK, NULL);
  r->faulting = strcmp(rest, "off") != 0;
}

static void do_require(Runner *r, const char *rest) {
  end_step(r, EXPECT_OK, NULL);
  r->over = !is_met(r, rest);
}

static void directive(Runner *r, const char *line) {
  static const struct {
    const char *name;
    void (*run)(Runner *r, const char *rest);
  } directives[] = {{".testcase", do_testcase}, {".check", do_check},
                    {".glob", do_glob},         {".error", do_error},
                    {".open", do_open},         {".float", do_float},
                    {".fault", do_fault},       {".limit", do_limit},
                    {".require", do_require},   {".inferences", do_inferences}};
  size_t n = strcspn(line, " \t");
  const char *rest = line + n + strspn(line + n, " \t");
  for (size_t i = 0; i < sizeof directives / sizeof *directives; i++)
    if (strlen(directives[i].name) == n &&
        memcmp(directives[i].name, line, n) == 0) {
      directives[i].run(r, rest);
      return;
    }
  die(r, "unknown directive: %s", line);
}

static void run_file(Runner *r) {
  char *line;
  while (!r->over && (line = next_line(r))) {
    if (line[0] == '.') {
      char *copy = strdup(line); /* directives read on */
      directive(r, copy);
      free(copy);
    } else {
      text_say(&r->sql, line);
      text_say(&r->sql, "\n");
    }
  }
  end_step(r, EXPECT_OK, NULL);
}

/* --- Program --------------------------------------------------------------*/

static void read_options(Runner *r, int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    bool more = i + 1 < argc;
    if (strcmp(argv[i], "--oom") == 0)
      r->fault = FAULT_MEMORY;
    else if (strcmp(argv[i], "--io") == 0)
      r->fault = FAULT_SYSTEM;
    else if (strcmp(argv[i], "--load") == 0 && more)
      r->library = argv[++i];
    else if (strcmp(argv[i], "--points") == 0 && more)
      r->points = atol(argv[++i]);
    else
      r->path = argv[i];
  }
}

/* What the first connection and the first model allocate for good. */
static void warm_up(Runner *r) {
  connect_as(r, "");
  sqlite3_exec(r->db, "SELECT distilbert_token_count('a')", NULL, NULL, NULL);
  disconnect(r);
}

int main(int argc, char **argv) {
  Runner r = {.digits = -1, .most = -1, .faulting = true};
  setvbuf(stdout, NULL, _IOLBF, 0);
  read_options(&r, argc, argv);
  r.file = r.path ? fopen(r.path, "r") : NULL;
  if (!r.file)
    die(&r, "cannot open");
  /* A result that is kept would stand for the work that is to fail. */
  if (r.fault != FAULT_NONE)
    setenv("DISTILBERT_CACHE_ENTRIES", "0", 1);
  fault_install();
  warm_up(&r);
  long blocks = fault_blocks();
  connect_as(&r, "");
  run_file(&r);
  disconnect(&r);
  CHECK(fault_blocks() == blocks, "%s: %ld blocks left", r.path,
        fault_blocks() - blocks);
  free(r.text);
  fclose(r.file);
  return check_done();
}
