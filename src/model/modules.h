/*
 * modules.h - modules.json: what sentence-transformers puts behind a model.
 *
 *     [{"path": "", "type": "sentence_transformers.models.Transformer"},
 *      {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
 *      {"path": "2_Normalize", ...}]
 */
#ifndef MODEL_MODULES_H
#define MODEL_MODULES_H

#include <stddef.h>
#include "base/error.h"

enum { MODULES_MAX = 8, MODULE_PATH_MAX = 63 };

/* In the order in which a chain has them. */
typedef enum ModuleKind {
  MODULE_TRANSFORMER,
  MODULE_POOLING,
  MODULE_DENSE,
  MODULE_NORMALIZE
} ModuleKind;

typedef struct Module {
  ModuleKind kind;
  char path[MODULE_PATH_MAX + 1]; /* a plain folder name, or "" */
} Module;

typedef struct Modules {
  Module list[MODULES_MAX];
  size_t n;
} Modules;

/* ERR_FORMAT; ERR_UNSUPPORTED: a module of another type (named), none to start
 * with that is a Transformer, or another order. */
int modules_parse(const char *json, size_t bytes, Modules *out, Error *err);

#endif
