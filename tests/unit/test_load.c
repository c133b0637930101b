/*
 * test_load.c - weights as bytes, in a file: what is read fits the room that
 * was counted for it.
 *
 * A checkpoint with a masked-word head is written again with its word
 * embeddings as I8 rows and scales.  The head's decoder is that same table,
 * widened or, where the precision allows it, shared with its row sums; both
 * passes of model/load.h must see it.
 */
#include "check.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <cjson/cJSON.h>
#include "files.h"
#include "model/model.h"

#define TIED  "tests/oracle/data/checkpoints/distilbert-uncased-mlm-tied"
#define WORDS "distilbert.embeddings.word_embeddings.weight"

static void add_entry(cJSON *header, const char *name, const char *dtype,
                      size_t n, size_t dim, size_t at, size_t bytes) {
  cJSON *entry = cJSON_AddObjectToObject(header, name);
  cJSON_AddStringToObject(entry, "dtype", dtype);
  cJSON *shape = cJSON_AddArrayToObject(entry, "shape");
  cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)n));
  if (dim)
    cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)dim));
  cJSON *offsets = cJSON_AddArrayToObject(entry, "data_offsets");
  cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)at));
  cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)(at + bytes)));
}

/* The rows as bytes, and their scales, at the end of the data. */
static void quantise(const float *rows, size_t n, size_t dim, FILE *out) {
  float *scales = calloc(n, sizeof *scales);
  for (size_t i = 0; scales && i < n; i++) {
    float most = 0;
    for (size_t j = 0; j < dim; j++)
      most = fmaxf(most, fabsf(rows[i * dim + j]));
    scales[i] = most / 127;
    for (size_t j = 0; j < dim; j++) {
      float q = most > 0 ? roundf(rows[i * dim + j] / scales[i]) : 0;
      fputc((int)q & 255, out);
    }
  }
  fwrite(scales, sizeof *scales, n, out);
  free(scales);
}

/* The file again, WORDS renamed and as I8 behind everything else. */
static void write_quantised(const Blob *f, const char *path) {
  uint64_t size;
  memcpy(&size, f->data, 8);
  const unsigned char *data = f->data + 8 + size;
  size_t data_bytes = f->bytes - 8 - (size_t)size;
  cJSON *header = cJSON_ParseWithLength((char *)f->data + 8, (size_t)size);
  cJSON *words = cJSON_DetachItemFromObjectCaseSensitive(header, WORDS);
  cJSON *shape = cJSON_GetObjectItem(words, "shape");
  size_t n = (size_t)cJSON_GetArrayItem(shape, 0)->valueint;
  size_t dim = (size_t)cJSON_GetArrayItem(shape, 1)->valueint;
  cJSON *offsets = cJSON_GetObjectItem(words, "data_offsets");
  size_t at = (size_t)cJSON_GetArrayItem(offsets, 0)->valueint;
  cJSON_AddItemToObject(header, "unused", words);
  add_entry(header, WORDS, "I8", n, dim, data_bytes, n * dim);
  add_entry(header, WORDS ".scale", "F32", n, 0, data_bytes + n * dim, 4 * n);
  char *text = cJSON_PrintUnformatted(header);
  FILE *out = fopen(path, "wb");
  size = strlen(text);
  fwrite(&size, 8, 1, out);
  fwrite(text, 1, strlen(text), out);
  fwrite(data, 1, data_bytes, out);
  quantise((const float *)(const void *)(data + at), n, dim, out);
  fclose(out);
  free(text);
  cJSON_Delete(header);
}

static void link_text(const char *folder, const char *name) {
  char here[512], from[1200], to[600];
  if (!getcwd(here, sizeof here))
    return;
  snprintf(from, sizeof from, "%s/" TIED "/%s", here, name);
  snprintf(to, sizeof to, "%s/%s", folder, name);
  CHECK(symlink(from, to) == 0, "%s", to);
}

static bool is_inside(const Model *m, const void *at, size_t bytes) {
  const char *start = m->pages, *p = at;
  return p >= start && p + bytes <= start + m->pages_bytes;
}

static void check_widened(const Model *m, const Model *original) {
  size_t n = m->words.n, dim = m->words.dim;
  CHECK(is_inside(m, m->heads[TASK_FILL].last.weight, 4 * n * dim), "decoder");
  float most = 0;
  for (size_t i = 0; i < n * dim; i++)
    most = fmaxf(most, fabsf(m->heads[TASK_FILL].last.weight[i] -
                             original->heads[TASK_FILL].last.weight[i]));
  CHECK(most < 0.01f, "widened weights are off by %g", (double)most);
}

static void check_shared(const Model *m) {
  const Linear *d = &m->heads[TASK_FILL].last;
  CHECK(d->q_weight == m->words.q_rows && d->q_scales == m->words.q_scales,
        "not shared");
  CHECK(is_inside(m, d->q_sums, 4 * m->words.n), "sums");
  for (size_t i = 0; i < d->n_out; i++) {
    int32_t sum = 0;
    for (size_t j = 0; j < d->n_in; j++)
      sum += d->q_weight[i * d->n_in + j];
    CHECK(sum == d->q_sums[i], "row %zu: sum %d, not %d", i, d->q_sums[i], sum);
  }
}

static void check_model(const char *folder, Precision precision,
                        const Model *original) {
  ModelOptions options = options_none;
  Model *m = NULL;
  Error err = {""};
  options.precision = precision;
  CHECK(!model_open(folder, &options, NULL, &m, &err), "%s", err.message);
  if (!m || !original)
    return;
  CHECK(m->words.q_rows && !m->words.rows, "the table stays bytes");
  CHECK(is_inside(m, m->words.q_rows, m->words.n * m->words.dim), "rows");
  CHECK(is_inside(m, m->heads[TASK_FILL].last.bias, 4 * m->words.n),
        "its bias");
  CHECK(is_inside(m, m->heads[TASK_ANSWER].last.weight, 0) ||
            !m->heads[TASK_ANSWER].last.weight,
        "answer");
  if (precision == PRECISION_FP32)
    check_widened(m, original);
  else
    check_shared(m);
  model_free(m);
}

int main(void) {
  char folder[] = "/tmp/distilbert-load-XXXXXX", path[600];
  static const char *const texts[] = {"config.json", "tokenizer_config.json",
                                      "vocab.txt"};
  Model *original = NULL;
  Error err = {""};
  Blob f = read_file(TIED "/model.safetensors");
  CHECK(f.bytes > 0 && mkdtemp(folder), "%s", TIED);
  snprintf(path, sizeof path, "%s/model.safetensors", folder);
  write_quantised(&f, path);
  for (size_t i = 0; i < 3; i++)
    link_text(folder, texts[i]);
  CHECK(!model_open(TIED, &options_none, NULL, &original, &err), "%s",
        err.message);
  check_model(folder, PRECISION_FP32, original);
  check_model(folder, PRECISION_FILE, original);
  check_model(folder, PRECISION_INT8, original);
  model_free(original);
  unlink(path);
  for (size_t i = 0; i < 3; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, texts[i]);
    unlink(path);
  }
  rmdir(folder);
  free(f.data);
  return check_done();
}
