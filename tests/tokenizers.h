/*
 * tokenizers.h - opening tokenizers in tests.
 */
#ifndef TESTS_TOKENIZERS_H
#define TESTS_TOKENIZERS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "base/file.h"
#include "base/memory.h"
#include "text/window.h"

/* A file of a folder; text NULL: there is none. mem_free frees it. */
static inline FileText read_text(const char *folder, const char *name) {
  char path[512], *text;
  size_t bytes;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  if (!file_exists(path) ||
      file_text(path, (size_t)1 << 30, &text, &bytes, NULL))
    return (FileText){NULL, 0};
  return (FileText){text, bytes};
}

static inline FileText text_of(const char *text) {
  return (FileText){text, text ? strlen(text) : 0};
}

/* The tokenizer of a folder, or NULL with a line that says why. */
static inline Tokenizer *open_folder(const char *folder) {
  TokenizerFiles files = {
      .tokenizer_json = read_text(folder, "tokenizer.json"),
      .tokenizer_config = read_text(folder, "tokenizer_config.json"),
      .special_tokens_map = read_text(folder, "special_tokens_map.json"),
      .vocab_txt = read_text(folder, "vocab.txt"),
      .vocab_json = read_text(folder, "vocab.json"),
      .merges_txt = read_text(folder, "merges.txt"),
      .added_tokens = read_text(folder, "added_tokens.json"),
      .config = read_text(folder, "config.json"),
  };
  Tokenizer *t = NULL;
  Error err = {""};
  TokenizerKind kind =
      files.vocab_json.text ? TOKENIZER_BYTE_BPE : TOKENIZER_WORDPIECE;
  if (tokenizer_open(kind, &files, &t, &err))
    printf("%s: %s\n", folder, err.message);
  mem_free((char *)files.tokenizer_json.text);
  mem_free((char *)files.tokenizer_config.text);
  mem_free((char *)files.special_tokens_map.text);
  mem_free((char *)files.vocab_txt.text);
  mem_free((char *)files.vocab_json.text);
  mem_free((char *)files.merges_txt.text);
  mem_free((char *)files.added_tokens.text);
  mem_free((char *)files.config.text);
  return t;
}

/* A tokenizer of a vocab.txt and a tokenizer_config.json (may be NULL). */
static inline Tokenizer *open_vocab(FileText vocab, const char *config) {
  TokenizerFiles files = {.vocab_txt = vocab,
                          .tokenizer_config = text_of(config)};
  Tokenizer *t = NULL;
  Error err = {""};
  if (tokenizer_open(TOKENIZER_WORDPIECE, &files, &t, &err))
    printf("vocab.txt: %s\n", err.message);
  return t;
}

/* The tokenizer of a vocab.json, a merges.txt and a tokenizer_config.json. */
static inline Tokenizer *open_merges(FileText vocab, FileText merges,
                                     const char *config) {
  TokenizerFiles files = {.vocab_json = vocab,
                          .merges_txt = merges,
                          .tokenizer_config = text_of(config)};
  Tokenizer *t = NULL;
  Error err = {""};
  if (tokenizer_open(TOKENIZER_BYTE_BPE, &files, &t, &err))
    printf("vocab.json: %s\n", err.message);
  return t;
}

/* That of roberta-base, with a configuration. */
static inline Tokenizer *open_roberta(const char *config) {
  FileText vocab = read_text("tests/oracle/data/tokens", "roberta-vocab.json");
  FileText merges = read_text("tests/oracle/data/tokens", "roberta-merges.txt");
  Tokenizer *t = open_merges(vocab, merges, config);
  mem_free((char *)vocab.text);
  mem_free((char *)merges.text);
  return t;
}

/* The vocabulary of bert-base-uncased, out of the built-in model's metadata.
 * mem_free frees it. */
static inline FileText uncased_vocab(void) {
  static const char path[] = "models/distilbert-minilm-qa.safetensors";
  File file;
  uint64_t n = 0;
  FileText out = {NULL, 0};
  if (file_open(path, &file, NULL))
    return out;
  char *header = NULL;
  if (file_read(&file, 0, &n, sizeof n, NULL) == OK &&
      (header = mem_zeroed(n + 1)) != NULL &&
      file_read(&file, 8, header, n, NULL) == OK) {
    cJSON *json = cJSON_Parse(header);
    cJSON *meta = cJSON_GetObjectItem(json, "__metadata__");
    const char *text =
        cJSON_GetStringValue(cJSON_GetObjectItem(meta, "vocab.txt"));
    if (text)
      out = (FileText){mem_text(text, strlen(text)), strlen(text)};
    cJSON_Delete(json);
  }
  mem_free(header);
  file_close(&file);
  return out;
}

static inline EncodeText some_text(const char *text) {
  return (EncodeText){text, text ? strlen(text) : 0};
}

#endif
