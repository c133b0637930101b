/*
 * answers.c - a list of answers.
 */
#include "task/answers.h"

#include "base/memory.h"

int answers_add(Answers *a, const Answer *answer, Error *err) {
  if (mem_reserve(&a->items, &a->capacity, a->n + 1, sizeof *answer))
    return fail_memory(err);
  a->items[a->n++] = *answer;
  return OK;
}

void answers_clear(Answers *a) {
  mem_free(a->items);
  *a = (Answers){0};
}
