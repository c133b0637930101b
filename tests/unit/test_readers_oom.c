/*
 * test_readers_oom.c - every allocation of the readers fails in turn: JSON,
 * a file's text, a safetensors header, a shard index, config.json.
 *
 * The n-th allocation of SQLite's allocator or cJSON's fails, once and for
 * ever after, until a run has none to fail.  Each time the code is ERR_NOMEM,
 * nothing is left allocated, and the same work succeeds right afterwards.
 */
#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "check.h"
#include "failing.h"
#include "model/config.h"
#include "tensor/safetensors.h"

/* --- The work ------------------------------------------------------------- */

static int read_json(Error *err) {
  static const char text[] =
      "{\"a\":[1,\"x\",{\"b\":null}],\"c\":{\"d\":\"\\u00e9\",\"e\":2},\"f\":1,"
      "\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,\"l\":1,\"m\":1,\"n\":1,\"o\":1,"
      "\"p\":1,\"q\":1,\"r\":1,\"s\":1,\"t\":1}"; /* 17 keys: the list grows */
  cJSON *json;
  int rc = json_parse("x", text, sizeof text - 1, 1000, &json, err);
  cJSON_Delete(json);
  return rc;
}

static int read_text(Error *err) {
  char *text;
  size_t n;
  int rc = file_text("tests/check.h", 1 << 20, &text, &n, err);
  mem_free(text);
  return rc;
}

static int read_header(Error *err) {
  static const char text[] =
      "{\"__metadata__\":{\"format\":\"pt\"},\"a\":{\"dtype\":\"F32\","
      "\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"I8\","
      "\"shape\":[1],\"data_offsets\":[8,9]}}";
  Safetensors s;
  size_t n = sizeof text - 1;
  int rc = safetensors_parse(text, n, n + 17, &s, err);
  safetensors_clear(&s);
  return rc;
}

static int read_index(Error *err) {
  static const char text[] = "{\"weight_map\":{\"a\":\"1.safetensors\",\"b\":"
                             "\"2.safetensors\"}}";
  ShardIndex index;
  int rc = shard_index_parse(text, sizeof text - 1, &index, err);
  shard_index_clear(&index);
  return rc;
}

static int read_config(Error *err) {
  static const char text[] = "{\"model_type\":\"bert\",\"hidden_size\":64,"
                             "\"num_attention_heads\":4}";
  Config config;
  return config_parse(text, sizeof text - 1, &config, err);
}

static void sweep(const char *name, int (*work)(Error *err)) {
  long most = 0;
  for (int mode = 0; mode < 2; mode++) {
    forever = mode == 1;
    failed = true;
    for (target = 1; failed; target++) {
      Error err = {""};
      long before = blocks, nth = target;
      seen = 0;
      failed = false;
      int rc = work(&err);
      CHECK(rc == (failed ? ERR_NOMEM : OK), "%s, %ld: %d %s", name, nth, rc,
            err.message);
      CHECK(!failed || !strcmp(err.message, "out of memory"), "%s",
            err.message);
      CHECK(blocks == before, "%s, %ld: %ld left", name, nth, blocks - before);
      target = 0;
      CHECK(work(&err) == OK, "%s, %ld: not again", name, nth);
      target = nth;
    }
    most = target - 2;
  }
  CHECK(most > 0, "%s allocates nothing", name);
}

int main(void) {
  install();
  sqlite3_initialize();
  sweep("json", read_json);
  sweep("text", read_text);
  sweep("safetensors", read_header);
  sweep("index", read_index);
  sweep("config", read_config);
  return check_done();
}
