/*
 * classify.c - logits of whole texts and pairs.
 *
 * In:  texts, and a head that reads the first token.
 * Out: its outputs for each text.
 *
 *     text (and pair) -> tokens -> windows, side by side in a Batch
 *     hidden states -> those of each window's first token -> head -> logits
 *     logits -> mean over a text's windows
 *
 * There is one window a text, unless it is longer than the model takes and
 * `window` was asked for.  Its logits grow in its row.
 *
 * Agrees with the reference's classes: cut as `longest_first`, which is what
 * their tokenizers do when told to truncate, where overflow does not say
 * otherwise.
 *
 * Refuses texts without a token, as there is none to read.
 */
#include "task/classify.h"

#include "base/memory.h"
#include "base/size.h"
#include "model/heads.h"
#include "task/batch.h"
#include "task/whole.h"
#include "text/window.h"

typedef struct Text {
  ClassifyResult result;
  double weight; /* tokens read so far; 0: none */
} Text;

struct Classifier {
  const Model *model;
  const Run *run;
  Task task;
  Overflow overflow;
  size_t L;    /* outputs of the head */
  Batch batch; /* windows, whose owners are texts */
  Text *texts; /* owned */
  size_t n, capacity;
  float *rows; /* owned: [n][L], means over windows */
  size_t rows_capacity;
  float *logits; /* owned: [windows of a run][L] */
  size_t logits_capacity;
};

/* --- Runs -----------------------------------------------------------------*/

/* Adds a window's logits to its text's, by the number of its own tokens. */
static void add_row(Classifier *c, size_t text, const float *logits,
                    size_t n_tokens) {
  float *mean = c->rows + text * c->L;
  size_t added = tokenizer_n_added(c->model->tokenizer, false);
  double before = c->texts[text].weight;
  double weight = n_tokens > added ? (double)(n_tokens - added) : 1;
  for (size_t i = 0; i < c->L; i++)
    mean[i] =
        before > 0
            ? (float)(((double)mean[i] * before + (double)logits[i] * weight) /
                      (before + weight))
            : logits[i];
  c->texts[text].weight = before + weight;
}

static int reserve_run(Classifier *c, size_t n, Error *err) {
  size_t numbers;
  if (!size_mul(n, c->L, &numbers) ||
      mem_reserve(&c->logits, &c->logits_capacity, numbers, sizeof *c->logits))
    return fail_memory(err);
  return OK;
}

static int run_windows(void *task, const Sequence *windows,
                       const size_t *owners, size_t n, Error *err) {
  Classifier *c = task;
  Hidden h;
  int rc = reserve_run(c, n, err);
  rc = rc ? rc : encoder_run(c->model, c->run, windows, n, &h, err);
  if (rc)
    return rc;
  rc = head_run(c->model, c->run, c->task, &h, h.first, n, c->logits, err);
  hidden_clear(&h);
  for (size_t i = 0; i < n && rc == OK; i++)
    add_row(c, owners[i], c->logits + i * c->L, windows[i].n);
  return rc;
}

static void blame(void *task, size_t owner, int rc, const Error *error) {
  ClassifyResult *result = &((Classifier *)task)->texts[owner].result;
  if (result->code)
    return;
  result->code = rc;
  result->error = *error;
}

/* --- Texts ----------------------------------------------------------------*/

static int too_long(const Classifier *c, const ClassifyText *text, Error *err) {
  bool windows = text->pair.text && c->overflow == OVERFLOW_WINDOW;
  return whole_too_long(c->model, &c->run->poll, text->text, text->pair,
                        windows ? ", and windows are of one text" : "", err);
}

/* A tokenizer without special tokens makes nothing of an empty text. */
static int check_tokens(const Classifier *c, size_t n, Error *err) {
  return n ? OK
           : fail(err, ERR_RANGE, "text has 0 tokens, the model takes 1 to %zu",
                  c->model->max_tokens);
}

/* The text or pair as one input, cut if that is wanted. */
static int read_whole(Classifier *c, const ClassifyText *text, size_t i,
                      Error *err) {
  ClassifyResult *result = &c->texts[i].result;
  bool cut;
  int rc = tokenizer_encode(
      c->model->tokenizer, text->text, text->pair,
      text->cut == TRUNCATE_NOT ? TRUNCATE_LONGEST_FIRST : text->cut,
      c->model->max_tokens, &c->run->poll, &c->batch.tokens, &cut, err);
  if (rc)
    return rc;
  result->tokens = batch_pending(&c->batch);
  result->truncated = cut;
  if (cut && text->cut == TRUNCATE_NOT && c->overflow != OVERFLOW_TRUNCATE)
    return too_long(c, text, err);
  return check_tokens(c, result->tokens, err);
}

/* All of a text's windows, none of which has a token of another. */
static int add_windows(Classifier *c, Windows *windows, size_t i, Error *err) {
  int rc = OK;
  for (bool more = true; rc == OK;) {
    rc = windows_next(windows, &c->run->poll, &c->batch.tokens, &more, err);
    if (rc || !more)
      return rc;
    c->texts[i].result.tokens += batch_pending(&c->batch);
    rc = batch_add(&c->batch, i, err);
  }
  return rc;
}

static int read_windows(Classifier *c, EncodeText text, size_t i, Error *err) {
  Windows windows;
  int rc = windows_open(c->model->tokenizer, (EncodeText){NULL, 0}, text,
                        c->model->max_tokens, (Stride){0, false}, &c->run->poll,
                        &windows, err);
  if (rc)
    return rc;
  rc = add_windows(c, &windows, i, err);
  windows_close(&windows);
  Error own;
  if (rc)
    return rc;
  rc = check_tokens(c, c->texts[i].result.tokens, &own);
  return batch_judge(&c->batch, i, rc, &own, err);
}

static int read_text(Classifier *c, const ClassifyText *text, size_t i,
                     Error *err) {
  Error own;
  if (c->overflow == OVERFLOW_WINDOW && !text->pair.text &&
      text->cut == TRUNCATE_NOT)
    return read_windows(c, text->text, i, err);
  int rc = read_whole(c, text, i, &own);
  rc = batch_judge(&c->batch, i, rc, &own, err);
  if (rc == OK && c->texts[i].result.code == OK)
    return batch_add(&c->batch, i, err);
  batch_undo(&c->batch);
  return rc;
}

int classifier_add(Classifier *c, const ClassifyText *text, Error *err) {
  size_t numbers;
  if (!size_mul(c->n + 1, c->L, &numbers) ||
      mem_reserve(&c->rows, &c->rows_capacity, numbers, sizeof *c->rows) ||
      mem_reserve(&c->texts, &c->capacity, c->n + 1, sizeof *c->texts))
    return fail_memory(err);
  c->texts[c->n++] = (Text){0};
  return read_text(c, text, c->n - 1, err);
}

int classifier_run(Classifier *c, Error *err) {
  int rc = batch_flush(&c->batch, err);
  for (size_t i = 0; i < c->n; i++)
    c->texts[i].result.logits =
        c->texts[i].result.code ? NULL : c->rows + i * c->L;
  return rc;
}

const ClassifyResult *classifier_result(const Classifier *c, size_t text) {
  return &c->texts[text].result;
}

/* --- From open to close ---------------------------------------------------*/

int classifier_open(const Model *model, const Run *run, Task task,
                    Overflow overflow, Classifier **out, Error *err) {
  size_t outputs = head_outputs(model, task);
  *out = NULL;
  if (outputs == 0)
    return fail(err, ERR_RANGE, "the model has no %s head", tasks[task].head);
  Classifier *c = mem_zeroed(sizeof *c);
  if (!c)
    return fail_memory(err);
  *c = (Classifier){.model = model,
                    .run = run,
                    .task = task,
                    .overflow = overflow,
                    .L = outputs,
                    .batch = {.task = c, .run = run_windows, .blame = blame}};
  *out = c;
  return OK;
}

void classifier_empty(Classifier *c) {
  c->n = 0;
  batch_empty(&c->batch);
}

void classifier_close(Classifier *c) {
  if (!c)
    return;
  batch_clear(&c->batch);
  mem_free(c->texts);
  mem_free(c->rows);
  mem_free(c->logits);
  mem_free(c);
}
