/*
 * model.h - a checkpoint in memory: weights, tokenizer, what it can do.
 *
 * Immutable once open, and shared by all connections and threads.  A path is
 * a Hugging Face directory or one .safetensors file that carries the other
 * files' texts in its metadata.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "base/error.h"
#include "base/poll.h"
#include "model/builtin.h"
#include "model/config.h"
#include "model/labels.h"
#include "model/modules.h"
#include "model/options.h"
#include "model/sentence.h"
#include "model/weights.h"
#include "text/tokenizer.h"

typedef struct Model {
  Config config;
  Tokenizer *tokenizer; /* owned */
  unsigned tasks;       /* bits: those whose head it has */
  size_t max_tokens;    /* template included: positions, tokenizer's limit */
  size_t bytes;         /* of weights in memory, but those used in place */
  uint64_t identity;    /* of its files when they were read: source_identity */
  uint64_t serial;      /* no other model of this process has it */
  size_t holders; /* the registry's, under its lock: entries that share it */
  Precision precision;           /* INT8: a layer is of bytes; else FP32 */
  Table words, positions, types; /* types.n 0: none */
  Norm embedding_norm;
  Layer *layers;          /* owned, [L] */
  Labels labels;          /* owned: of what its classifiers give */
  Head heads[TASK_COUNT]; /* last.n_out 0: there is none */
  Sentence sentence;      /* how tokens become one vector */
  Dense dense[MODULES_MAX];
  size_t n_dense;
  size_t whole_dim;  /* numbers of that vector */
  size_t vector_dim; /* of them what truncate_dim leaves: distilbert_embed's */
  void *pages;       /* owned: all widened weights */
  size_t pages_bytes;
} Model;

/* ERR_IO, ERR_FORMAT, ERR_UNSUPPORTED, ERR_NOMEM, ERR_INTERRUPT; ERR_RANGE: an
 * option the checkpoint cannot meet. */
int model_open(const char *path, const ModelOptions *options, const Poll *poll,
               Model **out, Error *err);

int model_open_builtin(const Builtin *b, const ModelOptions *options,
                       const Poll *poll, Model **out, Error *err);
void model_free(Model *model);

/* What Model.identity would be, without reading the weights. */
int model_identity(const char *path, uint64_t *out, Error *err);

/* Whether a checkpoint can be opened with these options, as far as its small
 * files tell: no weights are read. An error names the option. */
int model_check_options(const char *path, const ModelOptions *options,
                        Error *err);

/* Tokens of a text that distilbert_embed reads at once, template included. */
size_t model_embed_tokens(const Model *model);

/* What a checkpoint's files held, and when. */
typedef struct Fingerprint {
  char digits[65];   /* 64 hex digits and a 0 */
  uint64_t identity; /* as Model.identity */
} Fingerprint;

/* SHA-256 over config, tokenizer files, tensors and the numerics version. Reads
 * the files again. */
int model_fingerprint(const char *path, const Poll *poll, Fingerprint *out,
                      Error *err);
int model_fingerprint_builtin(const Builtin *b, const Poll *poll,
                              Fingerprint *out, Error *err);

#endif
