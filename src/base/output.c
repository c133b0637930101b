/*
 * output.c - writes files so that no reader ever sees half of one.
 *
 * In:  a path, and bytes in any order.
 * Out: the file; or, after any failure, what was there before, and nothing
 *      else in the folder.
 *
 *     PATH.1234-0.tmp  ->  fsync  ->  link as PATH  ->  fsync of the folder
 *
 * The temporary name has the process and a number in it and is created only
 * if it is new, so that two writers do not meet and no link is followed.
 *
 * The name itself is taken by link(), which fails where it is taken already, by
 * whatever: a file, a link, a FIFO that somebody else made meanwhile.  Where
 * the file system has no hard links, an empty file takes the name, and rename()
 * replaces that one.  rename() over a file happens only where the caller has
 * that file open, and the name is still its.
 *
 * The folder's fsync makes the new name last; a system that cannot do it (some
 * network file systems) has done all it can, so that is no failure.
 *
 * Permissions are those of any new file of the host: 0666 less its umask.
 */
#include "base/output.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include "base/file.h"
#include "base/os.h"

enum { NAMES = 100, WRITE_MOST = 1 << 30 };

static int open_new(const char *path) {
  int fd;
  do
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0666);
  while (fd < 0 && errno == EINTR);
  return fd;
}

int output_check_free(const char *path, Error *err) {
  char name[ERROR_QUOTE];
  const char *slash = os_last_slash(path);
  error_quote(name, slash && slash[1] ? slash + 1 : path);
  FileKind kind = file_kind(path);
  if (file_is_link(path))
    return fail(err, ERR_IO, "%s: is a link, which is never replaced", name);
  if (kind == FILE_NONE)
    return OK;
  return kind == FILE_FOLDER    ? file_refuse(name, EISDIR, err)
         : kind == FILE_REGULAR ? file_refuse(name, EEXIST, err)
                                : file_refuse_kind(name, kind, err);
}

int output_open(const char *path, Output *out, Error *err) {
  const char *slash = os_last_slash(path);
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
  const char *slash = os_last_slash(path);
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

/* Without hard links: an empty file of ours takes the name first. */
static int take_empty(const Output *out) {
  int fd = open_new(out->path);
  if (fd < 0)
    return errno;
  close(fd);
  if (rename(out->temporary, out->path) == 0)
    return 0;
  int rc = errno;
  unlink(out->path);
  return rc;
}

/* Gives the file its name, if nothing has it. Returns 0 or an errno. */
static int take_name(const Output *out) {
  if (link(out->temporary, out->path) == 0) {
    unlink(out->temporary);
    return 0;
  }
  bool no_links = errno == EPERM || errno == ENOSYS || errno == EOPNOTSUPP ||
                  errno == EMLINK;
  return no_links ? take_empty(out) : errno;
}

static int replace(const Output *out, const File *old, Error *err) {
  if (!file_is_at(old, out->path))
    return fail(err, ERR_IO, "%s: was changed by somebody else meanwhile",
                out->name);
  return rename(out->temporary, out->path) == 0
             ? OK
             : file_refuse(out->name, errno, err);
}

int output_commit(Output *out, const File *old, Error *err) {
  if (fsync(out->fd) != 0)
    return file_refuse(out->name, errno, err);
  int taken = old ? 0 : take_name(out);
  int rc = old     ? replace(out, old, err)
           : taken ? file_refuse(out->name, taken, err)
                   : OK;
  if (rc)
    return rc;
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
