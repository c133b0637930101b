/*
 * blas.h - the `blas` engine: linear layers through any CBLAS.
 *
 * Opened at first use with dlopen (DISTILBERT_BLAS, else the usual names of
 * OpenBLAS, MKL, Accelerate), one lock around every call, one BLAS thread:
 * Debian's serial OpenBLAS gives wrong products to concurrent callers, and
 * its threaded one hangs after fork().  Outside the promise of equal bits.
 */
#ifndef TENSOR_BLAS_H
#define TENSOR_BLAS_H

#include <stddef.h>
#include "base/error.h"

/* OK when a CBLAS is open (opens it). ERR_UNSUPPORTED names what was tried. */
int blas_open(Error *err);
/* "libopenblas.so.0 (OpenBLAS 0.3.21 ...)", or NULL when none is open. */
const char *blas_name(void);

/* Floats of scratch that blas_linear needs. */
size_t blas_scratch(size_t panels, size_t n_in, size_t n_out);

/* y = x W^T + b on lanes: x [panel][n_in][LANES], W row-major [n_out][n_in], b
 * NULL or [n_out], y in slabs of features, [n_out / slab][panel][slab][LANES].
 * blas_open succeeded before. */
void blas_linear(size_t panels, size_t n_in, size_t n_out, size_t slab,
                 const float *x, const float *w, const float *b, float *y,
                 float *scratch);

#endif
