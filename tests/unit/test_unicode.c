/*
 * test_unicode.c - every code point against the tables it was made from, and
 * against utf8proc, which knows nothing of them; every class of bad UTF-8.
 *
 * In:  tests/unit/data/unicode (see the README there).
 * Out: a check for each property of all 1,112,064 scalar values.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if __has_include(<utf8proc.h>)
#include <utf8proc.h>
#define HAS_UTF8PROC 1
#endif
#include "check.h"
#include "text/normalize.h"
#include "unicode/unicode.h"
#include "base/utf8.h"

#define DATA "tests/unit/data/unicode/"

enum { N = 0x110000, MAX_LINE = 128 };

typedef struct Expansion {
  uint32_t code[4];
  size_t n;
  bool given;
} Expansion;

static FILE *open_table(const char *name) {
  char path[256];
  snprintf(path, sizeof path, DATA "%s", name);
  FILE *file = fopen(path, "r");
  CHECK(file, "%s is missing", path);
  return file;
}

/* Ranges "0041..005A" or single code points, one a line. */
static void read_ranges(const char *name, bool *set) {
  FILE *file = open_table(name);
  char line[MAX_LINE];
  while (file && fgets(line, sizeof line, file)) {
    char *end;
    unsigned long first = strtoul(line, &end, 16), last = first;
    if (*end == '.')
      last = strtoul(end + 2, NULL, 16);
    for (; first <= last; first++)
      set[first] = true;
  }
  if (file)
    fclose(file);
}

/* "00C0<TAB>0041 0300". */
static void read_expansions(const char *name, Expansion *map) {
  FILE *file = open_table(name);
  char line[MAX_LINE];
  while (file && fgets(line, sizeof line, file)) {
    char *at;
    Expansion *to = &map[strtoul(line, &at, 16)];
    to->given = true;
    while (*at && *at != '\n') {
      char *end;
      uint32_t code = (uint32_t)strtoul(at, &end, 16);
      if (end == at)
        break;
      to->code[to->n++] = code;
      at = end;
    }
  }
  if (file)
    fclose(file);
}

static bool is_scalar(uint32_t code) {
  return code < 0xd800 || code > 0xdfff;
}

static void check_sets(void) {
  static const struct {
    const char *file;
    unsigned flag;
  } sets[] = {
      {"bert_pretok_whitespace.txt", UNICODE_SPACE},
      {"bytelevel_whitespace_s.txt", UNICODE_SPACE},
      {"bert_pretok_punctuation.txt", UNICODE_PUNCT},
      {"bert_clean_removed.txt", UNICODE_REMOVED},
      {"bert_cjk_spaced.txt", UNICODE_CJK},
      {"regex_word.txt", UNICODE_WORD},
      {"bytelevel_letters_pL.txt", UNICODE_LETTER},
      {"bytelevel_numbers_pN.txt", UNICODE_NUMBER},
  };
  static bool set[N];
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
    memset(set, 0, sizeof set);
    read_ranges(sets[i].file, set);
    for (uint32_t c = 0; c < N; c++)
      if (is_scalar(c))
        CHECK(!(unicode_flags(c) & sets[i].flag) == !set[c], "%s: U+%04X",
              sets[i].file, c);
  }
}

static void check_case(void) {
  static bool cased[N], ignored[N];
  read_ranges("python_cased.txt", cased);
  read_ranges("python_case_ignorable.txt", ignored);
  for (uint32_t c = 0; c < N; c++) {
    UnicodeCase want = cased[c]     ? UNICODE_CASED
                       : ignored[c] ? UNICODE_CASE_IGNORED
                                    : UNICODE_CASELESS;
    if (is_scalar(c))
      CHECK(unicode_case(c) == want, "case of U+%04X", c);
  }
}

static bool same(const uint32_t *a, size_t n, const uint32_t *b, size_t m) {
  return n == m && memcmp(a, b, n * sizeof *a) == 0;
}

static void check_maps(void) {
  static Expansion strip[N], lower[N];
  read_expansions("bert_strip_accents_map.tsv", strip);
  read_expansions("rust_char_lowercase_map.tsv", lower);
  for (uint32_t c = 0; c < N; c++) {
    uint32_t out[UNICODE_MAX_EXPANSION];
    if (!is_scalar(c))
      continue;
    size_t n = unicode_lowercase(c, out);
    Expansion *to = &lower[c];
    CHECK(to->given ? same(out, n, to->code, to->n) : same(out, n, &c, 1),
          "lower case of U+%04X", c);
    n = unicode_strip(c, out);
    to = &strip[c];
    if (c < 0xac00 || c > 0xd7a3)
      CHECK(to->given ? same(out, n, to->code, to->n) : same(out, n, &c, 1),
            "strip_accents of U+%04X", c);
  }
}

#ifdef HAS_UTF8PROC
/* Scripts that Unicode got after utf8proc's tables (14.0), and U+11938, which
 * came after the reference's (12.1). */
static bool is_newer(uint32_t c) {
  return c == 0x11938 || c == 0x1c89 || (c >= 0xa7cb && c <= 0xa7dc) ||
         (c >= 0x10d50 && c <= 0x10d65) || (c >= 0x16ea0 && c <= 0x16eb8);
}

static void check_utf8proc(void) {
  size_t later = 0;
  for (uint32_t c = 0; c < N; c++) {
    utf8proc_int32_t nfd[8];
    uint32_t want[8], out[UNICODE_MAX_EXPANSION];
    int boundary = 0;
    if (!is_scalar(c))
      continue;
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)c, nfd, 8,
                                                 UTF8PROC_DECOMPOSE, &boundary);
    size_t kept = 0;
    for (utf8proc_ssize_t i = 0; i < n; i++)
      if (!(unicode_flags((uint32_t)nfd[i]) & UNICODE_MARK))
        want[kept++] = (uint32_t)nfd[i];
    CHECK(same(out, unicode_strip(c, out), want, kept) || is_newer(c),
          "U+%04X decomposes differently in utf8proc", c);
    unicode_lowercase(c, out);
    bool agrees = out[0] == (uint32_t)utf8proc_tolower((utf8proc_int32_t)c);
    CHECK(agrees || is_newer(c), "lower case of U+%04X in utf8proc", c);
    later += !agrees;
  }
  CHECK(later < 100, "%zu lower cases differ from utf8proc's", later);
}
#endif

/* The order of marks: those of the table, nothing else. */
static void check_order(void) {
  static unsigned ccc[N];
  FILE *file = open_table("nonremoved_combining_ccc.tsv");
  char line[MAX_LINE];
  while (file && fgets(line, sizeof line, file)) {
    char *at;
    unsigned long code = strtoul(line, &at, 16);
    unsigned long class = strtoul(at, &at, 10);
    if (strncmp(at, "\treorders", 9) == 0)
      ccc[code] = (unsigned)class;
  }
  if (file)
    fclose(file);
  for (uint32_t c = 0; c < N; c++)
    if (is_scalar(c)) {
      CHECK(unicode_order_of(c) == ccc[c], "order of U+%04X", c);
      CHECK(!ccc[c] || unicode_flags(c) & UNICODE_NONSTARTER, "U+%04X", c);
    }
}

/* Encoding and decoding are inverse, in both directions. */
static void check_round_trip(void) {
  for (uint32_t c = 0; c < N; c++) {
    unsigned char bytes[4];
    uint32_t back;
    if (!is_scalar(c))
      continue;
    size_t n = utf8_encode(c, bytes);
    const char *text = (const char *)bytes;
    CHECK(utf8_decode(text, n, 0, &back) == n && back == c, "U+%04X", c);
    CHECK(utf8_is_valid(text, n), "U+%04X", c);
    size_t before = utf8_before(text, n, &back);
    CHECK(c == UTF8_BAD || (before == n && back == c), "U+%04X", c);
  }
}

/* '.' stands for U+FFFD; what Python's errors="replace" gives. */
static void check_malformed(void) {
  static const struct {
    const char *bytes, *want;
  } cases[] = {
      {"\x80", "."},
      {"\xbf\xbf", ".."},
      {"\xc0\x80", ".."},
      {"\xc1\xbf", ".."},
      {"\xc2", "."},
      {"\xc2z", ".z"},
      {"\xe0\x80\x80", "..."},
      {"\xe0\x9f\xbf", "..."},
      {"\xe0\xa0", "."},
      {"\xe0\xa0z", ".z"},
      {"\xe1\x80\xe1\x80\x80z", ".\xe1\x80\x80z"},
      {"\xed\xa0\x80", "..."}, /* a surrogate */
      {"\xed\xbf\xbf", "..."},
      {"\xed\x9f", "."},
      {"\xef\xbf\xbd", "."}, /* U+FFFD itself */
      {"\xf0\x80\x80\x80", "...."},
      {"\xf0\x8f\xbf\xbf", "...."},
      {"\xf0\x90\x80", "."},
      {"\xf0\x90\x80z", ".z"},
      {"\xf0\x90z", ".z"},
      {"\xf1\x80\x80\xf1\x80\x80\x80", ".\xf1\x80\x80\x80"},
      {"\xf4\x90\x80\x80", "...."},
      {"\xf5\x80\x80\x80", "...."},
      {"\xfe\xff", ".."},
      {"a\xf0\x9f\x98", "a."},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *text = cases[i].bytes, *want = cases[i].want;
    size_t bytes = strlen(text), at = 0, to = 0;
    while (at < bytes && want[to]) {
      uint32_t code, expected = UTF8_BAD;
      at += utf8_decode(text, bytes, at, &code);
      to +=
          want[to] == '.' ? 1 : utf8_decode(want, strlen(want), to, &expected);
      CHECK(code == expected, "case %zu: U+%04X", i, code);
    }
    CHECK(at == bytes && !want[to], "case %zu ends at %zu", i, at);
    CHECK(utf8_is_valid(text, bytes) == (strcmp(text, "\xef\xbf\xbd") == 0),
          "case %zu", i);
  }
}

/* What a character becomes fits, and its kind is that of all its parts. */
static void check_normal(void) {
  unsigned char bytes[NORMAL_MAX_BYTES];
  for (int i = 0; i < 16; i++) {
    Normalizer how = {i & 1, i & 2, i & 4, i & 8};
    for (uint32_t c = 0; c < N; c++) {
      if (!is_scalar(c))
        continue;
      Normal n = normalize_char(&how, c);
      CHECK(n.n <= 3 && normal_bytes(&n, bytes) <= sizeof bytes, "U+%04X", c);
      CHECK((n.kind == NORMAL_NOTHING) == (n.n == 0), "U+%04X", c);
      for (size_t k = 1; k < n.n; k++)
        CHECK(!(unicode_flags(n.code[k]) & (UNICODE_SPACE | UNICODE_PUNCT)),
              "U+%04X", c);
    }
  }
}

int main(void) {
  check_sets();
  check_case();
  check_maps();
  check_order();
#ifdef HAS_UTF8PROC
  check_utf8proc();
#else
  SKIP("no utf8proc to compare with");
#endif
  check_round_trip();
  check_malformed();
  check_normal();
  return check_done();
}
