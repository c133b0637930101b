/*
 * check.h - the few lines every test program shares.
 *
 *     int main(void) {
 *       CHECK(1 + 1 == 2, "sum is %d", 1 + 1);
 *       return check_done();
 *     }
 *
 * A failed CHECK prints file, line and message and goes on.
 */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <stdio.h>

static long check_passed, check_failed, check_skipped;

#define CHECK(condition, ...)                                                  \
  do {                                                                         \
    if (condition) {                                                           \
      check_passed++;                                                          \
    } else if (check_failed++ < 20) {                                          \
      printf("%s:%d: %s: ", __FILE__, __LINE__, #condition);                   \
      printf(__VA_ARGS__);                                                     \
      printf("\n");                                                            \
    }                                                                          \
  } while (0)

#define SKIP(...)                                                              \
  do {                                                                         \
    check_skipped++;                                                           \
    printf("skipped: ");                                                       \
    printf(__VA_ARGS__);                                                       \
    printf("\n");                                                              \
  } while (0)

static inline int check_done(void) {
  if (check_skipped)
    printf("%ld passed, %ld failed, %ld skipped\n", check_passed, check_failed,
           check_skipped);
  else
    printf("%ld passed, %ld failed\n", check_passed, check_failed);
  return check_failed != 0;
}

#endif
