/*
 * test_int8.c - models whose layers are bytes: how near, and always the same.
 *
 * In:  the built-in models and the tiny checkpoints, as fp32 and as int8.
 * Out: the lowest cosine of a token's vector between the two; answers to 200
 *      questions by both; that a result depends neither on the batch nor on
 *      the number of threads, and a hash of it that `make kernels` compares
 *      over the sets of kernels; that nothing of a built-in model is copied.
 */
#include <math.h>
#include "answers.h"
#include "model/builtin.h"
#include "oracle/oracle.h"

/* Sanitizers and kernels in plain C make arithmetic slow: they see a part. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { MOST = 20 };
#else
enum { MOST = 200 };
#endif

static bool is_portable(void) {
  return !strcmp(kernels_pick(NULL)->name, "portable");
}

static Model *open_builtin(Task task, Precision precision) {
  ModelOptions options = options_none;
  Model *model = NULL;
  Error err = {""};
  options.precision = precision;
  for (size_t i = 0; builtin_at(i) && !model; i++) {
    const Builtin *b = builtin_at(i);
    if (b->tasks & TASK_BIT(task) &&
        model_open_builtin(b, &options, NULL, &model, &err))
      printf("%s: %s\n", b->name, err.message);
  }
  return model;
}

static Model *open_int8(const char *name) {
  ModelOptions options = options_none;
  Model *model = NULL;
  Error err = {""};
  char path[256];
  options.precision = PRECISION_INT8;
  snprintf(path, sizeof path, ORACLE "checkpoints/%s", name);
  CHECK(model_open(path, &options, NULL, &model, &err) == OK, "%s: %s", name,
        err.message);
  return model;
}

/* --- How near ------------------------------------------------------------- */

static double cosine(const Hidden *a, const Hidden *b, size_t C, size_t t) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t c = 0; c < C; c++) {
    double x = (double)hidden_at(a, C, t, c), y = (double)hidden_at(b, C, t, c);
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / sqrt(aa * bb);
}

static double lowest_cosine(const Model *x, const Model *y,
                            const Sequence *text) {
  Run run = {ENGINE_NATIVE, 2, {0}};
  Hidden a, b;
  Error err = {""};
  double lowest = 1;
  int code = encoder_run(x, &run, text, 1, &a, &err);
  code = code ? code : encoder_run(y, &run, text, 1, &b, &err);
  CHECK(code == OK, "%s", err.message);
  if (code)
    return -1;
  for (size_t t = 0; t < text->n; t++) {
    double one = cosine(&a, &b, x->config.dim, t);
    lowest = one < lowest ? one : lowest;
  }
  hidden_clear(&a);
  hidden_clear(&b);
  return lowest;
}

/* Questions with their paragraphs, up to 384 tokens. */
static void check_cosines(const Model *fp32, const Model *int8,
                          const cJSON *rows) {
  double lowest = 1;
  size_t i = 0;
  const cJSON *row;
  cJSON_ArrayForEach(row, rows) {
    EncodeText q = get_encode(row, "question"), c = get_encode(row, "context");
    Encoding e = {0};
    Error err = {""};
    if (i++ % 10)
      continue;
    bool cut;
    int code = tokenizer_encode(fp32->tokenizer, q, c, TRUNCATE_ONLY_SECOND,
                                384, NULL, &e, &cut, &err);
    CHECK(code == OK, "%s", err.message);
    double one = lowest_cosine(fp32, int8, &(Sequence){e.tokens, e.n});
    lowest = one < lowest ? one : lowest;
    encoding_clear(&e);
    if (i >= MOST)
      break;
  }
  printf("lowest cosine of a token to fp32: %.5f\n", lowest);
  CHECK(lowest >= 0.99, "lowest cosine %.5f", lowest);
}

static void check_answers_of(const Model *model, const cJSON *rows) {
  size_t n = MOST, i = 0, equal = 0;
  AnswerQuery *all = calloc(n, sizeof *all);
  Run run = {ENGINE_NATIVE, 2, {0}};
  Error err = {""};
  const cJSON *row = rows->child;
  for (i = 0; i < n; i++, row = row->next) {
    all[i].question = get_encode(row, "question");
    all[i].context = get_encode(row, "context");
  }
  CHECK(answer_run(model, &run, &answer_defaults, all, n, &err) == OK, "%s",
        err.message);
  for (i = 0, row = rows->child; i < n; i++, row = row->next) {
    const Answer *got = all[i].answers.items;
    equal += all[i].answers.n && got->start == get_size(row, "start", 0) &&
             got->end == get_size(row, "end", 0);
    answers_clear(&all[i].answers);
  }
  printf("answers as with fp32: %zu of %zu\n", equal, n);
  CHECK(equal * 100 >= n * 95, "only %zu of %zu answers are equal", equal, n);
  free(all);
}

static void test_builtin(void) {
  if (is_portable()) {
    SKIP("nearness to fp32: the same in all sets, and slow in plain C");
    return;
  }
  Model *fp32 = open_builtin(TASK_ANSWER, PRECISION_FP32);
  Model *file = open_builtin(TASK_ANSWER, PRECISION_FILE);
  cJSON *data = oracle_json(ORACLE "builtin.json");
  if (fp32 && file && data) {
    CHECK(fp32->precision == PRECISION_FP32 &&
              file->precision == PRECISION_INT8,
          "precisions %d and %d", fp32->precision, file->precision);
    /* Norms, biases, positions and scales; no weight is copied. */
    CHECK(file->bytes < 2000000 && fp32->bytes > 40000000,
          "%zu bytes as int8, %zu as fp32", file->bytes, fp32->bytes);
    check_cosines(fp32, file, get(data, "answers"));
    check_answers_of(file, get(data, "answers"));
  } else {
    SKIP("no built-in model answers questions");
  }
  cJSON_Delete(data);
  model_free(fp32);
  model_free(file);
}

/* --- Always the same ------------------------------------------------------ */

enum { MANY = 12, LONGEST = 60 };

static uint64_t add_hidden(uint64_t h, const Hidden *x, size_t C, size_t first,
                           size_t n) {
  for (size_t t = first; t < first + n; t++)
    for (size_t c = 0; c < C; c++) {
      float value = hidden_at(x, C, t, c);
      uint32_t bits;
      memcpy(&bits, &value, sizeof bits);
      h = (h ^ bits) * 1099511628211u;
    }
  return h;
}

static uint64_t hash_alone(const Model *model, const Sequence *texts,
                           size_t threads) {
  Run run = {ENGINE_NATIVE, threads, {0}};
  uint64_t h = 14695981039346656037u;
  for (size_t i = 0; i < MANY; i++) {
    Hidden x;
    Error err = {""};
    CHECK(encoder_run(model, &run, &texts[i], 1, &x, &err) == OK, "%s",
          err.message);
    h = add_hidden(h, &x, model->config.dim, 0, texts[i].n);
    hidden_clear(&x);
  }
  return h;
}

static uint64_t hash_batch(const Model *model, const Sequence *texts,
                           size_t threads) {
  Run run = {ENGINE_NATIVE, threads, {0}};
  Hidden x;
  Error err = {""};
  CHECK(encoder_run(model, &run, texts, MANY, &x, &err) == OK, "%s",
        err.message);
  uint64_t h = 14695981039346656037u;
  for (size_t i = 0; i < MANY; i++)
    h = add_hidden(h, &x, model->config.dim, x.first[i], texts[i].n);
  hidden_clear(&x);
  return h;
}

static void check_hash(const char *name, const Model *model, uint64_t want) {
  static Token tokens[MANY][LONGEST];
  Sequence texts[MANY];
  if (!model)
    return;
  for (size_t i = 0; i < MANY; i++) {
    texts[i] = (Sequence){tokens[i], 1 + i * i * 7 % LONGEST};
    for (size_t j = 0; j < texts[i].n; j++)
      tokens[i][j].id = (int32_t)((i * 131 + j * 71) % 800);
  }
  for (size_t threads = 1; threads <= (is_portable() ? 1 : 4); threads *= 2) {
    uint64_t alone = hash_alone(model, texts, threads);
    uint64_t batch = hash_batch(model, texts, threads);
    CHECK(alone == want && batch == want,
          "%s, %zu threads: alone %016llx, in a batch %016llx", name, threads,
          (unsigned long long)alone, (unsigned long long)batch);
  }
}

static void test_bits(void) {
  static const struct {
    const char *name;
    uint64_t hash;
  } rows[] = {{"distilbert-uncased-base", 0xc89a3d12210c5df8u},
              {"bert-uncased-minilm", 0x47f91acf295f45f1u},
              {"distilbert-uncased-bf16", 0x1c4e652c5d74f6acu}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    Model *model = open_int8(rows[i].name);
    check_hash(rows[i].name, model, rows[i].hash);
    model_free(model);
  }
  Model *builtin = open_builtin(TASK_ANSWER, PRECISION_FILE);
  check_hash("built-in", builtin, 0xe019dd00ee0017bau);
  model_free(builtin);
}

int main(void) {
  test_builtin();
  test_bits();
  return check_done();
}
