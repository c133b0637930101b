/*
 * test_answers.c - question answering, against transformers 4.57.1.
 *
 * For every tiny checkpoint with the head: windows (ids, offsets, words), the
 * logits of each, and the answers of every call by both rules, as well as the
 * calls that must fail.  Then that batches change nothing, that a run can be
 * interrupted, and 200 answers of the built-in model.
 */
#include "task/answer.h"

#include <sqlite3.h>
#include "answers.h"
#include "heads.h"
#include "model/builtin.h"
#include "oracle.h"
#include "text/window.h"

static const Run run = {.engine = ENGINE_NATIVE, .n_threads = 2};

/* --- Windows and logits ----------------------------------------------------
 */

static int number(const cJSON *array, size_t i) {
  const cJSON *item = cJSON_GetArrayItem(array, (int)i);
  return cJSON_IsNull(item) ? -1 : item->valueint;
}

static void check_tokens(const cJSON *want, const Encoding *got) {
  const cJSON *ids = get(want, "input_ids"), *words = get(want, "word_ids");
  const cJSON *offset = get(want, "offsets")->child;
  size_t n = (size_t)cJSON_GetArraySize(ids);
  CHECK(got->n == n, "%zu tokens, not %zu", got->n, n);
  for (size_t i = 0; i < n && i < got->n; i++, offset = offset->next) {
    const Token *t = &got->tokens[i];
    CHECK(t->id == number(ids, i), "token %zu: id %d, not %d", i, t->id,
          number(ids, i));
    CHECK(t->word == number(words, i), "token %zu: word %d, not %d", i, t->word,
          number(words, i));
    CHECK((int)t->start == number(offset, 0) &&
              (int)t->end == number(offset, 1),
          "token %zu: offsets %u-%u, not %d-%d", i, t->start, t->end,
          number(offset, 0), number(offset, 1));
  }
}

static void check_logits(const char *side, const cJSON *want,
                         const float *got) {
  size_t i = 0;
  for (const cJSON *w = want->child; w; w = w->next, i++)
    CHECK(fabs((double)got[i] - w->valuedouble) <= 1e-4,
          "%s logit %zu: %.7g, not %.7g", side, i, (double)got[i],
          w->valuedouble);
}

static void check_window(const Model *model, const cJSON *want,
                         const Encoding *got) {
  float start[512], end[512], logits[1024] = {0};
  Error err = {""};
  check_tokens(want, got);
  if (got->n > 512 ||
      got->n != (size_t)cJSON_GetArraySize(get(want, "offsets")))
    return;
  Sequence text = {got->tokens, got->n};
  int rc = head_of(model, &run, TASK_ANSWER, &text, NULL, got->n, logits, &err);
  CHECK(rc == OK, "%s", err.message);
  for (size_t t = 0; t < got->n; t++) {
    start[t] = logits[2 * t];
    end[t] = logits[2 * t + 1];
  }
  check_logits("start", get(want, "start_logits"), start);
  check_logits("end", get(want, "end_logits"), end);
}

static void check_feature(const Model *model, const cJSON *c,
                          const cJSON *feature) {
  Windows windows;
  Encoding got = {0};
  Error err = {""};
  bool more;
  int rc = windows_open(model->tokenizer, get_encode(c, "question"),
                        get_encode(c, "context"),
                        get_size(feature, "max_seq_len", 0),
                        (Stride){get_size(feature, "doc_stride", 0), false},
                        NULL, &windows, &err);
  CHECK(rc == OK, "%s", err.message);
  if (rc != OK)
    return;
  const cJSON *want;
  cJSON_ArrayForEach(want, get(feature, "windows")) {
    got.n = 0;
    rc = windows_next(&windows, NULL, &got, &more, &err);
    CHECK(rc == OK && more, "a window is missing: %s", err.message);
    if (rc == OK && more)
      check_window(model, want, &got);
  }
  rc = windows_next(&windows, NULL, &got, &more, &err);
  CHECK(rc == OK && !more, "a window too many");
  encoding_clear(&got);
  windows_close(&windows);
}

/* --- Calls -----------------------------------------------------------------
 */

static bool must_fail(const cJSON *call, const char *key) {
  return get(get(call, key), "error") != NULL;
}

static void check_call(const Model *model, const char *what, const cJSON *input,
                       const cJSON *call, bool merge) {
  AnswerOptions how = get_options(get(call, "params"), merge);
  AnswerQuery q = {.question = get_encode(input, "question"),
                   .context = get_encode(input, "context")};
  Error err = {""};
  int rc = answer_run(model, &run, &how, &q, 1, &err);
  CHECK(rc == q.code, "%s: returns %d, the query %d", what, rc, q.code);
  if (must_fail(call, "result") || must_fail(call, "result_4_57_1")) {
    if (q.question.bytes == 0 || q.context.bytes == 0)
      CHECK(rc == OK && q.answers.n == 0, "%s: an empty text", what);
    else
      CHECK(rc == ERR_RANGE && err.message[0], "%s: no error", what);
  } else {
    CHECK(rc == OK, "%s: %s", what, err.message);
    check_answers(what, q.context, &q.answers,
                  get(call, merge ? "result_4_57_1" : "unmerged"));
  }
  answers_clear(&q.answers);
}

static void check_calls(const Model *model, const char *name,
                        const cJSON *input, const cJSON *call) {
  char what[256];
  char *params = cJSON_PrintUnformatted(get(call, "params"));
  snprintf(what, sizeof what, "%s '%.40s' %s", name,
           get_text(input, "question"), params);
  free(params);
  check_call(model, what, input, call, false);
  check_call(model, what, input, call, true);
}

/* Errors name the thing and its limit. */
static void check_messages(const Model *model) {
  static const struct {
    size_t top_k, max_answer_len, max_seq_len, doc_stride;
    const char *want;
  } rows[] = {
      {0, 15, 0, SIZE_MAX, "top_k must be at least 1"},
      {1, 0, 0, SIZE_MAX, "max_answer_len must be at least 1"},
      {1, 15, 513, SIZE_MAX, "max_seq_len 513 exceeds the model's limit 512"},
      {1, 15, 16, 20, "doc_stride 20 exceeds max_seq_len 16"},
      {1, 15, 12, 12, "12"},
      {1, 15, 4, 0, "4"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    AnswerOptions how = {.top_k = rows[i].top_k,
                         .max_answer_len = rows[i].max_answer_len,
                         .max_seq_len = rows[i].max_seq_len,
                         .doc_stride = rows[i].doc_stride};
    AnswerQuery q = {.question = {"who?", 4},
                     .context = {"one two one two one two one two", 31}};
    Error err = {""};
    CHECK(answer_run(model, &run, &how, &q, 1, &err) == ERR_RANGE, "row %zu",
          i);
    CHECK(strstr(err.message, rows[i].want) &&
              !strcmp(q.error.message, err.message),
          "row %zu: '%s', '%s'", i, err.message, q.error.message);
    answers_clear(&q.answers);
  }
}

/* --- Batches ---------------------------------------------------------------
 */

static bool same_answers(const Answers *a, const Answers *b) {
  return a->n == b->n && (a->n == 0 || memcmp(a->items, b->items,
                                              a->n * sizeof *a->items) == 0);
}

/* Every case at once gives the same bits as each alone, and a query that
 * fails does not touch the others. */
static void check_batch(const Model *model, const cJSON *cases) {
  size_t n = (size_t)cJSON_GetArraySize(cases) + 1, i = 1;
  AnswerQuery *all = calloc(n, sizeof *all);
  AnswerOptions how = answer_defaults;
  how.max_seq_len = 48;
  how.doc_stride = 12;
  how.top_k = 4;
  Error err = {""};
  char hopeless[] = "a question that leaves no room: a a a a a a a a a a a a a "
                    "a a a a a a a a a a a a a a a a a a a a a a a a a a a a a";
  all[0].question = all[0].context =
      (EncodeText){hopeless, sizeof hopeless - 1};
  const cJSON *c;
  cJSON_ArrayForEach(c, cases) {
    all[i].question = get_encode(c, "question");
    all[i++].context = get_encode(c, "context");
  }
  int rc = answer_run(model, &run, &how, all, n, &err);
  CHECK(rc == ERR_RANGE && all[0].code == rc, "the hopeless question: %d", rc);
  for (i = 0; i < n; i++) {
    AnswerQuery one = all[i];
    answer_run(model, &run, &how, &one, 1, &err);
    CHECK(one.code == all[i].code, "query %zu: %d, alone %d", i, all[i].code,
          one.code);
    CHECK(same_answers(&one.answers, &all[i].answers), "query %zu", i);
    answers_clear(&one.answers);
    answers_clear(&all[i].answers);
  }
  free(all);
}

/* The most memory that answering from `bytes` bytes of text took. */
static sqlite3_int64 peak_of(const Model *model, size_t bytes) {
  static const char sentence[] = "The river was long, said Mr. Brown in 1984. ";
  char *text = malloc(bytes);
  for (size_t i = 0; i < bytes; i++)
    text[i] = sentence[i % (sizeof sentence - 1)];
  AnswerQuery q = {.question = {"who?", 4}, .context = {text, bytes}};
  Error err = {""};
  sqlite3_int64 before = sqlite3_memory_used();
  sqlite3_memory_highwater(1);
  CHECK(answer_run(model, &run, &answer_defaults, &q, 1, &err) == OK, "%s",
        err.message);
  answers_clear(&q.answers);
  CHECK(sqlite3_memory_used() == before, "memory is left");
  free(text);
  return sqlite3_memory_highwater(0) - before;
}

/* Memory is that of a batch, however long the context. */
static void check_memory(const Model *model) {
  sqlite3_int64 small = peak_of(model, 3000), large = peak_of(model, 15000);
  CHECK(small > 0 && large - small < 100000, "%lld bytes, then %lld",
        (long long)small, (long long)large);
}

static bool countdown(void *arg) {
  int *left = arg;
  return --*left < 0;
}

static void check_interrupt(const Model *model, const cJSON *cases) {
  const cJSON *c = cJSON_GetArrayItem(cases, 0);
  AnswerOptions how = answer_defaults;
  how.max_seq_len = 48;
  how.doc_stride = 12;
  int rc = ERR_INTERRUPT, polls = 0;
  for (; rc == ERR_INTERRUPT && polls < 10000; polls++) {
    int left = polls;
    Run stopping = run;
    stopping.poll = (Poll){countdown, &left};
    AnswerQuery q = {.question = get_encode(c, "question"),
                     .context = get_encode(c, "context")};
    Error err = {""};
    rc = answer_run(model, &stopping, &how, &q, 1, &err);
    CHECK(rc == q.code && (rc == OK || q.answers.n == 0), "%d %zu", rc,
          q.answers.n);
    answers_clear(&q.answers);
  }
  CHECK(rc == OK && polls > 3, "code %d after %d polls", rc, polls);
}

static Model *open_checkpoint(const char *name) {
  char path[256];
  snprintf(path, sizeof path, ORACLE "checkpoints/%s", name);
  Model *model = NULL;
  Error err = {""};
  int rc = model_open(path, &options_none, NULL, &model, &err);
  CHECK(rc == OK, "%s: %s", name, err.message);
  return model;
}

static void test_checkpoint(const char *name) {
  Model *model = open_checkpoint(name);
  cJSON *data = oracle_expected(name);
  CHECK(data != NULL, "%s", name);
  const cJSON *c, *x;
  if (model && data) {
    cJSON_ArrayForEach(c, get(data, "cases")) {
      cJSON_ArrayForEach(x, get(c, "features")) check_feature(model, c, x);
      cJSON_ArrayForEach(x, get(c, "calls")) check_calls(model, name, c, x);
    }
    cJSON_ArrayForEach(x, get(data, "errors"))
        check_calls(model, name, get(x, "input"), x);
    check_messages(model);
    check_memory(model);
    check_batch(model, get(data, "cases"));
    check_interrupt(model, get(data, "cases"));
  }
  cJSON_Delete(data);
  model_free(model);
}

/* --- The built-in model ----------------------------------------------------
 */

static const Builtin *builtin_answering(void) {
  for (size_t i = 0; builtin_at(i); i++)
    if (builtin_at(i)->tasks & TASK_BIT(TASK_ANSWER))
      return builtin_at(i);
  return NULL;
}

/* Sanitizers make arithmetic slow, and so does fma() in software. */
static size_t builtin_rows(size_t all) {
  bool is_slow = !strcmp(kernels_pick(NULL)->name, "portable");
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  is_slow = true;
#endif
  return is_slow && all > 4 ? 4 : all;
}

static void check_builtin(const Model *model, const cJSON *rows) {
  size_t n = builtin_rows((size_t)cJSON_GetArraySize(rows)), i = 0;
  AnswerQuery *all = calloc(n, sizeof *all);
  Error err = {""};
  const cJSON *row;
  for (row = rows->child; i < n; row = row->next, i++) {
    all[i].question = get_encode(row, "question");
    all[i].context = get_encode(row, "context");
  }
  CHECK(answer_run(model, &run, &answer_defaults, all, n, &err) == OK, "%s",
        err.message);
  for (row = rows->child, i = 0; i < n; row = row->next, i++) {
    CHECK(all[i].answers.n == 1, "%zu answers", all[i].answers.n);
    if (all[i].answers.n)
      check_answer(get_text(row, "id"), all[i].context, all[i].answers.items,
                   row);
    answers_clear(&all[i].answers);
  }
  free(all);
}

static void test_builtin(void) {
  const Builtin *b = builtin_answering();
  if (!b) {
    SKIP("no built-in model answers questions");
    return;
  }
  Model *model = NULL;
  Error err = {""};
  ModelOptions fp32 = options_none;
  fp32.precision = PRECISION_FP32;
  int rc = model_open_builtin(b, &fp32, NULL, &model, &err);
  CHECK(rc == OK, "%s", err.message);
  cJSON *data = oracle_json(ORACLE "builtin.json");
  if (rc == OK && data)
    check_builtin(model, get(data, "answers"));
  cJSON_Delete(data);
  model_free(model);
}

int main(void) {
  static const char *const names[] = {
      "distilbert-uncased-qa", "distilbert-cased-qa",
      "distilbert-uncased-sharded", "bert-uncased-qa", "roberta-qa"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    test_checkpoint(names[i]);
  test_builtin();
  return check_done();
}
