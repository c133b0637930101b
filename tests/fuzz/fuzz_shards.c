/*
 * fuzz_shards.c - any bytes as model.safetensors.index.json: the files named
 * stay in their folder, and the lists agree with each other.
 */
#include <string.h>
#include "fuzz.h"
#include "tensor/safetensors.h"

static void check_index(const ShardIndex *index) {
  REQUIRE(index->n_shards >= 1 && index->n_shards <= SHARD_INDEX_FILES);
  REQUIRE(index->n_tensors >= index->n_shards);
  for (size_t i = 0; i < index->n_shards; i++) {
    const char *name = index->shards[i];
    REQUIRE(!strchr(name, '/') && !strchr(name, '\\') && name[0] != '.');
    REQUIRE(strlen(name) > 12 && strlen(name) < 256);
    REQUIRE(!strcmp(name + strlen(name) - 12, ".safetensors"));
    REQUIRE(i == 0 || strcmp(index->shards[i - 1], name) < 0);
  }
  for (size_t i = 0; i < index->n_tensors; i++) {
    const ShardTensor *t = &index->tensors[i], *last = i ? t - 1 : NULL;
    REQUIRE(t->shard < index->n_shards);
    REQUIRE(!last || last->shard + 1 == t->shard ||
            (last->shard == t->shard && strcmp(last->name, t->name) < 0));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  ShardIndex index;
  Error err = {""};
  int rc = shard_index_parse((const char *)data, size, &index, &err);
  if (rc == OK)
    check_index(&index);
  else
    REQUIRE(err.message[0] && !index.json && !index.tensors);
  shard_index_clear(&index);
  return 0;
}
