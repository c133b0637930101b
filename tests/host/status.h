/*
 * status.h - what Linux says of this process.
 */
#ifndef TESTS_HOST_STATUS_H
#define TESTS_HOST_STATUS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Kilobytes of a line of /proc/self/status, "VmHWM:"; 0: there is none. */
static inline long status_kb(const char *key) {
  char line[256];
  long kb = 0;
  FILE *file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof line, file))
    if (!strncmp(line, key, strlen(key)))
      kb = atol(line + strlen(key));
  if (file)
    fclose(file);
  return kb;
}

#endif
