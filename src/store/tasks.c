/*
 * tasks.c - the table of tasks.
 *
 * A task is a bit of Model.tasks, set by model.c where the checkpoint has the
 * head.  All that is said of it in messages and columns, and which setting
 * names its model, is a row here.
 */
#include "store/tasks.h"

#include <stdio.h>

/* In the order in which names are listed. */
static const TaskInfo task_infos[] = {
    {TASK_EMBED, "embed", "embedding", SETTING_EMBED_MODEL},
    {TASK_ANSWER, "answer", "question answering", SETTING_ANSWER_MODEL},
    {TASK_FILL, "fill", "masked-word", SETTING_FILL_MODEL},
    {TASK_CLASSIFY, "classify", "sequence classification", SETTING_COUNT},
    {TASK_ENTITIES, "entities", "token classification", SETTING_COUNT},
    {TASK_CHOOSE, "choose", "multiple choice", SETTING_COUNT},
};
enum { N_TASKS = sizeof task_infos / sizeof *task_infos };

const TaskInfo *task_info(unsigned bit) {
  for (size_t i = 0; i < N_TASKS; i++)
    if (task_infos[i].bit == (bit ? bit : TASK_ANSWER))
      return &task_infos[i];
  return NULL;
}

char *task_names(unsigned tasks, char *out, size_t room) {
  size_t used = 0;
  out[0] = 0;
  for (size_t i = 0; i < N_TASKS; i++) {
    if (!(tasks & task_infos[i].bit))
      continue;
    int n = snprintf(out + used, room - used, "%s%s", used ? "," : "",
                     task_infos[i].name);
    if (n < 0 || (size_t)n >= room - used)
      break;
    used += (size_t)n;
  }
  return out;
}
