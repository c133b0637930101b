/*
 * random.h - numbers that are the same on every run, for tests.
 *
 * A linear congruence of 64 bits, of which the upper 32 are used.
 */
#ifndef TESTS_RANDOM_H
#define TESTS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

static uint64_t random_state = 88172645463325252u;

static inline uint32_t draw(void) {
  random_state = random_state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(random_state >> 32);
}

/* low to high, both included. */
static inline size_t between(size_t low, size_t high) {
  return low + draw() % (high - low + 1);
}

#endif
