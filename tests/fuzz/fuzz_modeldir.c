/*
 * fuzz_modeldir.c - any bytes as a whole model: what opens can be run.
 *
 * An input is three parts, each behind its length of two bytes: config.json,
 * vocab.txt, and the tensors of a header (',"name":{...}...}'); what is left is
 * the weights.  They are put together as a one-file checkpoint in memory, with
 * the two texts in its metadata, and eight tokens go through the encoder.
 *
 * So a mutation in one part leaves the others as they were, and the header's
 * length is always right; fuzz_safetensors does the rest.
 */
#include <string.h>
#include "fuzz.h"
#include "model/encoder.h"
#include "model/model.h"

enum { PARTS = 3, ROOM = 1 << 20 };

typedef struct Part {
  const uint8_t *data;
  size_t bytes;
} Part;

/* Lengths are two bytes each; the last part is the rest. */
static Part take(const uint8_t **at, size_t *left) {
  size_t n = *left < 2 ? 0 : (size_t)(*at)[0] | (size_t)(*at)[1] << 8;
  size_t head = *left < 2 ? *left : 2;
  n = n < *left - head ? n : *left - head;
  Part p = {*at + head, n};
  *at += head + n;
  *left -= head + n;
  return p;
}

/* A JSON string of any bytes: what cannot stand in one is escaped, or ' '. */
static size_t put_string(char *out, Part p) {
  size_t n = 0;
  out[n++] = '"';
  for (size_t i = 0; i < p.bytes; i++) {
    uint8_t c = p.data[i];
    if (c == '"' || c == '\\')
      n += (size_t)sprintf(out + n, "\\%c", c);
    else if (c == '\n')
      n += (size_t)sprintf(out + n, "\\n");
    else
      out[n++] = c < 0x20 || c > 0x7e ? ' ' : (char)c;
  }
  out[n++] = '"';
  return n;
}

/* The one-file form; how many bytes it has. */
static size_t assemble(const Part parts[PARTS], Part weights, uint8_t *out) {
  char *header = (char *)out + 8;
  size_t n = (size_t)sprintf(header, "{\"__metadata__\":{\"config.json\":");
  n += put_string(header + n, parts[0]);
  n += (size_t)sprintf(header + n, ",\"vocab.txt\":");
  n += put_string(header + n, parts[1]);
  n += (size_t)sprintf(header + n, "}");
  if (parts[2].bytes) /* ,"tensor":{...} ... } */
    memcpy(header + n, parts[2].data, parts[2].bytes);
  n += parts[2].bytes;
  uint64_t length = n;
  memcpy(out, &length, 8);
  if (weights.bytes)
    memcpy(out + 8 + n, weights.data, weights.bytes);
  return 8 + n + weights.bytes;
}

static void run(const Model *m) {
  Token tokens[8] = {{0}};
  size_t n = m->max_tokens < 8 ? m->max_tokens : 8;
  Run how = {.n_threads = 1};
  Error err = {""};
  Hidden hidden;
  for (size_t i = 0; i < n; i++)
    tokens[i].id = (int32_t)(i * 7 % m->config.vocab_size);
  Sequence text = {tokens, n};
  int rc = encoder_run(m, &how, &text, 1, &hidden, &err);
  REQUIRE(rc == OK || err.message[0]);
  if (rc == OK)
    hidden_clear(&hidden);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static uint8_t file[ROOM * 4];
  Part parts[PARTS], rest;
  Model *model = NULL;
  Error err = {""};
  if (size > ROOM)
    return 0;
  for (int i = 0; i < PARTS; i++)
    parts[i] = take(&data, &size);
  rest = (Part){data, size};
  size_t n = assemble(parts, rest, file);
  Builtin b = {.file = file, .end = file + n};
  int rc = model_open_builtin(&b, &options_none, NULL, &model, &err);
  REQUIRE((rc == OK) == (model != NULL) && (rc == OK || err.message[0]));
  if (model)
    run(model);
  model_free(model);
  return 0;
}
