/*
 * python.h - Python's str.strip() and str.lower(), which sentence models ask
 * for.
 */
#ifndef UNICODE_PYTHON_H
#define UNICODE_PYTHON_H

#include <stddef.h>
#include "base/poll.h"

/* Takes the white space at both ends away. ERR_INTERRUPT */
int python_strip(const char **text, size_t *bytes, const Poll *poll,
                 Error *err);

/*
 * The text in lower case, from mem_alloc (mem_free it): full mappings of
 * Unicode, a capital sigma at a word's end becoming a final one.
 */
int python_lower(const char *text, size_t bytes, const Poll *poll, char **out,
                 size_t *n_out, Error *err);

#endif
