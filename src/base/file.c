/*
 * file.c - reads files that may be anything, or become something else.
 *
 * In:  a path out of a registration or a folder's list.
 * Out: exactly the bytes the file had when it was opened, or one sentence that
 *      names the last part of the path (never the folders above it).
 *
 * A path may lead to a FIFO, a terminal or a device: opened without blocking,
 * then refused by what fstat() says of the descriptor, so that nothing can be
 * swapped in between.  Links are followed.  Bytes are read(), never mapped: a
 * mapped file that is cut short would kill the host with SIGBUS.
 *
 * A read may be cut short or interrupted at any byte, and takes at most 1 GiB
 * at a time (the system's own limit is just below 2 GiB).  file_unchanged()
 * afterwards catches a writer that worked meanwhile.
 */
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include "base/memory.h"
#include "base/os.h"
#include "base/size.h"

enum { READ_MOST = 1 << 30 };

/* strerror() without the host's language and without its static buffer. */
static const char *reason(int number) {
  static const struct {
    int number;
    const char *text;
  } reasons[] = {
      {ENOENT, "no such file"},
      {ENOTDIR, "a part of the path is not a folder"},
      {EACCES, "permission denied"},
      {EPERM, "permission denied"},
      {ELOOP, "too many symbolic links"},
      {ENAMETOOLONG, "name too long"},
      {EMFILE, "too many open files"},
      {ENFILE, "too many open files"},
      {EISDIR, "is a folder"},
      {EEXIST, "exists already"},
      {ENXIO, "is a device without a driver"},
      {EOVERFLOW, "too large for this system"},
      {EIO, "input/output error"},
      {ENOSPC, "the disk is full"},
      {EDQUOT, "the disk quota is used up"},
      {EROFS, "the file system is read-only"},
  };
  for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
    if (reasons[i].number == number)
      return reasons[i].text;
  return "system error";
}

/* ENOMEM is the host's own trouble; the rest is the file's. */
int file_refuse(const char *name, int number, Error *err) {
  if (number == ENOMEM)
    return fail_memory(err);
  return fail(err, ERR_IO, "%s: %s (errno %d)", name, reason(number), number);
}

/* Nanoseconds, to tell a file from the same file written again. */
static int64_t modified(const struct stat *st) {
#ifdef __APPLE__
  struct timespec at = st->st_mtimespec;
#else
  struct timespec at = st->st_mtim;
#endif
  uint64_t seconds = (uint64_t)at.tv_sec; /* unsigned: any date may wrap */
  return (int64_t)(seconds * 1000000000u + (uint64_t)at.tv_nsec);
}

/* Fills in what fstat() knows; a folder opens like a file and is told by it. */
static int inspect(File *file, Error *err) {
  struct stat st;
  if (fstat(file->fd, &st) != 0)
    return file_refuse(file->name, errno, err);
  if (S_ISDIR(st.st_mode))
    return file_refuse(file->name, EISDIR, err);
  if (!S_ISREG(st.st_mode) || st.st_size < 0)
    return file_refuse_kind(file->name, FILE_OTHER, err);
  file->size = (size_t)st.st_size;
  if ((off_t)file->size != st.st_size)
    return file_refuse(file->name, EOVERFLOW, err);
  file->modified = modified(&st);
  return OK;
}

/* O_NOCTTY: a terminal must not become the host's. */
static int open_quietly(const char *path) {
  int fd;
  do
    fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  while (fd < 0 && errno == EINTR);
  return fd;
}

/* What open() said, unless what is there says more: a link to nothing is not
 * nothing, and a socket has no driver. */
static int refuse_open(const char *name, const char *path, int number,
                       Error *err) {
  FileKind kind = file_kind(path);
  if ((number == ENOENT && kind == FILE_LINK) ||
      (number == ENXIO && kind == FILE_OTHER))
    return file_refuse_kind(name, kind, err);
  return file_refuse(name, number, err);
}

int file_open(const char *path, File *out, Error *err) {
  const char *slash = os_last_slash(path);
  *out = (File){.fd = -1}; /* 0 would be the host's standard input */
  error_quote(out->name, slash && slash[1] ? slash + 1 : path);
  out->fd = open_quietly(path);
  if (out->fd < 0)
    return refuse_open(out->name, path, errno, err);
  int rc = inspect(out, err);
  if (rc != OK)
    file_close(out);
  return rc;
}

void file_close(File *file) {
  if (file->fd >= 0)
    close(file->fd);
  file->fd = -1;
}

int file_read(File *file, size_t offset, void *into, size_t bytes, Error *err) {
  size_t end, done = 0;
  if (!size_add(offset, bytes, &end) || end > file->size)
    return fail(err, ERR_IO, "%s: has %zu bytes, %zu are wanted from byte %zu",
                file->name, file->size, bytes, offset);
  while (done < bytes) {
    size_t piece = bytes - done < READ_MOST ? bytes - done : READ_MOST;
    ssize_t got =
        pread(file->fd, (char *)into + done, piece, (off_t)(offset + done));
    if (got < 0 && errno != EINTR)
      return file_refuse(file->name, errno, err);
    if (got == 0) /* the end, where file->size says there is more */
      return fail(err, ERR_IO, "%s: became shorter while it was read",
                  file->name);
    done += got > 0 ? (size_t)got : 0;
  }
  return OK;
}

int file_unchanged(File *file, Error *err) {
  File now = *file;
  int rc = inspect(&now, err);
  if (rc == OK && (now.size != file->size || now.modified != file->modified))
    rc = fail(err, ERR_IO, "%s: changed while it was read", file->name);
  return rc;
}

/* The text of an open file; on failure *text is the caller's to free. */
static int read_text(File *file, size_t limit, char **text, Error *err) {
  if (file->size > limit)
    return fail(err, ERR_RANGE, "%s: %zu bytes, the limit is %zu", file->name,
                file->size, limit);
  size_t room;
  *text = size_add(file->size, 1, &room) ? mem_alloc(room) : NULL;
  if (!*text)
    return fail_memory(err);
  (*text)[file->size] = 0;
  int rc = file_read(file, 0, *text, file->size, err);
  return rc == OK ? file_unchanged(file, err) : rc;
}

int file_text(const char *path, size_t limit, char **text, size_t *bytes,
              Error *err) {
  File file;
  *text = NULL;
  *bytes = 0;
  int rc = file_open(path, &file, err);
  if (rc != OK)
    return rc;
  rc = read_text(&file, limit, text, err);
  if (rc == OK) {
    *bytes = file.size;
  } else {
    mem_free(*text);
    *text = NULL;
  }
  file_close(&file);
  return rc;
}

bool file_is_at(const File *file, const char *path) {
  struct stat there, ours;
  return lstat(path, &there) == 0 && fstat(file->fd, &ours) == 0 &&
         there.st_dev == ours.st_dev && there.st_ino == ours.st_ino &&
         modified(&there) == file->modified;
}

bool file_is_link(const char *path) {
  struct stat st;
  return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

FileKind file_kind(const char *path) {
  struct stat st;
  if (stat(path, &st) != 0)
    return file_is_link(path) ? FILE_LINK : FILE_NONE;
  return S_ISREG(st.st_mode)   ? FILE_REGULAR
         : S_ISDIR(st.st_mode) ? FILE_FOLDER
                               : FILE_OTHER;
}

int file_refuse_kind(const char *name, FileKind kind, Error *err) {
  return fail(err, ERR_IO,
              kind == FILE_LINK ? "%s: is a link that leads nowhere"
                                : "%s: is no regular file",
              name);
}

bool file_exists(const char *path) {
  return file_kind(path) == FILE_REGULAR;
}

bool file_is_folder(const char *path) {
  return file_kind(path) == FILE_FOLDER;
}

int path_join(char *out, size_t room, const char *folder, const char *name,
              Error *err) {
  size_t n = strlen(folder);
  const char *between = n > 0 && folder[n - 1] != '/' ? "/" : "";
  /* An empty folder is the current one: "name", not "/name". */
  int length = snprintf(out, room, "%s%s%s", folder, between, name);
  if (length < 0 || (size_t)length >= room)
    return fail(err, ERR_RANGE, "path of more than %zu bytes",
                room ? room - 1 : 0);
  return OK;
}
