/*
 * poll.c - turns "stop" into an error.
 */
#include "base/poll.h"

int poll_check(const Poll *poll, Error *err) {
  return poll_stop(poll) ? fail(err, ERR_INTERRUPT, "interrupted") : OK;
}
