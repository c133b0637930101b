/*
 * cpu_model.c - what __builtin_cpu_supports() reads, where zig compiles.
 *
 * Out: __cpu_model and __cpu_features2, filled in before anybody asks.
 *
 * gcc and clang bring these two with their runtime libraries; zig's has none
 * (0.15).  Names, layout and bit numbers are those of libgcc and compiler-rt,
 * which agree; only what src/tensor asks for is filled in.
 *
 * A feature counts when the processor has it and the system keeps its
 * registers (XCR0).  macOS begins to keep AVX-512's when a thread first uses
 * them, and says nothing before.
 */
#ifdef __x86_64__
#include <cpuid.h>

struct {
  unsigned vendor, type, subtype, features[1];
} __cpu_model __attribute__((visibility("hidden")));
unsigned __cpu_features2[4] __attribute__((visibility("hidden")));

enum {
  KEEPS_AVX = 0x6,
  KEEPS_AVX512 = 0xe6,
  KEEPS_TILES = 0x60000,
  OS_SAYS = 1 << 27 /* XCR0 can be read */
};

static unsigned kept(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & OS_SAYS))
    return 0;
  __asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
#ifdef __APPLE__
  a |= (a & KEEPS_AVX) == KEEPS_AVX ? KEEPS_AVX512 : 0;
#endif
  return a;
}

static void put(unsigned *word, unsigned bit, unsigned reg, unsigned from) {
  *word |= (reg >> from & 1) << bit;
}

__attribute__((constructor)) static void fill(void) {
  unsigned a, b, c, d, have = kept(), *first = __cpu_model.features;
  if ((have & KEEPS_AVX) != KEEPS_AVX || !__get_cpuid(1, &a, &b, &c, &d))
    return;
  put(first, 14, c, 12); /* fma */
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
    return;
  put(first, 10, b, 5); /* avx2 */
  if ((have & KEEPS_AVX512) == KEEPS_AVX512) {
    put(first, 15, b, 16);              /* avx512f */
    put(first, 20, b, 31);              /* avx512vl */
    put(first, 21, b, 30);              /* avx512bw */
    put(first, 22, b, 17);              /* avx512dq */
    put(&__cpu_features2[0], 2, c, 11); /* avx512vnni */
  }
  if ((have & KEEPS_TILES) == KEEPS_TILES) {
    put(&__cpu_features2[1], 21, d, 24); /* amx-tile */
    put(&__cpu_features2[1], 22, d, 25); /* amx-int8 */
  }
}
#else
typedef int cpu_model_unused;
#endif
