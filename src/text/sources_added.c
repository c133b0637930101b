/*
 * sources_added.c - added and special tokens out of a tokenizer's files.
 *
 * In:  parsed tokenizer.json, tokenizer_config.json, special_tokens_map.json,
 *      added_tokens.json.
 * Out: added tokens with ids and flags; the ids of the special ones.
 *
 *     tokenizer.json           "added_tokens": [{"id", "content", ...}]
 *     tokenizer_config.json    "added_tokens_decoder": {"100": {"content"}}
 *     added_tokens.json        {"[ENT]": 100}, where there is no decoder
 *     special_tokens_map.json  "cls_token", "additional_special_tokens" (in
 *                              tokenizer_config.json of transformers 5
 *                              "extra_special_tokens", once a dictionary)
 *
 * Each of [CLS], [MASK] ... is a text in the configuration, and must have an
 * id: it is never given a new one, which the model's table would not have.
 * [CLS], [SEP] and (but for BPE) [UNK] must be there, [PAD] and [MASK] may be
 * missing.
 *
 * Agrees with transformers 4.57, but that an added token whose stated id cannot
 * be its id is an error here, there only a warning or nothing at all.
 */
#include "text/sources.h"

#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

static const char more_tokens[] = "additional_special_tokens";
static const char extra_tokens[] = "extra_special_tokens"; /* since 5 */

/* --- Added tokens --- */

/* `special`: what a token is that does not say. */
static int read_flags(const char *file, const cJSON *o, bool special,
                      AddedFlags *out, Error *err) {
  *out = (AddedFlags){.special = special};
  int rc = json_get_bool(file, o, "single_word", &out->single_word, err);
  rc = rc ? rc : json_get_bool(file, o, "lstrip", &out->lstrip, err);
  rc = rc ? rc : json_get_bool(file, o, "rstrip", &out->rstrip, err);
  rc = rc ? rc : json_get_bool(file, o, "special", &out->special, err);
  out->normalized = !out->special;
  return rc ? rc : json_get_bool(file, o, "normalized", &out->normalized, err);
}

static int put_added(const char *file, const cJSON *o, int64_t id, Tokenizer *t,
                     Error *err) {
  const char *text = NULL;
  AddedFlags flags;
  int rc = json_get_text(file, o, "content", &text, err);
  rc = rc ? rc : read_flags(file, o, false, &flags, err);
  if (rc)
    return rc;
  if (!text || id < 0)
    return fail(err, ERR_FORMAT, "%s: an added token without id or content",
                file);
  rc = added_put(&t->added, &t->vocab, id, text, flags, err);
  return rc ? fail_prefix(err, rc, "%s", file) : OK;
}

static bool is_text(const cJSON *value, const char *text) {
  const cJSON *content =
      cJSON_IsObject(value) ? json_get(value, "content") : value;
  return cJSON_IsString(content) && strcmp(content->valuestring, text) == 0;
}

static int put_listed(const cJSON *list, Tokenizer *t, Error *err) {
  const cJSON *item;
  cJSON_ArrayForEach(item, list) {
    int64_t id = -1;
    int rc =
        json_get_int(file_json, item, "id", 0, VOCAB_MAX_TOKENS - 1, &id, err);
    rc = rc ? rc : put_added(file_json, item, id, t, err);
    if (rc)
      return rc;
  }
  return OK;
}

/* added_tokens_decoder: {"100": {"content": ...}}, or, in added_tokens.json,
 * {"[ENT]": 100}. */
typedef struct Decoded {
  long id; /* -1: the key is not a number in range */
  const cJSON *token;
} Decoded;

static int compare_ids(const void *a, const void *b) {
  long x = ((const Decoded *)a)->id, y = ((const Decoded *)b)->id;
  return (x > y) - (x < y);
}

static long parse_id(const char *key) {
  char *end;
  long id = strtol(key, &end, 10);
  bool digits = *key >= '0' && *key <= '9' && *end == 0;
  return digits && id < VOCAB_MAX_TOKENS ? id : -1;
}

static long number_id(const cJSON *item) {
  double id = item->valuedouble;
  bool fits = cJSON_IsNumber(item) && id >= 0 && id < VOCAB_MAX_TOKENS;
  return fits && id == (double)(long)id ? (long)id : -1;
}

/* Is a text one of the special tokens that the files name? */
static bool is_listed(const Sources *s, const char *text) {
  static const char *const keys[] = {"bos_token", "eos_token", "unk_token",
                                     "sep_token", "pad_token", "cls_token",
                                     "mask_token"};
  const cJSON *item;
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    const cJSON *value = json_get(s->map, keys[i]);
    value = value ? value : json_get(s->config, keys[i]);
    if (is_text(value, text))
      return true;
  }
  for (int i = 0; i < 2; i++)
    cJSON_ArrayForEach(item, json_get(i ? s->map : s->config, more_tokens)) {
      if (is_text(item, text))
        return true;
    }
  return false;
}

/* A token of added_tokens.json; tokenizer.json knows more of one it has. */
static int put_legacy(const Sources *s, const Decoded *d, Tokenizer *t,
                      Error *err) {
  const char *text = d->token->string;
  char shown[ERROR_QUOTE];
  bool special = is_listed(s, text);
  AddedFlags flags = {.special = special, .normalized = !special};
  const AddedToken *known = added_find(&t->added, text, strlen(text));
  if (d->id < 0)
    return fail(err, ERR_FORMAT, "%s: the id of %s is not in 0 ... %d",
                file_added, error_quote(shown, text), VOCAB_MAX_TOKENS - 1);
  int rc = added_put(&t->added, &t->vocab, d->id, text,
                     known ? known->flags : flags, err);
  return rc ? fail_prefix(err, rc, "%s", file_added) : OK;
}

/* By rising id: each that is new gets the next one. */
static int put_sorted(const Sources *s, const cJSON *list, const char *file,
                      Tokenizer *t, Error *err) {
  size_t n = (size_t)cJSON_GetArraySize(list), i = 0;
  bool legacy = file == file_added;
  const cJSON *item;
  if (n > ADDED_MAX)
    return fail(err, ERR_RANGE, "%s: more than %d added tokens", file,
                ADDED_MAX);
  Decoded *all = mem_array(n, sizeof *all);
  if (!all)
    return fail_memory(err);
  cJSON_ArrayForEach(item, list) all[i++] =
      (Decoded){legacy         ? number_id(item)
                : item->string ? parse_id(item->string)
                               : -1,
                item};
  qsort(all, n, sizeof *all, compare_ids);
  int rc = OK;
  for (i = 0; i < n && rc == OK; i++)
    rc = legacy ? put_legacy(s, &all[i], t, err)
                : put_added(file, all[i].token, all[i].id, t, err);
  mem_free(all);
  return rc;
}

int sources_added(const Sources *s, Tokenizer *t, Error *err) {
  t->added.next_id = (int32_t)t->vocab.n_ids;
  int rc = put_listed(json_get(s->json, "added_tokens"), t, err);
  const cJSON *decoder = json_get(s->config, "added_tokens_decoder");
  if (rc == OK && decoder)
    rc = put_sorted(s, decoder, file_config, t, err);
  if (rc == OK && s->added)
    rc = put_sorted(s, s->added, file_added, t, err);
  return rc;
}

/* --- Special tokens --- */

/* The value of "cls_token" and the like: a text, or an object with content. */
static int special_text(const char *file, const cJSON *object, const char *key,
                        const char **text, AddedFlags *flags, Error *err) {
  const cJSON *value = json_get(object, key);
  if (!cJSON_IsObject(value))
    return json_get_text(file, object, key, text, err);
  int rc = read_flags(file, value, true, flags, err);
  flags->special = true;
  return rc ? rc : json_get_text(file, value, "content", text, err);
}

/* One that is added already keeps its flags, but becomes special; `own` ones
 * count more. */
static int put_special(Tokenizer *t, const char *text, AddedFlags flags,
                       bool own, Error *err) {
  const AddedToken *known = added_find(&t->added, text, strlen(text));
  if (known && !own)
    flags = known->flags;
  flags.special = true;
  return added_put(&t->added, &t->vocab, ADDED_NO_ID, text, flags, err);
}

/* The id of a special token, which is also made an added token. RoBERTa's mask
 * takes the white space before it. */
static int read_special(const Sources *s, const char *key, const char *text,
                        bool needed, Tokenizer *t, int32_t *out, Error *err) {
  char shown[ERROR_QUOTE];
  bool lstrip = s->bpe && strcmp(key, "mask_token") == 0;
  AddedFlags flags = {.special = true, .lstrip = lstrip};
  int rc = special_text(file_config, s->config, key, &text, &flags, err);
  if (rc == OK && !json_get(s->config, "added_tokens_decoder"))
    rc = special_text(file_map, s->map, key, &text, &flags, err);
  if (rc)
    return rc;
  *out = tokenizer_id(t, text, strlen(text));
  if (*out < 0 && needed)
    return fail(err, ERR_FORMAT, "the vocabulary has no %s (%s)",
                error_quote(shown, text), key);
  bool own = !s->json && json_get(s->added, text) && flags.lstrip;
  return *out < 0 ? OK : put_special(t, text, flags, own, err);
}

/* The list under `key` of one file. `first` is the id that the first one
 * without any gets. */
static int put_more(const char *file, const cJSON *object, const char *key,
                    int32_t first, Tokenizer *t, Error *err) {
  const cJSON *item;
  cJSON_ArrayForEach(item, json_get(object, key)) {
    AddedFlags flags = {.special = true};
    const char *text = cJSON_GetStringValue(item);
    int rc = OK;
    if (cJSON_IsObject(item)) {
      rc = read_flags(file, item, true, &flags, err);
      rc = rc ? rc : json_get_text(file, item, "content", &text, err);
    }
    if (rc == OK && !text)
      rc = fail(err, ERR_FORMAT, "%s: %s must be texts", file, key);
    if (rc)
      return rc;
    if (tokenizer_id(t, text, strlen(text)) < 0 && t->added.next_id < first)
      t->added.next_id = first;
    rc = put_special(t, text, flags, cJSON_IsObject(item), err);
    if (rc)
      return fail_prefix(err, rc, "%s", file);
  }
  return OK;
}

/* One that is in no vocabulary gets the next id, as in transformers, which
 * counts the absent special tokens first. If the model has no row for it, a
 * text that has the token is an error (encoder.c). */
static int read_more(const Sources *s, int32_t absent, Tokenizer *t,
                     Error *err) {
  int32_t first = t->added.next_id + absent;
  int rc = put_more(file_config, s->config, more_tokens, first, t, err);
  if (rc == OK && cJSON_IsArray(json_get(s->config, extra_tokens)))
    rc = put_more(file_config, s->config, extra_tokens, first, t, err);
  if (rc || json_get(s->config, "added_tokens_decoder"))
    return rc;
  return put_more(file_map, s->map, more_tokens, first, t, err);
}

int sources_special(const Sources *s, Tokenizer *t, Error *err) {
  SpecialIds *ids = &t->special;
  int32_t absent = 0;
  const struct {
    const char *key, *text, *roberta;
    bool needed;
    int32_t *id;
  } all[] = {
      {"pad_token", "[PAD]", "<pad>", false, &ids->pad},
      {"unk_token", "[UNK]", "<unk>", !s->bpe, &ids->unk},
      {"cls_token", "[CLS]", "<s>", true, &ids->cls},
      {"sep_token", "[SEP]", "</s>", true, &ids->sep},
      {"mask_token", "[MASK]", "<mask>", false, &ids->mask},
  };
  int rc = OK;
  for (size_t i = 0; i < sizeof all / sizeof *all && rc == OK; i++)
    rc = read_special(s, all[i].key, s->bpe ? all[i].roberta : all[i].text,
                      all[i].needed, t, all[i].id, err);
  for (size_t i = 0; i < sizeof all / sizeof *all && rc == OK; i++)
    absent += *all[i].id < 0;
  return rc ? rc : read_more(s, absent, t, err);
}
