/*
 * progress.h - how far the long statements of this process are: what
 * distilbert_progress shows, to any connection.
 */
#ifndef STORE_PROGRESS_H
#define STORE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROGRESS_NAME = 64 };

/* One that runs, as it was when it was looked at. */
typedef struct ProgressState {
  uint64_t id; /* of the process; later ones are higher */
  char function[PROGRESS_NAME];
  size_t done, known; /* rows; known 0: nobody has counted them */
  double seconds;     /* since it began */
} ProgressState;

/* Rows a second. */
double progress_rate(const ProgressState *state);

/* Seconds to go; negative: unknown. */
double progress_left(const ProgressState *state);

typedef struct ProgressEntry ProgressEntry;

/* NULL without memory for it: then nothing is shown, and all below do nothing.
 * `function` is borrowed. */
ProgressEntry *progress_begin(const char *function);
void progress_count(ProgressEntry *entry, size_t known);
void progress_add(ProgressEntry *entry, size_t rows);
void progress_end(ProgressEntry *entry);

ProgressState progress_state(ProgressEntry *entry);

/* The first one whose id is `least` or higher. False: there is none. */
bool progress_find(uint64_t least, ProgressState *out);

#endif
