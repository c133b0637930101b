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

struct Source;

/* Made of length 1: the vector of all modules, before it is cut, or what
 * truncate_dim leaves of it. */
typedef enum Normalize {
  NORMALIZE_NOT,
  NORMALIZE_WHOLE,
  NORMALIZE_CUT
} Normalize;

typedef struct Sentence {
  Poolings poolings;
  Normalize normalize;
  bool lower_case;     /* the text, before the tokenizer */
  bool strip;          /* white space around it, before that */
  bool skip_prompt;    /* the prompt's tokens are not pooled */
  size_t max_tokens;   /* template included; 0: the model's limit */
  size_t truncate_dim; /* the first numbers of a vector; 0: all */
  Overflow overflow;   /* as registered; OVERFLOW_UNSAID: not said */
  char *prompt;        /* owned; put in front of a text; NULL: none */
} Sentence;

/* sentence_clear frees. ERR_FORMAT and ERR_UNSUPPORTED name the file. */
int sentence_read(const struct Source *source, const ModelOptions *options,
                  Sentence *out, Error *err);
void sentence_clear(Sentence *s);

#endif
