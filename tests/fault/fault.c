/*
 * fault.c - counts allocations and system calls, and lets one fail.
 *
 * SQLite's own allocator stays underneath; lookaside memory is switched off,
 * as it would hide allocations.  System calls are caught by the linker's
 * --wrap, so only those of our own code are, not those inside SQLite or libc.
 */
#include "fault.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <cjson/cJSON.h>
#include <sqlite3.h>

static sqlite3_mem_methods real;
static atomic_int armed; /* FaultKind */
static atomic_long seen, target;
static atomic_bool again, fired;
static atomic_long blocks;

void fault_arm(FaultKind kind, long nth, bool forever) {
  atomic_store(&seen, 0);
  atomic_store(&target, nth);
  atomic_store(&again, forever);
  atomic_store(&fired, false);
  atomic_store(&armed, (int)kind);
}

bool fault_disarm(void) {
  atomic_store(&armed, FAULT_NONE);
  return atomic_load(&fired);
}

long fault_seen(void) {
  return atomic_load(&seen);
}

long fault_blocks(void) {
  return atomic_load(&blocks);
}

static bool fails(FaultKind kind) {
  if (atomic_load(&armed) != (int)kind)
    return false;
  long now = atomic_fetch_add(&seen, 1) + 1, nth = atomic_load(&target);
  bool bad = now == nth || (now > nth && atomic_load(&again));
  if (bad)
    atomic_store(&fired, true);
  return bad;
}

/* --- Memory ---------------------------------------------------------------*/

static void *counted(void *block) {
  atomic_fetch_add(&blocks, block != NULL);
  return block;
}

static void *host_malloc(int bytes) {
  return fails(FAULT_MEMORY) ? NULL : counted(real.xMalloc(bytes));
}

static void *host_realloc(void *block, int bytes) {
  return fails(FAULT_MEMORY) ? NULL : real.xRealloc(block, bytes);
}

static void host_free(void *block) {
  atomic_fetch_sub(&blocks, block != NULL);
  real.xFree(block);
}

static void *json_malloc(size_t bytes) {
  return fails(FAULT_MEMORY) ? NULL : counted(malloc(bytes));
}

static void json_free(void *block) {
  atomic_fetch_sub(&blocks, block != NULL);
  free(block);
}

void fault_install(void) {
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real);
  sqlite3_mem_methods mine = real;
  mine.xMalloc = host_malloc;
  mine.xRealloc = host_realloc;
  mine.xFree = host_free;
  sqlite3_config(SQLITE_CONFIG_MALLOC, &mine);
  sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
  cJSON_InitHooks(&(cJSON_Hooks){json_malloc, json_free});
}

/* --- System calls ---------------------------------------------------------*/

void *__real_mmap(void *at, size_t bytes, int prot, int flags, int fd,
                  off_t offset);
int __real_open(const char *path, int flags, int mode);
ssize_t __real_read(int fd, void *into, size_t bytes);
ssize_t __real_pread(int fd, void *into, size_t bytes, off_t offset);
int __real_fstat(int fd, struct stat *into);
int __real_stat(const char *path, struct stat *into);
int __real_pthread_create(pthread_t *id, const pthread_attr_t *attr,
                          void *(*main)(void *), void *arg);

void *__wrap_mmap(void *at, size_t bytes, int prot, int flags, int fd,
                  off_t offset);
int __wrap_open(const char *path, int flags, int mode);
ssize_t __wrap_read(int fd, void *into, size_t bytes);
ssize_t __wrap_pread(int fd, void *into, size_t bytes, off_t offset);
int __wrap_fstat(int fd, struct stat *into);
int __wrap_stat(const char *path, struct stat *into);
int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attr,
                          void *(*main)(void *), void *arg);

static int failing(int code) {
  errno = code;
  return -1;
}

void *__wrap_mmap(void *at, size_t bytes, int prot, int flags, int fd,
                  off_t offset) {
  if (!fails(FAULT_MEMORY))
    return __real_mmap(at, bytes, prot, flags, fd, offset);
  errno = ENOMEM;
  return MAP_FAILED;
}

int __wrap_open(const char *path, int flags, int mode) {
  return fails(FAULT_SYSTEM) ? failing(EMFILE) : __real_open(path, flags, mode);
}

ssize_t __wrap_read(int fd, void *into, size_t bytes) {
  return fails(FAULT_SYSTEM) ? failing(EIO) : __real_read(fd, into, bytes);
}

ssize_t __wrap_pread(int fd, void *into, size_t bytes, off_t offset) {
  return fails(FAULT_SYSTEM) ? failing(EIO)
                             : __real_pread(fd, into, bytes, offset);
}

int __wrap_fstat(int fd, struct stat *into) {
  return fails(FAULT_SYSTEM) ? failing(EIO) : __real_fstat(fd, into);
}

int __wrap_stat(const char *path, struct stat *into) {
  return fails(FAULT_SYSTEM) ? failing(EACCES) : __real_stat(path, into);
}

int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attr,
                          void *(*main)(void *), void *arg) {
  return fails(FAULT_SYSTEM) ? EAGAIN
                             : __real_pthread_create(id, attr, main, arg);
}
