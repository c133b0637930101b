/*
 * load.h - takes the tensors a model needs out of a Source.
 *
 * Two passes over the same calls: the first checks names and shapes and adds
 * up the room, the second reads into one block.  (As base/arena.h, but the
 * block is pages, and a read may fail.)
 */
#ifndef MODEL_LOAD_H
#define MODEL_LOAD_H

#include "model/options.h"
#include "model/source.h"
#include "model/weights.h"

typedef struct Loader {
  Source *source;
  const Poll *poll;
  Precision precision;
  unsigned char *base; /* NULL on the first pass */
  size_t used, room;   /* room: what the first pass used */
  bool has_bytes;      /* a layer of bytes was loaded */
  char prefix[16];     /* of encoder tensors in this file, "" or "bert." ... */
} Loader;

enum { TENSOR_NAME_ROOM = 160 };

/*
 * What becomes of a matrix, by precision (rows: those of NAME.weight; an I8
 * one has NAME.weight.scale [n_out] beside it, finite and not negative):
 *
 *               layers, decoder      embeddings          heads
 *     FP32      floats               as the file is      floats
 *     FILE      as the file is       as the file is      floats
 *     INT8      bytes                bytes               floats of bytes
 *
 * "As the file is" bytes are used where they lie when the source is memory.
 * Heads have a few rows and stay floats; in INT8 they are rounded to bytes and
 * back, so that a quantised file and quantising at load give the same bits.
 * Position embeddings are never rounded.
 */

/* A head: y = x W^T + b from NAME.weight [n_out][n_in] and NAME.bias [n_out],
 * as floats. */
int load_linear(Loader *l, const char *name, size_t n_out, size_t n_in,
                Linear *out, Error *err);

/* The same for a layer: floats or bytes, for linear_rows. */
int load_layer(Loader *l, const char *name, size_t n_out, size_t n_in,
               Linear *out, Error *err);

/* The same without the bias. */
int load_layer_weight(Loader *l, const char *name, size_t n_out, size_t n_in,
                      Linear *out, Error *err);

/* The row sums of a layer whose bytes are set already. */
int load_sums(Loader *l, Linear *w, Error *err);

/* NAME.weight and NAME.bias, or .gamma and .beta, [n]. */
int load_norm(Loader *l, const char *name, size_t n, Norm *out, Error *err);

/* Embeddings: NAME.weight [n][dim]. */
int load_table(Loader *l, const char *name, size_t n, size_t dim, Table *out,
               Error *err);

/* NAME [n] as it is called. */
int load_vector(Loader *l, const char *name, size_t n, const float **out,
                Error *err);

/* NAME.weight [n][dim] of a head, as floats. */
int load_weight(Loader *l, const char *name, size_t n, size_t dim,
                const float **out, Error *err);

/* The position table DistilBERT fills in when sinusoidal_pos_embds is set and
 * the file has none. */
int load_sinusoids(Loader *l, size_t n, size_t dim, Table *out, Error *err);

/* Rows of the matrix NAME.weight; 0: there is none. */
size_t load_count(const Loader *l, const char *name);

/* The name of an encoder's part, in this file: of layer `index`, by the
 * family's format, or with layer NULL of the whole. ERR_RANGE: too long. */
int load_encoder_name(const Loader *l, const char *layer, size_t index,
                      const char *part, char out[TENSOR_NAME_ROOM], Error *err);

/* Is there a tensor of that name? Does NAME.weight become a table of bytes?
 * What a pass loads must be decided by these, for the first has loaded nothing
 * yet. */
bool load_has(const Loader *l, const char *name);
bool load_table_is_bytes(const Loader *l, const char *name);

#endif
