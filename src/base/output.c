/*
 * output.c - writes files so that no reader ever sees half of one.
 *
 * In:  a path, and bytes in any order.
 * Out: the file; or, after any failure, what was there before, and nothing
 *      else in the folder.
 *
 *     PATH.1234-0.tmp  ->  fsync  ->  rename to PATH  ->  fsync of the folder
 *
 * The temporary name has the process and a number in it and is created only
 * if it is new, so that two writers do not meet and no link is followed.  The
 * folder's fsync makes the new name last; a system that cannot do it (some
 * network file systems) has done all it can, so that is no failure.
 *
 * Permissions are those of any new file of the host: 0666 less its umask.
 */
#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"

enum { NAMES = 100, WRITE_MOST = 1 << 30 };

static int open_new(const char *path) {
  int fd;
  do
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0666);
  while (fd < 0 && errno == EINTR);
  return fd;
}

int output_open(const char *path, Output *out, Error *err) {
  const char *slash = strrchr(path, '/');
  *out = (Output){.fd = -1};
  error_quote(out->name, slash && slash[1] ? slash + 1 : path);
  int n = snprintf(out->path, sizeof out->path, "%s", path);
  if (!*path || n < 0 || (size_t)n >= sizeof out->path - 64)
    return fail(err, ERR_RANGE, "a path has 1 to %zu bytes",
                sizeof out->path - 65);
  for (unsigned i = 0; out->fd < 0 && i < NAMES; i++) {
    snprintf(out->temporary, sizeof out->temporary, "%.4000s.%ld-%u.tmp", path,
             (long)getpid(), i);
    out->fd = open_new(out->temporary);
    if (out->fd < 0 && errno != EEXIST)
      break;
  }
  if (out->fd >= 0)
    return OK;
  out->temporary[0] = 0;
  return file_refuse(out->name, errno, err);
}

int output_write(Output *out, size_t offset, const void *data, size_t bytes,
                 Error *err) {
  for (size_t done = 0; done < bytes;) {
    size_t piece = bytes - done < WRITE_MOST ? bytes - done : WRITE_MOST;
    ssize_t put = pwrite(out->fd, (const char *)data + done, piece,
                         (off_t)(offset + done));
    if (put < 0 && errno != EINTR)
      return file_refuse(out->name, errno, err);
    done += put > 0 ? (size_t)put : 0;
  }
  return OK;
}

/* As far as the system can. */
static void sync_folder(const char *path) {
  char folder[OUTPUT_PATH_MAX];
  const char *slash = strrchr(path, '/');
  size_t n = slash ? (size_t)(slash - path) : 0;
  memcpy(folder, path, n);
  folder[n] = 0;
  int fd = open(n       ? folder
                : slash ? "/"
                        : ".",
                O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return;
  fsync(fd);
  close(fd);
}

int output_commit(Output *out, Error *err) {
  bool written = fsync(out->fd) == 0;
  if (!written || rename(out->temporary, out->path) != 0)
    return file_refuse(out->name, errno, err);
  out->temporary[0] = 0;
  sync_folder(out->path);
  return OK;
}

void output_close(Output *out) {
  if (out->fd >= 0)
    close(out->fd);
  if (out->temporary[0])
    unlink(out->temporary);
  *out = (Output){.fd = -1};
}
