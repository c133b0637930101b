/*
 * sources.c - the parts of a tokenizer out of its files' JSON.
 *
 * In:  parsed tokenizer.json, tokenizer_config.json, vocab.json.
 * Out: normalizer, vocabulary, word model, decoder, template.
 *
 *     {"normalizer": {"type": "BertNormalizer", "lowercase", ...},
 *      "pre_tokenizer": {"type": "BertPreTokenizer"},
 *      "post_processor": {...},                          -> template.c
 *      "model": {"type": "WordPiece", "vocab": {"[PAD]": 0, ...}, ...}}
 *
 * What only byte-level BPE has is in sources_bpe.c, added and special tokens
 * are in sources_added.c.
 *
 * Agrees with what transformers 4.57 makes of the same files.
 */
#include "text/sources.h"

#include <string.h>

/* --- Normalizer and pre-tokenizer --- */

const cJSON *sources_unwrap(const cJSON *object, const char *list) {
  const cJSON *inner = json_get(object, list);
  return cJSON_GetArraySize(inner) == 1 ? cJSON_GetArrayItem(inner, 0) : object;
}

int sources_refuse(const char *part, const char *type, Error *err) {
  char shown[ERROR_QUOTE];
  return fail(err, ERR_UNSUPPORTED, "%s: %s of type \"%s\" is not supported",
              file_json, part, error_quote(shown, type));
}

/* strip_accents: true, false, or null for "as lowercase". */
static int read_strip(const char *file, const cJSON *object, int *strip,
                      Error *err) {
  bool value = false;
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, "strip_accents");
  if (!item)
    return OK;
  int rc = json_get_bool(file, object, "strip_accents", &value, err);
  *strip = cJSON_IsNull(item) ? -1 : value;
  return rc;
}

static int read_normalizer(const cJSON *n, Normalizer *out, int *strip,
                           Error *err) {
  const char *type = NULL;
  n = sources_unwrap(n, "normalizers");
  *out = (Normalizer){0};
  *strip = 0;
  if (!n)
    return OK;
  int rc = json_get_text(file_json, n, "type", &type, err);
  if (rc)
    return rc;
  if (type && strcmp(type, "Lowercase") == 0) {
    out->lower = true;
    return OK;
  }
  if (!type || strcmp(type, "BertNormalizer") != 0)
    return sources_refuse("normalizer", type ? type : "?", err);
  *out = (Normalizer){true, true, false, true};
  *strip = -1;
  rc = json_get_bool(file_json, n, "clean_text", &out->clean, err);
  if (rc == OK)
    rc = json_get_bool(file_json, n, "handle_chinese_chars", &out->space_cjk,
                       err);
  rc = rc ? rc : json_get_bool(file_json, n, "lowercase", &out->lower, err);
  return rc ? rc : read_strip(file_json, n, strip, err);
}

static bool is_bert(const cJSON *normalizer) {
  const char *type = cJSON_GetStringValue(json_get(normalizer, "type"));
  return !normalizer || (type && strcmp(type, "BertNormalizer") == 0);
}

/* The class's three keys in place of those of tokenizer.json. */
static int force(const Sources *s, Normalizer *out, int *strip, Error *err) {
  out->lower = out->space_cjk = true;
  *strip = -1;
  int rc =
      json_get_bool(file_config, s->config, "do_lower_case", &out->lower, err);
  if (rc == OK)
    rc = json_get_bool(file_config, s->config, "tokenize_chinese_chars",
                       &out->space_cjk, err);
  return rc ? rc : read_strip(file_config, s->config, strip, err);
}

static void note_forced(const Sources *s, Normalizer was, Tokenizer *t) {
  Normalizer is = t->normalizer;
  if (is.lower != was.lower)
    sources_note(s, t, is.lower ? "lower case" : "upper case kept",
                 "do_lower_case");
  if (is.strip != was.strip && is.lower == was.lower)
    sources_note(s, t, is.strip ? "accents stripped" : "accents kept",
                 "strip_accents");
  if (is.space_cjk != was.space_cjk)
    sources_note(
        s, t, is.space_cjk ? "ideographs are words" : "ideographs are no words",
        "tokenize_chinese_chars");
}

int sources_normalizer(const Sources *s, Tokenizer *t, Error *err) {
  Normalizer *out = &t->normalizer, was;
  const cJSON *n = json_get(s->json, "normalizer");
  int strip = -1, rc = OK; /* -1: as lowercase */
  *out = (Normalizer){true, true, false, true};
  if (s->json)
    rc = read_normalizer(n, out, &strip, err);
  out->strip = strip < 0 ? out->lower : strip;
  was = *out;
  if (rc || !sources_forced(s, TOKENIZER_WORDPIECE) || !is_bert(n))
    return rc;
  if (!n)
    out->clean = true;
  rc = force(s, out, &strip, err);
  out->strip = strip < 0 ? out->lower : strip;
  if (s->json && n)
    note_forced(s, was, t);
  return rc;
}

/* --- Vocabulary --- */

static int put_entry(Vocab *v, const char *file, const cJSON *entry,
                     Error *err) {
  double id = entry->valuedouble;
  if (!cJSON_IsNumber(entry) || !(id >= 0 && id < VOCAB_MAX_TOKENS) ||
      id != (double)(int64_t)id)
    return fail(err, ERR_FORMAT, "%s: vocab: an id is not in 0 ... %d", file,
                VOCAB_MAX_TOKENS - 1);
  int rc = vocab_put(v, (int64_t)id, entry->string, strlen(entry->string), err);
  return rc ? fail_prefix(err, rc, "%s", file) : OK;
}

/* {"token": id} */
static int read_entries(Vocab *v, const char *file, const cJSON *entries,
                        Error *err) {
  const cJSON *entry;
  cJSON_ArrayForEach(entry, entries) {
    int rc = put_entry(v, file, entry, err);
    if (rc)
      return rc;
  }
  return vocab_index(v, err);
}

int sources_vocab(const Sources *s, Vocab *out, Error *err) {
  const FileText *lines = &s->files->vocab_txt;
  const cJSON *vocab = json_get(json_get(s->json, "model"), "vocab");
  if (s->json && !cJSON_IsObject(vocab))
    return fail(err, ERR_FORMAT, "%s: model.vocab is not an object", file_json);
  if (s->json)
    return read_entries(out, file_json, vocab, err);
  if (s->bpe && s->vocab && s->files->merges_txt.text)
    return read_entries(out, file_vocab, s->vocab, err);
  if (s->bpe)
    return fail(err, ERR_IO, "neither %s with merges.txt nor %s exists",
                file_vocab, file_json);
  if (!lines->text)
    return fail(err, ERR_IO, "neither vocab.txt nor %s exists", file_json);
  return vocab_read_lines(out, lines->text, lines->bytes, err);
}

/* --- Word model, decoder and template --- */

int sources_wordpiece(const Sources *s, Tokenizer *t, Error *err) {
  char shown[ERROR_QUOTE];
  const cJSON *model = json_get(s->json, "model");
  const char *prefix = "##", *unk_text = NULL;
  int64_t max_chars = 100;
  int32_t unk = t->special.unk;
  int rc = json_get_text(file_json, model, "continuing_subword_prefix", &prefix,
                         err);
  if (rc == OK)
    rc = json_get_int(file_json, model, "max_input_chars_per_word", 0,
                      (int64_t)1 << 53, &max_chars, err);
  rc = rc ? rc : json_get_text(file_json, model, "unk_token", &unk_text, err);
  if (rc)
    return rc;
  if (unk_text)
    unk = vocab_find(&t->vocab, unk_text, strlen(unk_text));
  if (unk < 0)
    return fail(err, ERR_FORMAT, "%s: the vocabulary has no %s (unk_token)",
                file_json, error_quote(shown, unk_text ? unk_text : "[UNK]"));
  return wordpiece_init(&t->wordpiece, &t->vocab, prefix, (size_t)max_chars,
                        unk, err);
}

/* Decoding is the kind's own; a file may only say how much is closed up. */
static int read_decoder(const Sources *s, const cJSON *d, Tokenizer *t,
                        Error *err) {
  const char *type = "?", *prefix = "##";
  int rc = json_get_text(file_json, d, "type", &type, err);
  if (rc)
    return rc;
  if (strcmp(type, s->bpe ? "ByteLevel" : "WordPiece") != 0)
    return sources_refuse("decoder", type, err);
  if (s->bpe)
    return OK;
  rc = json_get_text(file_json, d, "prefix", &prefix, err);
  if (rc == OK && strcmp(prefix, t->wordpiece.prefix) != 0)
    rc = fail(err, ERR_UNSUPPORTED,
              "%s: decoder and model have different prefixes", file_json);
  return rc ? rc
            : json_get_bool(file_json, d, "cleanup", &t->decoder.clean_tokens,
                            err);
}

/* Without the key, transformers closes up what comes of a vocab.txt, for its
 * slow BERT tokenizer does, and nothing else. */
int sources_decoder(const Sources *s, Tokenizer *t, Error *err) {
  const cJSON *decoder = json_get(s->json, "decoder");
  t->decoder.clean_tokens = true;
  t->decoder.clean_text = !s->json && !s->bpe;
  int rc = decoder ? read_decoder(s, decoder, t, err) : OK;
  if (rc == OK)
    rc = json_get_bool(file_config, s->config, "clean_up_tokenization_spaces",
                       &t->decoder.clean_text, err);
  return rc;
}

static bool ids_exist(const Template *form, size_t size) {
  for (size_t i = 0; i < form->n; i++)
    if (form->items[i].id >= 0 && (size_t)form->items[i].id >= size)
      return false;
  return true;
}

int sources_template(const Sources *s, Tokenizer *t, Error *err) {
  size_t size = tokenizer_size(t);
  int rc = OK;
  if (s->json)
    rc = template_read(json_get(s->json, "post_processor"), &t->single,
                       &t->pair, err);
  else if (s->bpe)
    template_roberta(t->special.cls, t->special.sep, &t->single, &t->pair);
  else
    template_bert(t->special.cls, t->special.sep, &t->single, &t->pair);
  if (rc == OK && !(ids_exist(&t->single, size) && ids_exist(&t->pair, size)))
    return fail(err, ERR_FORMAT, "%s: post_processor: an id is above %zu",
                file_json, size - 1);
  return rc;
}
