/*
 * os.h - the system's calls, by the names that POSIX gives them.
 *
 * Where there is POSIX this is its headers and nothing else.  On Windows the
 * same names stand for the functions of os_windows.c, which take and give
 * paths in UTF-8, so that files are written once, for both.  What has no
 * counterpart there, such as fork(), is nothing.
 */
#ifndef BASE_OS_H
#define BASE_OS_H

#ifdef _WIN32
#include "base/os_windows.h"
#else
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OS_LIST ":"    /* between the folders of a list */
#define OS_HOME "HOME" /* the variable with the user's folder */

static inline bool os_is_absolute(const char *path) {
  return path[0] == '/';
}

/* Where the last part of a path begins, less one; NULL: it has one part. */
static inline const char *os_last_slash(const char *path) {
  return strrchr(path, '/');
}
#endif
#endif
