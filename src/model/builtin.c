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
#define SECTION ".const_data\n"
#define PREFIX  "_"
#else
#define SECTION ".section .rodata\n"
#define PREFIX  ""
#endif

/* NAME: the file's bytes. NAME_end: zeros, since kernels read whole words. */
#define FILE_BYTES(name, path)                                                 \
  ".balign 64\n.global " PREFIX name "\n" PREFIX name ":\n"                    \
  ".incbin \"" path "\"\n"                                                     \
  ".global " PREFIX name "_end\n" PREFIX name "_end:\n.zero 64\n"

__asm__(SECTION FILE_BYTES("builtin_embed",
                           "models/all-minilm-l6-v2.safetensors")
            FILE_BYTES("builtin_squad",
                       "models/distilbert-minilm-squad.safetensors") ".text\n");

#define HIDDEN __attribute__((visibility("hidden")))
extern const unsigned char builtin_embed[] HIDDEN, builtin_embed_end[] HIDDEN;
extern const unsigned char builtin_squad[] HIDDEN, builtin_squad_end[] HIDDEN;

/* A task goes to the first that serves it. */
static const Builtin builtins[] = {
    {"all-minilm-l6-v2", TASK_BIT(TASK_EMBED), builtin_embed, builtin_embed_end,
     NULL},
    {"distilbert-minilm-squad", TASK_BIT(TASK_EMBED) | TASK_BIT(TASK_ANSWER),
     builtin_squad, builtin_squad_end, &builtins[0]},
};

const Builtin *builtin_at(size_t i) {
  return i < sizeof builtins / sizeof *builtins ? &builtins[i] : NULL;
}

#endif
