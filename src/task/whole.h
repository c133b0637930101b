/*
 * whole.h - a text or a pair as one input of a model, none of it cut.
 */
#ifndef TASK_WHOLE_H
#define TASK_WHOLE_H

#include "model/model.h"

/* Appends its tokens, template included; pair.text NULL: there is none.
 * ERR_RANGE: it is longer than the model takes (both numbers are named), then
 * some of its tokens may be in *out. ERR_NOMEM, ERR_INTERRUPT */
int whole_read(const Model *model, const Poll *poll, EncodeText text,
               EncodeText pair, Encoding *out, Error *err);

/* Counts it, and fails with what whole_read says of one that is too long, and
 * `more` behind it. */
int whole_too_long(const Model *model, const Poll *poll, EncodeText text,
                   EncodeText pair, const char *more, Error *err);

#endif
