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
#include "sql/functions.h"
#include "sql/table.h"
#include "task/answer.h"
SQLITE_EXTENSION_INIT3

/* --- distilbert_answer, distilbert_highlight ------------------------------ */

/* The best answer: bytes [start, end) of context. */
typedef struct Best {
  EncodeText context;
  size_t span[2]; /* equal: there is none worth showing */
} Best;

static int find_best(Call *call, EncodeText question, Best *best, Error *err) {
  AnswerQuery query = {.question = question, .context = best->context};
  int rc =
      answer_run(call->model, &call->run, &answer_defaults, &query, 1, err);
  if (rc == OK && query.answers.n) {
    best->span[0] = query.answers.items->byte_start;
    best->span[1] = query.answers.items->byte_end;
  }
  answers_clear(&query.answers);
  if (rc == OK)
    call_remember(call, best->span, sizeof best->span);
  return rc;
}

/* Asks the model named `name` (may be NULL) with the default options. */
static int ask(Call *call, sqlite3_value **argv, sqlite3_value *name,
               Best *best, Error *err) {
  EncodeText texts[2];
  size_t bytes;
  int rc = value_text(argv[0], &texts[0], err);
  rc = rc ? rc : value_text(argv[1], &texts[1], err);
  rc = rc ? rc : call_use(call, name, TASK_ANSWER, err);
  if (rc)
    return rc;
  *best = (Best){.context = texts[1]};
  const void *known = call_recall(call, TASK_ANSWER, texts, 2, &bytes);
  if (!known)
    return find_best(call, texts[0], best, err);
  memcpy(best->span, known, bytes);
  return OK;
}

void fn_answer(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
  if (value_any_null(argv, 2))
    return;
  Call call;
  Error err;
  Best best;
  call_begin_scalar(&call, "distilbert_answer", ctx);
  int rc = ask(&call, argv, argc > 2 ? argv[2] : NULL, &best, &err);
  call_end(&call);
  if (rc)
    call_fail(ctx, &call, rc, &err);
  else if (best.span[0] < best.span[1])
    sqlite3_result_text64(ctx, best.context.text + best.span[0],
                          best.span[1] - best.span[0], SQLITE_TRANSIENT,
                          SQLITE_UTF8);
}

static char *put(char *at, const char *text, size_t bytes) {
  memcpy(at, text, bytes);
  return at + bytes;
}

/* context with open and close around the answer, as the result. */
static int wrap(sqlite3_context *ctx, const Best *best, EncodeText open,
                EncodeText close, Error *err) {
  EncodeText context = best->context;
  size_t start = best->span[0], end = best->span[1], bytes;
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

void fn_highlight(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
  if (value_any_null(argv, 4))
    return;
  Call call;
  Error err;
  EncodeText open, close;
  Best best;
  call_begin_scalar(&call, "distilbert_highlight", ctx);
  int rc = value_text(argv[2], &open, &err);
  rc = rc ? rc : value_text(argv[3], &close, &err);
  rc = rc ? rc : ask(&call, argv, argc > 4 ? argv[4] : NULL, &best, &err);
  call_end(&call);
  if (rc == OK && best.span[0] < best.span[1])
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
};

enum { PAIRS_A_BATCH = 64 };

/* Pair number p is question p / contexts with context p % contexts. */
typedef struct AnswerRows {
  AnswerOptions how;
  size_t n_pairs;      /* of the whole scan */
  size_t first, n;     /* pairs of this batch */
  size_t pair, answer; /* the current row: an answer of queries[pair] */
  AnswerQuery queries[PAIRS_A_BATCH];
} AnswerRows;

static int read_options(Scan *scan, AnswerOptions *how, Error *err) {
  *how = answer_defaults;
  int rc = table_size(scan, TOP_K, &how->top_k, err);
  rc = rc ? rc : table_size(scan, MAX_ANSWER_LEN, &how->max_answer_len, err);
  rc = rc ? rc : table_size(scan, DOC_STRIDE, &how->doc_stride, err);
  rc = rc ? rc : table_size(scan, MAX_SEQ_LEN, &how->max_seq_len, err);
  rc = rc ? rc : table_bool(scan, IMPOSSIBLE, &how->impossible, err);
  rc = rc ? rc : table_bool(scan, ALIGN_TO_WORDS, &how->align_to_words, err);
  return rc ? rc : table_bool(scan, MERGE, &how->merge, err);
}

static int begin(Scan *scan, Error *err) {
  AnswerRows *rows = scan->state;
  int rc = read_options(scan, &rows->how, err);
  if (rc)
    return rc;
  if (!size_mul(scan->params[QUESTION].n, scan->params[CONTEXT].n,
                &rows->n_pairs))
    return fail_memory(err);
  return call_use(&scan->call, table_option(scan, MODEL), TASK_ANSWER, err);
}

static void clear_batch(AnswerRows *rows) {
  for (size_t i = 0; i < rows->n; i++)
    answers_clear(&rows->queries[i].answers);
  rows->first += rows->n;
  rows->n = rows->pair = rows->answer = 0;
}

/* Answers the next pairs; n stays 0 when there are none left. */
static int run_batch(Scan *scan, Error *err) {
  AnswerRows *rows = scan->state;
  size_t n_contexts = scan->params[CONTEXT].n;
  clear_batch(rows);
  while (rows->n < PAIRS_A_BATCH && rows->first + rows->n < rows->n_pairs) {
    size_t p = rows->first + rows->n;
    AnswerQuery *q = &rows->queries[rows->n];
    *q = (AnswerQuery){0};
    q->question = table_text(scan, QUESTION, p / n_contexts);
    q->context = table_text(scan, CONTEXT, p % n_contexts);
    rows->n++;
  }
  if (rows->n == 0)
    return OK;
  return answer_run(scan->call.model, &scan->call.run, &rows->how,
                    rows->queries, rows->n, err);
}

static int next(Scan *scan, Error *err) {
  AnswerRows *rows = scan->state;
  rows->answer++;
  while (rows->pair >= rows->n ||
         rows->answer >= rows->queries[rows->pair].answers.n) {
    rows->answer = 0;
    if (rows->pair < rows->n && ++rows->pair < rows->n)
      continue;
    int rc = run_batch(scan, err);
    scan->done = rows->n == 0;
    if (rc || scan->done)
      return rc;
  }
  size_t p = rows->first + rows->pair;
  scan->params[QUESTION].at = p / scan->params[CONTEXT].n;
  scan->params[CONTEXT].at = p % scan->params[CONTEXT].n;
  return OK;
}

static void column(Scan *scan, sqlite3_context *ctx, int i) {
  const AnswerRows *rows = scan->state;
  const AnswerQuery *q = &rows->queries[rows->pair];
  const Answer *a = &q->answers.items[rows->answer];
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
    sqlite3_result_text64(ctx, q->context.text + a->byte_start,
                          a->byte_end - a->byte_start, SQLITE_TRANSIENT,
                          SQLITE_UTF8);
    break;
  }
}

static void end(Scan *scan) {
  clear_batch(scan->state);
}

const TableKind answers_table = {
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
