/*
 * template.c - reads which special tokens go where.
 *
 * In:  the post_processor of a tokenizer.json, or the ids of [CLS] and [SEP].
 * Out: two lists of items, for one text and for a pair.
 *
 *     [CLS] A [SEP]            0 0 0          (types)
 *     [CLS] A [SEP] B [SEP]    0 0 0 1 1
 *     <s> A </s></s> B </s>    0 0 0 0 0 0     (RoBERTa)
 *
 * Two shapes of file say the same thing: TemplateProcessing spells out the
 * lists, BertProcessing and RobertaProcessing give only the two ids.  A
 * Sequence that holds just one of them is as good.
 *
 * Refuses other processors by name, and lists in which a text is missing,
 * comes twice or out of order.
 */
#include "text/template.h"

#include <stdbool.h>
#include <string.h>
#include "text/vocab.h"

static const char file[] = "tokenizer.json";

static const TemplateItem first = {-1, 0, 0}, second = {-1, 1, 1};

static void add(Template *t, TemplateItem item) {
  t->items[t->n++] = item;
}

void template_bert(int32_t cls, int32_t sep, Template *single, Template *pair) {
  single->n = 0;
  add(single, (TemplateItem){cls, -1, 0});
  add(single, first);
  add(single, (TemplateItem){sep, -1, 0});
  *pair = *single;
  add(pair, second);
  add(pair, (TemplateItem){sep, -1, 1});
}

void template_roberta(int32_t cls, int32_t sep, Template *single,
                      Template *pair) {
  template_bert(cls, sep, single, pair);
  pair->n = single->n;
  add(pair, (TemplateItem){sep, -1, 0});
  add(pair, (TemplateItem){-1, 1, 0});
  add(pair, (TemplateItem){sep, -1, 0});
}

size_t template_n_added(const Template *t) {
  size_t n = 0;
  for (size_t i = 0; i < t->n; i++)
    n += t->items[i].text < 0;
  return n;
}

static int refuse(Error *err) {
  return fail(err, ERR_FORMAT, "%s: post_processor is malformed", file);
}

static int add_checked(Template *t, TemplateItem item, Error *err) {
  if (t->n == TEMPLATE_MAX)
    return fail(err, ERR_RANGE, "%s: post_processor: more than %d tokens", file,
                TEMPLATE_MAX);
  add(t, item);
  return OK;
}

/* The ids of a special token are listed apart, by its name. */
static int add_special(const cJSON *names, const char *name, int8_t type,
                       Template *t, Error *err) {
  const cJSON *ids = json_get(json_get(names, name), "ids"), *id;
  if (!cJSON_IsArray(ids))
    return refuse(err);
  cJSON_ArrayForEach(id, ids) {
    double value = id->valuedouble;
    if (!cJSON_IsNumber(id) || !(value >= 0 && value < VOCAB_MAX_TOKENS))
      return refuse(err);
    TemplateItem item = {(int32_t)value, -1, type};
    int rc = add_checked(t, item, err);
    if (rc)
      return rc;
  }
  return OK;
}

/* {"SpecialToken": {"id", "type_id"}} or {"Sequence": {"id": "A"|"B", ...}} */
static int read_item(const cJSON *item, const cJSON *names, Template *t,
                     Error *err) {
  const cJSON *special = json_get(item, "SpecialToken");
  const cJSON *sequence = json_get(item, "Sequence");
  const cJSON *piece = special ? special : sequence;
  const char *id = NULL;
  int64_t type = 0;
  int rc = json_get_text(file, piece, "id", &id, err);
  if (rc == OK)
    rc = json_get_int(file, piece, "type_id", 0, INT8_MAX, &type, err);
  if (rc)
    return rc;
  if (!id)
    return refuse(err);
  if (special)
    return add_special(names, id, (int8_t)type, t, err);
  TemplateItem text = {-1, strcmp(id, "B") == 0, (int8_t)type};
  return add_checked(t, text, err);
}

/* A list with exactly n_texts texts in order. */
static int read_list(const cJSON *processor, const char *key, int n_texts,
                     Template *t, Error *err) {
  const cJSON *list = json_get(processor, key), *item;
  const cJSON *names = json_get(processor, "special_tokens");
  int texts = 0;
  t->n = 0;
  cJSON_ArrayForEach(item, list) {
    int rc = read_item(item, names, t, err);
    if (rc)
      return rc;
    const TemplateItem *last = t->n ? &t->items[t->n - 1] : NULL;
    if (json_get(item, "Sequence") && last && last->text != texts++)
      return refuse(err);
  }
  return texts == n_texts ? OK : refuse(err);
}

/* "cls": ["[CLS]", 101] */
static int read_bert_id(const cJSON *processor, const char *key, int32_t *out,
                        Error *err) {
  const cJSON *id = cJSON_GetArrayItem(json_get(processor, key), 1);
  if (!cJSON_IsNumber(id) ||
      !(id->valuedouble >= 0 && id->valuedouble < VOCAB_MAX_TOKENS))
    return refuse(err);
  *out = (int32_t)id->valuedouble;
  return OK;
}

static int read_two(const cJSON *processor, bool roberta, Template *single,
                    Template *pair, Error *err) {
  int32_t cls = 0, sep = 0;
  int rc = read_bert_id(processor, "cls", &cls, err);
  rc = rc ? rc : read_bert_id(processor, "sep", &sep, err);
  if (rc == OK && roberta)
    template_roberta(cls, sep, single, pair);
  else if (rc == OK)
    template_bert(cls, sep, single, pair);
  return rc;
}

static bool has_type(const cJSON *object, const char *type) {
  const char *text = cJSON_GetStringValue(json_get(object, "type"));
  return text && strcmp(text, type) == 0;
}

/* A Sequence of one processor is that processor; ByteLevel, which is about
 * offsets, may stand beside it. */
static const cJSON *unwrap(const cJSON *processor) {
  const cJSON *list = json_get(processor, "processors");
  const cJSON *item, *found = NULL;
  int n = cJSON_GetArraySize(list);
  cJSON_ArrayForEach(item, list) {
    if (n > 1 && has_type(item, "ByteLevel"))
      n--;
    else
      found = item;
  }
  return n == 1 ? found : processor;
}

int template_read(const cJSON *processor, Template *single, Template *pair,
                  Error *err) {
  single->n = pair->n = 0;
  if (!processor) {
    add(single, first);
    add(pair, first);
    add(pair, second);
    return OK;
  }
  processor = unwrap(processor);
  const char *type = "";
  char shown[ERROR_QUOTE];
  int rc = json_get_text(file, processor, "type", &type, err);
  if (rc)
    return rc;
  bool roberta = strcmp(type, "RobertaProcessing") == 0;
  if (roberta || strcmp(type, "BertProcessing") == 0)
    return read_two(processor, roberta, single, pair, err);
  if (strcmp(type, "TemplateProcessing") != 0)
    return fail(err, ERR_UNSUPPORTED,
                "%s: post_processor of type \"%s\" is not supported", file,
                error_quote(shown, type));
  rc = read_list(processor, "single", 1, single, err);
  return rc ? rc : read_list(processor, "pair", 2, pair, err);
}
