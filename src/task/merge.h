/*
 * merge.h - adds up answers that read the same (transformers 4.53 to 5.2).
 *
 * An answer whose text, lower-cased, was met before adds its score to that
 * one, which keeps its own place; another is appended.
 */
#ifndef TASK_MERGE_H
#define TASK_MERGE_H

#include "task/answers.h"
#include "text/tokenizer.h"

/* All zero is an empty Merge. */
typedef struct Merge {
  size_t *slots;    /* owned: 0, or 1 + the index of an answer */
  size_t n_slots;   /* 0 or a power of two */
  uint64_t *hashes; /* owned: of every answer's lower-cased text */
  size_t capacity;  /* of hashes */
} Merge;

/* `answers` holds what this Merge appended and nothing else. ERR_NOMEM. */
int merge_add(Merge *m, EncodeText context, const Answer *answer,
              Answers *answers, Error *err);
void merge_clear(Merge *m);

#endif
