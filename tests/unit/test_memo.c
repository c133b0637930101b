/*
 * test_memo.c - what a connection keeps: which results stay, which go.
 *
 * Keys are letters.  A row is a list of uses, "+a" keeps a and "?a" looks it
 * up, in a memo of three, and the keys that must be there afterwards.
 */
#include "sql/memo.h"

#include <string.h>
#include "check.h"

enum { ROOM = 3 };

static const struct {
  const char *uses, *left;
} rows[] = {
    {"", ""},
    {"+a", "a"},
    {"+a+b+c", "abc"},
    {"+a+b+c+d", "bcd"},
    {"+a+b+c?a+d", "acd"},
    {"+a+b+c?b?a+d+e", "ade"},
    {"?a+a?b", "a"},
    {"+a?a?a+b+c+d+e+f", "def"},
};

static MemoKey key_of(char letter) {
  MemoKey key = {.off = false};
  key.digest[31] = (unsigned char)letter;
  return key;
}

static void use(Memo *memo, char how, char letter) {
  MemoKey key = key_of(letter);
  size_t bytes = 0;
  if (how == '?') {
    const char *value = memo_find(memo, &key, &bytes);
    CHECK(!value || (bytes == 1 && *value == letter), "%c is %c", letter,
          value ? *value : '0');
    return;
  }
  memo_keep(memo, &key, &letter, 1, ROOM);
}

static void test_rows(void) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    Memo memo = {0};
    for (const char *at = rows[i].uses; *at; at += 2)
      use(&memo, at[0], at[1]);
    CHECK(memo.n == strlen(rows[i].left), "%s: %zu left", rows[i].uses, memo.n);
    for (const char *at = rows[i].left; *at; at++) {
      MemoKey key = key_of(*at);
      size_t bytes;
      CHECK(memo_find(&memo, &key, &bytes), "%s: no %c", rows[i].uses, *at);
    }
    memo_shrink(&memo, 0);
    CHECK(!memo.entries && memo.n == 0, "%s: something is left", rows[i].uses);
  }
}

static void test_sizes(void) {
  static char value[MEMO_VALUE_MAX + 1];
  Memo memo = {0};
  MemoKey a = key_of('a'), b = key_of('b'), c = key_of('c');
  size_t bytes = 7;
  memo_keep(&memo, &a, value, sizeof value, ROOM);
  CHECK(memo.n == 0, "too large a value was kept");
  memo_keep(&memo, &b, value, sizeof value - 1, ROOM);
  memo_keep(&memo, &c, value, 0, ROOM);
  CHECK(memo_find(&memo, &c, &bytes) && bytes == 0, "an empty value is one");
  CHECK(memo_find(&memo, &b, &bytes) && bytes == MEMO_VALUE_MAX, "the largest");
  CHECK(!memo_find(&memo, &a, &bytes), "what was not kept was found");
  CHECK(memo.hits == 2 && memo.misses == 1, "%d hits", (int)memo.hits);
  memo_shrink(&memo, 1);
  CHECK(memo.n == 1 && memo_find(&memo, &b, &bytes), "the latest used stays");
  CHECK(memo.bytes == MEMO_VALUE_MAX, "%zu bytes", memo.bytes);
  memo_shrink(&memo, 0);
  CHECK(memo.bytes == 0, "%zu bytes of nothing", memo.bytes);
}

/* All results together have a limit, however many entries are allowed. */
static void test_bytes(void) {
  static char value[MEMO_VALUE_MAX];
  Memo memo = {0};
  for (char letter = 'A'; letter <= 'Z'; letter++) {
    MemoKey key = key_of(letter);
    memo_keep(&memo, &key, value, sizeof value, 1000);
    CHECK(memo.bytes <= MEMO_BYTES_MAX, "%zu bytes", memo.bytes);
  }
  CHECK(memo.n == MEMO_BYTES_MAX / MEMO_VALUE_MAX, "%zu of them", memo.n);
  memo_shrink(&memo, 0);
}

/* A key that is off: nothing is looked up, kept or counted. */
static void test_off(void) {
  Memo memo = {0};
  MemoKey key = {.off = true};
  size_t bytes;
  memo_keep(&memo, &key, "x", 1, ROOM);
  CHECK(!memo_find(&memo, &key, &bytes) && memo.n == 0, "kept");
  CHECK(memo.hits + memo.misses == 0, "counted");
}

int main(void) {
  test_rows();
  test_sizes();
  test_bytes();
  test_off();
  return check_done();
}
