/*
 * test_sequences.c - Sequences of normalizers and pre-tokenizers: the ids and
 * offsets of the reference.
 *
 * A case of data/sequences.json is put into the tokenizer.json of a checkpoint;
 * its texts are read as a whole and a token a call.  Long ones, which are read
 * in many stretches, are compared by a hash.
 */
#include <inttypes.h>
#include "check.h"
#include "tokenizers.h"

static const char folder[] = "tests/oracle/data/checkpoints";

static const cJSON *get(const cJSON *object, const char *key) {
  return cJSON_GetObjectItem(object, key);
}

/* Puts a case's value in place of tokenizer.json's. */
static void put(cJSON *json, const cJSON *item, const char *key) {
  const cJSON *value = get(item, key);
  if (value)
    cJSON_ReplaceItemInObject(json, key, cJSON_Duplicate(value, true));
}

static Tokenizer *open_case(const cJSON *item) {
  bool bpe = strcmp(get(item, "kind")->valuestring, "bpe") == 0;
  char path[128];
  Error err = {""};
  Tokenizer *t = NULL;
  snprintf(path, sizeof path, "%s/%s", folder,
           bpe ? "roberta-qa" : "bert-cased-tokcls");
  FileText file = read_text(path, "tokenizer.json");
  cJSON *json = cJSON_ParseWithLength(file.text, file.bytes);
  put(json, item, "normalizer");
  put(json, item, "pre_tokenizer");
  put(json, item, "post_processor");
  const cJSON *token;
  cJSON_ArrayForEach(token, get(item, "added_tokens")) cJSON_AddItemToArray(
      cJSON_GetObjectItem(json, "added_tokens"), cJSON_Duplicate(token, true));
  char *text = cJSON_PrintUnformatted(json);
  TokenizerFiles files = {.tokenizer_json = text_of(text),
                          .tokenizer_config =
                              text_of("{\"tokenizer_class\":\"Own\"}")};
  tokenizer_open(bpe ? TOKENIZER_BYTE_BPE : TOKENIZER_WORDPIECE, &files, &t,
                 &err);
  CHECK(t, "%s", err.message);
  cJSON_free(text);
  cJSON_Delete(json);
  mem_free((char *)file.text);
  return t;
}

/* "id:start:end ..." of a text; mem_free frees it. */
static char *write_tokens(const Tokenizer *t, EncodeText text) {
  Encoding e = {0};
  Error err = {""};
  EncodeText none = {NULL, 0};
  int rc =
      tokenizer_encode(t, text, none, TRUNCATE_NOT, 0, NULL, &e, NULL, &err);
  CHECK(rc == OK, "%s", err.message);
  char *out = mem_zeroed(e.n * 40 + 1);
  size_t n = 0;
  for (size_t i = 0; i < e.n; i++) {
    const Token *token = &e.tokens[i];
    n += (size_t)sprintf(out + n, "%s%d:%u:%u", i ? " " : "", (int)token->id,
                         token->start, token->end);
    size_t chars = 0;
    for (size_t j = 0; j < token->byte_end; j++)
      chars += ((unsigned char)text.text[j] & 0xc0) != 0x80;
    if (e.n < 1000)
      CHECK(chars == token->end, "byte %u, character %u", token->byte_end,
            token->end);
  }
  encoding_clear(&e);
  return out;
}

/* A token a call gives the same tokens and words. */
static void check_steps(const Tokenizer *t, EncodeText text) {
  Encoding whole = {0}, steps = {0};
  TextCursor c;
  size_t n = 0;
  int rc = tokenizer_begin(t, text.text, text.bytes, &c, NULL);
  rc = rc ? rc : tokenizer_next(&c, SIZE_MAX, NULL, &whole, NULL);
  rc = rc ? rc : tokenizer_begin(t, text.text, text.bytes, &c, NULL);
  while (rc == OK && !c.done)
    rc = tokenizer_next(&c, 1, NULL, &steps, NULL);
  rc = rc ? rc : tokenizer_count(t, text.text, text.bytes, NULL, &n, NULL);
  CHECK(rc == OK && whole.n == steps.n && n == whole.n,
        "%zu, %zu and %zu tokens", whole.n, steps.n, n);
  for (size_t i = 0; i < whole.n && i < steps.n; i++)
    if (memcmp(&whole.tokens[i], &steps.tokens[i], sizeof(Token)) != 0)
      CHECK(false, "token %zu differs", i);
  encoding_clear(&whole);
  encoding_clear(&steps);
}

static void check_text(const Tokenizer *t, const cJSON *pair) {
  const char *text = cJSON_GetArrayItem(pair, 0)->valuestring;
  const char *want = cJSON_GetArrayItem(pair, 1)->valuestring;
  char *got = write_tokens(t, some_text(text));
  CHECK(strcmp(got, want) == 0, "\"%s\": %s, not %s", text, got, want);
  check_steps(t, some_text(text));
  mem_free(got);
}

static void check_long(const Tokenizer *t, const cJSON *list) {
  const char *text = cJSON_GetArrayItem(list, 0)->valuestring;
  size_t n = strlen(text),
         times = (size_t)cJSON_GetArrayItem(list, 1)->valueint;
  char *all = mem_alloc(n * times), digits[17];
  for (size_t i = 0; i < times; i++)
    memcpy(all + i * n, text, n);
  char *got = write_tokens(t, (EncodeText){all, n * times});
  uint64_t h = 14695981039346656037u;
  for (const char *c = got; *c; c++)
    h = (h ^ (unsigned char)*c) * 1099511628211u;
  snprintf(digits, sizeof digits, "%016" PRIx64, h);
  CHECK(strcmp(digits, cJSON_GetArrayItem(list, 2)->valuestring) == 0,
        "%s, %.60s...", digits, got);
  check_steps(t, (EncodeText){all, n * times});
  mem_free(got);
  mem_free(all);
}

/* Marks that are sorted, joined, and never end: linear time, bounded memory. */
static void check_hostile(const cJSON *item) {
  static char text[4300000];
  static const char marks[] = "\xcc\x81\xcc\xa3\xcc\xb4";
  Tokenizer *t = open_case(item);
  Error err = {""};
  size_t n = 0;
  for (size_t i = 0; i < sizeof text; i++)
    text[i] = marks[i % 6];
  int rc = tokenizer_count(t, text, 4000002, NULL, &n, &err);
  CHECK(rc == OK && n > 0, "%s", err.message);
  rc = tokenizer_count(t, text, sizeof text, NULL, &n, &err);
  CHECK(rc == ERR_RANGE && strstr(err.message, "without a place to cut"),
        "code %d, %s", rc, err.message);
  tokenizer_free(t);
}

int main(void) {
  FileText file = read_text("tests/oracle/data", "sequences.json");
  cJSON *json = cJSON_ParseWithLength(file.text, file.bytes);
  const cJSON *item, *pair;
  CHECK(cJSON_GetArraySize(json) > 10, "sequences.json");
  cJSON_ArrayForEach(item, json) {
    Tokenizer *t = open_case(item);
    cJSON_ArrayForEach(pair, get(item, "texts")) {
      if (t)
        check_text(t, pair);
    }
    if (t)
      check_long(t, get(item, "long"));
    tokenizer_free(t);
  }
  check_hostile(cJSON_GetArrayItem(json, 0));
  check_hostile(cJSON_GetArrayItem(json, 1));
  cJSON_Delete(json);
  mem_free((char *)file.text);
  return check_done();
}
