/*
 * options.c - reads the precision and options columns of distilbert_models.
 *
 * In:  a word and a JSON object, as INSERT gives them.
 * Out: a ModelOptions; what is not said stays "not said", so that the
 *      checkpoint's own files decide.
 *
 * Keys: pooling (a name, or an array of names), normalize, lower_case
 * (booleans), max_tokens (a number), prompt (text).  A key nobody knows is an
 * error that lists the known ones: an option misspelt must not be an option
 * ignored.
 */
#include "model/options.h"

#include <string.h>
#include "base/json.h"
#include "base/memory.h"
#include "model/config.h"

const ModelOptions options_none = {.normalize = -1, .lower_case = -1};

static const struct {
  const char *name;
  unsigned bit;
} poolings[POOLING_COUNT] = {
    {"cls", POOLING_CLS},
    {"max", POOLING_MAX},
    {"mean", POOLING_MEAN},
    {"mean_sqrt_len", POOLING_MEAN_SQRT_LEN},
    {"weightedmean", POOLING_WEIGHTED_MEAN},
    {"lasttoken", POOLING_LAST_TOKEN},
};

static const char *const keys[] = {"pooling", "normalize", "lower_case",
                                   "max_tokens", "prompt"};

const char *precision_name(Precision p) {
  return p == PRECISION_FP32 ? "fp32" : p == PRECISION_INT8 ? "int8" : "";
}

unsigned pooling_named(const char *name) {
  for (size_t i = 0; i < POOLING_COUNT; i++)
    if (strcmp(poolings[i].name, name) == 0)
      return poolings[i].bit;
  return 0;
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

static int add_pooling(const cJSON *name, unsigned *bits, Error *err) {
  unsigned bit = cJSON_IsString(name) ? pooling_named(name->valuestring) : 0;
  *bits |= bit;
  return bit ? OK
             : fail(err, ERR_RANGE,
                    "options: pooling is cls, max, mean, mean_sqrt_len, "
                    "weightedmean, lasttoken, or an array of these");
}

static int read_pooling(const cJSON *item, unsigned *bits, Error *err) {
  if (!item)
    return OK;
  if (!cJSON_IsArray(item))
    return add_pooling(item, bits, err);
  int code = cJSON_GetArraySize(item) ? OK : add_pooling(NULL, bits, err);
  const cJSON *name;
  cJSON_ArrayForEach(name, item) {
    if (!code)
      code = add_pooling(name, bits, err);
  }
  return code;
}

static int read_flag(const cJSON *json, const char *key, int *out, Error *err) {
  bool flag = *out == 1;
  if (!json_get(json, key))
    return OK;
  int code = json_get_bool("options", json, key, &flag, err);
  *out = flag;
  return code;
}

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
      return fail(err, ERR_RANGE,
                  "options: no option %s; there are pooling, normalize, "
                  "lower_case, max_tokens, prompt",
                  error_quote(shown, item->string));
  }
  return OK;
}

static int read_prompt(const cJSON *json, char **out, Error *err) {
  const char *text = NULL;
  int code = json_get_text("options", json, "prompt", &text, err);
  if (code || !text)
    return code;
  *out = mem_text(text, strlen(text));
  return *out ? OK : fail_memory(err);
}

static int read_options(const cJSON *json, ModelOptions *out, Error *err) {
  int64_t max_tokens = 0;
  int code = check_keys(json, err);
  if (!code)
    code = read_pooling(json_get(json, "pooling"), &out->pooling, err);
  if (!code)
    code = read_flag(json, "normalize", &out->normalize, err);
  if (!code)
    code = read_flag(json, "lower_case", &out->lower_case, err);
  if (!code)
    code = json_get_int("options", json, "max_tokens", 3, CONFIG_MAX_POSITIONS,
                        &max_tokens, err);
  out->max_tokens = (size_t)max_tokens;
  return code ? code : read_prompt(json, &out->prompt, err);
}

int options_parse(const char *precision, const char *json, ModelOptions *out,
                  Error *err) {
  *out = options_none;
  int code = read_precision(precision, &out->precision, err);
  if (code || !json)
    return code;
  cJSON *tree;
  code =
      json_parse("options", json, strlen(json), OPTIONS_MAX_BYTES, &tree, err);
  if (!code)
    code = read_options(tree, out, err);
  cJSON_Delete(tree);
  if (code)
    options_clear(out);
  return code;
}
