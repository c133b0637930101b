/*
 * fuzz_vocab.c - any bytes as a vocab.txt.
 *
 * What is accepted is read again line by line: every id has its line's text,
 * every text the last id that has it, and nothing else is found.
 */
#include <string.h>
#include "fuzz.h"
#include "text/vocab.h"

static size_t end_of_line(const char *text, size_t size, size_t at) {
  while (at < size && text[at] != '\n' && text[at] != '\r')
    at++;
  return at;
}

static size_t next_line(const char *text, size_t size, size_t end) {
  if (end + 1 < size && text[end] == '\r' && text[end + 1] == '\n')
    return end + 2;
  return end + 1;
}

static void check_line(const Vocab *v, int32_t id, const char *line, size_t n) {
  size_t bytes = 0;
  const char *text = vocab_text(v, id, &bytes);
  REQUIRE(text && bytes == n && memcmp(text, line, n) == 0);
  REQUIRE(n <= v->longest);
  int32_t found = vocab_find(v, line, n);
  REQUIRE(found >= id);
  text = vocab_text(v, found, &bytes);
  REQUIRE(text && bytes == n && memcmp(text, line, n) == 0);
  /* A text of two parts is found by the hashes of both. */
  uint64_t hash =
      vocab_hash(vocab_hash(0, line, n / 2), line + n / 2, n - n / 2);
  REQUIRE(vocab_find_hashed(v, hash, line, n / 2, line + n / 2, n - n / 2) ==
          found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *text = (const char *)data;
  Vocab v = {0};
  Error err = {""};
  int rc = vocab_read_lines(&v, text, size, &err);
  REQUIRE((rc == OK) == !err.message[0]);
  int32_t id = 0;
  for (size_t at = 0; rc == OK && at < size; id++) {
    size_t end = end_of_line(text, size, at);
    check_line(&v, id, text + at, end - at);
    at = next_line(text, size, end);
  }
  if (rc == OK) {
    size_t bytes;
    REQUIRE((size_t)id == v.n_ids && !vocab_text(&v, id, &bytes));
    REQUIRE(!memchr(text, 0, size));
    int32_t found = vocab_find(&v, text, size);
    REQUIRE(found < 0 || (vocab_text(&v, found, &bytes) && bytes == size));
  }
  vocab_clear(&v);
  return 0;
}
