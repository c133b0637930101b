/*
 * file.h - reading files that may be anything.
 *
 * Opens without blocking on a FIFO or a device (regular files only, symbolic
 * links are followed: Hugging Face's cache is made of them), reads exactly the
 * size the file had when opened, and refuses a file that changed meanwhile.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "error.h"

typedef struct File {
  int fd; /* -1: closed */
  size_t size;
  int64_t modified;       /* nanoseconds since 1970 */
  char name[ERROR_QUOTE]; /* last part of the path, for messages */
} File;

/* ERR_IO: missing, not a regular file, unreadable. */
int file_open(const char *path, File *out, Error *err);
void file_close(File *file);

/* Reads [offset, offset + bytes) whole. ERR_IO when the file is shorter. */
int file_read(File *file, size_t offset, void *into, size_t bytes, Error *err);

/* ERR_IO when size or time are no longer what they were at file_open. */
int file_unchanged(File *file, Error *err);

/* A whole file of at most `limit` bytes as text with a 0 behind it (not
 * counted); mem_free frees it. ERR_IO, ERR_RANGE (too long), ERR_NOMEM. */
int file_text(const char *path, size_t limit, char **text, size_t *bytes,
              Error *err);

/* ERR_IO that says what errno `number` means for the file of that name;
 * ERR_NOMEM for ENOMEM. */
int file_refuse(const char *name, int number, Error *err);

/* Whether what is at a path, links not followed, is still this open file as it
 * was when it was opened. */
bool file_is_at(const File *file, const char *path);

/* What is at a path, links followed. */
typedef enum FileKind {
  FILE_NONE, /* nothing, or nothing that we may see */
  FILE_REGULAR,
  FILE_FOLDER,
  FILE_OTHER, /* a FIFO, a device, a socket */
  FILE_LINK   /* a link that leads nowhere */
} FileKind;
FileKind file_kind(const char *path);

/* ERR_IO that says what is wrong with a kind, FILE_OTHER or FILE_LINK. */
int file_refuse_kind(const char *name, FileKind kind, Error *err);

bool file_is_link(const char *path); /* itself, wherever it leads */
bool file_exists(const char *path);  /* FILE_REGULAR */
bool file_is_folder(const char *path);

/* "folder/name" into `out`; ERR_RANGE when it does not fit. */
int path_join(char *out, size_t room, const char *folder, const char *name,
              Error *err);

#endif
