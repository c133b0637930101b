/*
 * c_locale.c - C's way to read and write numbers, for one thread, for a while.
 *
 * In:  a thread in whatever locale its host chose.
 * Out: the same thread with C's, until it leaves.
 *
 * uselocale() is about the calling thread alone, where setlocale() would change
 * the whole process.  On Windows setlocale() is about the thread, too, once the
 * thread has asked for a locale of its own.
 */
#include "base/c_locale.h"

#ifdef _WIN32
#include <wchar.h>

int c_locale_enter(CLocale *l, Error *err) {
  l->had_own = _configthreadlocale(_ENABLE_PER_THREAD_LOCALE);
  const wchar_t *now = _wsetlocale(LC_ALL, NULL);
  if (!now || wcslen(now) >= sizeof l->hosts / sizeof *l->hosts) {
    _configthreadlocale(l->had_own);
    return fail(err, ERR_UNSUPPORTED, "the thread's locale has no short name");
  }
  wcscpy(l->hosts, now);
  _wsetlocale(LC_ALL, L"C");
  return OK;
}

void c_locale_leave(CLocale *l) {
  _wsetlocale(LC_ALL, l->hosts);
  _configthreadlocale(l->had_own);
}
#else

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
#endif
