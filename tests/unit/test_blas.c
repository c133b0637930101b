/*
 * test_blas.c - the BLAS engine agrees with the native kernels, also when
 * several threads call it at once and across fork().
 *
 * Eight threads, because the one-thread OpenBLAS of some distributions has
 * given wrong sums to concurrent callers.  DISTILBERT_BLAS chooses another
 * library than the usual one.
 */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "sanitizer.h"
#include "tensor/blas.h"
#include "tensor/kernels.h"

enum { THREADS = 8, CALLS = 150, N_IN = 768, N_OUT = 768, PANELS = 1 };

static float *x, *w, *bias;
static float *want;

static float *floats(size_t n, unsigned seed) {
  float *p = aligned_alloc(64, (n * sizeof *p + 63) / 64 * 64);
  if (!p)
    exit(1);
  for (size_t i = 0; i < n; i++) {
    seed = seed * 1664525u + 1013904223u;
    p[i] = (float)(int)(seed >> 8) * 0x1p-23f - 1.0f;
  }
  return p;
}

static void native(size_t panels, size_t n_in, size_t n_out, const float *b,
                   float *y) {
  Product p = {.rows = n_out, .panels = panels, .depth = n_in, .a = w, .b = x};
  p.row_stride = n_in;
  p.k_stride = 1;
  p.b_panel = n_in * LANES;
  p.c = y;
  p.c_panel = n_out * LANES;
  p.bias = b;
  kernels_pick(NULL)->product(&p);
}

static double distance(const float *p, const float *q, size_t n) {
  double most = 0.0;
  for (size_t i = 0; i < n; i++)
    most = fmax(most, fabs((double)p[i] - (double)q[i]));
  return most;
}

static void test_shapes(void) {
  static const size_t shapes[][3] = {
      {1, 1, 1}, {1, 7, 5}, {2, 64, 33}, {3, 100, 1}, {7, N_IN, 130}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    size_t panels = shapes[i][0], n_in = shapes[i][1], n_out = shapes[i][2];
    size_t n = panels * n_out * LANES;
    float *y = floats(n, 9), *z = floats(n, 8);
    float *scratch = floats(blas_scratch(panels, n_in, n_out), 7);
    for (int with_bias = 0; with_bias < 2; with_bias++) {
      const float *b = with_bias ? bias : NULL;
      native(panels, n_in, n_out, b, y);
      blas_linear(panels, n_in, n_out, n_out, x, w, b, z, scratch);
      double d = distance(y, z, n);
      CHECK(d < 1e-4, "%zu panels, %zu to %zu: off by %g", panels, n_in, n_out,
            d);
    }
    free(y);
    free(z);
    free(scratch);
  }
}

/* The largest distance that one thread saw. */
static void *call_often(void *arg) {
  double *most = arg;
  size_t n = PANELS * N_OUT * LANES;
  float *y = floats(n, 3);
  float *scratch = floats(blas_scratch(PANELS, N_IN, N_OUT), 4);
  for (int i = 0; i < CALLS; i++) {
    blas_linear(PANELS, N_IN, N_OUT, N_OUT, x, w, bias, y, scratch);
    *most = fmax(*most, distance(y, want, n));
  }
  free(y);
  free(scratch);
  return NULL;
}

static void test_threads(void) {
  pthread_t id[THREADS];
  double most[THREADS] = {0};
  for (int i = 0; i < THREADS; i++)
    CHECK(!pthread_create(&id[i], NULL, call_often, &most[i]), "no thread");
  for (int i = 0; i < THREADS; i++) {
    pthread_join(id[i], NULL);
    CHECK(most[i] < 1e-4, "thread %d: off by %g", i, most[i]);
  }
}

/* A child forked while another thread computes can compute as well. */
static void test_fork(void) {
  pthread_t id;
  double most = 0.0;
  CHECK(!pthread_create(&id, NULL, call_often, &most), "no thread");
  for (int i = 0; i < 4; i++) {
    pid_t child = fork();
    if (child == 0) {
      double seen = 0.0;
      alarm(20);
      call_often(&seen);
      _exit(seen < 1e-4 ? 0 : 1);
    }
    int status = -1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0,
          "child %d ended with %x", i, (unsigned)status);
  }
  pthread_join(id, NULL);
  CHECK(most < 1e-4, "off by %g", most);
}

/* Before any library is open, in a process of its own. */
static void test_refusals(void) {
  Error err = {""};
  const char *given = getenv("DISTILBERT_BLAS");
  char *own = given ? strdup(given) : NULL;
  CHECK(!blas_name(), "open before it was asked for");
  setenv("DISTILBERT_BLAS", "/nonexistent/libblas.so", 1);
  CHECK(blas_open(&err) == ERR_UNSUPPORTED, "opened: %s", blas_name());
  CHECK(strstr(err.message, "/nonexistent/libblas.so"), "%s", err.message);
  setenv("DISTILBERT_BLAS", "libm.so.6", 1);
  CHECK(blas_open(&err) == ERR_UNSUPPORTED, "libm has no cblas_sgemm");
  unsetenv("DISTILBERT_BLAS");
  if (own)
    setenv("DISTILBERT_BLAS", own, 1);
  free(own);
  CHECK(blas_scratch((size_t)-1, 2, 2) == (size_t)-1, "it fits");
}

int main(void) {
  Error err = {""};
  test_refusals();
  if (blas_open(&err)) {
    SKIP("no BLAS here: %s", err.message);
    return check_done();
  }
  printf("with %s\n", blas_name());
  x = floats(7 * N_IN * LANES, 1);
  w = floats(N_OUT * N_IN, 2);
  bias = floats(N_OUT, 5);
  want = floats(PANELS * N_OUT * LANES, 6);
  native(PANELS, N_IN, N_OUT, bias, want);
  test_shapes();
  test_threads();
  /* A sanitizer's own locks may be taken when a thread forks. */
  if (UNDER_TSAN || UNDER_ASAN)
    SKIP("fork beside threads: sanitizers do not support it");
  else
    test_fork();
  free(x);
  free(w);
  free(bias);
  free(want);
  return check_done();
}
