/*
 * test_batch.c - many texts in one run of each task: none of them reaches
 * beyond its own result.
 *
 * Checkpoints of tests/oracle/data with another tokenizer.json, made in
 * build/batch: one without special tokens, where an empty text has no token at
 * all, so that a run may hold any number of them; and one that knows a token
 * [ENT] of which the weights have no row.  Texts are freed as soon as they were
 * added.
 */
#include <sqlite3.h>
#include <sys/stat.h>
#include "check.h"
#include "model/heads.h"
#include "model/model.h"
#include "task/answer.h"
#include "task/classify.h"
#include "task/embed.h"
#include "task/fill.h"
#include "tokenizers.h"

#define CHECKPOINTS "tests/oracle/data/checkpoints/"

enum { MANY = 2000 };

static const char folder[] = "build/batch";
static const Run run = {ENGINE_NATIVE, 2, {0}};

/* --- Checkpoints ---------------------------------------------------------- */

static void put(const char *name, const char *text, size_t bytes) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *f = fopen(path, "wb");
  CHECK(f && fwrite(text, 1, bytes, f) == bytes, "%s", path);
  if (f)
    fclose(f);
}

static void copy(const char *from, const char *name) {
  FileText file = read_text(from, name);
  CHECK(file.text, "%s/%s", from, name);
  put(name, file.text, file.bytes);
  mem_free((char *)file.text);
}

static void put_tokenizer(cJSON *json) {
  char *text = cJSON_PrintUnformatted(json);
  put("tokenizer.json", text, strlen(text));
  cJSON_free(text);
}

/* Weights of `base`; the tokenizer has [ENT] as number 1416, or no template. */
static Model *open_changed(const char *base, bool bare) {
  static const ModelOptions options;
  Model *m = NULL;
  Error err = {""};
  mkdir("build", 0777);
  mkdir(folder, 0777);
  copy(base, "config.json");
  copy(base, "model.safetensors");
  copy(base, "tokenizer_config.json");
  FileText file = read_text(base, "tokenizer.json");
  if (!file.text)
    file = read_text(CHECKPOINTS "distilbert-uncased-mlm", "tokenizer.json");
  cJSON *json = cJSON_Parse(file.text);
  mem_free((char *)file.text);
  if (bare)
    cJSON_ReplaceItemInObject(json, "post_processor", cJSON_CreateNull());
  else
    cJSON_AddItemToArray(
        cJSON_GetObjectItem(json, "added_tokens"),
        cJSON_Parse("{\"id\":1416,\"content\":\"[ENT]\",\"special\":true}"));
  put_tokenizer(json);
  cJSON_Delete(json);
  CHECK(model_open(folder, &options, NULL, &m, &err) == OK, "%s: %s", base,
        err.message);
  return m;
}

/* --- Texts ---------------------------------------------------------------- */

/* What text i is in a run of many. */
typedef const char *text_at(size_t i);

static const char *empty_text(size_t i) {
  return i == MANY / 2 ? "the [MASK] of the" : i % 2 ? "" : " ";
}

static const char *short_text(size_t i) {
  return i % 3 ? "[MASK]" : "the [MASK]";
}

/* Some too long for a model of 128 tokens, some with a token it has not. */
static const char *mixed_text(size_t i) {
  static char long_text[1000];
  for (size_t n = 0; !long_text[0] && n < 200; n++)
    memcpy(long_text + 4 * n + 4, " the", 4);
  memcpy(long_text, "long", 4);
  return i % 7 == 3    ? "the [ENT] [MASK]"
         : i % 50 == 9 ? long_text
         : i % 11 == 1 ? "the [MASK] of [MASK]"
                       : "of the [MASK]";
}

/* A copy that is gone when the task has read it. */
static EncodeText lend(const char *text) {
  size_t n = strlen(text);
  char *own = malloc(n + 1);
  memcpy(own, text, n + 1);
  return (EncodeText){own, n};
}

static void take_back(EncodeText text) {
  free((char *)text.text);
}

/* --- Embedding ------------------------------------------------------------ */

static void check_embedded(const Model *m, Embedder *e, size_t i,
                           const char *text) {
  static float vector[1000];
  EmbedText one = {.text = some_text(text), .vector = vector};
  const EmbedResult *r = embedder_result(e, i);
  Error err = {""};
  int rc = embed_run(m, &run, OVERFLOW_ERROR, &one, 1, &err);
  CHECK(r->code == rc && one.code == rc && r->tokens == one.tokens, "%zu: %d",
        i, r->code);
  if (rc == OK)
    CHECK(!memcmp(r->vector, vector, m->vector_dim * sizeof *vector), "%zu", i);
  else
    CHECK(!r->vector && !strcmp(r->error.message, err.message), "%zu: %s, %s",
          i, r->error.message, err.message);
}

static size_t embed_many(const Model *m, text_at *text) {
  Embedder *e;
  Error err = {""};
  size_t n_good = 0;
  CHECK(embedder_open(m, &run, OVERFLOW_ERROR, &e, &err) == OK, "%s",
        err.message);
  for (int round = 0; e && round < 2; round++) {
    n_good = 0;
    for (size_t i = 0; i < MANY; i++) {
      EncodeText lent = lend(text(i));
      CHECK(embedder_add(e, lent, &err) == OK, "%zu: %s", i, err.message);
      take_back(lent);
    }
    CHECK(embedder_run(e, &err) == OK, "%s", err.message);
    for (size_t i = 0; i < MANY; i++)
      n_good += embedder_result(e, i)->code == OK;
    for (size_t i = 0; i < MANY; i += i < 10 ? 1 : 90)
      check_embedded(m, e, i, text(i));
    embedder_empty(e);
  }
  embedder_close(e);
  return n_good;
}

/* The same as an array. */
static void embed_empty(const Model *m) {
  EmbedText *all = calloc(MANY, sizeof *all);
  Error err = {""};
  for (size_t i = 0; i < MANY; i++)
    all[i] = (EmbedText){.text = some_text(i % 2 ? "" : " ")};
  int rc = embed_run(m, &run, OVERFLOW_TRUNCATE, all, MANY, &err);
  CHECK(rc == ERR_RANGE && all[MANY - 1].code == rc &&
            !strcmp(err.message, "text has 0 tokens, the model takes 1 to 128"),
        "%d %s", rc, err.message);
  free(all);
}

/* --- Answering ------------------------------------------------------------ */

static void check_answered(const Model *m, Answerer *a, size_t i,
                           const char *question, const char *context) {
  AnswerOptions how = answer_defaults;
  AnswerQuery one = {.question = some_text(question),
                     .context = some_text(context)};
  const AnswerResult *r = answerer_result(a, i);
  Error err = {""};
  how.merge = true;
  int rc = answer_run(m, &run, &how, &one, 1, &err);
  CHECK(r->code == rc && one.code == rc && r->answers.n == one.answers.n,
        "%zu: %d, %zu answers", i, r->code, r->answers.n);
  CHECK(!rc || !strcmp(r->error.message, err.message), "%s", r->error.message);
  if (r->answers.n && r->answers.n == one.answers.n)
    CHECK(!memcmp(r->answers.items, one.answers.items,
                  one.answers.n * sizeof *one.answers.items),
          "%zu", i);
  answers_clear(&one.answers);
}

/* Texts are read for merging after they are gone. */
static size_t answer_many(const Model *m, const char *question, text_at *text) {
  Answerer *a;
  AnswerOptions how = answer_defaults;
  Error err = {""};
  size_t n_good = 0;
  how.merge = true;
  CHECK(answerer_open(m, &run, &how, &a, &err) == OK, "%s", err.message);
  for (int round = 0; a && round < 2; round++) {
    n_good = 0;
    for (size_t i = 0; i < MANY; i++) {
      EncodeText q = lend(question), c = lend(text(i));
      CHECK(answerer_add(a, q, c, &err) == OK, "%zu: %s", i, err.message);
      take_back(q);
      take_back(c);
    }
    CHECK(answerer_run(a, &err) == OK, "%s", err.message);
    for (size_t i = 0; i < MANY; i++)
      n_good += answerer_result(a, i)->answers.n > 0;
    for (size_t i = 0; i < MANY; i += i < 10 ? 1 : 90)
      check_answered(m, a, i, question, text(i));
    answerer_empty(a);
  }
  answerer_close(a);
  return n_good;
}

/* --- Filling -------------------------------------------------------------- */

/* Result i of f is that of the text alone. */
static void check_filled(Filler *f, size_t i, Filler *one, const char *text) {
  Score got[5], want[5];
  const FillResult *r = filler_result(f, i), *alone;
  Error err = {""};
  filler_empty(one);
  CHECK(filler_add(one, some_text(text), false, &err) == OK &&
            filler_run(one, &err) == OK,
        "%s", err.message);
  alone = filler_result(one, 0);
  CHECK(r->code == alone->code && r->n_masks == alone->n_masks &&
            !strcmp(r->error.message, alone->error.message),
        "%zu: %d %s", i, r->code, r->error.message);
  for (size_t k = 0; k < alone->n_masks; k++)
    CHECK(filler_rank(f, i, k, got, &err) == OK &&
              filler_rank(one, 0, k, want, &err) == OK &&
              !memcmp(got, want, sizeof got),
          "%zu, mask %zu: %s", i, k, err.message);
}

static size_t fill_many(const Model *m, text_at *text) {
  Filler *f, *one;
  Error err = {""};
  size_t n_good = 0;
  CHECK(filler_open(m, &run, &fill_defaults, &f, &err) == OK &&
            filler_open(m, &run, &fill_defaults, &one, &err) == OK,
        "%s", err.message);
  for (int round = 0; f && one && round < 2; round++) {
    n_good = 0;
    for (size_t i = 0; i < MANY; i++) {
      EncodeText lent = lend(text(i));
      CHECK(filler_add(f, lent, false, &err) == OK, "%zu: %s", i, err.message);
      take_back(lent);
    }
    CHECK(filler_run(f, &err) == OK, "%s", err.message);
    for (size_t i = 0; i < MANY; i++)
      n_good += filler_result(f, i)->code == OK;
    for (size_t i = 0; i < MANY; i += i < 10 ? 1 : 90)
      check_filled(f, i, one, text(i));
    filler_empty(f);
  }
  filler_close(one);
  filler_close(f);
  return n_good;
}

/* --- Classifying ---------------------------------------------------------- */

/* One text alone has what it has among many. */
static void check_classified(const Model *m, Overflow overflow,
                             const ClassifyResult *r, const char *text) {
  Classifier *one;
  ClassifyText alone = {.text = some_text(text)};
  Error err = {""};
  size_t bytes = head_outputs(m, TASK_CLASSIFY) * sizeof(float);
  CHECK(!classifier_open(m, &run, TASK_CLASSIFY, overflow, &one, &err) &&
            !classifier_add(one, &alone, &err) && !classifier_run(one, &err),
        "%s", err.message);
  const ClassifyResult *want = classifier_result(one, 0);
  CHECK(r->code == want->code && r->tokens == want->tokens &&
            !strcmp(r->error.message, want->error.message),
        "%d %s", r->code, r->error.message);
  CHECK(!r->logits == (r->code != OK) &&
            (!r->logits || !memcmp(r->logits, want->logits, bytes)),
        "logits of %s", text);
  classifier_close(one);
}

static size_t classify_many(const Model *m, Overflow overflow, text_at *text) {
  Classifier *c;
  Error err = {""};
  size_t n_good = 0;
  CHECK(!classifier_open(m, &run, TASK_CLASSIFY, overflow, &c, &err), "%s",
        err.message);
  for (int round = 0; c && round < 2; round++) {
    n_good = 0;
    for (size_t i = 0; i < MANY; i++) {
      EncodeText lent = lend(text(i));
      CHECK(!classifier_add(c, &(ClassifyText){.text = lent}, &err), "%s",
            err.message);
      take_back(lent);
    }
    CHECK(!classifier_run(c, &err), "%s", err.message);
    for (size_t i = 0; i < MANY; i++)
      n_good += classifier_result(c, i)->code == OK;
    for (size_t i = 0; i < MANY; i += i < 10 ? 1 : 90)
      check_classified(m, overflow, classifier_result(c, i), text(i));
    classifier_empty(c);
  }
  classifier_close(c);
  return n_good;
}

/* --- All ------------------------------------------------------------------ */

static size_t good_of_mixed(bool but_long) {
  size_t n = 0;
  for (size_t i = 0; i < MANY; i++)
    n += i % 7 != 3 && (!but_long || i % 50 != 9);
  return n;
}

static void check_bare(void) {
  Model *m = open_changed(CHECKPOINTS "distilbert-uncased-mlm", true);
  if (m) {
    embed_empty(m);
    CHECK(embed_many(m, empty_text) == 1, "embed: one has tokens");
    CHECK(embed_many(m, short_text) == MANY, "embed: all have tokens");
    CHECK(fill_many(m, empty_text) == 1, "fill: one has a mask");
    CHECK(fill_many(m, short_text) == MANY, "fill: all have a mask");
  }
  model_free(m);
  m = open_changed(CHECKPOINTS "distilbert-uncased-qa", true);
  if (m) {
    CHECK(answer_many(m, "", empty_text) == 0, "answer: no question");
    CHECK(answer_many(m, " ", empty_text) == 1, "answer: one has tokens");
    CHECK(answer_many(m, "who?", short_text) == MANY, "answer: all");
  }
  model_free(m);
  m = open_changed(CHECKPOINTS "distilbert-uncased-multilabel", true);
  for (Overflow o = OVERFLOW_TRUNCATE; m && o <= OVERFLOW_WINDOW; o++) {
    CHECK(classify_many(m, o, empty_text) == 1, "classify: one has tokens");
    CHECK(classify_many(m, o, short_text) == MANY, "classify: all");
  }
  model_free(m);
}

static void check_mixed(void) {
  Model *m = open_changed(CHECKPOINTS "distilbert-uncased-mlm", false);
  if (m) {
    CHECK(embed_many(m, mixed_text) == good_of_mixed(true), "embed");
    CHECK(fill_many(m, mixed_text) == good_of_mixed(true), "fill");
  }
  model_free(m);
  m = open_changed(CHECKPOINTS "distilbert-uncased-qa", false);
  if (m)
    CHECK(answer_many(m, "who?", mixed_text) == good_of_mixed(false), "answer");
  model_free(m);
}

int main(void) {
  sqlite3_initialize();
  check_bare();
  check_mixed();
  return check_done();
}
