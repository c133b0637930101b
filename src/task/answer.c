/*
 * answer.c - extractive question answering over texts of any length.
 *
 * In:  questions with their contexts, and the pipeline's parameters.
 * Out: for each, the best spans of its context, with scores.
 *
 *     query -> windows \
 *     query -> windows  > batch of tokens -> logits -> collector of its query
 *     query -> windows /
 *
 * Windows are laid side by side until the next does not fit into
 * BATCH_TOKENS; then the batch goes through the encoder and its windows'
 * logits to their queries' collectors.  A batch may end one query and begin
 * others: short contexts fill it as well as a long one does.  A window's
 * logits do not depend on its neighbours, so results do not depend on this.
 * Memory is one batch and the results, however long a context is.
 *
 * Agrees with the question-answering pipeline of transformers: defaults,
 * limits and windows as there.  Refuses a max_seq_len beyond the model's
 * limit, which would fail there once a text is that long.
 */
#include "task/answer.h"

#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "model/encoder.h"
#include "task/collect.h"
#include "text/window.h"

const AnswerOptions answer_defaults = {.top_k = 1,
                                       .max_answer_len = 15,
                                       .max_seq_len = 0,
                                       .doc_stride = SIZE_MAX,
                                       .max_windows = 0,
                                       .impossible = false,
                                       .align_to_words = true,
                                       .merge = false};

typedef struct Reader {
  const Model *model;
  const Run *run;
  AnswerOptions how;     /* with the defaults filled in */
  bool stride_yields;    /* doc_stride was not given */
  Collector *collectors; /* owned, one a query */
  Encoding tokens;       /* the batch's windows, back to back */
  Sequence windows[BATCH_TOKENS];
  Collector *owners[BATCH_TOKENS]; /* of each window */
  size_t n_windows;
  float *start, *end; /* owned: logits of the batch */
} Reader;

/* --- Options -------------------------------------------------------------- */

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

static int check_options(const AnswerOptions *how, size_t limit, Error *err) {
  if (how->top_k < 1)
    return fail(err, ERR_RANGE, "top_k must be at least 1");
  if (how->max_answer_len < 1)
    return fail(err, ERR_RANGE, "max_answer_len must be at least 1");
  if (how->max_seq_len > limit)
    return fail(err, ERR_RANGE, "max_seq_len %zu exceeds the model's limit %zu",
                how->max_seq_len, limit);
  if (how->doc_stride > how->max_seq_len)
    return fail(err, ERR_RANGE, "doc_stride %zu exceeds max_seq_len %zu",
                how->doc_stride, how->max_seq_len);
  return OK;
}

static int fill_options(Reader *r, const AnswerOptions *how, Error *err) {
  r->how = *how;
  r->stride_yields = how->doc_stride == SIZE_MAX;
  if (how->max_seq_len == 0)
    r->how.max_seq_len = least(r->model->max_tokens, 384);
  if (how->doc_stride == SIZE_MAX)
    r->how.doc_stride = least(r->how.max_seq_len / 2, 128);
  return check_options(&r->how, r->model->max_tokens, err);
}

/* --- Batches -------------------------------------------------------------- */

/* The windows follow each other in r->tokens, which may have moved. */
static void point_windows(Reader *r) {
  const Token *tokens = r->tokens.tokens;
  for (size_t i = 0; i < r->n_windows; tokens += r->windows[i++].n)
    r->windows[i].tokens = tokens;
}

/* Empties the batch into the collectors of its windows' queries. */
static int run_batch(Reader *r, Error *err) {
  if (r->n_windows == 0)
    return OK;
  point_windows(r);
  int rc = head_answer(r->model, r->run, r->windows, r->n_windows, r->start,
                       r->end, err);
  size_t at = 0;
  for (size_t i = 0; i < r->n_windows && rc == OK; i++) {
    const Sequence *w = &r->windows[i];
    rc = collect_window(r->owners[i], w->tokens, w->n, r->start + at,
                        r->end + at, err);
    at += w->n;
  }
  r->n_windows = 0;
  r->tokens.n = 0;
  return rc;
}

/* A window longer than a batch is one of its own. */
static int add_window(Reader *r, Collector *owner, const Encoding *window,
                      Error *err) {
  int rc = OK;
  if (r->tokens.n + window->n > BATCH_TOKENS)
    rc = run_batch(r, err);
  if (rc == OK)
    rc = encoding_append(&r->tokens, window, err);
  if (rc == OK && window->n > 0) {
    r->windows[r->n_windows].n = window->n;
    r->owners[r->n_windows++] = owner;
  }
  return rc;
}

/* --- Queries -------------------------------------------------------------- */

/* A text's own error stays with its query; others end the run. */
static int ends_run(const AnswerQuery *q, Error *err) {
  return q->code == OK || q->code == ERR_RANGE
             ? OK
             : fail(err, q->code, "%s", q->error.message);
}

static int read_windows(Reader *r, AnswerQuery *q, Collector *c, Windows *w,
                        Error *err) {
  Encoding window = {0};
  size_t most = r->how.max_windows ? r->how.max_windows : SIZE_MAX;
  int rc = OK;
  bool more = true;
  for (size_t i = 0; rc == OK && more && q->code == OK && i < most; i++) {
    q->code = windows_next(w, &r->run->poll, &window, &more, &q->error);
    if (q->code == OK && more)
      rc = add_window(r, c, &window, err);
  }
  encoding_clear(&window);
  return rc;
}

/* An empty text leaves the collector without a window: no answers. */
static int read_query(Reader *r, AnswerQuery *q, Collector *c, Error *err) {
  Windows w;
  Stride stride = {r->how.doc_stride, r->stride_yields};
  *c = (Collector){.how = &r->how,
                   .context = q->context,
                   .poll = &r->run->poll,
                   .cls_id = tokenizer_special(r->model->tokenizer).cls};
  if (q->question.bytes == 0 || q->context.bytes == 0)
    return OK;
  q->code =
      windows_open(r->model->tokenizer, q->question, q->context,
                   r->how.max_seq_len, stride, &r->run->poll, &w, &q->error);
  if (q->code != OK)
    return ends_run(q, err);
  int rc = read_windows(r, q, c, &w, err);
  windows_close(&w);
  return rc == OK ? ends_run(q, err) : rc;
}

/* --- The run -------------------------------------------------------------- */

static void reader_free(Reader *r, size_t n) {
  if (!r)
    return;
  for (size_t i = 0; i < n && r->collectors; i++)
    collect_clear(&r->collectors[i]);
  mem_free(r->collectors);
  encoding_clear(&r->tokens);
  mem_free(r->start);
  mem_free(r->end);
  mem_free(r);
}

/* r->how is filled in; the logits have room for any batch. */
static int reader_fill(Reader *r, size_t n, Error *err) {
  size_t bytes, room = r->how.max_seq_len;
  if (!size_mul(n, sizeof *r->collectors, &bytes))
    return fail_memory(err);
  if (room < BATCH_TOKENS)
    room = BATCH_TOKENS;
  r->collectors = mem_zeroed(bytes);
  r->start = mem_array(room, sizeof *r->start);
  r->end = mem_array(room, sizeof *r->end);
  return r->collectors && r->start && r->end ? OK : fail_memory(err);
}

static int read_all(Reader *r, AnswerQuery *queries, size_t n, Error *err) {
  int rc = OK;
  for (size_t i = 0; i < n && rc == OK; i++)
    rc = read_query(r, &queries[i], &r->collectors[i], err);
  if (rc == OK)
    rc = run_batch(r, err);
  for (size_t i = 0; i < n && rc == OK; i++)
    if (queries[i].code == OK)
      rc = collect_end(&r->collectors[i], &queries[i].answers, err);
  return rc;
}

/* No query keeps an answer of a run that did not finish. */
static void fail_all(AnswerQuery *queries, size_t n, int code,
                     const Error *err) {
  for (size_t i = 0; i < n; i++) {
    answers_clear(&queries[i].answers);
    queries[i].code = code;
    if (err)
      queries[i].error = *err;
  }
}

int answer_run(const Model *model, const Run *run, const AnswerOptions *how,
               AnswerQuery *queries, size_t n, Error *err) {
  for (size_t i = 0; i < n; i++) {
    queries[i].answers = (Answers){0};
    queries[i].code = OK;
  }
  Reader *r = mem_zeroed(sizeof *r);
  int rc = r ? OK : fail_memory(err);
  if (r) {
    r->model = model;
    r->run = run;
    rc = fill_options(r, how, err);
  }
  if (rc == OK)
    rc = reader_fill(r, n, err);
  if (rc == OK)
    rc = read_all(r, queries, n, err);
  reader_free(r, n);
  if (rc != OK)
    fail_all(queries, n, rc, err);
  for (size_t i = 0; i < n && rc == OK; i++)
    if (queries[i].code != OK)
      rc = fail(err, queries[i].code, "%s", queries[i].error.message);
  return rc;
}
