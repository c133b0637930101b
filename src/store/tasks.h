/*
 * tasks.h - what there is to know of a task beside its arithmetic.
 */
#ifndef STORE_TASKS_H
#define STORE_TASKS_H

#include <stddef.h>
#include "model/model.h"
#include "store/settings.h"

typedef struct TaskInfo {
  unsigned bit;     /* TASK_ANSWER ... */
  const char *name; /* in distilbert_models.tasks */
  const char *head; /* "model x has no ... head" */
  Setting setting;  /* names the model of calls that name none; SETTING_COUNT:
                     * there is no such setting, a call must name one */
} TaskInfo;

/* Of one bit, or of 0, the tokenizer alone: who names no model means that of
 * answers. NULL: no such task. */
const TaskInfo *task_info(unsigned bit);

/* "answer,embed": the names of the bits, for people. Returns out. */
char *task_names(unsigned tasks, char *out, size_t room);

#endif
