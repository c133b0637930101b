/*
 * test_shards.c - model.safetensors.index.json: which names are plain, and
 * that every tensor gets its file.
 */
#include "tensor/safetensors.h"

#include <stdlib.h>
#include <string.h>
#include "check.h"

typedef struct Case {
  const char *text;
  const char *says; /* NULL: accepted */
} Case;

#define FILE_OF_A(name) "{\"weight_map\":{\"a\":\"" name "\"}}"

/* clang-format off */
static const Case cases[] = {
    {FILE_OF_A("x.safetensors"), NULL},
    {FILE_OF_A("model-00001-of-00002.safetensors"), NULL},
    {FILE_OF_A("a..b.safetensors"), NULL},
    {FILE_OF_A("\xc3\xa9.safetensors"), NULL},
    {"{\"metadata\":{\"total_size\":1},\"weight_map\":{\"\":\"x.safetensors\"}}", NULL},
    {FILE_OF_A(""), "plain name"}, {FILE_OF_A(".safetensors"), "plain name"},
    {FILE_OF_A("..safetensors"), "plain name"},
    {FILE_OF_A(".x.safetensors"), "plain name"},
    {FILE_OF_A("../x.safetensors"), "the file of \"a\" must be a plain name"},
    {FILE_OF_A("/etc/x.safetensors"), "plain name"},
    {FILE_OF_A("a/../../x.safetensors"), "plain name"},
    {FILE_OF_A("a/x.safetensors"), "plain name"},
    {FILE_OF_A("a\\\\x.safetensors"), "plain name"},
    {FILE_OF_A("a\\nx.safetensors"), "plain name"},
    {FILE_OF_A("a\\u007fx.safetensors"), "plain name"},
    {FILE_OF_A("x.bin"), "plain name"}, {FILE_OF_A("x.safetensors.bin"), "plain name"},
    {FILE_OF_A("x.SAFETENSORS"), "plain name"},
    {FILE_OF_A("x.safetensors\\u0000"), "NUL"},
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
    {FILE_OF_A(HUNDRED HUNDRED TEN TEN TEN TEN "123.safetensors"), NULL},
    {FILE_OF_A(HUNDRED HUNDRED TEN TEN TEN TEN "1234.safetensors"), "plain name"},
    {"{\"weight_map\":{\"a\":1}}", "plain name"},
    {"{\"weight_map\":{\"a\":null}}", "plain name"},
    {"{\"weight_map\":{\"a\":[\"x.safetensors\"]}}", "plain name"},
    {"{\"weight_map\":{}}", "weight_map must be"}, {"{}", "weight_map must be"},
    {"{\"weight_map\":[]}", "weight_map must be"}, {"[]", "weight_map must be"},
    {"{\"weight_map\":[\"x.safetensors\"]}", "weight_map must be"},
    {"{\"weight_map\":null}", "weight_map must be"}, {"1", "weight_map must be"},
    {"{\"weight_map\":{\"a\":\"x.safetensors\",\"a\":\"y.safetensors\"}}", "twice"},
    {"", "index.json, line 1"}, {"{", "index.json, line 1"},
};
/* clang-format on */

static void check_case(const Case *c) {
  ShardIndex index;
  Error err = {""};
  int rc = shard_index_parse(c->text, strlen(c->text), &index, &err);
  CHECK(rc == (c->says ? ERR_FORMAT : OK), "%s: %d %s", c->text, rc,
        err.message);
  CHECK(!c->says || strstr(err.message, c->says), "%s: %s", c->text,
        err.message);
  CHECK(rc != OK || (index.n_shards == 1 && index.n_tensors == 1), "counts");
  CHECK(rc == OK || (!index.json && !index.shards && !index.tensors), "empty");
  shard_index_clear(&index);
}

static void check_order(void) {
  const char *text =
      "{\"weight_map\":{\"z\":\"2.safetensors\",\"b\":\"1.safetensors\","
      "\"y\":\"2.safetensors\",\"a\":\"3.safetensors\",\"c\":"
      "\"1.safetensors\"}}";
  static const struct {
    const char *name;
    size_t shard;
  } want[] = {{"b", 0}, {"c", 0}, {"y", 1}, {"z", 1}, {"a", 2}};
  static const char *files[] = {"1.safetensors", "2.safetensors",
                                "3.safetensors"};
  ShardIndex index;
  Error err = {""};
  int rc = shard_index_parse(text, strlen(text), &index, &err);
  CHECK(rc == OK && index.n_shards == 3 && index.n_tensors == 5, "%s",
        err.message);
  for (size_t i = 0; i < index.n_tensors; i++)
    CHECK(!strcmp(index.tensors[i].name, want[i].name) &&
              index.tensors[i].shard == want[i].shard,
          "%zu: %s", i, index.tensors[i].name);
  for (size_t i = 0; i < index.n_shards; i++)
    CHECK(!strcmp(index.shards[i], files[i]), "%s", index.shards[i]);
  shard_index_clear(&index);
}

/* n tensors over `files` files. */
static void check_many(size_t n, size_t files, int code) {
  char *text = malloc(n * 64 + 64);
  size_t length = (size_t)sprintf(text, "{\"weight_map\":{");
  for (size_t i = 0; i < n; i++)
    length += (size_t)sprintf(text + length, "%s\"t%zu\":\"m%zu.safetensors\"",
                              i ? "," : "", i, i % files);
  length += (size_t)sprintf(text + length, "}}");
  ShardIndex index;
  Error err = {""};
  int rc = shard_index_parse(text, length, &index, &err);
  CHECK(rc == code, "%zu in %zu: %d %s", n, files, rc, err.message);
  CHECK(rc != OK || (index.n_shards == files && index.n_tensors == n),
        "counts");
  shard_index_clear(&index);
  free(text);
}

/* Every cut of a good index is refused. */
static void check_cuts(void) {
  const char *text = FILE_OF_A("x.safetensors");
  for (size_t n = 0; n <= strlen(text); n++) {
    char *copy = malloc(n ? n : 1);
    memcpy(copy, text, n);
    ShardIndex index;
    int rc = shard_index_parse(copy, n, &index, NULL);
    CHECK(rc == (n == strlen(text) ? OK : ERR_FORMAT), "%zu: %d", n, rc);
    shard_index_clear(&index);
    free(copy);
  }
}

int main(void) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    check_case(&cases[i]);
  check_order();
  check_many(2000, 1024, OK);
  check_many(2000, 1025, ERR_RANGE);
  check_many(65536, 1, OK);
  check_many(65537, 1, ERR_RANGE);
  check_cuts();
  ShardIndex index;
  CHECK(shard_index_parse("{}", (16 << 20) + 1, &index, NULL) == ERR_RANGE,
        "16 MiB");
  return check_done();
}
