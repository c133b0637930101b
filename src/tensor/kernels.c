/*
 * kernels.c - which sets of kernels there are, and which one is used.
 *
 * In:  the processor, and DISTILBERT_KERNELS from the environment.
 * Out: a const table of functions (kernels.h).
 *
 * Every set of this architecture is compiled in, each in its own file with
 * its own compiler flags, and says itself whether this machine can run it;
 * with and without an instruction for products of bytes it is two sets of one
 * name.  The list below is in order of preference; the portable set ends it, so
 * there is always one.  A new instruction set is one file and one row here.
 *
 * The choice is made once and is the only state here: all sets give the same
 * bits, but a host that changes its environment later should not see a mixture
 * of speeds.  A name that cannot be honoured is reported, never obeyed.
 */
#include "tensor/kernels.h"

#include "base/os.h"

extern const Kernels kernels_amx, kernels_avx512_vnni, kernels_avx512,
    kernels_avx2_vnni, kernels_avx2, kernels_neon_dot, kernels_neon,
    kernels_portable;

const Kernels *const kernels_all[] = {
#if defined(__x86_64__)
    &kernels_amx,      &kernels_avx512_vnni,
    &kernels_avx512,   &kernels_avx2_vnni,
    &kernels_avx2,
#elif defined(__aarch64__)
    &kernels_neon_dot, &kernels_neon,
#endif
    &kernels_portable, NULL};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const Kernels *chosen;
static bool name_refused;

const Kernels *kernels_named(const char *name) {
  for (size_t i = 0; kernels_all[i]; i++)
    if (!strcmp(kernels_all[i]->name, name) && kernels_all[i]->usable())
      return kernels_all[i];
  return NULL;
}

static void choose(void) {
  const char *name = getenv("DISTILBERT_KERNELS");
  if (name && *name) {
    chosen = kernels_named(name);
    name_refused = !chosen;
  }
  for (size_t i = 0; !chosen; i++)
    if (kernels_all[i]->usable())
      chosen = kernels_all[i];
}

const Kernels *kernels_pick(bool *refused) {
  pthread_once(&once, choose);
  if (refused)
    *refused = name_refused;
  return chosen;
}
