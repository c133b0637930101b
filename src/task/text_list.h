/*
 * text_list.h - several texts in one argument.
 */
#ifndef TASK_TEXT_LIST_H
#define TASK_TEXT_LIST_H

#include "base/poll.h"
#include "text/tokenizer.h"

/* How a list is written beside a JSON array of strings. */
typedef enum ListForm {
  LIST_JSON,  /* in no other way */
  LIST_ONE,   /* one text that does not begin with '[' is the list of itself */
  LIST_COMMAS /* texts between commas, white space around them and empty ones
               * left out */
} ListForm;

typedef struct TextList {
  EncodeText *texts; /* owned; a 0 is behind each */
  size_t n;
  struct cJSON *json; /* owned: what the texts are in, */
  char *copy;         /* or this */
} TextList;

/* `what` is the argument's name for messages. ERR_FORMAT: no JSON array of
 * strings, a NUL; ERR_RANGE: longer than 16 MiB. Nothing to free on failure. */
int text_list_read(const char *what, EncodeText given, ListForm form,
                   const Poll *poll, TextList *out, Error *err);
void text_list_clear(TextList *list);

#endif
