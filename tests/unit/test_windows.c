/*
 * test_windows.c - truncation, templates and windows, by arithmetic.
 *
 * Texts are runs of one-token words, so a token's offset tells its index; what
 * is kept is compared with tables of the reference and with the rules written
 * down again here, over all small sizes.
 */
#include "check.h"
#include "tokenizers.h"

static const char vocab[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n";
static Tokenizer *t;
static char text[4096]; /* "a a a ..." */

static EncodeText words(size_t n) {
  return (EncodeText){text, n ? 2 * n - 1 : 0};
}

static size_t count(const Encoding *e, int sequence) {
  size_t n = 0;
  for (size_t i = 0; i < e->n; i++)
    n += e->tokens[i].sequence == sequence;
  return n;
}

/* The template and the types of a pair are right, words and offsets run on. */
static void check_pair(const Encoding *e, size_t from) {
  size_t a = count(e, 0), b = count(e, 1);
  CHECK(e->n == a + b + 3, "%zu tokens", e->n);
  for (size_t i = 0; i < e->n; i++) {
    const Token *token = &e->tokens[i];
    bool special = i == 0 || i == a + 1 || i == e->n - 1;
    int32_t id = !special ? 5 : i == 0 ? 2 : 3;
    size_t index = i <= a ? i - 1 : i - a - 2 + from;
    CHECK(token->special == special && token->id == id, "token %zu", i);
    CHECK(token->type == (i > a + 1), "type of token %zu", i);
    CHECK(special
              ? token->word == -1 && token->end == 0 && token->sequence == -1
              : token->start == 2 * index && (size_t)token->word == index,
          "token %zu: word %d at %u", i, (int)token->word, token->start);
  }
}

static int encode(size_t a, size_t b, Truncation how, size_t max,
                  size_t kept[2], bool *cut) {
  Encoding e = {0};
  Error err = {""};
  int rc =
      tokenizer_encode(t, words(a), words(b), how, max, NULL, &e, cut, &err);
  kept[0] = count(&e, 0);
  kept[1] = count(&e, 1);
  if (rc == OK)
    check_pair(&e, 0);
  else
    CHECK(rc == ERR_RANGE && err.message[0], "%d", rc);
  encoding_clear(&e);
  return rc;
}

/* {a, b, M} and what is kept of each: measured on the reference. */
static void check_longest(void) {
  static const size_t cases[][5] = {
      {10, 10, 15, 7, 8},   {3, 20, 10, 3, 7},    {2, 20, 5, 2, 3},
      {20, 3, 10, 7, 3},    {20, 30, 5, 2, 3},    {30, 20, 5, 3, 2},
      {20, 20, 5, 2, 3},    {2, 3, 5, 2, 3},      {0, 20, 5, 0, 5},
      {1, 1, 0, 0, 0},      {1, 1, 1, 0, 1},      {5, 1, 1, 1, 0},
      {999, 1000, 7, 3, 4}, {1000, 999, 7, 4, 3},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const size_t *c = cases[i];
    size_t kept[2];
    bool cut;
    int rc = encode(c[0], c[1], TRUNCATE_LONGEST_FIRST, c[2] + 3, kept, &cut);
    CHECK(rc == OK && kept[0] == c[3] && kept[1] == c[4],
          "%zu and %zu in %zu: %zu and %zu", c[0], c[1], c[2], kept[0],
          kept[1]);
    CHECK(cut == (c[0] + c[1] > c[2]), "case %zu: cut", i);
  }
}

/* The rule in the reference's own words, for all small sizes. */
static void check_longest_all(void) {
  for (size_t a = 0; a < 9; a++)
    for (size_t b = 0; b < 9; b++)
      for (size_t max = 0; max < 18; max++) {
        size_t n1 = a < b ? a : b, n2 = a < b ? b : a, kept[2];
        if (n1 + n2 > max) {
          n2 = n1 > max ? n1 : n1 > max - n1 ? n1 : max - n1;
          if (n1 + n2 > max) {
            n1 = max / 2;
            n2 = n1 + max % 2;
          }
        }
        bool swap = a > b;
        CHECK(encode(a, b, TRUNCATE_LONGEST_FIRST, max + 3, kept, NULL) == OK &&
                  kept[swap] == n1 && kept[!swap] == n2,
              "%zu, %zu in %zu", a, b, max);
      }
}

static void check_only(void) {
  for (size_t a = 0; a < 7; a++)
    for (size_t b = 0; b < 7; b++)
      for (size_t max = 0; max < 14; max++)
        for (int i = 0; i < 2; i++) {
          size_t kept[2], n[2] = {a, b};
          size_t over = a + b > max ? a + b - max : 0;
          int rc = encode(a, b, i ? TRUNCATE_ONLY_SECOND : TRUNCATE_ONLY_FIRST,
                          max + 3, kept, NULL);
          if (over && n[i] <= over)
            CHECK(rc == ERR_RANGE, "%zu, %zu in %zu", a, b, max);
          else
            CHECK(rc == OK && kept[i] == n[i] - over && kept[!i] == n[!i],
                  "%zu, %zu in %zu", a, b, max);
        }
}

static void check_single(void) {
  static const Truncation how[] = {TRUNCATE_NOT, TRUNCATE_LONGEST_FIRST,
                                   TRUNCATE_ONLY_FIRST, TRUNCATE_ONLY_SECOND};
  static const size_t kept[] = {9, 4, 4, 0};
  EncodeText none = {NULL, 0};
  for (size_t i = 0; i < 4; i++) {
    Encoding e = {0};
    bool cut = false;
    Error err = {""};
    int rc =
        tokenizer_encode(t, words(9), none, how[i], 6, NULL, &e, &cut, &err);
    CHECK(how[i] == TRUNCATE_ONLY_SECOND ? rc == ERR_RANGE : rc == OK, "%zu",
          i);
    CHECK(count(&e, 0) == kept[i] && count(&e, 1) == 0, "%zu", i);
    CHECK(cut == (kept[i] == 4), "%zu", i);
    encoding_clear(&e);
  }
  Encoding e = {0};
  CHECK(tokenizer_encode(t, words(0), none, TRUNCATE_NOT, 0, NULL, &e, NULL,
                         NULL) == OK &&
            e.n == 2,
        "[CLS] [SEP]");
  e.n = 0;
  CHECK(tokenizer_encode(t, words(1), words(0), TRUNCATE_NOT, 0, NULL, &e, NULL,
                         NULL) == OK &&
            e.n == 4,
        "[CLS] a [SEP] [SEP]");
  CHECK(tokenizer_encode(t, words(1), words(1), TRUNCATE_LONGEST_FIRST, 2, NULL,
                         &e, NULL, NULL) == ERR_RANGE,
        "less than the template");
  encoding_clear(&e);
}

/* {n, W, stride} and the windows' starts, measured; -1 ends the list. */
static void check_windows(void) {
  static const int cases[][8] = {
      {10, 4, 0, 0, 4, 8, -1},
      {10, 4, 1, 0, 3, 6, -1},
      {10, 4, 2, 0, 2, 4, 6, -1},
      {9, 4, 1, 0, 3, 6, -1},
      {7, 4, 1, 0, 3, -1},
      {1000, 367, 128, 0, 239, 478, 717, -1},
      {86, 49, 24, 0, 25, 50, -1},
      {79, 33, 16, 0, 17, 34, 51, -1},
      {4, 4, 9, 0, -1},
      {0, 4, 1, 0, -1},
      {1, 1, 0, 0, -1},
      {3, 1, 0, 0, 1, 2, -1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t n = (size_t)cases[i][0], size = (size_t)cases[i][1];
    Windows w;
    Encoding e = {0};
    Error err = {""};
    bool more = false;
    int rc = windows_open(t, words(2), words(n), size + 2 + 3,
                          (Stride){(size_t)cases[i][2], false}, NULL, &w, &err);
    CHECK(rc == OK, "case %zu: %s", i, err.message);
    for (int k = 3; k < 8; k++) {
      size_t at = w.position;
      e.n = 0;
      CHECK(windows_next(&w, NULL, &e, &more, &err) == OK, "%s", err.message);
      CHECK(more == (cases[i][k] >= 0), "case %zu, window %d", i, k - 3);
      if (!more)
        break;
      size_t start = (size_t)cases[i][k];
      CHECK(at == start, "case %zu: position %zu", i, at);
      CHECK(count(&e, 0) == 2 &&
                count(&e, 1) == (n - start < size ? n - start : size),
            "case %zu: %zu tokens", i, e.n);
      check_pair(&e, start);
    }
    encoding_clear(&e);
    windows_close(&w);
  }
}

static void check_refused(void) {
  static const size_t cases[][5] = {
      /* first, second, max, stride, code */
      {5, 9, 8, 0, ERR_RANGE}, {5, 9, 9, 0, OK},
      {5, 9, 0, 0, ERR_RANGE}, {2, 9, 8, 3, ERR_RANGE},
      {2, 9, 8, 2, OK},        {2, 3, 8, 99, OK},
      {0, 9, 8, 5, ERR_RANGE}, {500, 1, 16, 0, ERR_RANGE},
      {2, 9, SIZE_MAX, 5, OK},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const size_t *c = cases[i];
    Windows w;
    Error err = {""};
    int rc = windows_open(t, words(c[0]), words(c[1]), c[2],
                          (Stride){c[3], false}, NULL, &w, &err);
    CHECK(rc == (int)c[4] && (rc == OK) == !err.message[0], "case %zu: %d %s",
          i, rc, err.message);
    windows_close(&w);
  }
}

/* A stride that yields becomes half of the window; one below it stays. */
static void check_yield(void) {
  static const size_t cases[][3] = {/* window, stride, as it takes effect */
                                    {8, 8, 4},
                                    {7, 100, 3},
                                    {1, 5, 0},
                                    {8, 7, 7},
                                    {8, 0, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Windows w;
    Error err = {{0}};
    Stride stride = {cases[i][1], true};
    int rc = windows_open(t, words(2), words(50), cases[i][0] + 2 + 3, stride,
                          NULL, &w, &err);
    CHECK(rc == OK && w.stride.tokens == cases[i][2], "case %zu: %zu", i,
          w.stride.tokens);
    windows_close(&w);
  }
}

int main(void) {
  for (size_t i = 0; i < sizeof text; i++)
    text[i] = i % 2 ? ' ' : 'a';
  t = open_vocab(text_of(vocab), NULL);
  check_longest();
  check_longest_all();
  check_only();
  check_single();
  check_windows();
  check_refused();
  check_yield();
  tokenizer_free(t);
  return check_done();
}
