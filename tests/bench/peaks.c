/*
 * peaks.c - what one core can do at most, as one line of JSON.
 *
 * In:  nothing.
 * Out: {"FMA": , "bytes": , "bf16": , "read": }: operations a second of floats,
 *      bytes and bf16, and bytes read a second out of more memory than caches
 *      hold, all in units of 1e9.  What the machine does not have is left out.
 *
 * For tests/bench/peers, whose figures are worth nothing without these.
 */
#include "peak.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tensor/kernels.h"

enum { READ_BYTES = 512 << 20, READS = 5 };

/* Bytes a second, the best of a few; 0 without memory. */
static double read_rate(void) {
  uint64_t *data = malloc(READ_BYTES), sum = 0;
  double best = 0.0;
  if (!data)
    return 0.0;
  memset(data, 1, READ_BYTES);
  for (int i = 0; i < READS; i++) {
    double start = cpu_now();
    for (size_t k = 0; k < READ_BYTES / sizeof *data; k += 8)
      for (size_t j = 0; j < 8; j++)
        sum += data[k + j];
    double rate = READ_BYTES / (cpu_now() - start);
    best = rate > best ? rate : best;
  }
  __asm__ volatile("" : : "r"(sum));
  free(data);
  return best;
}

int main(void) {
  const char *set = kernels_pick(NULL)->name;
  const struct {
    const char *name;
    double rate;
  } peaks[] = {{"FMA", peak_fma(set)},
               {"bytes", peak_dot(set)},
               {"bf16", peak_bf16()},
               {"read", read_rate()}};
  const char *before = "{";
  for (size_t i = 0; i < sizeof peaks / sizeof *peaks; i++)
    if (peaks[i].rate > 0) {
      printf("%s\"%s\": %.1f", before, peaks[i].name, 1e-9 * peaks[i].rate);
      before = ", ";
    }
  printf("}\n");
  return 0;
}
