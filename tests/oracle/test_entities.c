/*
 * test_entities.c - named entities, against transformers 4.57.1.
 *
 * For every tiny checkpoint with the head: the logits of all texts, all calls
 * of its token-classification pipeline with one window (`calls`) and with
 * several (`stride_calls`), those that must fail too.  Labels, order, words and
 * offsets exact, scores to 2e-5.  Then all texts in one batch, which must
 * change nothing, to the bit.
 *
 * Words that are given one by one (is_split_into_words) are read as the text
 * that the reference makes of them, where it reads them as such.
 */
#include "task/entities.h"

#include <math.h>
#include <sqlite3.h>
#include "check.h"
#include "model/heads.h"
#include "oracle.h"

static const Run run = {.engine = ENGINE_NATIVE, .n_threads = 2};

static const cJSON *get(const cJSON *object, const char *key) {
  return cJSON_GetObjectItemCaseSensitive(object, key);
}

static const char *text_of(const cJSON *object, const char *key) {
  const char *text = cJSON_GetStringValue(get(object, key));
  return text ? text : "";
}

/* --- Logits ---------------------------------------------------------------*/

static void check_tokens(const Model *m, const cJSON *want, const Token *tokens,
                         size_t n) {
  size_t L = head_outputs(m, TASK_ENTITIES), i = 0;
  float *logits = calloc(n * L, sizeof *logits);
  Sequence one = {tokens, n};
  Hidden h;
  Error err = {""};
  int rc = encoder_run(m, &run, &one, 1, &h, &err);
  if (rc == OK) {
    rc = head_run(m, &run, TASK_ENTITIES, &h, NULL, n, logits, &err);
    hidden_clear(&h);
  }
  CHECK(rc == OK, "%s", err.message);
  for (const cJSON *row = want->child; row && !rc; row = row->next)
    for (const cJSON *x = row->child; x && i < n * L; x = x->next, i++)
      CHECK(fabs((double)logits[i] - x->valuedouble) <= 1e-4,
            "logit %zu: %g, not %g", i, (double)logits[i], x->valuedouble);
  CHECK(rc || i == n * L, "%zu logits, not %zu", n * L, i);
  free(logits);
}

static void check_logits(const Model *m, const cJSON *inputs) {
  const cJSON *record;
  cJSON_ArrayForEach(record, inputs) {
    size_t n;
    Token *tokens = oracle_tokens(record, &n);
    check_tokens(m, get(record, "logits"), tokens, n);
    free(tokens);
  }
}

/* --- Calls ----------------------------------------------------------------*/

static EntityOptions options_of(const cJSON *params, char **ignore) {
  EntityOptions how = entity_defaults;
  const char *name = text_of(params, "aggregation_strategy");
  const cJSON *stride = get(params, "stride");
  *ignore = cJSON_PrintUnformatted(get(params, "ignore_labels"));
  how.overflow = stride ? OVERFLOW_WINDOW : OVERFLOW_TRUNCATE;
  how.stride = stride ? (size_t)stride->valueint : ENTITY_STRIDE;
  for (int i = 0; i < AGGREGATION_COUNT; i++)
    if (strcmp(name, aggregations[i]) == 0)
      how.aggregation = (Aggregation)i;
  if (*ignore)
    how.ignore = (EncodeText){*ignore, strlen(*ignore)};
  return how;
}

static double furthest; /* of all scores from the reference's */

static void check_entity(const Model *m, Aggregation aggregation,
                         const Entity *e, const cJSON *want) {
  char room[LABEL_ROOM];
  bool alone = aggregation == AGGREGATION_NONE;
  const char *label = groups_label(&m->labels, aggregation, e->label, room);
  const char *other = text_of(want, alone ? "entity" : "entity_group");
  const char *word = text_of(want, "word");
  double far = fabs((double)e->score - get(want, "score")->valuedouble);
  furthest = far > furthest ? far : furthest;
  CHECK(strcmp(label, other) == 0, "%s, not %s", label, other);
  CHECK(strcmp(e->word, word) == 0 && strlen(word) == e->word_bytes,
        "%s, not %s", e->word, word);
  CHECK(far <= 2e-5, "%s: score %g, not %g", word, (double)e->score,
        get(want, "score")->valuedouble);
  CHECK((int)e->start == get(want, "start")->valueint &&
            (int)e->end == get(want, "end")->valueint,
        "%s: %u to %u", word, e->start, e->end);
  CHECK(!alone || (int)e->position == get(want, "index")->valueint,
        "%s: position %u", word, e->position);
}

/* The bytes of an entity are its characters. */
static void check_bytes(const char *text, const Entity *e) {
  size_t chars = 0, at = 0;
  for (; chars < e->start && text[at]; chars++)
    while ((text[++at] & 0xc0) == 0x80)
      continue;
  CHECK(at == e->byte_start, "character %u at byte %u", e->start,
        e->byte_start);
  for (; chars < e->end && text[at]; chars++)
    while ((text[++at] & 0xc0) == 0x80)
      continue;
  CHECK(at == e->byte_end, "character %u at byte %u", e->end, e->byte_end);
}

static void check_list(const Model *m, Aggregation aggregation,
                       const char *text, const EntityList *list,
                       const cJSON *want) {
  size_t n = (size_t)cJSON_GetArraySize(want), i = 0;
  CHECK(list->n == n, "%zu entities, not %zu, in %s", list->n, n, text);
  for (const cJSON *e = want->child; e && list->n == n; e = e->next, i++) {
    check_entity(m, aggregation, &list->items[i], e);
    check_bytes(text, &list->items[i]);
  }
}

/* The text goes once it was read, for a checker of memory to see. */
static int add_copy(Tagger *t, const char *text, Error *err) {
  size_t n = strlen(text);
  char *copy = malloc(n ? n : 1);
  memcpy(copy, text, n);
  int rc = tagger_add(t, (EncodeText){copy, n}, err);
  free(copy);
  return rc;
}

static void check_text(const Model *m, const char *text, const cJSON *params,
                       const cJSON *want, bool must_fail) {
  char *ignore;
  EntityOptions how = options_of(params, &ignore);
  Tagger *t;
  Error err = {""};
  int rc = tagger_open(m, &run, &how, &t, &err);
  rc = rc ? rc : add_copy(t, text, &err);
  rc = rc ? rc : tagger_run(t, &err);
  CHECK(must_fail ? rc == ERR_RANGE : rc == OK, "%d %s", rc, err.message);
  if (rc == OK) {
    const EntityResult *result = tagger_result(t, 0);
    CHECK(result->code == OK, "%s", result->error.message);
    check_list(m, how.aggregation, text, &result->list, want);
  }
  tagger_close(t);
  cJSON_free(ignore);
}

/* The text of a list of words; NULL where the reference does not read them as
 * if they were one. */
static char *join_words(const cJSON *call) {
  static char text[1000];
  const cJSON *word;
  text[0] = 0;
  if (get(get(call, "params"), "delimiter") ||
      cJSON_IsObject(get(call, "result")))
    return NULL;
  cJSON_ArrayForEach(word, get(call, "input")) {
    strcat(text, *text ? " " : "");
    strcat(text, cJSON_GetStringValue(word));
  }
  return text;
}

/* Whether it was one that we can make. A text, a list of texts, or words. */
static bool check_call(const Model *m, const cJSON *call) {
  const cJSON *params = get(call, "params"), *want = get(call, "result");
  const cJSON *input = get(call, "input"), *text;
  bool words = cJSON_IsTrue(get(params, "is_split_into_words"));
  const char *joined = words ? join_words(call) : cJSON_GetStringValue(input);
  if (words && !joined)
    return false;
  /* With a stride and no aggregation the reference refuses; we do not. */
  if (cJSON_IsObject(want) &&
      strcmp(text_of(params, "aggregation_strategy"), "none") == 0)
    return false;
  if (joined && !words) {
    check_text(m, joined, params, want, cJSON_IsObject(want));
    return true;
  }
  want = want->child; /* a list for each text */
  if (joined) {
    check_text(m, joined, params, want, false);
    return true;
  }
  for (text = input->child; text; text = text->next, want = want->next)
    check_text(m, cJSON_GetStringValue(text), params, want, false);
  return true;
}

static int check_calls(const char *name, const Model *m, const cJSON *calls) {
  int n = 0;
  const cJSON *call;
  cJSON_ArrayForEach(call, calls) n += check_call(m, call);
  CHECK(n > 0, "%s", name);
  return n;
}

/* --- Several windows ------------------------------------------------------*/

static Model *open_short(const char *name, int max_tokens) {
  char path[512], json[64];
  ModelOptions options;
  Error err = {""};
  Model *m = NULL;
  snprintf(path, sizeof path, ORACLE "checkpoints/%s", name);
  snprintf(json, sizeof json, "{\"max_tokens\": %d}", max_tokens);
  int rc = options_parse(NULL, json, &options, &err);
  rc = rc ? rc : model_open(path, &options, NULL, &m, &err);
  CHECK(rc == OK, "%s: %s", name, err.message);
  options_clear(&options);
  return m;
}

static int check_strides(const char *name, const cJSON *calls) {
  int n = 0;
  const cJSON *call;
  cJSON_ArrayForEach(call, calls) {
    Model *m = open_short(name, get(call, "model_max_length")->valueint);
    n += m && check_call(m, call);
    model_free(m);
  }
  return n;
}

/* --- Batches --------------------------------------------------------------*/

static bool is_same(const EntityList *a, const EntityList *b) {
  for (size_t i = 0; i < a->n && a->n == b->n; i++) {
    Entity x = a->items[i], y = b->items[i];
    if (x.label != y.label || memcmp(&x.score, &y.score, sizeof x.score) ||
        x.start != y.start || x.end != y.end || x.position != y.position ||
        x.byte_start != y.byte_start || strcmp(x.word, y.word))
      return false;
  }
  return a->n == b->n;
}

/* Text i of `all` is what it is alone. */
static void check_alone(const Model *m, const EntityOptions *how, Tagger *all,
                        size_t i, const char *text) {
  Tagger *one;
  Error err = {""};
  CHECK(tagger_open(m, &run, how, &one, &err) == OK &&
            add_copy(one, text, &err) == OK && tagger_run(one, &err) == OK,
        "%s", err.message);
  CHECK(is_same(&tagger_result(all, i)->list, &tagger_result(one, 0)->list),
        "text %zu: %s", i, text);
  tagger_close(one);
}

static void check_batch(const char *name, const cJSON *inputs,
                        Aggregation aggregation) {
  Model *m = open_short(name, 12); /* several windows a text */
  EntityOptions how = entity_defaults;
  Tagger *all;
  Error err = {""};
  size_t n = 0;
  how.aggregation = aggregation;
  CHECK(tagger_open(m, &run, &how, &all, &err) == OK, "%s", err.message);
  for (int round = 0; round < 3; round++)
    for (const cJSON *r = inputs->child; r; r = r->next)
      CHECK(add_copy(all, text_of(r, "text"), &err) == OK, "%s", err.message);
  CHECK(tagger_run(all, &err) == OK, "%s", err.message);
  for (int round = 0; round < 3; round++)
    for (const cJSON *r = inputs->child; r; r = r->next)
      check_alone(m, &how, all, n++, text_of(r, "text"));
  tagger_close(all);
  model_free(m);
}

/* With several windows each token is there once, in its order. */
static void check_each_token(const char *name, const cJSON *inputs) {
  EntityOptions how = entity_defaults;
  how.aggregation = AGGREGATION_NONE;
  how.ignore = (EncodeText){"[]", 2};
  Model *m = open_short(name, 12);
  for (how.stride = 0; m && how.stride < 10; how.stride++) {
    Tagger *t;
    Error err = {""};
    CHECK(tagger_open(m, &run, &how, &t, &err) == OK, "%s", err.message);
    for (const cJSON *r = inputs->child; r; r = r->next) {
      const char *text = text_of(r, "text");
      size_t n = 0, i = 0;
      tagger_empty(t);
      CHECK(add_copy(t, text, &err) == OK && tagger_run(t, &err) == OK &&
                tokenizer_count(m->tokenizer, text, strlen(text), NULL, &n,
                                &err) == OK,
            "%s", err.message);
      const EntityList *list = &tagger_result(t, 0)->list;
      while (i < list->n && list->items[i].position == i + 1)
        i++;
      CHECK(i == n && list->n == n, "%zu of %zu tokens", list->n, n);
    }
    tagger_close(t);
  }
  model_free(m);
}

static void check_model(const char *name, int n_calls, int n_strides) {
  cJSON *json = oracle_expected(name);
  Model *m = oracle_model(name);
  CHECK(json && m, "%s", name);
  if (json && m) {
    const cJSON *inputs = get(json, "inputs");
    check_logits(m, inputs);
    CHECK(check_calls(name, m, get(json, "calls")) == n_calls, "%s", name);
    CHECK(check_strides(name, get(json, "stride_calls")) == n_strides, "%s",
          name);
    for (int i = 0; i < AGGREGATION_COUNT; i++)
      check_batch(name, inputs, (Aggregation)i);
    check_each_token(name, inputs);
  }
  model_free(m);
  cJSON_Delete(json);
}

int main(void) {
  sqlite3_initialize();
  check_model("distilbert-uncased-tokcls", 120, 6);
  check_model("distilbert-cased-tokcls", 120, 6);
  check_model("bert-cased-tokcls", 64, 6);
  check_model("roberta-tokcls", 58, 6);
  CHECK(furthest <= 2e-5, "%g", furthest);
  return check_done();
}
