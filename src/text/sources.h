/*
 * sources.h - the JSON files a tokenizer is read from, while it is built.
 */
#ifndef TEXT_SOURCES_H
#define TEXT_SOURCES_H

#include "base/json.h"
#include "text/tokenizer_inside.h"

typedef struct Sources {
  const TokenizerFiles *files; /* borrowed */
  cJSON *json, *config, *map;  /* owned; NULL: no such file */
} Sources;

extern const char file_json[], file_config[], file_map[];

/* Steps of tokenizer_open, in this order. Each reads what the files say and
 * fills in its part of the tokenizer. */
int sources_normalizer(const Sources *s, Normalizer *out, Error *err);
int sources_vocab(const Sources *s, Vocab *out, Error *err);
int sources_added(const Sources *s, Tokenizer *t, Error *err);
int sources_special(const Sources *s, Tokenizer *t, Error *err);
int sources_model(const Sources *s, Tokenizer *t, Error *err);
int sources_template(const Sources *s, Tokenizer *t, Error *err);

#endif
