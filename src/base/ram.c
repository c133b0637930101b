/*
 * ram.c - how much memory this process may have.
 *
 * Out: the smallest of what the machine has, what its cgroup (version 2 or 1)
 *      and its address space may hold.
 *
 * In a container the root of the mounted hierarchy is the container's own, so
 * that level alone is looked at; whatever cannot be read is no limit.  Nothing
 * here fails.
 */
#ifndef _WIN32 /* machine_windows.c */
#include "base/ram.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static uint64_t smaller(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

static uint64_t machine(void) {
  long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);
  return pages > 0 && bytes > 0 ? (uint64_t)pages * (uint64_t)bytes
                                : UINT64_MAX;
}

static uint64_t address_space(void) {
  struct rlimit limit;
  return getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY
             ? (uint64_t)limit.rlim_cur
             : UINT64_MAX;
}

/* The number a file begins with; "max" is none. */
static uint64_t number_in(const char *path) {
  unsigned long long bytes;
  FILE *file = fopen(path, "re");
  bool found = file && fscanf(file, "%llu", &bytes) == 1 && bytes > 0;
  if (file)
    fclose(file);
  return found ? bytes : UINT64_MAX;
}

size_t ram_available(void) {
  uint64_t bytes = smaller(machine(), address_space());
  bytes = smaller(bytes, number_in("/sys/fs/cgroup/memory.max"));
  bytes =
      smaller(bytes, number_in("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
  return bytes < SIZE_MAX ? (size_t)bytes : SIZE_MAX;
}
#else
typedef int ram_unused;
#endif
