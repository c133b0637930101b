/*
 * c_locale.h - C's way to read and write numbers, for one thread, for a while.
 *
 * The host's locale may have "0,5" where a file says "0.5".
 */
#ifndef BASE_C_LOCALE_H
#define BASE_C_LOCALE_H

#include <locale.h>
#ifdef __APPLE__
#include <xlocale.h>
#endif
#include "base/error.h"

typedef struct CLocale {
#ifdef _WIN32
  int had_own;        /* what _configthreadlocale said */
  wchar_t hosts[256]; /* its name */
#else
  locale_t plain, hosts;
#endif
} CLocale;

int c_locale_enter(CLocale *l, Error *err); /* ERR_NOMEM: nothing to leave */
void c_locale_leave(CLocale *l);            /* the host's is back */

#endif
