/*
 * registry.c - the process's list of models.
 *
 * In:  a name as SQL gives it ("squad", "squad@0123...", or none).
 * Out: a loaded Model, held until registry_done.
 *
 * One thread loads an entry while others that want it wait, asking meanwhile
 * whether they should stop.  The list and its lock are in entries.c; INSERT,
 * DELETE and SELECT on distilbert_models are in registry_list.c.
 */
#include "store/registry.h"

#include <stdio.h>
#include <string.h>
#include "base/sha256.h"
#include "model/quantize.h"
#include "store/locate.h"
#include "store/registry_inside.h"
#include "store/settings.h"

enum { PIN_MIN = 16, PIN_ROOM = 65 };

/* --- Names --------------------------------------------------------------*/

static const Builtin *builtin_named(const char *name) {
  const Builtin *b;
  for (size_t i = 0; (b = builtin_at(i)) != NULL; i++)
    if (strcmp(b->name, name) == 0)
      return b;
  return NULL;
}

bool registry_is_builtin(const char *name) {
  return builtin_named(name) != NULL;
}

/* Rows of builtin.c are in order of preference. */
static const Builtin *builtin_for(Task task) {
  const Builtin *b;
  for (size_t i = 0; (b = builtin_at(i)) != NULL; i++)
    if (b->tasks & TASK_BIT(task))
      return b;
  return NULL;
}

/* A new entry for a name that has none yet. */
static int discover(const char *name, ModelEntry **out, Error *err) {
  char path[LOCATE_ROOM], shown[ERROR_QUOTE];
  const Builtin *b = builtin_named(name);
  if (b || locate(name, path))
    return entry_new(name, b ? NULL : path, NULL, NULL, b, out, err);
  return fail(err, ERR_RANGE,
              "no model named %s: INSERT INTO distilbert_models(name, path), "
              "or put it under DISTILBERT_MODEL_PATH",
              error_quote(shown, name));
}

/* The entry of a name, if there is one, held. */
static ModelEntry *hold_known(const char *name) {
  entries_lock();
  ModelEntry *e = entries_find(name);
  if (e)
    e->users++;
  entries_unlock();
  return e;
}

/* The name, perhaps with a pin, that an unnamed call means: of the tokenizer
 * alone that of answers. */
static int default_name(Task task, char out[SETTING_TEXT_MAX], Error *err) {
  if (task == TASK_NONE)
    task = TASK_ANSWER;
  const Builtin *b = builtin_for(task);
  setting_text(setting_of_task(task), out);
  if (!out[0] && b)
    snprintf(out, SETTING_TEXT_MAX, "%s", b->name);
  if (out[0])
    return OK;
  return fail(err, ERR_RANGE,
              "no model given, and none built in for it: name one as last "
              "argument, or UPDATE distilbert_config SET value = its name "
              "WHERE key = '%s'",
              tasks[task].setting);
}

/* --- Fingerprints -------------------------------------------------------- */

/* Reads all of the files: seconds for a large model, so without the lock. */
static int compute_fingerprint(const ModelEntry *e, const Poll *poll,
                               Fingerprint *out, Error *err) {
  if (e->builtin)
    return model_fingerprint_builtin(e->builtin, poll, out, err);
  return model_fingerprint(e->path, poll, out, err);
}

/* A name stands for the files first read under it (locked). */
static int same_files(ModelEntry *e, uint64_t identity, Error *err) {
  if (!e->identity)
    e->identity = identity;
  return e->identity == identity
             ? OK
             : fail(err, ERR_IO,
                    "model %s: its files have changed since they were first "
                    "read; DELETE it and INSERT it again",
                    e->name);
}

/* Fills in a held entry's fingerprint, once. */
int registry_know_fingerprint(ModelEntry *e, const Poll *poll, Error *err) {
  Fingerprint print;
  entries_lock();
  bool known = e->fingerprint[0] != 0;
  entries_unlock();
  if (known)
    return OK;
  int rc = compute_fingerprint(e, poll, &print, err);
  if (rc)
    return rc;
  entries_lock();
  rc = same_files(e, print.identity, err);
  if (!rc && !e->fingerprint[0]) /* read without the lock once it is there */
    memcpy(e->fingerprint, print.digits, sizeof print.digits);
  entries_unlock();
  return rc;
}

static void add_text(Sha256 *h, const char *text) {
  sha256_add(h, text, strlen(text) + 1);
}

void registry_public_fingerprint(const ModelEntry *e, char out[65]) {
  static const char *const engines[] = {"native", "blas"};
  Sha256 h;
  unsigned char digest[32];
  sha256_init(&h);
  add_text(&h, e->fingerprint);
  add_text(&h, engines[setting_engine()]);
  add_text(&h, precision_name(e->options.precision));
  add_text(&h, e->options_text ? e->options_text : "");
  sha256_end(&h, digest);
  for (int i = 0; i < 32; i++)
    snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* --- Loading ------------------------------------------------------------- */

/* Built-in models have no path to put before the sentence. */
static int open_entry(const ModelEntry *e, const Poll *poll, Model **out,
                      Error *err) {
  if (e->builtin)
    return model_open_builtin(e->builtin, &e->options, poll, out, err);
  int rc = model_open(e->path, &e->options, poll, out, err);
  return rc ? fail_prefix(err, rc, "model %s", e->name) : OK;
}

/* Gives a hold back (locked). Memory is looked at whenever one ends: a model in
 * use cannot be unloaded, so the limit may be exceeded until then. */
static void release_entry(ModelEntry *e) {
  if (--e->users == 0 && e->removed)
    entry_free(e);
  else
    entries_enforce_limit();
}

/* Waits until nobody loads this entry or its twin (lock held at both ends). */
static int wait_for_load(ModelEntry *e, const Poll *poll, ModelEntry **twin,
                         Error *err) {
  for (;;) {
    *twin = e->state == STATE_EMPTY ? entries_twin(e) : NULL;
    if (e->state != STATE_LOADING &&
        !(*twin && (*twin)->state == STATE_LOADING))
      return OK;
    entries_wait();
    entries_unlock();
    int rc = poll_check(poll, err);
    entries_lock();
    if (rc)
      return rc;
  }
}

/* Loads a held entry whose state is LOADING. */
static int load(ModelEntry *e, const Poll *poll, Error *err) {
  Model *model = NULL;
  entries_unlock();
  int rc = open_entry(e, poll, &model, err);
  entries_lock();
  if (!rc)
    rc = same_files(e, model->identity, err);
  if (rc) {
    model_free(model);
    return rc;
  }
  model->holders = 1;
  e->model = model;
  return OK;
}

/* Takes the model of a held twin, if the files are still those it was loaded
 * from, else loads. */
static int share(ModelEntry *e, ModelEntry *twin, const Poll *poll,
                 Error *err) {
  uint64_t identity;
  entries_unlock();
  int rc = model_identity(e->path, &identity, err);
  entries_lock();
  if (rc)
    return fail_prefix(err, rc, "model %s", e->name);
  if (twin->state != STATE_LOADED || twin->model->identity != identity)
    return load(e, poll, err);
  rc = same_files(e, identity, err);
  if (rc)
    return rc;
  e->model = twin->model;
  e->model->holders++;
  return OK;
}

/* Loads a held entry, or waits until it is loaded (lock held at both ends). */
static int ensure_loaded(ModelEntry *e, const Poll *poll, Error *err) {
  ModelEntry *twin;
  int rc = wait_for_load(e, poll, &twin, err);
  if (rc || e->state == STATE_LOADED)
    return rc;
  e->state = STATE_LOADING;
  if (twin)
    twin->users++;
  rc = twin ? share(e, twin, poll, err) : load(e, poll, err);
  e->state = rc ? STATE_EMPTY : STATE_LOADED;
  entries_wake();
  if (twin)
    release_entry(twin);
  return rc;
}

static int check_task(const ModelEntry *e, Task task, Error *err) {
  if (task == TASK_NONE || e->model->tasks & TASK_BIT(task))
    return OK;
  char has[64];
  return fail(err, ERR_RANGE, "model %s has no %s head (it can: %s)", e->name,
              tasks[task].head, task_names(e->model->tasks, has, sizeof has));
}

/* Another thread may have discovered the same name meanwhile. */
int registry_hold(const char *name, ModelEntry **out, Error *err) {
  int rc = locate_check(name, err);
  if (rc)
    return rc;
  *out = hold_known(name);
  if (*out)
    return OK;
  ModelEntry *found;
  rc = discover(name, &found, err);
  if (rc)
    return rc;
  entries_lock();
  *out = entries_find(name);
  if (!*out) {
    entries_link(found);
    *out = found;
    found = NULL;
  }
  (*out)->users++;
  entries_unlock();
  entry_free(found);
  return OK;
}

static int check_pin(ModelEntry *e, const char *pin, const Poll *poll,
                     Error *err) {
  char print[65];
  int rc = registry_know_fingerprint(e, poll, err);
  if (rc)
    return rc;
  registry_public_fingerprint(e, print);
  if (strncmp(print, pin, strlen(pin)) != 0)
    return fail(err, ERR_RANGE, "model %s has fingerprint %.16s..., not %.16s",
                e->name, print, pin);
  return OK;
}

static int use_held(ModelEntry *e, const char *pin, Task task, const Poll *poll,
                    Error *err) {
  int rc = *pin ? check_pin(e, pin, poll, err) : OK;
  if (rc)
    return rc;
  entries_lock();
  rc = ensure_loaded(e, poll, err);
  if (!rc)
    entry_touch(e);
  if (!rc)
    entries_enforce_limit();
  if (!rc)
    rc = check_task(e, task, err);
  entries_unlock();
  return rc;
}

/* Splits "name@fingerprint"; pin is "" without one. */
static int split_name(const char *given, char name[MODEL_NAME_MAX + 1],
                      char pin[PIN_ROOM], Error *err) {
  size_t n = strcspn(given, "@");
  if (n > MODEL_NAME_MAX)
    return fail(err, ERR_RANGE, "a model name has 1 to %d bytes, not %zu",
                MODEL_NAME_MAX, n);
  memcpy(name, given, n);
  name[n] = 0;
  const char *digits = given[n] ? given + n + 1 : "";
  size_t n_digits = strlen(digits);
  if (given[n] && (n_digits < PIN_MIN || n_digits >= PIN_ROOM))
    return fail(err, ERR_RANGE,
                "model %s: a pinned fingerprint has %d to 64 digits, not %zu",
                name, PIN_MIN, n_digits);
  memcpy(pin, digits, n_digits + 1);
  return OK;
}

/* `pin` gets the digits behind "@", or "". */
static int hold_given(const char *given, Task task, ModelEntry **out,
                      char pin[PIN_ROOM], Error *err) {
  char name[MODEL_NAME_MAX + 1], set[SETTING_TEXT_MAX];
  int rc = given ? OK : default_name(task, set, err);
  if (!rc)
    rc = split_name(given ? given : set, name, pin, err);
  return rc ? rc : registry_hold(name, out, err);
}

/* A failure leaves nothing held. */
int registry_use(const char *name, Task task, const Poll *poll,
                 ModelEntry **entry, const Model **model, Error *err) {
  char pin[PIN_ROOM];
  int rc = hold_given(name, task, entry, pin, err);
  if (rc)
    return rc;
  rc = use_held(*entry, pin, task, poll, err);
  if (rc) {
    registry_done(*entry);
    *entry = NULL;
    return rc;
  }
  *model = (*entry)->model;
  return OK;
}

void registry_done(ModelEntry *entry) {
  if (!entry)
    return;
  entries_lock();
  release_entry(entry);
  entries_unlock();
}

int registry_fingerprint(const char *name, const Poll *poll, char out[65],
                         Error *err) {
  ModelEntry *e;
  char pin[PIN_ROOM];
  int rc = hold_given(name, TASK_NONE, &e, pin, err);
  if (rc)
    return rc;
  rc = registry_know_fingerprint(e, poll, err);
  if (!rc)
    registry_public_fingerprint(e, out);
  registry_done(e);
  return rc;
}

static int open_files(const ModelEntry *e, Source *out, Error *err) {
  const Builtin *b = e->builtin;
  int rc =
      b ? source_open_builtin(b, out, err) : source_open(e->path, out, err);
  if (!rc && (rc = source_open_weights(out, err)) != OK)
    source_close(out);
  return rc;
}

/* Under the same promise as loading: a name stands for the files first read
 * under it. */
static int quantize_held(ModelEntry *e, const char *pin, const char *path,
                         bool overwrite, const Poll *poll, size_t *bytes,
                         Error *err) {
  Source s;
  int rc = *pin ? check_pin(e, pin, poll, err) : OK;
  if (!rc)
    rc = open_files(e, &s, err);
  if (rc)
    return rc;
  entries_lock();
  rc = same_files(e, source_identity(&s), err);
  entries_unlock();
  if (!rc)
    rc = quantize_write(&s, path, overwrite, poll, bytes, err);
  source_close(&s);
  return rc;
}

int registry_quantize(const char *name, const char *path, bool overwrite,
                      const Poll *poll, size_t *bytes, Error *err) {
  ModelEntry *e;
  char pin[PIN_ROOM];
  int rc = hold_given(name, TASK_NONE, &e, pin, err);
  if (rc)
    return rc;
  rc = quantize_held(e, pin, path, overwrite, poll, bytes, err);
  registry_done(e);
  return rc;
}
