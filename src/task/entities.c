/*
 * entities.c - named entities in texts of any length.
 *
 * In:  texts, and the pipeline's parameters.
 * Out: the entities of each text.
 *
 *     text -> windows \                                 groups of its tokens,
 *     text -> windows  > Batch -> logits -> scores ->   and what overlaps in
 *     text -> windows /                                 two windows once
 *
 * A window that waits in the batch has a record beside it: which text it is of,
 * and what the text tells of its tokens (Mark), so that the text may go.
 * Memory is that of one run and of the entities found, however long a text is.
 *
 * Agrees with the token-classification pipeline of transformers: with
 * OVERFLOW_TRUNCATE as it is without `stride`, with OVERFLOW_WINDOW as it is
 * with one, and with either where a text fits.  Where the reference has no
 * answer, tokens one by one (AGGREGATION_NONE) over several windows, a token is
 * of the window that knows more of its surroundings: the half of an overlap
 * that lies nearer to a window is that window's.
 *
 * Refuses a stride that is not below the window, as there.
 */
#include "task/entities.h"

#include "base/memory.h"
#include "base/size.h"
#include "base/utf8.h"
#include "model/heads.h"
#include "task/batch.h"
#include "task/scores.h"
#include "task/text_list.h"
#include "task/whole.h"
#include "text/window.h"

const EntityOptions entity_defaults = {.aggregation = AGGREGATION_SIMPLE,
                                       .overflow = OVERFLOW_WINDOW,
                                       .stride = ENTITY_STRIDE,
                                       .ignore = {NULL, 0}};

typedef struct Text {
  EntityResult result;
  size_t n_windows; /* that have run */
  Settled settled;
} Text;

/* A window that waits. */
typedef struct Waiting {
  size_t text;
  size_t from, to, position; /* as in TaggedWindow */
  Mark *marks;               /* owned: [tokens] */
  char *unknown;             /* owned */
  size_t n_unknown, unknown_capacity;
} Waiting;

struct Tagger {
  const Model *model;
  const Run *run;
  Overflow overflow;
  Stride stride;
  Grouper grouper;
  Batch batch; /* windows; their owners count them all */
  Text *texts; /* owned */
  size_t n, capacity;
  Waiting *waiting; /* owned: of the batch's windows, and the one being read */
  size_t n_waiting, waiting_capacity;
  size_t first_waiting; /* the owner that stands for waiting[0] */
  float *scores;        /* owned: of a run, [tokens][L] */
  size_t scores_capacity;
  Score *row; /* owned: [L] */
};

/* --- Runs ------------------------------------------------------------------*/

static int reserve_scores(Tagger *t, size_t n_tokens, Error *err) {
  size_t numbers;
  if (!size_mul(n_tokens, t->grouper.L, &numbers) ||
      mem_reserve(&t->scores, &t->scores_capacity, numbers, sizeof *t->scores))
    return fail_memory(err);
  return OK;
}

/* Softmax, a token's logits at a time, in their place. */
static void make_scores(Tagger *t, size_t n_tokens) {
  size_t L = t->grouper.L;
  for (float *at = t->scores; n_tokens > 0; n_tokens--, at += L) {
    scores_of(SCORING_SOFTMAX, at, L, t->row);
    for (size_t i = 0; i < L; i++)
      at[i] = t->row[i].value;
  }
}

/* The first character that a window's tokens stand for. */
static uint32_t first_start(const Sequence *window) {
  size_t i = 0;
  while (i < window->n && window->tokens[i].special)
    i++;
  return i < window->n ? window->tokens[i].start : 0;
}

static bool overlaps(const Tagger *t) {
  return t->grouper.aggregation != AGGREGATION_NONE;
}

static int take_window(Tagger *t, const Waiting *w, const Sequence *window,
                       const float *scores, Error *err) {
  Text *text = &t->texts[w->text];
  TaggedWindow tagged = {.tokens = window->tokens,
                         .n = window->n,
                         .scores = scores,
                         .marks = w->marks,
                         .unknown = w->unknown,
                         .from = w->from,
                         .to = w->to,
                         .position = w->position};
  if (text->result.code)
    return OK;
  if (text->n_windows++ > 0 && overlaps(t))
    entities_settle(&text->result.list, &text->settled, first_start(window));
  return groups_find(&t->grouper, &tagged, &text->result.list, err);
}

static int read_scores(Tagger *t, const Hidden *h, Error *err) {
  size_t n = h->n_tokens;
  int rc = reserve_scores(t, n, err);
  rc = rc ? rc
          : head_run(t->model, t->run, TASK_ENTITIES, h, NULL, n, t->scores,
                     err);
  if (rc == OK)
    make_scores(t, n);
  return rc;
}

static int run_windows(void *task, const Sequence *windows,
                       const size_t *owners, size_t n, Error *err) {
  Tagger *t = task;
  Hidden h;
  int rc = encoder_run(t->model, t->run, windows, n, &h, err);
  if (rc)
    return rc;
  rc = read_scores(t, &h, err);
  for (size_t i = 0; i < n && rc == OK; i++) {
    const Waiting *w = &t->waiting[owners[i] - t->first_waiting];
    rc = take_window(t, w, &windows[i], t->scores + h.first[i] * t->grouper.L,
                     err);
  }
  hidden_clear(&h);
  return rc;
}

static void blame(void *task, size_t owner, int rc, const Error *error) {
  Tagger *t = task;
  EntityResult *result =
      &t->texts[t->waiting[owner - t->first_waiting].text].result;
  if (result->code)
    return;
  result->code = rc;
  result->error = *error;
}

/* --- Windows that wait -----------------------------------------------------*/

static void forget(Waiting *w) {
  mem_free(w->marks);
  mem_free(w->unknown);
}

/* Forgets all but the last n. */
static void forget_run(Tagger *t, size_t n) {
  size_t gone = t->n_waiting - n;
  for (size_t i = 0; i < gone; i++)
    forget(&t->waiting[i]);
  for (size_t i = 0; gone > 0 && i < n; i++)
    t->waiting[i] = t->waiting[gone + i];
  t->n_waiting = n;
  t->first_waiting += gone;
}

/* Keeps the text of an unknown token, with U+FFFD for what is not UTF-8. */
static int keep_unknown(Tagger *t, Waiting *w, EncodeText text,
                        const Token *token, Mark *mark, Error *err) {
  enum { POLL_EVERY = 1 << 16 };
  size_t before = w->n_unknown;
  int rc = OK;
  for (size_t at = token->byte_start, n = 0; at < token->byte_end && !rc; n++) {
    uint32_t code;
    if (mem_reserve(&w->unknown, &w->unknown_capacity, w->n_unknown + 4, 1))
      return fail_memory(err);
    at += utf8_decode(text.text, token->byte_end, at, &code);
    unsigned char *to = (unsigned char *)w->unknown + w->n_unknown;
    w->n_unknown += utf8_encode(code, to);
    if (n % POLL_EVERY == 0)
      rc = poll_check(&t->run->poll, err);
  }
  mark->unknown_bytes = w->n_unknown - before;
  return rc;
}

/* What the text tells of n tokens; *plain: how many are not the template's. */
static int read_marks(Tagger *t, Waiting *w, EncodeText text,
                      const Token *tokens, size_t n, size_t *plain,
                      Error *err) {
  const Tokenizer *tokenizer = t->model->tokenizer;
  int32_t unk = tokenizer_special(tokenizer).unk;
  int rc = OK;
  *plain = 0;
  w->marks = mem_array(n, sizeof *w->marks);
  if (!w->marks)
    return fail_memory(err);
  for (size_t i = 0; i < n && rc == OK; i++) {
    w->marks[i] = (Mark){false, 0};
    if (tokens[i].special)
      continue;
    ++*plain;
    if (tokens[i].id == unk)
      rc = keep_unknown(t, w, text, &tokens[i], &w->marks[i], err);
    else
      w->marks[i].goes_on = groups_goes_on(tokenizer, text, &tokens[i]);
  }
  return rc;
}

/* Which tokens of the window that was read are its own: all, or its part of
 * those it shares. `position` is that of its first. */
static void share(const Tagger *t, const Windows *windows, size_t position,
                  Waiting *w) {
  size_t shared = windows->stride.tokens, half = (shared + 1) / 2;
  w->from = 0;
  w->to = SIZE_MAX;
  w->position = position;
  if (overlaps(t) || t->overflow != OVERFLOW_WINDOW)
    return;
  if (position > 0)
    w->from = half;
  if (!windows->done)
    w->to = half + windows->size - shared;
}

/* The next window into the batch's tokens, and its record into *w. */
static int read_window(Tagger *t, Windows *windows, EncodeText text, Waiting *w,
                       bool *more, Error *err) {
  Batch *b = &t->batch;
  size_t position = windows->position, plain;
  int rc = windows_next(windows, &t->run->poll, &b->tokens, more, err);
  if (rc || !*more)
    return rc;
  if (!windows->done && t->overflow == OVERFLOW_ERROR)
    return whole_too_long(t->model, &t->run->poll, text, (EncodeText){NULL, 0},
                          "", err);
  share(t, windows, position, w);
  rc = read_marks(t, w, text, b->tokens.tokens + b->n_tokens, batch_pending(b),
                  &plain, err);
  if (rc == OK && plain == 0)
    batch_undo(b); /* nothing to label */
  *more = !windows->done && t->overflow == OVERFLOW_WINDOW;
  return rc;
}

/* A record stays while its window is in the batch. */
static int add_window(Tagger *t, Windows *windows, EncodeText text, bool *more,
                      Error *err) {
  size_t i = t->n_waiting, owner = t->first_waiting + i;
  Error own;
  if (mem_reserve(&t->waiting, &t->waiting_capacity, i + 1, sizeof *t->waiting))
    return fail_memory(err);
  t->waiting[t->n_waiting++] = (Waiting){.text = t->n - 1};
  int rc = read_window(t, windows, text, &t->waiting[i], more, &own);
  rc = batch_judge(&t->batch, owner, rc, &own, err);
  if (rc || t->texts[t->n - 1].result.code)
    batch_undo(&t->batch);
  rc = rc ? rc : batch_add(&t->batch, owner, err);
  if (t->batch.n > 0 && t->batch.owners[t->batch.n - 1] == owner)
    forget_run(t, t->batch.n);
  else
    forget(&t->waiting[--t->n_waiting]);
  return rc;
}

/* --- Texts -----------------------------------------------------------------*/

int tagger_add(Tagger *t, EncodeText text, Error *err) {
  Windows windows;
  bool more = true;
  if (mem_reserve(&t->texts, &t->capacity, t->n + 1, sizeof *t->texts))
    return fail_memory(err);
  Text *new = &t->texts[t->n++];
  *new = (Text){0};
  int rc = windows_open(t->model->tokenizer, (EncodeText){NULL, 0}, text,
                        t->model->max_tokens, t->stride, &t->run->poll,
                        &windows, &new->result.error);
  if (rc == ERR_RANGE) {
    new->result.code = rc;
    return OK;
  }
  if (rc)
    return fail(err, rc, "%s", new->result.error.message);
  while (rc == OK && more && new->result.code == OK)
    rc = add_window(t, &windows, text, &more, err);
  windows_close(&windows);
  return rc;
}

static void end_text(Tagger *t, Text *text) {
  if (text->result.code)
    entities_clear(&text->result.list);
  else if (text->n_windows > 1 && overlaps(t))
    entities_settle(&text->result.list, &text->settled, UINT32_MAX);
}

int tagger_run(Tagger *t, Error *err) {
  int rc = batch_flush(&t->batch, err);
  forget_run(t, 0);
  for (size_t i = 0; i < t->n && rc == OK; i++)
    end_text(t, &t->texts[i]);
  return rc;
}

EntityResult *tagger_result(Tagger *t, size_t text) {
  return &t->texts[text].result;
}

void tagger_empty(Tagger *t) {
  for (size_t i = 0; i < t->n; i++)
    entities_clear(&t->texts[i].result.list);
  t->n = 0;
  batch_empty(&t->batch);
  forget_run(t, 0);
}

/* --- From open to close ----------------------------------------------------*/

static int read_ignored(Tagger *t, EncodeText ignore, Error *err) {
  TextList list;
  if (!ignore.text)
    ignore = (EncodeText){"O", 1};
  int rc =
      text_list_read("ignore", ignore, LIST_COMMAS, &t->run->poll, &list, err);
  if (rc)
    return rc;
  rc = groups_open(&t->grouper, list.texts, list.n, err);
  text_list_clear(&list);
  return rc;
}

/* A default yields to a small window, for which it is too much. */
static int read_stride(Tagger *t, size_t stride, Error *err) {
  size_t limit = t->model->max_tokens;
  size_t added = tokenizer_n_added(t->model->tokenizer, false);
  t->stride = (Stride){limit / 4, true};
  if (stride == ENTITY_STRIDE || t->overflow != OVERFLOW_WINDOW)
    return OK;
  t->stride = (Stride){stride, false};
  return limit <= added || stride < limit - added
             ? OK
             : fail(err, ERR_RANGE,
                    "a stride of %zu tokens is not less than the window's %zu",
                    stride, limit - added);
}

static int prepare(Tagger *t, const EntityOptions *how, Error *err) {
  size_t L = head_outputs(t->model, TASK_ENTITIES);
  if (L == 0)
    return fail(err, ERR_RANGE, "the model has no %s head",
                tasks[TASK_ENTITIES].head);
  t->overflow = how->overflow;
  t->grouper = (Grouper){.tokenizer = t->model->tokenizer,
                         .labels = &t->model->labels,
                         .poll = &t->run->poll,
                         .aggregation = how->aggregation,
                         .L = L};
  t->row = mem_array(L, sizeof *t->row);
  if (!t->row)
    return fail_memory(err);
  int rc = read_stride(t, how->stride, err);
  return rc ? rc : read_ignored(t, how->ignore, err);
}

int tagger_open(const Model *model, const Run *run, const EntityOptions *how,
                Tagger **out, Error *err) {
  Tagger *t = *out = mem_zeroed(sizeof *t);
  if (!t)
    return fail_memory(err);
  t->model = model;
  t->run = run;
  t->batch = (Batch){.task = t, .run = run_windows, .blame = blame};
  int rc = prepare(t, how, err);
  if (rc == OK)
    return OK;
  tagger_close(t);
  *out = NULL;
  return rc;
}

void tagger_close(Tagger *t) {
  if (!t)
    return;
  tagger_empty(t);
  batch_clear(&t->batch);
  groups_close(&t->grouper);
  mem_free(t->texts);
  mem_free(t->waiting);
  mem_free(t->scores);
  mem_free(t->row);
  mem_free(t);
}
