/*
 * prepare.h - Python's str.strip() and str.lower(), for sentence models.
 */
#ifndef TEXT_PREPARE_H
#define TEXT_PREPARE_H

#include "text/tokenizer.h"

/* The text without white space at both ends; borrowed. */
EncodeText text_strip(EncodeText text);

/*
 * The text in lower case, from mem_alloc (mem_free it): full mappings of
 * Unicode, a capital sigma at a word's end becoming a final one.
 */
int text_lower(EncodeText text, char **out, size_t *bytes, Error *err);

#endif
