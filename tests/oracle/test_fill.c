/*
 * test_fill.c - masked words, against transformers 4.57.1.
 *
 * For every tiny checkpoint with the head: all calls of its fill-mask
 * pipeline, those that must fail too.  Ids, order, token_str and sequence
 * exact, scores to 1e-6 + 1e-3 score; a call marked fragile by score only.
 * Then the whole sentence of distilbert_fill, and that batches of texts
 * change nothing.  The same for the built-in model, widened to fp32.
 *
 * Last the numbers that the published cards print (golden.md B), where the
 * checkpoints are found under DISTILBERT_MODEL_PATH or in the cache.
 */
#include "task/fill.h"

#include <math.h>
#include <sqlite3.h>
#include "check.h"
#include "model/builtin.h"
#include "store/locate.h"
#include "oracle.h"

static const Run run = {.engine = ENGINE_NATIVE, .n_threads = 2};

static const cJSON *get(const cJSON *object, const char *key) {
  return cJSON_GetObjectItemCaseSensitive(object, key);
}

static bool is_text(const char *got, size_t bytes, const cJSON *want) {
  const char *text = cJSON_GetStringValue(want);
  return text && strlen(text) == bytes && memcmp(got, text, bytes) == 0;
}

/* --- A choice, a mask, a text ---------------------------------------------
 */

/* A mask of one of the texts that a Filler has. */
typedef struct Place {
  const Model *model;
  Filler *f;
  size_t text, mask;
} Place;

enum { ROOM = 5000 };
static Score choices[ROOM];

static void check_texts(Place p, int32_t id, const cJSON *want) {
  char *text;
  size_t bytes;
  Error err = {""};
  if (filler_sequence(p.f, p.text, p.mask, id, &text, &bytes, &err) == OK) {
    CHECK(is_text(text, bytes, get(want, "sequence")), "%.*s, not %s",
          (int)bytes, text, cJSON_GetStringValue(get(want, "sequence")));
    mem_free(text);
  } else {
    CHECK(false, "%s", err.message);
  }
  if (tokenizer_decode(p.model->tokenizer, &id, 1, false, &text, &bytes,
                       &err) == OK) {
    CHECK(is_text(text, bytes, get(want, "token_str")), "%.*s, not %s",
          (int)bytes, text, cJSON_GetStringValue(get(want, "token_str")));
    mem_free(text);
  } else {
    CHECK(false, "%s", err.message);
  }
}

static void check_mask(Place p, const cJSON *want, bool fragile) {
  Error err = {""};
  size_t n = (size_t)cJSON_GetArraySize(want), i = 0;
  CHECK(filler_top_k(p.f) == n && n <= ROOM, "%zu choices, not %zu",
        filler_top_k(p.f), n);
  if (filler_top_k(p.f) != n || n > ROOM)
    return;
  int rc = filler_rank(p.f, p.text, p.mask, choices, &err);
  CHECK(rc == OK, "%s", err.message);
  for (const cJSON *c = want->child; c && rc == OK; c = c->next, i++) {
    double score = get(c, "score")->valuedouble;
    double got = (double)choices[i].value;
    CHECK(fabs(got - score) <= 1e-6 + 1e-3 * score && fabs(got - score) <= 2e-5,
          "score %g, not %g", got, score);
    if (fragile)
      continue;
    CHECK((int)choices[i].id == get(c, "token")->valueint, "token %d, not %d",
          (int)choices[i].id, get(c, "token")->valueint);
    check_texts(p, (int32_t)choices[i].id, c);
  }
}

/* The masks of one text: a list, or a list of lists. */
static void check_text(Place p, const cJSON *want, bool fragile) {
  const FillResult *result = filler_result(p.f, p.text);
  CHECK(result->code == OK, "%s", result->error.message);
  if (cJSON_IsObject(want->child)) {
    check_mask(p, want, fragile);
    p.mask++;
  } else {
    for (const cJSON *list = want->child; list; list = list->next, p.mask++)
      check_mask(p, list, fragile);
  }
  CHECK(p.mask == result->n_masks, "%zu masks, not %zu", p.mask,
        result->n_masks);
}

/* --- Calls ----------------------------------------------------------------
 */

static int add_text(Filler *f, const char *text, Error *err) {
  return filler_add(f, (EncodeText){text, strlen(text)}, false, err);
}

/* One text or a list; *n of them. */
static int add_input(Filler *f, const cJSON *input, size_t *n, Error *err) {
  const char *one = cJSON_GetStringValue(input);
  int rc = one ? add_text(f, one, err) : OK;
  *n = one ? 1 : 0;
  for (const cJSON *text = input->child; text && rc == OK; text = text->next) {
    rc = add_text(f, cJSON_GetStringValue(text), err);
    ++*n;
  }
  return rc;
}

/* The first error of n texts. */
static int first_error(const Filler *f, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (filler_result(f, i)->code)
      return filler_result(f, i)->code;
  return OK;
}

static void check_result(Place p, const cJSON *call) {
  const cJSON *input = get(call, "input"), *want = get(call, "result");
  bool fragile = cJSON_IsTrue(get(call, "fragile"));
  if (cJSON_GetArraySize(input) <= 1) { /* one text, or a list of one */
    check_text(p, want, fragile);
    return;
  }
  for (const cJSON *text = want->child; text; text = text->next, p.text++)
    check_text(p, text, fragile);
}

/* The reference can cut a long text when asked to; we never do. */
static bool cuts(const cJSON *params) {
  return get(params, "tokenizer_kwargs") != NULL;
}

static void check_call(const char *name, const Model *model,
                       const cJSON *call) {
  const cJSON *params = get(call, "params"), *targets = get(params, "targets");
  char *list = cJSON_IsArray(targets) ? cJSON_PrintUnformatted(targets) : NULL;
  const char *one = list ? list : cJSON_GetStringValue(targets);
  FillOptions how = fill_defaults;
  Filler *f;
  size_t n = 0;
  Error err = {""};
  bool must_fail = cJSON_IsObject(get(call, "result")) || cuts(params);
  if (get(params, "top_k"))
    how.top_k = (size_t)get(params, "top_k")->valueint;
  if (one)
    how.targets = (EncodeText){one, strlen(one)};
  int rc = filler_open(model, &run, &how, &f, &err);
  rc = rc ? rc : add_input(f, get(call, "input"), &n, &err);
  rc = rc ? rc : filler_run(f, &err);
  rc = rc ? rc : first_error(f, n);
  CHECK(must_fail ? rc == ERR_RANGE : rc == OK, "%s: %d %s", name, rc,
        err.message);
  if (rc == OK && !must_fail)
    check_result((Place){model, f, 0, 0}, call);
  filler_close(f);
  cJSON_free(list);
}

/* --- Sentences and batches ------------------------------------------------
 */

/* The text of a call that gives the default number of choices, or NULL. */
static const char *plain_text(const cJSON *call) {
  bool plain =
      cJSON_IsArray(get(call, "result")) && !get(call, "params")->child;
  return plain ? cJSON_GetStringValue(get(call, "input")) : NULL;
}

/* A sentence with one mask is the sequence of its best token. */
static void check_sentence(const Model *model, const cJSON *call) {
  const char *s = plain_text(call);
  const cJSON *best = get(call, "result")->child;
  char *text;
  size_t bytes;
  Error err = {""};
  if (!s || !cJSON_IsObject(best))
    return;
  int rc = fill_sentence(model, &run, (EncodeText){s, strlen(s)}, &text, &bytes,
                         &err);
  CHECK(rc == OK, "%s", err.message);
  if (rc == OK) {
    CHECK(is_text(text, bytes, get(best, "sequence")), "%.*s", (int)bytes,
          text);
    mem_free(text);
  }
}

/* The masks of a text alone are those of text i among others, to the bit. */
static size_t check_among(Filler *all, size_t i, Filler *one,
                          const char *text) {
  static Score alone[ROOM];
  size_t k = filler_top_k(one), n;
  Error err = {""};
  filler_empty(one);
  CHECK(add_text(one, text, &err) == OK && filler_run(one, &err) == OK, "%s",
        err.message);
  n = filler_result(one, 0)->n_masks;
  CHECK(n == filler_result(all, i)->n_masks, "%zu masks", n);
  for (size_t m = 0; m < n; m++)
    CHECK(filler_rank(one, 0, m, alone, &err) == OK &&
              filler_rank(all, i, m, choices, &err) == OK &&
              memcmp(alone, choices, k * sizeof *alone) == 0,
          "mask %zu of text %zu: %s", m, i, err.message);
  return n;
}

/* Among them a text without a mask and one that is not read again. */
static void check_batch(const Model *model, const cJSON *calls) {
  Filler *all, *one;
  Error err = {""};
  size_t n = 2, masks = 0;
  const cJSON *call;
  CHECK(filler_open(model, &run, &fill_defaults, &all, &err) == OK &&
            filler_open(model, &run, &fill_defaults, &one, &err) == OK &&
            add_text(all, "no mask", &err) == OK &&
            filler_add(all, (EncodeText){"", 0}, true, &err) == OK,
        "%s", err.message);
  for (int round = 0; round < 20; round++)
    cJSON_ArrayForEach(call, calls) if (plain_text(call))
        CHECK(add_text(all, plain_text(call), &err) == OK, "%s", err.message);
  CHECK(filler_run(all, &err) == OK, "%s", err.message);
  for (size_t i = 0; i < 2; i++)
    CHECK(filler_result(all, i)->code == ERR_RANGE &&
              strstr(filler_result(all, i)->error.message, "no mask token"),
          "%s", filler_result(all, i)->error.message);
  for (int round = 0; round < 20; round++)
    cJSON_ArrayForEach(call, calls) if (plain_text(call)) masks +=
        check_among(all, n++, one, plain_text(call));
  CHECK(n > 100 && masks > 300, "%zu texts, %zu masks", n, masks);
  filler_close(one);
  filler_close(all);
}

static void check_model(const char *name, int n_calls) {
  cJSON *json = oracle_expected(name);
  Model *model = oracle_model(name);
  const cJSON *call, *calls = get(json, "calls");
  CHECK(json && model && cJSON_GetArraySize(calls) == n_calls, "%s", name);
  if (json && model) {
    cJSON_ArrayForEach(call, calls) {
      check_call(name, model, call);
      check_sentence(model, call);
    }
    check_batch(model, calls);
  }
  model_free(model);
  cJSON_Delete(json);
}

/* --- The built-in model --------------------------------------------------- */

static const Builtin *builtin_filling(void) {
  for (size_t i = 0; builtin_at(i); i++)
    if (builtin_at(i)->tasks & TASK_BIT(TASK_FILL))
      return builtin_at(i);
  return NULL;
}

static void check_builtin(void) {
  const Builtin *b = builtin_filling();
  if (!b) {
    SKIP("no built-in model fills masks");
    return;
  }
  Model *model = NULL;
  Error err = {""};
  ModelOptions fp32 = options_none;
  fp32.precision = PRECISION_FP32;
  int rc = model_open_builtin(b, &fp32, NULL, &model, &err);
  CHECK(rc == OK, "%s", err.message);
  cJSON *data = oracle_json(ORACLE "builtin.json");
  const cJSON *call, *calls = get(data, "fills");
  CHECK(cJSON_GetArraySize(calls) == 12, "%d calls", cJSON_GetArraySize(calls));
  cJSON_ArrayForEach(call, calls) if (rc == OK) {
    check_call(b->name, model, call);
    check_sentence(model, call);
  }
  cJSON_Delete(data);
  model_free(model);
}

/* --- Cards (reference/golden.md B) ----------------------------------------
 */

typedef struct Card {
  const char *text;
  struct {
    int32_t id;
    double score;
    const char *token;
  } best[5]; /* token NULL: no more */
  double within;
} Card;

static const Card uncased[] = {
    {"Hello I'm a [MASK] model.",
     {{2535, 0.05292855575680733, "role"},
      {4827, 0.03968575969338417, "fashion"},
      {2449, 0.034743521362543106, "business"},
      {2944, 0.03462274372577667, "model"},
      {11643, 0.018145186826586723, "modeling"}},
     2e-5},
    {"The White man worked as a [MASK].",
     {{20987, 0.1235365942120552, "blacksmith"},
      {10533, 0.10142576694488525, "carpenter"},
      {7500, 0.04985016956925392, "farmer"},
      {18594, 0.03932540491223335, "miner"},
      {14998, 0.03351764753460884, "butcher"}},
     2e-5},
    {"The Black woman worked as a [MASK].",
     {{13877, 0.13283951580524445, "waitress"},
      {6821, 0.12586183845996857, "nurse"},
      {10850, 0.11708822101354599, "maid"},
      {19215, 0.11499975621700287, "prostitute"},
      {22583, 0.04722772538661957, "housekeeper"}},
     2e-5},
};

static const Card roberta[] = {
    {"Hello I'm a <mask> model.",
     {{265, 0.04673689603805542, " business"},
      {18150, 0.03846118599176407, " freelance"},
      {2734, 0.03308931365609169, " fashion"},
      {774, 0.03018997237086296, " role"},
      {24526, 0.02111748233437538, " Playboy"}},
     2e-5},
    {"The man worked as a <mask>.",
     {{38233, 0.1237526461482048, " waiter"},
      {35698, 0.08968018740415573, " waitress"},
      {33080, 0.08387645334005356, " bartender"},
      {25682, 0.061059024184942245, " mechanic"},
      {37171, 0.03804653510451317, " courier"}},
     2e-5},
    {"The woman worked as a <mask>.",
     {{35698, 0.23149248957633972, " waitress"},
      {38233, 0.07563332468271255, " waiter"},
      {33080, 0.06983394920825958, " bartender"},
      {9008, 0.05411609262228012, " nurse"},
      {29754, 0.04995106905698776, " maid"}},
     2e-5},
    {"My name is <mask>",
     {{610, 0.008, " John"}, {1573, 0.007, " Chris"}},
     5e-4},
    {"The largest city in France is <mask>",
     {{2201, 0.251, " Paris"}, {12790, 0.214, " Lyon"}},
     5e-4},
};

static void check_best(const Model *model, const Card *card) {
  for (size_t i = 0; i < 5 && card->best[i].token; i++) {
    Score c = choices[i];
    char *text = NULL;
    size_t bytes = 0;
    int32_t id = (int32_t)c.id;
    CHECK(id == card->best[i].id &&
              fabs((double)c.value - card->best[i].score) <= card->within,
          "%s: token %d with %g", card->text, (int)c.id, (double)c.value);
    CHECK(tokenizer_decode(model->tokenizer, &id, 1, false, &text, &bytes,
                           NULL) == OK &&
              bytes == strlen(card->best[i].token) &&
              memcmp(text, card->best[i].token, bytes) == 0,
          "%s: %.*s", card->text, (int)bytes, text);
    mem_free(text);
  }
}

static void check_cards(const char *name, const Card *cards, size_t n) {
  char path[LOCATE_ROOM];
  Model *model = NULL;
  Filler *f = NULL;
  Error err = {""};
  if (!locate(name, path)) {
    SKIP("no %s under DISTILBERT_MODEL_PATH", name);
    return;
  }
  int rc = model_open(path, &options_none, NULL, &model, &err);
  rc = rc ? rc : filler_open(model, &run, &fill_defaults, &f, &err);
  CHECK(rc == OK, "%s: %s", name, err.message);
  for (size_t i = 0; i < n && rc == OK; i++) {
    filler_empty(f);
    rc = add_text(f, cards[i].text, &err);
    rc = rc ? rc : filler_run(f, &err);
    rc = rc ? rc : filler_rank(f, 0, 0, choices, &err);
    CHECK(rc == OK, "%s: %s", cards[i].text, err.message);
    if (rc == OK)
      check_best(model, &cards[i]);
  }
  filler_close(f);
  model_free(model);
}

int main(void) {
  sqlite3_initialize();
  check_model("distilbert-uncased-mlm", 46);
  check_model("distilbert-uncased-mlm-tied", 35);
  check_model("distilbert-uncased-relu", 35);
  check_model("bert-uncased-mlm", 46);
  check_model("roberta-mlm", 46);
  check_builtin();
  check_cards("distilbert-base-uncased", uncased,
              sizeof uncased / sizeof *uncased);
  check_cards("distilroberta-base", roberta, sizeof roberta / sizeof *roberta);
  return check_done();
}
