/*
 * builtin.h - the checkpoints that are part of the library.
 */
#ifndef MODEL_BUILTIN_H
#define MODEL_BUILTIN_H

#include <stddef.h>

typedef struct Builtin {
  const char *name;
  unsigned tasks;            /* bits of the tasks its heads serve */
  const unsigned char *file; /* a one-file checkpoint, in read-only data */
  const unsigned char *end;
  const struct Builtin *words; /* has its word embeddings; NULL: the file has */
} Builtin;

/* What tensors of word embeddings begin with, where they are lent, and what
 * stands before that in the files that borrow. */
#define BUILTIN_WORDS  "embeddings.word_embeddings."
#define BUILTIN_PREFIX "distilbert."

/* The i-th, or NULL behind the last one. */
const Builtin *builtin_at(size_t i);

#endif
