/*
 * files.h - files and folders, as tests make, read and remove them.
 */
#ifndef TESTS_FILES_H
#define TESTS_FILES_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "check.h"

typedef struct Blob {
  unsigned char *data; /* to be freed; ends where it ends */
  size_t bytes;        /* 0: no such file */
} Blob;

static inline Blob read_file(const char *path) {
  Blob b = {NULL, 0};
  FILE *file = fopen(path, "rb");
  if (!file)
    return b;
  fseek(file, 0, SEEK_END);
  b.bytes = (size_t)ftell(file);
  rewind(file);
  b.data = malloc(b.bytes);
  if (!b.data || fread(b.data, 1, b.bytes, file) != b.bytes)
    b.bytes = 0;
  fclose(file);
  return b;
}

static inline void write_file(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  CHECK(file && fputs(text, file) >= 0, "%s", path);
  if (file)
    fclose(file);
}

/* A line for the shell, which must succeed. */
__attribute__((format(printf, 1, 2))) static inline void
run_command(const char *fmt, ...) {
  char command[4096];
  va_list args;
  va_start(args, fmt);
  vsnprintf(command, sizeof command, fmt, args);
  va_end(args);
  CHECK(system(command) == 0, "%s", command);
}

#endif
