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
#include "model/run.h"

struct cJSON;

typedef enum Precision {
  PRECISION_FILE, /* int8 where the file is, else fp32 */
  PRECISION_FP32,
  PRECISION_INT8
} Precision;

typedef enum Pooling {
  POOLING_NONE,
  POOLING_CLS,
  POOLING_MAX,
  POOLING_MEAN,
  POOLING_MEAN_SQRT_LEN,
  POOLING_WEIGHTED_MEAN,
  POOLING_LAST_TOKEN
} Pooling;

enum { POOLINGS_MAX = 8, OPTIONS_MAX_BYTES = 1 << 16 };

/* Their results are concatenated, in this order. */
typedef struct Poolings {
  Pooling list[POOLINGS_MAX];
  size_t n;
} Poolings;

typedef struct ModelOptions {
  Precision precision;
  Poolings poolings;   /* n 0: not said */
  int normalize;       /* -1: not said; 0, 1: what truncate_dim leaves */
  int lower_case;      /* -1: not said; 0, 1 */
  int strip;           /* -1: not said; 0, 1: outer blanks away */
  size_t max_tokens;   /* template included; 0: not said */
  size_t truncate_dim; /* numbers of a vector; 0: not said */
  Overflow overflow;
  char *prompt; /* owned; put in front of texts; NULL: not said */
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

/* A name, or an array of names, of poolings; false: it is neither. */
bool poolings_read(const struct cJSON *item, Poolings *out);

/* "truncate", "error", "window"; OVERFLOW_UNSAID: there is none of the name. */
Overflow overflow_named(const char *name);

#endif
