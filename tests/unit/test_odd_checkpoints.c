/*
 * test_odd_checkpoints.c - checkpoints whose files disagree, as people have
 * them.
 *
 * Each is one of tests/oracle/data/checkpoints with some files replaced or left
 * out, made in build/odd.  Ids are those of AutoTokenizer of transformers
 * 4.57.1 on the same files.
 */
#include <sys/stat.h>
#include <unistd.h>
#include "check.h"
#include "model/encoder.h"
#include "model/model.h"
#include "tokenizers.h"

#define CASED   "distilbert-cased-qa"
#define UNCASED "distilbert-uncased-qa"

typedef struct Change {
  const char *name, *text; /* text NULL: the file is left out */
} Change;

typedef struct Odd {
  const char *base;
  Change changes[4];
  const char *text, *want; /* ids, or what the error says */
  const char *note;
} Odd;

static const char folder[] = "build/odd";

static void put(const char *name, const char *text, size_t bytes) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  unlink(path);
  FILE *f = text ? fopen(path, "wb") : NULL;
  CHECK(!text || (f && fwrite(text, 1, bytes, f) == bytes), "%s", path);
  if (f)
    fclose(f);
}

/* The base's files in `folder`, then the changes. */
static void make(const char *base, const Change *changes) {
  static const char *const names[] = {
      "config.json",       "model.safetensors", "tokenizer.json",
      "added_tokens.json", "vocab.txt",         "tokenizer_config.json",
      "vocab.json",        "merges.txt",        "special_tokens_map.json"};
  char from[128];
  mkdir("build", 0777);
  mkdir(folder, 0777);
  snprintf(from, sizeof from, "tests/oracle/data/checkpoints/%s", base);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    FileText file = read_text(from, names[i]);
    put(names[i], file.text, file.bytes);
    mem_free((char *)file.text);
  }
  for (size_t i = 0; i < 4 && changes[i].name; i++)
    put(changes[i].name, changes[i].text,
        changes[i].text ? strlen(changes[i].text) : 0);
}

static int run(const Model *m, const Encoding *e, Error *err) {
  Run how = {ENGINE_NATIVE, 1, {0}};
  Hidden h = {0};
  int rc = encoder_run(m, &how, &(Sequence){e->tokens, e->n}, 1, &h, err);
  hidden_clear(&h);
  return rc;
}

/* Compares ids; runs them, which `beyond` says must fail naming it. */
static void check_ids(const Model *m, const char *text, const char *want,
                      const char *beyond) {
  Encoding e = {0};
  Error err = {""};
  char ids[512] = "";
  size_t used = 0;
  EncodeText none = {NULL, 0};
  int rc = tokenizer_encode(m->tokenizer, some_text(text), none, TRUNCATE_NOT,
                            0, NULL, &e, NULL, &err);
  CHECK(rc == OK, "%s", err.message);
  for (size_t i = 0; i < e.n && used < sizeof ids - 16; i++)
    used += (size_t)snprintf(ids + used, sizeof ids - used, "%s%d",
                             i ? " " : "", (int)e.tokens[i].id);
  CHECK(strcmp(ids, want) == 0, "\"%s\": %s, not %s", text, ids, want);
  rc = run(m, &e, &err);
  CHECK(beyond ? rc == ERR_FORMAT && strstr(err.message, beyond) : rc == OK,
        "\"%s\": code %d, %s", text, rc, err.message);
  encoding_clear(&e);
}

static Model *open_odd(const Odd *odd, Error *err) {
  static const ModelOptions options;
  Model *m = NULL;
  make(odd->base, odd->changes);
  int rc = model_open(folder, &options, NULL, &m, err);
  CHECK((rc == OK) == (m != NULL), "code %d", rc);
  return m;
}

static void check_odd(const Odd *odd, const char *beyond) {
  Error err = {""};
  Model *m = open_odd(odd, &err);
  if (!m) {
    CHECK(strstr(err.message, odd->want), "%s", err.message);
    return;
  }
  check_ids(m, odd->text, odd->want, beyond);
  const char *note = tokenizer_note(m->tokenizer);
  CHECK(odd->note ? note && strstr(note, odd->note) : !note,
        "\"%s\": note \"%s\"", odd->text, note ? note : "");
  model_free(m);
}

/* Who decides about lower case, and about the kind. */
static void check_classes(void) {
  static const Odd all[] = {
      {CASED,
       {{"tokenizer_config.json", NULL}, {"vocab.txt", NULL}},
       "Hello [MASK]",
       "4 1252 6 5",
       "lower case by BertTokenizer's default, against tokenizer.json"},
      {CASED,
       {{"tokenizer_config.json",
         "{\"tokenizer_class\":\"PreTrainedTokenizerFast\","
         "\"do_lower_case\":true}"}},
       "Hello [MASK]",
       "4 431 537 805 6 5",
       NULL},
      {CASED,
       {{"tokenizer_config.json",
         "{\"tokenizer_class\":\"BertTokenizer\",\"do_lower_case\":false}"}},
       "Hello [MASK]",
       "4 431 537 805 6 5",
       NULL},
      {UNCASED,
       {{"tokenizer_config.json",
         "{\"tokenizer_class\":\"BertJapaneseTokenizer\"}"}},
       "",
       "tokenizer_class BertJapaneseTokenizer is not supported",
       NULL},
  };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    check_odd(&all[i], NULL);
}

/* RoBERTa's weights behind a WordPiece tokenizer; pairs have type 1, of which
 * the model has no row. */
static void check_roberta(void) {
  FileText vocab = read_text(
      "tests/oracle/data/checkpoints/distilbert-uncased-mlm", "vocab.txt");
  char *text = mem_text(vocab.text, vocab.bytes);
  Odd odd = {
      "roberta-mlm",
      {{"vocab.txt", text},
       {"vocab.json", NULL},
       {"merges.txt", NULL},
       {"tokenizer_config.json", "{\"tokenizer_class\":\"BertTokenizer\"}"}},
      "see [MASK]",
      "5 428 7 6",
      NULL};
  Encoding e = {0};
  Error err = {""};
  check_odd(&odd, NULL);
  Model *m = open_odd(&odd, &err);
  CHECK(m, "%s", err.message);
  int rc =
      m ? tokenizer_encode(m->tokenizer, some_text("see"), some_text("hello"),
                           TRUNCATE_NOT, 0, NULL, &e, NULL, &err)
        : ERR_FORMAT;
  CHECK(rc == OK && e.n == 5 && run(m, &e, &err) == OK, "%s", err.message);
  encoding_clear(&e);
  model_free(m);
  mem_free(text);
  mem_free((char *)vocab.text);
}

/* config.json may name the class where tokenizer_config.json does not. */
static void check_config_class(void) {
  FileText config =
      read_text("tests/oracle/data/checkpoints/" CASED, "config.json");
  char json[4096];
  snprintf(json, sizeof json,
           "{\"tokenizer_class\":\"PreTrainedTokenizerFast\",%s",
           strchr(config.text, '{') + 1);
  Odd odd = {CASED,
             {{"config.json", json}, {"tokenizer_config.json", NULL}},
             "Hello [MASK]",
             "4 431 537 805 6 5",
             NULL};
  check_odd(&odd, NULL);
  mem_free((char *)config.text);
}

static void check_added(void) {
  static const Odd beyond = {UNCASED,
                             {{"added_tokens.json", "{\"[ENT]\":1416}"}},
                             "see [ENT]",
                             "5 428 1416 6",
                             NULL};
  static const Odd all[] = {
      {UNCASED,
       {{"added_tokens.json", "{\"see\":428,\"[MASK]\":7}"}},
       "see [MASK]",
       "5 428 7 6",
       NULL},
      {UNCASED,
       {{"added_tokens.json", "{\"[ENT]\":1420}"}},
       "",
       "added_tokens.json: added token [ENT]: its id is 1420",
       NULL},
      {UNCASED,
       {{"added_tokens.json", "{\"[ENT]\":\"x\"}"}},
       "",
       "added_tokens.json: the id of [ENT]",
       NULL},
      {UNCASED, /* added_tokens_decoder makes the file count for nothing */
       {{"added_tokens.json", "{\"[ENT]\":1420}"},
        {"tokenizer_config.json", "{\"added_tokens_decoder\":{}}"}},
       "see [ENT]",
       "5 428 40 50 371 394 42 6",
       NULL},
  };
  check_odd(&beyond, "token 1416 ([ENT]) is beyond the 1416 word embeddings");
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    check_odd(&all[i], NULL);
}

/* additional_special_tokens that are in no vocabulary: the next ids. */
static void check_more(void) {
  static const Odd all[] = {
      {UNCASED,
       {{"special_tokens_map.json",
         "{\"additional_special_tokens\":[\"see\",\"[ENT]\",{\"content\":"
         "\"TOK\",\"lstrip\":true}]}"}},
       "[ENT] TOK",
       "5 1416 1417 6",
       NULL},
      {UNCASED,
       {{"special_tokens_map.json",
         "{\"additional_special_tokens\":[\"[ENT]\"]}"},
        {"tokenizer_config.json",
         "{\"additional_special_tokens\":[\"<ent>\"]}"}},
       "[ENT]<ent>",
       "5 1417 1416 6",
       NULL},
      {UNCASED, /* as transformers 5 has it */
       {{"tokenizer_config.json",
         "{\"extra_special_tokens\":[\"<ent>\",\"[ENT]\"]}"}},
       "[ENT]<ent>",
       "5 1417 1416 6",
       NULL},
      {UNCASED, /* as 4 had it: names for tokens that there are */
       {{"tokenizer_config.json",
         "{\"extra_special_tokens\":{\"see_token\":\"see\"}}"}},
       "see",
       "5 428 6",
       NULL},
  };
  for (size_t i = 0; i < 3; i++)
    check_odd(&all[i], "([ENT])");
  check_odd(&all[3], NULL);
}

/* The config of a base with its list of classes called `key`. */
static char *rename_classes(const char *base, const char *key) {
  static const char name[] = "architectures";
  char path[256];
  snprintf(path, sizeof path, "tests/oracle/data/checkpoints/%s", base);
  FileText config = read_text(path, "config.json");
  char *at = strstr(config.text, name);
  CHECK(at && strlen(key) == strlen(name), "%s", base);
  if (at)
    memcpy(at, key, strlen(key));
  return (char *)(uintptr_t)config.text;
}

/* What a checkpoint offers where its config names no class: what its
 * tensors may be. */
static void check_heads(void) {
  static const struct {
    const char *base, *tasks;
  } all[] = {
      {"distilbert-uncased-seqcls", "embed,classify"},
      {"distilbert-uncased-tokcls", "embed,entities"},
      {"distilbert-uncased-mc", "embed,classify,choose"},
      {"distilbert-uncased-regression", "embed,classify,choose"},
      {"distilbert-uncased-nli", "embed,classify,zero_shot"},
      {"distilbert-uncased-qa", "embed,answer"},
      {"distilbert-uncased-mlm", "embed,fill"},
      {"bert-uncased-seqcls", "embed,classify"},
      {"bert-cased-tokcls", "embed,entities"},
      {"roberta-seqcls", "embed,classify"},
      {"roberta-tokcls", "embed,entities"},
  };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    char *config = rename_classes(all[i].base, "-rchitectures");
    Odd odd = {all[i].base, {{"config.json", config}}, "", "", NULL};
    char names[64] = "";
    Error err = {""};
    Model *m = open_odd(&odd, &err);
    CHECK(m && !strcmp(task_names(m->tasks, names, sizeof names), all[i].tasks),
          "%s: %s, not %s; %s", all[i].base, names, all[i].tasks, err.message);
    model_free(m);
    mem_free(config);
  }
}

/* An empty last line is a token without a row, which no text has. */
static void check_blank_line(void) {
  FileText vocab =
      read_text("tests/oracle/data/checkpoints/" UNCASED, "vocab.txt");
  char *longer = mem_alloc(vocab.bytes + 2);
  memcpy(longer, vocab.text, vocab.bytes);
  memcpy(longer + vocab.bytes, "\n", 2);
  Odd odd = {UNCASED, {{"vocab.txt", longer}}, "see [MASK]", "5 428 7 6", NULL};
  check_odd(&odd, NULL);
  mem_free(longer);
  mem_free((char *)vocab.text);
}

int main(void) {
  check_classes();
  check_roberta();
  check_config_class();
  check_added();
  check_more();
  check_heads();
  check_blank_line();
  return check_done();
}
