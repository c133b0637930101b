/*
 * test_embed.c - sentence vectors against sentence-transformers, and against
 * what the reference pools by hand.
 */
#include <math.h>
#include "check.h"
#include "model/builtin.h"
#include "oracle/oracle.h"
#include "task/embed.h"

static const Run run = {ENGINE_NATIVE, 2, {0}};

static double difference(const float *got, const cJSON *want, size_t n) {
  double worst = 0;
  const cJSON *value;
  size_t i = 0;
  cJSON_ArrayForEach(value, want) {
    double d = fabs((double)got[i] - value->valuedouble);
    worst = d > worst || isnan(d) ? d : worst;
    if (++i == n)
      break;
  }
  return cJSON_GetArraySize(want) == (int)n ? worst : INFINITY;
}

static void check_rows(const char *name, const Model *m, const cJSON *rows,
                       const char *key, double tolerance) {
  float *vector = malloc(m->vector_dim * sizeof *vector);
  const cJSON *row;
  cJSON_ArrayForEach(row, rows) {
    const char *text = cJSON_GetObjectItem(row, "text")->valuestring;
    EmbedText t = {.text = {text, strlen(text)}, .vector = vector};
    Error err = {""};
    int code = embed_run(m, &run, OVERFLOW_TRUNCATE, &t, 1, &err);
    CHECK(code == OK, "%s: %s", name, err.message);
    if (code)
      continue;
    double d = difference(vector, cJSON_GetObjectItem(row, key), m->vector_dim);
    CHECK(d <= tolerance, "%s '%.30s': differs by %g", name, text, d);
  }
  free(vector);
}

static void check_sentences(const char *name) {
  cJSON *json = oracle_expected(name);
  Model *m = oracle_model(name);
  CHECK(json && m, "%s", name);
  if (json && m)
    check_rows(name, m,
               cJSON_GetObjectItem(
                   cJSON_GetObjectItem(json, "sentence_embeddings"), "rows"),
               "embedding", 2e-5);
  model_free(m);
  cJSON_Delete(json);
}

/* The pooled vectors recorded beside hidden states. */
static void check_pooling(const char *name, Pooling pooling, int normalize,
                          const char *key) {
  char path[512];
  ModelOptions options = options_none;
  Model *m = NULL;
  Error err = {""};
  cJSON *json = oracle_expected(name);
  options.poolings = (Poolings){{pooling}, 1};
  options.normalize = normalize;
  snprintf(path, sizeof path, ORACLE "checkpoints/%s", name);
  int code = model_open(path, &options, NULL, &m, &err);
  CHECK(code == OK && json, "%s: %s", name, err.message);
  if (!code && json)
    check_rows(name, m, cJSON_GetObjectItem(json, "inputs"), key,
               normalize ? 2e-5 : 1e-4);
  model_free(m);
  cJSON_Delete(json);
}

static void check_builtin(void) {
  Model *m = NULL;
  Error err = {""};
  ModelOptions fp32 = options_none;
  fp32.precision = PRECISION_FP32;
  const Builtin *b = builtin_at(0);
  if (!b) {
    SKIP("no model is built in");
    return;
  }
  int code = model_open_builtin(b, &fp32, NULL, &m, &err);
  CHECK(code == OK, "%s", err.message);
  cJSON *json = oracle_json(ORACLE "builtin.json");
  if (!code && json)
    check_rows("builtin", m, cJSON_GetObjectItem(json, "embeddings"),
               "embedding", 2e-5);
  cJSON_Delete(json);
  model_free(m);
}

int main(void) {
  check_sentences("bert-uncased-minilm");
  check_sentences("distilbert-uncased-noprefix");
  check_pooling("distilbert-uncased-base", POOLING_CLS, 0, "cls");
  check_pooling("distilbert-uncased-base", POOLING_MEAN, 0, "mean");
  check_pooling("distilbert-uncased-base", POOLING_MAX, 0, "max");
  check_pooling("distilbert-uncased-base", POOLING_MEAN, 1, "mean_normalized");
  check_pooling("distilbert-uncased-base", POOLING_CLS, 1, "cls_normalized");
  check_builtin();
  return check_done();
}
