/*
 * mutate.h - a model directory in memory, and what a hostile one may be.
 *
 *     Folder f;
 *     folder_read(&f, "tests/oracle/data/checkpoints/distilbert-uncased-qa");
 *     Outcome allowed = mutate(&f, 17, what);
 *     folder_write(&f, "/tmp/x");
 *     folder_clear(&f);
 *
 * The number alone decides the mutation: the same one gives the same folder
 * again, on every machine.
 */
#ifndef TESTS_MUTATE_H
#define TESTS_MUTATE_H

#include <stdbool.h>
#include <stddef.h>

typedef enum Form {
  FORM_LINK,  /* unchanged: a link to the original */
  FORM_BYTES, /* `data` */
  FORM_MISSING,
  FORM_FOLDER,
  FORM_FIFO,
  FORM_LOOP,  /* a link to itself */
  FORM_SPARSE /* `data`, then nothing up to 1 GiB */
} Form;

typedef struct Piece {
  const char *name;
  unsigned char *data; /* owned */
  size_t bytes;
  Form form;
} Piece;

enum { MAX_PIECES = 16 };

typedef struct Folder {
  char path[512]; /* where it was read from, absolute */
  Piece pieces[MAX_PIECES];
  size_t n;
} Folder;

/* What a query on the mutated folder may lead to. */
typedef enum Allowed {
  ALLOW_ERROR,  /* nothing but an error */
  ALLOW_SAME,   /* an error, or the answer of the original */
  ALLOW_ANSWER, /* an error, or any well-formed answer: it is another model */
} Allowed;

bool folder_read(Folder *f, const char *path);
bool folder_write(const Folder *f, const char *path);
void folder_remove(const char *path);
void folder_clear(Folder *f);

Allowed mutate(Folder *f, unsigned long number, char what[128]);

#endif
