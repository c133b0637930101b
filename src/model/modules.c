/*
 * modules.c - reads modules.json.
 *
 * In:  its text, out of a checkpoint's folder or metadata.
 * Out: the chain of modules, the Transformer first.
 *
 * The paths in it come from a file, so they are never followed blindly: each
 * must be a plain folder name ("1_Pooling").  Types are told by the last part
 * of the Python class's name; one we do not compute is refused by name, for a
 * vector without it would be another vector.
 *
 * Agrees with SentenceTransformer of sentence-transformers 5.1
 * (reference/pipelines.md 7).
 */
#include "model/modules.h"

#include <stdio.h>
#include <string.h>
#include "base/json.h"

enum { MODULES_MAX_BYTES = 1 << 16 };

/* By ModuleKind. */
static const char *const kinds[] = {"Transformer", "Pooling", "Dense",
                                    "Normalize"};

/* "sentence_transformers.models.Pooling", in newer versions with more folders
 * in between: the class is what counts. */
static int read_kind(const char *type, ModuleKind *out, Error *err) {
  const char *dot = strrchr(type, '.');
  const char *name = dot ? dot + 1 : type;
  char shown[ERROR_QUOTE];
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (strcmp(kinds[i], name) == 0) {
      *out = (ModuleKind)i;
      return OK;
    }
  return fail(err, ERR_UNSUPPORTED, "modules.json: module of type %s",
              error_quote(shown, name));
}

/* Letters, digits, '_' and '-': no separator, no dot. */
static int check_path(const char *path, Error *err) {
  size_t n = strlen(path);
  for (size_t i = 0; i < n && n <= MODULE_PATH_MAX; i++) {
    char c = path[i];
    bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                    (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
    if (!is_plain)
      n = MODULE_PATH_MAX + 1;
  }
  return n <= MODULE_PATH_MAX
             ? OK
             : fail(err, ERR_FORMAT,
                    "modules.json: path is not a plain folder name");
}

static int read_module(const cJSON *item, Module *out, Error *err) {
  const char *type = "", *path = "";
  int rc = json_get_text("modules.json", item, "type", &type, err);
  if (!rc)
    rc = json_get_text("modules.json", item, "path", &path, err);
  if (!rc)
    rc = check_path(path, err);
  if (!rc)
    rc = read_kind(type, &out->kind, err);
  if (!rc)
    snprintf(out->path, sizeof out->path, "%s", path);
  return rc;
}

/* As they are computed; Dense alone may be there more than once. */
static int check_order(const Modules *m, Error *err) {
  if (!m->n || m->list[0].kind != MODULE_TRANSFORMER)
    return fail(err, ERR_UNSUPPORTED,
                "modules.json: the first module is no Transformer");
  for (size_t i = 1; i < m->n; i++) {
    ModuleKind before = m->list[i - 1].kind, kind = m->list[i].kind;
    if (kind < before || (kind == before && kind != MODULE_DENSE))
      return fail(err, ERR_UNSUPPORTED, "modules.json: %s behind %s",
                  kinds[kind], kinds[before]);
  }
  return OK;
}

static int read_modules(const cJSON *json, Modules *out, Error *err) {
  const cJSON *item;
  int rc = OK;
  if (!cJSON_IsArray(json))
    return fail(err, ERR_FORMAT, "modules.json: must be an array");
  cJSON_ArrayForEach(item, json) {
    if (out->n == MODULES_MAX)
      return fail(err, ERR_RANGE, "modules.json: more than %d modules",
                  MODULES_MAX);
    if (!rc)
      rc = read_module(item, &out->list[out->n++], err);
  }
  return rc ? rc : check_order(out, err);
}

int modules_parse(const char *json, size_t bytes, Modules *out, Error *err) {
  cJSON *tree;
  *out = (Modules){0};
  int rc =
      json_parse("modules.json", json, bytes, MODULES_MAX_BYTES, &tree, err);
  if (!rc)
    rc = read_modules(tree, out, err);
  cJSON_Delete(tree);
  return rc;
}
