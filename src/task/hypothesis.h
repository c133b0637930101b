/*
 * hypothesis.h - a label's sentence out of a template: "This example is {}.".
 */
#ifndef TASK_HYPOTHESIS_H
#define TASK_HYPOTHESIS_H

#include "text/tokenizer.h"

/* ERR_RANGE: no {} or {0} for the label, two {}, anything else in braces. */
int hypothesis_check(EncodeText template, Error *err);

/* The sentence of a label, by a template that was checked; mem_free frees *out,
 * which has no 0 behind. ERR_RANGE: too long. */
int hypothesis_write(EncodeText template, EncodeText label, char **out,
                     size_t *bytes, Error *err);

#endif
