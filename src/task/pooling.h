/*
 * pooling.h - the vectors of a window's tokens as one.
 */
#ifndef TASK_POOLING_H
#define TASK_POOLING_H

#include "model/encoder.h"

/*
 * All poolings of tokens [first, first + n) of the batch, one behind the other:
 * out[poolings->n * C]. The window's first `skip` tokens, a prompt, do not
 * count, but for POOLING_CLS and POOLING_LAST_TOKEN.
 */
void pool_window(const Hidden *h, size_t C, size_t first, size_t n, size_t skip,
                 const Poolings *poolings, float *out);

#endif
