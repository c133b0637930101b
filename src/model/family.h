/*
 * family.h - what the tensors of each family are called.
 *
 * A new family is one more row: its names, nothing else.  Names are those of
 * the published checkpoints (reference/models.md 2-4); ".weight" and ".bias"
 * are added by the loader, `prefix` stands in front of encoder tensors in
 * files of head models.
 */
#ifndef MODEL_FAMILY_H
#define MODEL_FAMILY_H

#include "model/config.h"
#include "text/tokenizer.h"

typedef struct FamilyNames {
  TokenizerKind tokenizer;
  const char *prefix;
  const char *words, *positions, *types, *embedding_norm;
  const char *layer; /* with %zu for its index; the next eight follow it */
  const char *query, *key, *value, *attention_out, *attention_norm;
  const char *up, *down, *output_norm;
  /* The masked-word head; the first bias that is there counts. */
  const char *mask_transform, *mask_norm, *mask_decoder;
  const char *mask_biases[2];
  bool mask_always_gelu; /* whatever the config's activation is */
} FamilyNames;

extern const FamilyNames family_names[FAMILY_COUNT];

#endif
