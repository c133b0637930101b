/*
 * sources.h - the JSON files a tokenizer is read from, while it is built.
 */
#ifndef TEXT_SOURCES_H
#define TEXT_SOURCES_H

#include "base/json.h"
#include "text/tokenizer_inside.h"

/* A class of transformers, by its name without "Fast". */
typedef struct TokenizerClass {
  const char *name;
  bool forces; /* has a kind, and its keys count more than tokenizer.json */
  TokenizerKind kind;
  bool spaces; /* add_prefix_space counts more than tokenizer.json */
} TokenizerClass;

typedef struct Sources {
  const TokenizerFiles *files; /* borrowed */
  /* Owned; NULL: no such file. vocab is vocab.json, model is config.json. */
  cJSON *json, *config, *map, *vocab, *added, *model;
  const TokenizerClass *class;
  const char *class_name;  /* borrowed from a file, or a literal */
  bool bpe;                /* byte-level BPE, else WordPiece */
  const cJSON *byte_level; /* the ByteLevel pre-tokenizer */
} Sources;

extern const char file_json[], file_config[], file_map[], file_vocab[],
    file_added[], file_model[];

/* Does the class's word count more than tokenizer.json, for this kind? */
bool sources_forced(const Sources *s, TokenizerKind kind);
/* Notes that `key`, or the class's default for it, overruled tokenizer.json:
 * "lower case by ...". */
void sources_note(const Sources *s, Tokenizer *t, const char *what,
                  const char *key);

/* A Sequence (of normalizers, pre-tokenizers) of one is that one. */
const cJSON *sources_unwrap(const cJSON *object, const char *list);
/* ERR_UNSUPPORTED: "tokenizer.json: PART of type ...". */
int sources_refuse(const char *part, const char *type, Error *err);

/* Steps of tokenizer_open, in this order. Each reads what the files say and
 * fills in its part of the tokenizer. */
int sources_class(Sources *s, TokenizerKind kind, Error *err);
int sources_sequence(Sources *s, Tokenizer *t, Error *err);
int sources_normalizer(const Sources *s, Tokenizer *t, Error *err);
int sources_byte_level(const Sources *s, Tokenizer *t, Error *err);
int sources_vocab(const Sources *s, Vocab *out, Error *err);
int sources_added(const Sources *s, Tokenizer *t, Error *err);
int sources_special(const Sources *s, Tokenizer *t, Error *err);
int sources_wordpiece(const Sources *s, Tokenizer *t, Error *err);
int sources_bpe(const Sources *s, Tokenizer *t, Error *err);
int sources_decoder(const Sources *s, Tokenizer *t, Error *err);
int sources_template(const Sources *s, Tokenizer *t, Error *err);

#endif
