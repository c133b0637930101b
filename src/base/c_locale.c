/*
 * c_locale.c - C's way to read and write numbers, for one thread, for a while.
 *
 * In:  a thread in whatever locale its host chose.
 * Out: the same thread with C's, until it leaves.
 *
 * uselocale() is about the calling thread alone, where setlocale() would change
 * the whole process.
 */
#include "base/c_locale.h"

int c_locale_enter(CLocale *l, Error *err) {
  *l = (CLocale){newlocale(LC_ALL_MASK, "C", (locale_t)0), (locale_t)0};
  if (!l->plain)
    return fail_memory(err);
  l->hosts = uselocale(l->plain);
  return OK;
}

void c_locale_leave(CLocale *l) {
  uselocale(l->hosts);
  freelocale(l->plain);
}
