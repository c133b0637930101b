/*
 * test_bpe.c - byte-level BPE: what its files may say, words, spaces, added
 * tokens, long words, and decoding of both kinds.
 *
 * Texts are tokenized with a small vocabulary and written down as
 * "token@start-end/word", which is compared with what is expected.
 */
#include "check.h"
#include "shown_tokens.h"
#include "tokenizers.h"
#include "text/bpe.h"
#include "text/bytes.h"
#include "base/utf8.h"

#define SP "\xc4\xa0" /* U+0120, a space */
#define NL "\xc4\x8a" /* U+010A, a line feed */

typedef struct Case {
  const char *text, *want;
} Case;

static void check_cases(const Tokenizer *t, const Case *cases, size_t n) {
  for (size_t i = 0; t && i < n; i++) {
    show(t, cases[i].text, strlen(cases[i].text));
    CHECK(strcmp(shown, cases[i].want) == 0, "\"%s\": %s, not %s",
          cases[i].text, shown, cases[i].want);
  }
}

#define CHECK_CASES(t, cases)                                                  \
  check_cases(t, cases, sizeof cases / sizeof *cases)

/* --- A small vocabulary: four special tokens, 256 bytes, these --- */

static const char *const extra[] = {"he",
                                    "ll",
                                    "hell",
                                    "hello",
                                    SP "w",
                                    "or",
                                    SP "wor",
                                    "ld",
                                    "aa",
                                    "aaaa",
                                    "'s",
                                    SP SP,
                                    "\xc3\x83\xc2\xa9",
                                    NL NL,
                                    "<mask>"};
static const char merges[] = "#version: 0.2\nh e\nl l\nhe ll\nhell o\n" SP
                             " w\no r\n" SP "w or\nl d\na a\naa aa\n' s\n" SP
                             " " SP "\n\xc3\x83 \xc2\xa9\n" NL " " NL "\n";

static size_t json_vocab(char *out) {
  size_t n =
      (size_t)sprintf(out, "{\"<s>\":0,\"<pad>\":1,\"</s>\":2,\"<unk>\":3");
  for (unsigned byte = 0; byte < 256; byte++)
    n += (size_t)sprintf(out + n, ",\"\\u%04x\":%u",
                         bytes_char((unsigned char)byte), byte + 4);
  for (size_t i = 0; i < sizeof extra / sizeof *extra; i++)
    n += (size_t)sprintf(out + n, ",\"%s\":%zu", extra[i], 260 + i);
  n += (size_t)sprintf(out + n, "}");
  return n;
}

static Tokenizer *open_small(const char *config) {
  static char vocab[8192];
  FileText text = {vocab, json_vocab(vocab)};
  return open_merges(text, text_of(merges), config);
}

/* The same as a tokenizer.json with these parts, of a class. */
static Tokenizer *open_class(const char *parts, const char *model,
                             const char *config, Error *err) {
  static char json[16384], vocab[8192];
  json_vocab(vocab);
  int n = snprintf(json, sizeof json,
                   "{%s,\"model\":{\"type\":\"BPE\",\"vocab\":%s,\"merges\":["
                   "[\"h\",\"e\"],[\"l\",\"l\"],[\"he\",\"ll\"],[\"a\",\"a\"],"
                   "[\"" SP "\",\"w\"]]%s}}",
                   parts, vocab, model);
  TokenizerFiles files = {.tokenizer_json = {json, (size_t)n},
                          .tokenizer_config = text_of(config)};
  Tokenizer *t = NULL;
  tokenizer_open(TOKENIZER_BYTE_BPE, &files, &t, err);
  return t;
}

/* Of a class that overrules nothing. */
static Tokenizer *open_parts(const char *parts, const char *model, Error *err) {
  return open_class(parts, model, "{\"tokenizer_class\":\"OwnTokenizer\"}",
                    err);
}

#define PRE "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":"
#define POST                                                                   \
  "\"post_processor\":{\"type\":\"RobertaProcessing\",\"cls\":[\"<s>\",0],"    \
  "\"sep\":[\"</s>\",2],"

/* --- Words --- */

static void check_words(void) {
  static const Case cases[] = {
      {"", ""},
      {"hello world", "hello@0-5/0 " SP "wor@6-9/1 ld@9-11/1"},
      {"hello  world", "hello@0-5/0 " SP "@6-6/1 " SP "wor@7-10/2 ld@10-12/2"},
      {"he\nll", "he@0-2/0 " NL "@2-3/1 ll@3-5/2"},
      {"\n\n\nll", NL NL "@0-2/0 " NL "@2-3/1 ll@3-5/2"},
      {"he\n\n", "he@0-2/0 " NL NL "@2-4/1"},
      {"   ", SP SP "@2-2/0 " SP "@3-3/0"},
      {"he's", "he@0-2/0 's@2-4/1"},
      {"he 's", "he@0-2/0 " SP "@3-3/1 '@3-4/1 s@4-5/2"},
      {"aaaaaaa", "aaaa@0-4/0 aa@4-6/0 a@6-7/0"},
      {"\xc3\xa9", "\xc3\x83\xc2\xa9@0-1/0"},
      {"\xf0\x9f\x98\x80", "\xc3\xb0@0-1/0 \xc5\x81@0-1/0 \xc4\xba@0-1/0 "
                           "\xc4\xa2@0-1/0"},
      {"12a", "1@0-1/0 2@1-2/0 a@2-3/1"},
      {"a<mask>", "a@0-1/0 <mask>@1-7/1"},
      {"a \n<mask>  he",
       "a@0-1/0 <mask>@3-9/1 " SP "@10-10/2 " SP "@11-11/3 he@11-13/3"},
      {" <mask>", "<mask>@1-7/0"},
      {"a '<s>", "a@0-1/0 " SP "@2-2/1 '@2-3/1 <s>@3-6/2"},
      {"\xff", "\xc3\xaf@0-1/0 \xc2\xbf@0-1/0 \xc2\xbd@0-1/0"},
  };
  Tokenizer *t = open_small("{}");
  CHECK(t, "open");
  CHECK_CASES(t, cases);
  tokenizer_free(t);
}

/* One tokenizer of parts, and what it makes of a text. */
static void check_parts(const char *parts, const char *model, const char *text,
                        const char *want) {
  Error err = {""};
  Case one = {text, want};
  Tokenizer *t = open_parts(parts, model, &err);
  CHECK(t, "%s", err.message);
  check_cases(t, &one, 1);
  tokenizer_free(t);
}

static void check_spaces(void) {
  /* The space that was put there is not trimmed away at the start only. */
  check_parts(PRE "true}," POST "\"trim_offsets\":true,\"add_prefix_space\":"
                  "true}",
              "", "we", SP "w@0-1/0 e@1-2/0");
  check_parts(PRE "true}," POST "\"trim_offsets\":true,\"add_prefix_space\":"
                  "true}",
              "", "  we", SP "@0-0/0 " SP "w@2-3/1 e@3-4/1");
  check_parts(PRE
              "true},\"added_tokens\":[{\"id\":3,\"content\":\"<unk>\"}]," POST
              "\"trim_offsets\":true,\"add_prefix_space\":true}",
              "", "<unk>we<unk> we",
              "<unk>@0-5/0 " SP "w@6-6/1 e@6-7/1 <unk>@7-12/2 " SP
              "w@13-14/3 e@14-15/3");
  /* The prefix is a word by itself before white space that is none. */
  check_parts(PRE "true}," POST "\"trim_offsets\":true,\"add_prefix_space\":"
                  "true}",
              "", "\nhe", SP "@0-0/0 " NL "@0-1/1 he@1-3/2");
  check_parts(PRE "true}," POST "\"trim_offsets\":false,"
                  "\"add_prefix_space\":true}",
              "", "\t\nhe", SP "@0-1/0 \xc4\x89@0-1/0 " NL "@1-2/1 he@2-4/2");
  check_parts(PRE "true}," POST "\"trim_offsets\":true,"
                  "\"add_prefix_space\":false}",
              "", "we", SP "w@1-1/0 e@1-2/0");
  check_parts(PRE "false}," POST "\"trim_offsets\":false,"
                  "\"add_prefix_space\":false}",
              "", "he we", "he@0-2/0 " SP "w@2-4/1 e@4-5/1");
  check_parts(PRE "false}", "", "he we", "he@0-2/0 " SP "w@2-4/1 e@4-5/1");
}

/* --- Added tokens --- */

static void check_added(void) {
#define ONE(flags)                                                             \
  PRE "false}," POST "\"trim_offsets\":false,\"add_prefix_space\":false},"     \
      "\"added_tokens\":[{\"id\":275,\"content\":\"TOK\"," flags "}]"
  check_parts(ONE("\"normalized\":false"), "", "a TOKhe",
              "a@0-1/0 " SP "@1-2/1 TOK@2-5/2 he@5-7/3");
  check_parts(ONE("\"normalized\":true,\"single_word\":true"), "",
              "TOKa TOK, tok",
              "T@0-1/0 O@1-2/0 K@2-3/0 a@3-4/0 " SP
              "@4-5/1 TOK@5-8/2 ,@8-9/3 " SP "@9-10/4 t@10-11/4 o@11-12/4 "
              "k@12-13/4");
  check_parts(ONE("\"normalized\":false,\"lstrip\":true,\"rstrip\":true"), "",
              "a \t TOK \n he", "a@0-1/0 TOK@1-10/1 he@10-12/2");
  check_parts(ONE("\"normalized\":true,\"rstrip\":true"), "", " TOK TOK he",
              SP "@0-1/0 TOK@1-5/1 TOK@5-9/2 he@9-11/3");
  /* White space at the end of a part stays together. */
  check_parts(ONE("\"normalized\":false"), "", "a  \n\nTOK",
              "a@0-1/0 " SP "@1-2/1 " SP "@2-3/1 " NL "@3-4/1 " NL
              "@4-5/1 TOK@5-8/2");
  /* A contraction ends where an added token begins. */
  check_parts(PRE "false},\"added_tokens\":[{\"id\":112,\"content\":\"l\"}]",
              "", "he'll", "he@0-2/0 '@2-3/1 l@3-4/2 l@4-5/3");
  check_parts(PRE "false},\"added_tokens\":[{\"id\":275,\"content\":\"e!\"}]",
              "", "he're!", "he@0-2/0 '@2-3/1 r@3-4/2 e!@4-6/3");
}

/* --- Templates and windows --- */

static void check_template(void) {
  Tokenizer *t = open_small("{\"model_max_length\":512}");
  EncodeText a = {"he", 2}, b = {"we", 2}, none = {NULL, 0};
  Encoding e = {0};
  static const int32_t single[] = {0, 260, 2},
                       pair[] = {0, 260, 2, 2, 123, 105, 2};
  Error err = {""};
  CHECK(tokenizer_encode(t, a, none, TRUNCATE_NOT, 0, NULL, &e, NULL, &err) ==
                OK &&
            e.n == 3,
        "%s", err.message);
  for (size_t i = 0; i < e.n; i++)
    CHECK(e.tokens[i].id == single[i] && e.tokens[i].type == 0, "%zu", i);
  e.n = 0;
  CHECK(tokenizer_encode(t, a, b, TRUNCATE_NOT, 0, NULL, &e, NULL, &err) ==
                OK &&
            e.n == 7,
        "%s", err.message);
  for (size_t i = 0; i < e.n; i++)
    CHECK(e.tokens[i].id == pair[i] && e.tokens[i].type == 0, "%zu: %d", i,
          (int)e.tokens[i].id);
  CHECK(tokenizer_n_added(t, false) == 2 && tokenizer_n_added(t, true) == 4,
        "template");
  SpecialIds s = tokenizer_special(t);
  CHECK(s.cls == 0 && s.pad == 1 && s.sep == 2 && s.unk == 3 && s.mask == 274,
        "special ids");
  CHECK(tokenizer_model_max(t) == 512, "settings");
  encoding_clear(&e);
  tokenizer_free(t);
}

/* --- Long words --- */

enum { CHAIN = 120 };

/* CHAIN letters of two bytes, each of which merges with the next, the last two
 * first: how the first ones pair up depends on where the last one is. */
static Tokenizer *open_chain(void) {
  static char vocab[1 << 15], list[1 << 14];
  char letter[CHAIN][8];
  size_t n = json_vocab(vocab) - 1, m = 0;
  for (size_t i = 0; i < CHAIN; i++) {
    unsigned char utf8[4], *to = (unsigned char *)letter[i];
    size_t bytes = utf8_encode(0x400 + (uint32_t)i, utf8), k = 0;
    char *byte[2] = {letter[i], NULL};
    for (size_t j = 0; j < bytes; j++) {
      k += utf8_encode(bytes_char(utf8[j]), to + k);
      byte[1] = j ? byte[1] : letter[i] + k;
    }
    to[k] = 0;
    n += (size_t)sprintf(vocab + n, ",\"%s\":%zu", letter[i], 275 + i);
    m += (size_t)sprintf(list + m, "%.*s %s\n", (int)(byte[1] - byte[0]),
                         letter[i], byte[1]);
  }
  for (size_t i = CHAIN - 1; i > 0; i--) {
    n += (size_t)sprintf(vocab + n, ",\"%s%s\":%zu", letter[i - 1], letter[i],
                         275 + CHAIN + i);
    m += (size_t)sprintf(list + m, "%s %s\n", letter[i - 1], letter[i]);
  }
  n += (size_t)sprintf(vocab + n, "}");
  /* The id of the first pair would be a hole: fill it. */
  n = n - 1 + (size_t)sprintf(vocab + n - 1, ",\"hole\":%d}", 275 + CHAIN);
  return open_merges((FileText){vocab, n}, (FileText){list, m}, "{}");
}

/* `before` other letters, then the first `n` of the chain, as one word. */
static void check_chain(const Tokenizer *t, size_t before, size_t n) {
  char text[2048];
  memset(text, 'b', before);
  size_t bytes = before;
  for (size_t i = 0; i < n; i++)
    bytes += utf8_encode(0x400 + (uint32_t)i, (unsigned char *)text + bytes);
  Encoding e = {0};
  TextCursor c;
  CHECK(tokenizer_begin(t, text, bytes, &c, NULL) == OK &&
            tokenizer_next(&c, SIZE_MAX, NULL, &e, NULL) == OK,
        "%zu letters", n);
  size_t odd = n % 2;
  CHECK(e.n == before + odd + n / 2, "%zu + %zu letters: %zu tokens", before, n,
        e.n);
  for (size_t i = before; i < e.n; i++) {
    size_t k = i - before, last = odd ? 2 * k : 2 * k + 1;
    int32_t want = (int32_t)(last ? 275 + CHAIN + last : 275);
    CHECK(e.tokens[i].id == want, "%zu + %zu letters, token %zu: %d, not %d",
          before, n, i, (int)e.tokens[i].id, (int)want);
  }
  encoding_clear(&e);
}

static void check_long(void) {
  Tokenizer *t = open_chain();
  CHECK(t, "chain");
  for (size_t before = 0; t && before < 600; before += 7)
    for (size_t n = CHAIN - 1; n <= CHAIN; n++)
      check_chain(t, before, n);
  tokenizer_free(t);
}

/* --- Files --- */

static void check_options(void) {
#define PLAIN PRE "false}"
  check_parts(PLAIN, "", "hello", "hell@0-4/0 o@4-5/0");
  check_parts(PLAIN, ",\"ignore_merges\":true", "hello hello",
              "hello@0-5/0 " SP "@5-6/1 hell@6-10/1 o@10-11/1");
  check_parts("\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{"
              "\"type\":\"ByteLevel\"}]},\"normalizer\":{\"type\":\"Sequence\","
              "\"normalizers\":[]},\"decoder\":{\"type\":\"ByteLevel\"}",
              ",\"dropout\":null,\"unk_token\":null", "he", "he@0-2/0");
  check_parts(PLAIN ",\"post_processor\":{\"type\":\"Sequence\",\"processors\":"
                    "[{\"type\":\"ByteLevel\",\"trim_offsets\":true},{\"type\":"
                    "\"BertProcessing\",\"cls\":[\"<s>\",0],\"sep\":[\"</s>\","
                    "2]}]}",
              "", "he we", "he@0-2/0 " SP "w@3-4/1 e@4-5/1");
}

/* Bytes that have no token. */
static void check_unknown(void) {
  static const struct {
    const char *model, *want;
  } cases[] = {
      {"", "aa@0-3/0 a@3-4/0 b@4-6/0"},
      {"\"unk_token\":\"<unk>\",",
       "a@0-1/0 <unk>@1-2/0 aa@2-4/0 b@4-5/0 <unk>@5-6/0"},
      {"\"unk_token\":\"<unk>\",\"fuse_unk\":true,",
       "a@0-1/0 <unk>@1-2/0 aa@2-4/0 b@4-5/0 <unk>@5-6/0"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char json[1024];
    Error err = {""};
    snprintf(json, sizeof json,
             "{" PLAIN ",\"model\":{%s\"vocab\":{\"<s>\":0,\"</s>\":1,"
             "\"<unk>\":2,\"a\":3,\"aa\":4,\"b\":5},\"merges\":[\"a a\"]}}",
             cases[i].model);
    TokenizerFiles files = {.tokenizer_json = text_of(json)};
    Tokenizer *t = NULL;
    CHECK(tokenizer_open(TOKENIZER_WORDPIECE, &files, &t, &err) == OK, "%s",
          err.message);
    Case one = {"axaabx", cases[i].want};
    check_cases(t, &one, 1);
    show(t, "axxxb", 5);
    CHECK(!strcmp(shown, i == 0   ? "a@0-4/0 b@4-5/0"
                         : i == 1 ? "a@0-1/0 <unk>@1-2/0 <unk>@2-3/0 "
                                    "<unk>@3-4/0 b@4-5/0"
                                  : "a@0-1/0 <unk>@1-4/0 b@4-5/0"),
          "%s", shown);
    show(t, "xxx", 3);
    CHECK(!strcmp(shown, i == 0   ? ""
                         : i == 1 ? "<unk>@0-1/0 <unk>@1-2/0 <unk>@2-3/0"
                                  : "<unk>@0-3/0"),
          "%s", shown);
    tokenizer_free(t);
  }
}

typedef struct Refused {
  const char *vocab, *merges, *config, *message;
  int code;
} Refused;

#define VOCAB(rest) "{\"<s>\":0,\"</s>\":1,\"a\":2,\"b\":3,\"ab\":4" rest "}"

static void check_refused(void) {
  static const Refused cases[] = {
      {NULL, NULL, NULL, "neither vocab.json with merges.txt", ERR_IO},
      {VOCAB(""), NULL, NULL, "neither vocab.json with merges.txt", ERR_IO},
      {NULL, "a b\n", NULL, "neither vocab.json with merges.txt", ERR_IO},
      {"", "a b\n", NULL, "vocab.json, line 1", ERR_FORMAT},
      {"[]", "a b\n", NULL, "vocab.json: not a JSON object", ERR_FORMAT},
      {"{}", "", NULL, "no <s> (cls_token)", ERR_FORMAT},
      {"{\"<s>\":0}", "", NULL, "no </s> (sep_token)", ERR_FORMAT},
      {VOCAB(",\"a\":5"), "", NULL, "\"a\" twice", ERR_FORMAT},
      {VOCAB(",\"c\":4"), "", NULL, "two tokens have the id 4", ERR_FORMAT},
      {VOCAB(",\"c\":-1"), "", NULL, "vocab.json: vocab: an id", ERR_FORMAT},
      {VOCAB(",\"c\":1.5"), "", NULL, "an id is not in", ERR_FORMAT},
      {VOCAB(",\"c\":\"5\""), "", NULL, "an id is not in", ERR_FORMAT},
      {VOCAB(",\"c\":4294967296"), "", NULL, "an id is not in", ERR_FORMAT},
      {VOCAB(",\"c\":16777215"), "", NULL, "outside 0", ERR_FORMAT},
      {VOCAB(""), "a b\nab", NULL, "line 2: not two tokens", ERR_FORMAT},
      {VOCAB(""), "a  b\n", NULL, "line 1: not two tokens", ERR_FORMAT},
      {VOCAB(""), "a b ab\n", NULL, "line 1: not two tokens", ERR_FORMAT},
      {VOCAB(""), " a\n", NULL, "line 1: a part is not", ERR_FORMAT},
      {VOCAB(""), "a \n", NULL, "line 1: a part is not", ERR_FORMAT},
      {VOCAB(""), "#version\n\na c\n", NULL, "line 3: a part is not",
       ERR_FORMAT},
      {VOCAB(""), "b a\n", NULL, "line 1: both parts together are not",
       ERR_FORMAT},
      {VOCAB(""), "a b\n", "{\"add_prefix_space\":1}",
       "add_prefix_space must be", ERR_FORMAT},
      {VOCAB(""), "a b\n", "{\"trim_offsets\":\"no\"}", "trim_offsets must be",
       ERR_FORMAT},
      {VOCAB(""), "a b\n", "{\"clean_up_tokenization_spaces\":2}",
       "clean_up_tokenization_spaces must be", ERR_FORMAT},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const Refused *c = &cases[i];
    TokenizerFiles files = {.vocab_json = text_of(c->vocab),
                            .merges_txt = text_of(c->merges),
                            .tokenizer_config = text_of(c->config)};
    Tokenizer *t = NULL;
    Error err = {""};
    int rc = tokenizer_open(TOKENIZER_BYTE_BPE, &files, &t, &err);
    CHECK(rc == c->code && !t && strstr(err.message, c->message),
          "case %zu: code %d, %s", i, rc, err.message);
  }
}

static void check_refused_parts(void) {
  static const struct {
    const char *parts, *model, *message;
    int code;
  } cases[] = {
      {"\"a\":1", "", "pre_tokenizer of type \"null\"", ERR_UNSUPPORTED},
      {"\"pre_tokenizer\":{\"type\":\"Metaspace\"}", "", "\"Metaspace\"",
       ERR_UNSUPPORTED},
      {"\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"use_regex\":false}", "",
       "use_regex", ERR_UNSUPPORTED},
      {PLAIN ",\"normalizer\":{\"type\":\"Nmt\"}", "", "\"Nmt\"",
       ERR_UNSUPPORTED},
      {"\"pre_tokenizer\":{\"type\":\"Digits\"}", "",
       "pre_tokenizer without ByteLevel", ERR_UNSUPPORTED},
      {PLAIN ",\"decoder\":{\"type\":\"WordPiece\"}", "",
       "decoder of type \"WordPiece\"", ERR_UNSUPPORTED},
      {PLAIN ",\"post_processor\":{\"type\":\"ByteLevel\"}", "",
       "\"ByteLevel\"", ERR_UNSUPPORTED},
      {PLAIN "," POST "\"trim_offsets\":1}", "", "trim_offsets must be",
       ERR_FORMAT},
      {PLAIN, ",\"dropout\":0.1", "model.dropout", ERR_UNSUPPORTED},
      {PLAIN, ",\"byte_fallback\":true", "model.byte_fallback",
       ERR_UNSUPPORTED},
      {PLAIN, ",\"continuing_subword_prefix\":\"##\"",
       "model.continuing_subword_prefix", ERR_UNSUPPORTED},
      {PLAIN, ",\"end_of_word_suffix\":\"</w>\"", "model.end_of_word_suffix",
       ERR_UNSUPPORTED},
      {PLAIN, ",\"unk_token\":\"?!\"", "no ?! (unk_token)", ERR_FORMAT},
      {PLAIN, ",\"unk_token\":7", "unk_token must be", ERR_FORMAT},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Error err = {""};
    Tokenizer *t = open_parts(cases[i].parts, cases[i].model, &err);
    CHECK(!t && strstr(err.message, cases[i].message), "case %zu: %s", i,
          err.message);
    tokenizer_free(t);
  }
  static const char *const lists[] = {"null",
                                      "{}",
                                      "[1]",
                                      "[[\"a\"]]",
                                      "[\"a\"]",
                                      "[[\"a\",1]]",
                                      "[[\"a\",\"b\",\"c\"]]",
                                      "[[\"a\",\"x\"]]"};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    char json[512];
    Error err = {""};
    Tokenizer *t = NULL;
    snprintf(json, sizeof json,
             "{" PLAIN ",\"model\":{\"type\":\"BPE\",\"vocab\":" VOCAB(
                 "") ",\"merges\":%s}}",
             lists[i]);
    TokenizerFiles files = {.tokenizer_json = text_of(json)};
    int rc = tokenizer_open(TOKENIZER_BYTE_BPE, &files, &t, &err);
    CHECK(rc == ERR_FORMAT && !t && strstr(err.message, "merges"), "%s: %d %s",
          lists[i], rc, err.message);
  }
}

/* The last of equal merges has the rank; line ends of all kinds. */
static void check_merges(void) {
  static const char vocab[] =
      "{\"<s>\":0,\"</s>\":1,\"a\":2,\"b\":3,\"c\":4,\"ab\":5,\"bc\":6}";
  static const struct {
    const char *merges, *want;
  } cases[] = {
      {"a b\nb c\n", "ab@0-2/0 c@2-3/0"},
      {"a b\nb c\na b", "a@0-1/0 bc@1-3/0"},
      {"#version: 0.2\r\nb c\r\na b\r\n", "a@0-1/0 bc@1-3/0"},
      {"", "a@0-1/0 b@1-2/0 c@2-3/0"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Tokenizer *t = open_merges(text_of(vocab), text_of(cases[i].merges), NULL);
    Case one = {"abc", cases[i].want};
    CHECK(t, "case %zu", i);
    check_cases(t, &one, 1);
    tokenizer_free(t);
  }
}

/* --- Decoding --- */

static void check_decode(const Tokenizer *t, const int32_t *ids, size_t n,
                         bool skip, const char *want) {
  char *text = NULL;
  size_t bytes = 0;
  Error err = {""};
  int rc = tokenizer_decode(t, ids, n, skip, &text, &bytes, &err);
  CHECK(rc == OK && bytes == strlen(want) && strcmp(text, want) == 0,
        "%s'%s', not '%s'", err.message, text, want);
  mem_free(text);
}

#define DECODE(t, skip, want, ...)                                             \
  do {                                                                         \
    static const int32_t list[] = {__VA_ARGS__};                               \
    check_decode(t, list, sizeof list / sizeof *list, skip, want);             \
  } while (0)

static void check_decode_bytes(void) {
  Tokenizer *t = open_small("{}");
  DECODE(t, false, "<s>hello wor<mask></s>", 0, 263, 266, 274, 2);
  DECODE(t, true, "hello wor", 0, 263, 3, 266, 274, 2);
  DECODE(t, false,
         "\xef\xbf\xbd"
         "a\xc3\xa9",
         0xf0 + 4, 'a' + 4, 272);
  DECODE(t, false, "\xef\xbf\xbd\xef\xbf\xbd", 0xf0 + 4, 0x9f + 4, 0xff + 4);
  DECODE(t, false, "he", -1, 260, 99999);
  check_decode(t, NULL, 0, false, "");
  tokenizer_free(t);
  t = open_small("{\"clean_up_tokenization_spaces\":true}");
  DECODE(t, false, "a.", 'a' + 4, ' ' + 4, '.' + 4);
  DECODE(t, false, "a'm", 'a' + 4, ' ' + 4, '\'' + 4, ' ' + 4, 'm' + 4);
  tokenizer_free(t);
}

static void check_decode_pieces(void) {
  static const char vocab[] = "[UNK]\n[CLS]\n[SEP]\ni\n'\nm\n##s\n.\n##\n"
                              "do not\nn't\n\nnow\n";
  Tokenizer *t =
      open_vocab(text_of(vocab), "{\"clean_up_tokenization_spaces\":false}");
  DECODE(t, false, "[CLS] i [SEP]", 1, 3, 2);
  DECODE(t, true, "is.", 0, 3, 1, 6, 2, 7);
  DECODE(t, false, "i ' m.", 3, 4, 5, 7);
  DECODE(t, false, "##s is", 6, 3, 6);
  DECODE(t, false, "do not don't nown't", 9, 9, 12, 10);
  DECODE(t, false, " i", 11, 3);
  DECODE(t, false, "i", 3, 8, -5, 1000);
  tokenizer_free(t);
  t = open_vocab(text_of(vocab), "{\"clean_up_tokenization_spaces\":true}");
  DECODE(t, false, "i'm.", 3, 4, 5, 7);
  DECODE(t, false, "do not don't now", 9, 9, 12);
  tokenizer_free(t);
}

/* What a class overrules, measured with transformers 4.57.1. */
static void check_classes(void) {
#define BOTH                                                                   \
  PRE "true}," POST "\"trim_offsets\":false,\"add_prefix_space\":true}"
#define CLASS(name, rest) "{\"tokenizer_class\":\"" name "\"" rest "}"
  static const struct {
    const char *parts, *config, *want, *note;
  } cases[] = {
      {BOTH, NULL, "w@0-1/0 e@1-2/0 " SP "w@3-4/1",
       "no space put first by "
       "RobertaTokenizer's default, against tokenizer.json"},
      {BOTH, CLASS("RobertaTokenizerFast", ""), "w@0-1/0 e@1-2/0 " SP "w@3-4/1",
       "no space"},
      {BOTH,
       CLASS("RobertaTokenizer",
             ",\"add_prefix_space\":true,\"trim_offsets\":false"),
       SP "w@0-1/0 e@1-2/0 " SP "w@2-4/1", NULL},
      {BOTH, CLASS("GPT2Tokenizer", ""), "w@0-1/0 e@1-2/0 " SP "w@2-4/1",
       "no space put first by GPT2Tokenizer's default"},
      {PRE "false}," POST "\"trim_offsets\":true,\"add_prefix_space\":false}",
       CLASS("PreTrainedTokenizerFast", ",\"add_prefix_space\":true"),
       SP "w@1-1/0 e@1-2/0 " SP "w@3-4/1",
       "space put first by add_prefix_space of tokenizer_config.json"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Error err = {""};
    Case one = {"we w", cases[i].want};
    Tokenizer *t = open_class(cases[i].parts, "", cases[i].config, &err);
    CHECK(t, "%zu: %s", i, err.message);
    if (!t)
      continue;
    check_cases(t, &one, 1);
    const char *note = tokenizer_note(t);
    CHECK(cases[i].note ? note && strstr(note, cases[i].note) : !note, "%s",
          note ? note : "");
    tokenizer_free(t);
  }
}

int main(void) {
  check_words();
  check_spaces();
  check_added();
  check_template();
  check_long();
  check_options();
  check_unknown();
  check_refused();
  check_refused_parts();
  check_merges();
  check_decode_bytes();
  check_decode_pieces();
  check_classes();
  return check_done();
}
