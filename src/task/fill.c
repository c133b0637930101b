/*
 * fill.c - the likeliest tokens of the masks in texts.
 *
 * In:  texts with mask tokens; how many choices, among which tokens.
 * Out: for each mask tokens with scores, best first, and the text with one
 *      of them in its place.
 *
 *     texts -> batch of tokens -> encoder -> 16 masks -> logits [16][V]
 *                                 one mask -> softmax over V -> best top_k
 *
 * The encoder runs once a batch.  Only masked tokens go through the head, and
 * no more than 16 of them are held as logits, so a text that is nothing but
 * masks takes no more memory than one with a few.  Ranking keeps a heap of
 * top_k choices with the worst on top.  Equal logits: the lower id first.
 *
 * Agrees with the fill-mask pipeline of transformers: a text is not cut; the
 * score is the softmax over the whole vocabulary, with targets as well; pads
 * go before a sequence is decoded.  Sums are in double, in the order of ids.
 *
 * Refuses a text without a mask or longer than the model takes, as there.
 */
#include "task/fill.h"

#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "task/targets.h"

enum { MASKS_AHEAD = LANES }; /* a panel of the head */

const FillOptions fill_defaults = {.top_k = 5, .targets = {NULL, 0}};

/* --- A batch --------------------------------------------------------------
 */

static int check_top_k(Fill *f, Error *err) {
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

int fill_open(const Model *model, const Run *run, const FillOptions *how,
              Fill *out, Error *err) {
  memset(out, 0, sizeof *out);
  if (!(model->tasks & TASK_FILL))
    return fail(err, ERR_RANGE, "the model has no masked-word head");
  if (tokenizer_special(model->tokenizer).mask < 0)
    return fail(err, ERR_RANGE, "the model's tokenizer has no mask token");
  out->model = model;
  out->run = run;
  out->vocabulary = model->mask.decoder.n_out;
  out->top_k = how->top_k;
  int rc = OK;
  if (how->targets.text)
    rc = targets_open(model->tokenizer, out->vocabulary, how->targets,
                      &run->poll, &out->targets, err);
  return rc ? rc : check_top_k(out, err);
}

void fill_close(Fill *f) {
  fill_clear(f);
  targets_free(f->targets);
  encoding_clear(&f->tokens);
  mem_free(f->masks);
  mem_free(f->logits);
  mem_free(f->choices);
  memset(f, 0, sizeof *f);
}

void fill_clear(Fill *f) {
  hidden_clear(&f->hidden);
  f->tokens.n = f->n_texts = f->n_masks = 0;
  f->first_logits = f->n_logits = f->n_choices = 0;
}

/* --- Texts ----------------------------------------------------------------
 */

/* The whole text as tokens; none of it may be cut. */
static int encode_text(const Fill *f, EncodeText text, Encoding *out,
                       Error *err) {
  const Tokenizer *t = f->model->tokenizer;
  const Poll *poll = &f->run->poll;
  size_t limit = f->model->max_tokens, n;
  bool cut = false;
  int rc =
      tokenizer_encode(t, text, (EncodeText){NULL, 0}, TRUNCATE_LONGEST_FIRST,
                       limit, poll, out, &cut, err);
  if (rc || !cut)
    return rc;
  rc = tokenizer_count(t, text.text, text.bytes, poll, &n, err);
  return rc ? rc
            : fail(err, ERR_RANGE,
                   "text has %zu tokens, the model takes at most %zu",
                   n + tokenizer_n_added(t, false), limit);
}

static int no_mask(const Fill *f, Error *err) {
  const Tokenizer *t = f->model->tokenizer;
  char name[ERROR_QUOTE] = "", quoted[ERROR_QUOTE];
  size_t bytes;
  const char *mask = tokenizer_token(t, tokenizer_special(t).mask, &bytes);
  if (mask)
    memcpy(name, mask, bytes < sizeof name ? bytes : sizeof name - 1);
  return fail(err, ERR_RANGE, "no mask token (%s) in the text",
              error_quote(quoted, name));
}

/* Finds the masks of the text that comes next in the batch. */
static int add_masks(Fill *f, const Encoding *text, Error *err) {
  int32_t mask = tokenizer_special(f->model->tokenizer).mask;
  size_t first = f->n_masks;
  for (size_t i = 0; i < text->n; i++) {
    if (text->tokens[i].id != mask)
      continue;
    if (mem_reserve(&f->masks, &f->masks_capacity, f->n_masks + 1,
                    sizeof *f->masks))
      return fail_memory(err);
    f->masks[f->n_masks] = (FillMask){
        .text = f->n_texts, .at = f->tokens.n + i, .index = f->n_masks - first};
    f->n_masks++;
  }
  if (f->n_masks == first)
    return no_mask(f, err);
  f->masks[first].alone = f->n_masks == first + 1;
  return OK;
}

static int add_tokens(Fill *f, const Encoding *text, bool *fits, Error *err) {
  *fits = f->n_texts == 0 ||
          (f->tokens.n + text->n <= BATCH_TOKENS && f->n_texts < BATCH_TOKENS);
  if (!*fits)
    return OK;
  int rc = add_masks(f, text, err);
  rc = rc ? rc : encoding_append(&f->tokens, text, err);
  if (rc == OK)
    f->texts[f->n_texts++].n = text->n;
  return rc;
}

int fill_add(Fill *f, EncodeText text, bool *fits, Error *err) {
  Encoding encoding = {0};
  int rc = encode_text(f, text, &encoding, err);
  rc = rc ? rc : add_tokens(f, &encoding, fits, err);
  encoding_clear(&encoding);
  return rc;
}

int fill_run(Fill *f, Error *err) {
  const Token *tokens = f->tokens.tokens; /* which may have moved */
  for (size_t i = 0; i < f->n_texts; tokens += f->texts[i++].n)
    f->texts[i].tokens = tokens;
  hidden_clear(&f->hidden);
  return encoder_run(f->model, f->run, f->texts, f->n_texts, &f->hidden, err);
}

/* --- Ranking --------------------------------------------------------------
 *
 * While a mask is being ranked, a choice's score is its logit.
 */

static bool is_better(FillChoice a, FillChoice b) {
  return a.score > b.score || (a.score >= b.score && a.id < b.id);
}

/* Lets heap[0] sink to where no child is worse. */
static void sink(FillChoice *heap, size_t n) {
  FillChoice choice = heap[0];
  size_t at = 0;
  for (size_t child = 1; child < n; child = 2 * at + 1) {
    if (child + 1 < n && is_better(heap[child], heap[child + 1]))
      child++;
    if (!is_better(choice, heap[child]))
      break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = choice;
}

static void rise(FillChoice *heap, size_t at) {
  FillChoice choice = heap[at];
  for (; at > 0 && is_better(heap[(at - 1) / 2], choice); at = (at - 1) / 2)
    heap[at] = heap[(at - 1) / 2];
  heap[at] = choice;
}

/* The best top_k of the tokens that compete, as a heap. */
static void choose(Fill *f, const float *logits) {
  f->n_choices = 0;
  for (size_t v = 0; v < f->vocabulary; v++) {
    FillChoice choice = {logits[v], (int32_t)v};
    if (f->targets && !targets_find(f->targets, choice.id))
      continue;
    if (f->n_choices < f->top_k) {
      f->choices[f->n_choices] = choice;
      rise(f->choices, f->n_choices++);
    } else if (is_better(choice, f->choices[0])) {
      f->choices[0] = choice;
      sink(f->choices, f->n_choices);
    }
  }
}

/* Takes the heap apart, worst first, from the end. */
static void sort(FillChoice *heap, size_t n) {
  while (n > 1) {
    FillChoice worst = heap[0];
    heap[0] = heap[--n];
    sink(heap, n);
    heap[n] = worst;
  }
}

static void weigh(Fill *f, const float *logits) {
  float most = logits[0];
  double sum = 0.0;
  for (size_t v = 1; v < f->vocabulary; v++)
    most = logits[v] > most ? logits[v] : most;
  for (size_t v = 0; v < f->vocabulary; v++)
    sum += (double)math_exp(logits[v] - most);
  for (size_t i = 0; i < f->n_choices; i++) {
    float logit = f->choices[i].score;
    f->choices[i].score = (float)((double)math_exp(logit - most) / sum);
  }
}

/* Has the logits of `mask`, and of the masks behind it, in f->logits. */
static int read_logits(Fill *f, size_t mask, Error *err) {
  size_t at[MASKS_AHEAD], n = f->n_masks - mask, needed;
  if (mask >= f->first_logits && mask - f->first_logits < f->n_logits)
    return OK;
  n = n < MASKS_AHEAD ? n : MASKS_AHEAD;
  if (!size_mul(n, f->vocabulary, &needed) ||
      mem_reserve(&f->logits, &f->logits_capacity, needed, sizeof *f->logits))
    return fail_memory(err);
  for (size_t i = 0; i < n; i++)
    at[i] = f->masks[mask + i].at;
  f->n_logits = 0;
  int rc =
      head_fill_tokens(f->model, f->run, &f->hidden, at, n, f->logits, err);
  if (rc)
    return rc;
  f->first_logits = mask;
  f->n_logits = n;
  return OK;
}

int fill_rank(Fill *f, size_t mask, Error *err) {
  f->n_choices = 0;
  int rc = poll_check(&f->run->poll, err);
  rc = rc ? rc : read_logits(f, mask, err);
  if (rc)
    return rc;
  if (mem_reserve(&f->choices, &f->choices_capacity, f->top_k,
                  sizeof *f->choices))
    return fail_memory(err);
  const float *logits = f->logits + (mask - f->first_logits) * f->vocabulary;
  choose(f, logits);
  sort(f->choices, f->n_choices);
  weigh(f, logits);
  return OK;
}

const char *fill_target(const Fill *f, int32_t id) {
  return f->targets ? targets_find(f->targets, id) : NULL;
}

/* --- Text again -----------------------------------------------------------
 */

/* The batch's text with its tokens' ids, but id `instead` at token `at`. */
static int decode(const Fill *f, size_t text, size_t at, int32_t instead,
                  bool skip_special, char **out, size_t *bytes, Error *err) {
  const Tokenizer *t = f->model->tokenizer;
  Sequence tokens = f->texts[text];
  size_t first = (size_t)(tokens.tokens - f->tokens.tokens), n = 0;
  int32_t pad = tokenizer_special(t).pad;
  int32_t *ids = mem_array(tokens.n, sizeof *ids);
  if (!ids)
    return fail_memory(err);
  for (size_t i = 0; i < tokens.n; i++) {
    int32_t id = first + i == at ? instead : tokens.tokens[i].id;
    if (pad < 0 || id != pad)
      ids[n++] = id;
  }
  int rc = tokenizer_decode(t, ids, n, skip_special, out, bytes, err);
  mem_free(ids);
  return rc;
}

int fill_sequence(const Fill *f, size_t mask, int32_t id, char **text,
                  size_t *bytes, Error *err) {
  const FillMask *m = &f->masks[mask];
  return decode(f, m->text, m->at, id, m->alone, text, bytes, err);
}

/* Puts the best token into each mask: hidden states and logits are there
 * already, so what is read next does not change. */
static int fill_in(Fill *f, Error *err) {
  int rc = fill_run(f, err);
  for (size_t m = 0; m < f->n_masks && rc == OK; m++) {
    rc = fill_rank(f, m, err);
    if (rc == OK)
      f->tokens.tokens[f->masks[m].at].id = f->choices[0].id;
  }
  return rc;
}

int fill_sentence(const Model *model, const Run *run, EncodeText text,
                  char **out, size_t *bytes, Error *err) {
  Fill f;
  bool fits;
  FillOptions best = {.top_k = 1};
  int rc = fill_open(model, run, &best, &f, err);
  rc = rc ? rc : fill_add(&f, text, &fits, err);
  rc = rc ? rc : fill_in(&f, err);
  rc = rc ? rc : decode(&f, 0, SIZE_MAX, 0, true, out, bytes, err);
  fill_close(&f);
  return rc;
}
