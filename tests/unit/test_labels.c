/*
 * test_labels.c - labels out of config.json, and a label's sentence.
 *
 * Arrays of {config, what follows from it}; the rules are those of
 * PretrainedConfig and of the pipelines (reference/pipelines.md 3 and 6).
 */
#include <string.h>
#include "base/memory.h"
#include "check.h"
#include "model/labels.h"
#include "task/hypothesis.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Names of labels 0 to 2; what they score with as a model of 1 and of 3. */
static const struct {
  const char *json, *names[3];
  long long entailment;
  Scoring one, three;
} good[] = {
    {"{}",
     {"LABEL_0", "LABEL_1", "LABEL_2"},
     -1,
     SCORING_SIGMOID,
     SCORING_SOFTMAX},
    {"{\"id2label\":{\"2\":\"c\",\"0\":\"a\"}}", /* a hole, out of order */
     {"a", "LABEL_1", "c"},
     -1,
     SCORING_SIGMOID,
     SCORING_SOFTMAX},
    {"{\"id2label\":{\"0\":5,\"1\":4.5,\"10\":\"x\",\"2\":\"\"}}",
     {"5", "4.5", ""},
     -1,
     SCORING_SIGMOID,
     SCORING_SOFTMAX},
    {"{\"id2label\":null,\"label2id\":null,\"problem_type\":null}",
     {"LABEL_0", "LABEL_1", "LABEL_2"},
     -1,
     SCORING_SIGMOID,
     SCORING_SOFTMAX},
    {"{\"problem_type\":\"regression\"}",
     {"LABEL_0", "LABEL_1", "LABEL_2"},
     -1,
     SCORING_NONE,
     SCORING_NONE},
    {"{\"problem_type\":\"multi_label_classification\"}",
     {"LABEL_0", "LABEL_1", "LABEL_2"},
     -1,
     SCORING_SIGMOID,
     SCORING_SIGMOID},
    {"{\"problem_type\":\"single_label_classification\"}",
     {"LABEL_0", "LABEL_1", "LABEL_2"},
     -1,
     SCORING_SIGMOID,
     SCORING_SOFTMAX},
    /* The first in label2id, whatever id2label says. */
    {"{\"id2label\":{\"0\":\"entailment\"},\"label2id\":{\"no\":0,"
     "\"Entails\":2,\"entailment\":1}}",
     {"entailment", "LABEL_1", "LABEL_2"},
     2,
     SCORING_SIGMOID,
     SCORING_SOFTMAX},
    {"{\"id2label\":{\"0\":\"contradiction\",\"1\":\"ENTAILMENT\"}}",
     {"contradiction", "ENTAILMENT", "LABEL_2"},
     1,
     SCORING_SIGMOID,
     SCORING_SOFTMAX},
    {"{\"label2id\":{\"not entailment\":0}}",
     {"LABEL_0", "LABEL_1", "LABEL_2"},
     -1,
     SCORING_SIGMOID,
     SCORING_SOFTMAX},
};

static const struct {
  const char *json, *message;
} bad[] = {
    {"{\"id2label\":{\"a\":\"x\"}}", "\"a\" is no label's number"},
    {"{\"id2label\":{\"-1\":\"x\"}}", "\"-1\" is no label's number"},
    {"{\"id2label\":{\"\":\"x\"}}", "\"\" is no label's number"},
    {"{\"id2label\":{\"9999999999\":\"x\"}}", "is no label's number"},
    {"{\"id2label\":{\"0\":\"x\",\"7\":null}}", "label 7 has no name"},
    {"{\"id2label\":{\"0\":[]}}", "label 0 has no name"},
    {"{\"problem_type\":\"other\"}", "unknown problem_type \"other\""},
    {"{\"problem_type\":1}", "problem_type"},
};

static void check_labels(void) {
  char room[LABEL_ROOM];
  for (size_t i = 0; i < COUNT(good); i++) {
    Labels labels;
    Error err = {""};
    CHECK(!labels_read(good[i].json, strlen(good[i].json), &labels, &err),
          "%s: %s", good[i].json, err.message);
    for (size_t j = 0; j < 3; j++)
      CHECK(!strcmp(label_name(&labels, j, room), good[i].names[j]),
            "%s: label %zu is %s", good[i].json, j,
            label_name(&labels, j, room));
    CHECK(labels.entailment == good[i].entailment, "%s: %lld", good[i].json,
          labels.entailment);
    CHECK(labels_scoring(&labels, 1) == good[i].one &&
              labels_scoring(&labels, 3) == good[i].three,
          "%s: scoring", good[i].json);
    labels_clear(&labels);
  }
  for (size_t i = 0; i < COUNT(bad); i++) {
    Labels labels;
    Error err = {""};
    int rc = labels_read(bad[i].json, strlen(bad[i].json), &labels, &err);
    CHECK(rc == ERR_FORMAT && strstr(err.message, bad[i].message) &&
              !labels.named,
          "%s: %d %s", bad[i].json, rc, err.message);
  }
}

/* want NULL: refused. */
static const struct {
  const char *template, *want; /* of the label "x y" */
} sentences[] = {
    {"This example is {}.", "This example is x y."},
    {"{}", "x y"},
    {"{0} and {0}", "x y and x y"},
    {"{{{}}}", "{x y}"},
    {"{{}} {}", "{} x y"},
    {"", NULL},
    {"none", NULL},
    {"{} {}", NULL},
    {"{} {0}", NULL},
    {"{{}}", NULL},
    {"{1}", NULL},
    {"{a}", NULL},
    {"{} }", NULL},
    {"{} {", NULL},
};

static void check_sentences(void) {
  for (size_t i = 0; i < COUNT(sentences); i++) {
    EncodeText t = {sentences[i].template, strlen(sentences[i].template)};
    char *out = NULL;
    size_t bytes = 0;
    Error err = {""};
    int rc = hypothesis_check(t, &err);
    CHECK((rc == OK) == (sentences[i].want != NULL), "%s: %d", t.text, rc);
    if (rc || !sentences[i].want)
      continue;
    CHECK(!hypothesis_write(t, (EncodeText){"x y", 3}, &out, &bytes, &err) &&
              bytes == strlen(sentences[i].want) &&
              !memcmp(out, sentences[i].want, bytes),
          "%s: %.*s", t.text, (int)bytes, out);
    mem_free(out);
  }
}

int main(void) {
  check_labels();
  check_sentences();
  return check_done();
}
