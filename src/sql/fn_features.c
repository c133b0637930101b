/*
 * fn_features.c - what a model makes of every token.
 *
 *     SELECT position, id, token, start, "end", vector
 *       FROM distilbert_features('Some text' [, pair [, model]]);
 *     SELECT position, id, token, start, "end", start_logit, end_logit
 *       FROM distilbert_span_logits('who?', 'Bob is.' [, model]);
 *     ... WHERE text IN (SELECT body FROM docs)
 *
 * In:  a text or a pair, or a list of them.
 * Out: a row a token, special ones included, with its last hidden state or the
 *      logits of the question-answering head; task/features.c finds them.
 *
 * `sequence` is hidden, so that * leaves it out: 0 for tokens of the text or
 * question, 1 for those of the pair or context, NULL for those of the template.
 * A vector is a BLOB as distilbert_embed gives it.
 *
 * Texts go through the model one by one, each when its first row is asked for,
 * and stay as long as their rows: LIMIT saves work.  The cache is left out, as
 * it keeps small results alone.
 *
 * Agrees with the feature-extraction pipeline and with the example on the cards
 * of question-answering models: nothing is cut.  As there, an empty pair or
 * context is none.
 */
#include "base/size.h"
#include "sql/feature.h"
#include "sql/params.h"
#include "sql/token_columns.h"
#include "sql/vector.h"
#include "task/features.h"
SQLITE_EXTENSION_INIT3

/* Both tables have theirs in this order. */
enum { FIRST, SECOND, MODEL, SEQUENCE, N_PARAMS };

enum {
  COLUMN_VECTOR = N_TOKEN_COLUMNS,
  N_FEATURE_COLUMNS,
  COLUMN_START_LOGIT = N_TOKEN_COLUMNS,
  COLUMN_END_LOGIT,
  N_SPAN_COLUMNS
};

static const TableParam feature_params[N_PARAMS] = {
    [FIRST] = {"text", PARAM_TEXTS, 0, 0},
    [SECOND] = {"pair", PARAM_MAYBE, 0, 0},
    [MODEL] = {"model", PARAM_NAME, 0, 0},
    [SEQUENCE] = {"sequence", PARAM_SHOWN, 0, 0},
};

static const TableParam span_params[N_PARAMS] = {
    [FIRST] = {"question", PARAM_TEXTS, 0, 0},
    [SECOND] = {"context", PARAM_TEXTS, 0, 0},
    [MODEL] = {"model", PARAM_NAME, 0, 0},
    [SEQUENCE] = {"sequence", PARAM_SHOWN, 0, 0},
};

/* Input number i is first text i / seconds with second text i % seconds. */
typedef struct InputRows {
  FeatureRows features; /* of the current input */
  size_t n_seconds;     /* 1 at least: it may be left out */
  size_t n_inputs, n_read;
  size_t at; /* the current row */
} InputRows;

/* --- Inputs --------------------------------------------------------------- */

static int begin(Scan *scan, Task task, Error *err) {
  InputRows *rows = scan->state;
  size_t n = scan->params[SECOND].n;
  rows->n_seconds = n ? n : 1;
  if (!size_mul(scan->params[FIRST].n, rows->n_seconds, &rows->n_inputs))
    return fail_memory(err);
  return call_use(&scan->call, param_option(scan, MODEL), task, err);
}

static int begin_features(Scan *scan, Error *err) {
  return begin(scan, TASK_EMBED, err);
}

static int begin_spans(Scan *scan, Error *err) {
  return begin(scan, TASK_ANSWER, err);
}

/* Reads the next input, whose first row becomes the current one. */
static int read_input(Scan *scan, Error *err) {
  InputRows *rows = scan->state;
  Call *call = &scan->call;
  size_t i = rows->n_read++;
  scan->params[FIRST].at = i / rows->n_seconds;
  scan->params[SECOND].at = i % rows->n_seconds;
  EncodeText first = param_text(scan, FIRST, i / rows->n_seconds);
  EncodeText second = param_text(scan, SECOND, i % rows->n_seconds);
  rows->at = 0;
  int rc = features_read(call->model, &call->run, first, second,
                         &rows->features, err);
  if (rc == OK)
    call_count(call, 1);
  return rc;
}

/* --- Rows ----------------------------------------------------------------- */

/* Goes to the next row; *is_new: it is the first of an input that was read. */
static int step(Scan *scan, bool *is_new, Error *err) {
  InputRows *rows = scan->state;
  *is_new = false;
  if (rows->n_read && ++rows->at < rows->features.tokens.n)
    return OK;
  scan->done = rows->n_read == rows->n_inputs;
  *is_new = !scan->done;
  return scan->done ? OK : read_input(scan, err);
}

static int next_feature(Scan *scan, Error *err) {
  InputRows *rows = scan->state;
  FeatureRows *f = &rows->features;
  bool is_new;
  int rc = step(scan, &is_new, err);
  if (rc || !is_new)
    return rc;
  rc = features_hidden(scan->call.model, &scan->call.run, f, err);
  if (rc == OK)
    vector_reorder(f->rows, f->tokens.n * f->width);
  return rc;
}

static int next_span(Scan *scan, Error *err) {
  InputRows *rows = scan->state;
  bool is_new;
  Error own;
  int rc = step(scan, &is_new, &own);
  if (rc)
    return fail(err, rc, "%s%s", own.message,
                rc == ERR_RANGE ? "; distilbert_answers reads long contexts"
                                : "");
  return is_new ? features_logits(scan->call.model, &scan->call.run,
                                  TASK_ANSWER, &rows->features, err)
                : OK;
}

/* A column of every token; false: it is one of the table's own. */
static bool show_token(const Scan *scan, sqlite3_context *ctx, int i,
                       int n_columns) {
  const InputRows *rows = scan->state;
  const Token *token = &rows->features.tokens.tokens[rows->at];
  if (i == n_columns + SEQUENCE && token->sequence >= 0)
    sqlite3_result_int(ctx, token->sequence);
  if (i < N_TOKEN_COLUMNS)
    token_column(ctx, i, scan->call.model->tokenizer, rows->at, token);
  return i < N_TOKEN_COLUMNS || i == n_columns + SEQUENCE;
}

static void feature_column(Scan *scan, sqlite3_context *ctx, int i) {
  const InputRows *rows = scan->state;
  const FeatureRows *f = &rows->features;
  if (show_token(scan, ctx, i, N_FEATURE_COLUMNS))
    return;
  sqlite3_result_blob64(ctx, f->rows + rows->at * f->width,
                        f->width * sizeof *f->rows, SQLITE_TRANSIENT);
  sqlite3_result_subtype(ctx, SUBTYPE_FLOAT32);
}

static void span_column(Scan *scan, sqlite3_context *ctx, int i) {
  const InputRows *rows = scan->state;
  const FeatureRows *f = &rows->features;
  if (!show_token(scan, ctx, i, N_SPAN_COLUMNS))
    sqlite3_result_double(
        ctx, (double)f->rows[rows->at * f->width + (i == COLUMN_END_LOGIT)]);
}

static void end(Scan *scan) {
  InputRows *rows = scan->state;
  features_clear(&rows->features);
}

static const TableKind feature_table = {
    .name = "distilbert_features",
    .columns = TOKEN_COLUMNS ", vector BLOB",
    .n_columns = N_FEATURE_COLUMNS,
    .params = feature_params,
    .n_params = N_PARAMS,
    .state_bytes = sizeof(InputRows),
    .begin = begin_features,
    .next = next_feature,
    .column = feature_column,
    .end = end,
};

static const TableKind span_table = {
    .name = "distilbert_span_logits",
    .columns = TOKEN_COLUMNS ", start_logit REAL, end_logit REAL",
    .n_columns = N_SPAN_COLUMNS,
    .params = span_params,
    .n_params = N_PARAMS,
    .state_bytes = sizeof(InputRows),
    .begin = begin_spans,
    .next = next_span,
    .column = span_column,
    .end = end,
};

static const FeatureTable tables[] = {{&feature_table, SAFE_ALWAYS},
                                      {&span_table, SAFE_ALWAYS}};

const Feature features_feature = {NULL, 0, FEATURE_ROWS(tables)};
