/*
 * recipe.h - the SQL of sql/sync-*.sql, taken out of the files.
 *
 * What stands between two headings, `-- --- TITLE ---`, is a part; so tests run
 * what people copy.  Only the size of a batch is another, to have many of them.
 */
#ifndef TESTS_HOST_RECIPE_H
#define TESTS_HOST_RECIPE_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "check.h"
#include "files.h"

enum { BATCH = 8 };

typedef struct Recipe {
  const char *file, *vectors; /* the table that has `embedding` */
  const char *library;        /* another extension; NULL: none */
  char *schema, *connect, *compute, *store;
} Recipe;

static Recipe recipes[] = {
    {.file = "sql/sync-vectors.sql", .vectors = "vectors"},
    {.file = "sql/sync-sqlite-vec.sql",
     .vectors = "docs_vec",
     .library = "build/python/sqlite_vec/vec0"},
};

/* What stands between a heading and the next one; the caller frees it. */
static inline char *part_of(const Recipe *recipe, Blob text,
                            const char *title) {
  char *copy = malloc(text.bytes + 1), *part = NULL;
  memcpy(copy, text.data, text.bytes);
  copy[text.bytes] = 0;
  char *at = strstr(copy, title);
  char *end = at ? strstr(at, "\n-- --- ") : NULL;
  CHECK(end, "%s has no part \"%s\"", recipe->file, title);
  if (end) {
    *end = 0;
    part = strdup(strchr(at, '\n'));
  }
  free(copy);
  return part ? part : strdup("");
}

static inline void read_recipe(Recipe *recipe) {
  Blob text = read_file(recipe->file);
  CHECK(text.bytes > 0, "%s", recipe->file);
  recipe->schema = part_of(recipe, text, "-- --- The database ---");
  recipe->connect = part_of(recipe, text, "-- --- A connection that drains");
  recipe->compute = part_of(recipe, text, "-- --- A batch: compute it");
  recipe->store = part_of(recipe, text, "-- --- The batch: store it");
  char *size = strstr(recipe->compute, "'[64]'");
  CHECK(size, "%s: no size of a batch", recipe->file);
  if (size)
    memcpy(size, "'[8]' ", 6); /* small ones: BATCH */
  free(text.data);
}

static inline void free_recipe(Recipe *recipe) {
  free(recipe->schema);
  free(recipe->connect);
  free(recipe->compute);
  free(recipe->store);
}

/* Its other extension is. */
static inline bool is_there(const Recipe *recipe) {
  char file[256];
  if (!recipe->library)
    return true;
  snprintf(file, sizeof file, "%s.so", recipe->library);
  return access(file, R_OK) == 0;
}

#endif
