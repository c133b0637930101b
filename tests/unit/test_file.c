/*
 * test_file.c - everything a path can lead to, and files that change while
 * they are read.  Nothing here may block.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include "base/memory.h"
#include "check.h"

/* --- System calls that fail, in place of the C library's ------------------
 *
 * Only calls of the code under test come here: the rest of this program uses
 * stdio.  Every other call is interrupted, or reads are short, or one fails.
 */
#if defined __linux__ && defined __LP64__
#include <stdarg.h>
#include <sys/syscall.h>
#define HAS_FAULTS 1

static enum { NOTHING, INTERRUPT, SHORT, FAIL } fault;
static int fault_errno;
static long calls;

/* Whether this call fails; sets errno. */
static int faulty(void) {
  calls++;
  if (fault == INTERRUPT && calls % 2 == 1)
    errno = EINTR;
  else if (fault == FAIL && calls == 1)
    errno = fault_errno;
  else
    return 0;
  return 1;
}

int open(const char *where, int flags, ...) {
  va_list args;
  va_start(args, flags);
  int mode = flags & O_CREAT ? va_arg(args, int) : 0;
  va_end(args);
  if (faulty())
    return -1;
  return (int)syscall(SYS_openat, AT_FDCWD, where, flags, mode);
}

ssize_t pread(int fd, void *into, size_t n, off_t offset) {
  if (faulty())
    return -1;
  return syscall(SYS_pread64, fd, into, fault == SHORT && n > 1 ? 1 : n,
                 offset);
}
#endif

static char folder[] = "/tmp/distilbert-test-XXXXXX";
static char path[512];

static const char *at(const char *name) {
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static void put(const char *name, const char *bytes, size_t n) {
  FILE *f = fopen(at(name), "wb");
  fwrite(bytes, 1, n, f);
  fclose(f);
}

static int text_of(const char *where, size_t limit, char **text, size_t *n,
                   Error *err) {
  memset(err, 0, sizeof *err);
  return file_text(where, limit, text, n, err);
}

static void check_refused(const char *where, int code, const char *says) {
  char *text;
  size_t n;
  Error err;
  alarm(5); /* a FIFO would hang for ever */
  int rc = text_of(where, 1 << 20, &text, &n, &err);
  alarm(0);
  CHECK(rc == code && !text && n == 0, "%s: %d", where, rc);
  CHECK(strstr(err.message, says), "%s: %s", where, err.message);
  CHECK(!strstr(err.message, folder), "names the folder: %s", err.message);
}

static void check_text(void) {
  char *text;
  size_t n;
  Error err;
  put("three", "a\0b", 3);
  put("empty", "", 0);
  CHECK(text_of(at("three"), 3, &text, &n, &err) == OK && n == 3 &&
            memcmp(text, "a\0b", 4) == 0,
        "%s", err.message);
  mem_free(text);
  CHECK(text_of(at("empty"), 0, &text, &n, &err) == OK && n == 0 && !text[0],
        "%s", err.message);
  mem_free(text);
  CHECK(text_of(at("three"), 2, &text, &n, &err) == ERR_RANGE && !text,
        "limit");
  CHECK(strcmp(err.message, "three: 3 bytes, the limit is 2") == 0, "%s",
        err.message);
}

static void check_kinds(void) {
  char name[300], loop[512];
  check_refused(at("none"), ERR_IO, "none: no such file");
  check_refused(at("three/x"), ERR_IO, "x: a part of the path is not a folder");
  check_refused(folder, ERR_IO, "is a folder");
  check_refused("", ERR_IO, "no such file");
  check_refused("/", ERR_IO, "is a folder");
  check_refused("/dev/zero", ERR_IO, "zero: is no regular file");
  check_refused("/dev/null", ERR_IO, "no regular file");
  check_refused("/dev/tty", ERR_IO, "tty: ");
  CHECK(mkfifo(at("fifo"), 0600) == 0, "mkfifo");
  check_refused(at("fifo"), ERR_IO, "fifo: is no regular file");
  snprintf(loop, sizeof loop, "%s", at("loop"));
  CHECK(symlink(loop, loop) == 0, "symlink");
  check_refused(loop, ERR_IO, "loop: too many symbolic links");
  CHECK(symlink("nowhere", at("dangling")) == 0, "symlink");
  check_refused(at("dangling"), ERR_IO,
                "dangling: is a link that leads nowhere");
  memset(name, 'n', sizeof name - 1);
  name[sizeof name - 1] = 0;
  check_refused(at(name), ERR_IO, "name too long");
  check_refused(at("\xff\n"), ERR_IO, "??: no such file");

  char *text;
  size_t n;
  Error err;
  CHECK(symlink("three", at("link")) == 0, "symlink");
  CHECK(text_of(at("link"), 9, &text, &n, &err) == OK && n == 3, "a link");
  mem_free(text);
  CHECK(file_exists(at("link")) && file_exists(at("three")), "exists");
  CHECK(!file_exists(at("none")) && !file_exists(folder) &&
            !file_exists(at("fifo")) && !file_exists(at("loop")),
        "exists not");
  CHECK(file_is_folder(folder) && !file_is_folder(at("three")), "folder");
}

static void check_unreadable(void) {
  uid_t self = geteuid();
  put("secret", "x", 1);
  chmod(at("secret"), 0);
  chmod(folder, 0755);
  if (self == 0 && seteuid(65534) != 0) {
    SKIP("root reads everything");
    return;
  }
  check_refused(at("secret"), ERR_IO, "secret: permission denied");
  if (self == 0 && seteuid(self) != 0)
    CHECK(0, "cannot become root again");
}

static void check_descriptors(void) {
  struct rlimit was, none;
  int next = dup(0);
  close(next);
  for (int i = 0; i < 50; i++) { /* neither kind may leak */
    check_refused(at("fifo"), ERR_IO, "regular");
    check_refused(at("none"), ERR_IO, "file");
    char *text;
    size_t n;
    CHECK(file_text(at("three"), 9, &text, &n, NULL) == OK, "text");
    mem_free(text);
  }
  int now = dup(0);
  close(now);
  CHECK(now == next, "leaked %d", now - next);
  getrlimit(RLIMIT_NOFILE, &was);
  none = was;
  none.rlim_cur = (rlim_t)next;
  setrlimit(RLIMIT_NOFILE, &none);
  check_refused(at("three"), ERR_IO, "too many open files");
  setrlimit(RLIMIT_NOFILE, &was);

  File file;
  CHECK(file_open(at("three"), &file, NULL) == OK, "open");
  CHECK(fcntl(file.fd, F_GETFD) & FD_CLOEXEC, "survives exec");
  file_close(&file);
  CHECK(file.fd == -1, "closed");
  file_close(&file);
}

static void check_ranges(void) {
  static const struct {
    size_t offset, bytes;
    int code;
  } cases[] = {
      {0, 10, OK},
      {0, 0, OK},
      {10, 0, OK},
      {9, 1, OK},
      {3, 4, OK},
      {0, 11, ERR_IO},
      {10, 1, ERR_IO},
      {11, 0, ERR_IO},
      {SIZE_MAX, 1, ERR_IO},
      {1, SIZE_MAX, ERR_IO},
      {SIZE_MAX, SIZE_MAX, ERR_IO},
  };
  File file;
  Error err = {""};
  put("ten", "0123456789", 10);
  CHECK(file_open(at("ten"), &file, &err) == OK && file.size == 10, "%s",
        err.message);
  CHECK(strcmp(file.name, "ten") == 0, "%s", file.name);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *into = malloc(cases[i].bytes < 100 ? cases[i].bytes + 1 : 1);
    int rc = file_read(&file, cases[i].offset, into, cases[i].bytes, &err);
    CHECK(rc == cases[i].code, "%zu: %d", i, rc);
    CHECK(rc == OK || strstr(err.message, "are wanted"), "%s", err.message);
    CHECK(rc != OK ||
              !memcmp(into, &"0123456789"[cases[i].offset], cases[i].bytes),
          "%zu", i);
    free(into);
  }
  file_close(&file);
}

static void set_time(const char *where, time_t seconds) {
  struct timeval times[2] = {{seconds, 0}, {seconds, 0}};
  utimes(where, times);
}

static void check_changes(void) {
  File file;
  Error err = {""};
  char into[16];
  put("ten", "0123456789", 10);
  set_time(at("ten"), 1000000000);
  CHECK(file_open(at("ten"), &file, &err) == OK, "open");
  CHECK(file_unchanged(&file, &err) == OK, "%s", err.message);

  put("ten", "abcdefghij", 10); /* another text of the same size */
  CHECK(file_unchanged(&file, &err) == ERR_IO, "overwritten");
  CHECK(strcmp(err.message, "ten: changed while it was read") == 0, "%s",
        err.message);
  set_time(at("ten"), 1000000000);
  CHECK(file_unchanged(&file, &err) == OK, "time set back");

  CHECK(truncate(at("ten"), 5) == 0, "truncate");
  CHECK(file_read(&file, 0, into, 10, &err) == ERR_IO, "cut");
  CHECK(strstr(err.message, "became shorter"), "%s", err.message);
  CHECK(file_read(&file, 7, into, 1, &err) == ERR_IO, "behind the cut");
  set_time(at("ten"), 1000000000);
  CHECK(file_unchanged(&file, &err) == ERR_IO, "cut");

  put("new", "0123456789", 10);
  put("ten", "0123456789", 10);
  file_close(&file);
  CHECK(file_open(at("ten"), &file, &err) == OK, "open");
  unlink(at("ten")); /* what is open stays what it is */
  CHECK(file_read(&file, 0, into, 10, &err) == OK, "%s", err.message);
  CHECK(file_unchanged(&file, &err) == OK, "%s", err.message);
  file_close(&file);
}

/* A sparse file of 3 GiB: sizes beyond 2^31 in one read. */
static void check_huge(void) {
  size_t size = ((size_t)3 << 30) + 5;
  File file;
  Error err = {""};
  put("huge", "", 0);
  if (sizeof(size_t) < 8 || truncate(at("huge"), (off_t)size) != 0) {
    SKIP("no sparse files");
    return;
  }
  int fd = open(at("huge"), O_WRONLY);
  CHECK(pwrite(fd, "tail", 5, (off_t)size - 5) == 5, "pwrite");
  close(fd);
  CHECK(file_open(at("huge"), &file, &err) == OK && file.size == size, "open");
  char tail[5];
  CHECK(file_read(&file, size - 5, tail, 5, &err) == OK &&
            !memcmp(tail, "tail", 5),
        "%s", err.message);
  file_close(&file);
  check_refused(at("huge"), ERR_RANGE, "huge: 3221225477 bytes, the limit");
}

/* Interrupted, cut and failing calls. */
static void check_faults(void) {
#ifdef HAS_FAULTS
  char *text, into[10];
  size_t n;
  File file;
  Error err;
  put("ten", "0123456789", 10);
  for (fault = INTERRUPT; fault <= SHORT; fault++) {
    calls = 0;
    CHECK(text_of(at("ten"), 10, &text, &n, &err) == OK && n == 10 &&
              !strcmp(text, "0123456789"),
          "%s", err.message);
    mem_free(text);
    CHECK(calls >= (fault == SHORT ? 11 : 4), "%ld calls", calls);
  }
  fault = FAIL;
  static const struct {
    int code, rc;
    const char *says;
  } open_fails[] = {{EMFILE, ERR_IO, "ten: too many open files (errno 24)"},
                    {EIO, ERR_IO, "ten: input/output error"},
                    {ENOMEM, ERR_NOMEM, "out of memory"},
                    {EBUSY, ERR_IO, "ten: system error (errno 16)"}};
  for (size_t i = 0; i < sizeof open_fails / sizeof *open_fails; i++) {
    calls = 0;
    fault_errno = open_fails[i].code;
    check_refused(at("ten"), open_fails[i].rc, open_fails[i].says);
    fault = NOTHING;
    CHECK(file_open(at("ten"), &file, &err) == OK, "%s", err.message);
    calls = 0;
    fault = FAIL;
    CHECK(file_read(&file, 0, into, 10, &err) == open_fails[i].rc, "read");
    CHECK(strstr(err.message, open_fails[i].says), "%s", err.message);
    file_close(&file);
  }
  fault = NOTHING;
#else
  SKIP("no faults on this system");
#endif
}

static void check_join(void) {
  char out[8];
  Error err;
  CHECK(path_join(out, 8, "abc", "def", &err) == OK && !strcmp(out, "abc/def"),
        "%s", out);
  CHECK(path_join(out, 8, "abc/", "def", &err) == OK && !strcmp(out, "abc/def"),
        "%s", out);
  CHECK(path_join(out, 8, "", "def", &err) == OK && !strcmp(out, "def"), "%s",
        out);
  CHECK(path_join(out, 8, "/", "def", &err) == OK && !strcmp(out, "/def"), "%s",
        out);
  CHECK(path_join(out, 8, "abc", "defg", &err) == ERR_RANGE, "one too long");
  CHECK(strcmp(err.message, "path of more than 7 bytes") == 0, "%s",
        err.message);
}

int main(void) {
  if (!mkdtemp(folder)) {
    SKIP("no temporary folder");
    return check_done();
  }
  check_text();
  check_kinds();
  check_unreadable();
  check_descriptors();
  check_ranges();
  check_changes();
  check_huge();
  check_faults();
  check_join();
  static const char *names[] = {"three", "empty",  "fifo", "loop", "dangling",
                                "link",  "secret", "ten",  "new",  "huge"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    unlink(at(names[i]));
  CHECK(rmdir(folder) == 0, "left something in %s", folder);
  return check_done();
}
