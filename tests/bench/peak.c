/*
 * peak.c - measures the peak of the multiply-add units: floats, bytes, bf16.
 *
 * In:  the name of a kernel set.
 * Out: operations a second, near the best of a few short runs.
 *
 * Chains that do not depend on each other hide the latency: 12 for 4 cycles
 * at two or three instructions a cycle, 16 where there may be four.  Their
 * accumulators have names, as an array would be kept in memory; the empty asm
 * keeps the compiler from folding the loop.  One run is about a millisecond:
 * short enough to fall between two interruptions.
 */
#include "peak.h"

#include <string.h>
#include "seconds.h"

enum { ROUNDS = 400000, RUNS = 15 };

double cpu_now(void) {
  return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

#define ALL12(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define ALL16(X) ALL12(X) X(12) X(13) X(14) X(15)
#define NEXT(i)                                                                \
  c##i = MULTIPLY_ADD(c##i, a, b);                                             \
  __asm__ volatile("" : "+" KIND(c##i));
#define FIRST(i) Register c##i = a;

/* The body of a measurement; Register, MULTIPLY_ADD and KIND are the set's. */
#define MEASURE(chains)                                                        \
  ALL##chains(FIRST) double start = cpu_now();                                 \
  for (long k = 0; k < ROUNDS; k++) {                                          \
    ALL##chains(NEXT)                                                          \
  }                                                                            \
  return 2.0 * sizeof(Register) / sizeof(float) * chains * ROUNDS /            \
         (cpu_now() - start)

typedef double measure(void);

#if defined(__x86_64__)
#include <immintrin.h>
#define KIND "v"
#include <cpuid.h>

#define Register     __m512
#define MULTIPLY_ADD _mm512_fmadd_ps
__attribute__((target("avx512f"))) static double avx512(void) {
  Register a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(1e-5f);
  MEASURE(16);
}
#undef Register
#undef MULTIPLY_ADD

#define Register     __m256
#define MULTIPLY_ADD _mm256_fmadd_ps
__attribute__((target("avx2,fma"))) static double avx2(void) {
  Register a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(1e-5f);
  MEASURE(12);
}

#undef Register
#undef MULTIPLY_ADD

/* Four times the operations of floats. */
#define DOT(prefix)                                                            \
  static inline __attribute__((always_inline)) Register dot(                   \
      Register c, Register a, Register b) {                                    \
    __asm__(prefix "vpdpbusd %2, %1, %0" : "+v"(c) : "v"(a), "v"(b));          \
    return c;                                                                  \
  }

#define Register     __m512i
#define MULTIPLY_ADD dot512
#define dot          dot512
__attribute__((target("avx512f"))) DOT("")
    __attribute__((target("avx512f"))) static double vnni512(void) {
  Register a = _mm512_set1_epi32(3), b = _mm512_set1_epi32(5);
  MEASURE(16);
}
#undef Register
#undef MULTIPLY_ADD
#undef dot

#define Register     __m256i
#define MULTIPLY_ADD dot256
#define dot          dot256
__attribute__((target("avx2"))) DOT("%{vex%} ")
    __attribute__((target("avx2"))) static double vnni256(void) {
  Register a = _mm256_set1_epi32(3), b = _mm256_set1_epi32(5);
  MEASURE(12);
}

#undef Register
#undef MULTIPLY_ADD
#undef dot

/* Twice the operations of floats: two products and their sum in each lane. */
#define Register __m512
#define MULTIPLY_ADD(c, a, b)                                                  \
  ({                                                                           \
    Register sum = c;                                                          \
    __asm__("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));              \
    sum;                                                                       \
  })
__attribute__((target("avx512f"))) static double bf16_512(void) {
  Register a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(1e-5f);
  MEASURE(16);
}
#undef Register
#undef MULTIPLY_ADD

/* A tile of products: 16 x 16 sums of 64 bytes each, in six chains. The
 * permission for tiles is the kernels' business (tensor/amx.h). A quarter of
 * the operations, as those of bytes are counted in fours (peak_dot). */
#ifdef __has_include
#if __has_include(<amxint8intrin.h>)
#define TILES 1
#endif
#endif
#ifdef TILES
enum {
  TILE_ROUNDS = 12000,
  TILE_CHAINS = 6,
  TILE_OPERATIONS = 2 * 16 * 16 * 64
};

__attribute__((target("amx-tile,amx-int8"))) static double tiles(void) {
  static const unsigned char shape[64] __attribute__((aligned(64))) = {
      [0] = 1,   [16] = 64, [18] = 64, [20] = 64, [22] = 64, [24] = 64,
      [26] = 64, [28] = 64, [30] = 64, [48] = 16, [49] = 16, [50] = 16,
      [51] = 16, [52] = 16, [53] = 16, [54] = 16, [55] = 16};
  unsigned char ones[16 * 64];
  memset(ones, 1, sizeof ones); /* tiles of nothing would be quicker */
  _tile_loadconfig(shape);
  _tile_loadd(6, ones, 64);
  _tile_loadd(7, ones, 64);
  double start = cpu_now();
  for (long k = 0; k < TILE_ROUNDS; k++) {
    _tile_dpbsud(0, 6, 7);
    _tile_dpbsud(1, 6, 7);
    _tile_dpbsud(2, 6, 7);
    _tile_dpbsud(3, 6, 7);
    _tile_dpbsud(4, 6, 7);
    _tile_dpbsud(5, 6, 7);
  }
  double seconds = cpu_now() - start;
  _tile_release();
  return (double)TILE_OPERATIONS / 4 * TILE_CHAINS * TILE_ROUNDS / seconds;
}
#endif

static measure *find_bf16(void) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) && a >> 5 & 1 &&
                 __builtin_cpu_supports("avx512f")
             ? bf16_512
             : NULL;
}

static measure *find_dot(const char *set) {
  unsigned a = 0, b = 0, c = 0, d = 0;
#ifdef TILES
  if (!strcmp(set, "amx"))
    return tiles;
#endif
  if (!strcmp(set, "avx512") && __builtin_cpu_supports("avx512vnni"))
    return vnni512;
  if (!strcmp(set, "avx2") && __get_cpuid_count(7, 1, &a, &b, &c, &d) &&
      a >> 4 & 1)
    return vnni256;
  return NULL;
}

static measure *find(const char *set) {
  if ((!strcmp(set, "avx512") || !strcmp(set, "amx")) &&
      __builtin_cpu_supports("avx512f"))
    return avx512;
  if (!strcmp(set, "avx2") && __builtin_cpu_supports("avx2") &&
      __builtin_cpu_supports("fma"))
    return avx2;
  return NULL;
}

#elif defined(__aarch64__)
#include <arm_neon.h>
#define KIND         "w"
#define Register     float32x4_t
#define MULTIPLY_ADD vfmaq_f32
static double neon(void) {
  Register a = vdupq_n_f32(0.999f), b = vdupq_n_f32(1e-5f);
  MEASURE(16);
}

static measure *find(const char *set) {
  return strcmp(set, "neon") ? NULL : neon;
}

static measure *find_dot(const char *set) {
  (void)set;
  return NULL;
}

static measure *find_bf16(void) {
  return NULL;
}

#else
static measure *find(const char *set) {
  (void)set;
  return NULL;
}

static measure *find_dot(const char *set) {
  (void)set;
  return NULL;
}

static measure *find_bf16(void) {
  return NULL;
}
#endif

/* The third best: one reading of the clock may be off on a virtual machine. */
static double most(measure *once) {
  double best[3] = {0.0, 0.0, 0.0};
  for (int i = 0; once && i < RUNS; i++) {
    double rate = once();
    for (int j = 0; j < 3; j++)
      if (rate > best[j]) {
        double lower = best[j];
        best[j] = rate;
        rate = lower;
      }
  }
  return best[2];
}

double peak_fma(const char *set) {
  return most(find(set));
}

double peak_fma_now(const char *set) {
  measure *once = find(set);
  double a = once ? once() : 0.0, b = once ? once() : 0.0;
  return a > b ? a : b;
}

double peak_dot(const char *set) {
  return 4.0 * most(find_dot(set));
}

double peak_bf16(void) {
  return 2.0 * most(find_bf16());
}
