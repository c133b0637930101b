/*
 * fuzz_chunks.c - any bytes as a text that is cut into chunks.
 *
 * The first byte picks a tokenizer and a boundary, the next two the sizes.  The
 * tokenizers have added tokens that swallow white space or hold some, and
 * unknown bytes that are no token at all.  Every chunk is counted by itself;
 * all of them are the text; none is cut within a cluster that fits.
 */
#include <string.h>
#include <utf8proc.h>
#include "base/utf8.h"
#include "fuzz.h"
#include "task/chunk.h"

enum { MOST = 3000, N_KINDS = 4, OPTIONS = 3 };

#define VOCAB                                                                  \
  "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nab\n##a\n##b\n##ab\n##bc\ncafe\n" \
  "e\n##e\n!\n.\n\xe4\xb8\xad\n\xe3\x80\x82\n\xe1\x84\x92\n##\xe1\x85\xa1\n"

#define ADDED(id, text, left, right)                                           \
  "\"" id "\":{\"content\":\"" text                                            \
  "\",\"single_word\":false,\"lstrip\":" left ",\"rstrip\":" right             \
  ",\"normalized\":false}"

static const char bytes_vocab[] =
    "{\"<s>\":0,\"<pad>\":1,\"</s>\":2,\"<unk>\":3,\"a\":4,\"b\":5,\".\":6,"
    "\"\\u0120\":7,\"\\u010a\":8,\"ab\":9,\"\\u0120a\":10,\"\\u0120\\u0120\":"
    "11,"
    "\"\\u010a\\u010a\":12,\"aa\":13,\"aaaa\":14,\"\\u00f0\":15,\"\\u0141\":16,"
    "\"\\u00e3\":17,\"\\u0122\":18,\"<mask>\":19}";
static const char bytes_merges[] =
    "#version: 0.2\na b\n\xc4\xa0 a\n\xc4\xa0 \xc4\xa0\n\xc4\x8a \xc4\x8a\na "
    "a\naa aa\n";

static Tokenizer *kinds[N_KINDS];

static void open_kind(int kind) {
  static const char *const configs[N_KINDS] = {
      "{}",
      "{\"do_lower_case\":false,\"added_tokens_decoder\":{" ADDED(
          "21", "a b", "true", "true") "}}",
      "{}",
      "{\"add_prefix_space\":true,\"trim_offsets\":false,"
      "\"added_tokens_decoder\":{" ADDED("19", "<mask>", "true", "false") "}}",
  };
  TokenizerFiles files = {
      .tokenizer_config = {configs[kind], strlen(configs[kind])}};
  if (kind < 2)
    files.vocab_txt = (FileText){VOCAB, sizeof VOCAB - 1};
  else {
    files.vocab_json = (FileText){bytes_vocab, sizeof bytes_vocab - 1};
    files.merges_txt = (FileText){bytes_merges, sizeof bytes_merges - 1};
  }
  Error err = {""};
  if (tokenizer_open(kind < 2 ? TOKENIZER_WORDPIECE : TOKENIZER_BYTE_BPE,
                     &files, &kinds[kind], &err))
    fprintf(stderr, "%s\n", err.message);
  REQUIRE(kinds[kind]);
}

/* Bytes before which a cluster begins. */
static bool begins[MOST + 1];

static void find_clusters(EncodeText t) {
  uint32_t code, before = 0;
  utf8proc_int32_t state = 0;
  memset(begins, 0, sizeof begins);
  begins[0] = begins[t.bytes] = true;
  for (size_t at = 0, n; at < t.bytes; at += n, before = code) {
    n = utf8_decode(t.text, t.bytes, at, &code);
    if (at > 0)
      begins[at] = utf8proc_grapheme_break_stateful(
          (utf8proc_int32_t)before, (utf8proc_int32_t)code, &state);
  }
}

static size_t count(const Tokenizer *t, EncodeText text, size_t from,
                    size_t to) {
  size_t n;
  REQUIRE(tokenizer_count(t, text.text + from, to - from, NULL, &n, NULL) ==
          OK);
  return n;
}

static void check(const Tokenizer *t, EncodeText text, const ChunkOptions *how,
                  const Chunk *last, const Chunk *c) {
  size_t special = tokenizer_n_added(t, false),
         room = how->max_tokens - special;
  REQUIRE(c->byte_end > last->byte_end && c->byte_end <= text.bytes);
  REQUIRE(how->overlap ? c->byte_start <= last->byte_end
                       : c->byte_start == last->byte_end);
  REQUIRE(count(t, text, c->byte_start, last->byte_end) <= how->overlap);
  REQUIRE(c->tokens == special + count(t, text, c->byte_start, c->byte_end));
  REQUIRE(c->tokens <= how->max_tokens);
  REQUIRE(c->start == utf8_count(text.text, c->byte_start));
  REQUIRE(c->end == utf8_count(text.text, c->byte_end));
  if (begins[c->byte_end])
    return;
  size_t from = c->byte_end, to = c->byte_end;
  while (from > c->byte_start && !begins[from])
    from--;
  while (!begins[to])
    to++;
  REQUIRE(count(t, text, from, to) > room);
}

static void cut(const Tokenizer *t, EncodeText text, const ChunkOptions *how) {
  Chunker *c;
  Chunk last = {0}, chunk = {0};
  bool more = true;
  int rc = chunker_open(t, text, how, SIZE_MAX, NULL, &c, NULL);
  REQUIRE(rc == OK);
  while (rc == OK && more) {
    rc = chunker_next(c, &chunk, &more, NULL);
    if (rc == OK && more)
      check(t, text, how, &last, &chunk);
    last = chunk;
  }
  /* A character has four bytes at most, and so many tokens with a prefix. */
  REQUIRE(rc == OK ? last.byte_end == text.bytes
                   : rc == ERR_RANGE &&
                         how->max_tokens < tokenizer_n_added(t, false) + 5);
  chunker_close(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < OPTIONS || size > MOST)
    return 0;
  int kind = data[0] % N_KINDS;
  if (!kinds[kind])
    open_kind(kind);
  size_t room = 1 + data[1];
  ChunkOptions how = {tokenizer_n_added(kinds[kind], false) + room,
                      data[2] % room, (ChunkBoundary)(data[0] / N_KINDS % 3)};
  EncodeText text = {(const char *)data + OPTIONS, size - OPTIONS};
  find_clusters(text);
  cut(kinds[kind], text, &how);
  return 0;
}
