/*
 * run.h - how a piece of inference is to be run: by which engine, on how many
 * threads, whom to ask whether to stop, and what becomes of long texts.
 */
#ifndef MODEL_RUN_H
#define MODEL_RUN_H

#include <stddef.h>
#include "base/poll.h"

typedef enum Engine { ENGINE_NATIVE, ENGINE_BLAS } Engine;

/* What becomes of a text longer than the model takes, in embed and classify:
 * its start alone, an error, or the mean over windows. */
typedef enum Overflow {
  OVERFLOW_UNSAID, /* of a registration */
  OVERFLOW_TRUNCATE,
  OVERFLOW_ERROR,
  OVERFLOW_WINDOW
} Overflow;

typedef struct Run {
  Engine engine;
  size_t n_threads;
  Poll poll;
} Run;

#endif
