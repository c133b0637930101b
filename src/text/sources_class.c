/*
 * sources_class.c - which class of transformers a tokenizer belongs to, and
 * what that class overrules.
 *
 * In:  tokenizer_class of tokenizer_config.json, else of config.json, else
 *      the class of the model's type, as AutoTokenizer looks for it.
 * Out: the kind of tokenizer where there is no tokenizer.json, and which keys
 *      count more than a tokenizer.json.
 *
 *     Bert, DistilBert ...  do_lower_case, strip_accents and
 *                           tokenize_chinese_chars of tokenizer_config.json,
 *                           or true, null, true: whatever the BertNormalizer
 *                           of tokenizer.json says
 *     Roberta ...           add_prefix_space and trim_offsets, or false, true:
 *                           whatever RobertaProcessing says
 *     these, GPT2,          add_prefix_space, or false: whatever the ByteLevel
 *     PreTrained ...        pre-tokenizer says
 *     unknown ones          nothing
 *
 * Parts inside a Sequence are never overruled.  A note is kept of what was, for
 * whoever wonders why a cased model reads in lower case.
 *
 * Agrees with AutoTokenizer and the fast classes of transformers 4.57; 5.24
 * takes ByteLevel as it is for GPT2 and PreTrained.  Refuses classes it does
 * not know where only a vocabulary tells what they do.
 */
#include "text/sources.h"

#include <stdio.h>
#include <string.h>

static const TokenizerClass classes[] = {
    {"BertTokenizer", true, TOKENIZER_WORDPIECE, true},
    {"DistilBertTokenizer", true, TOKENIZER_WORDPIECE, true},
    {"ElectraTokenizer", true, TOKENIZER_WORDPIECE, true},
    {"MobileBertTokenizer", true, TOKENIZER_WORDPIECE, true},
    {"ConvBertTokenizer", true, TOKENIZER_WORDPIECE, true},
    {"SqueezeBertTokenizer", true, TOKENIZER_WORDPIECE, true},
    {"LayoutLMTokenizer", true, TOKENIZER_WORDPIECE, true},
    {"RobertaTokenizer", true, TOKENIZER_BYTE_BPE, true},
    {"LongformerTokenizer", true, TOKENIZER_BYTE_BPE, true},
    {"BartTokenizer", true, TOKENIZER_BYTE_BPE, true},
    {"GPT2Tokenizer", false, 0, true},
    {"PreTrainedTokenizer", false, 0, true},
};

/* Names with and without "Fast" are of one class. */
static bool is_named(const char *name, const char *class) {
  size_t n = strlen(class);
  return strncmp(name, class, n) == 0 &&
         (name[n] == 0 || strcmp(name + n, "Fast") == 0);
}

static const TokenizerClass *find(const char *name) {
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
    if (is_named(name, classes[i].name))
      return &classes[i];
  return NULL;
}

int sources_class(Sources *s, TokenizerKind kind, Error *err) {
  static const TokenizerClass unknown = {"", false, 0, false};
  const char *name = NULL;
  char shown[ERROR_QUOTE];
  int rc = json_get_text(file_config, s->config, "tokenizer_class", &name, err);
  if (rc == OK && !name)
    rc = json_get_text(file_model, s->model, "tokenizer_class", &name, err);
  if (rc)
    return rc;
  const char *usual =
      kind == TOKENIZER_BYTE_BPE ? "RobertaTokenizer" : "BertTokenizer";
  s->class_name = name ? name : usual;
  const TokenizerClass *found = find(s->class_name);
  if (!found && !s->json)
    return fail(err, ERR_UNSUPPORTED,
                "tokenizer_class %s is not supported without %s",
                error_quote(shown, s->class_name), file_json);
  s->class = found ? found : &unknown;
  if (!s->class->forces && !s->json)
    s->class = find(usual);
  return OK;
}

bool sources_forced(const Sources *s, TokenizerKind kind) {
  return s->class->forces && s->class->kind == kind;
}

void sources_note(const Sources *s, Tokenizer *t, const char *what,
                  const char *key) {
  size_t used = strlen(t->note), room = sizeof t->note - used;
  bool stated = json_get(s->config, key) != NULL;
  char shown[ERROR_QUOTE];
  snprintf(t->note + used, room, "%s%s by %s%s, against %s", used ? "; " : "",
           what, stated ? key : error_quote(shown, s->class_name),
           stated ? " of tokenizer_config.json" : "'s default", file_json);
}
