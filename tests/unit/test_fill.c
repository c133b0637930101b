/*
 * test_fill.c - ranking a mask's tokens, and the words that may fill it.
 *
 * Logits are made up here: order against a plain sort for every top_k, equal
 * logits, sums that underflow; targets against the rule of the pipeline.
 * Results of whole calls are compared in oracle/test_fill.
 */
#include <math.h>
#include <sqlite3.h>
#include "check.h"
#include "random.h"
#include "task/rank.h"
#include "task/targets.h"
#include "tokenizers.h"

enum { V = 1000 };

static float logits[V];

typedef struct Ranked {
  Score choices[V];
  size_t n;
} Ranked;

/* Ranks `logits` as if a model had just given them for a mask. */
static Ranked rank(size_t top_k, const struct FillTargets *targets) {
  Ranked r;
  r.n = rank_tokens(logits, V, targets, top_k, r.choices);
  return r;
}

static int by_logit(const void *left, const void *right) {
  int a = *(const int *)left, b = *(const int *)right;
  if (logits[a] > logits[b] || logits[a] < logits[b])
    return logits[a] > logits[b] ? -1 : 1;
  return a < b ? -1 : 1;
}

static void check_order(size_t top_k) {
  int order[V];
  for (int i = 0; i < V; i++)
    order[i] = i;
  qsort(order, V, sizeof *order, by_logit);
  Ranked f = rank(top_k, NULL);
  CHECK(f.n == top_k, "%zu choices", f.n);
  for (size_t i = 0; i < f.n; i++)
    CHECK(f.choices[i].id == (size_t)order[i], "top_k %zu: %zu is %d, not %d",
          top_k, i, (int)f.choices[i].id, order[i]);
}

/* Many values, few values (ties), one, rising, falling. */
static void check_orders(void) {
  static const unsigned kinds[] = {1000, 3, 1};
  for (size_t k = 0; k < 5; k++) {
    for (int i = 0; i < V; i++) {
      logits[i] = k < 3    ? (float)(draw() % kinds[k])
                  : k == 3 ? (float)i
                           : -(float)i;
    }
    for (size_t top_k = 1; top_k <= V; top_k += top_k < 20 ? 1 : 245)
      check_order(top_k);
  }
}

static void check_scores(void) {
  double sum = 0.0;
  for (int i = 0; i < V; i++)
    logits[i] = i == 7 ? 1e30f : -1e30f;
  Ranked f = rank(2, NULL);
  CHECK(f.choices[0].id == 7 && f.choices[0].value == 1.0f, "%g",
        (double)f.choices[0].value);
  CHECK(f.choices[1].id == 0 && f.choices[1].value == 0.0f, "%g",
        (double)f.choices[1].value);
  for (int i = 0; i < V; i++)
    logits[i] = (float)i * 0.01f;
  f = rank(V, NULL);
  for (int i = 0; i < V; i++)
    sum += exp((double)logits[i]);
  for (size_t i = 0; i < V; i++) {
    double want = exp((double)logits[f.choices[i].id]) / sum;
    double got = (double)f.choices[i].value;
    CHECK(fabs(got - want) <= 2e-6 * want, "%g, not %g", got, want);
  }
}

/* --- Targets --------------------------------------------------------------
 */

static const char vocab[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nrole\nzz\n"
                            "##q\nparis\nthe\n";

static const struct {
  const char *text;
  size_t bytes; /* 0: all */
  int rc;
  const char *of[10]; /* which target stands for each token */
} cases[] = {
    {"role", 0, OK, {[5] = "role"}},
    {"[\"role\"]", 0, OK, {[5] = "role"}},
    {"[\"Paris\", \"paris\"]", 0, OK, {[8] = "Paris"}},
    {"[\"zzq\", \" the\", \"\"]", 0, OK, {[6] = "zzq", [9] = " the"}},
    {"[\"##q\", \"[MASK]\"]", 0, OK, {[7] = "##q", [4] = "[MASK]"}},
    {"[\"xyz\"]", 0, OK, {[1] = "xyz"}},
    {"[ \"\\u0072ole\" ]", 0, OK, {[5] = "role"}},
    {"", 0, ERR_RANGE, {0}},
    {" ", 0, ERR_RANGE, {0}},
    {"[]", 0, ERR_RANGE, {0}},
    {"[\"\"]", 0, ERR_RANGE, {0}},
    {"[", 0, ERR_FORMAT, {0}},
    {"[MASK]", 0, ERR_FORMAT, {0}},
    {"[[\"role\"]]", 0, ERR_FORMAT, {0}},
    {"[\"role\", null]", 0, ERR_FORMAT, {0}},
    {"role\0x", 6, ERR_FORMAT, {0}},
};

static void check_target(const Tokenizer *t, size_t i) {
  struct FillTargets *f;
  Error err = {""};
  size_t n = 0;
  size_t bytes = cases[i].bytes ? cases[i].bytes : strlen(cases[i].text);
  EncodeText text = {cases[i].text, bytes};
  int rc = targets_open(t, 10, text, NULL, &f, &err);
  CHECK(rc == cases[i].rc, "%s: %d %s", text.text, rc, err.message);
  CHECK((rc == OK) == (f != NULL), "%s", text.text);
  for (int32_t id = 0; id < 10 && rc == OK; id++) {
    const char *got = targets_find(f, id), *want = cases[i].of[id];
    CHECK((!got && !want) || (got && want && strcmp(got, want) == 0),
          "%s: token %d", text.text, (int)id);
    n += want != NULL;
  }
  if (rc == OK)
    CHECK(targets_count(f) == n && !targets_find(f, 10) && !targets_find(f, -1),
          "%s: %zu", text.text, targets_count(f));
  targets_free(f);
}

/* Only the tokens named compete, with the scores they had anyway. */
static void check_chosen(const Tokenizer *t) {
  static const int32_t want[] = {6, 5, 9};
  struct FillTargets *targets = NULL;
  Error err = {""};
  EncodeText text = {"[\"the\", \"role\", \"zz\"]", 21};
  for (int i = 0; i < V; i++)
    logits[i] = (float)(i % 7);
  CHECK(targets_open(t, V, text, NULL, &targets, &err) == OK, "%s",
        err.message);
  Ranked all = rank(V, NULL), some = rank(3, targets);
  CHECK(some.n == 3, "%zu", some.n);
  for (size_t i = 0; i < 3 && some.n == 3; i++) {
    float score = -1.0f;
    for (size_t j = 0; j < V; j++)
      if (all.choices[j].id == (size_t)want[i])
        score = all.choices[j].value;
    CHECK(some.choices[i].id == (size_t)want[i] &&
              some.choices[i].value == score,
          "%zu is %d", i, (int)some.choices[i].id);
  }
  targets_free(targets);
}

/* A model whose outputs end before the vocabulary does. */
static void check_beyond(const Tokenizer *t) {
  struct FillTargets *f;
  Error err = {""};
  CHECK(targets_open(t, 9, (EncodeText){"the", 3}, NULL, &f, &err) == ERR_RANGE,
        "%s", err.message);
}

int main(void) {
  sqlite3_initialize();
  check_orders();
  check_scores();
  Tokenizer *t = open_vocab(text_of(vocab), NULL);
  CHECK(t != NULL, "no tokenizer");
  if (t) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
      check_target(t, i);
    check_chosen(t);
    check_beyond(t);
  }
  tokenizer_free(t);
  return check_done();
}
