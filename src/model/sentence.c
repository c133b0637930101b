/*
 * sentence.c - reads pooling, limits and prompts of a sentence model.
 *
 * In:  a checkpoint's texts (modules.json and the files it leads to) and the
 *      options of its registration.
 * Out: a Sentence.
 *
 *     modules.json                      which modules, in which order
 *     1_Pooling/config.json             pooling_mode_* flags, or pooling_mode
 *     sentence_bert_config.json         max_seq_length, do_lower_case
 *     config_sentence_transformers.json prompts, default_prompt_name
 *
 * Without modules.json the vector is the normalised mean of all tokens, as
 * people compute it by hand.  Keys and defaults: reference/pipelines.md 7
 * (sentence-transformers 5.1).  Dense modules are loaded by model.c.
 */
#include "model/sentence.h"

#include <stdio.h>
#include <string.h>
#include "base/json.h"
#include "base/memory.h"
#include "model/config.h"

enum { JSON_LIMIT = 1 << 20 };

void sentence_clear(Sentence *s) {
  mem_free(s->prompt);
  *s = (Sentence){0};
}

size_t sentence_parts(const Sentence *s) {
  return (size_t)__builtin_popcount(s->pooling);
}

/* *out is NULL where there is no such text. */
static int parse(const Source *source, const char *name, cJSON **out,
                 Error *err) {
  const SourceText *t = source_text(source, name);
  *out = NULL;
  return t->text ? json_parse(name, t->text, t->bytes, JSON_LIMIT, out, err)
                 : OK;
}

/* --- 1_Pooling/config.json ------------------------------------------------*/

static const struct {
  const char *key;
  unsigned bit;
} flags[] = {
    {"pooling_mode_cls_token", POOLING_CLS},
    {"pooling_mode_max_tokens", POOLING_MAX},
    {"pooling_mode_mean_tokens", POOLING_MEAN},
    {"pooling_mode_mean_sqrt_len_tokens", POOLING_MEAN_SQRT_LEN},
    {"pooling_mode_weightedmean_tokens", POOLING_WEIGHTED_MEAN},
    {"pooling_mode_lasttoken", POOLING_LAST_TOKEN},
};

/* The newer way: one name. */
static int read_mode(const cJSON *json, const char *file, Sentence *s,
                     Error *err) {
  const char *mode = NULL;
  char shown[ERROR_QUOTE];
  int code = json_get_text(file, json, "pooling_mode", &mode, err);
  if (code || !mode)
    return code;
  s->pooling = pooling_named(mode);
  return s->pooling ? OK
                    : fail(err, ERR_UNSUPPORTED, "%s: pooling_mode %s", file,
                           error_quote(shown, mode));
}

static int read_flags(const cJSON *json, const char *file, Sentence *s,
                      Error *err) {
  int code = OK;
  bool include_prompt = true;
  s->pooling = 0;
  for (size_t i = 0; !code && i < sizeof flags / sizeof *flags; i++) {
    bool on = flags[i].bit == POOLING_MEAN;
    code = json_get_bool(file, json, flags[i].key, &on, err);
    s->pooling |= on ? flags[i].bit : 0;
  }
  if (!code)
    code = json_get_bool(file, json, "include_prompt", &include_prompt, err);
  s->skip_prompt = !include_prompt;
  if (!code)
    code = read_mode(json, file, s, err);
  if (!code && !s->pooling)
    code = fail(err, ERR_FORMAT, "%s: no pooling mode is on", file);
  return code;
}

static int read_pooling(const Source *source, const Module *m, Sentence *s,
                        Error *err) {
  char file[SOURCE_NAME_ROOM];
  cJSON *json;
  snprintf(file, sizeof file, "%s/config.json", m->path);
  int code = parse(source, file, &json, err);
  if (!code && json)
    code = read_flags(json, file, s, err);
  cJSON_Delete(json);
  return code;
}

/* --- The other files ------------------------------------------------------*/

static int read_limits(const Source *source, Sentence *s, Error *err) {
  static const char *const files[] = {"sentence_bert_config.json",
                                      "sentence_distilbert_config.json",
                                      "sentence_roberta_config.json"};
  int64_t most = 0;
  cJSON *json = NULL;
  const char *file = files[0];
  int code = OK;
  for (size_t i = 0; !code && !json && i < 3; i++)
    code = parse(source, file = files[i], &json, err);
  if (!code && json)
    code = json_get_int(file, json, "max_seq_length", 3, CONFIG_MAX_POSITIONS,
                        &most, err);
  if (!code && json)
    code = json_get_bool(file, json, "do_lower_case", &s->lower_case, err);
  s->max_tokens = (size_t)most;
  cJSON_Delete(json);
  return code;
}

static int keep_prompt(const char *text, Sentence *s, Error *err) {
  mem_free(s->prompt);
  s->prompt = mem_text(text, strlen(text));
  return s->prompt ? OK : fail_memory(err);
}

/* The prompt that the registration names, or else the checkpoint. */
static int choose_prompt(const cJSON *json, const char *asked, Sentence *s,
                         Error *err) {
  static const char file[] = "config_sentence_transformers.json";
  const cJSON *prompts = json_get(json, "prompts");
  const char *name = asked, *text = NULL;
  int code = OK;
  char shown[ERROR_QUOTE];
  if (!asked)
    code = json_get_text(file, json, "default_prompt_name", &name, err);
  if (!code && name && prompts)
    code = json_get_text(file, prompts, name, &text, err);
  if (!code && name && !text && !asked)
    code = fail(err, ERR_FORMAT, "%s: there is no prompt %s", file,
                error_quote(shown, name));
  return code || !text ? code : keep_prompt(text, s, err);
}

/* A prompt given is the name of one of the checkpoint's, or itself a text. */
static int read_prompt(const Source *source, const char *asked, Sentence *s,
                       Error *err) {
  cJSON *json;
  int code = asked ? keep_prompt(asked, s, err) : OK;
  if (!code)
    code = parse(source, "config_sentence_transformers.json", &json, err);
  if (code)
    return code;
  if (json)
    code = choose_prompt(json, asked, s, err);
  cJSON_Delete(json);
  return code;
}

/* What the checkpoint's files say. */
static int read_files(const Source *source, Sentence *s, Error *err) {
  int code = OK;
  s->normalize = !source->has_modules;
  for (size_t i = 0; !code && i < source->modules.n; i++) {
    const Module *m = &source->modules.list[i];
    if (m->kind == MODULE_POOLING)
      code = read_pooling(source, m, s, err);
    s->normalize |= m->kind == MODULE_NORMALIZE;
  }
  return code ? code : read_limits(source, s, err);
}

static int read_all(const Source *source, const ModelOptions *options,
                    Sentence *s, Error *err) {
  int code = read_files(source, s, err);
  if (!code)
    code = read_prompt(source, options->prompt, s, err);
  s->pooling = options->pooling ? options->pooling : s->pooling;
  if (options->normalize >= 0)
    s->normalize = options->normalize;
  if (options->lower_case >= 0)
    s->lower_case = options->lower_case;
  if (options->max_tokens)
    s->max_tokens = options->max_tokens;
  return code;
}

int sentence_read(const Source *source, const ModelOptions *options,
                  Sentence *out, Error *err) {
  *out = (Sentence){.pooling = POOLING_MEAN};
  int code = read_all(source, options, out, err);
  if (code)
    sentence_clear(out);
  return code;
}
