/*
 * fn_progress.c - how far the long statements of this process are.
 *
 *     SELECT function, done, known, rate FROM distilbert_progress;
 *
 * Out: a row for each scan of a table over a query (fn_each.c) that runs now,
 *      in any connection of the process: rows done, rows known (NULL unless the
 *      setting `progress` had them counted), rows a second, seconds since it
 *      began, and seconds left (NULL: unknown).
 *
 * For programs that draw their own; ask from another connection, as the one
 * that runs is busy.
 */
#include "sql/feature.h"
#include "store/progress.h"
SQLITE_EXTENSION_INIT3

enum { ID, FUNCTION, DONE, KNOWN, RATE, ELAPSED, LEFT, N_COLUMNS };

static int begin(Scan *scan, Error *err) {
  (void)scan, (void)err;
  return OK;
}

/* The state is zero before the first row; ids are from 1 on. */
static int next(Scan *scan, Error *err) {
  ProgressState *state = scan->state;
  (void)err;
  scan->done = !progress_find(state->id + 1, state);
  return OK;
}

static void column(Scan *scan, sqlite3_context *ctx, int i) {
  const ProgressState *state = scan->state;
  double left = progress_left(state);
  switch (i) {
  case ID:
    sqlite3_result_int64(ctx, (sqlite3_int64)state->id);
    break;
  case FUNCTION:
    sqlite3_result_text(ctx, state->function, -1, SQLITE_TRANSIENT);
    break;
  case DONE:
    sqlite3_result_int64(ctx, (sqlite3_int64)state->done);
    break;
  case KNOWN:
    if (state->known)
      sqlite3_result_int64(ctx, (sqlite3_int64)state->known);
    break;
  case RATE:
    sqlite3_result_double(ctx, progress_rate(state));
    break;
  case ELAPSED:
    sqlite3_result_double(ctx, state->seconds);
    break;
  case LEFT:
    if (left >= 0)
      sqlite3_result_double(ctx, left);
    break;
  }
}

static void end(Scan *scan) {
  (void)scan;
}

static const TableKind progress_table = {
    .name = "distilbert_progress",
    .columns = "id INTEGER, function TEXT, done INTEGER, known INTEGER, "
               "rate REAL, seconds REAL, remaining REAL",
    .n_columns = N_COLUMNS,
    .state_bytes = sizeof(ProgressState),
    .begin = begin,
    .next = next,
    .column = column,
    .end = end,
};

static const FeatureTable tables[] = {{&progress_table, SAFE_ALWAYS}};

const Feature progress_feature = {NULL, 0, FEATURE_ROWS(tables)};
