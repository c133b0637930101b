/*
 * options.h - what a registration says about its model beyond the path.
 *
 *     INSERT INTO distilbert_models(name, path, precision, options)
 *     VALUES ('st', 'all-distilroberta-v1', 'int8',
 *             '{"pooling": "mean", "normalize": true, "max_tokens": 256}');
 *
 * Everything not said is as the checkpoint's own files have it.
 */
#ifndef MODEL_OPTIONS_H
#define MODEL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"

typedef enum Precision {
  PRECISION_FILE, /* int8 where the file is, else fp32 */
  PRECISION_FP32,
  PRECISION_INT8
} Precision;

/* Bits, in the order in which several are concatenated. */
typedef enum Pooling {
  POOLING_CLS = 1,
  POOLING_MAX = 2,
  POOLING_MEAN = 4,
  POOLING_MEAN_SQRT_LEN = 8,
  POOLING_WEIGHTED_MEAN = 16,
  POOLING_LAST_TOKEN = 32
} Pooling;

enum { POOLING_COUNT = 6, OPTIONS_MAX_BYTES = 1 << 16 };

typedef struct ModelOptions {
  Precision precision;
  unsigned pooling;  /* Pooling bits; 0: not said */
  int normalize;     /* -1: not said; 0, 1 */
  int lower_case;    /* -1: not said; 0, 1 */
  size_t max_tokens; /* template included; 0: not said */
  char *prompt;      /* owned; put in front of texts; NULL: not said */
} ModelOptions;

/* Nothing is said. */
extern const ModelOptions options_none;

/*
 * Reads the two columns; either may be NULL. options_clear frees. ERR_RANGE:
 * an unknown precision, key or value (the valid ones are listed); ERR_FORMAT:
 * not a JSON object.
 */
int options_parse(const char *precision, const char *json, ModelOptions *out,
                  Error *err);
void options_clear(ModelOptions *o);

/* "fp32", "int8"; of PRECISION_FILE "". */
const char *precision_name(Precision p);

/* The bit of a pooling's name ("mean", "cls", ...); 0: there is none. */
unsigned pooling_named(const char *name);

#endif
