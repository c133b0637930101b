/*
 * entries.h - the list behind the registry; for registry*.c only.
 *
 * One mutex guards the list and every field of every entry, but not the
 * content of a Model, which never changes.  Functions marked "locked" are
 * called with it held.  It is never held while a file is read.
 */
#ifndef STORE_ENTRIES_H
#define STORE_ENTRIES_H

#include <stdbool.h>
#include <stdint.h>
#include "model/builtin.h"
#include "model/model.h"

typedef enum State { STATE_EMPTY, STATE_LOADING, STATE_LOADED } State;

typedef struct ModelEntry {
  struct ModelEntry *next;
  char *name, *path;    /* owned; path NULL: built in */
  char *real;           /* owned: path without links; NULL: built in */
  char *options_text;   /* owned; as INSERT had it, NULL: none */
  ModelOptions options; /* owned; precision too */
  const Builtin *builtin;
  char fingerprint[65]; /* of the checkpoint; "" until asked for */
  uint64_t identity;    /* of the files first read; 0: none yet */
  bool registered;      /* by INSERT */
  bool removed;         /* out of the list, its last user frees it */
  State state;
  Model *model; /* while LOADED; owned together with its other holders */
  size_t users; /* calls that hold it */
  uint64_t last_use;
} ModelEntry;

void entries_lock(void);
void entries_unlock(void);

/* Waits at most a few milliseconds for a load to end (locked). */
void entries_wait(void);
void entries_wake(void);

/* Texts are copied. ERR_NOMEM, and what options_parse gives. */
int entry_new(const char *name, const char *path, const char *precision,
              const char *options, const Builtin *builtin, ModelEntry **out,
              Error *err);
void entry_free(ModelEntry *e);

/* All of these: locked. */
ModelEntry *entries_first(void);
ModelEntry *entries_find(const char *name);
void entries_link(ModelEntry *e);
void entries_unlink(ModelEntry *e);
void entry_touch(ModelEntry *e); /* now the most recently used */
void entry_unload(ModelEntry *e);
/* Another entry that is loaded, or about to be, from the same place with the
 * same options: it can share its model. NULL: none. */
ModelEntry *entries_twin(const ModelEntry *e);
bool entries_same_options(const ModelEntry *a, const ModelEntry *b);
size_t entries_bytes(void);
/* Unloads the least recently used models nobody holds until memory_limit is
 * kept, or nothing is left to unload. */
void entries_enforce_limit(void);

#endif
