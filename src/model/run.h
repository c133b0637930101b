/*
 * run.h - how a piece of inference is to be run: by which engine, on how many
 * threads, and whom to ask whether to stop.
 */
#ifndef MODEL_RUN_H
#define MODEL_RUN_H

#include <stddef.h>
#include "base/poll.h"

typedef enum Engine { ENGINE_NATIVE, ENGINE_BLAS } Engine;

typedef struct Run {
  Engine engine;
  size_t n_threads;
  Poll poll;
} Run;

#endif
