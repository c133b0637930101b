/*
 * labels.c - what a classifier's outputs are called, and how they become
 * scores.
 *
 * In:  config.json.
 * Out: names by number; which label means entailment; the function for scores.
 *
 *     {"id2label": {"0": "NEGATIVE", "1": "POSITIVE"},
 *      "label2id": {"NEGATIVE": 0, "POSITIVE": 1}, "problem_type": null}
 *
 * How many labels there are is for the head's tensor to say: a name that is
 * missing is LABEL_i, as in PretrainedConfig, and one too many is not asked
 * for.
 */
#include "model/labels.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/json.h"
#include "base/memory.h"
#include "base/os.h"
#include "model/config.h"

#define WHAT "config.json"

/* --- Names ----------------------------------------------------------------*/

static int read_id(const char *key, size_t *out, Error *err) {
  char shown[ERROR_QUOTE];
  size_t n = strspn(key, "0123456789");
  if (n < 1 || n > 9 || key[n])
    return fail(err, ERR_FORMAT, WHAT ": id2label: \"%s\" is no label's number",
                error_quote(shown, key));
  *out = (size_t)strtoul(key, NULL, 10);
  return OK;
}

/* A name as text, which may be a number in the file: 1, 4.5. */
static int read_name(const cJSON *item, char **at, const char **out,
                     Error *err) {
  if (!cJSON_IsString(item) && !cJSON_IsNumber(item))
    return fail(err, ERR_FORMAT, WHAT ": id2label: label %s has no name",
                item->string); /* a number: read_id */
  *out = *at;
  if (cJSON_IsString(item))
    *at = stpcpy(*at, item->valuestring) + 1;
  else
    *at += snprintf(*at, LABEL_ROOM, "%.15g", item->valuedouble) + 1;
  return OK;
}

static int by_id(const void *a, const void *b) {
  size_t x = ((const Label *)a)->id, y = ((const Label *)b)->id;
  return (x > y) - (x < y);
}

/* Bytes of all names at most, a 0 behind each. */
static size_t names_room(const cJSON *names) {
  const cJSON *item;
  size_t room = 1;
  cJSON_ArrayForEach(item, names) {
    room += cJSON_IsString(item) ? strlen(item->valuestring) + 1 : LABEL_ROOM;
  }
  return room;
}

static int read_names(const cJSON *names, Labels *out, Error *err) {
  const cJSON *item;
  size_t n = names ? (size_t)cJSON_GetArraySize(names) : 0;
  if (n == 0)
    return OK;
  out->named = mem_array(n, sizeof *out->named);
  out->texts = mem_alloc(names_room(names));
  if (!out->named || !out->texts)
    return fail_memory(err);
  char *at = out->texts;
  cJSON_ArrayForEach(item, names) {
    Label *label = &out->named[out->n++];
    int rc = read_id(item->string, &label->id, err);
    rc = rc ? rc : read_name(item, &at, &label->name, err);
    if (rc)
      return rc;
  }
  qsort(out->named, n, sizeof *out->named, by_id);
  return OK;
}

const char *label_name(const Labels *labels, size_t i, char room[LABEL_ROOM]) {
  const Label key = {i, NULL};
  const Label *found =
      labels->n ? bsearch(&key, labels->named, labels->n, sizeof key, by_id)
                : NULL;
  if (found)
    return found->name;
  snprintf(room, LABEL_ROOM, "LABEL_%zu", i);
  return room;
}

/* --- Which means entailment -----------------------------------------------*/

static bool entails(const char *name) {
  return strncasecmp(name, "entail", 6) == 0;
}

/* The first in label2id, in the order of the file; without label2id the first
 * number of id2label (reference/pipelines.md 6). */
static void find_entailment(const cJSON *ids, Labels *out) {
  const cJSON *item;
  out->entailment = -1;
  cJSON_ArrayForEach(item, ids) {
    size_t id;
    if (entails(item->string) && json_size(item, &id)) {
      out->entailment = (long long)id;
      return;
    }
  }
  for (size_t i = 0; !ids && i < out->n && out->entailment < 0; i++)
    if (entails(out->named[i].name))
      out->entailment = (long long)out->named[i].id;
}

/* --- Scores ---------------------------------------------------------------*/

static int read_problem(const cJSON *json, Scoring *out, Error *err) {
  static const struct {
    const char *name;
    Scoring scoring;
  } problems[] = {{"regression", SCORING_NONE},
                  {"multi_label_classification", SCORING_SIGMOID},
                  {"single_label_classification", SCORING_SOFTMAX}};
  const char *type = NULL;
  char shown[ERROR_QUOTE];
  int rc = json_get_text(WHAT, json, "problem_type", &type, err);
  if (rc || !type)
    return rc;
  for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
    if (strcmp(problems[i].name, type) == 0) {
      *out = problems[i].scoring;
      return OK;
    }
  return fail(err, ERR_FORMAT, WHAT ": unknown problem_type \"%s\"",
              error_quote(shown, type));
}

/* One label of a single_label_classification gets a sigmoid, as there. */
Scoring labels_scoring(const Labels *labels, size_t n) {
  if (labels->scoring == SCORING_NONE || labels->scoring == SCORING_SIGMOID)
    return labels->scoring;
  return n == 1 ? SCORING_SIGMOID : SCORING_SOFTMAX;
}

Scoring scoring_named(const char *name) {
  return strcasecmp(name, "softmax") == 0   ? SCORING_SOFTMAX
         : strcasecmp(name, "sigmoid") == 0 ? SCORING_SIGMOID
         : strcasecmp(name, "none") == 0    ? SCORING_NONE
                                            : SCORING_UNSAID;
}

/* --- config.json ----------------------------------------------------------*/

static int read_all(const cJSON *json, Labels *out, Error *err) {
  const cJSON *names = json_get(json, "id2label");
  const cJSON *ids = json_get(json, "label2id");
  int rc = read_names(cJSON_IsObject(names) ? names : NULL, out, err);
  if (rc)
    return rc;
  find_entailment(cJSON_IsObject(ids) ? ids : NULL, out);
  return read_problem(json, &out->scoring, err);
}

int labels_read(const char *json, size_t bytes, Labels *out, Error *err) {
  cJSON *tree;
  *out = (Labels){.entailment = -1};
  int rc = json_parse(WHAT, json, bytes, CONFIG_MAX_BYTES, &tree, err);
  rc = rc ? rc : read_all(tree, out, err);
  cJSON_Delete(tree);
  if (rc)
    labels_clear(out);
  return rc;
}

void labels_clear(Labels *labels) {
  mem_free(labels->named);
  mem_free(labels->texts);
  *labels = (Labels){.entailment = -1};
}
