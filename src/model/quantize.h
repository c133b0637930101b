/*
 * quantize.h - which weights become bytes, and writing a checkpoint of them.
 */
#ifndef MODEL_QUANTIZE_H
#define MODEL_QUANTIZE_H

#include "model/source.h"

/* Matrices are stored as bytes, but for the position embeddings. */
bool quantize_applies(size_t rank, const char *name);

/* A matrix of floats in the file as bytes [n][dim] and scales [n]. ERR_FORMAT:
 * a value is not finite. */
int quantize_tensor(Shard *shard, const TensorInfo *t, const Poll *poll,
                    int8_t *q, float *scales, Error *err);

#endif
