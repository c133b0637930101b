/*
 * fn_choose.c - which of several choices continues a prompt, which of several
 * labels follows from a text.
 *
 *     SELECT distilbert_choose('The sky is', '["blue.", "loud."]' [, model]);
 *     SELECT choice, score, position
 *       FROM distilbert_choices('The sky is', '["blue.", "loud."]' [, model]);
 *     SELECT label, score
 *       FROM distilbert_zero_shot(body, 'sports, politics'
 *                                 [, template [, multi_label [, model]]]);
 *
 * In:  texts, each beside a JSON array of strings, or labels between commas.
 * Out: the strings with their scores, best first; `position` is a choice's
 *      place in the array, from 0.
 *
 * `prompt IN (...)` and `text IN (...)` go through the model in batches that
 * grow (sql/ahead.h), of so many texts that their pairs fit PAIRS_AHEAD; the
 * cache is asked for each text first, and keeps its scores.
 *
 * A text that cannot be read ends a scan, but where its rows would begin, as it
 * would one by one: LIMIT may have ended it before.  An empty one has no labels
 * and ends nothing.  A template or list that is wrong is so whatever the texts
 * are.
 */
#include <string.h>
#include "base/memory.h"
#include "sql/ahead.h"
#include "sql/feature.h"
#include "sql/params.h"
#include "task/choose.h"
SQLITE_EXTENSION_INIT3

/* What is asked of every text. */
typedef struct Asked {
  Task task;
  EncodeText given;    /* the list as it was written */
  TextList list;       /* owned */
  ZeroShotOptions how; /* of TASK_ZERO_SHOT */
} Asked;

static int open_chooser(Call *call, const Asked *a, Chooser **out, Error *err) {
  return a->task == TASK_CHOOSE
             ? chooser_open(call->model, &call->run, call->overflow, &a->list,
                            out, err)
             : chooser_open_labels(call->model, &call->run, &a->list, &a->how,
                                   out, err);
}

/* A text's scores [list.n], best first, if the cache has them. */
static bool recall(Call *call, const Asked *a, EncodeText text, MemoKey *key,
                   Score *scores) {
  const uint64_t options[] = {call->overflow, a->how.multi_label};
  Question question = {
      a->task, options, 2, {text, a->given, a->how.hypothesis}};
  size_t bytes;
  const void *known = call_recall(call, &question, key, &bytes);
  if (known)
    memcpy(scores, known, bytes);
  return known != NULL;
}

/* The same once it went through the model. */
static int take_scores(Call *call, const Asked *a, Chooser *c, size_t text,
                       const MemoKey *key, Score *scores, Error *err) {
  int rc = chooser_scores(c, text, scores, err);
  if (rc)
    return rc;
  scores_sort(scores, a->list.n);
  call_remember(call, key, scores, a->list.n * sizeof *scores);
  return OK;
}

static int add_text(Call *call, const Asked *a, Chooser *c, EncodeText text,
                    Error *err) {
  call_count(call, a->list.n);
  return chooser_add(c, text, err);
}

/* --- distilbert_choose ---------------------------------------------------- */

static int read_arguments(Call *call, int argc, sqlite3_value **argv,
                          EncodeText *prompt, Asked *out, Error *err) {
  *out = (Asked){.task = TASK_CHOOSE};
  int rc = value_text(argv[0], prompt, err);
  rc = rc ? rc : value_text(argv[1], &out->given, err);
  rc = rc ? rc
          : text_list_read("choices", out->given, LIST_JSON, &call->run.poll,
                           &out->list, err);
  return rc ? rc : call_use_argument(call, argc, argv, 2, TASK_CHOOSE, err);
}

static int find_scores(Call *call, const Asked *a, EncodeText prompt,
                       Score *scores, Error *err) {
  MemoKey key;
  Chooser *c;
  if (recall(call, a, prompt, &key, scores))
    return OK;
  int rc = open_chooser(call, a, &c, err);
  rc = rc ? rc : add_text(call, a, c, prompt, err);
  rc = rc ? rc : chooser_run(c, err);
  rc = rc ? rc : take_scores(call, a, c, 0, &key, scores, err);
  chooser_close(c);
  return rc;
}

/* Makes the best choice the result. */
static int choose(Call *call, const Asked *a, EncodeText prompt,
                  sqlite3_context *ctx, Error *err) {
  Score *scores = mem_array(a->list.n, sizeof *scores);
  int rc =
      scores ? find_scores(call, a, prompt, scores, err) : fail_memory(err);
  if (rc == OK) {
    EncodeText best = a->list.texts[scores[0].id];
    sqlite3_result_text64(ctx, best.text, best.bytes, SQLITE_TRANSIENT,
                          SQLITE_UTF8);
  }
  mem_free(scores);
  return rc;
}

static void fn_choose(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
  if (value_any_null(argv, 2))
    return;
  Call call;
  Error err;
  Asked asked;
  EncodeText prompt;
  call_begin_scalar(&call, "distilbert_choose", ctx);
  int rc = read_arguments(&call, argc, argv, &prompt, &asked, &err);
  rc = rc ? rc : choose(&call, &asked, prompt, ctx, &err);
  text_list_clear(&asked.list);
  call_end(&call);
  if (rc)
    call_fail(ctx, &call, rc, &err);
}

/* --- distilbert_choices, distilbert_zero_shot ----------------------------- */

enum { TEXT, LIST };                                 /* of both */
enum { CHOICES_MODEL = LIST + 1, N_CHOICES_PARAMS }; /* of choices */
enum { TEMPLATE = LIST + 1, MULTI, ZERO_MODEL, N_ZERO_PARAMS };

enum { COLUMN_TEXT, COLUMN_SCORE, COLUMN_POSITION };

static const TableParam choices_params[N_CHOICES_PARAMS] = {
    [TEXT] = {"prompt", PARAM_TEXTS, 0, 0},
    [LIST] = {"choices", PARAM_TEXT, 0, 0},
    [CHOICES_MODEL] = {"model", PARAM_NAME, 0, 0},
};

static const TableParam zero_params[N_ZERO_PARAMS] = {
    [TEXT] = {"text", PARAM_TEXTS, 0, 0},
    [LIST] = {"labels", PARAM_TEXT, 0, 0},
    [TEMPLATE] = {"template", PARAM_MAYBE, 0, 0},
    [MULTI] = {"multi_label", PARAM_NUMBER, 0, 1},
    [ZERO_MODEL] = {"model", PARAM_NAME, 0, 0},
};

/* Of a batch, unless one text has more: a pair is some 300 bytes. */
enum { PAIRS_AHEAD = 4096 };

typedef struct ScoreRows {
  Asked asked;
  Chooser *chooser; /* owned */
  Ahead ahead;      /* texts */
  Score *scores;    /* owned: [texts of a batch][list.n], best first */
  /* Those that the cache did not have: the text of each, and its key. */
  size_t of[AHEAD_MAX];
  MemoKey keys[AHEAD_MAX];
  size_t n_asked;
  int code; /* of the first text of the batch that has no scores */
  size_t failed;
  Error error;
  size_t row; /* the current one, of the text at ahead.at */
} ScoreRows;

static int take_memory(ScoreRows *rows, Error *err) {
  size_t n = rows->asked.list.n, most = rows->ahead.total;
  rows->ahead.limit = n < PAIRS_AHEAD ? PAIRS_AHEAD / n : 1;
  most = most < AHEAD_MAX ? most : AHEAD_MAX;
  most = most < rows->ahead.limit ? most : rows->ahead.limit;
  rows->scores = mem_array(n, most * sizeof *rows->scores);
  return rows->scores ? OK : fail_memory(err);
}

static int begin(Scan *scan, Task task, int model, ListForm form, Error *err) {
  ScoreRows *rows = scan->state;
  Asked *a = &rows->asked;
  a->task = task;
  a->given = param_text(scan, LIST, 0);
  rows->ahead.total = scan->params[TEXT].n;
  int rc = call_use(&scan->call, param_option(scan, model), task, err);
  rc = rc ? rc
          : text_list_read(scan->kind->params[LIST].name, a->given, form,
                           &scan->call.run.poll, &a->list, err);
  rc = rc ? rc : open_chooser(&scan->call, a, &rows->chooser, err);
  return rc ? rc : take_memory(rows, err);
}

static int begin_choices(Scan *scan, Error *err) {
  return begin(scan, TASK_CHOOSE, CHOICES_MODEL, LIST_JSON, err);
}

static int begin_zero_shot(Scan *scan, Error *err) {
  ScoreRows *rows = scan->state;
  ZeroShotOptions *how = &rows->asked.how;
  EncodeText given = param_text(scan, TEMPLATE, 0);
  *how = zero_shot_defaults;
  if (given.text)
    how->hypothesis = given;
  int rc = param_bool(scan, MULTI, &how->multi_label, err);
  return rc ? rc : begin(scan, TASK_ZERO_SHOT, ZERO_MODEL, LIST_COMMAS, err);
}

/* --- A batch of texts ----------------------------------------------------- */

static EncodeText text_at(const Scan *scan, size_t i) {
  const ScoreRows *rows = scan->state;
  return param_text(scan, TEXT, rows->ahead.first + i);
}

static bool has_rows(const Scan *scan, size_t i) {
  const ScoreRows *rows = scan->state;
  return rows->asked.task == TASK_CHOOSE || text_at(scan, i).bytes > 0;
}

/* Takes text i of the batch from the cache, or asks for its scores. */
static int read_text(Scan *scan, size_t i, Error *err) {
  ScoreRows *rows = scan->state;
  const Asked *a = &rows->asked;
  EncodeText text = text_at(scan, i);
  if (!has_rows(scan, i) ||
      recall(&scan->call, a, text, &rows->keys[rows->n_asked],
             rows->scores + i * a->list.n))
    return OK;
  rows->of[rows->n_asked++] = i;
  return add_text(&scan->call, a, rows->chooser, text, err);
}

/* Rows end at the first text that failed, so nobody wants those behind it. */
static int run_asked(Scan *scan, Error *err) {
  ScoreRows *rows = scan->state;
  size_t n = rows->asked.list.n;
  int rc = chooser_run(rows->chooser, err);
  for (size_t j = 0; j < rows->n_asked && rc == OK && rows->code == OK; j++) {
    rows->code =
        take_scores(&scan->call, &rows->asked, rows->chooser, j, &rows->keys[j],
                    rows->scores + rows->of[j] * n, &rows->error);
    rows->failed = rows->of[j];
  }
  chooser_empty(rows->chooser);
  return rc;
}

static int run_batch(Scan *scan, Error *err) {
  ScoreRows *rows = scan->state;
  int rc = OK;
  ahead_batch(&rows->ahead);
  rows->n_asked = 0;
  for (size_t i = 0; i < rows->ahead.n && rc == OK; i++)
    rc = read_text(scan, i, err);
  return rc || !rows->n_asked ? rc : run_asked(scan, err);
}

/* --- Rows ----------------------------------------------------------------- */

static int next_text(Scan *scan, Error *err) {
  ScoreRows *rows = scan->state;
  Ahead *ahead = &rows->ahead;
  rows->row = 0;
  int rc = ahead_step(ahead) ? OK : run_batch(scan, err);
  scan->done = rc || ahead->n == 0;
  if (scan->done)
    return rc;
  scan->params[TEXT].at = ahead->first + ahead->at;
  return rows->code && rows->failed == ahead->at
             ? fail(err, rows->code, "%s", rows->error.message)
             : OK;
}

static int next(Scan *scan, Error *err) {
  ScoreRows *rows = scan->state;
  if (rows->ahead.n && ++rows->row < rows->asked.list.n)
    return OK;
  int rc = next_text(scan, err);
  while (rc == OK && !scan->done && !has_rows(scan, rows->ahead.at))
    rc = next_text(scan, err);
  return rc;
}

static void column(Scan *scan, sqlite3_context *ctx, int i) {
  const ScoreRows *rows = scan->state;
  const TextList *list = &rows->asked.list;
  const Score *score = &rows->scores[rows->ahead.at * list->n + rows->row];
  EncodeText text = list->texts[score->id];
  switch (i) {
  case COLUMN_TEXT:
    sqlite3_result_text64(ctx, text.text, text.bytes, SQLITE_TRANSIENT,
                          SQLITE_UTF8);
    break;
  case COLUMN_SCORE:
    sqlite3_result_double(ctx, (double)score->value);
    break;
  case COLUMN_POSITION:
    sqlite3_result_int64(ctx, (sqlite3_int64)score->id);
    break;
  }
}

static void end(Scan *scan) {
  ScoreRows *rows = scan->state;
  chooser_close(rows->chooser);
  text_list_clear(&rows->asked.list);
  mem_free(rows->scores);
}

static const TableKind choices_table = {
    .name = "distilbert_choices",
    .columns = "choice TEXT, score REAL, position INTEGER",
    .n_columns = COLUMN_POSITION + 1,
    .params = choices_params,
    .n_params = N_CHOICES_PARAMS,
    .state_bytes = sizeof(ScoreRows),
    .begin = begin_choices,
    .next = next,
    .column = column,
    .end = end,
};

static const TableKind zero_shot_table = {
    .name = "distilbert_zero_shot",
    .columns = "label TEXT, score REAL",
    .n_columns = COLUMN_SCORE + 1,
    .params = zero_params,
    .n_params = N_ZERO_PARAMS,
    .state_bytes = sizeof(ScoreRows),
    .begin = begin_zero_shot,
    .next = next,
    .column = column,
    .end = end,
};

static const Scalar scalars[] = {
    {"distilbert_choose", 2, 3, PURE, 3, fn_choose, SAFE_ALWAYS},
};

static const FeatureTable tables[] = {{&choices_table, SAFE_ALWAYS},
                                      {&zero_shot_table, SAFE_ALWAYS}};

const Feature choose_feature = {FEATURE_ROWS(scalars), FEATURE_ROWS(tables)};
