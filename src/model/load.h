/*
 * load.h - takes the tensors a model needs out of a Source.
 *
 * Two passes over the same calls: the first checks names and shapes and adds
 * up the room, the second reads into one block.  (As base/arena.h, but the
 * block is pages, and a read may fail.)
 */
#ifndef MODEL_LOAD_H
#define MODEL_LOAD_H

#include "model/model.h"
#include "model/source.h"

typedef struct Loader {
  Source *source;
  const Poll *poll;
  unsigned char *base; /* NULL on the first pass */
  size_t used, room;   /* room: what the first pass used */
  char prefix[16];     /* of encoder tensors in this file, "" or "bert." ... */
} Loader;

enum { TENSOR_NAME_ROOM = 160 };

/* y = x W^T + b from NAME.weight [n_out][n_in] and NAME.bias [n_out]. I8
 * weights with NAME.weight.scale [n_out] are widened. */
int load_linear(Loader *l, const char *name, size_t n_out, size_t n_in,
                Linear *out, Error *err);

/* NAME.weight and NAME.bias, or .gamma and .beta, [n]. */
int load_norm(Loader *l, const char *name, size_t n, Norm *out, Error *err);

/* NAME.weight [n][dim]; an I8 table stays as it is, used where it lies when
 * the source is memory. */
int load_table(Loader *l, const char *name, size_t n, size_t dim, Table *out,
               Error *err);

/* NAME [n] as it is called. */
int load_vector(Loader *l, const char *name, size_t n, const float **out,
                Error *err);

/* NAME.weight [n][dim] as floats. */
int load_weight(Loader *l, const char *name, size_t n, size_t dim,
                const float **out, Error *err);

/* The position table DistilBERT fills in when sinusoidal_pos_embds is set and
 * the file has none. */
int load_sinusoids(Loader *l, size_t n, size_t dim, Table *out, Error *err);

/* Is there a tensor of that name? Is NAME.weight one of bytes? What a pass
 * loads must be decided by these, for the first has loaded nothing yet. */
bool load_has(const Loader *l, const char *name);
bool load_is_bytes(const Loader *l, const char *name);

#endif
