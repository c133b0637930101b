/*
 * tokenizer_open.c - builds a tokenizer from a checkpoint's files.
 *
 * In:  tokenizer.json, or vocab.txt, or vocab.json and merges.txt; with each,
 *      tokenizer_config.json, special_tokens_map.json, added_tokens.json, and
 *      config.json for the class.
 * Out: a Tokenizer.
 *
 * tokenizer.json has everything, and tokenizer_config.json may overrule parts
 * of it, by rules that depend on the tokenizer's class (sources_class.c):
 *
 *     kind            the model of tokenizer.json, else the class
 *     do_lower_case, strip_accents, tokenize_chinese_chars
 *     add_prefix_space, trim_offsets
 *                     tokenizer.json, unless the class overrules it
 *     added tokens    tokenizer.json, flags overruled by added_tokens_decoder
 *                     of tokenizer_config.json; only where that is missing,
 *                     added_tokens.json too; then additional_special_tokens
 *     cls_token ...   tokenizer_config.json; special_tokens_map.json first in
 *                     old files, which have no added_tokens_decoder
 *     truncation, padding of tokenizer.json   ignored, as transformers does
 *
 * Refuses other kinds of model, normalizer, pre-tokenizer and post-processor
 * by name: a tokenizer that is nearly right gives wrong answers in silence.
 */
#include "text/sources.h"

#include <string.h>
#include "base/memory.h"

const char file_json[] = "tokenizer.json";
const char file_config[] = "tokenizer_config.json";
const char file_map[] = "special_tokens_map.json";
const char file_vocab[] = "vocab.json";
const char file_added[] = "added_tokens.json";
const char file_model[] = "config.json";

enum { MAX_SMALL_JSON = 16 << 20 };

static int parse(const char *what, FileText file, size_t limit, cJSON **out,
                 Error *err) {
  *out = NULL;
  if (!file.text)
    return OK;
  int rc = json_parse(what, file.text, file.bytes, limit, out, err);
  if (rc == OK && !cJSON_IsObject(*out))
    return fail(err, ERR_FORMAT, "%s: not a JSON object", what);
  return rc;
}

static int parse_all(Sources *s, Error *err) {
  const TokenizerFiles *f = s->files;
  int rc = parse(file_json, f->tokenizer_json, VOCAB_MAX_BYTES, &s->json, err);
  if (rc == OK)
    rc = parse(file_config, f->tokenizer_config, MAX_SMALL_JSON, &s->config,
               err);
  if (rc == OK)
    rc = parse(file_map, f->special_tokens_map, MAX_SMALL_JSON, &s->map, err);
  rc = rc ? rc : parse(file_model, f->config, MAX_SMALL_JSON, &s->model, err);
  if (rc == OK && !json_get(s->config, "added_tokens_decoder"))
    rc = parse(file_added, f->added_tokens, MAX_SMALL_JSON, &s->added, err);
  if (rc == OK && !s->json) /* it would have the vocabulary */
    rc = parse(file_vocab, f->vocab_json, VOCAB_MAX_BYTES, &s->vocab, err);
  return rc;
}

/* The kind the model object of a tokenizer.json has; old files leave out its
 * type. */
static int find_kind(Sources *s, Error *err) {
  const cJSON *model = json_get(s->json, "model");
  const char *type = NULL;
  int rc = json_get_text(file_json, model, "type", &type, err);
  if (rc)
    return rc;
  if (!type && model)
    type = json_get(model, "merges") ? "BPE" : "WordPiece";
  s->bpe =
      type ? strcmp(type, "BPE") == 0 : s->class->kind == TOKENIZER_BYTE_BPE;
  if (type && !s->bpe && strcmp(type, "WordPiece") != 0)
    return sources_refuse("a model", type, err);
  return OK;
}

/* Absent or huge (1e30 stands for "none"): no limit. */
static int read_model_max(const Sources *s, size_t *out, Error *err) {
  double max = 0;
  int rc = json_get_real(file_config, s->config, "model_max_length", 1, 1e300,
                         &max, err);
  *out = max < 1e9 ? (size_t)max : 0;
  return rc;
}

static int build(Sources *s, TokenizerKind kind, Tokenizer *t, Error *err) {
  int rc = sources_class(s, kind, err);
  rc = rc ? rc : find_kind(s, err);
  t->pieces = s->bpe ? &pieces_byte_level : &pieces_bert;
  rc = rc ? rc : sources_sequence(s, t, err);
  if (rc == OK && s->bpe)
    rc = sources_byte_level(s, t, err);
  else if (rc == OK && !t->sequence)
    rc = sources_normalizer(s, t, err);
  rc = rc ? rc : sources_vocab(s, &t->vocab, err);
  rc = rc ? rc : sources_added(s, t, err);
  rc = rc ? rc : sources_special(s, t, err);
  if (rc == OK)
    rc = s->bpe ? sources_bpe(s, t, err) : sources_wordpiece(s, t, err);
  rc = rc ? rc : sources_decoder(s, t, err);
  rc = rc ? rc : sources_template(s, t, err);
  rc = rc ? rc : read_model_max(s, &t->model_max, err);
  const Steps *steps = t->sequence ? &t->sequence->steps : NULL;
  rc = rc ? rc : added_index(&t->added, &t->normalizer, steps, err);
  if (rc == OK && t->sequence)
    rc = sequence_prepare(t, err);
  else if (rc == OK)
    t->pieces->prepare(t);
  return rc;
}

int tokenizer_open(TokenizerKind kind, const TokenizerFiles *files,
                   Tokenizer **out, Error *err) {
  Sources s = {.files = files};
  *out = NULL;
  Tokenizer *t = mem_zeroed(sizeof *t);
  int rc = t ? parse_all(&s, err) : fail_memory(err);
  if (rc == OK)
    rc = build(&s, kind, t, err);
  cJSON_Delete(s.json);
  cJSON_Delete(s.config);
  cJSON_Delete(s.map);
  cJSON_Delete(s.vocab);
  cJSON_Delete(s.added);
  cJSON_Delete(s.model);
  if (rc) {
    tokenizer_free(t);
    return rc;
  }
  *out = t;
  return OK;
}
