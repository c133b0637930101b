/*
 * options.c - reads the precision and options columns of distilbert_models.
 *
 * In:  a word and a JSON object, as INSERT gives them.
 * Out: a ModelOptions; what is not said stays "not said", so that the
 *      checkpoint's own files decide.
 *
 * Keys: pooling (a name, or an array of names), normalize, lower_case, strip
 * (booleans), max_tokens, truncate_dim (numbers), prompt, overflow (texts).  A
 * key nobody knows is an error that lists the known ones: an option misspelt
 * must not be an option ignored.  Whether a checkpoint can do what is asked is
 * for model_check_options (model.h) to see.
 *
 * Several poolings are concatenated in the order in which they are named, as
 * sentence-transformers 6 does.
 */
#include "model/options.h"

#include <string.h>
#include "base/json.h"
#include "base/memory.h"
#include "model/config.h"

const ModelOptions options_none = {
    .normalize = -1, .lower_case = -1, .strip = -1};

static const struct {
  const char *name;
  Pooling pooling;
} poolings[] = {
    {"cls", POOLING_CLS},
    {"max", POOLING_MAX},
    {"mean", POOLING_MEAN},
    {"mean_sqrt_len", POOLING_MEAN_SQRT_LEN},
    {"mean_sqrt_len_tokens", POOLING_MEAN_SQRT_LEN}, /* as in files */
    {"weightedmean", POOLING_WEIGHTED_MEAN},
    {"lasttoken", POOLING_LAST_TOKEN},
};

/* By Overflow. */
static const char *const overflows[] = {"", "truncate", "error", "window"};

/* For messages: the names of the array below, in one text. */
#define KEYS                                                                   \
  "pooling, normalize, lower_case, strip, max_tokens, truncate_dim, prompt, "  \
  "overflow"

static const char *const keys[] = {"pooling", "normalize",  "lower_case",
                                   "strip",   "max_tokens", "truncate_dim",
                                   "prompt",  "overflow"};

const char *precision_name(Precision p) {
  return p == PRECISION_FP32 ? "fp32" : p == PRECISION_INT8 ? "int8" : "";
}

/* POOLING_NONE also for what is no text. */
static Pooling pooling_named(const cJSON *name) {
  for (size_t i = 0; i < sizeof poolings / sizeof *poolings; i++)
    if (cJSON_IsString(name) && !strcmp(poolings[i].name, name->valuestring))
      return poolings[i].pooling;
  return POOLING_NONE;
}

bool poolings_read(const cJSON *item, Poolings *out) {
  const cJSON *name = cJSON_IsArray(item) ? item->child : item;
  *out = (Poolings){0};
  if (!name)
    return false;
  for (; name; name = name == item ? NULL : name->next) {
    Pooling pooling = pooling_named(name);
    if (!pooling || out->n == POOLINGS_MAX)
      return false;
    out->list[out->n++] = pooling;
  }
  return true;
}

/* Also for the setting of that name, which has the same values. */
Overflow overflow_named(const char *name) {
  int i = OVERFLOW_WINDOW;
  while (i > OVERFLOW_UNSAID && strcmp(overflows[i], name) != 0)
    i--;
  return (Overflow)i;
}

void options_clear(ModelOptions *o) {
  mem_free(o->prompt);
  *o = options_none;
}

static int read_precision(const char *text, Precision *out, Error *err) {
  if (!text)
    return OK;
  *out = strcmp(text, "fp32") == 0   ? PRECISION_FP32
         : strcmp(text, "int8") == 0 ? PRECISION_INT8
                                     : PRECISION_FILE;
  char shown[ERROR_QUOTE];
  return *out ? OK
              : fail(err, ERR_RANGE, "precision is fp32 or int8, not %s",
                     error_quote(shown, text));
}

/* Of files and of registrations the names are the same. */
static int read_pooling(const cJSON *item, Poolings *out, Error *err) {
  if (!item || poolings_read(item, out))
    return OK;
  return fail(err, ERR_RANGE,
              "options: pooling is cls, max, mean, mean_sqrt_len, "
              "weightedmean, lasttoken, or an array of 1 to %d of these",
              POOLINGS_MAX);
}

/* A boolean that may be left unsaid: -1 stays where there is no such key. */
static int read_flag(const cJSON *json, const char *key, int *out, Error *err) {
  bool flag = *out == 1;
  if (!json_get(json, key))
    return OK;
  int rc = json_get_bool("options", json, key, &flag, err);
  *out = flag;
  return rc;
}

/* Before anything is read, so that the message names what is wrong first. */
static int check_keys(const cJSON *json, Error *err) {
  const cJSON *item;
  if (!cJSON_IsObject(json))
    return fail(err, ERR_FORMAT, "options: must be a JSON object");
  cJSON_ArrayForEach(item, json) {
    size_t i = 0, n = sizeof keys / sizeof *keys;
    while (i < n && strcmp(item->string, keys[i]) != 0)
      i++;
    char shown[ERROR_QUOTE];
    if (i == n)
      return fail(err, ERR_RANGE, "options: no option %s; there are " KEYS,
                  error_quote(shown, item->string));
  }
  return OK;
}

/* Any text: whether it names one of the checkpoint, sentence.c will see. */
static int read_prompt(const cJSON *json, char **out, Error *err) {
  const char *text = NULL;
  int rc = json_get_text("options", json, "prompt", &text, err);
  if (rc || !text)
    return rc;
  *out = mem_text(text, strlen(text));
  return *out ? OK : fail_memory(err);
}

static int read_overflow(const cJSON *json, Overflow *out, Error *err) {
  const char *name = NULL;
  int rc = json_get_text("options", json, "overflow", &name, err);
  if (rc || !name)
    return rc;
  *out = overflow_named(name);
  return *out ? OK
              : fail(err, ERR_RANGE,
                     "options: overflow is truncate, error or window");
}

static int read_flags(const cJSON *json, ModelOptions *out, Error *err) {
  int rc = read_flag(json, "normalize", &out->normalize, err);
  if (!rc)
    rc = read_flag(json, "lower_case", &out->lower_case, err);
  return rc ? rc : read_flag(json, "strip", &out->strip, err);
}

static int read_numbers(const cJSON *json, ModelOptions *out, Error *err) {
  int64_t max_tokens = 0, truncate_dim = 0;
  int rc = json_get_int("options", json, "max_tokens", 1, CONFIG_MAX_POSITIONS,
                        &max_tokens, err);
  if (!rc)
    rc = json_get_int("options", json, "truncate_dim", 1,
                      (int64_t)CONFIG_MAX_DIM * POOLINGS_MAX, &truncate_dim,
                      err);
  out->max_tokens = (size_t)max_tokens;
  out->truncate_dim = (size_t)truncate_dim;
  return rc;
}

static int read_options(const cJSON *json, ModelOptions *out, Error *err) {
  int rc = check_keys(json, err);
  if (!rc)
    rc = read_pooling(json_get(json, "pooling"), &out->poolings, err);
  if (!rc)
    rc = read_flags(json, out, err);
  if (!rc)
    rc = read_numbers(json, out, err);
  if (!rc)
    rc = read_overflow(json, &out->overflow, err);
  return rc ? rc : read_prompt(json, &out->prompt, err);
}

/* Whatever was read before a failure is freed again: the caller has nothing to
 * clear then. */
int options_parse(const char *precision, const char *json, ModelOptions *out,
                  Error *err) {
  *out = options_none;
  int rc = read_precision(precision, &out->precision, err);
  if (rc || !json)
    return rc;
  cJSON *tree;
  rc = json_parse("options", json, strlen(json), OPTIONS_MAX_BYTES, &tree, err);
  if (!rc)
    rc = read_options(tree, out, err);
  cJSON_Delete(tree);
  if (rc)
    options_clear(out);
  return rc;
}
