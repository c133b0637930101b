/*
 * test_error.c - messages are cut at a character, and what they quote is
 * harmless.
 */
#include "base/error.h"

#include <string.h>
#include "base/utf8.h"
#include "check.h"

static int is_utf8(const char *text) {
  size_t left = strlen(text);
  while (left > 0) {
    size_t n = utf8_length(text, left);
    if (n == 0)
      return 0;
    text += n;
    left -= n;
  }
  return 1;
}

static void check_cut(void) {
  static const char *characters[] = {"x", "\xc3\xa9", "\xe4\xb8\xad",
                                     "\xf0\x9f\x98\x80"};
  for (size_t c = 0; c < 4; c++)
    for (size_t lead = 0; lead < 5; lead++) {
      char text[600];
      Error err;
      memset(text, 'a', lead);
      size_t width = strlen(characters[c]), n = lead;
      for (; n < 500; n += width)
        memcpy(text + n, characters[c], width);
      text[n] = 0;
      CHECK(fail(&err, ERR_RANGE, "%s", text) == ERR_RANGE, "code");
      size_t kept = strlen(err.message);
      CHECK(kept <= 271 && kept > 271 - width, "%zu", kept);
      CHECK(is_utf8(err.message), "cut in a character: %zu, %zu", c, lead);
      CHECK(fail_prefix(&err, ERR_IO, "p%zu", lead) == ERR_IO, "code");
      CHECK(is_utf8(err.message) && err.message[0] == 'p', "prefix");
    }
}

static void check_messages(void) {
  Error err;
  CHECK(fail(NULL, ERR_IO, "x") == ERR_IO, "NULL");
  CHECK(fail_prefix(NULL, ERR_IO, "x") == ERR_IO, "NULL");
  fail(&err, ERR_IO, "%s", "\x80\x80");
  CHECK(strcmp(err.message, "\x80\x80") == 0, "no character to cut");
  CHECK(fail_memory(&err) == ERR_NOMEM, "code");
  CHECK(strcmp(err.message, "out of memory") == 0, "%s", err.message);
  fail(&err, ERR_IO, "%s: no such file", "a");
  fail_prefix(&err, ERR_IO, "model %s", "m");
  CHECK(strcmp(err.message, "model m: a: no such file") == 0, "%s",
        err.message);
}

static void check_quote(void) {
  static const struct {
    const char *in, *out;
  } cases[] = {
      {"", ""},
      {"abc", "abc"},
      {"a\nb\tc\x1b[31m\x7f", "a?b?c?[31m?"},
      {"\xc3\xa9\xf0\x9f\x98\x80", "\xc3\xa9\xf0\x9f\x98\x80"},
      {"\xff\xc3(\xed\xa0\x80", "?\?(?\?\?"},
      {"\xf0\x9f\x98", "???"},
  };
  char out[ERROR_QUOTE];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    CHECK(strcmp(error_quote(out, cases[i].in), cases[i].out) == 0, "%s", out);
  for (size_t lead = 0; lead < 4; lead++) {
    char text[300] = "aaaa";
    size_t n = lead;
    for (; n < 200; n += 4)
      memcpy(text + n, "\xf0\x9f\x98\x80", 4);
    text[n] = 0;
    error_quote(out, text);
    size_t n_out = strlen(out);
    CHECK(is_utf8(out) && n_out > ERROR_QUOTE - 5 && n_out < ERROR_QUOTE, "%zu",
          n_out);
  }
}

/* utf8_length against the ranges written out, over all 3-byte strings and
 * the 4-byte ones that begin with a 4-byte lead. */
static unsigned decode(const unsigned char *p, size_t n) {
  unsigned c = n == 2 ? p[0] & 31u : n == 3 ? p[0] & 15u : p[0] & 7u;
  for (size_t i = 1; i < n; i++)
    c = c << 6 | (p[i] & 63u);
  return c;
}

static size_t expected(const unsigned char *p, size_t left) {
  static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (p[0] < 0x80)
    return 1;
  size_t n = p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
  if (n == 0 || n > left)
    return 0;
  for (size_t i = 1; i < n; i++)
    if (p[i] >> 6 != 2)
      return 0;
  unsigned c = decode(p, n);
  return c < least[n] || c > 0x10ffff || c >> 11 == 27 ? 0 : n;
}

static void check_utf8(void) {
  size_t wrong = 0;
  for (unsigned i = 0; i < 1u << 24; i++) {
    unsigned char p[4] = {(unsigned char)(i >> 16), (unsigned char)(i >> 8),
                          (unsigned char)i, 0x80};
    for (size_t left = 1; left <= 4; left++)
      wrong += utf8_length((const char *)p, left) != expected(p, left);
  }
  CHECK(wrong == 0, "%zu", wrong);
}

int main(void) {
  check_cut();
  check_messages();
  check_quote();
  check_utf8();
  return check_done();
}
