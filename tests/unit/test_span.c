/*
 * test_span.c - the span heap against the matrix it stands for.
 *
 * The reference here is the definition itself: all n * n products, sorted.
 * Scores must be the same bits and spans in the same order; probabilities are
 * compared with a softmax in double.
 */
#include "task/span.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "random.h"

enum { MAX_N = 600 };

typedef struct Window {
  size_t n;
  bool allowed[MAX_N];
  float start[MAX_N], end[MAX_N];
} Window;

static uint32_t below(uint32_t n) {
  return draw() % n;
}

static float draw_logit(int kind) {
  static const float odd[] = {0,        -0.0f,   1e38f, -1e38f, -3e38f,
                              -10000.f, -1e-40f, 50,    -50,    3.4e38f};
  switch (kind) {
  case 0: /* as a model gives them */
    return (float)below(1 << 20) / (1 << 16) - 8;
  case 1: /* many ties */
    return (float)below(3);
  case 2: /* far apart: underflow */
    return (float)below(400) - 200;
  default:
    return odd[below(10)];
  }
}

static void fill(Window *w, size_t n, int kind) {
  w->n = n;
  size_t question = below((uint32_t)n + 1);
  for (size_t i = 0; i < n; i++) {
    w->allowed[i] = i == 0 || i > question || below(40) == 0;
    w->start[i] = draw_logit(kind);
    w->end[i] = draw_logit(kind);
  }
}

static int by_rank(const void *left, const void *right) {
  const Score *a = left, *b = right;
  if (a->value != b->value)
    return a->value > b->value ? -1 : 1;
  return a->id < b->id ? -1 : a->id > b->id;
}

static Score *all_spans(const Window *w, size_t max_len, size_t *count) {
  Score *spans = malloc((w->n * w->n + 1) * sizeof *spans);
  size_t found = 0;
  for (size_t s = 0; s < w->n; s++)
    for (size_t e = 0; e < w->n; e++)
      if (s <= e && e - s < max_len && w->allowed[s] && w->allowed[e] &&
          w->start[s] * w->end[e] > 0)
        spans[found++] = (Score){w->start[s] * w->end[e], s * w->n + e};
  qsort(spans, found, sizeof *spans, by_rank);
  *count = found;
  return spans;
}

static void check_best(const Window *w, size_t max_len, size_t k) {
  size_t n_want, room = span_room(w->n, max_len, k);
  Score *want = all_spans(w, max_len, &n_want);
  Score *got = malloc((room + 1) * sizeof *got);
  memset(got, 0xee, (room + 1) * sizeof *got);
  Score guard = got[room];
  size_t n = span_best(w->allowed, w->n, w->start, w->end, max_len, k, got);
  CHECK(n == (n_want < k ? n_want : k), "%zu spans of %zu, k %zu", n, n_want,
        k);
  for (size_t i = 0; i < n && i < n_want; i++)
    CHECK(got[i].id == want[i].id && got[i].value == want[i].value,
          "n %zu max_len %zu k %zu: rank %zu is %zu, not %zu", w->n, max_len, k,
          i, got[i].id, want[i].id);
  CHECK(memcmp(&guard, &got[room], sizeof guard) == 0, "wrote beyond %zu",
        room);
  free(want);
  free(got);
}

/* The softmax of the masked logits in double. */
static void check_softmax(const Window *before, const Window *w,
                          double null_score) {
  double p[2][MAX_N];
  for (int side = 0; side < 2; side++) {
    const float *x = side ? before->end : before->start;
    double top = -INFINITY, sum = 0;
    for (size_t i = 0; i < w->n; i++) {
      p[side][i] = w->allowed[i] ? (double)x[i] : -10000.0;
      top = p[side][i] > top ? p[side][i] : top;
    }
    for (size_t i = 0; i < w->n; i++)
      sum += p[side][i] = exp(p[side][i] - top);
    for (size_t i = 0; i < w->n; i++)
      p[side][i] = w->allowed[i] ? p[side][i] / sum : 0;
  }
  double null_want = p[0][0] * p[1][0];
  CHECK(fabs(null_score - null_want) <= 1e-6 * null_want + 1e-37,
        "null %g, not %g", null_score, null_want);
  p[0][0] = p[1][0] = 0;
  for (size_t i = 0; i < w->n; i++)
    CHECK(fabs((double)w->start[i] - p[0][i]) <= 1e-6 * p[0][i] + 1e-37 &&
              fabs((double)w->end[i] - p[1][i]) <= 1e-6 * p[1][i] + 1e-37,
          "token %zu: %g %g, not %g %g", i, (double)w->start[i],
          (double)w->end[i], p[0][i], p[1][i]);
}

static void test_random(void) {
  static Window w, before;
  for (size_t n = 1; n <= MAX_N; n++) {
    fill(&w, n, (int)(n % 4));
    before = w;
    double null_score;
    span_probabilities(w.allowed, n, w.start, w.end, &null_score);
    check_softmax(&before, &w, null_score);
    size_t max_len = n % 3 ? 1 + below(20) : 1 + below((uint32_t)n * 2);
    check_best(&w, max_len, 1);
    check_best(&w, max_len, 1 + below(30));
    if (n < 100)
      check_best(&w, max_len, (size_t)1 << 31);
  }
}

/* Equal scores come in the order of the flattened matrix. */
static void test_ties(void) {
  Window w = {.n = 4};
  for (size_t i = 1; i < w.n; i++) {
    w.allowed[i] = true;
    w.start[i] = w.end[i] = 0.5f;
  }
  static const size_t want[][2] = {{1, 1}, {1, 2}, {2, 2}, {2, 3}, {3, 3}};
  Score got[8];
  size_t n = span_best(w.allowed, w.n, w.start, w.end, 2, 100, got);
  CHECK(n == 5, "%zu spans", n);
  for (size_t i = 0; i < n && i < 5; i++)
    CHECK(got[i].id == want[i][0] * w.n + want[i][1], "rank %zu is %zu", i,
          got[i].id);
}

/* Not a number, and infinities: no span, or the finite ones, never a crash. */
static void test_not_finite(void) {
  static const struct {
    float bad;
    size_t spans;
  } rows[] = {{NAN, 0}, {INFINITY, 0}, {-INFINITY, 1}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    Window w = {.n = 3, .allowed = {true, true, true}};
    w.start[1] = rows[i].bad;
    double null_score;
    span_probabilities(w.allowed, w.n, w.start, w.end, &null_score);
    Score got[9];
    size_t n = span_best(w.allowed, w.n, w.start, w.end, 3, 9, got);
    CHECK(n == rows[i].spans, "row %zu: %zu spans", i, n);
  }
}

static void test_limits(void) {
  Window w = {.n = 1, .allowed = {true}};
  double null_score = 7;
  span_probabilities(w.allowed, 0, w.start, w.end, &null_score);
  CHECK(null_score == 0, "an empty window has null score %g", null_score);
  span_probabilities(w.allowed, 1, w.start, w.end, &null_score);
  CHECK(null_score == 1, "[CLS] alone has null score %g", null_score);
  CHECK(span_best(w.allowed, 1, w.start, w.end, 1, 1, NULL) == 0, "no span");
  CHECK(span_room(10, SIZE_MAX, SIZE_MAX) == 100, "all spans of 10 tokens");
  CHECK(span_room(10, 3, 7) == 7, "k is less");
  CHECK(span_room(SIZE_MAX, SIZE_MAX, 5) == 5, "overflow");
}

int main(void) {
  test_random();
  test_ties();
  test_not_finite();
  test_limits();
  return check_done();
}
