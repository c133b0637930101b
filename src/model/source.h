/*
 * source.h - where a checkpoint's tensors and texts come from.
 *
 * A Hugging Face directory (one model.safetensors, or shards with an index),
 * one .safetensors file with the other files' texts in its metadata, or such a
 * file in the library.  All look the same from here on: tensors by name,
 * texts by file name.
 */
#ifndef MODEL_SOURCE_H
#define MODEL_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"
#include "base/file.h"
#include "base/poll.h"
#include "model/builtin.h"
#include "model/modules.h"
#include "tensor/safetensors.h"

typedef struct Shard {
  char prefix[MODULE_PATH_MAX + 2]; /* of its tensors' names: "2_Dense.", "" */
  Safetensors header;
  File file;
  bool is_open;                /* file is to be closed */
  const unsigned char *memory; /* borrowed: the whole file; else NULL */
} Shard;

enum { SOURCE_NAME_ROOM = MODULE_PATH_MAX + 32 };

typedef struct SourceText {
  char name[SOURCE_NAME_ROOM]; /* "vocab.txt", "1_Pooling/config.json" */
  char *text;                  /* owned */
  size_t bytes;
} SourceText;

typedef struct Source {
  Shard *shards; /* owned */
  size_t n_shards;
  SourceText *texts; /* owned: those that are there */
  size_t n_texts, texts_room;
  char *folder;     /* owned; NULL: one file */
  bool has_modules; /* there is a modules.json */
  Modules modules;
} Source;

/* Reads the texts; of a directory, not yet the weights' headers, so that a
 * config we cannot use is what the user hears of first. All zero is a closed
 * Source; source_close takes a half-open one. */
int source_open(const char *path, Source *out, Error *err);
int source_open_builtin(const Builtin *b, Source *out, Error *err);
/* Opens a safetensors file whose header is right; nothing is kept of it but
 * the open file. */
int source_check_file(const char *path, File *out, Error *err);

/* Opens and checks the files of tensors, where that is still to be done. */
int source_open_weights(Source *s, Error *err);
void source_close(Source *s);

/* Tells two states of the same files apart, cheaply: sizes, dates, texts.
 * Never 0. After source_open_weights. */
uint64_t source_identity(const Source *s);

/* ERR_IO when a file is no longer what it was when it was opened. */
int source_unchanged(Source *s, Error *err);

/* Text NULL when there is no such file. */
const SourceText *source_text(const Source *s, const char *name);

/* A tensor and the shard it is in; NULL: none of that name. */
const TensorInfo *source_find(const Source *s, const char *name, Shard **shard);
bool source_has_prefix(const Source *s, const char *prefix);

/* Bytes [offset, offset + n) of a tensor. */
int source_bytes(Shard *shard, const TensorInfo *t, size_t offset, size_t n,
                 void *into, Error *err);

/* All elements as floats: F32, F16, BF16, F64. */
int source_floats(Shard *shard, const TensorInfo *t, const Poll *poll,
                  float *into, Error *err);

#endif
