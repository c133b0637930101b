/*
 * template.h - which special tokens stand around one text, and around a pair.
 */
#ifndef TEXT_TEMPLATE_H
#define TEXT_TEMPLATE_H

#include <stddef.h>
#include <stdint.h>
#include "base/json.h"

enum { TEMPLATE_MAX = 32 };

typedef struct TemplateItem {
  int32_t id;  /* of a special token */
  int8_t text; /* 0, 1: here stands the first, the second text; -1: neither */
  int8_t type; /* token_type_id */
} TemplateItem;

typedef struct Template {
  TemplateItem items[TEMPLATE_MAX];
  size_t n;
} Template;

/* [CLS] a [SEP], and [CLS] a [SEP] b [SEP] with type 1 from b on. */
void template_bert(int32_t cls, int32_t sep, Template *single, Template *pair);

/* <s> a </s>, and <s> a </s></s> b </s>; all types are 0. */
void template_roberta(int32_t cls, int32_t sep, Template *single,
                      Template *pair);

/* The post_processor of a tokenizer.json (NULL: no special tokens).
 * ERR_UNSUPPORTED names another type. */
int template_read(const cJSON *processor, Template *single, Template *pair,
                  Error *err);

size_t template_n_added(const Template *t);

#endif
