/*
 * answers.h - what the tests of answers share: parameters and results of the
 * question-answering pipeline, read from JSON, against ours.
 */
#ifndef TESTS_ANSWERS_H
#define TESTS_ANSWERS_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>
#include "check.h"
#include "task/answer.h"

static inline const cJSON *get(const cJSON *object, const char *key) {
  return cJSON_GetObjectItemCaseSensitive(object, key);
}

static inline const char *get_text(const cJSON *object, const char *key) {
  return cJSON_GetStringValue(get(object, key));
}

static inline size_t get_size(const cJSON *object, const char *key,
                              size_t otherwise) {
  const cJSON *item = get(object, key);
  return item ? (size_t)item->valuedouble : otherwise;
}

static inline bool get_bool(const cJSON *object, const char *key,
                            bool otherwise) {
  const cJSON *item = get(object, key);
  return item ? cJSON_IsTrue(item) : otherwise;
}

static inline EncodeText get_encode(const cJSON *object, const char *key) {
  const char *text = get_text(object, key);
  return (EncodeText){text, strlen(text)};
}

/* The pipeline's keyword arguments. */
static inline AnswerOptions get_options(const cJSON *params, bool merge) {
  AnswerOptions how = answer_defaults;
  how.top_k = get_size(params, "top_k", how.top_k);
  how.max_answer_len = get_size(params, "max_answer_len", how.max_answer_len);
  how.max_seq_len = get_size(params, "max_seq_len", how.max_seq_len);
  how.doc_stride = get_size(params, "doc_stride", how.doc_stride);
  how.impossible = get_bool(params, "handle_impossible_answer", false);
  how.align_to_words = get_bool(params, "align_to_words", true);
  how.merge = merge;
  return how;
}

static inline void check_answer(const char *what, EncodeText context,
                                const Answer *got, const cJSON *want) {
  double score = get(want, "score")->valuedouble;
  double allowed = fmin(2e-5, 1e-6 + 1e-3 * score);
  const char *text = get_text(want, "answer");
  size_t bytes = got->byte_end - got->byte_start;
  CHECK(fabs(got->score - score) <= allowed, "%s: score %.9g, not %.9g", what,
        got->score, score);
  CHECK(got->start == get_size(want, "start", 0) &&
            got->end == get_size(want, "end", 0),
        "%s: %u-%u, not %zu-%zu (%s)", what, got->start, got->end,
        get_size(want, "start", 0), get_size(want, "end", 0), text);
  CHECK(got->byte_end <= context.bytes && bytes == strlen(text) &&
            memcmp(context.text + got->byte_start, text, bytes) == 0,
        "%s: '%.*s', not '%s'", what, (int)bytes,
        context.text + got->byte_start, text);
}

/*
 * `want` is a list, or one answer alone. Its scores of 0 are left-overs in no
 * order; where there is nothing else, one empty answer stands for them.
 */
static inline void check_answers(const char *what, EncodeText context,
                                 const Answers *got, const cJSON *want) {
  size_t n = 0;
  bool is_list = cJSON_IsArray(want);
  for (const cJSON *w = is_list ? want->child : want; w; w = w->next) {
    if (get(w, "score")->valuedouble > 0) {
      if (n < got->n)
        check_answer(what, context, &got->items[n], w);
      n++;
    }
    if (!is_list)
      break;
  }
  if (n == 0) {
    n = 1;
    CHECK(got->n != 1 || (got->items[0].score == 0 && got->items[0].end == 0),
          "%s: not the empty answer", what);
  }
  CHECK(got->n == n, "%s: %zu answers, not %zu", what, got->n, n);
}

#endif
