/*
 * params.c - the values that a scan was given, kept for as long as it runs.
 *
 * In:  sqlite3_value, of any type, one a parameter or a list.
 * Out: texts, names and numbers, for the tables; a hash of those that a row is
 *      about, for its rowid.
 *
 * Values are copied: they belong to SQLite and are gone after xFilter, while
 * rows are produced later, and the hidden columns must show them again.
 *
 * Refuses a number outside its limits; where a text stands in its place it says
 * which argument the model is.
 */
#include "sql/params.h"

#include <string.h>
#include "base/memory.h"
#include "base/sha256.h"
#include "sql/plan.h"
SQLITE_EXTENSION_INIT3

void params_forget(Scan *scan) {
  for (int p = 0; p < TABLE_MAX_PARAMS; p++) {
    ParamValues *values = &scan->params[p];
    for (size_t i = 0; i < values->n; i++) {
      sqlite3_value_free(values->items[i].value);
      mem_free(values->items[i].text);
    }
    mem_free(values->items);
    *values = (ParamValues){0};
  }
  scan->wanted = 0;
}

/* Copies a text, which may be so long that it must be interruptible. */
static int copy_text(const Call *call, sqlite3_value *value, ParamValue *out,
                     Error *err) {
  EncodeText text;
  int rc = value_text(value, &text, err);
  if (rc)
    return rc;
  out->text = mem_alloc(text.bytes);
  if (!out->text)
    return fail_memory(err);
  rc = poll_copy(&call->run.poll, out->text, text.text, text.bytes, err);
  out->bytes = rc ? 0 : text.bytes;
  return rc;
}

static int add_value(Scan *scan, int param, sqlite3_value *value, Error *err) {
  ParamValues *values = &scan->params[param];
  ParamKind kind = scan->kind->params[param].kind;
  if (sqlite3_value_type(value) == SQLITE_NULL && kind != PARAM_VALUE)
    return OK;
  if (mem_reserve(&values->items, &values->capacity, values->n + 1,
                  sizeof *values->items))
    return fail_memory(err);
  ParamValue *item = &values->items[values->n++];
  *item = (ParamValue){0};
  if (kind != PARAM_NAME && kind != PARAM_NUMBER && kind != PARAM_VALUE)
    return copy_text(&scan->call, value, item, err);
  /* '2' becomes 2 here: SQLite 3.53 crashes when asked of a copy. */
  if (kind == PARAM_NUMBER)
    sqlite3_value_numeric_type(value);
  item->value = sqlite3_value_dup(value);
  return item->value ? OK : fail_memory(err);
}

static int add_list(Scan *scan, int param, sqlite3_value *list, Error *err) {
  sqlite3_value *value;
  int status = sqlite3_vtab_in_first(list, &value);
  while (status == SQLITE_OK && value) {
    int rc = add_value(scan, param, value, err);
    if (rc)
      return rc;
    status = sqlite3_vtab_in_next(list, &value);
  }
  return status == SQLITE_OK || status == SQLITE_DONE ? OK : fail_memory(err);
}

static int seek(Scan *scan, sqlite3_value *value, Error *err) {
  const char *key;
  int rc = value_string("key", value, &key, err);
  return rc || !key ? rc : scan->kind->seek(scan, key, err);
}

int params_keep(Scan *scan, int plan, sqlite3_value **argv, Error *err) {
  int n = 0, rc = OK;
  for (int p = 0; p < scan->kind->n_params && rc == OK; p++) {
    if (plan_lists(plan, p))
      rc = add_list(scan, p, argv[n++], err);
    else if (plan_gives(plan, p))
      rc = add_value(scan, p, argv[n++], err);
    if (scan->params[p].n == 0 && param_is_required(&scan->kind->params[p]))
      scan->done = true;
  }
  if (rc == OK && plan_has_key(plan))
    rc = seek(scan, argv[n++], err);
  if (plan_has_limit(plan) && sqlite3_value_int64(argv[n]) > 0)
    scan->wanted = (size_t)sqlite3_value_int64(argv[n]);
  return rc;
}

/* --- What a row is about -------------------------------------------------- */

static void hash_bytes(Sha256 *h, const void *data, size_t n) {
  uint64_t bytes = n;
  sha256_add(h, &bytes, sizeof bytes);
  if (n)
    sha256_add(h, data, n);
}

static void hash_value(Sha256 *h, const ParamValue *item) {
  sqlite3_value *value = item->value;
  int type = value ? sqlite3_value_type(value) : SQLITE_NULL;
  if (type == SQLITE_INTEGER || type == SQLITE_FLOAT) {
    double number = sqlite3_value_double(value);
    hash_bytes(h, &number, sizeof number);
  } else if (value) {
    size_t n = (size_t)sqlite3_value_bytes(value);
    hash_bytes(h, sqlite3_value_blob(value), n);
  } else {
    hash_bytes(h, item->text, item->bytes);
  }
}

uint64_t params_hash(const Scan *scan) {
  Sha256 h;
  unsigned char digest[32];
  uint64_t out;
  sha256_init(&h);
  for (int p = 0; p < scan->kind->n_params; p++) {
    const ParamValues *values = &scan->params[p];
    unsigned char given = values->at < values->n;
    sha256_add(&h, &given, 1);
    if (given)
      hash_value(&h, &values->items[values->at]);
  }
  sha256_end(&h, digest);
  memcpy(&out, digest, sizeof out);
  return out | 1;
}

/* --- For the tables ------------------------------------------------------- */

EncodeText param_text(const Scan *scan, int param, size_t item) {
  const ParamValues *values = &scan->params[param];
  if (item >= values->n)
    return (EncodeText){NULL, 0};
  return (EncodeText){values->items[item].text, values->items[item].bytes};
}

bool param_word(const Scan *scan, int param, char out[ERROR_QUOTE]) {
  EncodeText text = param_text(scan, param, 0);
  size_t n = text.bytes < ERROR_QUOTE ? text.bytes : ERROR_QUOTE - 1;
  if (n > 0)
    memcpy(out, text.text, n);
  out[n] = 0;
  return text.text != NULL;
}

sqlite3_value *param_option(const Scan *scan, int param) {
  const ParamValues *values = &scan->params[param];
  return values->n ? values->items[0].value : NULL;
}

/* A text where a number belongs is often a model's name. */
static void point_to_model(const TableKind *kind, Error *err) {
  char said[sizeof err->message];
  int p = 0;
  while (p < kind->n_params && kind->params[p].kind != PARAM_NAME)
    p++;
  if (!err || p == kind->n_params)
    return;
  memcpy(said, err->message, sizeof said);
  fail(err, ERR_RANGE, "%s; a model is argument %d, or WHERE %s = ...", said,
       p + 1, kind->params[p].name);
}

int param_size(const Scan *scan, int param, size_t *out, Error *err) {
  const TableParam *p = &scan->kind->params[param];
  sqlite3_value *value = param_option(scan, param);
  int64_t number;
  if (!value)
    return OK;
  int rc = value_integer(p->name, value, p->low, p->high, &number, err);
  if (rc == OK)
    *out = (size_t)number;
  else if (sqlite3_value_type(value) == SQLITE_TEXT)
    point_to_model(scan->kind, err);
  return rc;
}

int param_bool(const Scan *scan, int param, bool *out, Error *err) {
  size_t number = *out;
  int rc = param_size(scan, param, &number, err);
  *out = number != 0;
  return rc;
}
