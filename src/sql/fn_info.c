/*
 * fn_info.c - what this library is and what it runs on.
 *
 *     SELECT distilbert_version();
 *     SELECT distilbert_debug();
 *     SELECT distilbert_fingerprint([model]);
 *
 * Out: the version; a text of several lines "key: value" for bug reports;
 *      64 hex digits that stand for weights, tokenizer, settings and
 *      numerics of a model: store them beside what was computed with it.
 *
 * A fingerprint reads the model's files, so it costs about what loading does.
 * distilbert_debug() loads nothing and starts nothing.  Its text is for
 * people: lines may come and go between versions.
 */
#include <string.h>
#include "base/pool.h"
#include "sql/call.h"
#include "sql/feature.h"
#include "sql/version.h"
#include "store/settings.h"
#include "tensor/blas.h"
#include "tensor/kernels.h"
SQLITE_EXTENSION_INIT3

static void fn_version(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
  (void)argc, (void)argv;
  sqlite3_result_text(ctx, DISTILBERT_VERSION, -1, SQLITE_STATIC);
}

static void fn_fingerprint(sqlite3_context *ctx, int argc,
                           sqlite3_value **argv) {
  Call call;
  Error err;
  const char *name;
  char text[65];
  call_begin_scalar(&call, "distilbert_fingerprint", ctx);
  int rc = value_name("model", argc > 0 ? argv[0] : NULL, &name, &err);
  rc = rc ? rc : registry_fingerprint(name, &call.run.poll, text, &err);
  call_end(&call);
  if (rc)
    call_fail(ctx, &call, rc, &err);
  else
    sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
}

/* --- distilbert_debug ----------------------------------------------------- */

static void add_build(sqlite3_str *s) {
  sqlite3_str_appendf(s, "version: %s\n", DISTILBERT_VERSION);
#ifdef SQLITE_CORE
  sqlite3_str_appendall(s, "build: static, ");
#else
  sqlite3_str_appendall(s, "build: loadable, ");
#endif
#ifdef __clang__
  sqlite3_str_appendf(s, "%s\n", __VERSION__);
#else
  sqlite3_str_appendf(s, "gcc %s\n", __VERSION__);
#endif
  sqlite3_str_appendf(s, "sqlite: built with %s, runs in %s\n", SQLITE_VERSION,
                      sqlite3_libversion());
}

/* "kernels: avx2 (avx512+vnni not usable, avx512 not usable, ... )" */
static void add_kernels(sqlite3_str *s) {
  bool refused;
  const Kernels *picked = kernels_pick(&refused);
  sqlite3_str_appendf(s, "kernels: %s%s%s (", picked->name,
                      *picked->dot ? "+" : "", picked->dot);
  for (int i = 0; kernels_all[i]; i++) {
    const Kernels *k = kernels_all[i];
    sqlite3_str_appendf(s, "%s%s%s%s%s", i ? ", " : "", k->name,
                        *k->dot ? "+" : "", k->dot,
                        k->usable() ? "" : " not usable");
  }
  sqlite3_str_appendf(s, ")%s\n",
                      refused ? "; DISTILBERT_KERNELS was refused" : "");
}

static void add_settings(sqlite3_str *s) {
  char engine[SETTING_TEXT_MAX];
  const char *blas = blas_name();
  setting_text(SETTING_ENGINE, engine);
  sqlite3_str_appendf(s, "engine: %s; blas: %s\n", engine,
                      blas ? blas : "not opened");
  sqlite3_str_appendf(s, "threads: %llu (CPUs available %llu, workers %llu)\n",
                      (unsigned long long)setting_number(SETTING_THREADS),
                      (unsigned long long)cpu_available(),
                      (unsigned long long)pool_workers());
}

/* "refused: DISTILBERT_THREADS, ..." of the environment */
static void add_refused(sqlite3_str *s) {
  const char *before = "refused: ";
  for (int i = 0; i < SETTING_COUNT; i++) {
    const char *variable = setting_refused((Setting)i);
    if (!variable)
      continue;
    sqlite3_str_appendf(s, "%s%s", before, variable);
    before = ", ";
  }
  if (*before == ',')
    sqlite3_str_appendall(s, " (not a valid value)\n");
}

static void add_connection(sqlite3_str *s, const Connection *c) {
  sqlite3_str_appendf(s, "inferences: %llu texts of this connection\n",
                      (unsigned long long)c->inferences);
  sqlite3_str_appendf(
      s,
      "cache: %llu results, %llu bytes, %llu hits, %llu "
      "misses\n",
      (unsigned long long)c->memo.n, (unsigned long long)c->memo.bytes,
      (unsigned long long)c->memo.hits, (unsigned long long)c->memo.misses);
}

static int add_models(sqlite3_str *s, Error *err) {
  ModelRows rows;
  int rc = registry_rows(&rows, err);
  if (rc)
    return rc;
  for (size_t i = 0; i < rows.n; i++) {
    const ModelRow *row = &rows.rows[i];
    sqlite3_str_appendf(
        s, "model: %s, %s, %llu bytes%s%s%s\n", row->name,
        row->path ? "registered" : "built in", (unsigned long long)row->bytes,
        row->loaded ? ", loaded" : "", *row->note ? "; " : "", row->note);
  }
  sqlite3_str_appendf(s, "weights: %llu bytes",
                      (unsigned long long)registry_bytes());
  registry_rows_clear(&rows);
  return OK;
}

static void fn_debug(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
  (void)argc, (void)argv;
  Call call;
  Error err;
  call_begin_scalar(&call, "distilbert_debug", ctx);
  sqlite3_str *s = sqlite3_str_new(call.watch.db);
  add_build(s);
  add_kernels(s);
  add_settings(s);
  add_refused(s);
  add_connection(s, call.connection);
  int rc = add_models(s, &err);
  char *text = sqlite3_str_finish(s);
  if (rc == OK && !text)
    rc = fail_memory(&err);
  if (rc == OK)
    sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
  else
    call_fail(ctx, &call, rc, &err);
  sqlite3_free(text);
}

static const Scalar scalars[] = {
    {"distilbert_fingerprint", 0, 1, VOLATILE, 0, fn_fingerprint, SAFE_ALWAYS},
    {"distilbert_version", 0, 0, VOLATILE, 0, fn_version, SAFE_ALWAYS},
    {"distilbert_debug", 0, 0, VOLATILE, 0, fn_debug, SAFE_ALWAYS},
};

const Feature info_feature = {FEATURE_ROWS(scalars), NULL, 0};
