/*
 * rank.c - the likeliest tokens of one mask, from its logits.
 *
 * In:  logits over the vocabulary, and which tokens compete.
 * Out: the best of them with their probabilities, best first.
 *
 * A heap keeps the best with the worst of them on top, so that most tokens are
 * refused by one comparison; until the end a choice's score is its logit.  The
 * softmax is over the whole vocabulary, whoever competes.  Sums are in double,
 * in the order of ids: the same bits everywhere.
 */
#include "task/rank.h"

#include <stdbool.h>
#include "tensor/kernels.h"

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

/* The best n of the tokens that compete, as a heap. */
static size_t choose(const float *logits, size_t vocabulary,
                     const FillTargets *targets, size_t n, FillChoice *out) {
  size_t found = 0;
  for (size_t v = 0; v < vocabulary && n > 0; v++) {
    FillChoice choice = {logits[v], (int32_t)v};
    if (targets && !targets_find(targets, choice.id))
      continue;
    if (found < n) {
      out[found] = choice;
      rise(out, found++);
    } else if (is_better(choice, out[0])) {
      out[0] = choice;
      sink(out, found);
    }
  }
  return found;
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

/* From logits to probabilities. */
static void weigh(const float *logits, size_t vocabulary, FillChoice *choices,
                  size_t n) {
  float most = logits[0];
  double sum = 0.0;
  for (size_t v = 1; v < vocabulary; v++)
    most = logits[v] > most ? logits[v] : most;
  for (size_t v = 0; v < vocabulary; v++)
    sum += (double)math_exp(logits[v] - most);
  for (size_t i = 0; i < n; i++) {
    float logit = choices[i].score;
    choices[i].score = (float)((double)math_exp(logit - most) / sum);
  }
}

size_t rank_tokens(const float *logits, size_t vocabulary,
                   const FillTargets *targets, size_t n, FillChoice *out) {
  size_t found = choose(logits, vocabulary, targets, n, out);
  sort(out, found);
  weigh(logits, vocabulary, out, found);
  return found;
}
