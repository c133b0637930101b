/*
 * poll.h - how long work asks whether the host wants it to stop.
 *
 * The caller at the top (src/sql) fills it in; everything below calls
 * poll_stop() at least every few milliseconds, on the calling thread only,
 * and returns ERR_INTERRUPT when it is true.
 */
#ifndef BASE_POLL_H
#define BASE_POLL_H

#include <stdbool.h>
#include <stddef.h>
#include "error.h"

typedef struct Poll {
  bool (*stop)(void *arg); /* NULL: never stops */
  void *arg;
} Poll;

static inline bool poll_stop(const Poll *poll) {
  return poll && poll->stop && poll->stop(poll->arg);
}

/* OK, or ERR_INTERRUPT with its message. */
int poll_check(const Poll *poll, Error *err);

/* memcpy of texts so long that the host should be asked in between.
 * ERR_INTERRUPT. */
int poll_copy(const Poll *poll, void *to, const void *from, size_t bytes,
              Error *err);

#endif
