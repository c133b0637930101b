/*
 * cpu.c - how many CPUs this process may really use.
 *
 * Out: the smaller of two numbers, at least 1: the CPUs of the affinity mask,
 *      and the cgroup's CPU quota rounded up (a container of 1.5 CPUs on a
 *      machine of 64 is served best by 2 threads).
 *
 * A quota may stand on any level between the process's own cgroup and the
 * root, so all are looked at:
 *
 *     /proc/self/cgroup         0::/a/b             version 2
 *                               4:cpu,cpuacct:/a/b  version 1
 *     /sys/fs/cgroup/a/b/cpu.max                    "150000 100000" or "max .."
 *     /sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us, cpu.cfs_period_us
 *
 * In a container the path may name levels that are mounted away: what is not
 * there does not count.  Formats: the kernel's admin-guide on both versions.
 * Whatever cannot be read is no limit; nothing here fails.
 */
#ifndef _WIN32 /* machine_windows.c */
#define _GNU_SOURCE
#include "base/pool.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 4096 };

/* A small file as text, cut at TEXT_MAX; "" when there is none. */
static void read_text(const char *path, char text[TEXT_MAX]) {
  size_t n = 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  while (fd >= 0 && n < TEXT_MAX - 1) {
    ssize_t got = read(fd, text + n, TEXT_MAX - 1 - n);
    if (got <= 0)
      break;
    n += (size_t)got;
  }
  text[n] = 0;
  if (fd >= 0)
    close(fd);
}

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

/* CPUs that quota/period comes to, rounded up; `most` when it is no limit. */
static size_t quota_cpus(long long quota, long long period, size_t most) {
  if (quota <= 0 || period <= 0)
    return most;
  unsigned long long cpus =
      ((unsigned long long)quota - 1) / (unsigned long long)period + 1;
  return cpus < most ? (size_t)cpus : most;
}

/* The quota of one level; `folder` ends without a slash. */
static size_t level_cpus(const char *folder, size_t most) {
  char path[TEXT_MAX + 32], text[TEXT_MAX];
  snprintf(path, sizeof path, "%s/cpu.max", folder);
  read_text(path, text);
  char *rest = text;
  long long quota = strtoll(text, &rest, 10); /* "max" gives 0 */
  size_t cpus = quota_cpus(quota, strtoll(rest, NULL, 10), most);
  snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
  read_text(path, text);
  quota = strtoll(text, NULL, 10); /* -1: none */
  snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
  read_text(path, text);
  return smaller(cpus, quota_cpus(quota, strtoll(text, NULL, 10), most));
}

/* The levels from root/GROUP up to root. */
static size_t levels_cpus(const char *root, const char *group, size_t most) {
  char folder[TEXT_MAX];
  int n = snprintf(folder, sizeof folder, "%s%s", root, group);
  if (n < 0 || (size_t)n >= sizeof folder)
    return most;
  size_t cpus = most;
  for (;;) {
    cpus = smaller(cpus, level_cpus(folder, most));
    char *slash = strrchr(folder + strlen(root), '/');
    if (!slash)
      return cpus;
    *slash = 0;
  }
}

/* Is "cpu" one of the comma-separated controllers? */
static bool has_cpu(const char *controllers) {
  for (const char *c = controllers; c; c = strchr(c, ',')) {
    c += *c == ',';
    size_t n = strcspn(c, ",");
    if (n == 3 && strncmp(c, "cpu", 3) == 0)
      return true;
  }
  return false;
}

/* One line of /proc/self/cgroup: ID:CONTROLLERS:/GROUP */
static size_t line_cpus(const char *root, char *line, size_t most) {
  char *controllers = strchr(line, ':');
  char *group = controllers ? strchr(controllers + 1, ':') : NULL;
  if (!group)
    return most;
  *controllers++ = 0;
  *group++ = 0;
  char base[TEXT_MAX];
  if (!*controllers)
    return levels_cpus(root, group, most);
  if (!has_cpu(controllers))
    return most;
  snprintf(base, sizeof base, "%s/%s", root, controllers);
  return levels_cpus(base, group, most);
}

/* `list` and `root` are /proc/self/cgroup and /sys/fs/cgroup. */
static size_t cgroup_cpus(const char *list, const char *root, size_t most) {
  char text[TEXT_MAX], *rest = text;
  read_text(list, text);
  size_t cpus = most;
  for (char *line; (line = strsep(&rest, "\n"));)
    cpus = smaller(cpus, line_cpus(root, line, most));
  return cpus;
}

static size_t affinity_cpus(void) {
#ifdef __linux__
  enum { CPUS_MAX = 8192 };
  cpu_set_t set[CPUS_MAX / CPU_SETSIZE];
  if (sched_getaffinity(0, sizeof set, set) == 0) {
    int n = CPU_COUNT_S(sizeof set, set);
    return n > 0 ? (size_t)n : 1;
  }
#endif
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (size_t)online : 1;
}

size_t cpu_available(void) {
  size_t cpus = affinity_cpus();
  return cgroup_cpus("/proc/self/cgroup", "/sys/fs/cgroup", cpus);
}
#else
typedef int cpu_unused;
#endif
