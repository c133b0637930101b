/*
 * prepare.h - copies of texts; Python's str.strip() and str.lower(), for
 * sentence models.
 */
#ifndef TEXT_PREPARE_H
#define TEXT_PREPARE_H

#include "text/tokenizer.h"

/* `before` and then the text, from mem_alloc (mem_free it); the text may be so
 * long that copying it must be interruptible. */
int text_copy(const char *before, EncodeText text, const Poll *poll, char **out,
              size_t *bytes, Error *err);

/* Takes the white space at both ends away. ERR_INTERRUPT */
int text_strip(EncodeText *text, const Poll *poll, Error *err);

/*
 * The text in lower case, from mem_alloc (mem_free it): full mappings of
 * Unicode, a capital sigma at a word's end becoming a final one.
 */
int text_lower(EncodeText text, const Poll *poll, char **out, size_t *bytes,
               Error *err);

#endif
