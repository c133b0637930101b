/*
 * test_template.c - post-processors, and the small parts: lists of tokens,
 * vocabularies made to collide.
 */
#include "check.h"
#include "tokenizers.h"
#include "text/template.h"
#include "text/vocab.h"

#define CLS "{\"SpecialToken\":{\"id\":\"[CLS]\",\"type_id\":0}}"
#define SEP "{\"SpecialToken\":{\"id\":\"[SEP]\",\"type_id\":0}}"
#define A   "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}"
#define B   "{\"Sequence\":{\"id\":\"B\",\"type_id\":1}}"
#define NAMES                                                                  \
  "\"special_tokens\":{\"[CLS]\":{\"id\":\"[CLS]\",\"ids\":[2]},\"[SEP]\":{"   \
  "\"id\":\"[SEP]\",\"ids\":[3,4]}}"
#define FORM(single, pair)                                                     \
  "{\"type\":\"TemplateProcessing\",\"single\":[" single "],\"pair\":[" pair   \
  "]," NAMES "}"
#define BYTES "{\"type\":\"ByteLevel\"}"
#define GOOD  FORM(CLS "," A, CLS "," A "," B)

/* A template as "2 A 3 4": ids, and A or B with their types if not 0. */
static void write_down(const Template *t, char *out, size_t room) {
  size_t n = 0;
  out[0] = 0;
  for (size_t i = 0; i < t->n; i++) {
    TemplateItem item = t->items[i];
    char name[16];
    snprintf(name, sizeof name, "%d", (int)item.id);
    n += (size_t)snprintf(out + n, room - n, "%s%s", i ? " " : "",
                          item.text < 0    ? name
                          : item.text == 0 ? "A"
                                           : "B");
    if (item.type)
      n += (size_t)snprintf(out + n, room - n, ":%d", item.type);
  }
}

static void check_accepted(void) {
  static const struct {
    const char *json, *single, *pair;
  } cases[] = {
      {NULL, "A", "A B:1"},
      {FORM(CLS "," A "," SEP, CLS "," A "," SEP "," B "," SEP), "2 A 3 4",
       "2 A 3 4 B:1 3 4"},
      {FORM(A, A "," B), "A", "A B:1"},
      {"{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\",3],\"cls\":[\"[CLS]\","
       "2]}",
       "2 A 3", "2 A 3 B:1 3:1"},
      {"{\"type\":\"RobertaProcessing\",\"sep\":[\"</s>\",2],\"cls\":[\"<s>\","
       "0]}",
       "0 A 2", "0 A 2 2 B 2"},
      {"{\"type\":\"Sequence\",\"processors\":[" GOOD "]}", "2 A", "2 A B:1"},
      {"{\"type\":\"Sequence\",\"processors\":[" BYTES "," GOOD "]}", "2 A",
       "2 A B:1"},
      {"{\"type\":\"Sequence\",\"processors\":[" GOOD "," BYTES "]}", "2 A",
       "2 A B:1"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    cJSON *json = cases[i].json ? cJSON_Parse(cases[i].json) : NULL;
    Template single, pair;
    Error err = {""};
    char text[200];
    CHECK(template_read(json, &single, &pair, &err) == OK, "%zu: %s", i,
          err.message);
    write_down(&single, text, sizeof text);
    CHECK(strcmp(text, cases[i].single) == 0, "%zu: %s", i, text);
    write_down(&pair, text, sizeof text);
    CHECK(strcmp(text, cases[i].pair) == 0, "%zu: %s", i, text);
    CHECK(template_n_added(&single) == single.n - 1, "%zu", i);
    cJSON_Delete(json);
  }
}

static void check_refused(void) {
  static const struct {
    const char *json, *message;
    int code;
  } cases[] = {
      {"{}", "type \"\"", ERR_UNSUPPORTED},
      {"{\"type\":1}", "type must be", ERR_FORMAT},
      {"{\"type\":\"ByteLevel\"}", "\"ByteLevel\"", ERR_UNSUPPORTED},
      {"{\"type\":\"RobertaProcessing\"}", "malformed", ERR_FORMAT},
      {"{\"type\":\"Sequence\",\"processors\":[" GOOD "," GOOD "]}",
       "\"Sequence\"", ERR_UNSUPPORTED},
      {"{\"type\":\"BertProcessing\"}", "malformed", ERR_FORMAT},
      {"{\"type\":\"BertProcessing\",\"cls\":[\"a\",-1],\"sep\":[\"b\",1]}",
       "malformed", ERR_FORMAT},
      {"{\"type\":\"BertProcessing\",\"cls\":[\"a\",1],\"sep\":[\"b\",\"1\"]}",
       "malformed", ERR_FORMAT},
      {"{\"type\":\"TemplateProcessing\"}", "malformed", ERR_FORMAT},
      {FORM(CLS, A "," B), "malformed", ERR_FORMAT},     /* no text */
      {FORM(A "," A, A "," B), "malformed", ERR_FORMAT}, /* twice */
      {FORM(A, B "," A), "malformed", ERR_FORMAT},       /* out of order */
      {FORM(A, A), "malformed", ERR_FORMAT},
      {FORM(B, A "," B), "malformed", ERR_FORMAT},
      {FORM("1", A "," B), "malformed", ERR_FORMAT},
      {FORM("{\"SpecialToken\":{\"id\":\"?\"}}," A, A "," B), "malformed",
       ERR_FORMAT}, /* not among the names */
      {FORM("{\"SpecialToken\":{\"id\":7}}," A, A "," B), "id must be",
       ERR_FORMAT},
      {FORM("{\"Sequence\":{\"id\":\"A\",\"type_id\":128}}", A "," B),
       "type_id must be", ERR_FORMAT},
      {"{\"type\":\"TemplateProcessing\",\"single\":[" CLS "],"
       "\"special_tokens\":{\"[CLS]\":{\"ids\":[16777216]}}}",
       "malformed", ERR_FORMAT},
      {"{\"type\":\"TemplateProcessing\",\"single\":[" CLS "],"
       "\"special_tokens\":{\"[CLS]\":{\"ids\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
       "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}}}",
       "more than 32", ERR_RANGE},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    cJSON *json = cJSON_Parse(cases[i].json);
    Template single, pair;
    Error err = {""};
    CHECK(json, "case %zu is not JSON", i);
    int rc = template_read(json, &single, &pair, &err);
    CHECK(rc == cases[i].code && strstr(err.message, cases[i].message),
          "case %zu: %d %s", i, rc, err.message);
    cJSON_Delete(json);
  }
}

static void check_encoding(void) {
  Encoding a = {0};
  Error err = {""};
  CHECK(encoding_reserve(&a, 0, &err) == OK && a.n == 0, "nothing");
  CHECK(encoding_reserve(&a, 150, &err) == OK && a.n == 0 && a.capacity >= 150,
        "room");
  for (int32_t i = 0; i < 200; i++) {
    Token token = {.id = i % 100};
    CHECK(encoding_add(&a, &token, &err) == OK, "add");
  }
  CHECK(encoding_reserve(&a, SIZE_MAX - 1, &err) == ERR_NOMEM && a.n == 200,
        "more than there is");
  encoding_drop(&a, 0);
  encoding_drop(&a, 150);
  CHECK(a.n == 50 && a.tokens[0].id == 50 && a.tokens[49].id == 99, "drop");
  encoding_drop(&a, 51);
  CHECK(a.n == 0, "drop all");
  encoding_clear(&a);
  encoding_clear(&a);
}

/* Where vocab.c begins to look for a text, in a table of 4096. */
static uint64_t slot_of(const char *text) {
  uint64_t x = vocab_hash(0, text, strlen(text));
  x = (x ^ x >> 32) * 0xd6e8feb86659fd93ull;
  return (x ^ x >> 32) & 4095;
}

/* 1,500 lines that all want the same few slots are refused; 900 are not. */
static void check_collisions(void) {
  static char lines[20 * 1500];
  for (size_t want = 900; want <= 1500; want += 600) {
    size_t n = 0, bytes = 0;
    for (unsigned i = 0; n < want; i++) {
      char word[20];
      snprintf(word, sizeof word, "%u\n", i);
      size_t length = strlen(word);
      word[length - 1] = 0;
      if (want == 1500 && slot_of(word) >= 4)
        continue;
      word[length - 1] = '\n';
      memcpy(lines + bytes, word, length);
      bytes += length;
      n++;
    }
    Vocab v = {0};
    Error err = {""};
    int rc = vocab_read_lines(&v, lines, bytes, &err);
    CHECK(rc == (want == 900 ? OK : ERR_FORMAT), "%zu lines: %d %s", want, rc,
          err.message);
    CHECK(want == 900 || strstr(err.message, "collide"), "%s", err.message);
    vocab_clear(&v);
  }
}

int main(void) {
  check_accepted();
  check_refused();
  check_encoding();
  check_collisions();
  return check_done();
}
