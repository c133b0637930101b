/*
 * quantize.h - which weights become bytes, and writing a checkpoint of them.
 */
#ifndef MODEL_QUANTIZE_H
#define MODEL_QUANTIZE_H

#include "model/source.h"

/* Matrices are stored as bytes, but for the position embeddings. */
bool quantize_applies(size_t rank, const char *name);

/*
 * Writes a checkpoint as one file, *bytes long, under a name that must be free;
 * `overwrite` also lets it replace a safetensors file, but nothing else:
 * matrices as I8 with NAME.scale, other floats as F32, the texts in
 * __metadata__ under their names; tensors of other types are left out. What is
 * bytes already stays so. ERR_IO (what is there is named), ERR_FORMAT (a value
 * is not finite), ERR_RANGE (texts larger than a header may be).
 */
int quantize_write(Source *s, const char *path, bool overwrite,
                   const Poll *poll, size_t *bytes, Error *err);

/* A matrix of floats in the file as bytes [n][dim] and scales [n]. ERR_FORMAT:
 * a value is not finite. */
int quantize_tensor(Shard *shard, const TensorInfo *t, const Poll *poll,
                    int8_t *q, float *scales, Error *err);

#endif
