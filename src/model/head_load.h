/*
 * head_load.h - heads out of a checkpoint's tensors, and so what it can do.
 */
#ifndef MODEL_HEAD_LOAD_H
#define MODEL_HEAD_LOAD_H

#include "model/config.h"
#include "model/load.h"

/* Fills in the heads that the file has, and sets their bits in *tasks. `words`
 * are the word embeddings, which a head may share. ERR_FORMAT: a tensor of a
 * head is missing or has another shape. */
int heads_load(Loader *l, const Config *c, const Table *words,
               Head heads[TASK_COUNT], unsigned *tasks, Error *err);

#endif
