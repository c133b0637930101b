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

#include "model/model.h"

#ifdef MODELS_none

const Builtin *builtin_at(size_t i) {
  (void)i;
  return NULL;
}

#else

#ifdef __APPLE__
#define SECTION      ".const_data"
#define SYMBOL(name) "_" #name
#else
#define SECTION      ".section .rodata"
#define SYMBOL(name) #name
#endif

#define INCLUDE_FILE(name, path)                                               \
  __asm__(SECTION "\n"                                                         \
                  ".balign 64\n"                                               \
                  ".global " SYMBOL(name) "\n" SYMBOL(                         \
                      name) ":\n"                                              \
                            ".incbin \"" path "\"\n"                           \
                            ".global " SYMBOL(name##_end) "\n" SYMBOL(         \
                                name##_end) ":\n"                              \
                                            ".byte 0\n"                        \
                                            ".text\n");                        \
  extern const unsigned char name[] __attribute__((visibility("hidden")));     \
  extern const unsigned char name##_end[] __attribute__((visibility("hidde"    \
                                                                    "n")))

INCLUDE_FILE(builtin_squad, "models/distilbert-minilm-squad.safetensors");

static const Builtin builtins[] = {
    {"distilbert-minilm-squad", TASK_EMBED | TASK_ANSWER, builtin_squad,
     builtin_squad_end},
};

const Builtin *builtin_at(size_t i) {
  return i < sizeof builtins / sizeof *builtins ? &builtins[i] : NULL;
}

#endif
