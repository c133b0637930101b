/*
 * sources_bpe.c - what only byte-level BPE has, out of its files.
 *
 * In:  parsed tokenizer.json and tokenizer_config.json, or merges.txt.
 * Out: the merges, and what becomes of spaces.
 *
 *     {"normalizer": null,
 *      "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
 *      "post_processor": {"type": "RobertaProcessing", "trim_offsets": true,
 *                         "add_prefix_space": false, ...},
 *      "model": {"type": "BPE", "vocab": {...}, "merges": [...], ...}}
 *
 * add_prefix_space is there twice: one puts spaces into the text, the other
 * says that they were put there.
 *
 * Refuses what would need code that no RoBERTa has ever needed: dropout,
 * prefixes and suffixes of tokens, byte fallback.
 */
#include "text/sources.h"

#include <string.h>

/* --- Spaces --- */

static int read_pre_tokenizer(const Sources *s, ByteLevel *out, Error *err) {
  return json_get_bool(file_json, s->byte_level, "add_prefix_space",
                       &out->prefix, err);
}

/* The post-processors that trim are RobertaProcessing and ByteLevel. */
static int read_post_processor(const cJSON *p, ByteLevel *out, Error *err) {
  const char *type = "";
  int rc = json_get_text(file_json, p, "type", &type, err);
  if (rc || (strcmp(type, "RobertaProcessing") && strcmp(type, "ByteLevel")))
    return rc;
  out->trim = out->trim_prefix = true;
  rc = json_get_bool(file_json, p, "trim_offsets", &out->trim, err);
  return rc ? rc
            : json_get_bool(file_json, p, "add_prefix_space", &out->trim_prefix,
                            err);
}

static int read_json(const Sources *s, ByteLevel *out, Error *err) {
  const cJSON *p = json_get(s->json, "post_processor"), *item;
  int rc = read_pre_tokenizer(s, out, err);
  rc = rc ? rc : read_post_processor(p, out, err);
  cJSON_ArrayForEach(item, json_get(p, "processors")) {
    rc = rc ? rc : read_post_processor(item, out, err);
  }
  return rc;
}

/* tokenizer_config.json's words, where the class lets them count. */
static int force(const Sources *s, bool spaces, bool offsets, ByteLevel *out,
                 Error *err) {
  bool prefix = false, trim = true;
  int rc =
      json_get_bool(file_config, s->config, "add_prefix_space", &prefix, err);
  rc = rc ? rc
          : json_get_bool(file_config, s->config, "trim_offsets", &trim, err);
  if (spaces)
    out->prefix = prefix;
  if (offsets) {
    out->trim = trim;
    out->trim_prefix = prefix;
  }
  return rc;
}

static bool has_type(const cJSON *object, const char *type) {
  const char *text = cJSON_GetStringValue(json_get(object, "type"));
  return text && strcmp(text, type) == 0;
}

/* What stands inside a Sequence stays as it is. */
int sources_byte_level(const Sources *s, Tokenizer *t, Error *err) {
  ByteLevel *out = &t->byte_level;
  *out = (ByteLevel){.trim = !s->json};
  int rc = s->json ? read_json(s, out, err) : OK;
  const cJSON *p = json_get(s->json, "post_processor");
  bool trims = has_type(p, "RobertaProcessing") || has_type(p, "ByteLevel");
  bool byte_level = has_type(json_get(s->json, "pre_tokenizer"), "ByteLevel");
  bool spaces = !s->json || (byte_level && s->class->spaces);
  bool offsets = !s->json || (trims && sources_forced(s, TOKENIZER_BYTE_BPE));
  ByteLevel was = *out;
  rc = rc ? rc : force(s, spaces, offsets, out, err);
  if (rc == OK && s->json && was.prefix != out->prefix)
    sources_note(s, t, out->prefix ? "space put first" : "no space put first",
                 "add_prefix_space");
  return rc;
}

/* --- The model --- */

/* Keys that must not be set, and to what. */
static int check_options(const cJSON *model, Error *err) {
  static const char *const texts[] = {"continuing_subword_prefix",
                                      "end_of_word_suffix"};
  bool fallback = false;
  double dropout = 0;
  for (size_t i = 0; i < 2; i++) {
    const char *text = "";
    int rc = json_get_text(file_json, model, texts[i], &text, err);
    if (rc)
      return rc;
    if (*text)
      return fail(err, ERR_UNSUPPORTED, "%s: model.%s is not supported",
                  file_json, texts[i]);
  }
  int rc = json_get_bool(file_json, model, "byte_fallback", &fallback, err);
  if (rc == OK)
    rc = json_get_real(file_json, model, "dropout", 0, 1, &dropout, err);
  if (rc == OK && (fallback || dropout > 0))
    rc = fail(err, ERR_UNSUPPORTED, "%s: model.%s is not supported", file_json,
              fallback ? "byte_fallback" : "dropout");
  return rc;
}

static int read_options(const cJSON *model, Bpe *out, Error *err) {
  const char *unk = NULL;
  char shown[ERROR_QUOTE];
  int rc = check_options(model, err);
  rc = rc ? rc : json_get_text(file_json, model, "unk_token", &unk, err);
  if (rc == OK)
    rc = json_get_bool(file_json, model, "fuse_unk", &out->fuse_unk, err);
  if (rc == OK)
    rc = json_get_bool(file_json, model, "ignore_merges", &out->ignore_merges,
                       err);
  if (rc || !unk)
    return rc;
  out->unk = vocab_find(out->vocab, unk, strlen(unk));
  if (out->unk < 0)
    return fail(err, ERR_FORMAT, "%s: the vocabulary has no %s (unk_token)",
                file_json, error_quote(shown, unk));
  return OK;
}

int sources_bpe(const Sources *s, Tokenizer *t, Error *err) {
  const cJSON *model = json_get(s->json, "model");
  const FileText *lines = &s->files->merges_txt;
  bpe_init(&t->bpe, &t->vocab);
  int rc = read_options(model, &t->bpe, err);
  if (rc)
    return rc;
  rc = s->json ? bpe_read_list(&t->bpe, json_get(model, "merges"), err)
               : bpe_read_lines(&t->bpe, lines->text, lines->bytes, err);
  return rc ? rc : bpe_index(&t->bpe, err);
}
