/*
 * oracle.h - reading the reference results (tests/oracle/data) in tests.
 */
#ifndef TESTS_ORACLE_H
#define TESTS_ORACLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/file.h"
#include "base/memory.h"
#include "model/encoder.h"
#include "model/model.h"

#define ORACLE "tests/oracle/data/"

/* A whole JSON file, or NULL (with a line that says so). */
static inline cJSON *oracle_json(const char *path) {
  char *text;
  size_t bytes;
  Error err = {""};
  if (file_text(path, (size_t)1 << 30, &text, &bytes, &err)) {
    printf("%s: %s\n", path, err.message);
    return NULL;
  }
  cJSON *json = cJSON_Parse(text);
  mem_free(text);
  return json;
}

static inline cJSON *oracle_expected(const char *name) {
  char path[512];
  snprintf(path, sizeof path, ORACLE "expected/%s.json", name);
  return oracle_json(path);
}

static inline Model *oracle_model(const char *name) {
  char path[512];
  Error err = {""};
  Model *model = NULL;
  snprintf(path, sizeof path, ORACLE "checkpoints/%s", name);
  if (model_open(path, &options_none, NULL, &model, &err))
    printf("%s: %s\n", name, err.message);
  return model;
}

static inline int oracle_int(const cJSON *array, int i) {
  const cJSON *item = cJSON_GetArrayItem(array, i);
  return item ? item->valueint : -1;
}

/* Tokens out of input_ids, token_type_ids (optional) and attention_mask
 * (optional: masked tokens at the end are left out). free() it. */
static inline Token *oracle_tokens(const cJSON *record, size_t *n) {
  const cJSON *ids = cJSON_GetObjectItem(record, "input_ids");
  const cJSON *types = cJSON_GetObjectItem(record, "token_type_ids");
  const cJSON *mask = cJSON_GetObjectItem(record, "attention_mask");
  int count = cJSON_GetArraySize(ids);
  Token *tokens = calloc((size_t)count + 1, sizeof *tokens);
  *n = 0;
  for (int i = 0; i < count; i++) {
    if (mask && !oracle_int(mask, i))
      continue;
    tokens[*n].id = oracle_int(ids, i);
    tokens[(*n)++].type = (int8_t)(types ? oracle_int(types, i) : 0);
  }
  return tokens;
}

/* Feature c of token t. */
static inline float hidden_at(const Hidden *h, size_t C, size_t t, size_t c) {
  return h->hidden[(t / LANES * C + c) * LANES + t % LANES];
}

#endif
