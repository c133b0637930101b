/*
 * fuzz_arguments.c - any bytes as an argument that has a form of its own.
 *
 * The first byte says which: the options of a registration, the targets of
 * distilbert_fill_mask, a list of texts, a template for labels, or the CREATE
 * statement that schema_depends() reads.
 *
 * Options that are accepted are within their limits, and are the same when
 * they are read again.  Of targets that are accepted each word of the
 * vocabulary stands for itself or for nothing.  A statement depends on a model
 * only if it has one of our functions, and comments before it change nothing.
 */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include "base/memory.h"
#include "fuzz.h"
#include "model/config.h"
#include "model/options.h"
#include "sql/schema.h"
#include "task/hypothesis.h"
#include "task/targets.h"
#include "task/text_list.h"

static void check_options(const char *text) {
  ModelOptions a, b;
  Error err = {""};
  int rc = options_parse(NULL, text, &a, &err);
  REQUIRE((rc == OK) == !err.message[0]);
  if (rc)
    return;
  REQUIRE(a.max_tokens <= CONFIG_MAX_POSITIONS);
  REQUIRE(a.normalize >= -1 && a.normalize <= 1);
  REQUIRE(a.lower_case >= -1 && a.lower_case <= 1);
  REQUIRE(a.strip >= -1 && a.strip <= 1);
  REQUIRE(a.overflow <= OVERFLOW_WINDOW);
  REQUIRE(options_parse("int8", text, &b, NULL) == OK);
  REQUIRE(a.max_tokens == b.max_tokens && a.truncate_dim == b.truncate_dim);
  REQUIRE(!a.prompt == !b.prompt && (!a.prompt || !strcmp(a.prompt, b.prompt)));
  options_clear(&a);
  options_clear(&b);
}

static const char words[] =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n##b\nab\ncat\n,\n[\n]\n\"\n";

static void check_targets(const char *text, size_t size) {
  static Tokenizer *t;
  FillTargets *targets;
  Error err = {""};
  TokenizerFiles files = {.vocab_txt = {words, sizeof words - 1}};
  if (!t)
    REQUIRE(tokenizer_open(TOKENIZER_WORDPIECE, &files, &t, NULL) == OK);
  size_t n = tokenizer_size(t), found = 0;
  int rc = targets_open(t, n, (EncodeText){text, size}, NULL, &targets, &err);
  REQUIRE((rc == OK) == !err.message[0]);
  if (rc)
    return;
  for (size_t id = 0; id < n; id++)
    found += targets_find(targets, (int32_t)id) != NULL;
  REQUIRE(found > 0 && found == targets_count(targets));
  targets_free(targets);
}

static void check_list(const char *text, size_t size, ListForm form) {
  TextList list;
  Error err = {""};
  size_t bytes = 0;
  int rc =
      text_list_read("list", (EncodeText){text, size}, form, NULL, &list, &err);
  REQUIRE((rc == OK) == !err.message[0]);
  for (size_t i = 0; i < list.n; i++) {
    const EncodeText *t = &list.texts[i];
    REQUIRE(strlen(t->text) == t->bytes);
    REQUIRE(form != LIST_COMMAS || *text == '[' || t->bytes > 0);
    bytes += t->bytes;
  }
  REQUIRE(bytes <= size);
  text_list_clear(&list);
}

/* The first half is the template. A sentence is the template's bytes but the
 * field's, and the label. */
static void check_hypothesis(const char *text, size_t size) {
  EncodeText template = {text, size / 2};
  EncodeText label = {text + size / 2, size - size / 2};
  char *out = NULL;
  size_t bytes;
  Error err = {""};
  int rc = hypothesis_check(template, &err);
  REQUIRE((rc == OK) == !err.message[0]);
  if (rc)
    return;
  REQUIRE(hypothesis_write(template, label, &out, &bytes, &err) == OK);
  REQUIRE(bytes + template.bytes >= label.bytes);
  REQUIRE(bytes <= template.bytes + template.bytes / 2 * label.bytes);
  mem_free(out);
}

static bool has_function(const char *text) {
  static const char start[] = "distilbert_";
  size_t n = 0;
  for (; *text && n < sizeof start - 1; text++)
    n = tolower((unsigned char)*text) == start[n] ? n + 1 : *text == 'd';
  return n == sizeof start - 1;
}

static void check_schema(const char *text, size_t size) {
  static const char before[] = "/* distilbert_embed(a, 'm') */ -- '\n";
  bool depends = schema_depends(text, "m");
  REQUIRE(!depends || has_function(text));
  REQUIRE(!schema_depends(text, "") || depends || has_function(text));
  char *more = mem_alloc(sizeof before + size);
  REQUIRE(more);
  memcpy(more, before, sizeof before - 1);
  memcpy(more + sizeof before - 1, text, size + 1);
  REQUIRE(schema_depends(more, "m") == depends);
  mem_free(more);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1)
    return 0;
  size_t n = size - 1;
  char *text = mem_text((const char *)data + 1, n);
  REQUIRE(text);
  bool is_string = !memchr(text, 0, n);
  if (data[0] == 't')
    check_targets(text, n);
  else if (data[0] == 'l' || data[0] == 'c')
    check_list(text, n, data[0] == 'l' ? LIST_JSON : LIST_COMMAS);
  else if (data[0] == 'h')
    check_hypothesis(text, n);
  else if (data[0] == 'o' && is_string)
    check_options(text);
  else if (is_string)
    check_schema(text, n);
  mem_free(text);
  return 0;
}
