/*
 * config.h - config.json of a checkpoint, read and checked.
 *
 * Everything downstream trusts a Config: sizes are positive, in range, and
 * fit together.  Which key means what in which family: reference/models.md.
 */
#ifndef MODEL_CONFIG_H
#define MODEL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "model/tasks.h"
#include "tensor/activation.h"

typedef struct Config {
  const struct Family *family; /* a row of family.c */
  Task task; /* that `architectures` promises a head for; EMBED: for none */
  size_t dim, n_layers, n_heads, hidden_dim; /* C, L, H, F */
  size_t vocab_size, max_positions, n_types; /* V; n_types 0: none */
  int32_t pad_id;
  float norm_eps;
  Activation activation;
  bool tie_embeddings;
  bool sinusoidal;
} Config;

enum {
  CONFIG_MAX_BYTES = 16 << 20,
  CONFIG_MAX_DIM = 1 << 16,
  CONFIG_MAX_LAYERS = 1024,
  CONFIG_MAX_VOCAB = 1 << 24,
  CONFIG_MAX_POSITIONS = 1 << 20
};

/* ERR_FORMAT: a missing or senseless value; ERR_UNSUPPORTED: another
 * model_type or an unknown activation, by name. */
int config_parse(const char *json, size_t bytes, Config *out, Error *err);

#endif
