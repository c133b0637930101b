/*
 * fn_answer.c - answers out of a text.
 *
 *     SELECT distilbert_answer('who wrote it?', body [, model]) FROM docs;
 *     SELECT distilbert_highlight('who?', body, '<b>', '</b>' [, model]) ...
 *     SELECT score, start, "end", answer
 *       FROM distilbert_answers('who wrote it?', body, top_k => 3rd argument)
 *     ... WHERE question = 'who?' AND context IN (SELECT body FROM docs)
 *
 * In:  question and context, as text; options of AnswerOptions.
 * Out: spans of the context; task/answer.c finds them.
 *
 * `start` and `end` count characters, so substr(context, start + 1,
 * "end" - start) is the answer.  No answer is NULL, no row, and a context
 * without marks, as FTS5's highlight() does.
 *
 * The table runs all pairs of the questions and contexts given, a batch at a
 * time; the hidden columns tell which pair a row belongs to.
 */
#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "sql/ahead.h"
#include "sql/feature.h"
#include "sql/params.h"
#include "task/answer.h"
SQLITE_EXTENSION_INIT3

/* --- Answers of a pair ---------------------------------------------------- */

enum { N_NUMBERS = 8 };

/* All that the answers depend on beside model and texts. */
static void option_numbers(const AnswerOptions *how, uint64_t out[N_NUMBERS]) {
  const uint64_t all[N_NUMBERS] = {how->top_k,          how->max_answer_len,
                                   how->max_seq_len,    how->doc_stride,
                                   how->max_windows,    how->impossible,
                                   how->align_to_words, how->merge};
  memcpy(out, all, sizeof all);
}

/* Looks a pair up in the cache. True: its answers were there, *out is a copy.
 * *rc OK or ERR_NOMEM. */
static bool recall(Call *call, const AnswerOptions *how, EncodeText question,
                   EncodeText context, MemoKey *key, Answers *out, int *rc,
                   Error *err) {
  uint64_t numbers[N_NUMBERS];
  Question asked = {TASK_ANSWER, numbers, N_NUMBERS, {question, context}};
  size_t bytes = 0;
  option_numbers(how, numbers);
  const void *known = call_recall(call, &asked, key, &bytes);
  *rc = OK;
  if (!known)
    return false;
  size_t n = bytes / sizeof *out->items;
  *out = (Answers){.items = mem_array(n, sizeof *out->items), n, n};
  if (out->items)
    memcpy(out->items, known, bytes);
  else
    *rc = fail_memory(err);
  return true;
}

static void remember(Call *call, const MemoKey *key, const Answers *answers) {
  call_remember(call, key, answers->items, answers->n * sizeof *answers->items);
}

/* --- distilbert_answer, distilbert_highlight ------------------------------ */

/* The best answer: bytes [start, end) of context. */
typedef struct Best {
  EncodeText context;
  size_t start, end; /* equal: there is none worth showing */
} Best;

static int find_answers(Call *call, AnswerQuery *query, Error *err) {
  MemoKey key;
  int rc;
  if (recall(call, &answer_defaults, query->question, query->context, &key,
             &query->answers, &rc, err))
    return rc;
  call_count(call, 1);
  rc = answer_run(call->model, &call->run, &answer_defaults, query, 1, err);
  if (rc == OK)
    remember(call, &key, &query->answers);
  return rc;
}

/* Asks the model that argv[model] names, with the default options. */
static int ask(Call *call, int argc, sqlite3_value **argv, int model,
               Best *best, Error *err) {
  AnswerQuery query = {0};
  int rc = value_text(argv[0], &query.question, err);
  rc = rc ? rc : value_text(argv[1], &query.context, err);
  rc = rc ? rc : call_use_argument(call, argc, argv, model, TASK_ANSWER, err);
  rc = rc ? rc : find_answers(call, &query, err);
  *best = (Best){.context = query.context};
  if (rc == OK && query.answers.n) {
    best->start = query.answers.items->byte_start;
    best->end = query.answers.items->byte_end;
  }
  answers_clear(&query.answers);
  return rc;
}

static void fn_answer(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
  if (value_any_null(argv, 2))
    return;
  Call call;
  Error err;
  Best best;
  call_begin_scalar(&call, "distilbert_answer", ctx);
  int rc = ask(&call, argc, argv, 2, &best, &err);
  call_end(&call);
  if (rc)
    call_fail(ctx, &call, rc, &err);
  else if (best.start < best.end)
    sqlite3_result_text64(ctx, best.context.text + best.start,
                          best.end - best.start, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static char *put(char *at, const char *text, size_t bytes) {
  memcpy(at, text, bytes);
  return at + bytes;
}

/* context with open and close around the answer, as the result. */
static int wrap(sqlite3_context *ctx, const Best *best, EncodeText open,
                EncodeText close, Error *err) {
  EncodeText context = best->context;
  size_t start = best->start, end = best->end, bytes;
  if (!size_add(context.bytes, open.bytes, &bytes) ||
      !size_add(bytes, close.bytes, &bytes))
    return fail_memory(err);
  char *text = mem_alloc(bytes);
  if (!text)
    return fail_memory(err);
  char *at = put(text, context.text, start);
  at = put(at, open.text, open.bytes);
  at = put(at, context.text + start, end - start);
  at = put(at, close.text, close.bytes);
  put(at, context.text + end, context.bytes - end);
  sqlite3_result_text64(ctx, text, bytes, mem_free, SQLITE_UTF8);
  return OK;
}

static void fn_highlight(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
  if (value_any_null(argv, 4))
    return;
  Call call;
  Error err;
  EncodeText open, close;
  Best best;
  call_begin_scalar(&call, "distilbert_highlight", ctx);
  int rc = value_text(argv[2], &open, &err);
  rc = rc ? rc : value_text(argv[3], &close, &err);
  rc = rc ? rc : ask(&call, argc, argv, 4, &best, &err);
  call_end(&call);
  if (rc == OK && best.start < best.end)
    rc = wrap(ctx, &best, open, close, &err);
  else if (rc == OK)
    sqlite3_result_value(ctx, argv[1]);
  if (rc)
    call_fail(ctx, &call, rc, &err);
}

/* --- distilbert_answers --------------------------------------------------- */

enum {
  QUESTION,
  CONTEXT,
  TOP_K,
  MODEL,
  MAX_ANSWER_LEN,
  DOC_STRIDE,
  MAX_SEQ_LEN,
  IMPOSSIBLE,
  ALIGN_TO_WORDS,
  MERGE,
  MAX_WINDOWS,
  N_PARAMS
};

enum { COLUMN_SCORE, COLUMN_START, COLUMN_END, COLUMN_ANSWER, N_COLUMNS };

static const TableParam params[N_PARAMS] = {
    [QUESTION] = {"question", PARAM_TEXTS, 0, 0},
    [CONTEXT] = {"context", PARAM_TEXTS, 0, 0},
    [TOP_K] = {"top_k", PARAM_NUMBER, 1, 1000000},
    [MODEL] = {"model", PARAM_NAME, 0, 0},
    [MAX_ANSWER_LEN] = {"max_answer_len", PARAM_NUMBER, 1, 1000000},
    [DOC_STRIDE] = {"doc_stride", PARAM_NUMBER, 0, CONFIG_MAX_POSITIONS},
    [MAX_SEQ_LEN] = {"max_seq_len", PARAM_NUMBER, 1, CONFIG_MAX_POSITIONS},
    [IMPOSSIBLE] = {"impossible", PARAM_NUMBER, 0, 1},
    [ALIGN_TO_WORDS] = {"align_to_words", PARAM_NUMBER, 0, 1},
    [MERGE] = {"merge", PARAM_NUMBER, 0, 1},
    [MAX_WINDOWS] = {"max_windows", PARAM_NUMBER, 1, INT32_MAX},
};

/* Pair number p is question p / contexts with context p % contexts. */
typedef struct AnswerRows {
  AnswerOptions how;
  Ahead ahead;   /* pairs */
  size_t answer; /* the current row: one of answers[ahead.at] */
  Answers answers[AHEAD_MAX];
  /* Those that the cache did not have: the pair of each, and its key. */
  Answerer *answerer; /* owned */
  size_t of[AHEAD_MAX];
  MemoKey keys[AHEAD_MAX];
  size_t n_asked;
} AnswerRows;

static int read_options(Scan *scan, AnswerOptions *how, Error *err) {
  *how = answer_defaults;
  int rc = param_size(scan, TOP_K, &how->top_k, err);
  rc = rc ? rc : param_size(scan, MAX_ANSWER_LEN, &how->max_answer_len, err);
  rc = rc ? rc : param_size(scan, DOC_STRIDE, &how->doc_stride, err);
  rc = rc ? rc : param_size(scan, MAX_SEQ_LEN, &how->max_seq_len, err);
  rc = rc ? rc : param_size(scan, MAX_WINDOWS, &how->max_windows, err);
  rc = rc ? rc : param_bool(scan, IMPOSSIBLE, &how->impossible, err);
  rc = rc ? rc : param_bool(scan, ALIGN_TO_WORDS, &how->align_to_words, err);
  return rc ? rc : param_bool(scan, MERGE, &how->merge, err);
}

static int begin(Scan *scan, Error *err) {
  AnswerRows *rows = scan->state;
  int rc = read_options(scan, &rows->how, err);
  if (rc)
    return rc;
  if (!size_mul(scan->params[QUESTION].n, scan->params[CONTEXT].n,
                &rows->ahead.total))
    return fail_memory(err);
  Call *call = &scan->call;
  rc = call_use(call, param_option(scan, MODEL), TASK_ANSWER, err);
  return rc ? rc
            : answerer_open(call->model, &call->run, &rows->how,
                            &rows->answerer, err);
}

static void clear_batch(AnswerRows *rows) {
  for (size_t i = 0; i < rows->ahead.n; i++)
    answers_clear(&rows->answers[i]);
  rows->n_asked = rows->answer = 0;
}

/* Takes pair i of the batch from the cache, or asks for its answers. */
static int add_pair(Scan *scan, size_t i, Error *err) {
  AnswerRows *rows = scan->state;
  size_t n_contexts = scan->params[CONTEXT].n, p = rows->ahead.first + i;
  size_t j = rows->n_asked;
  EncodeText question = param_text(scan, QUESTION, p / n_contexts);
  EncodeText context = param_text(scan, CONTEXT, p % n_contexts);
  int rc;
  if (recall(&scan->call, &rows->how, question, context, &rows->keys[j],
             &rows->answers[i], &rc, err))
    return rc;
  rows->of[j] = i;
  rows->n_asked++;
  call_count(&scan->call, 1);
  return answerer_add(rows->answerer, question, context, err);
}

static int run_asked(Scan *scan, Error *err) {
  AnswerRows *rows = scan->state;
  int rc = answerer_run(rows->answerer, err);
  for (size_t j = 0; j < rows->n_asked && rc == OK; j++) {
    AnswerResult *result = answerer_result(rows->answerer, j);
    if (result->code)
      return fail(err, result->code, "%s", result->error.message);
    remember(&scan->call, &rows->keys[j], &result->answers);
    rows->answers[rows->of[j]] = result->answers;
    result->answers = (Answers){0};
  }
  answerer_empty(rows->answerer);
  return rc;
}

/* Answers the next pairs; ahead.n is 0 when there are none left. */
static int run_batch(Scan *scan, Error *err) {
  AnswerRows *rows = scan->state;
  int rc = OK;
  clear_batch(rows);
  ahead_batch(&rows->ahead);
  memset(rows->answers, 0, rows->ahead.n * sizeof *rows->answers);
  for (size_t i = 0; i < rows->ahead.n && rc == OK; i++)
    rc = add_pair(scan, i, err);
  return rc || !rows->n_asked ? rc : run_asked(scan, err);
}

/* Is there a row at ahead.at, answer? An empty span is one only where
 * it was asked for. */
static bool at_row(const AnswerRows *rows) {
  const Answers *a = &rows->answers[rows->ahead.at];
  if (rows->answer >= a->n)
    return false;
  const Answer *item = &a->items[rows->answer];
  return rows->how.impossible || item->byte_start < item->byte_end;
}

/* The next place where a row may be. */
static int step(Scan *scan, Error *err) {
  AnswerRows *rows = scan->state;
  Ahead *ahead = &rows->ahead;
  if (ahead->at < ahead->n && ++rows->answer < rows->answers[ahead->at].n)
    return OK;
  rows->answer = 0;
  if (ahead_step(ahead))
    return OK;
  int rc = run_batch(scan, err);
  scan->done = ahead->n == 0;
  return rc;
}

static int next(Scan *scan, Error *err) {
  AnswerRows *rows = scan->state;
  int rc = step(scan, err);
  while (rc == OK && !scan->done && !at_row(rows))
    rc = step(scan, err);
  if (rc || scan->done)
    return rc;
  size_t p = rows->ahead.first + rows->ahead.at;
  scan->params[QUESTION].at = p / scan->params[CONTEXT].n;
  scan->params[CONTEXT].at = p % scan->params[CONTEXT].n;
  return OK;
}

static void column(Scan *scan, sqlite3_context *ctx, int i) {
  const AnswerRows *rows = scan->state;
  const Answer *a = &rows->answers[rows->ahead.at].items[rows->answer];
  size_t context = scan->params[CONTEXT].at;
  switch (i) {
  case COLUMN_SCORE:
    sqlite3_result_double(ctx, a->score);
    break;
  case COLUMN_START:
    sqlite3_result_int64(ctx, a->start);
    break;
  case COLUMN_END:
    sqlite3_result_int64(ctx, a->end);
    break;
  case COLUMN_ANSWER:
    sqlite3_result_text64(
        ctx, param_text(scan, CONTEXT, context).text + a->byte_start,
        a->byte_end - a->byte_start, SQLITE_TRANSIENT, SQLITE_UTF8);
    break;
  }
}

static void end(Scan *scan) {
  AnswerRows *rows = scan->state;
  clear_batch(rows);
  answerer_close(rows->answerer);
}

static const TableKind answers_table = {
    .name = "distilbert_answers",
    .columns = "score REAL, start INTEGER, \"end\" INTEGER, answer TEXT",
    .n_columns = N_COLUMNS,
    .params = params,
    .n_params = N_PARAMS,
    .state_bytes = sizeof(AnswerRows),
    .begin = begin,
    .next = next,
    .column = column,
    .end = end,
};

static const Scalar scalars[] = {
    {"distilbert_answer", 2, 3, PURE, 3, fn_answer, SAFE_ALWAYS},
    {"distilbert_highlight", 4, 5, PURE, 5, fn_highlight, SAFE_ALWAYS},
};

static const FeatureTable tables[] = {{&answers_table, SAFE_ALWAYS}};

const Feature answer_feature = {FEATURE_ROWS(scalars), FEATURE_ROWS(tables)};
