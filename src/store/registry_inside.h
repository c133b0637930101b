/*
 * registry_inside.h - what registry.c and registry_list.c share.
 */
#ifndef STORE_REGISTRY_INSIDE_H
#define STORE_REGISTRY_INSIDE_H

#include "store/entries.h"

/* A hold on the entry of a name, found by registry rules; registry_done ends
 * it. ERR_RANGE: no such name. */
int registry_hold(const char *name, ModelEntry **out, Error *err);

/* Fills in a held entry's fingerprint, once. */
int registry_know_fingerprint(ModelEntry *e, const Poll *poll, Error *err);

/* The fingerprint users see: of the checkpoint (known already), its options
 * and the engine. */
void registry_public_fingerprint(const ModelEntry *e, char out[65]);

#endif
