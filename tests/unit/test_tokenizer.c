/*
 * test_tokenizer.c - what a tokenizer's files may say, added tokens, odd text.
 *
 * Texts are tokenized with a small vocabulary and written down as
 * "token@start-end/word", which is compared with what is expected.
 */
#include <stdarg.h>
#include "check.h"
#include "shown_tokens.h"
#include "tokenizers.h"
#include "text/wordpiece.h"

#define SPECIALS "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"
#define WORDS                                                                  \
  "hello\nworld\n##s\nun\n##aff\n##able\na\nb\n##b\n##c\ncafe\ni\n!\n,\n[\n]"  \
  "\n"                                                                         \
  "mask\n\xe4\xb8\xad\n\xe5\x9b\xbd\nx\n##"                                    \
  "x\nfoo\nbar\nTOK\ntok\n\xef\xbf\xbd\n"

static const char vocab[] = SPECIALS WORDS;

static void check_text(const Tokenizer *t, const char *text, size_t bytes,
                       const char *want) {
  show(t, text, bytes);
  CHECK(strcmp(shown, want) == 0, "\"%s\": %s, not %s", text, shown, want);
}

typedef struct Case {
  const char *text, *want;
} Case;

static void check_cases(const Tokenizer *t, const Case *cases, size_t n) {
  for (size_t i = 0; i < n; i++)
    check_text(t, cases[i].text, strlen(cases[i].text), cases[i].want);
}

#define CHECK_CASES(t, cases)                                                  \
  check_cases(t, cases, sizeof cases / sizeof *cases)

/* --- Text --- */

static void check_words(void) {
  static const Case cases[] = {
      {"", ""},
      {" \t\n", ""},
      {"Hello, worlds!", "hello@0-5/0 ,@5-6/1 world@7-12/2 ##s@12-13/2 "
                         "!@13-14/3"},
      {"unaffable", "un@0-2/0 ##aff@2-5/0 ##able@5-9/0"},
      {"unaffablez b", "[UNK]@0-10/0 b@11-12/1"},
      {"caf\xc3\xa9", "cafe@0-4/0"},
      {"cafe\xcc\x81", "cafe@0-4/0"}, /* trailing mark: outside */
      {"\xcc\x81"
       "abc",
       "a@1-2/0 ##b@2-3/0 ##c@3-4/0"},
      {"\xe4\xb8\xad\xe5\x9b\xbd", "\xe4\xb8\xad@0-1/0 \xe5\x9b\xbd@1-2/1"},
      {"a\xe4\xb8\xad"
       "b",
       "a@0-1/0 \xe4\xb8\xad@1-2/1 b@2-3/2"},
      {"\xc4\xb0", "i@0-1/0"}, /* U+0130 */
      {"a\xff"
       "b",
       "a@0-1/0 ##b@2-3/0"}, /* bad bytes are removed */
      {"a\xe4\xb8 b", "a@0-1/0 b@3-4/1"},
      {"[mask]", "[@0-1/0 mask@1-5/1 ]@5-6/2"},
      {"[MASK][MASK]", "[MASK]@0-6/0 [MASK]@6-12/1"},
      {"hello[MASK]world", "hello@0-5/0 [MASK]@5-11/1 world@11-16/2"},
      {"[[MASK]", "[@0-1/0 [MASK]@1-7/1"},
      {"[MASK", "[@0-1/0 mask@1-5/1"},
  };
  Tokenizer *t = open_vocab(text_of(vocab), NULL);
  CHECK_CASES(t, cases);
  check_text(t, "a\0b", 3, "a@0-1/0 ##b@2-3/0"); /* NUL is removed */
  check_text(t, "\0", 1, "");
  tokenizer_free(t);
}

/* 100 letters are a word, 101 are unknown; the limit of a file is clamped. */
static void check_long_words(void) {
  char text[3000];
  memset(text, 'x', sizeof text);
  Tokenizer *t = open_vocab(text_of(vocab), NULL);
  Encoding e = {0};
  for (size_t n = 98; n <= 103; n++) {
    TextCursor c;
    e.n = 0;
    CHECK(tokenizer_begin(t, text, n, &c, NULL) == OK &&
              tokenizer_next(&c, 1000, NULL, &e, NULL) == OK,
          "%zu", n);
    CHECK(e.n == (n <= 100 ? n : 1) && e.tokens[e.n - 1].end == n,
          "%zu letters: %zu tokens", n, e.n);
  }
  encoding_clear(&e);
  tokenizer_free(t);
}

/* Marks that strip_accents keeps are sorted by class; places keep offsets. */
static void check_order(void) {
  /* U+08D4 (class 230), U+302E (224): canonical order is 302E 08D4. */
  static const Case cases[] = {
      {"\xe0\xa3\x94\xe3\x80\xae", "\xe3\x80\xae@0-1/0 ##\xe0\xa3\x94@1-2/0"},
      {"\xe3\x80\xae\xe0\xa3\x94", "\xe3\x80\xae@0-1/0 ##\xe0\xa3\x94@1-2/0"},
      {"a\xe0\xa3\x94\xe3\x80\xae", "[UNK]@0-3/0"},
  };
  static const char marks[] = SPECIALS "\xe3\x80\xae\n##\xe0\xa3\x94\n";
  Tokenizer *t = open_vocab(text_of(marks), NULL);
  CHECK_CASES(t, cases);
  /* U+0E34 is deleted, but its class is 0: nothing moves across it. */
  check_text(t, "\xe0\xa3\x94\xe0\xb8\xb4\xe3\x80\xae", 9, "[UNK]@0-3/0");
  tokenizer_free(t);
  t = open_vocab(text_of(marks), "{\"do_lower_case\": false}");
  static const Case as_it_is[] = {
      {"\xe0\xa3\x94\xe3\x80\xae", "[UNK]@0-2/0"},
  };
  CHECK_CASES(t, as_it_is);
  tokenizer_free(t);
}

/* --- Added tokens --- */

#define JSON_HEAD                                                              \
  "{\"version\":\"1.0\",\"normalizer\":{\"type\":\"BertNormalizer\"},"         \
  "\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},\"post_processor\":"      \
  "{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\",3],\"cls\":[\"[CLS]\",2]},"
#define JSON_MODEL                                                             \
  "\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"[PAD]\":0,\"[UNK]\":1,"      \
  "\"[CLS]\":2,\"[SEP]\":3,\"[MASK]\":4,\"hello\":5,\"world\":6,\"a\":7,"      \
  "\"b\":8,\"##b\":9,\"foo\":10,\"bar\":11,\"tok\":12,\"!\":13,"               \
  "\"\xe4\xb8\xad\":14,\"x\":15,\"##x\":16}}}"

static Tokenizer *open_json(const char *json, const char *config, Error *err) {
  TokenizerFiles files = {.tokenizer_json = text_of(json),
                          .tokenizer_config = text_of(config)};
  Tokenizer *t = NULL;
  int rc = tokenizer_open(TOKENIZER_WORDPIECE, &files, &t, err);
  CHECK((rc == OK) == (t != NULL), "code %d", rc);
  return t;
}

/* A tokenizer whose one added token is TOK with the given properties. */
static Tokenizer *open_added(const char *content, const char *properties) {
  char json[2048];
  Error err = {""};
  snprintf(json, sizeof json,
           JSON_HEAD
           "\"added_tokens\":[{\"content\":\"%s\",\"id\":%s}]," JSON_MODEL,
           content, properties);
  Tokenizer *t = open_json(json, NULL, &err);
  CHECK(t, "%s", err.message);
  return t;
}

static void check_added_one(const char *content, const char *properties,
                            const Case *cases, size_t n) {
  Tokenizer *t = open_added(content, properties);
  if (t)
    check_cases(t, cases, n);
  tokenizer_free(t);
}

#define ADDED(content, properties, ...)                                        \
  do {                                                                         \
    static const Case list[] = {__VA_ARGS__};                                  \
    check_added_one(content, properties, list, sizeof list / sizeof *list);    \
  } while (0)

static void check_added(void) {
  ADDED("TOK", "17,\"normalized\":false",
        {"aTOKb", "a@0-1/0 TOK@1-4/1 b@4-5/2"}, {"tok", "tok@0-3/0"},
        {"TOK TOK", "TOK@0-3/0 TOK@4-7/1"});
  ADDED("TOK", "17,\"normalized\":true",
        {"a tok b", "a@0-1/0 TOK@2-5/1 b@6-7/2"},
        {"aToKb", "a@0-1/0 TOK@1-4/1 b@4-5/2"},
        {"t\xc3\xb3k", "TOK@0-3/0"}, /* accents are stripped first */
        {"t\xcc\x81ok\xcc\x81!", "TOK@0-4/0 !@5-6/1"},
        {"\xcc\x81tok", "TOK@1-4/0"});
  ADDED("foo bar", "17,\"normalized\":true",
        {"f\xc3\xb3o b\xc3\xa1r", "foo bar@0-7/0"},
        {"foo\tbar", "foo bar@0-7/0"}, {"foo  bar", "foo@0-3/0 bar@5-8/1"},
        {"foo [MASK]bar", "foo@0-3/0 [MASK]@4-10/1 bar@10-13/2"});
  ADDED("\xe4\xb8\xad", "14,\"normalized\":true",
        {"a\xe4\xb8\xad", "a@0-1/0 \xe4\xb8\xad@1-2/1"});
  ADDED("TOK", "17,\"normalized\":false,\"single_word\":true",
        {"TOK", "TOK@0-3/0"}, {"a TOK!", "a@0-1/0 TOK@2-5/1 !@5-6/2"},
        {"TOKx", "tok@0-3/0 ##x@3-4/0"}, {"xTOK", "[UNK]@0-4/0"},
        {"\xc3\xa9TOK", "[UNK]@0-4/0"}, {"_TOK", "[UNK]@0-1/0 tok@1-4/1"},
        {"TOK\xff", "TOK@0-3/0"}, {"\xffTOK", "TOK@1-4/0"},
        {"TOK\xe4\xb8\xad", "tok@0-3/0 \xe4\xb8\xad@3-4/1"});
  ADDED("tok", "12,\"normalized\":true,\"single_word\":true",
        {"TOK", "tok@0-3/0"}, {"a TOK", "a@0-1/0 tok@2-5/1"},
        {"TOKx", "tok@0-3/0 ##x@3-4/0"},
        {"x\xff"
         "tok",
         "[UNK]@0-5/0"},
        {"tok\xe4\xb8\xad", "tok@0-3/0 \xe4\xb8\xad@3-4/1"},
        {"[MASK]tok[MASK]", "[MASK]@0-6/0 tok@6-9/1 [MASK]@9-15/2"});
  ADDED("TOK", "17,\"normalized\":false,\"lstrip\":true",
        {"a  TOK", "a@0-1/0 TOK@1-6/1"}, {" TOK TOK ", "TOK@0-4/0 TOK@4-8/1"},
        {"a\xc2\xa0TOK", "a@0-1/0 TOK@1-5/1"},
        {"a\xe2\x80\x8b TOK", "a@0-1/0 TOK@2-6/1"});
  ADDED("TOK", "17,\"normalized\":false,\"rstrip\":true",
        {"TOK  a", "TOK@0-5/0 a@5-6/1"}, {"TOK TOK ", "TOK@0-4/0 TOK@4-8/1"},
        {"TOK\t\n[MASK] a", "TOK@0-5/0 [MASK]@5-11/1 a@12-13/2"});
  ADDED("TOK", "17,\"normalized\":true,\"lstrip\":true,\"rstrip\":true",
        {"tok  tok", "TOK@0-5/0 TOK@5-8/1"},
        {"a  tok  a", "a@0-1/0 TOK@1-8/1 a@8-9/2"},
        {"a \xe2\x80\x8b \xe2\x80\x8btok", "a@0-1/0 TOK@1-8/1"});
}

/* Tokens of both kinds, and tokens within tokens. */
static void check_together(void) {
  char json[2048];
  Error err = {""};
  snprintf(json, sizeof json, "%s",
           JSON_HEAD "\"added_tokens\":["
                     "{\"id\":17,\"content\":\"RAW\",\"normalized\":false},"
                     "{\"id\":18,\"content\":\"xRAWy\",\"normalized\":true},"
                     "{\"id\":19,\"content\":\"b!RAW\",\"normalized\":false,"
                     "\"single_word\":true},"
                     "{\"id\":20,\"content\":\"a!a\",\"normalized\":true},"
                     "{\"id\":21,\"content\":\"b!a!a\",\"normalized\":true,"
                     "\"single_word\":true},"
                     "{\"id\":22,\"content\":\"qq\",\"normalized\":true,"
                     "\"single_word\":true}]," JSON_MODEL);
  Tokenizer *t = open_json(json, NULL, &err);
  CHECK(t, "%s", err.message);
  static const Case cases[] = {
      {"RAWqq", "RAW@0-3/0 qq@3-5/1"}, /* each part begins anew */
      {"xqq", "[UNK]@0-3/0"},
      {"xRAWy", "x@0-1/0 RAW@1-4/1 [UNK]@4-5/2"}, /* raw ones cut first */
      {"b!RAW", "b!RAW@0-5/0"},
      /* no match begins inside a refused one */
      {"b!RAWx", "b@0-1/0 !@1-2/1 [UNK]@2-6/2"},
      {"b!a!a", "b!a!a@0-5/0"},
      {"b!a!ax", "b@0-1/0 !@1-2/1 a@2-3/2 !@3-4/3 a@4-5/4 ##x@5-6/4"},
      {"a!ax", "a!a@0-3/0 x@3-4/1"},
  };
  CHECK_CASES(t, cases);
  tokenizer_free(t);
}

static void check_longest(void) {
  char json[2048];
  Error err = {""};
  snprintf(json, sizeof json, "%s",
           JSON_HEAD
           "\"added_tokens\":["
           "{\"id\":17,\"content\":\"ab\",\"normalized\":false},"
           "{\"id\":18,\"content\":\"abab!\",\"normalized\":false},"
           "{\"id\":19,\"content\":\"b!\",\"normalized\":false}]," JSON_MODEL);
  Tokenizer *t = open_json(json, NULL, &err);
  CHECK(t, "%s", err.message);
  static const Case cases[] = {
      {"abab!", "abab!@0-5/0"},
      {"abab", "ab@0-2/0 ab@2-4/1"},
      {"ababab!", "ab@0-2/0 abab!@2-7/1"},
      {"bb!", "b@0-1/0 b!@1-3/1"},
  };
  CHECK_CASES(t, cases);
  CHECK(tokenizer_size(t) == 20, "%zu", tokenizer_size(t));
  CHECK(tokenizer_id(t, "abab!", 5) == 18, "added tokens have ids");
  tokenizer_free(t);
}

/* --- Files --- */

static void check_ids(void) {
  Tokenizer *t = open_vocab(text_of(vocab), "{}");
  SpecialIds s = tokenizer_special(t);
  size_t bytes = 0;
  CHECK(s.pad == 0 && s.unk == 1 && s.cls == 2 && s.sep == 3 && s.mask == 4,
        "special ids");
  CHECK(tokenizer_id(t, "hello", 5) == 5 && tokenizer_id(t, "hell", 4) == -1,
        "ids");
  CHECK(tokenizer_size(t) == 31, "%zu", tokenizer_size(t));
  CHECK(strncmp(tokenizer_token(t, 30, &bytes), "\xef\xbf\xbd", bytes) == 0,
        "the last token");
  CHECK(!tokenizer_token(t, 31, &bytes) && !tokenizer_token(t, -1, &bytes),
        "no such id");
  CHECK(tokenizer_model_max(t) == 0, "defaults");
  CHECK(tokenizer_n_added(t, false) == 2 && tokenizer_n_added(t, true) == 3,
        "template");
  tokenizer_free(t);
}

/* Line ends, blank and equal lines, no last line end, missing [MASK]. */
static void check_lines(void) {
  Tokenizer *t =
      open_vocab(text_of("[PAD]\r\n[UNK]\r[CLS]\n[SEP]\n\na \na\na"), NULL);
  CHECK(tokenizer_id(t, "[UNK]", 5) == 1 && tokenizer_id(t, "[SEP]", 5) == 3,
        "line ends");
  CHECK(tokenizer_id(t, "", 0) == 4, "a blank line is a token");
  CHECK(tokenizer_id(t, "a ", 2) == 5, "spaces stay");
  CHECK(tokenizer_id(t, "a", 1) == 7, "the last of equal lines");
  CHECK(tokenizer_size(t) == 8 && tokenizer_special(t).mask == -1, "size");
  check_text(t, "[MASK]", 6, "[UNK]@0-1/0 [UNK]@1-5/1 [UNK]@5-6/2");
  tokenizer_free(t);
}

typedef struct Refused {
  const char *name, *vocab, *config, *json, *message;
  int code;
} Refused;

static void check_refused(void) {
  static const Refused cases[] = {
      {"nothing", NULL, NULL, NULL, "neither vocab.txt", ERR_IO},
      {"empty", "", NULL, NULL, "no [UNK]", ERR_FORMAT},
      {"no [CLS]", "[UNK]\n[SEP]\n", NULL, NULL, "no [CLS]", ERR_FORMAT},
      {"no [SEP]", "[UNK]\n[CLS]\n", NULL, NULL, "no [SEP]", ERR_FORMAT},
      {"named otherwise", SPECIALS, "{\"cls_token\":\"<s>\"}", NULL,
       "no <s> (cls_token)", ERR_FORMAT},
      {"UTF-8", SPECIALS "\xff\n", NULL, NULL, "line 6 is not UTF-8",
       ERR_FORMAT},
      {"config is a list", SPECIALS, "[]", NULL, "not a JSON object",
       ERR_FORMAT},
      {"a string for a bool", SPECIALS, "{\"do_lower_case\":\"yes\"}", NULL,
       "do_lower_case", ERR_FORMAT},
      {"Unigram", NULL, NULL, "{\"model\":{\"type\":\"Unigram\"}}",
       "\"Unigram\"", ERR_UNSUPPORTED},
      {"Metaspace", NULL, NULL,
       "{\"pre_tokenizer\":{\"type\":\"Metaspace\"}," JSON_MODEL,
       "\"Metaspace\"", ERR_UNSUPPORTED},
      {"no pre-tokenizer", NULL, NULL, "{" JSON_MODEL, "\"null\"",
       ERR_UNSUPPORTED},
      {"Prepend", NULL, NULL,
       "{\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},\"normalizer\":"
       "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFKC\"},{\"type\":"
       "\"Prepend\",\"prepend\":\"_\"}]}," JSON_MODEL,
       "normalizer of type \"Prepend\"", ERR_UNSUPPORTED},
      {"Replace by a pattern", NULL, NULL,
       "{\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},\"normalizer\":"
       "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\" +\"},\"content\":\" "
       "\"}," JSON_MODEL,
       "Replace of anything but a text", ERR_UNSUPPORTED},
      {"words with white space", NULL, NULL,
       "{\"pre_tokenizer\":{\"type\":\"Punctuation\"}," JSON_MODEL,
       "without white space", ERR_UNSUPPORTED},
      {"a behaviour", NULL, NULL,
       "{\"pre_tokenizer\":{\"type\":\"Punctuation\",\"behavior\":\"Odd\"}"
       "," JSON_MODEL,
       "behavior of type \"Odd\"", ERR_UNSUPPORTED},
      {"post-processor", NULL, NULL,
       "{\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},"
       "\"post_processor\":{\"type\":\"ByteLevel\"}," JSON_MODEL,
       "\"ByteLevel\"", ERR_UNSUPPORTED},
      {"no vocab", NULL, NULL, JSON_HEAD "\"model\":{\"type\":\"WordPiece\"}}",
       "model.vocab", ERR_FORMAT},
      {"id too high", NULL, NULL,
       JSON_HEAD "\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":16777216}}"
                 "}",
       "an id is not in", ERR_FORMAT},
      {"id negative", NULL, NULL,
       JSON_HEAD "\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":-1}}}",
       "an id is not in", ERR_FORMAT},
      {"id a fraction", NULL, NULL,
       JSON_HEAD "\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":0.5}}}",
       "an id is not in", ERR_FORMAT},
      {"too sparse", NULL, NULL,
       JSON_HEAD "\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":2000000}}"
                 "}",
       "outside 0", ERR_FORMAT},
      {"one id twice", NULL, NULL,
       JSON_HEAD "\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":1,\"b\":1}"
                 "}}",
       "two tokens have the id 1", ERR_FORMAT},
      {"added id of another", NULL, NULL,
       JSON_HEAD
       "\"added_tokens\":[{\"id\":3,\"content\":\"new\"}]," JSON_MODEL,
       "its id is 3", ERR_FORMAT},
      {"added id too high", NULL, NULL,
       JSON_HEAD
       "\"added_tokens\":[{\"id\":99,\"content\":\"new\"}]," JSON_MODEL,
       "its id is 99", ERR_FORMAT},
      {"added id negative", NULL, NULL,
       JSON_HEAD
       "\"added_tokens\":[{\"id\":-1,\"content\":\"new\"}]," JSON_MODEL,
       "id must be", ERR_FORMAT},
      {"added id missing", NULL, NULL,
       JSON_HEAD "\"added_tokens\":[{\"content\":\"new\"}]," JSON_MODEL,
       "without id", ERR_FORMAT},
      {"decoder key", SPECIALS,
       "{\"added_tokens_decoder\":{\"x\":{\"content\":\"new\"}}}", NULL,
       "without id", ERR_FORMAT},
      {"template id", NULL, NULL,
       "{\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},"
       "\"post_processor\":{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\",3],"
       "\"cls\":[\"[CLS]\",1000]}," JSON_MODEL,
       "an id is above 16", ERR_FORMAT},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const Refused *c = &cases[i];
    TokenizerFiles files = {.vocab_txt = text_of(c->vocab),
                            .tokenizer_config = text_of(c->config),
                            .tokenizer_json = text_of(c->json)};
    Tokenizer *t = NULL;
    Error err = {""};
    int rc = tokenizer_open(TOKENIZER_WORDPIECE, &files, &t, &err);
    CHECK(rc == c->code && !t && strstr(err.message, c->message),
          "%s: code %d, %s", c->name, rc, err.message);
  }
  TokenizerFiles files = {.vocab_txt = {"[UNK]\n\0\n", 8}};
  Tokenizer *t = NULL;
  Error err = {""};
  CHECK(tokenizer_open(TOKENIZER_WORDPIECE, &files, &t, &err) == ERR_FORMAT &&
            strstr(err.message, "NUL in line 2"),
        "%s", err.message);
}

/* An explicit key of tokenizer_config.json counts most, then tokenizer.json. */
static void check_precedence(void) {
#define NORMALIZER(rest)                                                       \
  "{\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},\"normalizer\":{"        \
  "\"type\":"                                                                  \
  "\"BertNormalizer\"" rest "}," JSON_MODEL
#define GENERIC "{\"tokenizer_class\":\"PreTrainedTokenizerFast\"}"
  static const struct {
    const char *json, *config, *text, *want;
  } cases[] = {
      {NORMALIZER(""), NULL, "HELLO", "hello@0-5/0"},
      {NORMALIZER(",\"lowercase\":false"), NULL, "HELLO", "hello@0-5/0"},
      {NORMALIZER(",\"lowercase\":false"), "{}", "HELLO", "hello@0-5/0"},
      {NORMALIZER(",\"lowercase\":false"), GENERIC, "HELLO", "[UNK]@0-5/0"},
      {NORMALIZER(",\"lowercase\":false"),
       "{\"tokenizer_class\":\"PreTrainedTokenizerFast\",\"do_lower_case\":"
       "true}",
       "HELLO", "[UNK]@0-5/0"},
      {NORMALIZER(",\"lowercase\":false"),
       "{\"tokenizer_class\":\"DistilBertTokenizerFast\"}", "HELLO",
       "hello@0-5/0"},
      {NORMALIZER(",\"lowercase\":false"),
       "{\"tokenizer_class\":\"OwnTokenizer\"}", "HELLO", "[UNK]@0-5/0"},
      {NORMALIZER(",\"lowercase\":false"), "{\"do_lower_case\":true}", "HELLO",
       "hello@0-5/0"},
      {NORMALIZER(",\"lowercase\":true"), "{\"do_lower_case\":false}", "HELLO",
       "[UNK]@0-5/0"},
      {NORMALIZER(",\"strip_accents\":false"), NULL, "h\xc3\xa9llo",
       "hello@0-5/0"},
      {NORMALIZER(",\"strip_accents\":false"), GENERIC, "h\xc3\xa9llo",
       "[UNK]@0-5/0"},
      {NORMALIZER(",\"strip_accents\":false"), "{\"strip_accents\":null}",
       "h\xc3\xa9llo", "hello@0-5/0"},
      {NORMALIZER(",\"handle_chinese_chars\":false"), NULL, "a\xe4\xb8\xad",
       "a@0-1/0 \xe4\xb8\xad@1-2/1"},
      {NORMALIZER(",\"handle_chinese_chars\":false"), GENERIC, "a\xe4\xb8\xad",
       "[UNK]@0-2/0"},
      {NORMALIZER(""), "{\"tokenize_chinese_chars\":false}", "a\xe4\xb8\xad",
       "[UNK]@0-2/0"},
      {NORMALIZER(",\"clean_text\":false"), NULL, "a\x01", "[UNK]@0-2/0"},
      {"{\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},\"normalizer\":"
       "null," JSON_MODEL,
       GENERIC, "Hello hello", "[UNK]@0-5/0 hello@6-11/1"},
      {"{\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":"
       "\"BertPreTokenizer\"}]},\"normalizer\":{\"type\":\"Sequence\","
       "\"normalizers\":[{\"type\":\"Lowercase\"}]}," JSON_MODEL,
       NULL, "HELLO!", "hello@0-5/0 !@5-6/1"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Error err = {""};
    Tokenizer *t = open_json(cases[i].json, cases[i].config, &err);
    CHECK(t, "%zu: %s", i, err.message);
    if (t)
      check_text(t, cases[i].text, strlen(cases[i].text), cases[i].want);
    tokenizer_free(t);
  }
}

/* Tokens of tokenizer_config.json: new ids in order, flags overruled. */
static void check_decoder(void) {
  Tokenizer *t = open_vocab(
      text_of(vocab),
      "{\"model_max_length\": 1000000000000000019884624838656,"
      "\"mask_token\":{\"content\":\"[MASK]\",\"lstrip\":true},"
      "\"added_tokens_decoder\":{"
      "\"32\":{\"content\":\"<b>\",\"special\":true},"
      "\"31\":{\"content\":\"<a>\",\"special\":true},"
      "\"4\":{\"content\":\"[MASK]\",\"special\":true,\"rstrip\":true}}}");
  CHECK(t, "added_tokens_decoder");
  static const Case cases[] = {
      {"<a><b>", "<a>@0-3/0 <b>@3-6/1"},
      {"a [MASK] b", "a@0-1/0 [MASK]@2-9/1 b@9-10/2"},
  };
  CHECK_CASES(t, cases);
  CHECK(tokenizer_size(t) == 33 && tokenizer_model_max(t) == 0, "sizes");
  tokenizer_free(t);
}

/* Flags of added_tokens_decoder replace those of tokenizer.json. */
static void check_flags(void) {
  Error err = {""};
  Tokenizer *t = open_json(
      JSON_HEAD
      "\"added_tokens\":[{\"id\":4,\"content\":\"[MASK]\"}]," JSON_MODEL,
      "{\"added_tokens_decoder\":{\"4\":{\"content\":\"[MASK]\","
      "\"lstrip\":true}}}",
      &err);
  CHECK(t, "%s", err.message);
  check_text(t, "a [mask]", 8, "a@0-1/0 [MASK]@1-8/1");
  tokenizer_free(t);
}

/* special_tokens_map.json counts in files without added_tokens_decoder. */
static void check_map(void) {
  TokenizerFiles files = {
      .vocab_txt = text_of("<pad>\n<unk>\n<s>\n</s>\n<mask>\n"),
      .special_tokens_map = text_of(
          "{\"cls_token\":\"<s>\",\"sep_token\":{\"content\":\"</s>\"},"
          "\"unk_token\":\"<unk>\",\"mask_token\":{\"content\":\"<mask>\","
          "\"lstrip\":true}}")};
  Tokenizer *t = NULL;
  Error err = {""};
  CHECK(tokenizer_open(TOKENIZER_WORDPIECE, &files, &t, &err) == OK, "%s",
        err.message);
  SpecialIds s = tokenizer_special(t);
  CHECK(s.cls == 2 && s.sep == 3 && s.mask == 4 && s.pad == -1, "ids");
  check_text(t, "  <mask>", 8, "<mask>@0-8/0");
  tokenizer_free(t);
}

/* max_input_chars_per_word is clamped to 1000. */
static void check_clamp(void) {
  static char json[4096];
  snprintf(json, sizeof json, "%s",
           JSON_HEAD
           "\"model\":{\"type\":\"WordPiece\","
           "\"max_input_chars_per_word\":1000000000,\"vocab\":{"
           "\"[UNK]\":0,\"[CLS]\":2,\"[SEP]\":3,\"x\":4,\"##x\":5}}}");
  Error err = {""};
  Tokenizer *t = open_json(json, NULL, &err);
  CHECK(t, "%s", err.message);
  static char text[WORDPIECE_MAX_CHARS + 1];
  memset(text, 'x', sizeof text);
  size_t n = 0;
  CHECK(tokenizer_count(t, text, sizeof text - 1, NULL, &n, NULL) == OK &&
            n == WORDPIECE_MAX_CHARS,
        "%zu", n);
  CHECK(tokenizer_count(t, text, sizeof text, NULL, &n, NULL) == OK && n == 1,
        "%zu", n);
  tokenizer_free(t);
}

int main(void) {
  check_words();
  check_long_words();
  check_order();
  check_added();
  check_together();
  check_longest();
  check_ids();
  check_lines();
  check_refused();
  check_precedence();
  check_decoder();
  check_flags();
  check_map();
  check_clamp();
  return check_done();
}
