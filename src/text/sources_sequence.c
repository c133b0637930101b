/*
 * sources_sequence.c - normalizers and pre-tokenizers of a tokenizer.json,
 * where they are not the usual ones.
 *
 * In:  the normalizer and the pre_tokenizer of tokenizer.json.
 * Out: nothing where they are a BertNormalizer and a BertPreTokenizer, or none
 *      and a ByteLevel, which bert.c and byte_level.c are made for; else steps
 *      and cuts for sequence.c.
 *
 *     {"normalizer": {"type": "Sequence", "normalizers": [
 *        {"type": "NFC"}, {"type": "Lowercase"},
 *        {"type": "Replace", "pattern": {"String": "``"}, "content": "\""}]},
 *      "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
 *        {"type": "Digits", "individual_digits": true},
 *        {"type": "ByteLevel", "add_prefix_space": false}]}}
 *
 * Sequences may hold Sequences.  A Split by the pattern of GPT-2 before a
 * ByteLevel without its own is the same as that ByteLevel with it.
 *
 * Refuses all others by name: Prepend, Nmt, Precompiled; patterns that are not
 * literal; words made of WordPiece that white space does not end; byte-level
 * BPE without its ByteLevel at the end.
 */
#include "text/sources.h"

#include <string.h>
#include "base/memory.h"
#include "base/utf8.h"

static const char gpt2[] = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+|"
                           " ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

static const char *type_of(const cJSON *object) {
  const char *type = cJSON_GetStringValue(json_get(object, "type"));
  return type ? type : object ? "?" : "null";
}

static bool is(const cJSON *object, const char *type) {
  return strcmp(type_of(object), type) == 0;
}

/* --- Normalizers --- */

static int add(Tokenizer *t, Step step, Error *err) {
  return steps_add(&t->sequence->steps, step, err);
}

static int add_bert(const cJSON *n, Tokenizer *t, Error *err) {
  bool clean = true, cjk = true, lower = true, strip = true;
  int rc = json_get_bool(file_json, n, "clean_text", &clean, err);
  if (rc == OK)
    rc = json_get_bool(file_json, n, "handle_chinese_chars", &cjk, err);
  rc = rc ? rc : json_get_bool(file_json, n, "lowercase", &lower, err);
  strip = lower;
  rc = rc ? rc : json_get_bool(file_json, n, "strip_accents", &strip, err);
  const struct {
    bool wanted;
    Step step;
  } all[] = {{clean, {.kind = STEP_CLEAN}},
             {cjk, {.kind = STEP_CJK}},
             {strip, {.kind = STEP_FORM}},
             {strip, {.kind = STEP_ACCENTS}},
             {lower, {.kind = STEP_LOWER}}};
  for (size_t i = 0; i < sizeof all / sizeof *all && rc == OK; i++)
    if (all[i].wanted)
      rc = add(t, all[i].step, err);
  return rc;
}

static int read_codes(const char *text, uint32_t *out, size_t *n, Error *err) {
  size_t bytes = strlen(text);
  *n = 0;
  for (size_t at = 0; at < bytes;) {
    if (*n == STEP_TEXT_MAX)
      return fail(err, ERR_UNSUPPORTED,
                  "%s: Replace with more than %d characters is not supported",
                  file_json, STEP_TEXT_MAX);
    at += utf8_decode(text, bytes, at, &out[(*n)++]);
  }
  return OK;
}

static int add_replace(const cJSON *n, Tokenizer *t, Error *err) {
  Step step = {.kind = STEP_REPLACE};
  const char *pattern = NULL, *content = NULL;
  int rc =
      json_get_text(file_json, json_get(n, "pattern"), "String", &pattern, err);
  rc = rc ? rc : json_get_text(file_json, n, "content", &content, err);
  if (rc == OK && (!pattern || !*pattern || !content))
    rc = fail(err, ERR_UNSUPPORTED,
              "%s: Replace of anything but a text is not supported", file_json);
  rc = rc ? rc : read_codes(pattern, step.pattern, &step.n_pattern, err);
  rc = rc ? rc : read_codes(content, step.content, &step.n_content, err);
  return rc ? rc : add(t, step, err);
}

static int add_strip(const cJSON *n, Tokenizer *t, Error *err) {
  Step step = {.kind = STEP_STRIP, .left = true, .right = true};
  int rc = json_get_bool(file_json, n, "strip_left", &step.left, err);
  rc = rc ? rc : json_get_bool(file_json, n, "strip_right", &step.right, err);
  return rc ? rc : add(t, step, err);
}

static int add_normalizer(const cJSON *n, Tokenizer *t, Error *err) {
  static const struct {
    const char *type;
    Step step;
  } simple[] = {
      {"NFD", {.kind = STEP_FORM}},
      {"NFKD", {.kind = STEP_FORM, .compat = true}},
      {"NFC", {.kind = STEP_FORM, .composed = true}},
      {"NFKC", {.kind = STEP_FORM, .compat = true, .composed = true}},
      {"Lowercase", {.kind = STEP_LOWER}},
      {"StripAccents", {.kind = STEP_MARKS}},
  };
  const cJSON *item;
  int rc = OK;
  for (size_t i = 0; i < sizeof simple / sizeof *simple; i++)
    if (is(n, simple[i].type)) {
      t->normalizer.lower |= simple[i].step.kind == STEP_LOWER;
      return add(t, simple[i].step, err);
    }
  if (is(n, "BertNormalizer"))
    return add_bert(n, t, err);
  if (is(n, "Strip"))
    return add_strip(n, t, err);
  if (is(n, "Replace"))
    return add_replace(n, t, err);
  if (!is(n, "Sequence"))
    return sources_refuse("a normalizer", type_of(n), err);
  cJSON_ArrayForEach(item, json_get(n, "normalizers")) {
    rc = rc ? rc : add_normalizer(item, t, err);
  }
  return rc;
}

/* --- Pre-tokenizers --- */

static int cut(Tokenizer *t, CutKind kind, CutHow how, Error *err) {
  Cuts *c = &t->sequence->cuts;
  if (c->n == CUTS_MAX)
    return fail(err, ERR_RANGE, "%s: more than %d pre-tokenizers", file_json,
                CUTS_MAX);
  c->list[c->n++] = (Cut){kind, how};
  return OK;
}

static int cut_punctuation(const cJSON *p, Tokenizer *t, Error *err) {
  static const char *const names[] = {"Isolated", "Contiguous", "Removed",
                                      "MergedWithPrevious", "MergedWithNext"};
  const char *how = names[0];
  int rc = json_get_text(file_json, p, "behavior", &how, err);
  for (size_t i = 0; i < sizeof names / sizeof *names && rc == OK; i++)
    if (strcmp(how, names[i]) == 0)
      return cut(t, CUT_PUNCTUATION, (CutHow)i, err);
  return rc ? rc : sources_refuse("Punctuation's behavior", how, err);
}

static int cut_digits(const cJSON *p, Tokenizer *t, Error *err) {
  bool alone = false;
  int rc = json_get_bool(file_json, p, "individual_digits", &alone, err);
  return rc ? rc
            : cut(t, CUT_DIGITS, alone ? CUT_ISOLATED : CUT_CONTIGUOUS, err);
}

/* Is it the pattern of GPT-2, each match a word? */
static bool is_gpt2(const cJSON *p) {
  const char *pattern =
      cJSON_GetStringValue(json_get(json_get(p, "pattern"), "Regex"));
  const char *how = cJSON_GetStringValue(json_get(p, "behavior"));
  bool invert = cJSON_IsTrue(json_get(p, "invert"));
  return pattern && strcmp(pattern, gpt2) == 0 && how &&
         strcmp(how, invert ? "Removed" : "Isolated") == 0;
}

/* ByteLevel comes last: `split` tells that GPT-2's pattern stood before it. */
static int cut_bytes(const cJSON *p, Sources *s, bool split, Error *err) {
  bool regex = true, prefix = false;
  int rc = json_get_bool(file_json, p, "use_regex", &regex, err);
  rc = rc ? rc : json_get_bool(file_json, p, "add_prefix_space", &prefix, err);
  if (rc)
    return rc;
  if (split ? prefix : !regex)
    return fail(err, ERR_UNSUPPORTED, "%s: pre_tokenizer %s is not supported",
                file_json,
                split ? "Split with add_prefix_space" : "without use_regex");
  s->byte_level = p;
  return OK;
}

static int cut_simple(const cJSON *p, Tokenizer *t, Error *err) {
  if (is(p, "Punctuation"))
    return cut_punctuation(p, t, err);
  if (is(p, "Digits"))
    return cut_digits(p, t, err);
  if (is(p, "Whitespace"))
    return cut(t, CUT_WORDS, CUT_ISOLATED, err);
  if (!is(p, "WhitespaceSplit") && !is(p, "BertPreTokenizer"))
    return sources_refuse("pre_tokenizer", type_of(p), err);
  int rc = cut(t, CUT_SPACE, CUT_ISOLATED, err);
  return rc || is(p, "WhitespaceSplit")
             ? rc
             : cut(t, CUT_PUNCTUATION, CUT_ISOLATED, err);
}

static int add_cuts(const cJSON *p, Sources *s, bool *split, Tokenizer *t,
                    Error *err) {
  const cJSON *item;
  int rc = OK;
  bool late = s->byte_level || (*split && !is(p, "ByteLevel"));
  if (is(p, "Sequence")) {
    cJSON_ArrayForEach(item, json_get(p, "pretokenizers")) {
      rc = rc ? rc : add_cuts(item, s, split, t, err);
    }
    return rc;
  }
  if (late || (is(p, "ByteLevel") && !s->bpe))
    return sources_refuse("pre_tokenizer", type_of(p), err);
  if (is(p, "ByteLevel"))
    return cut_bytes(p, s, *split, err);
  *split = s->bpe && is(p, "Split") && is_gpt2(p);
  return *split ? OK : cut_simple(p, t, err);
}

static int check_cuts(const Sources *s, const Tokenizer *t, Error *err) {
  const Cuts *c = &t->sequence->cuts;
  bool spaces = false;
  for (size_t i = 0; i < c->n; i++)
    spaces |= c->list[i].kind == CUT_SPACE || c->list[i].kind == CUT_WORDS;
  if (s->bpe ? s->byte_level != NULL : spaces)
    return OK;
  return fail(err, ERR_UNSUPPORTED,
              "%s: pre_tokenizer without %s is not supported", file_json,
              s->bpe ? "ByteLevel" : "white space");
}

/* --- Both --- */

static bool is_usual(const Sources *s) {
  const cJSON *n = json_get(s->json, "normalizer");
  const cJSON *p = json_get(s->json, "pre_tokenizer");
  const cJSON *list = json_get(n, "normalizers");
  bool none = !n || (list && cJSON_GetArraySize(list) == 0);
  n = sources_unwrap(n, "normalizers");
  p = sources_unwrap(p, "pretokenizers");
  if (s->bpe)
    return none && is(p, "ByteLevel");
  return (!n || is(n, "BertNormalizer") || is(n, "Lowercase")) &&
         is(p, "BertPreTokenizer");
}

int sources_sequence(Sources *s, Tokenizer *t, Error *err) {
  const cJSON *n = json_get(s->json, "normalizer");
  const cJSON *p = json_get(s->json, "pre_tokenizer");
  bool split = false;
  if (!s->json)
    return OK;
  if (is_usual(s))
    return s->bpe ? cut_bytes(sources_unwrap(p, "pretokenizers"), s, false, err)
                  : OK;
  t->sequence = mem_zeroed(sizeof *t->sequence);
  if (!t->sequence)
    return fail_memory(err);
  int rc = n ? add_normalizer(n, t, err) : OK;
  rc = rc ? rc : add_cuts(p, s, &split, t, err);
  return rc ? rc : check_cuts(s, t, err);
}
