/*
 * test_encoder.c - hidden states against the reference implementation.
 *
 * Layer by layer against float64 (numerics.json), last layers of every
 * encoder checkpoint against float32 (expected/), and the promise of equal
 * bits: alone or in a batch, on one thread or several.
 */
#include <math.h>
#include "check.h"
#include "model/load.h"
#include "oracle/oracle.h"
#include "tensor/blas.h"

static const Run one_thread = {ENGINE_NATIVE, 1, {0}};

/* Largest difference over the largest magnitude. */
static double matrix_error(const Hidden *h, size_t C, const cJSON *rows) {
  double worst = 0, scale = 1e-30;
  const cJSON *row, *value;
  size_t t = 0;
  cJSON_ArrayForEach(row, rows) {
    size_t c = 0;
    cJSON_ArrayForEach(value, row) {
      if (t < h->n_tokens) {
        double d = fabs(hidden_at(h, C, t, c) - value->valuedouble);
        worst = d > worst || isnan(d) ? d : worst;
        scale = fmax(scale, fabs(value->valuedouble));
      }
      c++;
    }
    t++;
  }
  return worst / scale;
}

static void check_layer(const Model *whole, const cJSON *item, size_t layers,
                        const char *key) {
  Model model = *whole;
  Hidden h;
  Error err = {""};
  size_t n;
  Token *tokens = oracle_tokens(item, &n);
  model.config.n_layers = layers;
  int code =
      encoder_run(&model, &one_thread, &(Sequence){tokens, n}, 1, &h, &err);
  CHECK(code == OK, "%s: %s", key, err.message);
  if (!code) {
    double e =
        matrix_error(&h, model.config.dim, cJSON_GetObjectItem(item, key));
    CHECK(e <= 2e-5, "%s differs by %g of its scale", key, e);
    hidden_clear(&h);
  }
  free(tokens);
}

/* Items are single sequences, or a padded batch: arrays of arrays. */
static cJSON *batch_item(const cJSON *item, int i) {
  cJSON *one = cJSON_CreateObject();
  const cJSON *part;
  cJSON_ArrayForEach(part, item) {
    if (cJSON_IsArray(part))
      cJSON_AddItemToObject(one, part->string,
                            cJSON_Duplicate(cJSON_GetArrayItem(part, i), 1));
  }
  return one;
}

static void check_item(const Model *model, const cJSON *item) {
  const cJSON *ids = cJSON_GetObjectItem(item, "input_ids");
  if (cJSON_IsArray(cJSON_GetArrayItem(ids, 0))) {
    for (int i = 0; i < cJSON_GetArraySize(ids); i++) {
      cJSON *one = batch_item(item, i);
      check_item(model, one);
      cJSON_Delete(one);
    }
    return;
  }
  check_layer(model, item, 0, "embeddings.output");
  check_layer(model, item, 1, "layer0.after_output_layer_norm");
  check_layer(model, item, 2, "layer1.after_output_layer_norm");
}

static void test_numerics(void) {
  cJSON *json = oracle_json(ORACLE "numerics.json");
  Model *model = oracle_model("distilbert-uncased-mlm");
  CHECK(json && model, "numerics.json");
  const cJSON *item;
  if (json && model)
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(json, "items"))
        check_item(model, item);
  model_free(model);
  cJSON_Delete(json);
}

static void check_record(const char *name, const Model *model,
                         const cJSON *record) {
  const cJSON *rows = cJSON_GetObjectItem(record, "last_hidden_state_rows");
  const cJSON *row, *value;
  Hidden h;
  Error err = {""};
  size_t n, C = model->config.dim;
  Token *tokens = oracle_tokens(record, &n);
  int code =
      encoder_run(model, &one_thread, &(Sequence){tokens, n}, 1, &h, &err);
  CHECK(code == OK && rows, "%s: %s", name, err.message);
  free(tokens);
  if (code)
    return;
  cJSON_ArrayForEach(row, rows) {
    size_t t = (size_t)atoi(row->string), c = 0;
    cJSON_ArrayForEach(value, row) {
      double d = fabs(hidden_at(&h, C, t, c) - value->valuedouble);
      CHECK(d <= 1e-4, "%s token %zu feature %zu differs by %g", name, t, c, d);
      c++;
    }
  }
  hidden_clear(&h);
}

static void test_expected(const char *name) {
  cJSON *json = oracle_expected(name);
  Model *model = oracle_model(name);
  const cJSON *record;
  CHECK(json && model, "%s", name);
  if (json && model) {
    cJSON_ArrayForEach(record, cJSON_GetObjectItem(json, "inputs"))
        check_record(name, model, record);
    cJSON_ArrayForEach(record, cJSON_GetObjectItem(json, "pairs"))
        check_record(name, model, record);
  }
  model_free(model);
  cJSON_Delete(json);
}

/* The table we would fill in is the one that checkpoint stores. */
static void test_sinusoids(void) {
  Model *m = oracle_model("distilbert-uncased-sinusoidal");
  Table ours;
  Error err = {""};
  CHECK(m != NULL, "distilbert-uncased-sinusoidal");
  if (!m)
    return;
  size_t n = m->positions.n * m->positions.dim;
  Loader l = {.base = calloc(n + 16, sizeof(float)),
              .room = (n + 16) * sizeof(float)};
  CHECK(!load_sinusoids(&l, m->positions.n, m->positions.dim, &ours, &err),
        "%s", err.message);
  for (size_t i = 0; i < n; i++)
    CHECK(fabsf(ours.rows[i] - m->positions.rows[i]) <= 1e-6f, "%zu: %g %g", i,
          (double)ours.rows[i], (double)m->positions.rows[i]);
  free(l.base);
  model_free(m);
}

/* --- Equal bits ---------------------------------------------------------- */

enum { MANY = 40 };

static void check_same(const Model *model, const Hidden *batch, size_t first,
                       const Sequence *text, size_t threads) {
  Hidden alone;
  Run run = {ENGINE_NATIVE, threads, {0}};
  Error err = {""};
  size_t C = model->config.dim, different = 0;
  int code = encoder_run(model, &run, text, 1, &alone, &err);
  CHECK(code == OK, "%s", err.message);
  if (code)
    return;
  for (size_t t = 0; t < text->n; t++)
    for (size_t c = 0; c < C; c++) {
      float a = hidden_at(&alone, C, t, c);
      float b = hidden_at(batch, C, first + t, c);
      different += memcmp(&a, &b, sizeof a) != 0;
    }
  CHECK(different == 0, "%zu of %zu values depend on the batch", different,
        text->n * C);
  hidden_clear(&alone);
}

static void test_bits(const char *name) {
  Model *model = oracle_model(name);
  static Token tokens[MANY][128];
  Sequence texts[MANY];
  Hidden batch;
  Error err = {""};
  CHECK(model != NULL, "%s", name);
  if (!model)
    return;
  for (size_t i = 0; i < MANY; i++) {
    texts[i] = (Sequence){tokens[i], 1 + i * i * 7 % 100};
    for (size_t j = 0; j < texts[i].n; j++)
      tokens[i][j].id = (int32_t)((i * 131 + j * 71) % 800);
  }
  Run run = {ENGINE_NATIVE, 2, {0}};
  int code = encoder_run(model, &run, texts, MANY, &batch, &err);
  CHECK(code == OK, "%s", err.message);
  for (size_t i = 0; !code && i < MANY; i++)
    check_same(model, &batch, batch.first[i], &texts[i], 1 + i % 4);
  hidden_clear(&batch);
  model_free(model);
}

/* The built-in weights as floats; NULL after a failed check. */
static Model *builtin_model(void) {
  Model *model = NULL;
  Error err = {""};
  ModelOptions options = options_none;
  options.precision = PRECISION_FP32;
  int code = model_open_builtin(builtin_at(1), &options, NULL, &model, &err);
  CHECK(!code, "%s", err.message);
  return code ? NULL : model;
}

/* The largest difference of any value; NaN if there is one. */
static double worst_of(const Hidden *a, const Hidden *b, size_t n, size_t C) {
  double worst = 0;
  for (size_t t = 0; t < n; t++)
    for (size_t c = 0; c < C; c++) {
      double d = hidden_at(a, C, t, c) - hidden_at(b, C, t, c);
      worst = fabs(d) > worst || isnan(d) ? fabs(d) : worst;
    }
  return worst;
}

/*
 * The same vector added to all keys adds the same to all scores of a query, a
 * few hundred more or less: softmax does not see it, and nothing overflows or
 * vanishes.
 */
static void test_far_scores(void) {
  enum { N = 40, SHIFT = 500 };
  static Token tokens[N];
  static float bias[384];
  Model *model = builtin_model();
  Hidden near = {0}, far = {0};
  Error err = {""};
  if (!model)
    return;
  for (size_t i = 0; i < N; i++)
    tokens[i].id = (int32_t)(1000 + i * 71);
  Sequence text = {tokens, N};
  int code = encoder_run(model, &one_thread, &text, 1, &near, &err);
  for (size_t c = 0; c < model->config.dim; c++)
    bias[c] = model->layers[0].key.bias[c] + SHIFT;
  model->layers[0].key.bias = bias;
  code = code ? code : encoder_run(model, &one_thread, &text, 1, &far, &err);
  CHECK(!code, "%s", err.message);
  double worst = code ? NAN : worst_of(&near, &far, N, model->config.dim);
  CHECK(worst > 0 && worst < 1e-2, "far scores: %g off", worst);
  hidden_clear(&near);
  hidden_clear(&far);
  model_free(model);
}

/*
 * Heads of 192 and 128 features, wider than a task has rows or not a multiple
 * of them: the built-in weights cut otherwise, against BLAS, which cuts none.
 */
static void test_wide_heads(size_t n_heads, size_t n) {
  static Token tokens[300];
  Hidden native = {0}, blas = {0};
  Error err = {""};
  if (blas_open(&err)) {
    SKIP("%s", err.message);
    return;
  }
  Model *model = builtin_model();
  if (!model)
    return;
  Model cut = *model;
  cut.config.n_heads = n_heads;
  for (size_t i = 0; i < n; i++)
    tokens[i].id = (int32_t)(1000 + i * 71);
  Sequence text = {tokens, n};
  Run run = {ENGINE_BLAS, 1, {0}};
  CHECK(!encoder_run(&cut, &one_thread, &text, 1, &native, &err) &&
            !encoder_run(&cut, &run, &text, 1, &blas, &err),
        "%s", err.message);
  double worst =
      blas.hidden ? worst_of(&native, &blas, n, cut.config.dim) : NAN;
  CHECK(worst < 1e-4, "%zu heads, %zu tokens: %g off", n_heads, n, worst);
  hidden_clear(&native);
  hidden_clear(&blas);
  model_free(model);
}

int main(void) {
  static const char *const encoders[] = {
      "distilbert-uncased-base",       "distilbert-uncased-noprefix",
      "distilbert-uncased-sinusoidal", "distilbert-uncased-bf16",
      "bert-uncased-minilm",           "roberta-sentence"};
  test_numerics();
  test_sinusoids();
  for (size_t i = 0; i < sizeof encoders / sizeof *encoders; i++)
    test_expected(encoders[i]);
  test_bits("distilbert-uncased-base");
  test_bits("bert-uncased-minilm");
  test_bits("roberta-sentence");
  test_far_scores();
  test_wide_heads(2, 40);
  test_wide_heads(2, 300);
  test_wide_heads(3, 40);
  test_wide_heads(3, 300);
  return check_done();
}
