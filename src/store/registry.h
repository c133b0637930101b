/*
 * registry.h - the models this process knows, by name.
 *
 * One list for all connections.  A model is loaded by the first use, once,
 * while later comers wait for it; it is freed when it was removed (or is the
 * least recently used and memory_limit is exceeded) and its last user is done.
 *
 * Where a name leads: a registered model, else a built-in one, else what
 * store/locate.h finds.
 */
#ifndef STORE_REGISTRY_H
#define STORE_REGISTRY_H

#include <stdbool.h>
#include "model/model.h"

typedef struct ModelEntry ModelEntry; /* opaque, counted */

/* Registers; nothing is read but the path's existence, and with precision or
 * options the checkpoint's small files (model_check_options). The same name
 * with the same bytes and options is no error; with others ERR_RANGE; to know,
 * both are read. precision and options: see model/options.h; NULL: as the files
 * have it. */
int registry_add(const char *name, const char *path, const char *precision,
                 const char *options, const Poll *poll, Error *err);
/* ERR_RANGE: no such name. A model in use lives until its last user is done. */
int registry_remove(const char *name, Error *err);

/*
 * A loaded model for use, of that name ("name" or "name@fingerprint"), or
 * with name NULL the one set for the task, else the built-in one that has its
 * head; TASK_NONE needs the tokenizer alone. Hand it back
 * with registry_done. ERR_RANGE: unknown name, wrong fingerprint, no such
 * head (names it); and what model_open gives.
 */
int registry_use(const char *name, Task task, const Poll *poll,
                 ModelEntry **entry, const Model **model, Error *err);
void registry_done(ModelEntry *entry);

/* Is this the name, without a fingerprint, of a model in the library? */
bool registry_is_builtin(const char *name);

/* The fingerprint of a model (64 hex digits), loading it not needed. */
int registry_fingerprint(const char *name, const Poll *poll, char out[65],
                         Error *err);

/* Writes a model's checkpoint as one file of bytes (quantize_write), whatever
 * its options say. */
int registry_quantize(const char *name, const char *path, bool overwrite,
                      const Poll *poll, size_t *bytes, Error *err);

/* What distilbert_models shows of an entry; unknown values are 0 or "". dim and
 * max_tokens are the encoder's, or distilbert_embed's where that is all that
 * the model can do. */
typedef struct ModelRow {
  char *name, *path, *options; /* owned by the row; path NULL: built in */
  char family[16], tasks[64], precision[8], fingerprint[65];
  char note[256]; /* what its tokenizer has to say of its files */
  size_t layers, dim, max_tokens, bytes;
  bool loaded;
} ModelRow;

typedef struct ModelRows {
  ModelRow *rows;
  size_t n;
} ModelRows;

int registry_rows(ModelRows *out, Error *err);
void registry_rows_clear(ModelRows *rows);

/* Bytes of weights held by loaded models. */
size_t registry_bytes(void);

/* Counts connections; the last one's release frees unused models' weights
 * and ends the threads. */
void registry_retain(void);
void registry_release(void);

#endif
