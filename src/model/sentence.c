/*
 * sentence.c - reads pooling, limits and prompts of a sentence model.
 *
 * In:  a checkpoint's texts (modules.json and the files it leads to) and the
 *      options of its registration.
 * Out: a Sentence.
 *
 *     modules.json                      which modules, in which order
 *     1_Pooling/config.json             pooling_mode_* flags, or pooling_mode
 *     2_Normalize/config.json           what is normalised (6)
 *     sentence_bert_config.json         max_seq_length, do_lower_case
 *     config_sentence_transformers.json prompts, truncate_dim
 *
 * Without modules.json the vector is the normalised mean of all tokens, as
 * people compute it by hand.  Keys and defaults: reference/pipelines.md 7 and
 * sentence-transformers 5.1 to 6.2, which agree but for this:
 *
 *     truncate_dim   is read from 5.4 on.  It cuts the vector that all modules
 *                    made; what is left is not normalised again, unless the
 *                    registration asks for it (encode's normalize_embeddings)
 *     pooling_mode   may be a list from 5.4 on, whose order counts
 *     outer blanks   are stripped up to 5.3, and kept from 5.4 on.  Stripped
 *                    unless the registration says no, whatever version the
 *                    files name: that is who wrote them, not who made vectors
 *
 * Refuses by name what would make another vector: keys.c.  Dense modules are
 * loaded by dense.c.
 */
#include "model/sentence.h"

#include <stdio.h>
#include <string.h>
#include "base/json.h"
#include "base/memory.h"
#include "model/config.h"
#include "model/keys.h"
#include "model/source.h"

enum { JSON_LIMIT = 1 << 20 };

void sentence_clear(Sentence *s) {
  mem_free(s->prompt);
  *s = (Sentence){0};
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

/* In the order in which they are concatenated. */
static const struct {
  const char *key;
  Pooling pooling;
} flags[] = {
    {"pooling_mode_cls_token", POOLING_CLS},
    {"pooling_mode_max_tokens", POOLING_MAX},
    {"pooling_mode_mean_tokens", POOLING_MEAN},
    {"pooling_mode_mean_sqrt_len_tokens", POOLING_MEAN_SQRT_LEN},
    {"pooling_mode_weightedmean_tokens", POOLING_WEIGHTED_MEAN},
    {"pooling_mode_lasttoken", POOLING_LAST_TOKEN},
};

/* What is pooled is as wide as it is. */
static const char *const pooling_keys[] = {"pooling_mode_cls_token",
                                           "pooling_mode_max_tokens",
                                           "pooling_mode_mean_tokens",
                                           "pooling_mode_mean_sqrt_len_tokens",
                                           "pooling_mode_weightedmean_tokens",
                                           "pooling_mode_lasttoken",
                                           "pooling_mode",
                                           "include_prompt",
                                           "word_embedding_dimension",
                                           "embedding_dimension",
                                           NULL};

/* The newer way: one name, or a list. */
static int read_mode(const cJSON *json, const char *file, Sentence *s,
                     Error *err) {
  const cJSON *mode = json_get(json, "pooling_mode");
  char shown[ERROR_QUOTE];
  if (!mode || poolings_read(mode, &s->poolings))
    return OK;
  return fail(err, ERR_UNSUPPORTED, "%s: pooling_mode %s", file,
              error_quote(shown, cJSON_IsString(mode) ? mode->valuestring
                                                      : "of this kind"));
}

/* Without any flag in the file, the mean. */
static int read_flags(const cJSON *json, const char *file, Sentence *s,
                      Error *err) {
  int rc = OK;
  s->poolings.n = 0;
  for (size_t i = 0; !rc && i < sizeof flags / sizeof *flags; i++) {
    bool on = flags[i].pooling == POOLING_MEAN;
    rc = json_get_bool(file, json, flags[i].key, &on, err);
    if (on)
      s->poolings.list[s->poolings.n++] = flags[i].pooling;
  }
  return rc;
}

static int read_pooling_keys(const cJSON *json, const char *file, Sentence *s,
                             Error *err) {
  bool include_prompt = true;
  int rc = keys_check(file, json, pooling_keys, err);
  if (!rc)
    rc = read_flags(json, file, s, err);
  if (!rc)
    rc = json_get_bool(file, json, "include_prompt", &include_prompt, err);
  s->skip_prompt = !include_prompt;
  if (!rc)
    rc = read_mode(json, file, s, err);
  if (!rc && !s->poolings.n)
    rc = fail(err, ERR_FORMAT, "%s: no pooling mode is on", file);
  return rc;
}

/* --- 2_Normalize/config.json ----------------------------------------------*/

static int check_normalize(const cJSON *json, const char *file, Error *err) {
  static const char *const known[] = {"module_input_name", "module_output_name",
                                      NULL};
  int rc = keys_check(file, json, known, err);
  for (size_t i = 0; !rc && known[i]; i++)
    rc = keys_only(file, json, known[i], "sentence_embedding", err);
  return rc;
}

/* --- sentence_bert_config.json --------------------------------------------*/

/* The last two say how weights are held and attended to, not what is computed:
 * here always in float32. */
static const char *const limit_keys[] = {
    "max_seq_length",  "do_lower_case", "transformer_task",
    "modality_config", "unpad_inputs",  "module_output_name",
    "model_args",      "model_kwargs",  NULL};

/* What of the Transformer goes on: the last hidden states, and nothing else. */
static int check_output(const cJSON *json, const char *file, Error *err) {
  const cJSON *modality = json_get(json, "modality_config");
  const cJSON *text = json_get(modality, "text");
  int rc = keys_only(file, json, "transformer_task", "feature-extraction", err);
  if (!rc)
    rc = keys_only(file, json, "module_output_name", "token_embeddings", err);
  if (!rc && modality && !text)
    rc = fail(err, ERR_UNSUPPORTED, "%s: modality_config without text", file);
  if (!rc && text)
    rc = keys_only(file, text, "method", "forward", err);
  if (!rc && text)
    rc = keys_only(file, text, "method_output_name", "last_hidden_state", err);
  return rc;
}

static int read_limit_keys(const cJSON *json, const char *file, Sentence *s,
                           Error *err) {
  int64_t most = 0;
  int rc = keys_check(file, json, limit_keys, err);
  if (!rc)
    rc = json_get_int(file, json, "max_seq_length", 3, CONFIG_MAX_POSITIONS,
                      &most, err);
  if (!rc)
    rc = json_get_bool(file, json, "do_lower_case", &s->lower_case, err);
  s->max_tokens = (size_t)most;
  return rc ? rc : check_output(json, file, err);
}

/* The first that is there: old versions named the file after the class. */
static int read_limits(const Source *source, Sentence *s, Error *err) {
  static const char *const files[] = {"sentence_bert_config.json",
                                      "sentence_distilbert_config.json",
                                      "sentence_roberta_config.json"};
  cJSON *json = NULL;
  const char *file = files[0];
  int rc = OK;
  for (size_t i = 0; !rc && !json && i < 3; i++)
    rc = parse(source, file = files[i], &json, err);
  if (!rc && json)
    rc = read_limit_keys(json, file, s, err);
  cJSON_Delete(json);
  return rc;
}

/* --- config_sentence_transformers.json ------------------------------------*/

static const char file_of_prompts[] = "config_sentence_transformers.json";

/* __version__ and similarity_fn_name are for whoever compares vectors. */
static const char *const prompt_keys[] = {
    "prompts",     "default_prompt_name", "truncate_dim",
    "__version__", "similarity_fn_name",  "model_type",
    NULL};

/* In place of one that was kept before. */
static int keep_prompt(const char *text, Sentence *s, Error *err) {
  mem_free(s->prompt);
  s->prompt = mem_text(text, strlen(text));
  return s->prompt ? OK : fail_memory(err);
}

/* The prompt that the registration names, or else the checkpoint. */
static int choose_prompt(const cJSON *json, const char *asked, Sentence *s,
                         Error *err) {
  const char *file = file_of_prompts;
  const cJSON *prompts = json_get(json, "prompts");
  const char *name = asked, *text = NULL;
  int rc = OK;
  char shown[ERROR_QUOTE];
  if (!asked)
    rc = json_get_text(file, json, "default_prompt_name", &name, err);
  if (!rc && name && prompts)
    rc = json_get_text(file, prompts, name, &text, err);
  if (!rc && name && !text && !asked)
    rc = fail(err, ERR_FORMAT, "%s: there is no prompt %s", file,
              error_quote(shown, name));
  return rc || !text ? rc : keep_prompt(text, s, err);
}

static int read_prompt_keys(const cJSON *json, const char *asked, Sentence *s,
                            Error *err) {
  int64_t truncate = 0;
  int rc = keys_check(file_of_prompts, json, prompt_keys, err);
  if (!rc)
    rc = keys_only(file_of_prompts, json, "model_type", "SentenceTransformer",
                   err);
  if (!rc)
    rc = json_get_int(file_of_prompts, json, "truncate_dim", 1, INT32_MAX,
                      &truncate, err);
  s->truncate_dim = (size_t)truncate;
  return rc ? rc : choose_prompt(json, asked, s, err);
}

/* A prompt given is the name of one of the checkpoint's, or itself a text. */
static int read_prompt(const Source *source, const char *asked, Sentence *s,
                       Error *err) {
  cJSON *json;
  int rc = asked ? keep_prompt(asked, s, err) : OK;
  if (!rc)
    rc = parse(source, file_of_prompts, &json, err);
  if (rc)
    return rc;
  if (json)
    rc = read_prompt_keys(json, asked, s, err);
  cJSON_Delete(json);
  return rc;
}

/* --- All of them ----------------------------------------------------------*/

/* The config.json of a module; without one all is as by default. */
static int read_module(const Source *source, const Module *m, Sentence *s,
                       Error *err) {
  char file[SOURCE_NAME_ROOM];
  cJSON *json;
  snprintf(file, sizeof file, "%s/config.json", m->path);
  int rc = parse(source, file, &json, err);
  if (!rc && m->kind == MODULE_NORMALIZE)
    s->normalize = NORMALIZE_WHOLE;
  if (!rc && json)
    rc = m->kind == MODULE_POOLING ? read_pooling_keys(json, file, s, err)
                                   : check_normalize(json, file, err);
  cJSON_Delete(json);
  return rc;
}

/* What the checkpoint's files say. */
static int read_files(const Source *source, Sentence *s, Error *err) {
  int rc = OK;
  s->normalize = source->has_modules ? NORMALIZE_NOT : NORMALIZE_CUT;
  for (size_t i = 0; !rc && i < source->modules.n; i++) {
    const Module *m = &source->modules.list[i];
    if (m->kind == MODULE_POOLING || m->kind == MODULE_NORMALIZE)
      rc = read_module(source, m, s, err);
  }
  return rc ? rc : read_limits(source, s, err);
}

/* What a registration says wins. */
static void obey(const ModelOptions *o, Sentence *s) {
  if (o->poolings.n)
    s->poolings = o->poolings;
  if (o->normalize >= 0)
    s->normalize = o->normalize ? NORMALIZE_CUT : NORMALIZE_NOT;
  if (o->lower_case >= 0)
    s->lower_case = o->lower_case;
  if (o->strip >= 0)
    s->strip = o->strip;
  if (o->max_tokens)
    s->max_tokens = o->max_tokens;
  if (o->truncate_dim)
    s->truncate_dim = o->truncate_dim;
  s->overflow = o->overflow;
}

int sentence_read(const Source *source, const ModelOptions *options,
                  Sentence *out, Error *err) {
  *out = (Sentence){.poolings = {{POOLING_MEAN}, 1}, .strip = true};
  int rc = read_files(source, out, err);
  if (!rc)
    rc = read_prompt(source, options->prompt, out, err);
  if (rc)
    sentence_clear(out);
  else
    obey(options, out);
  return rc;
}
