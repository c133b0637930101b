/*
 * collect.c - gathers the answers to one question from its windows.
 *
 * In:  window after window, its tokens with their start and end logits.
 * Out: the top_k answers over all of them, as places in the context.
 *
 * Windows are scored alone: a score is never normalised over windows, and
 * where windows overlap the same answer may come twice.  Equal scores stay in
 * the order they came in (earlier window first), so sorting is stable.
 * Without merging, only the best top_k can matter: the list is cut back to
 * them whenever it has grown to twice that.  With merging every answer has to
 * be kept to the end, as a later window may add to it.
 *
 * Agrees with postprocess and get_indices of the question-answering pipeline,
 * its oddities included: with align_to_words a literal [CLS] in the question
 * stands for the context's word of the same number; offsets cut like Python's
 * slices.  Left-over picks with score 0, whose order NumPy leaves open, are
 * dropped unless there is nothing else.
 *
 * With `across` a score is the sum of its two logits: a softmax takes away what
 * tells one window's answers from another's, how large their logits are.
 */
#include "task/collect.h"

#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "base/utf8.h"
#include "task/span.h"
#include "tensor/kernels.h" /* math_exp */

void collect_clear(Collector *c) {
  answers_clear(&c->found);
  merge_clear(&c->merge);
}

/* --- Order -----------------------------------------------------------------
 */

/* Merges the sorted from[low, middle) and from[middle, high) into `to`. */
static void merge_runs(const Answer *from, size_t low, size_t middle,
                       size_t high, Answer *to) {
  size_t left = low, right = middle;
  for (size_t i = low; i < high; i++) {
    bool take_left = right == high ||
                     (left < middle && from[left].score >= from[right].score);
    to[i] = take_left ? from[left++] : from[right++];
  }
}

/* Stable, best first: runs of 1, 2, 4, ... from one array to the other. */
static int sort_answers(Answers *a, const Poll *poll, Error *err) {
  Answer *other = mem_array(a->n, sizeof *other);
  int rc = other ? OK : fail_memory(err);
  Answer *from = a->items, *to = other;
  for (size_t run = 1; run < a->n && rc == OK; run *= 2) {
    rc = poll_check(poll, err);
    for (size_t low = 0; low < a->n; low += 2 * run) {
      size_t middle = a->n - low < run ? a->n : low + run;
      size_t high = a->n - middle < run ? a->n : middle + run;
      merge_runs(from, low, middle, high, to);
    }
    Answer *swap = from;
    from = to;
    to = swap;
  }
  if (from != a->items)
    memcpy(a->items, from, a->n * sizeof *from);
  mem_free(other);
  return rc;
}

static int keep_best(Collector *c, Error *err) {
  int rc = sort_answers(&c->found, c->poll, err);
  if (rc == OK && c->found.n > c->how->top_k)
    c->found.n = c->how->top_k;
  return rc;
}

/* --- From tokens to the context's text -------------------------------------
 */

static bool in_word(const Token *token, int32_t word) {
  return token->sequence == 1 && token->word == word;
}

/* The context's tokens with the word number of token `at`; false: none. */
static bool find_word(const Token *tokens, size_t n, size_t at, size_t *first,
                      size_t *last) {
  int32_t word = tokens[at].word;
  if (word < 0)
    return false;
  if (tokens[at].sequence != 1)
    for (at = 0; at < n && !in_word(&tokens[at], word);)
      at++;
  if (at == n)
    return false;
  for (*first = at; *first > 0 && in_word(&tokens[*first - 1], word);)
    --*first;
  for (*last = at; *last + 1 < n && in_word(&tokens[*last + 1], word);)
    ++*last;
  return true;
}

/* Bytes of the context's first `chars` characters, or of all it has. */
static uint32_t bytes_of_chars(EncodeText context, uint32_t chars) {
  size_t at = 0;
  uint32_t code;
  for (uint32_t i = 0; i < chars && at < context.bytes; i++)
    at += utf8_decode(context.text, context.bytes, at, &code);
  return (uint32_t)at;
}

void collect_place(Token *tokens, size_t n, int32_t cls_id,
                   EncodeText context) {
  for (size_t i = 0; i < n; i++)
    if (tokens[i].id == cls_id) {
      tokens[i].byte_start = bytes_of_chars(context, tokens[i].start);
      tokens[i].byte_end = bytes_of_chars(context, tokens[i].end);
    }
}

static Answer place(const Collector *c, const Token *tokens, size_t n,
                    Score span) {
  size_t first = span.id / n, last = span.id % n;
  size_t left, right, unused;
  if (c->how->align_to_words && find_word(tokens, n, first, &left, &unused) &&
      find_word(tokens, n, last, &unused, &right)) {
    first = left;
    last = right;
  }
  Answer a = {(double)span.value, tokens[first].start, tokens[last].end,
              tokens[first].byte_start, tokens[last].byte_end};
  if (a.byte_end < a.byte_start)
    a.byte_end = a.byte_start;
  return a;
}

/* --- Windows ---------------------------------------------------------------
 */

/* Aligning to words makes picks equal, so merging looks at more of them. */
static size_t picks_per_window(const AnswerOptions *how) {
  size_t twice, picks;
  if (!how->merge || !how->align_to_words)
    return how->top_k;
  if (!size_mul(how->top_k, 2, &twice) || !size_add(twice, 10, &picks))
    return SIZE_MAX;
  return picks;
}

static int add_spans(Collector *c, const Token *tokens, size_t n,
                     const Score *spans, size_t n_spans, Error *err) {
  int rc = OK;
  for (size_t i = 0; i < n_spans && rc == OK; i++) {
    Answer a = place(c, tokens, n, spans[i]);
    rc = poll_check(c->poll, err); /* merging may read long texts */
    if (rc == OK)
      rc = c->how->merge ? merge_add(&c->merge, c->context, &a, &c->found, err)
                         : answers_add(&c->found, &a, err);
  }
  if (rc == OK && !c->how->merge && c->found.n / 2 >= c->how->top_k)
    rc = keep_best(c, err);
  return rc;
}

/* Adds a window of which `p` is the probability of a span with this logit. */
static void add_mass(AnswerMass *mass, float logit, float p) {
  float top = mass->sum > 0 && mass->top > logit ? mass->top : logit;
  mass->sum = mass->sum * (double)math_exp(mass->top - top) +
              (double)math_exp(logit - top) / (double)p;
  mass->top = top;
}

/* From probabilities to sums of logits. */
static void take_logits(Collector *c, const float *start, const float *end,
                        size_t n, Score *spans, size_t n_spans) {
  for (size_t i = 0; i < n_spans; i++) {
    float logit = start[spans[i].id / n] + end[spans[i].id % n];
    if (i == 0)
      add_mass(&c->mass, logit, spans[i].value);
    spans[i].value = logit;
  }
}

/* Only the context's tokens and [CLS] count in a window's softmax. */
static void mark_allowed(const Collector *c, const Token *tokens, size_t n,
                         bool *allowed) {
  for (size_t i = 0; i < n; i++)
    allowed[i] = tokens[i].sequence == 1 || tokens[i].id == c->cls_id;
}

/* What one window needs; all owned. */
typedef struct Scratch {
  bool *allowed; /* [n] */
  Score *spans;  /* [span_room] */
  float *logits; /* [2][n]: start, end; only with how->across */
} Scratch;

static int find_spans(Collector *c, const Token *tokens, size_t n, float *start,
                      float *end, const Scratch *x, Error *err) {
  size_t k = picks_per_window(c->how), bytes = n * sizeof *start;
  double null_score;
  if (x->logits) {
    memcpy(x->logits, start, bytes);
    memcpy(x->logits + n, end, bytes);
  }
  mark_allowed(c, tokens, n, x->allowed);
  span_probabilities(x->allowed, n, start, end, &null_score);
  if (!c->begun || null_score < c->null_score)
    c->null_score = null_score;
  c->begun = true;
  k = span_best(x->allowed, n, start, end, c->how->max_answer_len, k, x->spans);
  if (x->logits)
    take_logits(c, x->logits, x->logits + n, n, x->spans, k);
  return add_spans(c, tokens, n, x->spans, k, err);
}

int collect_window(Collector *c, const Token *tokens, size_t n, float *start,
                   float *end, Error *err) {
  size_t room = span_room(n, c->how->max_answer_len, picks_per_window(c->how));
  Scratch x = {.allowed = mem_array(n, sizeof *x.allowed),
               .spans = mem_array(room, sizeof *x.spans)};
  if (c->how->across)
    x.logits = mem_array(n, 2 * sizeof *x.logits);
  int rc = x.allowed && x.spans && (x.logits || !c->how->across)
               ? find_spans(c, tokens, n, start, end, &x, err)
               : fail_memory(err);
  mem_free(x.spans);
  mem_free(x.allowed);
  mem_free(x.logits);
  return rc;
}

int collect_end(Collector *c, Answers *out, Error *err) {
  int rc = OK;
  if (c->how->impossible && c->begun)
    rc = answers_add(&c->found, &(Answer){.score = c->null_score}, err);
  if (rc == OK && c->begun && c->found.n == 0)
    rc = answers_add(&c->found, &(Answer){0}, err);
  if (rc == OK)
    rc = keep_best(c, err);
  if (rc == OK) {
    *out = c->found;
    c->found = (Answers){0};
  }
  collect_clear(c);
  return rc;
}
