/*
 * groups.h - from scored tokens to entities, as the token-classification
 * pipeline of transformers makes them (reference/pipelines.md 4).
 */
#ifndef TASK_GROUPS_H
#define TASK_GROUPS_H

#include "base/error.h"
#include "model/labels.h"
#include "task/entity.h"
#include "text/tokenizer.h"

/* What makes one entity of several tokens. */
typedef enum Aggregation {
  AGGREGATION_NONE,    /* each token is one */
  AGGREGATION_SIMPLE,  /* neighbours with labels that belong together */
  AGGREGATION_FIRST,   /* the same of words: a word has its first token's label,
                        */
  AGGREGATION_AVERAGE, /* that of the mean of its tokens' scores, */
  AGGREGATION_MAX,     /* or that of its surest token */
  AGGREGATION_COUNT
} Aggregation;

/* Their names, as in the reference. */
extern const char *const aggregations[AGGREGATION_COUNT];

/* ERR_RANGE, listing them; case does not matter. */
int aggregation_named(const char *name, Aggregation *out, Error *err);

/* What text tells of a token. */
typedef struct Mark {
  bool goes_on;         /* with the word of the token before it */
  size_t unknown_bytes; /* of an unknown token: those of its text */
} Mark;

/* A window of a text, with its scores. All borrowed. */
typedef struct TaggedWindow {
  const Token *tokens;
  size_t n;
  const float *scores; /* [n][L] probabilities */
  const Mark *marks;   /* [n] */
  const char *unknown; /* texts of unknown tokens, back to back */
  size_t from, to;     /* tokens that count, of those not of the template */
  size_t position;     /* of its first token in the text */
} TaggedWindow;

typedef struct Part Part;

typedef struct Grouper {
  const Tokenizer *tokenizer; /* borrowed, as are the labels */
  const Labels *labels;
  const Poll *poll;
  Aggregation aggregation;
  size_t L;          /* labels */
  bool *ignored;     /* owned: [L] */
  Part *parts;       /* owned: of the window at hand, tokens or words, */
  EncodeText *words; /* owned: and their texts */
  size_t n, parts_capacity, words_capacity;
} Grouper;

/* The first five are set. `ignored`: labels whose entities are left out, as
 * groups_label spells them, a 0 behind each; sorted here. ERR_NOMEM */
int groups_open(Grouper *g, EncodeText *ignored, size_t n, Error *err);
void groups_close(Grouper *g);

/* Appends the entities of a window. ERR_NOMEM, ERR_INTERRUPT */
int groups_find(Grouper *g, const TaggedWindow *w, EntityList *out, Error *err);

/* How the text shows whether a token goes on with a word. */
bool groups_goes_on(const Tokenizer *t, EncodeText text, const Token *token);

/* What an entity's label is called: PER where words or neighbours are put
 * together, else B-PER. In `room`, or lent by the labels. */
const char *groups_label(const Labels *labels, Aggregation aggregation,
                         size_t label, char room[LABEL_ROOM]);

#endif
