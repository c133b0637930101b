/*
 * test_collect.c - windows with made-up logits, against the answers that the
 * pipeline's rules give for them (data/qa_windows.py made the data); then the
 * rules that only show in odd cases.
 */
#include "task/collect.h"

#include "answers.h"
#include "oracle/oracle.h"

enum { MAX_TOKENS = 512, CLS = 101 };

typedef struct Window {
  size_t n;
  Token tokens[MAX_TOKENS];
  float start[MAX_TOKENS], end[MAX_TOKENS];
} Window;

static int at(const cJSON *object, const char *key, size_t i) {
  return cJSON_GetArrayItem(get(object, key), (int)i)->valueint;
}

static size_t bytes_before(const char *text, int chars) {
  size_t i = 0;
  for (; chars > 0; chars--)
    for (i++; ((unsigned char)text[i] & 0xc0) == 0x80;)
      i++;
  return i;
}

static void read_window(const cJSON *w, const char *context, Window *out) {
  out->n = (size_t)cJSON_GetArraySize(get(w, "ids"));
  for (size_t i = 0; i < out->n; i++) {
    Token *t = &out->tokens[i];
    *t = (Token){.id = at(w, "ids", i),
                 .word = at(w, "words", i),
                 .sequence = (int8_t)at(w, "sequences", i),
                 .start = (uint32_t)at(w, "offsets", 2 * i),
                 .end = (uint32_t)at(w, "offsets", 2 * i + 1)};
    if (t->sequence == 1) {
      t->byte_start = (uint32_t)bytes_before(context, (int)t->start);
      t->byte_end = (uint32_t)bytes_before(context, (int)t->end);
    } else {
      collect_place(t, 1, CLS, (EncodeText){context, strlen(context)});
    }
    const cJSON *start = cJSON_GetArrayItem(get(w, "start_logits"), (int)i);
    const cJSON *end = cJSON_GetArrayItem(get(w, "end_logits"), (int)i);
    out->start[i] = (float)start->valuedouble;
    out->end[i] = (float)end->valuedouble;
  }
}

static void check_row(const cJSON *row, bool merge) {
  static Window w;
  AnswerOptions how = get_options(get(row, "params"), merge);
  EncodeText context = get_encode(row, "context");
  Collector c = {.how = &how, .context = context, .cls_id = CLS};
  const cJSON *window;
  Error err = {""};
  cJSON_ArrayForEach(window, get(row, "windows")) {
    read_window(window, context.text, &w);
    CHECK(collect_window(&c, w.tokens, w.n, w.start, w.end, &err) == OK, "%s",
          err.message);
  }
  Answers got = {0};
  CHECK(collect_end(&c, &got, &err) == OK, "%s", err.message);
  check_answers(get_text(row, "name"), context, &got,
                get(row, merge ? "result_4_57_1" : "unmerged"));
  answers_clear(&got);
}

static void test_fixtures(void) {
  cJSON *rows = oracle_json("tests/unit/data/qa_windows.json");
  const cJSON *row;
  cJSON_ArrayForEach(row, rows) {
    check_row(row, false);
    check_row(row, true);
  }
  CHECK(cJSON_GetArraySize(rows) == 11, "%d rows", cJSON_GetArraySize(rows));
  cJSON_Delete(rows);
}

/* One token a word, words of one character, behind [CLS]. */
static size_t letters(Token *tokens, const char *context) {
  size_t n = 1;
  uint32_t byte = 0;
  tokens[0] = (Token){.id = CLS, .word = -1, .sequence = -1};
  for (uint32_t c = 0; context[byte]; c++, n++) {
    uint32_t next = (uint32_t)(byte + bytes_before(context + byte, 1));
    tokens[n] = (Token){.id = 1,
                        .word = (int32_t)c,
                        .sequence = 1,
                        .start = c,
                        .end = c + 1,
                        .byte_start = byte,
                        .byte_end = next};
    byte = next;
  }
  return n;
}

static Answers collect_letters(const AnswerOptions *how, const char *context) {
  Token tokens[MAX_TOKENS];
  float start[MAX_TOKENS] = {0}, end[MAX_TOKENS] = {0};
  Collector c = {
      .how = how, .context = {context, strlen(context)}, .cls_id = CLS};
  Answers got = {0};
  size_t n = letters(tokens, context);
  CHECK(collect_window(&c, tokens, n, start, end, NULL) == OK, "memory");
  CHECK(collect_end(&c, &got, NULL) == OK, "memory");
  return got;
}

/* Equal answers by Python's str.lower(). */
static void test_lower(void) {
  static const struct {
    const char *context; /* of one-letter answers */
    size_t n;            /* different ones */
  } rows[] = {
      {"aA", 1},
      {"aB", 2},
      {"\xc3\x84\xc3\xa4", 1},             /* A-umlaut, a-umlaut */
      {"\xce\xa3\xcf\x83\xcf\x82", 1},     /* the three sigmas */
      {"\xc4\xb0i", 2},                    /* I with dot is i + U+0307 */
      {"\xd0\x96\xd0\xb6\xe6\x9d\xb1", 2}, /* Zhe, zhe, east */
      {"\xc3\x9fS", 2},                    /* sharp s stays */
  };
  AnswerOptions how = answer_defaults;
  how.merge = true;
  how.max_answer_len = 1;
  how.top_k = 100;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    Answers got = collect_letters(&how, rows[i].context);
    CHECK(got.n == rows[i].n, "'%s': %zu answers, not %zu", rows[i].context,
          got.n, rows[i].n);
    answers_clear(&got);
  }
}

/* The table has to grow, and the sum to reach every answer. */
static void test_many_merged(void) {
  char context[401];
  for (size_t i = 0; i < 400; i++)
    context[i] = (char)((i & 1 ? 'A' : 'a') + (int)(i * 7 % 26));
  context[400] = 0;
  AnswerOptions how = answer_defaults;
  how.merge = true;
  how.max_answer_len = 2;
  how.top_k = SIZE_MAX;
  Answers got = collect_letters(&how, context);
  double sum = 0, p = 1.0 / 401;
  for (size_t i = 0; i < got.n; i++)
    sum += got.items[i].score;
  CHECK(got.n == 52, "%zu answers", got.n);
  CHECK(fabs(sum - 799 * p * p) < 1e-6, "scores add up to %g", sum);
  answers_clear(&got);
}

static void check_stable(int windows) {
  Token tokens[8];
  AnswerOptions how = answer_defaults;
  how.top_k = 3;
  how.max_answer_len = 1;
  Collector c = {.how = &how, .context = {"abcd", 4}, .cls_id = CLS};
  size_t n = letters(tokens, "abcd");
  for (int window = 0; window < windows; window++) {
    float start[8] = {0}, end[8] = {0};
    CHECK(collect_window(&c, tokens, n, start, end, NULL) == OK, "memory");
  }
  Answers got = {0};
  CHECK(collect_end(&c, &got, NULL) == OK, "memory");
  CHECK(got.n == 3, "%zu answers", got.n);
  for (uint32_t i = 0; i < got.n; i++)
    CHECK(got.items[i].start == i, "%d windows: rank %u starts at %u", windows,
          i, got.items[i].start);
  answers_clear(&got);
}

/* Equal scores in the order they came, also after being cut back. */
static void test_stable(void) {
  for (int windows = 1; windows < 10; windows++)
    check_stable(windows);
}

/* A literal [CLS] in the question is allowed: its word's number, or else its
 * offsets, are looked up in the context. */
static void test_cls_in_question(void) {
  static const struct {
    int32_t word;
    bool align;
    uint32_t start, end, byte_start, byte_end;
  } rows[] = {
      {1, true, 1, 3, 2, 4},  /* the context's word 1 */
      {2, true, 2, 3, 3, 4},  /* its word 2 */
      {9, true, 1, 3, 2, 4},  /* no word 9: offsets */
      {2, false, 1, 3, 2, 4}, /* offsets */
      {-1, true, 1, 3, 2, 4},
  };
  const char *context = "\xc3\xa4"
                        "bc";
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    Token tokens[8];
    AnswerOptions how = answer_defaults;
    how.align_to_words = rows[i].align;
    size_t n = letters(tokens + 1, context) + 1;
    tokens[0] = tokens[1];
    tokens[1] = (Token){.id = CLS, .word = rows[i].word, .start = 1, .end = 6};
    collect_place(tokens + 1, 1, CLS, (EncodeText){context, 4});
    float start[8] = {0, 9}, end[8] = {0};
    end[n - 1] = 9;
    Collector c = {.how = &how, .context = {context, 4}, .cls_id = CLS};
    CHECK(collect_window(&c, tokens, n, start, end, NULL) == OK, "memory");
    Answers got = {0};
    CHECK(collect_end(&c, &got, NULL) == OK && got.n == 1, "%zu", got.n);
    const Answer *a = got.items;
    CHECK(a->start == rows[i].start && a->end == rows[i].end &&
              a->byte_start == rows[i].byte_start &&
              a->byte_end == rows[i].byte_end,
          "row %zu: %u-%u, bytes %u-%u", i, a->start, a->end, a->byte_start,
          a->byte_end);
    answers_clear(&got);
  }
}

int main(void) {
  test_fixtures();
  test_lower();
  test_many_merged();
  test_stable();
  test_cls_in_question();
  return check_done();
}
