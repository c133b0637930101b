/*
 * registry_list.c - the registry as a list: add, remove, look at.
 *
 * What INSERT, DELETE and SELECT on distilbert_models come down to.  Adding
 * reads nothing but the path's existence, or, where options are given, the
 * small files they must fit: the model is loaded by its first use.  A name
 * stays bound to one checkpoint: adding it again with the same bytes changes
 * nothing, with others it is refused.
 */
#include "store/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "model/family.h"
#include "store/locate.h"
#include "store/registry_inside.h"

static size_t connections; /* guarded by the entries' lock */

/* --- Add and remove -------------------------------------------------------*/

/* `taken` has the name that `wanted` asks for: fine if it is the same. */
static int compare(ModelEntry *taken, const ModelEntry *wanted,
                   const Poll *poll, Error *err) {
  Fingerprint print;
  int rc = registry_know_fingerprint(taken, poll, err);
  if (!rc)
    rc = model_fingerprint(wanted->path, poll, &print, err);
  if (rc)
    return fail_prefix(err, rc, "model %s exists, and is not this",
                       taken->name);
  entries_lock();
  bool same_bytes = strcmp(print.digits, taken->fingerprint) == 0;
  bool same = same_bytes && entries_same_options(taken, wanted);
  if (same)
    taken->registered = true;
  entries_unlock();
  return same ? OK
              : fail(err, ERR_RANGE,
                     "model %s exists with other %s; DELETE it first",
                     taken->name, same_bytes ? "options" : "weights");
}

static int compare_with_taken(const ModelEntry *wanted, const Poll *poll,
                              Error *err) {
  ModelEntry *taken;
  int rc = registry_hold(wanted->name, &taken, err);
  if (rc)
    return rc;
  rc = compare(taken, wanted, poll, err);
  registry_done(taken);
  return rc;
}

/* Locked. */
static bool is_known(const char *name) {
  bool known = entries_find(name) != NULL;
  for (size_t i = 0; !known && builtin_at(i); i++)
    known = strcmp(builtin_at(i)->name, name) == 0;
  return known;
}

/* All that can fail comes before the lock; a name that is taken by the same
 * checkpoint is no error, so that a script can be run twice. */
int registry_add(const char *name, const char *path, const char *precision,
                 const char *options, const Poll *poll, Error *err) {
  ModelEntry *e;
  char found[LOCATE_ROOM];
  int rc = locate_check(name, err);
  if (!rc)
    rc = locate_path(path, found, err);
  if (!rc)
    rc = entry_new(name, found, precision, options, NULL, &e, err);
  if (rc)
    return rc;
  if (precision || options)
    rc = model_check_options(found, &e->options, err);
  if (rc) {
    entry_free(e);
    return rc;
  }
  e->registered = true;
  entries_lock();
  bool taken = is_known(name);
  if (!taken)
    entries_link(e);
  entries_unlock();
  if (!taken)
    return OK;
  rc = compare_with_taken(e, poll, err);
  entry_free(e);
  return rc;
}

int registry_remove(const char *name, Error *err) {
  entries_lock();
  ModelEntry *e = entries_find(name);
  bool is_builtin = registry_is_builtin(name);
  if (!e || is_builtin) {
    char shown[ERROR_QUOTE];
    entries_unlock();
    return fail(err, ERR_RANGE,
                is_builtin ? "model %s is built in" : "no model named %s",
                error_quote(shown, name));
  }
  entries_unlink(e);
  e->removed = true;
  if (!e->users)
    entry_free(e);
  entries_unlock();
  return OK;
}

/* --- Rows ---------------------------------------------------------------- */

static int copy_to(char **out, const char *text, Error *err) {
  *out = text ? mem_text(text, strlen(text)) : NULL;
  return text && !*out ? fail_memory(err) : OK;
}

/* What is known without reading a file (locked). */
static void describe(const ModelEntry *e, ModelRow *row) {
  const Model *m = e->model;
  if (e->fingerprint[0])
    registry_public_fingerprint(e, row->fingerprint);
  row->loaded = e->state == STATE_LOADED;
  snprintf(row->precision, sizeof row->precision, "%s",
           precision_name(e->options.precision));
  if (!row->loaded) {
    if (e->builtin)
      task_names(e->builtin->tasks, row->tasks, sizeof row->tasks);
    return;
  }
  snprintf(row->family, sizeof row->family, "%s", m->config.family->name);
  snprintf(row->precision, sizeof row->precision, "%s",
           precision_name(m->precision));
  task_names(m->tasks, row->tasks, sizeof row->tasks);
  const char *note = tokenizer_note(m->tokenizer);
  snprintf(row->note, sizeof row->note, "%s", note ? note : "");
  row->layers = m->config.n_layers;
  bool only_embeds = m->tasks == TASK_BIT(TASK_EMBED);
  row->dim = only_embeds ? m->vector_dim : m->config.dim;
  row->max_tokens = only_embeds ? model_embed_tokens(m) : m->max_tokens;
  row->bytes = m->bytes;
}

static int add_row(ModelRows *out, const ModelEntry *e, Error *err) {
  ModelRow *row = &out->rows[out->n++];
  *row = (ModelRow){0};
  int rc = copy_to(&row->name, e->name, err);
  if (!rc)
    rc = copy_to(&row->path, e->path, err);
  if (!rc)
    rc = copy_to(&row->options, e->options_text, err);
  if (!rc)
    describe(e, row);
  return rc;
}

/* Rows of entries, then of built-in models that no call has named yet. */
static int add_rows(ModelRows *out, Error *err) {
  int rc = OK;
  const Builtin *b;
  for (ModelEntry *e = entries_first(); !rc && e; e = e->next)
    rc = add_row(out, e, err);
  for (size_t i = 0; !rc && (b = builtin_at(i)) != NULL; i++) {
    ModelEntry unused = {.name = (char *)(uintptr_t)b->name, .builtin = b};
    if (!entries_find(b->name))
      rc = add_row(out, &unused, err);
  }
  return rc;
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const ModelRow *)a)->name, ((const ModelRow *)b)->name);
}

static size_t count_rows(void) {
  size_t n = 0;
  for (ModelEntry *e = entries_first(); e; e = e->next)
    n++;
  for (size_t i = 0; builtin_at(i); i++)
    n++;
  return n;
}

int registry_rows(ModelRows *out, Error *err) {
  *out = (ModelRows){0};
  entries_lock();
  size_t n = count_rows();
  out->rows = mem_array(n, sizeof *out->rows);
  int rc = out->rows ? add_rows(out, err) : fail_memory(err);
  entries_unlock();
  if (rc)
    registry_rows_clear(out);
  else
    qsort(out->rows, out->n, sizeof *out->rows, by_name);
  return rc;
}

void registry_rows_clear(ModelRows *rows) {
  for (size_t i = 0; i < rows->n; i++) {
    mem_free(rows->rows[i].name);
    mem_free(rows->rows[i].path);
    mem_free(rows->rows[i].options);
  }
  mem_free(rows->rows);
  *rows = (ModelRows){0};
}

size_t registry_bytes(void) {
  entries_lock();
  size_t n = entries_bytes();
  entries_unlock();
  return n;
}

/* --- Connections --------------------------------------------------------- */

void registry_retain(void) {
  entries_lock();
  connections++;
  entries_unlock();
}

/* With the last connection the weights go; names that were registered stay,
 * those that were only found are found again. */
static void unload_all(void) {
  ModelEntry *next;
  for (ModelEntry *e = entries_first(); e; e = next) {
    next = e->next;
    if (!e->registered && !e->users) {
      entries_unlink(e);
      entry_free(e);
    } else if (e->state == STATE_LOADED && !e->users) {
      entry_unload(e);
    }
  }
}

void registry_release(void) {
  entries_lock();
  if (--connections == 0)
    unload_all();
  entries_unlock();
}
