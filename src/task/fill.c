/*
 * fill.c - the likeliest tokens of the masks in texts.
 *
 * In:  texts with mask tokens; how many choices, among which tokens.
 * Out: for each mask tokens with scores, best first, and the text with one
 *      of them in its place.
 *
 *     texts -> Batch -> encoder -> rows of the masks, kept [panel][C][16 masks]
 *              16 of them -> head -> logits [16][V] -> best top_k of each
 *
 * Of what the encoder gives only the masks' rows are kept, so that between the
 * rows of a query there is little more memory in use than what it asks for.
 * Only they go through the head, and no more than 16 at a time are held as
 * logits: a text that is nothing but masks takes no more than one with a few.
 *
 * Agrees with the fill-mask pipeline of transformers: a text is not cut; the
 * score is the softmax over the whole vocabulary, with targets as well; pads
 * go before a sequence is decoded.
 *
 * Refuses a text without a mask or longer than the model takes, as there.
 */
#include "task/fill.h"

#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "model/heads.h"
#include "task/batch.h"
#include "task/whole.h"

enum { MASKS_AHEAD = LANES }; /* a panel of the head */

const FillOptions fill_defaults = {.top_k = 5, .targets = {NULL, 0}};

typedef struct Text {
  FillResult result;
  size_t first_id, n_ids;
  size_t first_mask;
  size_t first_row; /* of its masks, once they have any */
} Text;

struct Filler {
  const Model *model;
  const Run *run;
  FillTargets *targets; /* owned; NULL: all tokens */
  size_t vocabulary, top_k, C;
  Batch batch; /* whole texts, which own themselves */
  Text *texts; /* owned */
  size_t n, capacity;
  int32_t *ids; /* owned: of all texts, back to back */
  size_t n_ids, ids_capacity;
  size_t *masks; /* owned: of all texts; tokens of their text */
  size_t n_masks, masks_capacity;
  float *rows; /* owned: [panels][C][LANES], the masks' hidden states */
  size_t n_rows, rows_capacity;
  float *logits; /* owned: [n_logits][vocabulary], from row first_logits */
  size_t first_logits, n_logits, logits_capacity;
};

/* --- Texts ---------------------------------------------------------------- */

static int no_mask(const Filler *f, Error *err) {
  const Tokenizer *t = f->model->tokenizer;
  char name[ERROR_QUOTE] = "", quoted[ERROR_QUOTE];
  size_t bytes;
  const char *mask = tokenizer_token(t, tokenizer_special(t).mask, &bytes);
  if (mask)
    memcpy(name, mask, bytes < sizeof name ? bytes : sizeof name - 1);
  return fail(err, ERR_RANGE, "no mask token (%s) in the text",
              error_quote(quoted, name));
}

/* Keeps the ids of the pending tokens, and where masks are among them. */
static int keep_ids(Filler *f, Text *text, Error *err) {
  int32_t mask = tokenizer_special(f->model->tokenizer).mask;
  size_t n = batch_pending(&f->batch);
  const Token *tokens = f->batch.tokens.tokens + f->batch.n_tokens;
  if (mem_reserve(&f->ids, &f->ids_capacity, f->n_ids + n, sizeof *f->ids))
    return fail_memory(err);
  for (size_t i = 0; i < n; i++) {
    f->ids[f->n_ids++] = tokens[i].id;
    if (tokens[i].id != mask)
      continue;
    if (mem_reserve(&f->masks, &f->masks_capacity, f->n_masks + 1,
                    sizeof *f->masks))
      return fail_memory(err);
    f->masks[f->n_masks++] = i;
  }
  text->n_ids = n;
  text->result.n_masks = f->n_masks - text->first_mask;
  return text->result.n_masks ? OK : no_mask(f, err);
}

static int read_text(Filler *f, EncodeText text, Text *to, Error *err) {
  int rc = whole_read(f->model, &f->run->poll, text, (EncodeText){NULL, 0},
                      &f->batch.tokens, err);
  return rc ? rc : keep_ids(f, to, err);
}

int filler_add(Filler *f, EncodeText text, bool known, Error *err) {
  Error own;
  size_t i = f->n;
  if (mem_reserve(&f->texts, &f->capacity, i + 1, sizeof *f->texts))
    return fail_memory(err);
  f->texts[f->n++] = (Text){.first_id = f->n_ids, .first_mask = f->n_masks};
  int rc = read_text(f, text, &f->texts[i], &own);
  rc = batch_judge(&f->batch, i, rc, &own, err);
  if (rc == OK && f->texts[i].result.code == OK && !known)
    return batch_add(&f->batch, i, err);
  batch_undo(&f->batch);
  return rc;
}

static void blame(void *task, size_t owner, int rc, const Error *error) {
  ((Filler *)task)->texts[owner].result =
      (FillResult){.code = rc, .error = *error};
}

/* --- Runs ----------------------------------------------------------------- */

/* Room for the rows of n further masks. */
static int reserve_rows(Filler *f, size_t n, Error *err) {
  size_t panels = (f->n_rows + n + LANES - 1) / LANES, numbers;
  if (!size_mul(panels, f->C * LANES, &numbers) ||
      mem_reserve(&f->rows, &f->rows_capacity, numbers, sizeof *f->rows))
    return fail_memory(err);
  return OK;
}

/* Copies the rows of a text's masks; its tokens are those from `first` on. */
static int keep_rows(Filler *f, Text *text, const Hidden *h, size_t first,
                     Error *err) {
  size_t n = text->result.n_masks;
  int rc = reserve_rows(f, n, err);
  if (rc)
    return rc;
  text->first_row = f->n_rows;
  for (size_t m = 0; m < n; m++)
    hidden_copy(h, f->C, first + f->masks[text->first_mask + m], f->rows,
                f->n_rows++);
  return OK;
}

static int run_texts(void *task, const Sequence *items, const size_t *owners,
                     size_t n, Error *err) {
  Filler *f = task;
  Hidden h;
  int rc = encoder_run(f->model, f->run, items, n, &h, err);
  if (rc)
    return rc;
  for (size_t i = 0; i < n && rc == OK; i++)
    rc = keep_rows(f, &f->texts[owners[i]], &h, h.first[i], err);
  hidden_clear(&h);
  return rc;
}

int filler_run(Filler *f, Error *err) {
  return batch_flush(&f->batch, err);
}

const FillResult *filler_result(const Filler *f, size_t text) {
  return &f->texts[text].result;
}

/* --- Choices -------------------------------------------------------------- */

/* Has the logits of `row`, and of the rows behind it, in f->logits. */
static int read_logits(Filler *f, size_t row, Error *err) {
  size_t at[MASKS_AHEAD], n = f->n_rows - row, needed;
  if (row >= f->first_logits && row - f->first_logits < f->n_logits)
    return OK;
  n = n < MASKS_AHEAD ? n : MASKS_AHEAD;
  if (!size_mul(n, f->vocabulary, &needed) ||
      mem_reserve(&f->logits, &f->logits_capacity, needed, sizeof *f->logits))
    return fail_memory(err);
  for (size_t i = 0; i < n; i++)
    at[i] = row + i;
  f->n_logits = 0;
  Hidden rows = {.hidden = f->rows, .n_tokens = f->n_rows};
  int rc = head_run(f->model, f->run, TASK_FILL, &rows, at, n, f->logits, err);
  if (rc)
    return rc;
  f->first_logits = row;
  f->n_logits = n;
  return OK;
}

int filler_rank(Filler *f, size_t text, size_t mask, Score *out, Error *err) {
  const Text *t = &f->texts[text];
  size_t row = t->first_row + mask;
  int rc = poll_check(&f->run->poll, err);
  rc = rc ? rc : read_logits(f, row, err);
  if (rc)
    return rc;
  const float *logits = f->logits + (row - f->first_logits) * f->vocabulary;
  rank_tokens(logits, f->vocabulary, f->targets, f->top_k, out);
  return OK;
}

size_t filler_top_k(const Filler *f) {
  return f->top_k;
}

const char *filler_target(const Filler *f, int32_t id) {
  return f->targets ? targets_find(f->targets, id) : NULL;
}

/* --- Text again ----------------------------------------------------------- */

/* n ids without pads, as text. */
static int decode(const Filler *f, int32_t *ids, size_t n, bool skip_special,
                  char **out, size_t *bytes, Error *err) {
  const Tokenizer *t = f->model->tokenizer;
  int32_t pad = tokenizer_special(t).pad;
  size_t kept = 0;
  for (size_t i = 0; i < n; i++)
    if (pad < 0 || ids[i] != pad)
      ids[kept++] = ids[i];
  return tokenizer_decode(t, ids, kept, skip_special, out, bytes, err);
}

/* A text's ids, the caller's to free; NULL: no memory. */
static int32_t *copy_ids(const Filler *f, const Text *text) {
  int32_t *ids = mem_array(text->n_ids, sizeof *ids);
  if (ids)
    memcpy(ids, f->ids + text->first_id, text->n_ids * sizeof *ids);
  return ids;
}

int filler_sequence(const Filler *f, size_t text, size_t mask, int32_t id,
                    char **out, size_t *bytes, Error *err) {
  const Text *t = &f->texts[text];
  bool alone = t->result.n_masks == 1;
  int32_t *ids = copy_ids(f, t);
  if (!ids)
    return fail_memory(err);
  ids[f->masks[t->first_mask + mask]] = id;
  int rc = decode(f, ids, t->n_ids, alone, out, bytes, err);
  mem_free(ids);
  return rc;
}

/* Puts the best token into each mask of the only text. */
static int fill_in(Filler *f, int32_t *ids, Error *err) {
  int rc = OK;
  for (size_t m = 0; m < f->n_masks && rc == OK; m++) {
    Score best;
    rc = filler_rank(f, 0, m, &best, err);
    if (rc == OK)
      ids[f->masks[m]] = (int32_t)best.id;
  }
  return rc;
}

static int sentence(Filler *f, EncodeText text, char **out, size_t *bytes,
                    Error *err) {
  int rc = filler_add(f, text, false, err);
  rc = rc ? rc : filler_run(f, err);
  const FillResult *result = &f->texts->result;
  if (rc == OK && result->code)
    rc = fail(err, result->code, "%s", result->error.message);
  if (rc)
    return rc;
  int32_t *ids = copy_ids(f, f->texts);
  if (!ids)
    return fail_memory(err);
  rc = fill_in(f, ids, err);
  rc = rc ? rc : decode(f, ids, f->n_ids, true, out, bytes, err);
  mem_free(ids);
  return rc;
}

int fill_sentence(const Model *model, const Run *run, EncodeText text,
                  char **out, size_t *bytes, Error *err) {
  Filler *f;
  FillOptions best = {.top_k = 1};
  int rc = filler_open(model, run, &best, &f, err);
  rc = rc ? rc : sentence(f, text, out, bytes, err);
  filler_close(f);
  return rc;
}

/* --- From open to close --------------------------------------------------- */

static int check_top_k(Filler *f, Error *err) {
  size_t n = f->targets ? targets_count(f->targets) : f->vocabulary;
  if (f->targets && f->top_k > n)
    f->top_k = n;
  if (f->top_k < 1)
    return fail(err, ERR_RANGE, "top_k must be at least 1");
  if (f->top_k > n)
    return fail(err, ERR_RANGE, "top_k %zu exceeds the vocabulary's %zu tokens",
                f->top_k, n);
  return OK;
}

static int prepare_filler(Filler *f, const FillOptions *how, Error *err) {
  const Model *m = f->model;
  if (!(m->tasks & TASK_BIT(TASK_FILL)))
    return fail(err, ERR_RANGE, "the model has no masked-word head");
  if (tokenizer_special(m->tokenizer).mask < 0)
    return fail(err, ERR_RANGE, "the model's tokenizer has no mask token");
  f->C = m->config.dim;
  f->vocabulary = head_outputs(m, TASK_FILL);
  f->top_k = how->top_k;
  int rc = OK;
  if (how->targets.text)
    rc = targets_open(m->tokenizer, f->vocabulary, how->targets, &f->run->poll,
                      &f->targets, err);
  return rc ? rc : check_top_k(f, err);
}

int filler_open(const Model *model, const Run *run, const FillOptions *how,
                Filler **out, Error *err) {
  Filler *f = *out = mem_zeroed(sizeof *f);
  if (!f)
    return fail_memory(err);
  f->model = model;
  f->run = run;
  f->batch = (Batch){.task = f, .run = run_texts, .blame = blame};
  int rc = prepare_filler(f, how, err);
  if (rc) {
    filler_close(f);
    *out = NULL;
  }
  return rc;
}

void filler_empty(Filler *f) {
  f->n = f->n_ids = f->n_masks = f->n_rows = f->n_logits = 0;
  batch_empty(&f->batch);
}

void filler_close(Filler *f) {
  if (!f)
    return;
  batch_clear(&f->batch);
  targets_free(f->targets);
  mem_free(f->texts);
  mem_free(f->ids);
  mem_free(f->masks);
  mem_free(f->rows);
  mem_free(f->logits);
  mem_free(f);
}
