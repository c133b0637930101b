/*
 * embed.c - texts to vectors.
 *
 * In:  texts, and a model whose Sentence says how tokens are pooled.
 * Out: one vector a text.
 *
 *     prompt + text -> strip -> lower case -> tokens -> windows
 *     windows of all texts, side by side in a Batch -> hidden states
 *     hidden states of a window -> pooled -> mean over a text's windows
 *     -> Dense layers -> length 1 -> the first numbers (truncate_dim)
 *
 * A text longer than the model takes is cut, refused, or read in windows
 * without overlap whose pooled vectors are averaged by their tokens
 * (Overflow).  A window's vector does not depend on its neighbours in a batch.
 * A text's vector grows in its row, from the first window's to what it is worth
 * in the end.
 *
 * Agrees with SentenceTransformer.encode of sentence-transformers 5.1 to 6.2
 * (reference/pipelines.md 7; model/sentence.c says where they differ).
 */
#include "task/embed.h"

#include <math.h>
#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "model/dense.h"
#include "model/encoder.h"
#include "task/batch.h"
#include "task/pooling.h"
#include "unicode/python.h"

/* Tokens of short windows that are run together: their vectors are pooled on
 * the way and take no memory, and threads end a run at nearly the same time. */
enum { ROOM = 4 * SHORT_BATCH_TOKENS };

typedef struct Text {
  EmbedResult result;
  double weight; /* tokens pooled so far; 0: none */
} Text;

struct Embedder {
  const Model *model;
  const Run *run;
  Overflow overflow;
  size_t limit;       /* tokens of a window, template included */
  size_t skip;        /* tokens of the prompt, which are not pooled */
  size_t C, n_pooled; /* hidden size, numbers of a pooled vector */
  Batch batch;        /* windows, whose owners are texts */
  Text *texts;        /* owned */
  size_t n, capacity;
  float *rows;  /* owned: [n][width], means over windows, then vectors */
  size_t width; /* max(n_pooled, vector_dim) */
  size_t rows_capacity;
  float *pooled; /* owned: [n][n_pooled], of the windows of a run */
  size_t pooled_capacity;
  Encoding ahead; /* tokens of the text being read */
};

/* --- Windows --------------------------------------------------------------*/

/* Windows on their way through the model. */
typedef struct Windows {
  Embedder *e;
  const Sequence *list;
  const size_t *owners;
} Windows;

/* Windows of a text follow each other. */
static bool is_first(const Windows *w, size_t i) {
  return w->e->texts[w->owners[i]].weight == 0 &&
         (i == 0 || w->owners[i - 1] != w->owners[i]);
}

static void use_window(void *arg, size_t i, const Hidden *h, size_t first) {
  const Windows *w = arg;
  const Embedder *e = w->e;
  pool_window(h, e->C, first, w->list[i].n, is_first(w, i) ? e->skip : 0,
              &e->model->sentence.poolings, e->pooled + i * e->n_pooled);
}

/* Adds a window's vector to its text's, by the number of its own tokens. */
static void add_row(Embedder *e, size_t text, size_t n, const float *row) {
  float *sum = e->rows + text * e->width;
  double weight = (double)(n - tokenizer_n_added(e->model->tokenizer, false));
  double before = e->texts[text].weight;
  for (size_t i = 0; i < e->n_pooled; i++)
    sum[i] = before > 0
                 ? (float)(((double)sum[i] * before + (double)row[i] * weight) /
                           (before + weight))
                 : row[i];
  e->texts[text].weight = before + (weight > 0 ? weight : 1);
}

static int run_windows(void *task, const Sequence *windows,
                       const size_t *owners, size_t n, Error *err) {
  Embedder *e = task;
  Windows w = {e, windows, owners};
  size_t numbers;
  if (!size_mul(n, e->n_pooled, &numbers) ||
      mem_reserve(&e->pooled, &e->pooled_capacity, numbers, sizeof *e->pooled))
    return fail_memory(err);
  int rc = encoder_each(e->model, e->run, windows, n, use_window, &w, err);
  for (size_t i = 0; rc == OK && i < n; i++)
    add_row(e, owners[i], windows[i].n, e->pooled + i * e->n_pooled);
  return rc;
}

static void blame(void *task, size_t owner, int rc, const Error *error) {
  EmbedResult *result = &((Embedder *)task)->texts[owner].result;
  if (result->code)
    return;
  result->code = rc;
  result->error = *error;
}

/* Puts the template around the first n tokens and adds them to the batch. */
static int add_window(Embedder *e, size_t n, size_t text, Error *err) {
  TokenList one[2] = {{e->ahead.tokens, n}};
  int rc = tokenizer_template(e->model->tokenizer, false, one, &e->batch.tokens,
                              err);
  return rc ? rc : batch_add(&e->batch, text, err);
}

/* --- Texts ----------------------------------------------------------------*/

/* Puts the prompt before the text; *owned is to be freed. */
static int add_prompt(const Embedder *e, EncodeText *text, char **owned,
                      Error *err) {
  const char *prompt = e->model->sentence.prompt;
  size_t n = strlen(prompt), bytes;
  *owned = size_add(n, text->bytes, &bytes) ? mem_alloc(bytes) : NULL;
  if (!*owned)
    return fail_memory(err);
  memcpy(*owned, prompt, n);
  int rc = poll_copy(&e->run->poll, *owned + n, text->text, text->bytes, err);
  *text = (EncodeText){*owned, bytes};
  return rc;
}

/* The text as the tokenizer gets it; *owned is to be freed. */
static int prepare(const Embedder *e, EncodeText *text, char **owned,
                   Error *err) {
  const Sentence *s = &e->model->sentence;
  int rc = OK;
  *owned = NULL;
  if (s->prompt && *s->prompt)
    rc = add_prompt(e, text, owned, err);
  if (!rc && s->strip)
    rc = python_strip(&text->text, &text->bytes, &e->run->poll, err);
  if (rc || !s->lower_case)
    return rc;
  char *lower;
  rc = python_lower(text->text, text->bytes, &e->run->poll, &lower,
                    &text->bytes, err);
  mem_free(*owned);
  *owned = rc ? NULL : lower;
  text->text = *owned;
  return rc;
}

static int too_long(const Embedder *e, const TextCursor *all, Error *err) {
  const Tokenizer *t = e->model->tokenizer;
  size_t n;
  int rc = tokenizer_count(t, all->text, all->bytes, &e->run->poll, &n, err);
  return rc ? rc
            : fail(err, ERR_RANGE,
                   "text has %zu tokens, the model's limit is %zu (overflow "
                   "= error)",
                   n + tokenizer_n_added(t, false), e->limit);
}

/* A tokenizer without special tokens makes nothing of an empty text. */
static int check_tokens(const Embedder *e, size_t n, Error *err) {
  if (n + tokenizer_n_added(e->model->tokenizer, false) > 0)
    return OK;
  return fail(err, ERR_RANGE, "text has 0 tokens, the model takes 1 to %zu",
              e->model->max_tokens);
}

/* Reads the next window's tokens, so many as it takes and one more. */
static int read_ahead(Embedder *e, TextCursor *cursor, size_t room,
                      Error *err) {
  if (e->ahead.n > room || cursor->done)
    return OK;
  return tokenizer_next(cursor, room + 1 - e->ahead.n, &e->run->poll, &e->ahead,
                        err);
}

/* Counts the text's next window, and whether there is more: one, unless
 * overflow is `window`. *n: the window's tokens. */
static int next_window(Embedder *e, TextCursor *cursor, size_t text, size_t *n,
                       bool *more, Error *err) {
  size_t room = e->limit - tokenizer_n_added(e->model->tokenizer, false);
  EmbedResult *result = &e->texts[text].result;
  int rc = read_ahead(e, cursor, room, err);
  if (rc)
    return rc;
  *more = e->ahead.n > room;
  *n = *more ? room : e->ahead.n;
  result->tokens += *n;
  result->truncated = *more && e->overflow == OVERFLOW_TRUNCATE;
  if (*more && e->overflow == OVERFLOW_ERROR)
    return too_long(e, cursor, err);
  *more = *more && !result->truncated;
  return check_tokens(e, *n, err);
}

static int read_windows(Embedder *e, TextCursor *cursor, size_t text,
                        Error *err) {
  int rc = OK;
  e->ahead.n = 0;
  for (bool more = true; !rc && more;) {
    Error own;
    size_t n;
    int judged = next_window(e, cursor, text, &n, &more, &own);
    if (judged)
      return batch_judge(&e->batch, text, judged, &own, err);
    rc = add_window(e, n, text, err);
    encoding_drop(&e->ahead, n);
  }
  return rc;
}

static int read_text(Embedder *e, EncodeText text, size_t i, Error *err) {
  TextCursor cursor;
  Error own;
  char *owned;
  int rc = prepare(e, &text, &owned, &own);
  if (!rc)
    rc = tokenizer_begin(e->model->tokenizer, text.text, text.bytes, &cursor,
                         &own);
  rc = rc ? batch_judge(&e->batch, i, rc, &own, err)
          : read_windows(e, &cursor, i, err);
  mem_free(owned);
  return rc;
}

int embedder_add(Embedder *e, EncodeText text, Error *err) {
  size_t numbers;
  if (!size_mul(e->n + 1, e->width, &numbers) ||
      mem_reserve(&e->rows, &e->rows_capacity, numbers, sizeof *e->rows) ||
      mem_reserve(&e->texts, &e->capacity, e->n + 1, sizeof *e->texts))
    return fail_memory(err);
  e->texts[e->n++] = (Text){
      .result = {.tokens = tokenizer_n_added(e->model->tokenizer, false)}};
  return read_text(e, text, e->n - 1, err);
}

/* --- Behind the pooling ---------------------------------------------------*/

static void normalise(float *x, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += (double)x[i] * (double)x[i];
  double length = sqrt(sum) > 1e-12 ? sqrt(sum) : 1e-12;
  for (size_t i = 0; i < n; i++)
    x[i] = (float)((double)x[i] / length);
}

/* The first numbers of a vector, as truncate_dim says, and lengths. */
static void cut(const Model *m, float *x, float *out) {
  if (m->sentence.normalize == NORMALIZE_WHOLE)
    normalise(x, m->whole_dim);
  memcpy(out, x, m->vector_dim * sizeof *out);
  if (m->sentence.normalize == NORMALIZE_CUT)
    normalise(out, m->vector_dim);
}

/* Makes text i's vector of its row; x and y have room for what layers give. */
static int finish(Embedder *e, size_t i, float *x, float *y, Error *err) {
  const Model *m = e->model;
  float *row = e->rows + i * e->width;
  int rc = OK;
  memcpy(x, row, e->n_pooled * sizeof *x);
  for (size_t j = 0; !rc && j < m->n_dense; j++) {
    rc = dense_apply(&m->dense[j], &e->run->poll, x, y, err);
    float *result = y;
    y = x;
    x = result;
  }
  if (!rc)
    rc = output_check(x, m->whole_dim, err);
  if (!rc)
    cut(m, x, row);
  return rc;
}

/* The longest vector from the pooling on. */
static size_t widest(const Embedder *e) {
  size_t n = e->n_pooled;
  for (size_t j = 0; j < e->model->n_dense; j++) {
    size_t n_out = e->model->dense[j].linear.n_out;
    n = n_out > n ? n_out : n;
  }
  return dense_room(n);
}

static int finish_all(Embedder *e, float *x, float *y, Error *err) {
  int rc = OK;
  for (size_t i = 0; !rc && i < e->n; i++) {
    EmbedResult *result = &e->texts[i].result;
    Error own;
    if (result->code)
      continue;
    rc = finish(e, i, x, y, &own);
    rc = batch_judge(&e->batch, i, rc, &own, err);
    result->vector = result->code ? NULL : e->rows + i * e->width;
  }
  return rc;
}

int embedder_run(Embedder *e, Error *err) {
  Arena room = {0};
  size_t most = widest(e);
  int rc = batch_flush(&e->batch, err);
  arena_array(&room, most, sizeof(float));
  arena_array(&room, most, sizeof(float));
  rc = rc ? rc : arena_open(&room, err);
  if (rc)
    return rc;
  float *x = arena_array(&room, most, sizeof *x);
  float *y = arena_array(&room, most, sizeof *y);
  rc = finish_all(e, x, y, err);
  arena_close(&room);
  return rc;
}

const EmbedResult *embedder_result(const Embedder *e, size_t text) {
  return &e->texts[text].result;
}

void embedder_empty(Embedder *e) {
  e->n = 0;
  batch_empty(&e->batch);
}

/* --- From open to close ---------------------------------------------------*/

/* Tokens of the prompt alone with what the template has before it. */
static int count_prompt(Embedder *e, Error *err) {
  const Sentence *s = &e->model->sentence;
  EncodeText prompt = {"", 0}, none = {NULL, 0};
  Encoding tokens = {0};
  char *owned;
  if (!s->skip_prompt || !s->prompt || !*s->prompt)
    return OK;
  int rc = prepare(e, &prompt, &owned, err);
  if (!rc)
    rc = tokenizer_encode(e->model->tokenizer, prompt, none,
                          TRUNCATE_LONGEST_FIRST, e->limit, &e->run->poll,
                          &tokens, NULL, err);
  size_t n = rc ? 0 : tokens.n;
  e->skip = n > 0 && tokens.tokens[n - 1].special ? n - 1 : n;
  encoding_clear(&tokens);
  mem_free(owned);
  return rc;
}

/* A window must have room for a token of the text. */
static int set_limit(Embedder *e, Error *err) {
  const Model *m = e->model;
  size_t added = tokenizer_n_added(m->tokenizer, false);
  e->limit = model_embed_tokens(m);
  return e->limit > added
             ? OK
             : fail(err, ERR_RANGE,
                    "the model's limit of %zu tokens leaves no room for a "
                    "text beside %zu special ones",
                    e->limit, added);
}

static int prepare_embedder(Embedder *e, Error *err) {
  const Model *m = e->model;
  int rc = set_limit(e, err);
  if (rc)
    return rc;
  e->C = m->config.dim;
  e->n_pooled = e->C * m->sentence.poolings.n;
  e->width = e->n_pooled > m->vector_dim ? e->n_pooled : m->vector_dim;
  return count_prompt(e, err);
}

int embedder_open(const Model *model, const Run *run, Overflow overflow,
                  Embedder **out, Error *err) {
  Embedder *e = *out = mem_zeroed(sizeof *e);
  if (!e)
    return fail_memory(err);
  e->model = model;
  e->run = run;
  e->overflow = overflow;
  e->batch =
      (Batch){.task = e, .run = run_windows, .blame = blame, .room = ROOM};
  int rc = prepare_embedder(e, err);
  if (rc) {
    embedder_close(e);
    *out = NULL;
  }
  return rc;
}

void embedder_close(Embedder *e) {
  if (!e)
    return;
  batch_clear(&e->batch);
  encoding_clear(&e->ahead);
  mem_free(e->texts);
  mem_free(e->rows);
  mem_free(e->pooled);
  mem_free(e);
}

/* --- Texts that are all there ---------------------------------------------*/

static int run_all(Embedder *e, const EmbedText *texts, size_t n, Error *err) {
  int rc = OK;
  for (size_t i = 0; !rc && i < n; i++)
    rc = embedder_add(e, texts[i].text, err);
  return rc ? rc : embedder_run(e, err);
}

int embed_run(const Model *model, const Run *run, Overflow overflow,
              EmbedText *texts, size_t n, Error *err) {
  Embedder *e;
  EmbedResult ended = {0};
  int rc = embedder_open(model, run, overflow, &e, &ended.error);
  rc = ended.code = rc ? rc : run_all(e, texts, n, &ended.error);
  int first = rc ? fail(err, rc, "%s", ended.error.message) : OK;
  for (size_t i = 0; i < n; i++) {
    const EmbedResult *r = rc ? &ended : embedder_result(e, i);
    EmbedText *t = &texts[i];
    *t = (EmbedText){t->text,      t->vector, r->tokens,
                     r->truncated, r->code,   r->error};
    if (r->vector)
      memcpy(t->vector, r->vector, model->vector_dim * sizeof *t->vector);
    if (!first && r->code)
      first = fail(err, r->code, "%s", r->error.message);
  }
  embedder_close(e);
  return first;
}

double vector_cosine(const float *a, const float *b, size_t n) {
  double dot = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < n; i++) {
    dot += (double)a[i] * (double)b[i];
    aa += (double)a[i] * (double)a[i];
    bb += (double)b[i] * (double)b[i];
  }
  double scale = sqrt(aa * bb); /* so that a vector is like itself: 1 */
  if (!(scale > 0))
    return 0;
  double cosine = dot / scale;
  return cosine > 1 ? 1 : cosine < -1 ? -1 : cosine;
}
