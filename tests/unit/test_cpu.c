/*
 * test_cpu.c - CPU quotas out of a made-up /proc and /sys.
 *
 * Includes the source, so that its static functions can be given folders.
 */
#include "base/cpu.c"
#include "check.h"

#include <sys/stat.h>

static char top[64] = "/tmp/test_cpu.XXXXXX";

static void put(const char *name, const char *text) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", top, name);
  for (char *slash = path + strlen(top) + 1; (slash = strchr(slash, '/'));) {
    *slash = 0;
    mkdir(path, 0700);
    *slash++ = '/';
  }
  FILE *file = fopen(path, "w");
  if (!file || fputs(text, file) < 0 || fclose(file) != 0)
    perror(path);
}

/* `files`: NAME, TEXT, ..., NULL; the first is the list of cgroups. */
typedef struct Case {
  const char *what;
  const char *files[9];
  size_t expect; /* of 64 */
} Case;

static const Case cases[] = {
    {"no cgroup", {"list", ""}, 64},
    {"garbage", {"list", "::::\n\n:x\nfoo", "cpu.max", "-"}, 64},
    {"v2 max", {"list", "0::/\n", "cpu.max", "max 100000\n"}, 64},
    {"v2 1.5", {"list", "0::/\n", "cpu.max", "150000 100000\n"}, 2},
    {"v2 2", {"list", "0::/\n", "cpu.max", "200000 100000\n"}, 2},
    {"v2 0.1", {"list", "0::/\n", "cpu.max", "10000 100000\n"}, 1},
    {"v2 no period", {"list", "0::/\n", "cpu.max", "200000\n"}, 64},
    {"v2 parent", {"list", "0::/a/b\n", "a/cpu.max", "300000 100000\n"}, 3},
    {"v2 both",
     {"list", "0::/a/b\n", "a/cpu.max", "300000 100000\n", "a/b/cpu.max",
      "700000 100000\n"},
     3},
    {"v2 mounted away", {"list", "0::/x/y\n", "cpu.max", "4000 1000\n"}, 4},
    {"v1",
     {"list", "5:memory:/a\n4:cpu,cpuacct:/a\n",
      "cpu,cpuacct/a/cpu.cfs_quota_us", "250000\n",
      "cpu,cpuacct/a/cpu.cfs_period_us", "100000\n"},
     3},
    {"v1 none",
     {"list", "4:cpu:/a\n", "cpu/a/cpu.cfs_quota_us", "-1\n",
      "cpu/a/cpu.cfs_period_us", "100000\n"},
     64},
    {"v1 cpuset only",
     {"list", "4:cpuset:/\n", "cpuset/cpu.cfs_quota_us", "100000\n",
      "cpuset/cpu.cfs_period_us", "100000\n"},
     64},
};

static void remove_all(void) {
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", top);
  if (system(command) != 0)
    perror(top);
}

int main(void) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const Case *c = &cases[i];
    strcpy(top, "/tmp/test_cpu.XXXXXX");
    CHECK(mkdtemp(top) != NULL, "mkdtemp");
    for (size_t f = 0; c->files[f]; f += 2)
      put(c->files[f], c->files[f + 1]);
    char list[128];
    snprintf(list, sizeof list, "%s/list", top);
    size_t cpus = cgroup_cpus(list, top, 64);
    CHECK(cpus == c->expect, "%s: %zu", c->what, cpus);
    remove_all();
  }
  CHECK(cpu_available() >= 1, "%zu", cpu_available());
  CHECK(cgroup_cpus("/nonexistent", "/nonexistent", 7) == 7, "no files");
  return check_done();
}
