/*
 * test_sentence.c - sentence-transformers' files, in every combination.
 *
 * In:  tests/oracle/data/sentence/cases.json: files to put around a tiny
 *      checkpoint, and the vectors that sentence-transformers then gives, by
 *      prompt (scripts/make-sentence-data).
 * Out: a check for each vector; and for what the library has no word for:
 *      windows, errors, the options of a registration.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include "check.h"
#include "oracle/folders.h"
#include "task/embed.h"

#define DATA ORACLE "sentence/"

/* --- Checkpoints ----------------------------------------------------------*/

static void build(const cJSON *record) {
  char path[ROOM];
  const cJSON *item;
  link_checkpoint(cJSON_GetObjectItem(record, "checkpoint")->valuestring);
  cJSON_ArrayForEach(item, cJSON_GetObjectItem(record, "files"))
      add_file(item->string, item->valuestring);
  cJSON_ArrayForEach(item, cJSON_GetObjectItem(record, "dense")) {
    make_folder(item->valuestring);
    snprintf(path, sizeof path, DATA "%s", item->valuestring);
    link_files(path, item->valuestring);
  }
}

/* --- Against the library --------------------------------------------------*/

static double difference(const float *got, size_t n, const cJSON *want) {
  double worst = cJSON_GetArraySize(want) == (int)n ? 0 : INFINITY;
  const cJSON *value = want->child;
  for (size_t i = 0; i < n && value; i++, value = value->next) {
    double d = fabs((double)got[i] - value->valuedouble);
    d /= fmax(1, fabs(value->valuedouble));
    worst = d > worst || isnan(d) ? d : worst;
  }
  return worst;
}

static void check_rows(const char *name, const Model *m, const cJSON *rows) {
  float *vector = malloc(m->vector_dim * sizeof *vector);
  const cJSON *row;
  cJSON_ArrayForEach(row, rows) {
    const char *text = cJSON_GetObjectItem(row, "text")->valuestring;
    EmbedText t = {.text = {text, strlen(text)}, .vector = vector};
    Error err = {""};
    int code = embed_run(m, &run, OVERFLOW_TRUNCATE, &t, 1, &err);
    CHECK(code == OK, "%s: %s", name, err.message);
    double d = difference(vector, code ? 0 : m->vector_dim,
                          cJSON_GetObjectItem(row, "embedding"));
    CHECK(d <= 2e-5, "%s, '%.20s': differs by %g", name, text, d);
  }
  free(vector);
}

static void check_case(const cJSON *record) {
  const char *name = cJSON_GetObjectItem(record, "name")->valuestring;
  build(record);
  const cJSON *rows;
  cJSON_ArrayForEach(rows, cJSON_GetObjectItem(record, "results")) {
    ModelOptions options = options_none;
    Error err = {""};
    Model *m;
    options.prompt = *rows->string ? rows->string : NULL;
    int code = open_built(&options, &m, &err);
    if (code == ERR_UNSUPPORTED && strstr(err.message, "not supported yet"))
      SKIP("%s: %s", name, err.message);
    else
      CHECK(code == OK, "%s: %s", name, err.message);
    if (code == OK)
      check_rows(name, m, rows);
    model_free(m);
  }
  remove_all();
}

static void check_library(void) {
  cJSON *cases = oracle_json(DATA "cases.json");
  const cJSON *record;
  CHECK(cJSON_GetArraySize(cases) > 20, "cases.json");
  cJSON_ArrayForEach(record, cases) check_case(record);
  cJSON_Delete(cases);
}

/* --- Options --------------------------------------------------------------*/

/* A checkpoint without files of sentence-transformers, with options. */
static Model *open_base(const char *json) {
  Error err = {""};
  ModelOptions options;
  Model *m = NULL;
  int code = options_parse(NULL, json, &options, &err);
  if (!code)
    code = model_open(ORACLE "checkpoints/distilbert-uncased-base", &options,
                      NULL, &m, &err);
  CHECK(code == OK, "%s: %s", json, err.message);
  options_clear(&options);
  return m;
}

static void check_option(const char *json, size_t dim, bool is_unit) {
  Model *m = open_base(json);
  if (!m)
    return;
  float vector[256];
  EmbedText t = {.vector = vector};
  Error err = {""};
  CHECK(m->vector_dim == dim, "%s: %zu", json, m->vector_dim);
  CHECK(embed_text(m, OVERFLOW_TRUNCATE, "A cat.", &t, &err) == OK, "%s",
        err.message);
  double sum = 0;
  for (size_t i = 0; i < dim; i++)
    sum += (double)vector[i] * (double)vector[i];
  CHECK((fabs(sum - 1) < 1e-6) == is_unit, "%s: length %g", json, sqrt(sum));
  model_free(m);
}

static void check_options(void) {
  check_option("{}", 32, true);
  check_option("{\"normalize\": false}", 32, false);
  check_option("{\"pooling\": \"cls\", \"normalize\": true}", 32, true);
  check_option("{\"pooling\": [\"lasttoken\", \"max\", \"mean\"]}", 96, true);
  check_option("{\"pooling\": \"mean_sqrt_len\", \"normalize\": false}", 32,
               false);
}

/* --- What is refused when it is said --------------------------------------*/

static void check_refused_option(const char *json, const char *says) {
  Error err = {""}, same = {""};
  ModelOptions options;
  Model *m = NULL;
  const char *path = ORACLE "checkpoints/distilbert-uncased-base";
  int code = options_parse(NULL, json, &options, &err);
  if (!code) {
    code = model_check_options(path, &options, &err);
    CHECK(model_open(path, &options, NULL, &m, &same) == code &&
              strcmp(same.message, err.message) == 0,
          "opened, another error: %s", same.message);
  }
  CHECK(code && strstr(err.message, says), "%s: %s", json, err.message);
  model_free(m);
  options_clear(&options);
}

static void check_refused_options(void) {
  check_refused_option("{\"max_tokens\": 3}",
                       "options: max_tokens 3 leaves no room beside 3 special");
  check_refused_option("{\"max_tokens\": 0}", "options: max_tokens must be");
  check_refused_option("{\"max_tokens\": 99999}",
                       "options: max_tokens 99999, the model takes");
  check_refused_option("{\"truncate_dim\": 33}",
                       "options: truncate_dim 33, the model's vectors have 32");
  check_refused_option("{\"truncate_dim\": 0}", "options: truncate_dim must");
  check_refused_option("{\"pooling\": []}", "options: pooling is cls");
  check_refused_option("{\"overflow\": \"cut\"}",
                       "options: overflow is truncate, error or window");
  check_refused_option("{\"strip\": 1}", "options: strip must be");
  check_refused_option("{\"stripe\": true}", "options: no option stripe");
}

/* A registration's overflow is kept for whoever runs the model. */
static void check_overflow(void) {
  static const struct {
    const char *json;
    Overflow overflow;
  } cases[] = {{"{}", OVERFLOW_UNSAID},
               {"{\"overflow\": \"truncate\"}", OVERFLOW_TRUNCATE},
               {"{\"overflow\": \"error\"}", OVERFLOW_ERROR},
               {"{\"overflow\": \"window\"}", OVERFLOW_WINDOW}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Model *m = open_base(cases[i].json);
    CHECK(m && m->sentence.overflow == cases[i].overflow, "%s", cases[i].json);
    model_free(m);
  }
}

/* --- Long texts -----------------------------------------------------------*/

/* Words of one token each. */
static const char LONG[] = "a b c d e f g h i j k l m";

static void check_cut(const Model *m) {
  float cut[32], start[32];
  EmbedText t = {.vector = cut}, s = {.vector = start};
  Error err = {""};
  CHECK(embed_text(m, OVERFLOW_TRUNCATE, LONG, &t, &err) == OK, "%s",
        err.message);
  CHECK(t.truncated && t.tokens == 8, "%zu tokens", t.tokens);
  CHECK(embed_text(m, OVERFLOW_ERROR, "a b c d e f", &s, &err) == OK, "%s",
        err.message);
  CHECK(!s.truncated && s.tokens == 8, "%zu tokens", s.tokens);
  CHECK(memcmp(cut, start, sizeof cut) == 0, "not the start's vector");
}

static void check_error(const Model *m) {
  float vector[32];
  EmbedText t = {.vector = vector};
  Error err = {""};
  CHECK(embed_text(m, OVERFLOW_ERROR, LONG, &t, &err) == ERR_RANGE, "no error");
  CHECK(strcmp(err.message, "text has 15 tokens, the model's limit is 8 "
                            "(overflow = error)") == 0,
        "%s", err.message);
}

/* 13 words, of which a prompt may be some, in windows of 6, 6 and 1: the mean
 * by words. `rest` has no prompt, nor have the windows behind the first. */
static void check_windows(const Model *m, const Model *rest, size_t prompt) {
  const char *const parts[] = {&"a b c d e f"[prompt], "g h i j k l", "m"};
  static const double weights[] = {6, 6, 1};
  float all[32], part[32];
  double mean[32] = {0};
  EmbedText t = {.vector = all}, p = {.vector = part};
  Error err = {""};
  for (int w = 0; w < 3; w++) {
    CHECK(embed_text(w ? rest : m, OVERFLOW_ERROR, parts[w], &p, &err) == OK,
          "%s", err.message);
    for (int i = 0; i < 32; i++)
      mean[i] += weights[w] / 13 * (double)part[i];
  }
  CHECK(embed_text(m, OVERFLOW_WINDOW, LONG + prompt, &t, &err) == OK, "%s",
        err.message);
  CHECK(!t.truncated && t.tokens == 15, "%zu tokens", t.tokens);
  for (int i = 0; i < 32; i++)
    CHECK(fabs((double)all[i] - mean[i]) < 1e-5, "number %d: %g, %g", i,
          (double)all[i], mean[i]);
}

static void check_long(void) {
  Model *m = open_base("{\"max_tokens\": 8, \"normalize\": false}");
  if (!m)
    return;
  Model *prompted = open_base("{\"max_tokens\": 8, \"normalize\": false, "
                              "\"prompt\": \"a b \"}");
  check_cut(m);
  check_error(m);
  check_windows(m, m, 0);
  for (int skips = 0; prompted && skips < 2; skips++) {
    prompted->sentence.skip_prompt = skips; /* a file's include_prompt */
    check_windows(prompted, m, strlen("a b "));
  }
  model_free(prompted);
  model_free(m);
}

/* More windows than a batch takes, and texts beside each other. */
static void check_together(void) {
  enum { N = 40 };
  static float alone[N][32], together[N][32];
  static char texts[N][4000];
  EmbedText many[N], one = {0};
  Error err = {""};
  Model *m = open_base("{\"max_tokens\": 20}");
  for (size_t i = 0; i < N; i++) {
    for (size_t n = 0; n < i * i % 700; n++)
      strcat(texts[i], n % 7 ? "cat " : "mat, ");
    many[i] = (EmbedText){.text = {texts[i], strlen(texts[i])},
                          .vector = together[i]};
  }
  if (!m)
    return;
  CHECK(embed_run(m, &run, OVERFLOW_WINDOW, many, N, &err) == OK, "%s",
        err.message);
  for (size_t i = 0; i < N; i++) {
    one.vector = alone[i];
    CHECK(embed_text(m, OVERFLOW_WINDOW, texts[i], &one, &err) == OK, "%s",
          err.message);
    CHECK(memcmp(alone[i], together[i], sizeof alone[i]) == 0,
          "text %zu depends on its neighbours", i);
    CHECK(one.tokens == many[i].tokens, "text %zu: %zu tokens", i, one.tokens);
  }
  model_free(m);
}

/* --- Refusals -------------------------------------------------------------*/

#define TYPE  "\"type\": \"sentence_transformers.models."
#define FIRST "[{\"path\": \"\", " TYPE "Transformer\"}"

#define CHAIN                                                                  \
  FIRST ", {\"path\": \"1_X\", " TYPE "Pooling\"}, {\"path\": \"2_X\", " TYPE  \
        "Dense\"}]"

static void check_refused(const char *modules, const char *file,
                          const char *text, const char *says) {
  Model *m;
  Error err = {""};
  link_checkpoint("distilbert-uncased-base");
  add_file("modules.json", modules);
  if (file)
    add_file(file, text);
  if (file && strncmp(file, "2_X", 3) == 0)
    link_files(DATA "2_Dense", "2_X");
  int code = open_built(&options_none, &m, &err);
  CHECK(code == ERR_FORMAT || code == ERR_UNSUPPORTED || code == ERR_IO,
        "%s %s was taken", modules, text);
  CHECK(strstr(err.message, says), "%s %s: %s", modules, text, err.message);
  model_free(m);
  remove_all();
}

static void check_modules(void) {
  check_refused("{}", NULL, "", "must be an array");
  check_refused("[]", NULL, "", "the first module is no Transformer");
  check_refused(FIRST ", {\"path\": \"1_X\", " TYPE "LSTM\"}]", NULL, "",
                "type LSTM");
  check_refused(FIRST ", {\"path\": \"../x\", " TYPE "Pooling\"}]", NULL, "",
                "path is not a plain folder name");
  check_refused(FIRST ", {\"path\": \"1_X\", " TYPE
                      "Normalize\"}, {\"path\": \"2_X\", " TYPE "Dense\"}]",
                NULL, "", "Dense behind Normalize");
  check_refused(FIRST ", {\"path\": \"1_X\", " TYPE
                      "Pooling\"}, {\"path\": \"2_X\", " TYPE "Pooling\"}]",
                NULL, "", "Pooling behind Pooling");
}

static void check_module_files(void) {
  static const struct {
    const char *file, *text, *says;
  } cases[] = {
      {"1_X/config.json", "{\"pooling_mode\": \"median\"}",
       "pooling_mode median"},
      {"1_X/config.json", "{\"pooling_mode_mean_tokens\": false}",
       "no pooling mode is on"},
      {"1_X/config.json", "{\"pooling_mode\": []}",
       "pooling_mode of this kind"},
      {"1_X/config.json", "{\"pooling_mode\": [\"mean\", 1]}",
       "pooling_mode of this kind"},
      {"1_X/config.json", "{\"pooling_scale\": 2}",
       "1_X/config.json: unknown key pooling_scale"},
      {"1_X/config.json", "[]", "1_X/config.json: must be an object"},
      {"2_X/config.json", "{\"out_features\": 20, \"use_residual\": true}",
       "2_X/config.json: unknown key use_residual"},
      {"2_X/config.json",
       "{\"out_features\": 20, \"module_output_name\": \"token_embeddings\"}",
       "module_output_name token_embeddings, not sentence_embedding"},
      {"2_X/config.json", "{\"out_features\": 20, \"in_features\": 31}",
       "in_features 31, what it gets has 32"},
      {"2_X/config.json", "{\"out_features\": 0}", "out_features"},
      {"2_X/config.json", "{\"bias\": true}", "out_features is missing"},
      {"2_X/config.json",
       "{\"out_features\": 20, \"activation_function\": \"torch.nn.RReLU\"}",
       "RReLU"},
      {"2_X/config.json",
       "{\"out_features\": 20, \"module_input_name\": \"token_embeddings\"}",
       "module_input_name token_embeddings, not sentence_embedding"},
      {"2_X/config.json", "{\"out_features\": 21}", "2_X.linear.weight"},
      {"config_sentence_transformers.json",
       "{\"default_prompt_name\": \"q\", \"prompts\": {}}",
       "there is no prompt q"},
      {"config_sentence_transformers.json", "{\"truncate_dim\": 0}",
       "truncate_dim must be an integer from 1"},
      {"config_sentence_transformers.json",
       "{\"model_type\": \"SparseEncoder\"}",
       "model_type SparseEncoder, not SentenceTransformer"},
      {"config_sentence_transformers.json", "{\"rotate\": [1]}",
       "config_sentence_transformers.json: unknown key rotate"},
      {"sentence_bert_config.json", "{\"max_seq_length\": 0}",
       "max_seq_length"},
      {"sentence_bert_config.json",
       "{\"processing_kwargs\": {\"text\": {\"max_length\": 9}}}",
       "sentence_bert_config.json: unknown key processing_kwargs"},
      {"sentence_bert_config.json", "{\"transformer_task\": \"fill-mask\"}",
       "transformer_task fill-mask, not feature-extraction"},
      {"sentence_bert_config.json",
       "{\"modality_config\": {\"text\": {\"method\": \"forward\", "
       "\"method_output_name\": \"pooler_output\"}}}",
       "method_output_name pooler_output, not last_hidden_state"},
      {"sentence_bert_config.json", "{\"modality_config\": {\"image\": {}}}",
       "modality_config without text"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bool dense = strncmp(cases[i].file, "2_X", 3) == 0;
    check_refused(dense ? CHAIN
                        : FIRST ", {\"path\": \"1_X\", " TYPE "Pooling\"}]",
                  cases[i].file, cases[i].text, cases[i].says);
  }
  check_refused(CHAIN, NULL, "", "2_X");
  check_refused(FIRST ", {\"path\": \"1_X\", " TYPE "Normalize\"}]",
                "1_X/config.json",
                "{\"module_input_name\": \"token_embeddings\"}",
                "module_input_name token_embeddings, not sentence_embedding");
}

int main(void) {
  make_root();
  check_library();
  check_options();
  check_refused_options();
  check_overflow();
  check_long();
  check_together();
  check_modules();
  check_module_files();
  CHECK(rmdir(folder) == 0, "%s", folder);
  return check_done();
}
