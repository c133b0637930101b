/*
 * test_text_size.c - large and hostile texts: right, in linear time, in
 * little memory, and stopped when asked.
 *
 * Times only guard against the quadratic, as ratios: eight times the text may
 * take 24 times as long, where the square takes 64.  DISTILBERT_TEST_BYTES
 * sets the size of the large text (10^7 by default, 10^6 under sanitizers;
 * 10^8 prints the rate that counts).
 */
#include <sqlite3.h>
#include "check.h"
#include "random.h"
#include "repeat.h"
#include "sanitizer.h"
#include "seconds.h"
#include "tokenizers.h"

static Tokenizer *t;

/* Each time the same piece of text; what a repetition's tokens come to. */
typedef struct Case {
  const char *name, *piece;
  double tokens; /* of one piece; below 1: this many in all, times 1000 */
} Case;

/* How long counting took; the number of tokens into *n. */
static double count(const char *text, size_t bytes, size_t *n) {
  double start = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  CHECK(tokenizer_count(t, text, bytes, NULL, n, NULL) == OK, "%zu bytes",
        bytes);
  return seconds_of(CLOCK_PROCESS_CPUTIME_ID) - start;
}

/* Counts the text's tokens: the time grows with the text, not its square.
 * A busy machine may spoil a time, hardly three. */
static size_t count_linear(const char *text, size_t bytes, const char *name) {
  size_t n = 0, n_part;
  double part = 0, whole = 1;
  for (int i = 0; i < 3 && whole > 24 * part + 0.02; i++) {
    part = count(text, bytes / 8, &n_part);
    whole = count(text, bytes, &n);
  }
  CHECK(whole <= 24 * part + 0.02, "%s: an eighth %.3f s, all %.3f s", name,
        part, whole);
  return n;
}

static void check_case(const Case *c, size_t bytes) {
  size_t whole = bytes / strlen(c->piece);
  char *text = repeat(c->piece, whole * strlen(c->piece));
  size_t n = count_linear(text, whole * strlen(c->piece), c->name);
  free(text);
  double want = c->tokens >= 1 ? c->tokens * (double)whole : c->tokens * 1000;
  CHECK(c->tokens < 0 || (double)n == want, "%s: %zu tokens, not %.0f", c->name,
        n, want);
}

static void check_sizes(size_t bytes) {
  static const Case cases[] = {
      {"English", "the cat, he sat on the mat. ", 9},
      {"one word", "a", 0.001},
      {"combining marks", "\xcc\x81\xcc\xa7\xcc\x96", 0},
      {"kept marks, falling class", "\xe0\xa3\x94\xe3\x80\xae", 0.001},
      {"ideographs", "\xe4\xb8\xad\xe5\x9b\xbd", 2},
      {"[MASK]", "[MASK]", 1},
      {"[MAS", "[MAS", 2},
      {"emoji", "\xf0\x9f\x98\x80", 0.001},
      {"white space", " \n\t", 0},
      {"control characters", "\x01\x02", 0},
      {"bad bytes", "\xff\xc0", 0},
      {"half characters", "\xf0\x9f\x98", 0},
      {"punctuation", "!?", 2},
      {"Hangul", "\xed\x95\x9c ", 3},
      {"words of 99",
       "qzxjkvbwpqzxjkvbwpqzxjkvbwpqzxjkvbwpqzxjkvbwpqzxjkvbwp"
       "qzxjkvbwpqzxjkvbwpqzxjkvbwpqzxjkvbwpqzxjkvbwp ",
       -1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    check_case(&cases[i], bytes);
}

/* RoBERTa has no limit to a word: its letters are all merged. */
static void check_byte_level(size_t bytes) {
  static const Case cases[] = {
      {"English", "The cat, he sat on the mat.", 9},
      {"one word", "aaaa", 1},
      {"one word of many", "the", 1},
      {"spaces", " ", 1},
      {"line ends", "\n\n", 1},
      {"white space", " \n", 2},
      {"emoji", "\xf0\x9f\x98\x80", 2},
      {"combining marks", "\xcc\x81", 2},
      {"punctuation", "!\"#$%&()*+", -1},
      {"contractions", "'s", 1},
      {"bad bytes", "\xff", -1},
      {"NUL", "\x01", 1},
      {"<mask>", "<mask>", 1},
      {"<mas", "<mas", -1},
      {"spaces before <mask>", "           <mask>", 1},
      {"no word", "qzxjkvbwp", -1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    check_case(&cases[i], bytes);
  /* A word in which nothing repeats. */
  char *text = malloc(bytes);
  for (size_t i = 0; i < bytes; i++)
    text[i] = (char)('a' + draw() % 26);
  sqlite3_memory_highwater(1);
  sqlite3_int64 before = sqlite3_memory_used();
  size_t n = count_linear(text, bytes, "random letters");
  CHECK(n > bytes / 3, "%zu tokens", n);
  printf("a word of %zu bytes: %zu tokens, %lld bytes of memory\n", bytes, n,
         (long long)(sqlite3_memory_highwater(0) - before));
  free(text);
}

/* Constant memory, and the rate. */
static void check_large(size_t bytes) {
  char *text = repeat("The cat, he sat on the mat and looked. ", bytes);
  size_t n = 0;
  sqlite3_memory_highwater(1);
  sqlite3_int64 before = sqlite3_memory_used();
  double start = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  int rc = tokenizer_count(t, text, bytes, NULL, &n, NULL);
  double took = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - start;
  sqlite3_int64 most = sqlite3_memory_highwater(0) - before;
  CHECK(rc == OK && most < 1 << 20, "%lld bytes", (long long)most);
  CHECK(sqlite3_memory_used() == before, "memory is left");
  printf("%zu bytes: %zu tokens, %.0f MB/s, %lld bytes of memory\n", bytes, n,
         (double)bytes / 1e6 / (took > 0 ? took : 1e-9), (long long)most);
  free(text);
}

static bool never_stop(void *arg) {
  ++*(int *)arg;
  return false;
}

/* A limit is met without reading on, which would be polled for every 64 KB;
 * windows hold one window. */
static void check_limit(size_t bytes) {
  char *text = repeat("the cat ", bytes);
  EncodeText large = {text, bytes}, small = {"a cat", 5}, none = {NULL, 0};
  Encoding e = {0};
  bool cut = false;
  int polls = 0;
  Poll poll = {never_stop, &polls};
  for (int i = 0; i < 100; i++) {
    e.n = 0;
    CHECK(tokenizer_encode(t, large, none, TRUNCATE_LONGEST_FIRST, 512, &poll,
                           &e, &cut, NULL) == OK &&
              e.n == 512 && cut,
          "%zu tokens", e.n);
    e.n = 0;
    CHECK(tokenizer_encode(t, small, large, TRUNCATE_ONLY_SECOND, 512, &poll,
                           &e, &cut, NULL) == OK &&
              e.n == 512 && cut,
          "%zu tokens", e.n);
    e.n = 0;
    CHECK(tokenizer_encode(t, large, large, TRUNCATE_LONGEST_FIRST, 511, &poll,
                           &e, &cut, NULL) == OK &&
              e.n == 511 && cut,
          "%zu tokens", e.n);
  }
  CHECK(polls <= 600, "%d polls for 300 texts", polls);
  Windows w;
  size_t windows = 0;
  sqlite3_memory_highwater(1);
  sqlite3_int64 before = sqlite3_memory_used();
  CHECK(windows_open(t, small, large, 384, (Stride){128, false}, NULL, &w,
                     NULL) == OK,
        "open");
  for (bool more = true; more; windows += more, e.n = 0)
    CHECK(windows_next(&w, NULL, &e, &more, NULL) == OK, "window %zu", windows);
  size_t n = bytes / 4, step = 384 - 3 - 2 - 128;
  CHECK(windows == (n - 379 + step - 1) / step + 1, "%zu windows", windows);
  CHECK(sqlite3_memory_highwater(0) - before < 1 << 18, "memory");
  windows_close(&w);
  encoding_clear(&e);
  free(text);
}

static bool stop_at_third(void *arg) {
  return ++*(int *)arg == 3;
}

/* Polls come about every 64 KB, also inside one word, and stop the work. */
static void check_interrupt(void) {
  static const char *const pieces[] = {"the cat ", "a",      "\xcc\x81",
                                       " ",        "[MASK]", "\xff"};
  for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
    size_t bytes = 300000, n = 0;
    char *text = repeat(pieces[i], bytes);
    int calls = 0;
    Poll poll = {stop_at_third, &calls};
    Error err = {""};
    int rc = tokenizer_count(t, text, bytes, &poll, &n, &err);
    CHECK(calls == 3 && rc == ERR_INTERRUPT, "%s: %d after %d polls", pieces[i],
          rc, calls);
    free(text);
  }
}

int main(void) {
  const char *set = getenv("DISTILBERT_TEST_BYTES");
  bool checked = UNDER_ASAN || UNDER_TSAN;
  size_t bytes = set ? strtoul(set, NULL, 10) : checked ? 1000000 : 10000000;
  FileText vocab = uncased_vocab();
  t = open_vocab(vocab, NULL);
  mem_free((char *)vocab.text);
  check_sizes(bytes < 10000000 ? bytes : 10000000);
  check_large(bytes);
  check_limit(4000000);
  check_interrupt();
  TextCursor c;
  Error err = {""};
  if (sizeof(size_t) > 4)
    CHECK(tokenizer_begin(t, "", (size_t)1 << 31, &c, &err) == ERR_RANGE, "%s",
          err.message);
  tokenizer_free(t);
  t = open_roberta("{}");
  CHECK(t, "roberta-base");
  check_byte_level(bytes < 10000000 ? bytes : 10000000);
  check_large(bytes);
  check_interrupt();
  tokenizer_free(t);
  return check_done();
}
