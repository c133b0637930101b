/*
 * test_text_oom.c - every allocation of the text layer fails in turn.
 *
 * Opens a tokenizer from each kind of file, encodes, reads windows, counts;
 * fails the n-th allocation, once and for ever after, until all succeed. Each
 * time the code is ERR_NOMEM, nothing is left allocated, and the same work
 * succeeds right afterwards.
 */
#include <sqlite3.h>
#include "check.h"
#include "failing.h"
#include "tokenizers.h"

static const char vocab[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n##b\n";
static const char config[] =
    "{\"mask_token\":\"[MASK]\",\"added_tokens_decoder\":{\"8\":{\"content\":"
    "\"TOK\",\"normalized\":true},\"9\":{\"content\":\"<x>\"}}}";
static const char json[] =
    "{\"added_tokens\":[{\"id\":4,\"content\":\"x\"}],\"pre_tokenizer\":{"
    "\"type\":\"BertPreTokenizer\"},\"post_processor\":{\"type\":"
    "\"BertProcessing\",\"cls\":[\"[CLS]\",1],\"sep\":[\"[SEP]\",2]},"
    "\"model\":{\"vocab\":{\"[UNK]\":0,\"[CLS]\":1,\"[SEP]\":2,\"a\":3}}}";

/* RoBERTa's files; the words of use() are several tokens long. */
static const char bpe_vocab[] =
    "{\"<s>\":0,\"</s>\":1,\"a\":2,\"b\":3,\"ab\":4,\"t\":5,\"o\":6,\"k\":7,"
    "\"\xc4\xa0\":8,\"tok\":9,\"to\":10}";
static const char bpe_merges[] = "a b\nt o\nto k\n";
static const char bpe_config[] =
    "{\"add_prefix_space\":true,\"added_tokens_decoder\":{\"11\":{\"content\":"
    "\"<x>\"}}}";

static const char sequence[] =
    "{\"added_tokens\":[{\"id\":4,\"content\":\"tok\"}],\"normalizer\":{"
    "\"type\":"
    "\"Sequence\",\"normalizers\":[{\"type\":\"NFKC\"},{\"type\":\"Lowercase\"}"
    "]},"
    "\"pre_tokenizer\":{\"type\":\"Whitespace\"},\"model\":{\"vocab\":{"
    "\"[UNK]\":0,\"[CLS]\":1,\"[SEP]\":2,\"a\":3}}}";
static const char added[] = "{\"TOK\":8,\"<x>\":9}";
static const char map[] = "{\"additional_special_tokens\":[\"<x>\",\"<y>\"]}";

static const TokenizerFiles sources[] = {
    {.vocab_txt = {vocab, sizeof vocab - 1},
     .added_tokens = {added, sizeof added - 1},
     .special_tokens_map = {map, sizeof map - 1},
     .config = {"{\"tokenizer_class\":\"BertTokenizer\"}", 35}},
    {.vocab_txt = {vocab, sizeof vocab - 1},
     .tokenizer_config = {config, sizeof config - 1}},
    {.tokenizer_json = {json, sizeof json - 1}},
    {.tokenizer_json = {sequence, sizeof sequence - 1}},
    {.vocab_json = {bpe_vocab, sizeof bpe_vocab - 1},
     .merges_txt = {bpe_merges, sizeof bpe_merges - 1},
     .tokenizer_config = {bpe_config, sizeof bpe_config - 1}},
};
enum { SOURCES = sizeof sources / sizeof *sources };

static int use_decode(const Tokenizer *t, Error *err) {
  static const int32_t ids[] = {0, 2, 3, 8, 5, 2};
  char *text = NULL;
  size_t bytes;
  int rc = tokenizer_decode(t, ids, 6, true, &text, &bytes, err);
  mem_free(text);
  return rc;
}

static int use(const Tokenizer *t, Error *err) {
  static char text[2000];
  for (size_t i = 0; i < sizeof text; i++)
    text[i] = "ab tok "[i % 7];
  EncodeText small = {text, 20}, large = {text, sizeof text};
  Encoding e = {0};
  Windows w;
  size_t n;
  bool more = true;
  int rc = tokenizer_encode(t, small, large, TRUNCATE_LONGEST_FIRST, 64, NULL,
                            &e, NULL, err);
  if (rc == OK)
    rc = tokenizer_count(t, text, sizeof text, NULL, &n, err);
  if (rc == OK)
    rc = use_decode(t, err);
  if (rc == OK) {
    rc = windows_open(t, small, large, 64, (Stride){16, false}, NULL, &w, err);
    while (rc == OK && more)
      rc = windows_next(&w, NULL, &e, &more, err);
    windows_close(&w);
  }
  encoding_clear(&e);
  return rc;
}

static int work(int source, Error *err) {
  Tokenizer *t = NULL;
  TokenizerKind kind = sources[source].vocab_json.text ? TOKENIZER_BYTE_BPE
                                                       : TOKENIZER_WORDPIECE;
  int rc = tokenizer_open(kind, &sources[source], &t, err);
  if (rc == OK)
    rc = use(t, err);
  tokenizer_free(t);
  return rc;
}

static void check_each(int source) {
  Error err = {""};
  long before = blocks, points = 0;
  for (target = 1;; target++) {
    seen = 0;
    failed = false;
    int rc = work(source, &err);
    CHECK(blocks == before, "allocation %ld: %ld blocks are left", target,
          blocks - before);
    if (!failed)
      break;
    points++;
    CHECK(rc == ERR_NOMEM && strstr(err.message, "memory"),
          "allocation %ld: code %d, %s", target, rc, err.message);
  }
  target = 0;
  CHECK(work(source, &err) == OK, "%s", err.message);
  CHECK(points > 20, "%ld points", points);
}

int main(void) {
  install();
  sqlite3_initialize();
  for (int i = 0; i < 2 * SOURCES; i++) {
    forever = i & 1;
    check_each(i / 2);
  }
  sqlite3_shutdown();
  return check_done();
}
