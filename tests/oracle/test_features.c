/*
 * test_features.c - numbers of every token, against transformers 4.57.1.
 *
 * Hidden states of every recorded text and pair of the encoder checkpoints: the
 * whole output of the feature-extraction pipeline, the recorded rows, sums and
 * poolings of the others.  Logits of every question and context that are one
 * window, and of every text of the token classifiers.  Inputs that were cut
 * when they were recorded are cut here, and refused where nobody cuts.
 */
#include "task/features.h"

#include <math.h>
#include "answers.h"
#include "oracle.h"

static const Run run = {.engine = ENGINE_NATIVE, .n_threads = 2};

/* What was seen, for people. */
static size_t n_inputs, n_refused;
static double worst_hidden, worst_logit;

static EncodeText optional(const cJSON *record, const char *key) {
  const char *text = get_text(record, key);
  return (EncodeText){text, text ? strlen(text) : 0};
}

/* --- Tokens ---------------------------------------------------------------*/

static void check_tokens(const char *name, const cJSON *want,
                         const Encoding *got) {
  const cJSON *ids = get(want, "input_ids"), *offsets = get(want, "offsets");
  size_t n = (size_t)cJSON_GetArraySize(ids);
  CHECK(got->n == n, "%s: %zu tokens, not %zu", name, got->n, n);
  for (int i = 0; i < (int)n && (size_t)i < got->n; i++) {
    const Token *t = &got->tokens[i];
    const cJSON *offset = cJSON_GetArrayItem(offsets, i);
    CHECK(t->id == oracle_int(ids, i) &&
              (int)t->start == oracle_int(offset, 0) &&
              (int)t->end == oracle_int(offset, 1),
          "%s: token %d is %d, %u-%u", name, i, t->id, t->start, t->end);
  }
}

/* Reads an input as it was recorded: cut, where it is too long. */
static int read_input(const char *name, const Model *m, EncodeText text,
                      EncodeText pair, FeatureRows *f) {
  Error err = {""};
  bool cut;
  int rc = features_read(m, &run, text, pair, f, &err);
  if (rc != ERR_RANGE) {
    CHECK(rc == OK, "%s: %s", name, err.message);
    return rc;
  }
  n_refused++;
  f->tokens.n = 0;
  CHECK(strstr(err.message, pair.text ? "pair has " : "text has ") &&
            strstr(err.message, "the model takes at most "),
        "%s: %s", name, err.message);
  return tokenizer_encode(m->tokenizer, text, pair, TRUNCATE_LONGEST_FIRST,
                          m->max_tokens, NULL, &f->tokens, &cut, &err);
}

/* --- Hidden states --------------------------------------------------------*/

typedef struct Difference {
  double worst, scale;
} Difference;

static void compare(const cJSON *want, const float *got, Difference *d) {
  for (const cJSON *w = want->child; w; w = w->next, got++) {
    double off = fabs((double)*got - w->valuedouble);
    d->worst = off > d->worst || isnan(off) ? off : d->worst;
    d->scale = fmax(d->scale, fabs(w->valuedouble));
  }
}

static void check_difference(const char *name, const Difference *d) {
  double part = d->worst / d->scale;
  CHECK(part <= 2e-5, "%s: %g off, %g of the largest", name, d->worst, part);
  worst_hidden = fmax(worst_hidden, part);
}

/* Mean and largest of each column, and the sums of all. */
static void check_columns(const char *name, const cJSON *want,
                          const FeatureRows *f) {
  float mean[64], most[64];
  double sum = 0, abs_sum = 0;
  Difference d = {0};
  CHECK(f->width <= 64, "%s: %zu wide", name, f->width);
  for (size_t c = 0; c < f->width; c++) {
    double of_column = 0;
    most[c] = -INFINITY;
    for (size_t t = 0; t < f->tokens.n; t++) {
      float x = f->rows[t * f->width + c];
      of_column += (double)x;
      abs_sum += fabs((double)x);
      most[c] = x > most[c] ? x : most[c];
    }
    sum += of_column;
    mean[c] = (float)(of_column / (double)f->tokens.n);
  }
  compare(get(want, "mean"), mean, &d);
  compare(get(want, "max"), most, &d);
  check_difference(name, &d);
  double all = get(want, "last_hidden_state_abs_sum")->valuedouble;
  CHECK(fabs(sum - get(want, "last_hidden_state_sum")->valuedouble) <=
                1e-5 * all &&
            fabs(abs_sum - all) <= 1e-5 * all,
        "%s: sums %g, %g", name, sum, abs_sum);
}

static void check_record(const char *name, const Model *m, const cJSON *want,
                         FeatureRows *f) {
  Error err = {""};
  Difference d = {0};
  if (read_input(name, m, get_encode(want, "text"), optional(want, "text_pair"),
                 f))
    return;
  n_inputs++;
  check_tokens(name, want, &f->tokens);
  int rc = features_hidden(m, &run, f, &err);
  CHECK(rc == OK && f->width == m->config.dim, "%s: %s", name, err.message);
  if (rc)
    return;
  const cJSON *row;
  cJSON_ArrayForEach(row, get(want, "last_hidden_state_rows"))
      compare(row, f->rows + (size_t)atoi(row->string) * f->width, &d);
  compare(get(want, "cls"), f->rows, &d);
  check_difference(name, &d);
  check_columns(name, want, f);
}

/* result: [n][C], of the only text. */
static void check_pipeline(const char *name, const Model *m, const cJSON *want,
                           FeatureRows *f) {
  Error err = {""};
  Difference d = {0};
  if (read_input(name, m, get_encode(want, "input"), (EncodeText){NULL, 0}, f))
    return;
  n_inputs++;
  int rc = features_hidden(m, &run, f, &err);
  const cJSON *row, *shape = get(want, "shape");
  CHECK(rc == OK && (int)f->tokens.n == oracle_int(shape, 1) &&
            (int)f->width == oracle_int(shape, 2),
        "%s: %s", name, err.message);
  size_t t = 0;
  cJSON_ArrayForEach(row, get(want, "result")) {
    if (rc == OK && t < f->tokens.n)
      compare(row, f->rows + t++ * f->width, &d);
  }
  check_difference(name, &d);
}

static void check_encoder(const char *name, const Model *m, const cJSON *data) {
  FeatureRows f = {0};
  const cJSON *record;
  cJSON_ArrayForEach(record, get(data, "inputs"))
      check_record(name, m, record, &f);
  cJSON_ArrayForEach(record, get(data, "pairs"))
      check_record(name, m, record, &f);
  check_pipeline(name, m, get(data, "feature_extraction"), &f);
  features_clear(&f);
}

/* --- Logits ---------------------------------------------------------------*/

static void check_logit(const char *name, const cJSON *want, float got) {
  double off = fabs((double)got - want->valuedouble);
  CHECK(off <= 1e-4, "%s: logit %.7g, not %.7g", name, (double)got,
        want->valuedouble);
  worst_logit = fmax(worst_logit, off);
}

/* The case's only window, if there is just one. */
static const cJSON *only_window(const cJSON *c) {
  const cJSON *windows = get(get(c, "features")->child, "windows");
  return cJSON_GetArraySize(windows) == 1 ? windows->child : NULL;
}

static void check_case(const char *name, const Model *m, const cJSON *c,
                       FeatureRows *f) {
  const cJSON *want = only_window(c);
  Error err = {""};
  if (!want || read_input(name, m, get_encode(c, "question"),
                          get_encode(c, "context"), f))
    return;
  n_inputs++;
  check_tokens(name, want, &f->tokens);
  int rc = features_logits(m, &run, TASK_ANSWER, f, &err);
  CHECK(rc == OK && f->width == 2, "%s: %s", name, err.message);
  for (size_t t = 0; rc == OK && t < f->tokens.n; t++)
    for (size_t i = 0; i < 2; i++)
      check_logit(name,
                  cJSON_GetArrayItem(
                      get(want, i ? "end_logits" : "start_logits"), (int)t),
                  f->rows[2 * t + i]);
}

static void check_answers_of(const char *name, const Model *m,
                             const cJSON *data) {
  FeatureRows f = {0};
  const cJSON *c;
  cJSON_ArrayForEach(c, get(data, "cases")) check_case(name, m, c, &f);
  features_clear(&f);
}

static void check_labels(const char *name, const Model *m, const cJSON *want,
                         FeatureRows *f) {
  Error err = {""};
  if (read_input(name, m, get_encode(want, "text"), (EncodeText){NULL, 0}, f))
    return;
  n_inputs++;
  int rc = features_logits(m, &run, TASK_ENTITIES, f, &err);
  CHECK(rc == OK, "%s: %s", name, err.message);
  const cJSON *row, *logit;
  size_t i = 0;
  cJSON_ArrayForEach(row, get(want, "logits"))
      cJSON_ArrayForEach(logit, row) if (rc == OK && i < f->tokens.n * f->width)
          check_logit(name, logit, f->rows[i++]);
  CHECK(i == f->tokens.n * f->width, "%s: %zu logits", name, i);
}

static void check_tokens_of(const char *name, const Model *m,
                            const cJSON *data) {
  FeatureRows f = {0};
  const cJSON *record;
  cJSON_ArrayForEach(record, get(data, "inputs"))
      check_labels(name, m, record, &f);
  features_clear(&f);
}

/* --- What must fail -------------------------------------------------------*/

static void check_no_head(const char *name, const Model *m, const cJSON *data) {
  FeatureRows f = {0};
  Error err = {""};
  int rc = features_hidden(m, &run, &f, &err);
  CHECK(rc == ERR_RANGE, "%s: no token gives %d", name, rc);
  rc = features_read(m, &run,
                     get_encode(get(data, "feature_extraction"), "input"),
                     (EncodeText){NULL, 0}, &f, &err);
  rc = rc ? rc : features_logits(m, &run, TASK_ANSWER, &f, &err);
  CHECK(rc == ERR_RANGE && strstr(err.message, "no such head"), "%s: %s", name,
        err.message);
  features_clear(&f);
}

static bool countdown(void *arg) {
  int *left = arg;
  return --*left < 0;
}

/* Whenever it is asked to stop, it stops or is done. */
static void check_interrupt(const char *name, const Model *m,
                            const cJSON *data) {
  EncodeText text = get_encode(get(data, "feature_extraction"), "input");
  int rc = ERR_INTERRUPT, polls = 0;
  FeatureRows f = {0};
  for (; rc == ERR_INTERRUPT && polls < 10000; polls++) {
    int left = polls;
    Error err = {""};
    Run stopping = run;
    stopping.poll = (Poll){countdown, &left};
    rc = features_read(m, &stopping, text, (EncodeText){NULL, 0}, &f, &err);
    rc = rc ? rc : features_hidden(m, &stopping, &f, &err);
  }
  CHECK(rc == OK && polls > 3, "%s: code %d after %d polls", name, rc, polls);
  features_clear(&f);
}

/* --- Checkpoints ----------------------------------------------------------*/

typedef void check_of(const char *name, const Model *m, const cJSON *data);

static void test(const char *name, check_of *check) {
  Model *m = oracle_model(name);
  cJSON *data = oracle_expected(name);
  CHECK(m && data, "%s", name);
  if (m && data)
    check(name, m, data);
  cJSON_Delete(data);
  model_free(m);
}

int main(void) {
  static const struct {
    const char *name;
    check_of *check;
  } rows[] = {
      {"distilbert-uncased-base", check_encoder},
      {"distilbert-uncased-noprefix", check_encoder},
      {"distilbert-uncased-sinusoidal", check_encoder},
      {"distilbert-uncased-bf16", check_encoder},
      {"bert-uncased-minilm", check_encoder},
      {"roberta-sentence", check_encoder},
      {"distilbert-uncased-qa", check_answers_of},
      {"distilbert-cased-qa", check_answers_of},
      {"distilbert-uncased-sharded", check_answers_of},
      {"bert-uncased-qa", check_answers_of},
      {"roberta-qa", check_answers_of},
      {"distilbert-uncased-tokcls", check_tokens_of},
      {"distilbert-cased-tokcls", check_tokens_of},
      {"bert-cased-tokcls", check_tokens_of},
      {"roberta-tokcls", check_tokens_of},
      {"distilbert-uncased-base", check_no_head},
      {"distilbert-uncased-base", check_interrupt},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    test(rows[i].name, rows[i].check);
  printf("%zu inputs, %zu of them too long; worst %.2g of the largest, logits "
         "%.2g\n",
         n_inputs, n_refused, worst_hidden, worst_logit);
  return check_done();
}
