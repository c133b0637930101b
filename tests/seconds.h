/*
 * seconds.h - a clock's time in seconds, for tests and benchmarks.
 */
#ifndef TESTS_SECONDS_H
#define TESTS_SECONDS_H

#include <time.h>

static inline double seconds_of(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
