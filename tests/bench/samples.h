/*
 * samples.h - the times of repeated runs, and what they come to.
 */
#ifndef TESTS_BENCH_SAMPLES_H
#define TESTS_BENCH_SAMPLES_H

#include <stdlib.h>
#include <string.h>

enum { SAMPLES_MAX = 256 };

typedef struct Samples {
  double items[SAMPLES_MAX]; /* the first SAMPLES_MAX of all */
  int n;
} Samples;

static inline void samples_add(Samples *s, double x) {
  if (s->n < SAMPLES_MAX)
    s->items[s->n++] = x;
}

static inline int samples_compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The item at `part` of the way from least to most; 0 when there is none. */
static inline double samples_at(const Samples *s, double part) {
  double sorted[SAMPLES_MAX];
  if (!s->n)
    return 0.0;
  memcpy(sorted, s->items, (size_t)s->n * sizeof *sorted);
  qsort(sorted, (size_t)s->n, sizeof *sorted, samples_compare);
  return sorted[(int)(part * (s->n - 1))];
}

static inline double samples_least(const Samples *s) {
  return samples_at(s, 0.0);
}

static inline double samples_most(const Samples *s) {
  return samples_at(s, 1.0);
}

static inline double samples_median(const Samples *s) {
  return samples_at(s, 0.5);
}

#endif
