/*
 * checkpoint.c - writes a DistilBERT of random weights.
 *
 * In:  a folder.
 * Out: config.json, vocab.txt and model.safetensors in it, in the shape of
 *      distilbert-base-uncased-distilled-squad: 768 channels, 12 heads.
 *
 * Speed does not depend on what the weights are, as long as nothing overflows
 * or becomes subnormal: uniform in +-0.035 has the spread (0.02) with which
 * such models start their training.  The table of tensors is walked twice, to
 * write the header and to write the data, so the two cannot disagree.
 *
 *     "distilbert.embeddings.word_embeddings.weight": [30522, 768] ...
 *     "distilbert.transformer.layer.0.attention.q_lin.weight": [768, 768] ...
 *     "qa_outputs.weight": [2, 768], "qa_outputs.bias": [2]
 *
 * The vocabulary is made up, but for a few words that are in BERT's too.
 */
#include "checkpoint.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { C = 768, F = 3072, POSITIONS = 512, PATH = 4096 };

static size_t L, V; /* layers and words, of checkpoint_write */

const char *const bench_words[BENCH_WORDS] = {
    "the", "of", "and", "in", "to", "was", "is",   "for",
    "as",  "on", "by",  "at", "it", "his", "that", "from"};

/* Calls `each` with every tensor; dim 0: a vector. */
typedef void visit(void *arg, const char *name, size_t n, size_t dim);

static void visit_pair(visit *each, void *arg, const char *name, size_t n,
                       size_t dim) {
  char full[128];
  snprintf(full, sizeof full, "%s.weight", name);
  each(arg, full, n, dim);
  snprintf(full, sizeof full, "%s.bias", name);
  each(arg, full, n, 0);
}

static void visit_layer(visit *each, void *arg, size_t layer) {
  static const struct {
    const char *name;
    size_t n, dim;
  } parts[] = {
      {"attention.q_lin", C, C}, {"attention.k_lin", C, C},
      {"attention.v_lin", C, C}, {"attention.out_lin", C, C},
      {"sa_layer_norm", C, 0},   {"ffn.lin1", F, C},
      {"ffn.lin2", C, F},        {"output_layer_norm", C, 0},
  };
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    char name[96];
    snprintf(name, sizeof name, "distilbert.transformer.layer.%zu.%s", layer,
             parts[i].name);
    visit_pair(each, arg, name, parts[i].n, parts[i].dim);
  }
}

static void visit_all(visit *each, void *arg) {
  each(arg, "distilbert.embeddings.word_embeddings.weight", V, C);
  each(arg, "distilbert.embeddings.position_embeddings.weight", POSITIONS, C);
  visit_pair(each, arg, "distilbert.embeddings.LayerNorm", C, 0);
  for (size_t i = 0; i < L; i++)
    visit_layer(each, arg, i);
  visit_pair(each, arg, "qa_outputs", 2, C);
}

typedef struct Writing {
  FILE *file;
  char header[1 << 16];
  size_t used, offset;
  uint32_t random;
} Writing;

static void add_header(void *arg, const char *name, size_t n, size_t dim) {
  Writing *w = arg;
  size_t bytes = n * (dim ? dim : 1) * sizeof(float);
  char shape[64];
  snprintf(shape, sizeof shape, dim ? "%zu,%zu" : "%zu", n, dim);
  w->used += (size_t)snprintf(w->header + w->used, sizeof w->header - w->used,
                              "%c\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],"
                              "\"data_offsets\":[%zu,%zu]}",
                              w->offset ? ',' : '{', name, shape, w->offset,
                              w->offset + bytes);
  w->offset += bytes;
}

static void add_data(void *arg, const char *name, size_t n, size_t dim) {
  Writing *w = arg;
  bool is_gain = strstr(name, "orm.weight") != NULL;
  float row[F];
  size_t width = dim ? dim : n;
  for (size_t i = 0; i < (dim ? n : 1); i++) {
    for (size_t j = 0; j < width; j++) {
      w->random = w->random * 1664525u + 1013904223u;
      row[j] = (float)(int32_t)w->random * 0x1p-31f * 0.035f;
      row[j] = is_gain ? 1.0f : row[j];
    }
    fwrite(row, sizeof *row, width, w->file);
  }
}

static bool write_weights(FILE *file) {
  static Writing w;
  w = (Writing){.file = file, .random = 1};
  visit_all(add_header, &w);
  strcpy(w.header + w.used++, "}");
  uint64_t size = w.used;
  fwrite(&size, sizeof size, 1, file);
  fwrite(w.header, 1, w.used, file);
  visit_all(add_data, &w);
  return true;
}

static bool write_config(FILE *file) {
  fprintf(file,
          "{\"model_type\": \"distilbert\", \"activation\": \"gelu\",\n"
          " \"architectures\": [\"DistilBertForQuestionAnswering\"],\n"
          " \"dim\": %d, \"hidden_dim\": %d, \"n_heads\": 12,\n"
          " \"n_layers\": %zu, \"max_position_embeddings\": %d,\n"
          " \"vocab_size\": %zu, \"pad_token_id\": 0}\n",
          C, F, L, POSITIONS, V);
  return true;
}

static bool write_vocab(FILE *file) {
  fprintf(file, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n");
  for (int i = 0; i < BENCH_WORDS; i++)
    fprintf(file, "%s\n", bench_words[i]);
  for (size_t i = 5 + BENCH_WORDS; i < V; i++)
    fprintf(file, "word%zu\n", i);
  return true;
}

static const struct {
  const char *name;
  bool (*write)(FILE *);
} files[] = {{"config.json", write_config},
             {"vocab.txt", write_vocab},
             {"model.safetensors", write_weights}};
enum { FILES = sizeof files / sizeof *files };

static void path_of(char out[PATH], const char *folder, size_t i) {
  snprintf(out, PATH, "%s/%s", folder, files[i].name);
}

bool checkpoint_write(const char *folder, size_t n_layers, size_t n_words) {
  bool ok = true;
  L = n_layers;
  V = n_words;
  mkdir(folder, 0777);
  for (size_t i = 0; ok && i < FILES; i++) {
    char path[PATH];
    path_of(path, folder, i);
    FILE *file = fopen(path, "wb");
    ok = file && files[i].write(file) && !ferror(file);
    ok = file && fclose(file) == 0 && ok;
    if (!ok)
      perror(path);
  }
  return ok;
}

void checkpoint_remove(const char *folder) {
  char path[PATH];
  for (size_t i = 0; i < FILES; i++) {
    path_of(path, folder, i);
    unlink(path);
  }
  rmdir(folder);
}
