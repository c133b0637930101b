/*
 * tasks.h - the tasks: one row each, with all there is to know of a task beside
 * its arithmetic.
 */
#ifndef MODEL_TASKS_H
#define MODEL_TASKS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum Task {
  TASK_EMBED,
  TASK_ANSWER,
  TASK_FILL,
  TASK_CLASSIFY,
  TASK_ENTITIES,
  TASK_CHOOSE,
  TASK_ZERO_SHOT, /* by the head of CLASSIFY, where a label means entailment */
  TASK_COUNT,
  TASK_NONE = TASK_COUNT /* no head is needed: the tokenizer alone will do */
} Task;

/* Several tasks at once, such as Model.tasks. */
#define TASK_BIT(task) (1U << (task))

/* Numbers that a head gives, where it is not the same for all models. */
enum {
  OUTPUTS_WORDS = -1, /* one for each token of the vocabulary */
  OUTPUTS_LABELS = -2 /* one for each label: as many as its tensor has rows */
};

typedef struct TaskInfo {
  const char *name;    /* in distilbert_models.tasks */
  const char *head;    /* "model x has no ... head" */
  const char *setting; /* names the model of calls that name none */
  const char *help;    /* of that setting */
  const char
      *class;  /* of the reference, behind its family's name; NULL: none */
  int outputs; /* of the head; 0: the task needs none */
} TaskInfo;

/* In the order in which names are listed. */
extern const TaskInfo tasks[TASK_COUNT];

/* The task of a class of the reference, by the end of its name; TASK_EMBED,
 * which all can do, where it says nothing of a head. */
Task task_of_class(const char *class);

/* Is this, without its family's name, a class of the reference? */
bool task_has_class(const char *rest);

/* "embed,answer": the names of the bits, for people. Returns out. */
char *task_names(unsigned bits, char *out, size_t room);

#endif
