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
  locale_t plain, hosts;
} CLocale;

int c_locale_enter(CLocale *l, Error *err); /* ERR_NOMEM: nothing to leave */
void c_locale_leave(CLocale *l);            /* the host's is back */

#endif
