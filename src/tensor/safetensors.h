/*
 * safetensors.h - reads the header of a safetensors file, strictly.
 *
 *     u64 N (little-endian) | N bytes of JSON | tensor data to the end
 *
 * Every rule of the reference reader, and a few more of ours (no duplicate
 * name, header at most 8 MiB, at most 65,536 tensors): tensors must cover the
 * data without holes or overlaps, sizes must agree with shapes, and the file
 * must end where the last tensor ends.  Data is little-endian and may be
 * unaligned.
 *
 * Source of the rules: reference/formats.md 1 (huggingface/safetensors).
 */
#ifndef TENSOR_SAFETENSORS_H
#define TENSOR_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>
#include <cjson/cJSON.h>
#include "base/error.h"

enum {
  SAFETENSORS_MAX_HEADER = 8 << 20, /* bytes of JSON */
  SAFETENSORS_MAX_TENSORS = 65536,
  SAFETENSORS_MAX_RANK = 8,
  SHARD_INDEX_MAX = 16 << 20, /* bytes */
  SHARD_INDEX_FILES = 1024
};

typedef enum Dtype {
  DTYPE_F32,
  DTYPE_F16,
  DTYPE_BF16,
  DTYPE_F64,
  DTYPE_I8,
  DTYPE_I64,
  DTYPE_OTHER /* valid, but nothing we compute with */
} Dtype;

typedef struct TensorInfo {
  const char *name; /* borrowed from the header */
  Dtype dtype;
  const char *dtype_name; /* as the file says it */
  size_t rank;
  size_t shape[SAFETENSORS_MAX_RANK];
  size_t n;             /* elements */
  size_t offset, bytes; /* in the data; the data starts at data_offset */
} TensorInfo;

typedef struct Safetensors {
  cJSON *header;       /* owned */
  TensorInfo *tensors; /* owned, sorted by name */
  size_t n_tensors;
  size_t data_offset; /* 8 + N */
} Safetensors;

/* How many bytes of header a file has: needs the first 8 bytes of a file of
 * file_size bytes. ERR_FORMAT, ERR_RANGE. */
int safetensors_header_size(const unsigned char first[8], size_t file_size,
                            size_t *header_bytes, Error *err);

/* Parses the JSON of `header_bytes` bytes (without the 8 in front). On failure
 * *out is empty. ERR_FORMAT, ERR_UNSUPPORTED (a dtype, a rank), ERR_RANGE (too
 * large, too many), ERR_NOMEM. */
int safetensors_parse(const char *json, size_t header_bytes, size_t file_size,
                      Safetensors *out, Error *err);
void safetensors_clear(Safetensors *s);

/* NULL: no tensor of that name. */
const TensorInfo *safetensors_find(const Safetensors *s, const char *name);

/* Forgets all tensors but those whose name begins so. */
void safetensors_keep(Safetensors *s, const char *beginning);

/* A string of __metadata__, borrowed; NULL when absent. */
const char *safetensors_metadata(const Safetensors *s, const char *key);

/*
 * model.safetensors.index.json: which file of the same folder a tensor is in.
 * The names are plain ("model-00001-of-00002.safetensors"): no folder, none
 * hidden. Whether a shard holds what the index says is for the caller to see.
 */
typedef struct ShardTensor {
  const char *name; /* borrowed from json */
  size_t shard;
} ShardTensor;

typedef struct ShardIndex {
  cJSON *json;          /* owned */
  const char **shards;  /* owned list of borrowed file names, sorted */
  size_t n_shards;      /* 1 at least */
  ShardTensor *tensors; /* owned, sorted by shard, then by name */
  size_t n_tensors;     /* 1 at least */
} ShardIndex;

/* ERR_FORMAT, ERR_RANGE (too many tensors or files), ERR_NOMEM. */
int shard_index_parse(const char *json, size_t bytes, ShardIndex *out,
                      Error *err);
void shard_index_clear(ShardIndex *index);

/*
 * Widens n elements of F32, F16, BF16 or F64 at `data` (any alignment) to
 * floats. ERR_UNSUPPORTED for another dtype.
 */
int tensor_widen(Dtype dtype, const unsigned char *data, size_t n, float *out,
                 Error *err);

#endif
