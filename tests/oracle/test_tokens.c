/*
 * test_tokens.c - ids, offsets, words and types equal to the reference's.
 *
 * In:  tokens/rows.tsv (measured on the Hugging Face tokenizers with the
 *      vocabularies of bert-base-uncased, -cased and roberta-base) and the
 *      encodings in expected/NAME.json for the checkpoints of this folder.
 * Out: a check for each encoding.
 *
 * A row: kind, text, "+second text" or "-", ids, offsets, words, types; for
 * single texts what the ids decode to, with special tokens and without. Texts
 * have \xNN for control characters and \\ for a backslash.
 */
#include "check.h"
#include "tokenizers.h"

#define DATA "tests/oracle/data/"

/* --- rows.tsv --- */

typedef struct Kind {
  const char *name, *config;
  bool cased;
  Tokenizer *tokenizer;
} Kind;

/* The rows' texts are the decoder's own: nothing closed up behind it. */
#define AS_DECODED "\"clean_up_tokenization_spaces\": false}"

static Kind kinds[] = {
    {"uncased", "{" AS_DECODED, false, NULL},
    {"cased", "{\"do_lower_case\": false, " AS_DECODED, true, NULL},
    {"uncased_keep_accents", "{\"strip_accents\": false, " AS_DECODED, false,
     NULL},
    {"cased_strip_accents",
     "{\"do_lower_case\": false, \"strip_accents\": true, " AS_DECODED, true,
     NULL},
    {"roberta", NULL, false, NULL},
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

/* In place; returns the length. */
static size_t unescape(char *text) {
  char *to = text;
  for (const char *p = text; *p; to++) {
    if (p[0] == '\\' && p[1] == 'x') {
      char hex[3] = {p[2], p[3], 0};
      *to = (char)strtol(hex, NULL, 16);
      p += 4;
    } else {
      p += *p == '\\';
      *to = *p++;
    }
  }
  *to = 0;
  return (size_t)(to - text);
}

static size_t utf8_bytes(const char *text, size_t bytes, uint32_t chars) {
  size_t at = 0;
  while (chars-- && at < bytes)
    do
      at++;
    while (at < bytes && ((unsigned char)text[at] & 0xc0) == 0x80);
  return at;
}

static void check_row(const Tokenizer *t, char **field, int line) {
  EncodeText a = {field[1], unescape(field[1])}, b = {NULL, 0};
  if (field[2][0] == '+')
    b = (EncodeText){field[2] + 1, unescape(field[2] + 1)};
  Encoding e = {0};
  Error err = {""};
  int rc = tokenizer_encode(t, a, b, TRUNCATE_NOT, 0, NULL, &e, NULL, &err);
  CHECK(rc == OK, "line %d: %s", line, err.message);
  char *id = field[3], *offset = field[4], *word = field[5];
  size_t n = 0;
  for (; *id && n < e.n; n++) {
    const Token *token = &e.tokens[n];
    long want = strtol(id, &id, 10);
    unsigned long start = strtoul(offset, &offset, 10);
    unsigned long end = strtoul(offset + 1, &offset, 10);
    word += *word == ' ';
    long index = *word == '_' ? -1 : strtol(word, NULL, 10);
    word += strcspn(word, " ");
    int type = *field[6] ? field[6][n] - '0' : 0;
    CHECK(token->id == want && token->start == start && token->end == end &&
              token->word == index && token->type == type,
          "line %d token %zu: id %d %u-%u word %d type %d", line, n,
          (int)token->id, token->start, token->end, (int)token->word,
          token->type);
    EncodeText text = token->sequence == 1 ? b : a;
    CHECK(
        token->sequence < 0 ||
            (token->byte_start ==
                 utf8_bytes(text.text, text.bytes, token->start) &&
             token->byte_end == utf8_bytes(text.text, text.bytes, token->end)),
        "line %d token %zu: bytes %u-%u", line, n, token->byte_start,
        token->byte_end);
  }
  CHECK(!*id && n == e.n, "line %d: %zu tokens", line, e.n);
  encoding_clear(&e);
}

/* The ids of a row decode to `want`. */
static void check_decode(const Tokenizer *t, const char *ids, bool skip,
                         char *want, int line) {
  int32_t list[1024];
  size_t n = 0, bytes = 0, n_want = unescape(want);
  for (char *p = (char *)ids; *p && n < 1024;)
    list[n++] = (int32_t)strtol(p, &p, 10);
  char *text = NULL;
  Error err = {""};
  int rc = tokenizer_decode(t, list, n, skip, &text, &bytes, &err);
  CHECK(rc == OK, "line %d: %s", line, err.message);
  CHECK(rc == OK && bytes == n_want && memcmp(text, want, bytes) == 0 &&
            text[bytes] == 0,
        "line %d: '%s', not '%s'", line, text, want);
  mem_free(text);
}

static int check_line(char *line, int number) {
  char *field[9] = {line};
  for (int i = 1; i < 9; i++) {
    field[i] = field[i - 1] + strcspn(field[i - 1], "\t");
    if (*field[i])
      *field[i]++ = 0;
  }
  for (int i = 0; i < N_KINDS; i++)
    if (strcmp(field[0], kinds[i].name) == 0) {
      const Tokenizer *t = kinds[i].tokenizer;
      if (field[2][0] == '-') {
        check_decode(t, field[3], false, field[7], number);
        check_decode(t, field[3], true, field[8], number);
      }
      check_row(t, field, number);
      return 1;
    }
  return 0;
}

static void check_rows(void) {
  FileText uncased = uncased_vocab();
  FileText cased = read_text(DATA "tokens", "cased-vocab.txt");
  FileText rows = read_text(DATA "tokens", "rows.tsv");
  int number = 0, done = 0;
  for (int i = 0; i < N_KINDS; i++)
    kinds[i].tokenizer =
        kinds[i].config
            ? open_vocab(kinds[i].cased ? cased : uncased, kinds[i].config)
            : open_roberta("{}");
  for (char *line = (char *)rows.text, *next; line && *line; line = next) {
    next = line + strcspn(line, "\n");
    if (*next)
      *next++ = 0;
    done += check_line(line, ++number);
  }
  CHECK(done == 493, "%d rows", done);
  for (int i = 0; i < N_KINDS; i++)
    tokenizer_free(kinds[i].tokenizer);
  mem_free((char *)uncased.text);
  mem_free((char *)cased.text);
  mem_free((char *)rows.text);
}

/* --- expected/NAME.json --- */

static int item(const cJSON *array, size_t i) {
  return cJSON_GetArrayItem(array, (int)i)->valueint;
}

/* One encoding against a record; masked tokens of the record are padding. */
static void check_record(const char *name, const cJSON *record,
                         const Encoding *e) {
  const cJSON *ids = cJSON_GetObjectItem(record, "input_ids");
  const cJSON *offsets = cJSON_GetObjectItem(record, "offsets");
  const cJSON *words = cJSON_GetObjectItem(record, "word_ids");
  const cJSON *types = cJSON_GetObjectItem(record, "token_type_ids");
  const cJSON *mask = cJSON_GetObjectItem(record, "attention_mask");
  size_t n = (size_t)cJSON_GetArraySize(ids);
  while (n && mask && item(mask, n - 1) == 0)
    n--;
  CHECK(e->n == n, "%s: %zu tokens, not %zu", name, e->n, n);
  for (size_t i = 0; i < n && i < e->n; i++) {
    const Token *t = &e->tokens[i];
    CHECK(t->id == item(ids, i), "%s: id %d, not %d", name, (int)t->id,
          item(ids, i));
    if (types)
      CHECK(t->type == item(types, i), "%s: type of token %zu", name, i);
    if (!offsets)
      continue;
    const cJSON *span = cJSON_GetArrayItem(offsets, (int)i);
    const cJSON *word = cJSON_GetArrayItem(words, (int)i);
    CHECK((int)t->start == item(span, 0) && (int)t->end == item(span, 1),
          "%s: token %zu is at %u-%u, not %d-%d", name, i, t->start, t->end,
          item(span, 0), item(span, 1));
    CHECK(t->word == (cJSON_IsNull(word) ? -1 : word->valueint),
          "%s: token %zu is of word %d", name, i, (int)t->word);
  }
}

static void check_texts(const char *name, const Tokenizer *t, EncodeText a,
                        EncodeText b, const cJSON *json, const cJSON *record) {
  const cJSON *how = cJSON_GetObjectItem(json, "truncation");
  const char *strategy =
      cJSON_GetStringValue(cJSON_GetObjectItem(how, "strategy"));
  Truncation truncation = !strategy ? TRUNCATE_LONGEST_FIRST
                          : strcmp(strategy, "only_first") == 0
                              ? TRUNCATE_ONLY_FIRST
                              : TRUNCATE_LONGEST_FIRST;
  size_t max = tokenizer_model_max(t);
  CHECK(max == (size_t)cJSON_GetObjectItem(json, "model_max_length")->valueint,
        "%s: model_max %zu", name, max);
  Encoding e = {0};
  Error err = {""};
  int rc = tokenizer_encode(t, a, b, truncation, max, NULL, &e, NULL, &err);
  CHECK(rc == OK, "%s: %s", name, err.message);
  check_record(name, record, &e);
  encoding_clear(&e);
}

static const char *string_of(const cJSON *record, const char *key) {
  return cJSON_GetStringValue(cJSON_GetObjectItem(record, key));
}

/* {"text", "text_pair", "input_ids", ...}: of single calls, where an empty
 * second text is none. */
static void check_list(const char *name, const Tokenizer *t, const cJSON *json,
                       const char *key) {
  const cJSON *record;
  cJSON_ArrayForEach(record, cJSON_GetObjectItem(json, key)) {
    const char *pair = string_of(record, "text_pair");
    if (string_of(record, "text"))
      check_texts(name, t, some_text(string_of(record, "text")),
                  some_text(pair && *pair ? pair : NULL), json, record);
  }
}

static void check_choices(const char *name, const Tokenizer *t,
                          const cJSON *json) {
  const cJSON *record;
  cJSON_ArrayForEach(record, cJSON_GetObjectItem(json, "inputs")) {
    const cJSON *choices = cJSON_GetObjectItem(record, "choices");
    const cJSON *encodings = cJSON_GetObjectItem(record, "encodings");
    for (int i = 0; i < cJSON_GetArraySize(encodings); i++) {
      const cJSON *choice = cJSON_GetArrayItem(choices, i);
      check_texts(name, t, some_text(string_of(record, "prompt")),
                  some_text(choice->valuestring), json,
                  cJSON_GetArrayItem(encodings, i));
    }
  }
}

static void check_windows(const char *name, const Tokenizer *t,
                          const cJSON *one, const cJSON *feature) {
  size_t max = (size_t)cJSON_GetObjectItem(feature, "max_seq_len")->valueint;
  size_t stride = (size_t)cJSON_GetObjectItem(feature, "doc_stride")->valueint;
  Windows w;
  Error err = {""};
  EncodeText question = some_text(string_of(one, "question"));
  EncodeText context = some_text(string_of(one, "context"));
  int rc = windows_open(t, question, context, max, (Stride){stride, false},
                        NULL, &w, &err);
  CHECK(rc == OK, "%s: %s", name, err.message);
  const cJSON *windows = cJSON_GetObjectItem(feature, "windows"), *window;
  Encoding e = {0};
  bool more = false;
  cJSON_ArrayForEach(window, windows) {
    CHECK(windows_next(&w, NULL, &e, &more, &err) == OK && more,
          "%s: a window is missing", name);
    check_record(name, window, &e);
    e.n = 0;
  }
  CHECK(windows_next(&w, NULL, &e, &more, &err) == OK && !more,
        "%s: a window too many", name);
  encoding_clear(&e);
  windows_close(&w);
}

static void check_cases(const char *name, const Tokenizer *t,
                        const cJSON *json) {
  const cJSON *one, *feature;
  cJSON_ArrayForEach(one, cJSON_GetObjectItem(json, "cases"))
      cJSON_ArrayForEach(
          feature,
          cJSON_GetObjectItem(one, "features")) if (cJSON_IsObject(feature) &&
                                                    string_of(one, "question"))
          check_windows(name, t, one, feature);
}

static void check_checkpoint(const char *name) {
  char path[256];
  snprintf(path, sizeof path, DATA "checkpoints/%s", name);
  Tokenizer *t = open_folder(path);
  CHECK(t, "%s", name);
  if (!t)
    return;
  snprintf(path, sizeof path, "expected/%s.json", name);
  FileText text = read_text("tests/oracle/data", path);
  cJSON *json = cJSON_Parse(text.text);
  check_list(name, t, json, "inputs");
  check_list(name, t, json, "pairs");
  check_list(name, t, json, "as_encoder");
  check_choices(name, t, json);
  check_cases(name, t, json);
  cJSON_Delete(json);
  mem_free((char *)text.text);
  tokenizer_free(t);
}

int main(void) {
  static const char *const names[] = {
      "bert-cased-tokcls",
      "bert-uncased-minilm",
      "bert-uncased-mlm",
      "bert-uncased-qa",
      "bert-uncased-seqcls",
      "distilbert-cased-qa",
      "distilbert-cased-tokcls",
      "distilbert-uncased-base",
      "distilbert-uncased-bf16",
      "distilbert-uncased-fp16",
      "distilbert-uncased-mc",
      "distilbert-uncased-mlm",
      "distilbert-uncased-mlm-tied",
      "distilbert-uncased-multilabel",
      "distilbert-uncased-nli",
      "distilbert-uncased-noprefix",
      "distilbert-uncased-qa",
      "distilbert-uncased-regression",
      "distilbert-uncased-relu",
      "distilbert-uncased-seqcls",
      "distilbert-uncased-sharded",
      "distilbert-uncased-sinusoidal",
      "distilbert-uncased-tokcls",
      "roberta-mlm",
      "roberta-qa",
      "roberta-sentence",
      "roberta-seqcls",
      "roberta-tokcls",
  };
  check_rows();
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    check_checkpoint(names[i]);
  return check_done();
}
