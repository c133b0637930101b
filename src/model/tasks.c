/*
 * tasks.c - the table of tasks.
 *
 * A checkpoint can do a task if it has the head (head_load.c).  Whatever is
 * said of it in messages and columns, the setting that names its model, and
 * what config.json calls it, is in its row here; the tensors' names are in
 * family.c.
 */
#include "model/tasks.h"

#include <stdio.h>
#include <string.h>

const TaskInfo tasks[TASK_COUNT] = {
    [TASK_EMBED] = {"embed", "embedding", "embed_model",
                    "model of embeddings that name none; empty: the built-in"
                    " one",
                    "Model", 0},
    [TASK_ANSWER] = {"answer", "question answering", "answer_model",
                     "the same for answers", "ForQuestionAnswering", 2},
    [TASK_FILL] = {"fill", "masked-word", "fill_model",
                   "the same for masked words", "ForMaskedLM", OUTPUTS_WORDS},
    [TASK_CLASSIFY] = {"classify", "sequence classification", "classify_model",
                       "the same for labels of texts",
                       "ForSequenceClassification", OUTPUTS_LABELS},
    [TASK_ENTITIES] = {"entities", "token classification", "entities_model",
                       "the same for entities", "ForTokenClassification",
                       OUTPUTS_LABELS},
    [TASK_CHOOSE] = {"choose", "multiple choice", "choose_model",
                     "the same for choices", "ForMultipleChoice", 1},
    [TASK_ZERO_SHOT] = {"zero_shot", "sequence classification (entailment)",
                        "zero_shot_model", "the same for labels of one's own",
                        NULL, 0},
};

/* BertForPreTraining has the head of BertForMaskedLM. */
static const char pre_training[] = "ForPreTraining";

/* "MyBertForMaskedLM" counts as well: people derive classes of their own, and
 * the tensors are what they were. */
static bool ends_with(const char *text, const char *end) {
  size_t n = strlen(text), tail = strlen(end);
  return n >= tail && strcmp(text + n - tail, end) == 0;
}

Task task_of_class(const char *class) {
  if (ends_with(class, pre_training))
    return TASK_FILL;
  for (int t = 0; t < TASK_COUNT; t++)
    if (tasks[t].class && ends_with(class, tasks[t].class))
      return (Task)t;
  return TASK_EMBED;
}

bool task_has_class(const char *rest) {
  for (int t = 0; t < TASK_COUNT; t++)
    if (tasks[t].class && strcmp(rest, tasks[t].class) == 0)
      return true;
  return strcmp(rest, pre_training) == 0;
}

char *task_names(unsigned bits, char *out, size_t room) {
  size_t used = 0;
  out[0] = 0;
  for (int t = 0; t < TASK_COUNT; t++) {
    if (!(bits & TASK_BIT(t)))
      continue;
    int n = snprintf(out + used, room - used, "%s%s", used ? "," : "",
                     tasks[t].name);
    if (n < 0 || (size_t)n >= room - used)
      break;
    used += (size_t)n;
  }
  return out;
}
