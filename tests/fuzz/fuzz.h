/*
 * fuzz.h - what every fuzz target shares.
 *
 * A target is one function: it takes any bytes, hands them to the code under
 * test, and checks what came out by other means.  It returns 0; a crash, a
 * report of a sanitizer, a second of work or a failed REQUIRE is a finding.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Optional: rewrites data[0..size) to at most `most` bytes, returns how many.
 * LLVMFuzzerMutate is the engine's own, for use within. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most,
                               unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

#define REQUIRE(condition)                                                     \
  do {                                                                         \
    if (!(condition)) {                                                        \
      fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__,         \
              #condition);                                                     \
      abort();                                                                 \
    }                                                                          \
  } while (0)

#endif
