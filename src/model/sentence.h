/*
 * sentence.h - how a checkpoint's tokens become one vector.
 *
 * Read from the files of sentence-transformers where there are any, else mean
 * pooling and L2 normalisation; what a registration says wins over both.
 */
#ifndef MODEL_SENTENCE_H
#define MODEL_SENTENCE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"
#include "model/options.h"
#include "model/source.h"

typedef struct Sentence {
  unsigned pooling;  /* Pooling bits: their results are concatenated */
  bool normalize;    /* to length 1 */
  bool lower_case;   /* the text, before the tokenizer */
  bool skip_prompt;  /* the prompt's tokens are not pooled */
  size_t max_tokens; /* template included; 0: the model's limit */
  char *prompt;      /* owned; put in front of a text; NULL: none */
} Sentence;

/* sentence_clear frees. ERR_FORMAT and ERR_UNSUPPORTED name the file. */
int sentence_read(const Source *source, const ModelOptions *options,
                  Sentence *out, Error *err);
void sentence_clear(Sentence *s);

/* How many poolings are asked for: the vector has as many times C numbers. */
size_t sentence_parts(const Sentence *s);

#endif
