/*
 * os_windows.c - POSIX's calls, as far as this library uses them, on Windows.
 *
 * In:  what POSIX takes, paths in UTF-8.
 * Out: what POSIX gives, errno included.
 *
 * Files are opened so that others may read, write, rename and delete them
 * meanwhile, as on POSIX; a folder can be opened, to be told by fstat(); what
 * is no disk's (a console, a pipe) is told so, too.  A path goes to Windows as
 * UTF-16, and one near its old limit of 260 characters as "\\?\" and the full
 * path.  Alternate streams and paths of a current drive are not found.
 */
#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include "base/os_windows.h"

enum {
  WIDE_ROOM = PATH_MAX,
  LONG_PATH = 248, /* from here on Windows wants the long form */
  PREFIX_ROOM = 8  /* "\\?\UNC\" */
};

typedef struct WidePath {
  wchar_t text[WIDE_ROOM + PREFIX_ROOM];
} WidePath;

/* --- Errors ---------------------------------------------------------------*/

static const struct {
  DWORD windows;
  int posix;
} errors[] = {
    {ERROR_FILE_NOT_FOUND, ENOENT},
    {ERROR_PATH_NOT_FOUND, ENOENT},
    {ERROR_INVALID_NAME, ENOENT},
    {ERROR_INVALID_DRIVE, ENOENT},
    {ERROR_BAD_PATHNAME, ENOENT},
    {ERROR_BAD_NETPATH, ENOENT},
    {ERROR_BAD_NET_NAME, ENOENT},
    {ERROR_DIRECTORY, ENOTDIR},
    {ERROR_ACCESS_DENIED, EACCES},
    {ERROR_SHARING_VIOLATION, EACCES},
    {ERROR_LOCK_VIOLATION, EACCES},
    {ERROR_FILE_EXISTS, EEXIST},
    {ERROR_ALREADY_EXISTS, EEXIST},
    {ERROR_TOO_MANY_OPEN_FILES, EMFILE},
    {ERROR_NOT_ENOUGH_MEMORY, ENOMEM},
    {ERROR_OUTOFMEMORY, ENOMEM},
    {ERROR_DISK_FULL, ENOSPC},
    {ERROR_HANDLE_DISK_FULL, ENOSPC},
    {ERROR_WRITE_PROTECT, EROFS},
    {ERROR_FILENAME_EXCED_RANGE, ENAMETOOLONG},
    {ERROR_CANT_RESOLVE_FILENAME, ELOOP},
    {ERROR_INVALID_FUNCTION, EPERM},
    {ERROR_NOT_SUPPORTED, EPERM},
    {ERROR_TOO_MANY_LINKS, EMLINK},
};

/* Sets errno to what Windows said; -1. */
static int refuse(void) {
  DWORD said = GetLastError();
  errno = EIO;
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    if (errors[i].windows == said)
      errno = errors[i].posix;
  return -1;
}

static int refuse_as(int number) {
  errno = number;
  return -1;
}

/* --- Paths ----------------------------------------------------------------*/

static bool is_slash(char c) {
  return c == '/' || c == '\\';
}

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool has_drive(const char *path) {
  return is_letter(path[0]) && path[1] == ':';
}

bool os_is_absolute(const char *path) {
  return (has_drive(path) && is_slash(path[2])) ||
         (is_slash(path[0]) && is_slash(path[1]));
}

const char *os_last_slash(const char *path) {
  const char *last = has_drive(path) ? path + 1 : NULL;
  for (const char *at = path; *at; at++)
    if (is_slash(*at))
      last = at;
  return last;
}

/* Absolute, or relative to the current folder, and without a stream. "\\?\C:\"
 * has its colon behind four characters. */
static bool is_plain(const char *path) {
  if (!os_is_absolute(path) && (is_slash(path[0]) || has_drive(path)))
    return false;
  const char *rest = has_drive(path)                    ? path + 2
                     : strncmp(path, "\\\\?\\", 4) == 0 ? path + 4
                                                        : path;
  rest += rest == path + 4 && has_drive(rest) ? 2 : 0;
  return !strchr(rest, ':');
}

/* "\\?\C:\..." of "C:\...", "\\?\UNC\server\..." of "\\server\..." */
static bool make_long(const wchar_t *path, WidePath *out) {
  wchar_t full[WIDE_ROOM];
  DWORD n = GetFullPathNameW(path, WIDE_ROOM, full, NULL);
  if (n == 0 || n >= WIDE_ROOM)
    return false;
  bool is_share = full[0] == L'\\' && full[1] == L'\\';
  wcscpy(out->text, is_share ? L"\\\\?\\UNC\\" : L"\\\\?\\");
  wcscat(out->text, is_share ? full + 2 : full);
  return true;
}

/* What Windows' functions take; false, and errno, for none of its paths. */
static bool widen(const char *path, WidePath *out) {
  errno = ENOENT;
  if (!is_plain(path))
    return false;
  int n = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1,
                              out->text, WIDE_ROOM);
  if (n <= 0)
    return false;
  if (n < LONG_PATH || wcsncmp(out->text, L"\\\\?\\", 4) == 0)
    return true;
  wchar_t given[WIDE_ROOM];
  wcscpy(given, out->text);
  errno = ENAMETOOLONG;
  return make_long(given, out);
}

static char *narrow(const wchar_t *text, char *out, size_t room) {
  int n = WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, text, -1, out,
                              (int)room, NULL, NULL);
  errno = n > 0 ? errno : ENAMETOOLONG;
  return n > 0 ? out : NULL;
}

char *os_getcwd(char *out, size_t room) {
  wchar_t here[WIDE_ROOM];
  DWORD n = GetCurrentDirectoryW(WIDE_ROOM, here);
  return n > 0 && n < WIDE_ROOM ? narrow(here, out, room) : NULL;
}

char *os_getenv(const char *name, char out[OS_VARIABLE_ROOM]) {
  wchar_t wide_name[64], value[OS_VARIABLE_ROOM];
  if (MultiByteToWideChar(CP_UTF8, 0, name, -1, wide_name, 64) <= 0)
    return NULL;
  SetLastError(ERROR_SUCCESS);
  DWORD n = GetEnvironmentVariableW(wide_name, value, OS_VARIABLE_ROOM);
  if (n >= OS_VARIABLE_ROOM || (n == 0 && GetLastError() != ERROR_SUCCESS))
    return NULL;
  return narrow(value, out, OS_VARIABLE_ROOM);
}

char *os_stpcpy(char *to, const char *from) {
  size_t n = strlen(from);
  memcpy(to, from, n + 1);
  return to + n;
}

/* --- Files ----------------------------------------------------------------*/

/* A server of a pipe by that name must not act in our name. */
static HANDLE open_handle(const char *path, DWORD access, DWORD how,
                          DWORD flags) {
  WidePath wide;
  if (!widen(path, &wide))
    return INVALID_HANDLE_VALUE;
  HANDLE file = CreateFileW(
      wide.text, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
      NULL, how,
      FILE_ATTRIBUTE_NORMAL | FILE_FLAG_BACKUP_SEMANTICS |
          SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION | flags,
      NULL);
  if (file == INVALID_HANDLE_VALUE)
    refuse();
  return file;
}

static HANDLE handle_of(int fd) {
  return (HANDLE)_get_osfhandle(fd);
}

int os_open(const char *path, int flags, ...) {
  if (flags & O_DIRECTORY)
    return refuse_as(EISDIR);
  bool is_new = flags & O_CREAT;
  HANDLE file =
      open_handle(path, is_new ? GENERIC_READ | GENERIC_WRITE : GENERIC_READ,
                  is_new ? CREATE_NEW : OPEN_EXISTING, 0);
  if (file == INVALID_HANDLE_VALUE)
    return -1;
  int fd = _open_osfhandle((intptr_t)file, _O_BINARY | _O_NOINHERIT);
  if (fd < 0)
    CloseHandle(file);
  return fd;
}

/* Links are symbolic links and junctions; other reparse points (files of a
 * cloud, of a deduplicated disk) are the files they seem to be. */
static bool is_link(HANDLE file, DWORD attributes) {
  FILE_ATTRIBUTE_TAG_INFO tag;
  return attributes & FILE_ATTRIBUTE_REPARSE_POINT &&
         GetFileInformationByHandleEx(file, FileAttributeTagInfo, &tag,
                                      sizeof tag) &&
         (tag.ReparseTag == IO_REPARSE_TAG_SYMLINK ||
          tag.ReparseTag == IO_REPARSE_TAG_MOUNT_POINT);
}

static uint64_t join(DWORD high, DWORD low) {
  return (uint64_t)high << 32 | low;
}

/* FILETIME counts 100 ns from 1601. */
static struct timespec time_of(FILETIME t) {
  uint64_t ticks = join(t.dwHighDateTime, t.dwLowDateTime);
  return (struct timespec){.tv_sec = (time_t)(ticks / 10000000) - 11644473600,
                           .tv_nsec = (long)(ticks % 10000000) * 100};
}

static int stat_handle(HANDLE file, struct os_stat *out) {
  BY_HANDLE_FILE_INFORMATION info;
  *out = (struct os_stat){.st_mode = S_IFCHR};
  if (GetFileType(file) != FILE_TYPE_DISK)
    return 0;
  if (!GetFileInformationByHandle(file, &info))
    return refuse();
  out->st_mode = is_link(file, info.dwFileAttributes)               ? S_IFLNK
                 : info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY ? S_IFDIR
                                                                    : S_IFREG;
  out->st_dev = info.dwVolumeSerialNumber;
  out->st_ino = join(info.nFileIndexHigh, info.nFileIndexLow);
  out->st_size = (int64_t)join(info.nFileSizeHigh, info.nFileSizeLow);
  out->st_mtim = time_of(info.ftLastWriteTime);
  return 0;
}

static int stat_path(const char *path, DWORD flags, struct os_stat *out) {
  HANDLE file = open_handle(path, FILE_READ_ATTRIBUTES, OPEN_EXISTING, flags);
  if (file == INVALID_HANDLE_VALUE)
    return -1;
  int rc = stat_handle(file, out);
  CloseHandle(file);
  return rc;
}

int os_stat(const char *path, struct os_stat *out) {
  return stat_path(path, 0, out);
}

int os_lstat(const char *path, struct os_stat *out) {
  return stat_path(path, FILE_FLAG_OPEN_REPARSE_POINT, out);
}

int os_fstat(int fd, struct os_stat *out) {
  return stat_handle(handle_of(fd), out);
}

static OVERLAPPED place(int64_t offset) {
  return (OVERLAPPED){.Offset = (DWORD)((uint64_t)offset & UINT32_MAX),
                      .OffsetHigh = (DWORD)((uint64_t)offset >> 32)};
}

ssize_t os_pread(int fd, void *into, size_t bytes, int64_t offset) {
  OVERLAPPED at = place(offset);
  DWORD got = 0;
  if (ReadFile(handle_of(fd), into, (DWORD)bytes, &got, &at) ||
      GetLastError() == ERROR_HANDLE_EOF)
    return got;
  return refuse();
}

ssize_t os_pwrite(int fd, const void *data, size_t bytes, int64_t offset) {
  OVERLAPPED at = place(offset);
  DWORD put = 0;
  return WriteFile(handle_of(fd), data, (DWORD)bytes, &put, &at) ? (ssize_t)put
                                                                 : refuse();
}

int os_fsync(int fd) {
  return FlushFileBuffers(handle_of(fd)) ? 0 : refuse();
}

int os_link(const char *from, const char *to) {
  WidePath a, b;
  if (!widen(from, &a) || !widen(to, &b))
    return -1;
  return CreateHardLinkW(b.text, a.text, NULL) ? 0 : refuse();
}

/* As POSIX has it: at once, and where somebody has the old file open, too.  For
 * NTFS since Windows 10. */
static bool replace(const WidePath *from, const WidePath *to) {
  struct {
    FILE_RENAME_INFO info;
    wchar_t room[WIDE_ROOM + PREFIX_ROOM];
  } request = {.info = {.Flags = FILE_RENAME_FLAG_REPLACE_IF_EXISTS |
                                 FILE_RENAME_FLAG_POSIX_SEMANTICS}};
  size_t bytes = wcslen(to->text) * sizeof(wchar_t);
  HANDLE file =
      CreateFileW(from->text, DELETE | SYNCHRONIZE,
                  FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                  OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
  if (file == INVALID_HANDLE_VALUE)
    return false;
  request.info.FileNameLength = (DWORD)bytes;
  memcpy(request.info.FileName, to->text, bytes + sizeof(wchar_t));
  bool done = SetFileInformationByHandle(file, FileRenameInfoEx, &request,
                                         sizeof request);
  CloseHandle(file);
  return done;
}

/* Elsewhere: the old file, which somebody has open, steps aside first. */
static bool replace_in_steps(const WidePath *from, const WidePath *to) {
  WidePath aside;
  int n = snwprintf(aside.text, WIDE_ROOM, L"%ls.%lu.old", to->text,
                    GetCurrentProcessId());
  if (n < 0 || n >= WIDE_ROOM || !MoveFileExW(to->text, aside.text, 0))
    return false;
  bool done = MoveFileExW(from->text, to->text, 0);
  if (done)
    DeleteFileW(aside.text);
  else
    MoveFileExW(aside.text, to->text, 0);
  return done;
}

int os_rename(const char *from, const char *to) {
  WidePath a, b;
  if (!widen(from, &a) || !widen(to, &b))
    return -1;
  return replace(&a, &b) ||
                 MoveFileExW(a.text, b.text, MOVEFILE_REPLACE_EXISTING) ||
                 replace_in_steps(&a, &b)
             ? 0
             : refuse();
}

int os_unlink(const char *path) {
  WidePath wide;
  if (!widen(path, &wide))
    return -1;
  return DeleteFileW(wide.text) ? 0 : refuse();
}

/* Links followed. Windows gives it as "\\?\C:\...", "\\?\UNC\server\...": the
 * prefix goes away where there is a drive. */
char *os_realpath(const char *path, char out[PATH_MAX]) {
  wchar_t full[WIDE_ROOM];
  HANDLE file = open_handle(path, FILE_READ_ATTRIBUTES, OPEN_EXISTING, 0);
  if (file == INVALID_HANDLE_VALUE)
    return NULL;
  DWORD n = GetFinalPathNameByHandleW(file, full, WIDE_ROOM, 0);
  CloseHandle(file);
  if (n == 0 || n >= WIDE_ROOM)
    return NULL;
  return narrow(n > 6 && full[5] == L':' ? full + 4 : full, out, PATH_MAX);
}
#else
typedef int os_windows_unused;
#endif
