/*
 * embed.c - texts to vectors.
 *
 * In:  texts, and a model whose Sentence says how tokens are pooled.
 * Out: one vector a text.
 *
 *     prompt + text -> strip -> lower case -> tokens -> windows
 *     windows of all texts, side by side in batches -> hidden states
 *     hidden states of a window -> pooled -> mean over a text's windows
 *     -> Dense layers -> length 1 -> the first numbers (truncate_dim)
 *
 * A text longer than the model takes is cut, refused, or read in windows
 * without overlap whose pooled vectors are averaged by their tokens
 * (Overflow).  A window's vector does not depend on its neighbours in a batch.
 * Sums run in token order, in double precision: the same bits everywhere.
 *
 * Agrees with SentenceTransformer.encode of sentence-transformers 5.1 to 6.2
 * (reference/pipelines.md 7; model/sentence.c says where they differ).
 */
#include "task/embed.h"

#include <math.h>
#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "model/encoder.h"
#include "unicode/python.h"

enum { COPY_STEP = 1 << 20 }; /* bytes between two questions whether to stop */

typedef struct Window {
  size_t n;    /* tokens, template included */
  size_t text; /* whose */
} Window;

typedef struct Embedder {
  const Model *model;
  const Run *run;
  Overflow overflow;
  EmbedText *texts;
  size_t limit;       /* tokens of a window, template included */
  size_t skip;        /* tokens of the prompt, which are not pooled */
  size_t C, n_pooled; /* hidden size, numbers of a pooled vector */
  Encoding tokens;    /* the batch's windows, back to back */
  Window windows[BATCH_TOKENS];
  size_t n_windows;
  float *pooled;   /* owned: [n][n_pooled], sums over windows */
  double *weights; /* owned: [n], tokens pooled so far; 0: none */
  float *row;      /* owned: [n_pooled], of one window */
} Embedder;

/* --- Pooling --------------------------------------------------------------*/

/* One window's tokens within a batch. */
typedef struct Span {
  const Hidden *h;
  size_t first, n, skip, C;
} Span;

static float value_at(const Span *s, size_t token, size_t c) {
  size_t t = s->first + token;
  return s->h->hidden[(t / LANES * s->C + c) * LANES + t % LANES];
}

/* sum of weight * value over the tokens that count, over a divisor */
static float weighted(const Span *s, size_t c, bool by_position,
                      double divisor) {
  double sum = 0;
  for (size_t i = s->skip; i < s->n; i++)
    sum += (by_position ? (double)(i + 1) : 1) * (double)value_at(s, i, c);
  return (float)(sum / divisor);
}

static float largest(const Span *s, size_t c) {
  float top = -1e9F;
  for (size_t i = s->skip; i < s->n; i++)
    top = value_at(s, i, c) > top ? value_at(s, i, c) : top;
  return top;
}

static double position_sum(const Span *s) {
  double sum = 0;
  for (size_t i = s->skip; i < s->n; i++)
    sum += (double)(i + 1);
  return sum > 0 ? sum : 1;
}

static float pool_one(const Span *s, Pooling how, size_t c) {
  double count = s->n > s->skip ? (double)(s->n - s->skip) : 1e-9;
  switch (how) {
  case POOLING_CLS:
    return value_at(s, 0, c);
  case POOLING_MAX:
    return largest(s, c);
  case POOLING_MEAN:
    return weighted(s, c, false, count);
  case POOLING_MEAN_SQRT_LEN:
    return weighted(s, c, false, sqrt(count));
  case POOLING_WEIGHTED_MEAN:
    return weighted(s, c, true, position_sum(s));
  case POOLING_LAST_TOKEN:
    return value_at(s, s->n - 1, c);
  case POOLING_NONE:
    break;
  }
  return 0;
}

/* All poolings of a window, one behind the other. */
static void pool(const Span *s, const Poolings *poolings, float *out) {
  for (size_t i = 0; i < poolings->n; i++)
    for (size_t c = 0; c < s->C; c++)
      *out++ = pool_one(s, poolings->list[i], c);
}

/* --- Batches --------------------------------------------------------------*/

/* Adds a window's vector to its text's, by the number of its own tokens. */
static void add_row(Embedder *e, const Window *w) {
  float *sum = e->pooled + w->text * e->n_pooled;
  double weight =
      (double)(w->n - tokenizer_n_added(e->model->tokenizer, false));
  double before = e->weights[w->text];
  for (size_t i = 0; i < e->n_pooled; i++)
    sum[i] =
        before > 0
            ? (float)(((double)sum[i] * before + (double)e->row[i] * weight) /
                      (before + weight))
            : e->row[i];
  e->weights[w->text] = before + (weight > 0 ? weight : 1);
}

static int encode_batch(Embedder *e, const Sequence *sequences, Error *err) {
  Hidden h;
  int code = encoder_run(e->model, e->run, sequences, e->n_windows, &h, err);
  if (code)
    return code;
  size_t first = 0;
  for (size_t i = 0; i < e->n_windows; i++) {
    const Window *w = &e->windows[i];
    bool is_first = e->weights[w->text] == 0;
    pool(&(Span){&h, first, w->n, is_first ? e->skip : 0, e->C},
         &e->model->sentence.poolings, e->row);
    add_row(e, w);
    first += w->n;
  }
  hidden_clear(&h);
  return OK;
}

static int run_batch(Embedder *e, Error *err) {
  if (!e->n_windows)
    return OK;
  Sequence *sequences = mem_array(e->n_windows, sizeof *sequences);
  if (!sequences)
    return fail_memory(err);
  const Token *at = e->tokens.tokens;
  for (size_t i = 0; i < e->n_windows; at += e->windows[i++].n)
    sequences[i] = (Sequence){at, e->windows[i].n};
  int code = encode_batch(e, sequences, err);
  mem_free(sequences);
  e->n_windows = 0;
  e->tokens.n = 0;
  return code;
}

/* Puts the template around n tokens and adds them to the batch. */
static int add_window(Embedder *e, Encoding *tokens, size_t n, size_t text,
                      Error *err) {
  Encoding part = {tokens->tokens, n, n}, window = {0};
  int code =
      tokenizer_template(e->model->tokenizer, &part, NULL, 0, &window, err);
  if (!code && e->tokens.n + window.n > BATCH_TOKENS)
    code = run_batch(e, err);
  if (!code)
    code = encoding_append(&e->tokens, &window, err);
  if (!code)
    e->windows[e->n_windows++] = (Window){window.n, text};
  encoding_clear(&window);
  return code;
}

/* --- Texts ----------------------------------------------------------------*/

/* Copies a text, which may be so long that it must be interruptible. */
static int copy_text(const Poll *poll, EncodeText text, char *out, Error *err) {
  int code = OK;
  for (size_t done = 0, n; !code && done < text.bytes; done += n) {
    n = text.bytes - done < COPY_STEP ? text.bytes - done : COPY_STEP;
    memcpy(out + done, text.text + done, n);
    code = poll_check(poll, err);
  }
  return code;
}

/* Puts the prompt before the text; *owned is to be freed. */
static int add_prompt(const Embedder *e, EncodeText *text, char **owned,
                      Error *err) {
  const char *prompt = e->model->sentence.prompt;
  size_t n = strlen(prompt), bytes;
  *owned = size_add(n, text->bytes, &bytes) ? mem_alloc(bytes) : NULL;
  if (!*owned)
    return fail_memory(err);
  memcpy(*owned, prompt, n);
  int code = copy_text(&e->run->poll, *text, *owned + n, err);
  *text = (EncodeText){*owned, bytes};
  return code;
}

/* The text as the tokenizer gets it; *owned is to be freed. */
static int prepare(const Embedder *e, EncodeText *text, char **owned,
                   Error *err) {
  const Sentence *s = &e->model->sentence;
  int code = OK;
  *owned = NULL;
  if (s->prompt && *s->prompt)
    code = add_prompt(e, text, owned, err);
  if (!code && s->strip)
    code = python_strip(&text->text, &text->bytes, &e->run->poll, err);
  if (code || !s->lower_case)
    return code;
  char *lower;
  code = python_lower(text->text, text->bytes, &e->run->poll, &lower,
                      &text->bytes, err);
  mem_free(*owned);
  *owned = code ? NULL : lower;
  text->text = *owned;
  return code;
}

static int too_long(const Embedder *e, const TextCursor *all, Error *err) {
  const Tokenizer *t = e->model->tokenizer;
  size_t n;
  int code = tokenizer_count(t, all->text, all->bytes, &e->run->poll, &n, err);
  return code ? code
              : fail(err, ERR_RANGE,
                     "text has %zu tokens, the model's limit is %zu (overflow "
                     "= error)",
                     n + tokenizer_n_added(t, false), e->limit);
}

/* Reads a text window by window; one, unless overflow is `window`. */
static int read_windows(Embedder *e, TextCursor *cursor, size_t i,
                        Encoding *tokens, Error *err) {
  size_t room = e->limit - tokenizer_n_added(e->model->tokenizer, false);
  EmbedText *t = &e->texts[i];
  int code = OK;
  for (bool more = true; !code && more;) {
    if (tokens->n <= room && !cursor->done)
      code = tokenizer_next(cursor, room + 1 - tokens->n, &e->run->poll, tokens,
                            err);
    size_t n = tokens->n < room ? tokens->n : room;
    more = tokens->n > room;
    t->tokens += n;
    t->truncated = more && e->overflow == OVERFLOW_TRUNCATE;
    if (!code && more && e->overflow == OVERFLOW_ERROR)
      code = too_long(e, cursor, err);
    if (!code)
      code = add_window(e, tokens, n, i, err);
    encoding_drop(tokens, n);
    more = more && !t->truncated;
  }
  return code;
}

static int read_text(Embedder *e, size_t i, Error *err) {
  EncodeText text = e->texts[i].text;
  TextCursor cursor;
  Encoding tokens = {0};
  char *owned;
  e->texts[i].tokens = tokenizer_n_added(e->model->tokenizer, false);
  e->texts[i].truncated = false;
  int code = prepare(e, &text, &owned, err);
  if (!code)
    code = tokenizer_begin(e->model->tokenizer, text.text, text.bytes, &cursor,
                           err);
  if (!code)
    code = read_windows(e, &cursor, i, &tokens, err);
  encoding_clear(&tokens);
  mem_free(owned);
  return code;
}

/* --- Behind the pooling ---------------------------------------------------*/

static size_t round_up(size_t n) {
  return (n + LANES - 1) / LANES * LANES;
}

/* y = activation(W x + b); y has room for whole lanes. */
static int apply_dense(const Dense *d, const Poll *poll, const float *x,
                       float *y, Error *err) {
  const Linear *l = &d->linear;
  for (size_t i = 0; i < l->n_out; i++) {
    double sum = l->bias ? (double)l->bias[i] : 0;
    for (size_t k = 0; k < l->n_in; k++)
      sum += (double)l->weight[i * l->n_in + k] * (double)x[k];
    y[i] = (float)sum;
    if (poll_stop(poll))
      return poll_check(poll, err);
  }
  size_t n = round_up(l->n_out);
  memset(y + l->n_out, 0, (n - l->n_out) * sizeof *y);
  if (d->activation)
    kernels_pick(NULL)->activate(d->activation, n, y);
  return OK;
}

static int check_finite(const float *x, size_t n, Error *err) {
  for (size_t i = 0; i < n; i++)
    if (!isfinite(x[i]))
      return fail(err, ERR_FORMAT,
                  "the model gives non-finite output: its weights are damaged");
  return OK;
}

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

/* Makes text i's vector; x and y have room for what the layers give. */
static int finish(const Embedder *e, size_t i, float *x, float *y, Error *err) {
  const Model *m = e->model;
  int code = OK;
  memcpy(x, e->pooled + i * e->n_pooled, e->n_pooled * sizeof *x);
  for (size_t j = 0; !code && j < m->n_dense; j++) {
    code = apply_dense(&m->dense[j], &e->run->poll, x, y, err);
    float *result = y;
    y = x;
    x = result;
  }
  if (!code)
    code = check_finite(x, m->whole_dim, err);
  if (!code)
    cut(m, x, e->texts[i].vector);
  return code;
}

/* The longest vector from the pooling on. */
static size_t widest(const Embedder *e) {
  size_t n = e->n_pooled;
  for (size_t j = 0; j < e->model->n_dense; j++) {
    size_t n_out = e->model->dense[j].linear.n_out;
    n = n_out > n ? n_out : n;
  }
  return round_up(n);
}

static int finish_all(const Embedder *e, size_t n, Error *err) {
  Arena room = {0};
  size_t most = widest(e);
  arena_array(&room, most, sizeof(float));
  arena_array(&room, most, sizeof(float));
  int code = arena_open(&room, err);
  if (code)
    return code;
  float *x = arena_array(&room, most, sizeof *x);
  float *y = arena_array(&room, most, sizeof *y);
  for (size_t i = 0; !code && i < n; i++)
    code = finish(e, i, x, y, err);
  arena_close(&room);
  return code;
}

/* --- The run --------------------------------------------------------------*/

/* Tokens of the prompt alone with what the template has before it. */
static int count_prompt(Embedder *e, Error *err) {
  const Sentence *s = &e->model->sentence;
  EncodeText prompt = {"", 0}, none = {NULL, 0};
  Encoding tokens = {0};
  char *owned;
  if (!s->skip_prompt || !s->prompt || !*s->prompt)
    return OK;
  int code = prepare(e, &prompt, &owned, err);
  if (!code)
    code = tokenizer_encode(e->model->tokenizer, prompt, none,
                            TRUNCATE_LONGEST_FIRST, e->limit, &e->run->poll,
                            &tokens, NULL, err);
  size_t n = code ? 0 : tokens.n;
  e->skip = n > 0 && tokens.tokens[n - 1].special ? n - 1 : n;
  encoding_clear(&tokens);
  mem_free(owned);
  return code;
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

static int open_embedder(Embedder *e, size_t n, Error *err) {
  const Model *m = e->model;
  size_t bytes;
  int code = set_limit(e, err);
  if (code)
    return code;
  e->C = m->config.dim;
  e->n_pooled = e->C * m->sentence.poolings.n;
  if (!size_mul(n, e->n_pooled, &bytes))
    return fail_memory(err);
  e->pooled = mem_array(bytes, sizeof *e->pooled);
  e->row = mem_array(e->n_pooled, sizeof *e->row);
  e->weights = mem_array(n, sizeof *e->weights);
  if (!e->pooled || !e->row || !e->weights)
    return fail_memory(err);
  memset(e->weights, 0, n * sizeof *e->weights);
  return count_prompt(e, err);
}

static int embed_all(Embedder *e, size_t n, Error *err) {
  int code = open_embedder(e, n, err);
  for (size_t i = 0; !code && i < n; i++)
    code = read_text(e, i, err);
  if (!code)
    code = run_batch(e, err);
  return code ? code : finish_all(e, n, err);
}

int embed_run(const Model *model, const Run *run, Overflow overflow,
              EmbedText *texts, size_t n, Error *err) {
  Embedder *e = mem_zeroed(sizeof *e);
  if (!e)
    return fail_memory(err);
  e->model = model;
  e->run = run;
  e->overflow = overflow;
  e->texts = texts;
  int code = embed_all(e, n, err);
  encoding_clear(&e->tokens);
  mem_free(e->pooled);
  mem_free(e->weights);
  mem_free(e->row);
  mem_free(e);
  return code;
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
