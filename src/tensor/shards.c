/*
 * shards.c - the index of a checkpoint that is cut into several files.
 *
 * In:  model.safetensors.index.json:
 *
 *     {"metadata": {"total_size": 243944},
 *      "weight_map": {"a": "model-00001-of-00002.safetensors", ...}}
 *
 * Out: the distinct files, and every tensor with the number of its file.
 *
 * Sorted by file and name, tensors of one file stand together, and a file is
 * counted where its name first comes: time n log n, whatever the index says.
 *
 * A file that names other files is a way out of its folder.  So a name must be
 * a plain one: it ends in ".safetensors", does not begin with a dot, has no
 * slash of either kind and no control character.  "metadata" is not read.
 */
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/memory.h"
#include "tensor/safetensors.h"

#define WHAT "model.safetensors.index.json"

static bool is_plain(const char *name) {
  static const char ending[] = ".safetensors";
  size_t n = strlen(name), tail = sizeof ending - 1;
  if (n <= tail || n > 255 || name[0] == '.' ||
      strcmp(name + n - tail, ending) != 0)
    return false;
  for (const char *p = name; *p; p++)
    if (*p == '/' || *p == '\\' || (unsigned char)*p < 0x20 || *p == 0x7f)
      return false;
  return true;
}

/* Items of weight_map: the tensor's name is the key, the file the value. */
static int by_file(const void *a, const void *b) {
  const cJSON *x = *(const cJSON *const *)a, *y = *(const cJSON *const *)b;
  int order = strcmp(x->valuestring, y->valuestring);
  return order ? order : strcmp(x->string, y->string);
}

static int collect(const cJSON *map, const cJSON **items, Error *err) {
  const cJSON *item;
  cJSON_ArrayForEach(item, map) {
    char shown[ERROR_QUOTE];
    if (!cJSON_IsString(item) || !is_plain(item->valuestring))
      return fail(err, ERR_FORMAT,
                  WHAT ": the file of \"%s\" must be a plain name that ends in "
                       ".safetensors",
                  error_quote(shown, item->string));
    *items++ = item;
  }
  return OK;
}

/* `items` are sorted by file. */
static int number_files(const cJSON **items, size_t n, ShardIndex *out,
                        Error *err) {
  for (size_t i = 0; i < n; i++) {
    const char *file = items[i]->valuestring;
    if (i == 0 || strcmp(file, items[i - 1]->valuestring) != 0) {
      if (out->n_shards == SHARD_INDEX_FILES)
        return fail(err, ERR_RANGE, WHAT ": more than %d files",
                    SHARD_INDEX_FILES);
      out->shards[out->n_shards++] = file;
    }
    out->tensors[out->n_tensors++] =
        (ShardTensor){items[i]->string, out->n_shards - 1};
  }
  return OK;
}

static int read_map(const cJSON *map, ShardIndex *out, Error *err) {
  if (!cJSON_IsObject(map) || !map->child)
    return fail(err, ERR_FORMAT,
                WHAT ": weight_map must be an object of names");
  size_t n = (size_t)cJSON_GetArraySize(map);
  if (n > SAFETENSORS_MAX_TENSORS)
    return fail(err, ERR_RANGE, WHAT ": %zu tensors, the limit is %d", n,
                SAFETENSORS_MAX_TENSORS);
  out->shards = mem_array(SHARD_INDEX_FILES, sizeof *out->shards);
  out->tensors = mem_array(n, sizeof *out->tensors);
  const cJSON **items = mem_array(n, sizeof *items);
  int rc = out->shards && out->tensors && items ? collect(map, items, err)
                                                : fail_memory(err);
  if (rc == OK) {
    qsort(items, n, sizeof *items, by_file);
    rc = number_files(items, n, out, err);
  }
  mem_free(items);
  return rc;
}

int shard_index_parse(const char *json, size_t bytes, ShardIndex *out,
                      Error *err) {
  *out = (ShardIndex){0};
  int rc = json_parse(WHAT, json, bytes, SHARD_INDEX_MAX, &out->json, err);
  if (rc == OK)
    rc = read_map(json_get(out->json, "weight_map"), out, err);
  if (rc != OK)
    shard_index_clear(out);
  return rc;
}

void shard_index_clear(ShardIndex *index) {
  cJSON_Delete(index->json);
  mem_free(index->shards);
  mem_free(index->tensors);
  *index = (ShardIndex){0};
}
