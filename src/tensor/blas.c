/*
 * blas.c - linear layers through a CBLAS that the machine has.
 *
 * In:  activations in lanes, weights as the file has them.
 * Out: the layer's result in lanes, as exact as that library is.
 *
 * The library is opened when first asked for, by DISTILBERT_BLAS or by the
 * usual names, and must have cblas_sgemm with 32-bit sizes.  It stays open:
 * unloading a BLAS that has threads ends in a crash.  Lanes become a matrix
 * [feature][token] by copies of whole vectors, so that y = W x is one call:
 *
 *     x [panel][n_in][LANES] -> [n_in][T]      y [n_out][T] -> lanes
 *
 * One lock surrounds every call and fork(): libraries built for one thread
 * give wrong sums to two callers at once, and those with threads leave a
 * child hanging that was forked in the middle.  They are told to use one
 * thread; parallelism is ours.  For OpenBLAS and MKL that setting is the
 * process's, so a host that shares the library sees it.
 *
 * It refuses a library without cblas_sgemm, and says which ones it tried.
 */
#include "tensor/blas.h"

#ifndef _WIN32
#include <dlfcn.h>
#endif
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "base/os.h"
#include "base/size.h"
#include "tensor/kernels.h"

enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111 }; /* CBLAS's own numbers */

typedef void sgemm(int order, int trans_a, int trans_b, int m, int n, int k,
                   float alpha, const float *a, int lda, const float *b,
                   int ldb, float beta, float *c, int ldc);
/* All under the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static sgemm *multiply; /* NULL: none is open */
static char open_name[160];

static void before_fork(void) {
  pthread_mutex_lock(&lock);
}

static void after_fork(void) {
  pthread_mutex_unlock(&lock);
}

static void guard_fork(void) {
  pthread_atfork(before_fork, after_fork, after_fork);
}

#ifdef _WIN32
/* Which of its folders Windows would take a library from is the host's to
 * say. */
static int open_any(Error *err) {
  return fail(err, ERR_UNSUPPORTED, "a BLAS is not opened on Windows");
}
#else
typedef void set_threads(int n);
typedef char *get_config(void);

static const char *const usual_names[] = {
#if defined(__APPLE__)
    "/System/Library/Frameworks/Accelerate.framework/Accelerate",
    "libopenblas.dylib",
#else
    "libopenblas.so.0",
    "libopenblas.so",
    "libmkl_rt.so",
    "libmkl_rt.so.2",
    "libcblas.so.3",
    "libblas.so.3",
#endif
    NULL};

static void use_one_thread(void *library) {
  static const char *const setters[] = {"openblas_set_num_threads",
                                        "MKL_Set_Num_Threads"};
  for (size_t i = 0; i < sizeof setters / sizeof *setters; i++) {
    set_threads *set = (set_threads *)dlsym(library, setters[i]);
    if (set)
      set(1);
  }
}

/* With the version that OpenBLAS tells of itself. */
static void keep_name(void *library, const char *name) {
  get_config *config = (get_config *)dlsym(library, "openblas_get_config");
  if (config)
    snprintf(open_name, sizeof open_name, "%s (%s)", name, config());
  else
    snprintf(open_name, sizeof open_name, "%s", name);
}

static bool try_library(const char *name) {
  void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  sgemm *found = library ? (sgemm *)dlsym(library, "cblas_sgemm") : NULL;
  if (!found) {
    if (library)
      dlclose(library);
    return false;
  }
  use_one_thread(library);
  keep_name(library, name);
  multiply = found;
  return true;
}

static int open_any(Error *err) {
  const char *own = getenv("DISTILBERT_BLAS");
  char tried[160] = "";
  if (own && *own) {
    return try_library(own)
               ? OK
               : fail(err, ERR_UNSUPPORTED,
                      "no cblas_sgemm in %s (DISTILBERT_BLAS)", own);
  }
  for (size_t i = 0; usual_names[i]; i++) {
    if (try_library(usual_names[i]))
      return OK;
    size_t n = strlen(tried);
    snprintf(tried + n, sizeof tried - n, "%s%s", n ? ", " : "",
             usual_names[i]);
  }
  return fail(err, ERR_UNSUPPORTED,
              "no BLAS found: tried %s; DISTILBERT_BLAS names one", tried);
}
#endif

int blas_open(Error *err) {
  pthread_once(&fork_once, guard_fork);
  pthread_mutex_lock(&lock);
  int rc = multiply ? OK : open_any(err);
  pthread_mutex_unlock(&lock);
  return rc;
}

const char *blas_name(void) {
  pthread_mutex_lock(&lock);
  const char *name = multiply ? open_name : NULL;
  pthread_mutex_unlock(&lock);
  return name;
}

/* SIZE_MAX, which no arena has, when the size itself does not fit. */
size_t blas_scratch(size_t panels, size_t n_in, size_t n_out) {
  size_t features, tokens, n;
  if (!size_add(n_in, n_out, &features) || !size_mul(panels, LANES, &tokens) ||
      !size_mul(features, tokens, &n))
    return SIZE_MAX;
  return n;
}

/* [panel][n][LANES] -> [n][panels * LANES] */
static void lanes_to_matrix(size_t panels, size_t n, const float *lanes,
                            float *matrix) {
  for (size_t p = 0; p < panels; p++)
    for (size_t i = 0; i < n; i++)
      memcpy(matrix + (i * panels + p) * LANES, lanes + (p * n + i) * LANES,
             LANES * sizeof *lanes);
}

/* [n][panels * LANES] -> [n / slab][panel][slab][LANES] */
static void matrix_to_slabs(size_t panels, size_t n, size_t slab,
                            const float *matrix, float *lanes) {
  for (size_t i = 0; i < n; i++)
    for (size_t p = 0; p < panels; p++)
      memcpy(lanes + ((i / slab * panels + p) * slab + i % slab) * LANES,
             matrix + (i * panels + p) * LANES, LANES * sizeof *lanes);
}

/* CBLAS adds to what is there. */
static void fill_bias(size_t tokens, size_t n, const float *b, float *matrix) {
  for (size_t i = 0; i < n; i++)
    for (size_t t = 0; t < tokens; t++)
      matrix[i * tokens + t] = b ? b[i] : 0.0f;
}

/* Models' sizes are far below INT_MAX; a larger one makes CBLAS refuse. */
static int as_int(size_t n) {
  return n <= INT_MAX ? (int)n : -1;
}

void blas_linear(size_t panels, size_t n_in, size_t n_out, size_t slab,
                 const float *x, const float *w, const float *b, float *y,
                 float *scratch) {
  size_t tokens = panels * LANES;
  float *in = scratch, *out = scratch + n_in * tokens;
  int T = as_int(tokens), K = as_int(n_in), N = as_int(n_out);
  lanes_to_matrix(panels, n_in, x, in);
  fill_bias(tokens, n_out, b, out);
  pthread_mutex_lock(&lock);
  multiply(ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE, N, T, K, 1.0f, w, K, in, T,
           1.0f, out, T);
  pthread_mutex_unlock(&lock);
  matrix_to_slabs(panels, n_out, slab, out, y);
}
