/*
 * fuzz_spans.c - the span heap on any logits, flags, limits and counts.
 *
 * Input: one byte of length limit, one of k, one of value kind, then tokens of
 * a flag byte and two values (raw floats, or one byte each, so that ties are
 * common).  The result must be the first k of all spans, in order.
 */
#include <string.h>
#include "fuzz.h"
#include "task/span.h"

enum { MAX_N = 48, HEADER = 3 };

typedef struct Window {
  size_t n;
  bool allowed[MAX_N];
  float start[MAX_N], end[MAX_N];
} Window;

static float value(const uint8_t *data, bool raw) {
  float x = (float)(int8_t)data[0] / 4;
  if (raw)
    memcpy(&x, data, sizeof x);
  return x;
}

static void read_window(const uint8_t *data, size_t size, bool raw, Window *w) {
  size_t width = raw ? sizeof(float) : 1, token = 1 + 2 * width;
  for (w->n = 0; w->n < MAX_N && size >= token; size -= token, w->n++) {
    w->allowed[w->n] = data[0] & 1;
    w->start[w->n] = value(data + 1, raw);
    w->end[w->n] = value(data + 1 + width, raw);
    data += token;
  }
}

/* The span that follows `last` in the list of all; false: none does. */
static bool next_best(const Window *w, size_t max_len, const Score *last,
                      Score *out) {
  bool found = false;
  for (size_t s = 0; s < w->n; s++)
    for (size_t e = s; e < w->n && e - s < max_len; e++) {
      Score x = {w->start[s] * w->end[e], s * w->n + e};
      if (!w->allowed[s] || !w->allowed[e] || !(x.value > 0))
        continue;
      if ((!last || score_is_better(*last, x)) &&
          (!found || score_is_better(x, *out))) {
        *out = x;
        found = true;
      }
    }
  return found;
}

static bool is_probability(float p) {
  return p >= 0 && p <= 1.0001f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < HEADER)
    return 0;
  Window w;
  size_t max_len = data[0] == 255 ? SIZE_MAX : 1u + data[0] % 64;
  size_t k = data[1] == 255 ? SIZE_MAX : data[1] % 16;
  read_window(data + HEADER, size - HEADER, data[2] & 1, &w);
  double null_score;
  span_probabilities(w.allowed, w.n, w.start, w.end, &null_score);
  REQUIRE(null_score >= 0 && null_score <= 1.0001);
  for (size_t i = 0; i < w.n; i++)
    REQUIRE(is_probability(w.start[i]) && is_probability(w.end[i]) &&
            (w.allowed[i] || w.start[i] + w.end[i] == 0));

  size_t room = span_room(w.n, max_len, k);
  Score *got = malloc(room ? room * sizeof *got : 1);
  if (!got)
    return 0;
  size_t n = span_best(w.allowed, w.n, w.start, w.end, max_len, k, got);
  REQUIRE(n <= room);
  Score want;
  for (size_t i = 0; i < n && i < 24; i++) {
    REQUIRE(next_best(&w, max_len, i ? &got[i - 1] : NULL, &want));
    REQUIRE(got[i].id == want.id && got[i].value == want.value);
  }
  for (size_t i = 1; i < n; i++)
    REQUIRE(score_is_better(got[i - 1], got[i]));
  if (n < k)
    REQUIRE(!next_best(&w, max_len, n ? &got[n - 1] : NULL, &want));
  free(got);
  return 0;
}
