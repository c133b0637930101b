/*
 * fn_fill.c - masked words.
 *
 *     SELECT distilbert_fill('Paris is the [MASK] of France.' [, model]);
 *     SELECT score, token, token_str, sequence, mask
 *       FROM distilbert_fill_mask('Paris is the [MASK] of France.', 5
 *                                 [, targets [, model]]);
 *     SELECT target, score FROM distilbert_fill_mask
 *      WHERE text = 'Paris is the [MASK] of France.'
 *        AND targets = '["capital", "heart"]' AND model = 'mlm';
 *
 * In:  a text with mask tokens; how many tokens a mask, among which.
 * Out: rows for each mask of each text, best first; task/fill.c finds them.
 *
 * `mask` counts a text's masks from 0.  `sequence` is the text with this mask
 * filled; the scalar fills them all.  `target` is hidden, so that * leaves it
 * out: the target that a row's token stands for.  Texts are decoded when a
 * query asks for them, and rows are ranked a mask at a time, so LIMIT saves
 * work.  `text IN (...)` goes through the model in full batches.
 */
#include "base/memory.h"
#include "sql/feature.h"
#include "sql/params.h"
#include "task/fill.h"
SQLITE_EXTENSION_INIT3

/* --- distilbert_fill ------------------------------------------------------ */

static int fill(Call *call, int argc, sqlite3_value **argv, char **out,
                size_t *bytes, Error *err) {
  EncodeText text;
  int rc = value_text(argv[0], &text, err);
  rc = rc ? rc : call_use_argument(call, argc, argv, 1, TASK_FILL, err);
  if (rc)
    return rc;
  Question question = {TASK_FILL, NULL, 0, {text}};
  MemoKey key;
  const void *known = call_recall(call, &question, &key, bytes);
  if (known) {
    *out = mem_text(known, *bytes);
    return *out ? OK : fail_memory(err);
  }
  call_count(call, 1);
  rc = fill_sentence(call->model, &call->run, text, out, bytes, err);
  if (rc == OK)
    call_remember(call, &key, *out, *bytes);
  return rc;
}

static void fn_fill(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
  if (value_any_null(argv, 1))
    return;
  Call call;
  Error err;
  char *text;
  size_t bytes;
  call_begin_scalar(&call, "distilbert_fill", ctx);
  int rc = fill(&call, argc, argv, &text, &bytes, &err);
  call_end(&call);
  if (rc)
    call_fail(ctx, &call, rc, &err);
  else
    sqlite3_result_text64(ctx, text, bytes, mem_free, SQLITE_UTF8);
}

/* --- distilbert_fill_mask ------------------------------------------------- */

enum { TEXT, TOP_K, TARGETS, MODEL, TARGET, N_PARAMS };

enum {
  COLUMN_SCORE,
  COLUMN_TOKEN,
  COLUMN_TOKEN_STR,
  COLUMN_SEQUENCE,
  COLUMN_MASK,
  N_COLUMNS,
  COLUMN_TARGET = N_COLUMNS + TARGET
};

static const TableParam params[N_PARAMS] = {
    [TEXT] = {"text", PARAM_TEXTS, 0, 0},
    [TOP_K] = {"top_k", PARAM_NUMBER, 1, 1000000},
    [TARGETS] = {"targets", PARAM_MAYBE, 0, 0},
    [MODEL] = {"model", PARAM_NAME, 0, 0},
    [TARGET] = {"target", PARAM_SHOWN, 0, 0},
};

typedef struct FillRows {
  Fill fill;           /* the batch */
  size_t first;        /* its first text among those of the scan */
  size_t mask, choice; /* the current row */
} FillRows;

static int begin(Scan *scan, Error *err) {
  FillRows *rows = scan->state;
  FillOptions how = fill_defaults;
  how.targets = param_text(scan, TARGETS, 0);
  int rc = param_size(scan, TOP_K, &how.top_k, err);
  rc = rc ? rc
          : call_use(&scan->call, param_option(scan, MODEL), TASK_FILL, err);
  return rc ? rc
            : fill_open(scan->call.model, &scan->call.run, &how, &rows->fill,
                        err);
}

/* Reads on; fill.n_texts stays 0 when there are no more texts. The first batch
 * is one text and each further one at most twice as many, so that LIMIT 1 costs
 * what one text costs. */
static int run_batch(Scan *scan, Error *err) {
  FillRows *rows = scan->state;
  Fill *f = &rows->fill;
  size_t most = f->n_texts ? 2 * f->n_texts : 1;
  bool fits = true;
  rows->first += f->n_texts;
  rows->mask = 0;
  fill_clear(f);
  while (fits && f->n_texts < most &&
         rows->first + f->n_texts < scan->params[TEXT].n) {
    EncodeText text = param_text(scan, TEXT, rows->first + f->n_texts);
    int rc = fill_add(f, text, &fits, err);
    if (rc)
      return rc;
  }
  call_count(&scan->call, f->n_texts);
  return f->n_texts ? fill_run(f, err) : OK;
}

static int next(Scan *scan, Error *err) {
  FillRows *rows = scan->state;
  Fill *f = &rows->fill;
  int rc = OK;
  if (++rows->choice < f->n_choices)
    return OK;
  rows->choice = 0;
  if (++rows->mask >= f->n_masks)
    rc = run_batch(scan, err);
  scan->done = rc != OK || f->n_masks == 0;
  if (scan->done)
    return rc;
  scan->params[TEXT].at = rows->first + f->masks[rows->mask].text;
  return fill_rank(f, rows->mask, err);
}

/* The token alone, or in its text. */
static void show_text(const Scan *scan, sqlite3_context *ctx, bool alone) {
  const FillRows *rows = scan->state;
  const Fill *f = &rows->fill;
  int32_t id = f->choices[rows->choice].id;
  char *text;
  size_t bytes;
  Error err;
  int rc = alone ? tokenizer_decode(f->model->tokenizer, &id, 1, false, &text,
                                    &bytes, &err)
                 : fill_sequence(f, rows->mask, id, &text, &bytes, &err);
  if (rc)
    call_fail(ctx, &scan->call, rc, &err);
  else
    sqlite3_result_text64(ctx, text, bytes, mem_free, SQLITE_UTF8);
}

static void column(Scan *scan, sqlite3_context *ctx, int i) {
  const FillRows *rows = scan->state;
  const FillChoice *c = &rows->fill.choices[rows->choice];
  switch (i) {
  case COLUMN_SCORE:
    sqlite3_result_double(ctx, (double)c->score);
    break;
  case COLUMN_TOKEN:
    sqlite3_result_int(ctx, c->id);
    break;
  case COLUMN_TOKEN_STR:
  case COLUMN_SEQUENCE:
    show_text(scan, ctx, i == COLUMN_TOKEN_STR);
    break;
  case COLUMN_MASK:
    sqlite3_result_int64(ctx,
                         (sqlite3_int64)rows->fill.masks[rows->mask].index);
    break;
  case COLUMN_TARGET:
    sqlite3_result_text(ctx, fill_target(&rows->fill, c->id), -1,
                        SQLITE_TRANSIENT);
    break;
  }
}

static void end(Scan *scan) {
  FillRows *rows = scan->state;
  fill_close(&rows->fill);
}

static const TableKind fill_table = {
    .name = "distilbert_fill_mask",
    .columns = "score REAL, token INTEGER, token_str TEXT, sequence TEXT, "
               "mask INTEGER",
    .n_columns = N_COLUMNS,
    .params = params,
    .n_params = N_PARAMS,
    .state_bytes = sizeof(FillRows),
    .begin = begin,
    .next = next,
    .column = column,
    .end = end,
};

static const Scalar scalars[] = {
    {"distilbert_fill", 1, 2, PURE, 2, fn_fill, SAFE_ALWAYS},
};

static const FeatureTable tables[] = {{&fill_table, SAFE_ALWAYS}};

const Feature fill_feature = {FEATURE_ROWS(scalars), FEATURE_ROWS(tables)};
