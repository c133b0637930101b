/*
 * answer.c - extractive question answering over texts of any length.
 *
 * In:  questions with their contexts, and the pipeline's parameters.
 * Out: for each pair, the best spans of its context, with scores.
 *
 *     pair -> windows \
 *     pair -> windows  > batch of tokens -> logits -> collector of its pair
 *     pair -> windows /
 *
 * Windows are laid side by side in a Batch; whenever it is full they go through
 * the encoder and their logits to their pairs' collectors.  A run may end one
 * pair and begin others: short contexts fill it as well as a long one does.  A
 * window's logits do not depend on its neighbours, so results do not depend on
 * this.  Memory is one run and the results, however long a context is; only
 * merging, which compares answers as text, keeps a copy of the context.
 *
 * Agrees with the question-answering pipeline of transformers: defaults,
 * limits and windows as there.  Refuses a max_seq_len beyond the model's
 * limit, which would fail there once a text is that long.
 */
#include "task/answer.h"

#include <string.h>
#include "base/memory.h"
#include "model/heads.h"
#include "task/batch.h"
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

typedef struct Pair {
  Collector collector;
  char *context; /* owned; what merging compares, else NULL */
  AnswerResult result;
} Pair;

struct Answerer {
  const Model *model;
  const Run *run;
  AnswerOptions how;  /* with the defaults filled in */
  bool stride_yields; /* doc_stride was not given */
  Batch batch;        /* windows, whose owners are pairs */
  Pair *pairs;        /* owned */
  size_t n, capacity;
  float *logits;      /* owned: of a run, [tokens][2], and then: */
  float *start, *end; /* [tokens], the two columns */
  size_t logits_capacity;
};

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

static int fill_options(Answerer *a, const AnswerOptions *how, Error *err) {
  a->how = *how;
  a->stride_yields = how->doc_stride == SIZE_MAX;
  if (how->max_seq_len == 0)
    a->how.max_seq_len = least(a->model->max_tokens, 384);
  if (how->doc_stride == SIZE_MAX)
    a->how.doc_stride = least(a->how.max_seq_len / 2, 128);
  return check_options(&a->how, a->model->max_tokens, err);
}

/* --- Windows -------------------------------------------------------------- */

/* The logits of all tokens, in two columns. */
static int run_head(Answerer *a, const Hidden *h, Error *err) {
  size_t n = h->n_tokens;
  if (mem_reserve(&a->logits, &a->logits_capacity, 4 * n, sizeof *a->logits))
    return fail_memory(err);
  a->start = a->logits + 2 * n;
  a->end = a->start + n;
  int rc = head_run(a->model, a->run, TASK_ANSWER, h, NULL, n, a->logits, err);
  for (size_t t = 0; !rc && t < n; t++) {
    a->start[t] = a->logits[2 * t];
    a->end[t] = a->logits[2 * t + 1];
  }
  return rc;
}

/* Runs windows, and hands them to the collectors of their pairs. */
static int run_windows(void *task, const Sequence *windows,
                       const size_t *owners, size_t n, Error *err) {
  Answerer *a = task;
  Hidden h;
  int rc = encoder_run(a->model, a->run, windows, n, &h, err);
  if (rc)
    return rc;
  rc = run_head(a, &h, err);
  for (size_t i = 0; i < n && rc == OK; i++)
    rc = collect_window(&a->pairs[owners[i]].collector, windows[i].tokens,
                        windows[i].n, a->start + h.first[i],
                        a->end + h.first[i], err);
  hidden_clear(&h);
  return rc;
}

static void blame(void *task, size_t owner, int rc, const Error *error) {
  AnswerResult *result = &((Answerer *)task)->pairs[owner].result;
  if (result->code != OK)
    return;
  result->code = rc;
  result->error = *error;
}

static int read_windows(Answerer *a, Windows *w, size_t pair, Error *err) {
  size_t most = a->how.max_windows ? a->how.max_windows : SIZE_MAX;
  const Poll *poll = &a->run->poll;
  bool more = true;
  int rc = OK;
  for (size_t i = 0; rc == OK && more && i < most; i++) {
    Error own;
    rc = windows_next(w, poll, &a->batch.tokens, &more, &own);
    if (rc != OK)
      return batch_judge(&a->batch, pair, rc, &own, err);
    rc = batch_add(&a->batch, pair, err);
  }
  return rc;
}

static int read_pair(Answerer *a, EncodeText question, EncodeText context,
                     size_t pair, Error *err) {
  const Tokenizer *t = a->model->tokenizer;
  Stride stride = {a->how.doc_stride, a->stride_yields};
  Windows w;
  Error own;
  int rc = windows_open(t, question, context, a->how.max_seq_len, stride,
                        &a->run->poll, &w, &own);
  if (rc != OK)
    return batch_judge(&a->batch, pair, rc, &own, err);
  collect_place(w.first.tokens, w.first.n, tokenizer_special(t).cls, context);
  rc = read_windows(a, &w, pair, err);
  windows_close(&w);
  return rc;
}

/* --- Pairs ---------------------------------------------------------------- */

/* Copies the context where it is read again after the caller's may be gone. */
static int keep_context(Answerer *a, Pair *p, EncodeText context, Error *err) {
  if (!a->how.merge)
    return OK;
  p->context = mem_alloc(context.bytes);
  if (!p->context)
    return fail_memory(err);
  p->collector.context = (EncodeText){p->context, context.bytes};
  return poll_copy(&a->run->poll, p->context, context.text, context.bytes, err);
}

static int begin_pair(Answerer *a, EncodeText context, Error *err) {
  int32_t cls = tokenizer_special(a->model->tokenizer).cls;
  if (mem_reserve(&a->pairs, &a->capacity, a->n + 1, sizeof *a->pairs))
    return fail_memory(err);
  Pair *p = &a->pairs[a->n++];
  *p = (Pair){
      .collector = {.how = &a->how, .poll = &a->run->poll, .cls_id = cls}};
  return keep_context(a, p, context, err);
}

/* An empty text leaves the collector without a window: no answers. */
int answerer_add(Answerer *a, EncodeText question, EncodeText context,
                 Error *err) {
  int rc = begin_pair(a, context, err);
  if (rc != OK || question.bytes == 0 || context.bytes == 0)
    return rc;
  return read_pair(a, question, context, a->n - 1, err);
}

int answerer_run(Answerer *a, Error *err) {
  int rc = batch_flush(&a->batch, err);
  for (size_t i = 0; i < a->n && rc == OK; i++) {
    Pair *p = &a->pairs[i];
    if (p->result.code == OK)
      rc = collect_end(&p->collector, &p->result.answers, err);
    p->result.mass = p->collector.mass;
  }
  return rc;
}

AnswerResult *answerer_result(Answerer *a, size_t pair) {
  return &a->pairs[pair].result;
}

void answerer_empty(Answerer *a) {
  for (size_t i = 0; i < a->n; i++) {
    collect_clear(&a->pairs[i].collector);
    answers_clear(&a->pairs[i].result.answers);
    mem_free(a->pairs[i].context);
  }
  a->n = 0;
  batch_empty(&a->batch);
}

/* --- From open to close --------------------------------------------------- */

int answerer_open(const Model *model, const Run *run, const AnswerOptions *how,
                  Answerer **out, Error *err) {
  Answerer *a = *out = mem_zeroed(sizeof *a);
  if (!a)
    return fail_memory(err);
  a->model = model;
  a->run = run;
  a->batch = (Batch){.task = a, .run = run_windows, .blame = blame};
  int rc = fill_options(a, how, err);
  if (rc == OK)
    return OK;
  answerer_close(a);
  *out = NULL;
  return rc;
}

void answerer_close(Answerer *a) {
  if (!a)
    return;
  answerer_empty(a);
  batch_clear(&a->batch);
  mem_free(a->pairs);
  mem_free(a->logits);
  mem_free(a);
}

/* --- Queries that are all there ------------------------------------------- */

static int run_all(Answerer *a, const AnswerQuery *queries, size_t n,
                   Error *err) {
  int rc = OK;
  for (size_t i = 0; i < n && rc == OK; i++)
    rc = answerer_add(a, queries[i].question, queries[i].context, err);
  return rc ? rc : answerer_run(a, err);
}

int answer_run(const Model *model, const Run *run, const AnswerOptions *how,
               AnswerQuery *queries, size_t n, Error *err) {
  Answerer *a;
  AnswerResult ended = {0};
  int rc = answerer_open(model, run, how, &a, &ended.error);
  rc = ended.code = rc ? rc : run_all(a, queries, n, &ended.error);
  int first = rc ? fail(err, rc, "%s", ended.error.message) : OK;
  for (size_t i = 0; i < n; i++) {
    AnswerQuery *q = &queries[i];
    AnswerResult *r = rc ? &ended : answerer_result(a, i);
    *q = (AnswerQuery){q->question, q->context, r->answers, r->code, r->error};
    r->answers = (Answers){0};
    if (first == OK && r->code != OK)
      first = fail(err, r->code, "%s", r->error.message);
  }
  answerer_close(a);
  return first;
}
