/*
 * family.h - what is particular to a family of models: one row each.
 *
 * A new family is one more row: what config.json and the tensors call things,
 * and the few ways in which its arithmetic differs.  Names are those of the
 * published checkpoints (reference/models.md 1-4); ".weight" and ".bias" are
 * added by the loader, `prefix` stands in front of encoder tensors in files of
 * head models.
 */
#ifndef MODEL_FAMILY_H
#define MODEL_FAMILY_H

#include "model/tasks.h"
#include "tensor/activation.h"
#include "text/tokenizer.h"

/* The sizes that config.json states. */
typedef enum FamilySize {
  SIZE_DIM,
  SIZE_LAYERS,
  SIZE_HEADS,
  SIZE_HIDDEN,
  SIZE_VOCAB,
  SIZE_POSITIONS,
  SIZE_TYPES,
  SIZE_COUNT
} FamilySize;

typedef struct SizeKey {
  const char *key;   /* NULL: the family has no such size, which is 0 */
  const char *alias; /* another name of the key; NULL: none */
  size_t initial;    /* of the reference's configuration class */
} SizeKey;

/* A head's tensors. */
typedef struct HeadNames {
  const char *first, *norm; /* NULL: none */
  const char *last;         /* NULL: the family has no such head */
  const char *biases[2];    /* of a tied `last`; the one that is there counts */
  bool tied;             /* to the word embeddings, unless config.json says */
  bool pooled;           /* `first` is the encoder's pooler, under its prefix */
  Activation activation; /* behind `first`; NONE: the config's */
} HeadNames;

typedef struct Family {
  /* config.json */
  const char *name;    /* model_type */
  const char *classes; /* what its architectures begin with */
  SizeKey sizes[SIZE_COUNT];
  const char *activation;    /* key */
  const char *norm_eps;      /* key; NULL: 1e-12 */
  const char *position_type; /* key that must say "absolute"; NULL: ignored */
  const char *sinusoids;     /* key of a position table made up; NULL: never */
  int32_t pad_id;            /* of the reference's configuration class */
  bool positions_follow_pad; /* tokens have pad_id + 1, ..., pads pad_id */
  TokenizerKind tokenizer;   /* where the files leave it open */
  /* Tensors */
  const char *prefix;
  const char *words, *positions, *types, *embedding_norm;
  const char *layer; /* with %zu for its index; the next eight follow it */
  const char *query, *key, *value, *attention_out, *attention_norm;
  const char *up, *down, *output_norm;
  HeadNames heads[TASK_COUNT];
} Family;

extern const Family families[]; /* up to one without a name */

/* By model_type; NULL: none. */
const Family *family_named(const char *name);

/* "distilbert, bert, roberta", cut to fit. Returns out. */
char *family_names(char *out, size_t room);

#endif
