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
 * work.  `text IN (...)` goes through the model in full batches; a text that
 * the connection was asked about lately does not go through it again.
 */
#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "sql/ahead.h"
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

/* The choices of a text's masks, [n_masks][top_k], and where they are kept. */
typedef struct Known {
  Score *choices; /* owned; NULL: the cache did not have them */
  MemoKey key;
} Known;

typedef struct FillRows {
  Filler *filler; /* owned */
  uint64_t top_k; /* as it was asked for */
  Ahead ahead;    /* texts */
  Known known[AHEAD_MAX];
  size_t mask, choice; /* the current row, of the text at ahead.at */
  /* Of the current text's masks so far, or of its last one alone where those
   * of all are more than the cache keeps. */
  Score *ranked; /* owned */
  size_t capacity;
  const Score *choices; /* of the current mask, borrowed */
} FillRows;

static int begin(Scan *scan, Error *err) {
  FillRows *rows = scan->state;
  Call *call = &scan->call;
  FillOptions how = fill_defaults;
  how.targets = param_text(scan, TARGETS, 0);
  int rc = param_size(scan, TOP_K, &how.top_k, err);
  rc = rc ? rc : call_use(call, param_option(scan, MODEL), TASK_FILL, err);
  rows->top_k = how.top_k;
  rows->ahead.total = scan->params[TEXT].n;
  return rc ? rc
            : filler_open(call->model, &call->run, &how, &rows->filler, err);
}

/* --- A batch -------------------------------------------------------------- */

static void clear_batch(FillRows *rows) {
  for (size_t i = 0; i < rows->ahead.n; i++)
    mem_free(rows->known[i].choices);
  rows->mask = rows->choice = 0;
}

/* Takes the choices of a text from the cache, if it has them. */
static int recall(Scan *scan, EncodeText text, Known *out, Error *err) {
  FillRows *rows = scan->state;
  Question question = {
      TASK_FILL, &rows->top_k, 1, {text, param_text(scan, TARGETS, 0)}};
  size_t bytes;
  const void *known = call_recall(&scan->call, &question, &out->key, &bytes);
  if (!known)
    return OK;
  out->choices = mem_alloc(bytes);
  if (!out->choices)
    return fail_memory(err);
  memcpy(out->choices, known, bytes);
  return OK;
}

static int add_text(Scan *scan, size_t i, Error *err) {
  FillRows *rows = scan->state;
  EncodeText text = param_text(scan, TEXT, rows->ahead.first + i);
  Known *known = &rows->known[i];
  int rc = recall(scan, text, known, err);
  rc = rc ? rc : filler_add(rows->filler, text, known->choices, err);
  if (rc == OK && !known->choices)
    call_count(&scan->call, !filler_result(rows->filler, i)->code);
  return rc;
}

/* Reads on; ahead.n is 0 when there are no more texts. */
static int run_batch(Scan *scan, Error *err) {
  FillRows *rows = scan->state;
  int rc = OK;
  clear_batch(rows);
  filler_empty(rows->filler);
  ahead_batch(&rows->ahead);
  memset(rows->known, 0, rows->ahead.n * sizeof *rows->known);
  for (size_t i = 0; i < rows->ahead.n && rc == OK; i++)
    rc = add_text(scan, i, err);
  return rc ? rc : filler_run(rows->filler, err);
}

/* --- Rows ----------------------------------------------------------------- */

/* Ranks the current mask; after the last one the cache gets them all. */
static int rank(Scan *scan, size_t n_masks, Error *err) {
  FillRows *rows = scan->state;
  size_t top_k = filler_top_k(rows->filler), all;
  bool keeps = size_mul(n_masks, top_k, &all) &&
               all <= MEMO_VALUE_MAX / sizeof *rows->ranked;
  if (mem_reserve(&rows->ranked, &rows->capacity, keeps ? all : top_k,
                  sizeof *rows->ranked))
    return fail_memory(err);
  Score *out = rows->ranked + (keeps ? rows->mask * top_k : 0);
  int rc = filler_rank(rows->filler, rows->ahead.at, rows->mask, out, err);
  rows->choices = out;
  if (rc == OK && keeps && rows->mask + 1 == n_masks)
    call_remember(&scan->call, &rows->known[rows->ahead.at].key, rows->ranked,
                  all * sizeof *rows->ranked);
  return rc;
}

/* The choices of the current mask. */
static int read_mask(Scan *scan, Error *err) {
  FillRows *rows = scan->state;
  const Known *known = &rows->known[rows->ahead.at];
  const FillResult *result = filler_result(rows->filler, rows->ahead.at);
  if (result->code)
    return fail(err, result->code, "%s", result->error.message);
  scan->params[TEXT].at = rows->ahead.first + rows->ahead.at;
  if (!known->choices)
    return rank(scan, result->n_masks, err);
  rows->choices = known->choices + rows->mask * filler_top_k(rows->filler);
  return OK;
}

/* To the next text, which may be the first of a batch. */
static int next_text(Scan *scan, Error *err) {
  FillRows *rows = scan->state;
  rows->mask = 0;
  if (ahead_step(&rows->ahead))
    return OK;
  int rc = run_batch(scan, err);
  scan->done = rc || rows->ahead.n == 0;
  return rc;
}

static int next(Scan *scan, Error *err) {
  FillRows *rows = scan->state;
  if (rows->ahead.n && ++rows->choice < filler_top_k(rows->filler))
    return OK;
  rows->choice = 0;
  if (rows->ahead.n &&
      ++rows->mask < filler_result(rows->filler, rows->ahead.at)->n_masks)
    return read_mask(scan, err);
  int rc = next_text(scan, err);
  return rc || scan->done ? rc : read_mask(scan, err);
}

/* The token alone, or in its text. */
static void show_text(const Scan *scan, sqlite3_context *ctx, bool alone) {
  const FillRows *rows = scan->state;
  int32_t id = (int32_t)rows->choices[rows->choice].id;
  char *text;
  size_t bytes;
  Error err;
  int rc = alone ? tokenizer_decode(scan->call.model->tokenizer, &id, 1, false,
                                    &text, &bytes, &err)
                 : filler_sequence(rows->filler, rows->ahead.at, rows->mask, id,
                                   &text, &bytes, &err);
  if (rc)
    call_fail(ctx, &scan->call, rc, &err);
  else
    sqlite3_result_text64(ctx, text, bytes, mem_free, SQLITE_UTF8);
}

static void column(Scan *scan, sqlite3_context *ctx, int i) {
  const FillRows *rows = scan->state;
  const Score *c = &rows->choices[rows->choice];
  switch (i) {
  case COLUMN_SCORE:
    sqlite3_result_double(ctx, (double)c->value);
    break;
  case COLUMN_TOKEN:
    sqlite3_result_int64(ctx, (sqlite3_int64)c->id);
    break;
  case COLUMN_TOKEN_STR:
  case COLUMN_SEQUENCE:
    show_text(scan, ctx, i == COLUMN_TOKEN_STR);
    break;
  case COLUMN_MASK:
    sqlite3_result_int64(ctx, (sqlite3_int64)rows->mask);
    break;
  case COLUMN_TARGET:
    sqlite3_result_text(ctx, filler_target(rows->filler, (int32_t)c->id), -1,
                        SQLITE_TRANSIENT);
    break;
  }
}

static void end(Scan *scan) {
  FillRows *rows = scan->state;
  clear_batch(rows);
  filler_close(rows->filler);
  mem_free(rows->ranked);
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
