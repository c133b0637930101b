/*
 * builtin.c - puts models/NAME.safetensors into the library's read-only data.
 *
 * The assembler's .incbin copies the file as it is; nothing is parsed until
 * the first query that needs it.  Pages of it are read from disk as they are
 * touched and shared by all processes that load the library.
 *
 * `make MODELS=none` leaves the files out: queries then need a registered
 * model.  Where the files come from: models/README.md.
 */
#include "model/builtin.h"

#include "model/tasks.h"

#ifdef MODELS_none

const Builtin *builtin_at(size_t i) {
  (void)i;
  return NULL;
}

#else

#ifdef __APPLE__
#define SECTION       ".const_data\n"
#define PREFIX        "_"
/* Not exported; and the linker must not move the end away from the bytes. */
#define START(symbol) ".private_extern _" symbol "\n"
#define END(symbol)   START(symbol) ".alt_entry _" symbol "\n"
#elif defined(_WIN32)
#define SECTION ".section .rdata,\"dr\"\n"
#define PREFIX  ""
#define START(symbol)
#define END(symbol)
#else
#define SECTION ".section .rodata\n"
#define PREFIX  ""
#define START(symbol)
#define END(symbol)
#endif

#define EMBED TASK_BIT(TASK_EMBED)
#define ALONE NULL
#define LENT  &builtins[0]

/* A symbol, the name, what its heads serve, whose the word embeddings are. A
 * task goes to the first that serves it. */
#define MODELS_BUILT_IN(X)                                                     \
  X(embed, "all-minilm-l6-v2", EMBED, ALONE)                                   \
  X(qa, "distilbert-minilm-qa", EMBED | TASK_BIT(TASK_ANSWER), LENT)           \
  X(mask, "distilbert-minilm-mask", EMBED | TASK_BIT(TASK_FILL), LENT)         \
  X(sst2, "distilbert-minilm-sst2", EMBED | TASK_BIT(TASK_CLASSIFY), LENT)     \
  X(ner, "distilbert-minilm-ner", EMBED | TASK_BIT(TASK_ENTITIES), LENT)

/* builtin_X: the file's bytes. builtin_X_end: zeros, since kernels read whole
 * words. */
#define BYTES(symbol, name, tasks, words)                                      \
  ".balign 64\n.global " PREFIX "builtin_" #symbol                             \
  "\n" START("builtin_" #symbol) PREFIX                                        \
      "builtin_" #symbol ":\n"                                                 \
      ".incbin \"models/" name ".safetensors\"\n"                              \
      ".global " PREFIX "builtin_" #symbol                                     \
      "_end\n" END("builtin_" #symbol "_end") PREFIX "builtin_" #symbol        \
                                                     "_end:\n.zero 64\n"

__asm__(SECTION MODELS_BUILT_IN(BYTES) ".text\n");

#define HIDDEN __attribute__((visibility("hidden")))
#define DECLARED(symbol, name, tasks, words)                                   \
  extern const unsigned char builtin_##symbol[] HIDDEN,                        \
      builtin_##symbol##_end[] HIDDEN;
MODELS_BUILT_IN(DECLARED)

#define ROW(symbol, name, tasks, words)                                        \
  {name, tasks, builtin_##symbol, builtin_##symbol##_end, words},
static const Builtin builtins[] = {MODELS_BUILT_IN(ROW)};

const Builtin *builtin_at(size_t i) {
  return i < sizeof builtins / sizeof *builtins ? &builtins[i] : NULL;
}

#endif
