/*
 * poll.c - turns "stop" into an error.
 */
#include "base/poll.h"

#include <string.h>

enum { COPY_STEP = 1 << 20 }; /* bytes between two questions */

int poll_check(const Poll *poll, Error *err) {
  return poll_stop(poll) ? fail(err, ERR_INTERRUPT, "interrupted") : OK;
}

int poll_copy(const Poll *poll, void *to, const void *from, size_t bytes,
              Error *err) {
  int rc = OK;
  for (size_t done = 0, n; !rc && done < bytes; done += n) {
    n = bytes - done < COPY_STEP ? bytes - done : COPY_STEP;
    memcpy((char *)to + done, (const char *)from + done, n);
    rc = poll_check(poll, err);
  }
  return rc;
}
