/*
 * text_list.c - several texts in one argument.
 *
 * In:  '["role", "Paris"]', 'role', or 'role, Paris', as the caller allows.
 * Out: the texts, in the order in which they were written.
 *
 * Commas and white space are those of the reference, which splits and strips
 * with Python (reference/pipelines.md 6).
 */
#include "task/text_list.h"

#include <string.h>
#include "base/json.h"
#include "base/memory.h"
#include "unicode/python.h"

enum { LIST_LIMIT = 1 << 24 }; /* bytes */

static int read_items(const char *what, const Poll *poll, TextList *out,
                      Error *err) {
  const cJSON *item;
  int rc = OK;
  if (!cJSON_IsArray(out->json))
    return fail(err, ERR_FORMAT, "%s must be a JSON array of strings", what);
  out->texts =
      mem_array((size_t)cJSON_GetArraySize(out->json) + 1, sizeof *out->texts);
  if (!out->texts)
    return fail_memory(err);
  cJSON_ArrayForEach(item, out->json) {
    if (!cJSON_IsString(item))
      return fail(err, ERR_FORMAT, "%s must be a JSON array of strings", what);
    rc = poll_check(poll, err);
    if (rc)
      break;
    out->texts[out->n++] =
        (EncodeText){item->valuestring, strlen(item->valuestring)};
  }
  return rc;
}

static int read_json(const char *what, EncodeText given, const Poll *poll,
                     TextList *out, Error *err) {
  int rc =
      json_parse(what, given.text, given.bytes, LIST_LIMIT, &out->json, err);
  return rc ? rc : read_items(what, poll, out, err);
}

static size_t count_commas(EncodeText given) {
  size_t n = 0;
  for (size_t i = 0; i < given.bytes; i++)
    n += given.text[i] == ',';
  return n;
}

/* A text without the white space around it, if anything is left. */
static int add_stripped(char *text, const Poll *poll, TextList *out,
                        Error *err) {
  const char *start = text;
  size_t bytes = strlen(text);
  int rc = python_strip(&start, &bytes, poll, err);
  if (rc == OK && bytes > 0) {
    text[(size_t)(start - text) + bytes] = 0;
    out->texts[out->n++] = (EncodeText){start, bytes};
  }
  return rc;
}

static int split(const Poll *poll, TextList *out, Error *err) {
  int rc = OK;
  char *at = out->copy;
  for (char *comma; rc == OK && at; at = comma) {
    comma = strchr(at, ',');
    if (comma)
      *comma++ = 0;
    rc = add_stripped(at, poll, out, err);
  }
  return rc;
}

/* What is no JSON. */
static int read_plain(const char *what, EncodeText given, ListForm form,
                      const Poll *poll, TextList *out, Error *err) {
  if (given.bytes > LIST_LIMIT)
    return fail(err, ERR_RANGE, "%s has %zu bytes, at most %d are read", what,
                given.bytes, LIST_LIMIT);
  if (memchr(given.text, 0, given.bytes))
    return fail(err, ERR_FORMAT, "%s: a NUL character in it", what);
  out->copy = mem_text(given.text, given.bytes);
  out->texts = mem_array(count_commas(given) + 1, sizeof *out->texts);
  if (!out->copy || !out->texts)
    return fail_memory(err);
  if (form == LIST_COMMAS)
    return split(poll, out, err);
  out->texts[out->n++] = (EncodeText){out->copy, given.bytes};
  return OK;
}

int text_list_read(const char *what, EncodeText given, ListForm form,
                   const Poll *poll, TextList *out, Error *err) {
  bool is_json = form == LIST_JSON || (given.bytes > 0 && given.text[0] == '[');
  *out = (TextList){0};
  int rc = is_json ? read_json(what, given, poll, out, err)
                   : read_plain(what, given, form, poll, out, err);
  if (rc)
    text_list_clear(out);
  return rc;
}

void text_list_clear(TextList *list) {
  cJSON_Delete(list->json);
  mem_free(list->copy);
  mem_free(list->texts);
  *list = (TextList){0};
}
