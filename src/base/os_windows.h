/*
 * os_windows.h - POSIX's names, as far as this library uses them, on Windows.
 *
 * Include base/os.h instead.  Paths are UTF-8 with / or \, of any length; what
 * depends on a current drive or a drive's current folder ("\m", "C:m") is not
 * found, and neither is a colon elsewhere, which would be a stream of a file.
 * Threads are winpthreads'.
 */
#ifndef BASE_OS_WINDOWS_H
#define BASE_OS_WINDOWS_H

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#undef PATH_MAX
#define PATH_MAX 4096
#define OS_LIST  ";"
#define OS_HOME  "USERPROFILE"

bool os_is_absolute(const char *path);       /* C:\m, \\server\m */
const char *os_last_slash(const char *path); /* or backslash, or colon */
char *os_stpcpy(char *to, const char *from);

/* A variable of the environment into `out`; NULL: not set, or not UTF-16, or
 * longer than that. */
enum { OS_VARIABLE_ROOM = 8192 };
char *os_getenv(const char *name, char out[OS_VARIABLE_ROOM]);

/* --- Files ----------------------------------------------------------------*/

struct os_stat {
  uint32_t st_mode;
  uint64_t st_dev, st_ino;
  int64_t st_size;
  struct timespec st_mtim;
};

/* Flags beside O_RDONLY mean nothing but O_CREAT, which is with O_EXCL always,
 * and O_DIRECTORY, which fails: folders are not synchronised here. */
int os_open(const char *path, int flags, ...);
int os_stat(const char *path, struct os_stat *out);
int os_lstat(const char *path, struct os_stat *out);
int os_fstat(int fd, struct os_stat *out);
ssize_t os_pread(int fd, void *into, size_t bytes, int64_t offset);
ssize_t os_pwrite(int fd, const void *data, size_t bytes, int64_t offset);
int os_fsync(int fd);
int os_link(const char *from, const char *to);
int os_rename(const char *from, const char *to); /* replaces what is there */
int os_unlink(const char *path);
char *os_getcwd(char *out, size_t room);
char *os_realpath(const char *path, char out[PATH_MAX]);

#define O_NONBLOCK  0
#define O_CLOEXEC   0 /* always so */
#define O_NOCTTY    0
#define O_DIRECTORY 0x10000000

#ifndef S_IFLNK
#define S_IFLNK 0xa000
#endif
#ifndef S_ISLNK
#define S_ISLNK(mode) (((mode)&0xf000) == S_IFLNK)
#endif
#ifndef EDQUOT
#define EDQUOT 10069 /* Winsock's number of it */
#endif

#define open                   os_open
#define stat                   os_stat /* the function and the struct */
#define lstat                  os_lstat
#define fstat                  os_fstat
#define pread                  os_pread
#define pwrite                 os_pwrite
#define fsync                  os_fsync
#define link                   os_link
#define rename                 os_rename
#define unlink                 os_unlink
#define write(fd, data, bytes) _write(fd, data, (unsigned)(bytes))
#define getcwd                 os_getcwd
#define realpath               os_realpath
#define stpcpy                 os_stpcpy
/* The room lives as long as the block that asks. */
#define getenv(name) os_getenv(name, (char[OS_VARIABLE_ROOM]){0})

/* --- What is not there ----------------------------------------------------*/

#undef pthread_atfork
#define pthread_atfork(before, parent, child)                                  \
  ((void)(before), (void)(parent), (void)(child))

#undef SIG_SETMASK
#undef pthread_sigmask
typedef int OsSignals;
#define sigset_t                       OsSignals
#define SIG_SETMASK                    0
#define sigfillset(set)                (*(set) = 0)
#define pthread_sigmask(how, set, old) ((void)(set), (void)(old))

#endif
