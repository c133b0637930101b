/*
 * span.c - the best answer spans of one window, from its logits.
 *
 * In:  start and end logits of n tokens, and which of them an answer may
 *      begin or end at (the context's, and any [CLS]).
 * Out: their probabilities, and the k spans with the highest
 *      p_start[s] * p_end[e], s <= e < s + max_len.
 *
 * The matrix of all products is never built.  Its band is read row by row,
 * and a heap keeps the best k with the worst of them on top: most products
 * are refused by one comparison.  Taking the heap apart, worst first, fills
 * the result from its end.
 *
 * Agrees with select_starts_ends and decode_spans of the question-answering
 * pipeline (transformers 4.19 to 5.2): float32 throughout, tokens not allowed
 * enter the softmax as -10000, entry 0 counts in it and is never an answer.
 * Where NumPy leaves the order of equal scores open, the lower index of the
 * flattened matrix comes first.  Logits with a NaN or +infinity give no span.
 */
#include "task/span.h"

#include <math.h>
#include <string.h>
#include "base/size.h"
#include "tensor/kernels.h"

static const float not_allowed = -10000.0f;

/* Masks x and returns its maximum: a NaN, once met, stays the maximum. */
static float mask(const bool *allowed, size_t n, float *x) {
  float top = -INFINITY;
  for (size_t i = 0; i < n; i++) {
    if (!allowed[i])
      x[i] = not_allowed;
    if (x[i] > top || isnan(x[i]))
      top = x[i];
  }
  return top;
}

/* The sum is kept in double and in order: the same bits on every machine. */
static void masked_softmax(const bool *allowed, size_t n, float *x) {
  float top = mask(allowed, n, x);
  if (!isfinite(top)) {
    memset(x, 0, n * sizeof *x);
    return;
  }
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    x[i] = math_exp(x[i] - top);
    sum += (double)x[i];
  }
  for (size_t i = 0; i < n; i++)
    x[i] = allowed[i] ? x[i] / (float)sum : 0;
}

void span_probabilities(const bool *allowed, size_t n, float *start, float *end,
                        double *null_score) {
  *null_score = 0;
  if (n == 0)
    return;
  masked_softmax(allowed, n, start);
  masked_softmax(allowed, n, end);
  *null_score = (double)(start[0] * end[0]);
  start[0] = end[0] = 0;
}

size_t span_room(size_t n, size_t max_len, size_t k) {
  size_t spans;
  if (!size_mul(n, max_len < n ? max_len : n, &spans))
    return k;
  return spans < k ? spans : k;
}

/* Whether a is listed before b. */
static bool is_better(const Span *a, const Span *b) {
  if (a->score != b->score)
    return a->score > b->score;
  return a->start != b->start ? a->start < b->start : a->end < b->end;
}

/* A heap is an array in which no child is worse than its parent. */
static void sift_up(Span *heap, size_t at) {
  Span moved = heap[at];
  while (at > 0 && is_better(&heap[(at - 1) / 2], &moved)) {
    heap[at] = heap[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  heap[at] = moved;
}

/* Puts `moved` where the top was. */
static void sift_down(Span *heap, size_t n, Span moved) {
  size_t at = 0;
  for (size_t child = 1; child < n; child = 2 * at + 1) {
    if (child + 1 < n && is_better(&heap[child], &heap[child + 1]))
      child++;
    if (!is_better(&moved, &heap[child]))
      break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = moved;
}

/* From heap to list: the worst of the rest goes to the end of it. */
static void sort_best_first(Span *heap, size_t n) {
  while (n > 1) {
    Span last = heap[--n];
    heap[n] = heap[0];
    sift_down(heap, n, last);
  }
}

size_t span_best(const bool *allowed, size_t n, const float *p_start,
                 const float *p_end, size_t max_len, size_t k, Span *out) {
  size_t found = 0;
  for (size_t s = 0; s < n && k > 0; s++) {
    if (!allowed[s] || !(p_start[s] > 0))
      continue;
    size_t stop = max_len < n - s ? s + max_len : n;
    for (size_t e = s; e < stop; e++) {
      Span span = {s, e, (double)(p_start[s] * p_end[e])};
      if (!allowed[e] || !(span.score > 0))
        continue;
      if (found < k) {
        out[found++] = span;
        sift_up(out, found - 1);
      } else if (span.score > out[0].score) {
        sift_down(out, k, span);
      }
    }
  }
  sort_best_first(out, found);
  return found;
}
