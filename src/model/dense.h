/*
 * dense.h - the Dense modules of sentence-transformers.
 */
#ifndef MODEL_DENSE_H
#define MODEL_DENSE_H

#include "model/load.h"

/* Loads every Dense module of modules.json, in order, into model->dense, and
 * sets model->vector_dim to what comes out of the last. Both passes. */
int dense_load(Loader *l, Model *model, Error *err);

#endif
