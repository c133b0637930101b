/*
 * test_sentence_6.c - what version 6 of sentence-transformers writes.
 *
 * A checkpoint with its modules.json and configs: vectors must be made of those
 * that older files give for the same weights, number by number (its sources say
 * of which); those are compared with the library in test_sentence.c.
 */
#include <math.h>
#include "model/quantize.h"
#include "oracle/folders.h"

/* --- Its files ------------------------------------------------------------*/

#define BASE_6 "\"type\": \"sentence_transformers.base.modules."
#define TYPE_6 "\"type\": \"sentence_transformers.sentence_transformer.modules."
#define FIRST_6                                                                \
  "[{\"idx\": 0, \"name\": \"0\", \"path\": \"\", " BASE_6                     \
  "transformer.Transformer\"}, {\"idx\": 1, \"name\": \"1\", "                 \
  "\"path\": \"1_Pooling\", " TYPE_6 "pooling.Pooling\"}"
#define NORMALIZE_6                                                            \
  ", {\"idx\": 2, \"name\": \"2\", \"path\": \"2_Normalize\", " BASE_6         \
  "normalize.Normalize\"}"

static void write_version_6(const char *pooling, const char *settings,
                            bool normalize) {
  link_checkpoint("distilbert-uncased-base");
  add_file("modules.json", normalize ? FIRST_6 NORMALIZE_6 "]" : FIRST_6 "]");
  add_file("1_Pooling/config.json", pooling);
  if (normalize)
    add_file("2_Normalize/config.json",
             "{\"module_input_name\": \"sentence_embedding\", "
             "\"module_output_name\": \"sentence_embedding\"}");
  add_file("sentence_bert_config.json",
           "{\"transformer_task\": \"feature-extraction\", "
           "\"modality_config\": {\"text\": {\"method\": \"forward\", "
           "\"method_output_name\": \"last_hidden_state\"}}, "
           "\"module_output_name\": \"token_embeddings\"}");
  add_file("config_sentence_transformers.json", settings);
}

enum { VECTOR_ROOM = 256 };

/* The vector of a text by what was built; returns its numbers, 0: an error. */
static size_t vector_by(const char *json, float out[VECTOR_ROOM]) {
  Error err = {""};
  ModelOptions options;
  Model *m = NULL;
  EmbedText t = {.vector = out};
  int code = options_parse(NULL, json, &options, &err);
  code = code ? code : open_built(&options, &m, &err);
  code = code ? code : embed_text(m, OVERFLOW_TRUNCATE, " A cat. ", &t, &err);
  CHECK(code == OK, "%s: %s", json ? json : "", err.message);
  size_t n = code ? 0 : m->vector_dim;
  model_free(m);
  options_clear(&options);
  return n;
}

static double length_of(const float *v, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += (double)v[i] * (double)v[i];
  return sqrt(sum);
}

/* A list is concatenated in its own order. */
static void check_pooling_list(void) {
  static const char LIST[] = "{\"embedding_dimension\": 32, \"pooling_mode\": "
                             "[\"mean_sqrt_len_tokens\","
                             " \"cls\", \"cls\"], \"include_prompt\": true}";
  float both[VECTOR_ROOM], cls[VECTOR_ROOM], mean[VECTOR_ROOM];
  write_version_6(LIST, "{}", false);
  CHECK(vector_by(NULL, both) == 96, "width");
  CHECK(vector_by("{\"pooling\": \"cls\"}", cls) == 32, "cls");
  CHECK(vector_by("{\"pooling\": \"mean_sqrt_len\"}", mean) == 32, "mean");
  CHECK(!memcmp(both, mean, 128), "the first of the list comes first");
  CHECK(!memcmp(both + 32, cls, 128), "then the second");
  CHECK(!memcmp(both + 64, cls, 128), "and the third");
  CHECK(vector_by("{\"pooling\": [\"cls\", \"mean_sqrt_len\"]}", both) == 64 &&
            !memcmp(both, cls, 128) && !memcmp(both + 32, mean, 128),
        "an option's list");
  remove_all();
}

/* truncate_dim cuts what all modules made; nothing is normalised again. */
static void check_truncate_dim(void) {
  static const char MEAN[] =
      "{\"embedding_dimension\": 32, \"pooling_mode\": \"mean\"}";
  float all[VECTOR_ROOM], cut[VECTOR_ROOM], unit[VECTOR_ROOM];
  write_version_6(MEAN,
                  "{\"model_type\": \"SentenceTransformer\", "
                  "\"__version__\": {\"sentence_transformers\": \"6\"}}",
                  true);
  CHECK(vector_by(NULL, all) == 32, "whole");
  CHECK(vector_by("{\"truncate_dim\": 5}", cut) == 5 && !memcmp(cut, all, 20),
        "an option");
  remove_all();
  write_version_6(MEAN, "{\"truncate_dim\": 8, \"prompts\": {}}", true);
  CHECK(vector_by(NULL, cut) == 8, "cut");
  CHECK(!memcmp(cut, all, 32), "the first numbers of the whole vector");
  CHECK(fabs(length_of(all, 32) - 1) < 1e-6 && length_of(cut, 8) < 0.99,
        "lengths %g, %g", length_of(all, 32), length_of(cut, 8));
  CHECK(vector_by("{\"normalize\": true}", unit) == 8 &&
            fabs(length_of(unit, 8) - 1) < 1e-6 &&
            fabs((double)(unit[0] / cut[0]) - 1 / length_of(cut, 8)) < 1e-5,
        "normalize is what comes last");
  CHECK(vector_by("{\"truncate_dim\": 32}", cut) == 32, "an option wins");
  remove_all();
  write_version_6(MEAN, "{\"truncate_dim\": 99}", true);
  CHECK(vector_by(NULL, cut) == 32 && !memcmp(cut, all, 128), "more than all");
  remove_all();
}

/* A file of bytes carries what its folder says of vectors. */
static void check_quantized(void) {
  char from[ROOM], to[ROOM];
  Source s;
  size_t bytes;
  Error err = {""};
  Model *m = NULL;
  write_version_6("{\"pooling_mode\": [\"max\", \"cls\"]}",
                  "{\"truncate_dim\": 40, \"default_prompt_name\": \"q\", "
                  "\"prompts\": {\"q\": \"ask: \"}}",
                  true);
  snprintf(from, sizeof from, "%s/model", folder);
  snprintf(to, sizeof to, "%s/model/file.safetensors", folder);
  CHECK(!source_open(from, &s, &err) && !source_open_weights(&s, &err) &&
            !quantize_write(&s, to, false, NULL, &bytes, &err),
        "%s", err.message);
  source_close(&s);
  CHECK(!model_open(to, &options_none, NULL, &m, &err), "%s", err.message);
  CHECK(m && m->vector_dim == 40 && m->whole_dim == 64 &&
            m->sentence.normalize == NORMALIZE_WHOLE && m->sentence.prompt,
        "something is lost");
  model_free(m);
  remove_all();
}

/* Outer blanks, which an "Ġ" tells from none in a BPE vocabulary alone. */
static void check_strip(void) {
  float with[VECTOR_ROOM], without[VECTOR_ROOM];
  link_checkpoint("roberta-sentence");
  size_t n = vector_by(NULL, without);
  CHECK(n == vector_by("{\"strip\": true}", with) && n &&
            !memcmp(with, without, n * sizeof *with),
        "blanks are stripped");
  CHECK(n == vector_by("{\"strip\": false}", with) &&
            memcmp(with, without, n * sizeof *with) != 0,
        "unless the registration says no");
  remove_all();
}

int main(void) {
  make_root();
  check_pooling_list();
  check_truncate_dim();
  check_quantized();
  check_strip();
  CHECK(rmdir(folder) == 0, "%s", folder);
  return check_done();
}
