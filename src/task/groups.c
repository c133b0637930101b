/*
 * groups.c - from scored tokens to entities.
 *
 * In:  the tokens of a window with a probability for each label, and what the
 *      text tells of them.
 * Out: entities: label, score, word and span.
 *
 *     tokens   My  name  is  Wolf  ##gang  ,     in  Berlin
 *     words    My  name  is  Wolfgang      ,     in  Berlin    (not for simple)
 *     labels   O   O     O   B-PER         O     O   B-LOC
 *     groups   [O         ]  [PER     ]    [O     ]  [LOC ]    less what is
 *                                                              ignored
 *
 * Labels belong together when what follows B- or I- is the same and the second
 * is not a B-; any other label counts as an I- of its own name, so that the O
 * between entities are groups as well.  What is ignored is left out last, by
 * the name that a row shows.
 *
 * Agrees with gather_pre_entities, aggregate_words and group_entities of the
 * reference, also in what is odd there: a token of WordPiece goes on with a
 * word when it is longer or shorter than its text, one of another tokenizer
 * when there is no space where it begins; the words of a group are joined like
 * tokens once more.
 */
#include "task/groups.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <strings.h>
#include "base/memory.h"
#include "base/utf8.h"

const char *const aggregations[AGGREGATION_COUNT] = {"none", "simple", "first",
                                                     "average", "max"};

int aggregation_named(const char *name, Aggregation *out, Error *err) {
  char shown[ERROR_QUOTE];
  for (int i = 0; i < AGGREGATION_COUNT; i++)
    if (strcasecmp(aggregations[i], name) == 0) {
      *out = (Aggregation)i;
      return OK;
    }
  return fail(err, ERR_RANGE,
              "no aggregation %s; there are none, simple, first, average, max",
              error_quote(shown, name));
}

struct Part {
  size_t first, last; /* tokens of the window */
  size_t label;
  float score;
  char *joined; /* owned: what the word's text is in; NULL: elsewhere */
};

/* --- Labels ----------------------------------------------------------------*/

const char *groups_label(const Labels *labels, Aggregation aggregation,
                         size_t label, char room[LABEL_ROOM]) {
  const char *name = label_name(labels, label, room);
  const char *dash = aggregation == AGGREGATION_NONE ? NULL : strchr(name, '-');
  return dash ? dash + 1 : name;
}

/* Does a part with label b belong to the group of one with label a? */
static bool belong_together(const Labels *labels, size_t a, size_t b) {
  char room_a[LABEL_ROOM], room_b[LABEL_ROOM];
  const char *name_a = label_name(labels, a, room_a);
  const char *name_b = label_name(labels, b, room_b);
  if (strncmp(name_b, "B-", 2) == 0)
    return false;
  if (strncmp(name_a, "B-", 2) == 0 || strncmp(name_a, "I-", 2) == 0)
    name_a += 2;
  if (strncmp(name_b, "I-", 2) == 0)
    name_b += 2;
  return strcmp(name_a, name_b) == 0;
}

/* --- Scores ----------------------------------------------------------------*/

/* The first of the highest. */
static void judge_token(const Grouper *g, const float *scores, Part *part) {
  part->label = 0;
  for (size_t i = 1; i < g->L; i++)
    if (scores[i] > scores[part->label])
      part->label = i;
  part->score = scores[part->label];
}

/* By the mean of the scores of tokens first to last. */
static void judge_mean(const Grouper *g, const TaggedWindow *w, Part *part) {
  size_t n = part->last - part->first + 1;
  for (size_t i = 0; i < g->L; i++) {
    double sum = 0;
    for (size_t t = part->first; t <= part->last; t++)
      sum += (double)w->scores[t * g->L + i];
    float mean = (float)(sum / (double)n);
    if (i > 0 && mean <= part->score)
      continue;
    part->label = i;
    part->score = mean;
  }
}

/* --- Tokens ----------------------------------------------------------------*/

bool groups_goes_on(const Tokenizer *t, EncodeText text, const Token *token) {
  if (tokenizer_marks_pieces(t)) {
    size_t bytes;
    const char *piece = tokenizer_token(t, token->id, &bytes);
    return piece && utf8_count(piece, bytes) != token->end - token->start;
  }
  size_t at = token->byte_start;
  return token->start > 0 && text.text[at - 1] != ' ' &&
         !(at < text.bytes && text.text[at] == ' ');
}

/* The text of a token: the vocabulary's, or the text's where it is unknown. */
static EncodeText word_of(const Grouper *g, const Token *token,
                          const Mark *mark, const char *unknown) {
  EncodeText word = {unknown, mark->unknown_bytes};
  if (token->id != tokenizer_special(g->tokenizer).unk)
    word.text = tokenizer_token(g->tokenizer, token->id, &word.bytes);
  return word.text ? word : (EncodeText){"", 0};
}

/* A part for each token that counts. */
static void read_tokens(Grouper *g, const TaggedWindow *w) {
  const char *unknown = w->unknown;
  size_t plain = 0;
  g->n = 0;
  for (size_t t = 0; t < w->n; unknown += w->marks[t++].unknown_bytes) {
    if (w->tokens[t].special)
      continue;
    size_t at = plain++;
    if (at < w->from || at >= w->to)
      continue;
    g->words[g->n] = word_of(g, &w->tokens[t], &w->marks[t], unknown);
    g->parts[g->n] = (Part){.first = t, .last = t};
    judge_token(g, w->scores + t * g->L, &g->parts[g->n++]);
  }
}

/* --- Words -----------------------------------------------------------------*/

/* Makes parts a to b - 1, tokens of one word, its part number `to`. */
static int make_word(Grouper *g, const TaggedWindow *w, size_t a, size_t b,
                     size_t to, Error *err) {
  Part word = g->parts[a];
  size_t bytes;
  word.last = g->parts[b - 1].last;
  for (size_t i = a + 1; g->aggregation == AGGREGATION_MAX && i < b; i++)
    if (g->parts[i].score > word.score) {
      word.label = g->parts[i].label;
      word.score = g->parts[i].score;
    }
  if (g->aggregation == AGGREGATION_AVERAGE)
    judge_mean(g, w, &word);
  int rc = tokenizer_join(g->tokenizer, g->words + a, b - a, g->poll,
                          &word.joined, &bytes, err);
  g->parts[to] = word;
  g->words[to] = (EncodeText){word.joined, bytes};
  return rc;
}

static int make_words(Grouper *g, const TaggedWindow *w, Error *err) {
  size_t n = 0;
  int rc = OK;
  for (size_t a = 0, b; a < g->n && rc == OK; a = b) {
    for (b = a + 1; b < g->n && w->marks[g->parts[b].first].goes_on;)
      b++;
    rc = make_word(g, w, a, b, n++, err);
  }
  g->n = n;
  return rc;
}

/* --- Groups ----------------------------------------------------------------*/

/* The text of parts a to b - 1; a token alone is shown as it is. */
static int join_group(Grouper *g, const TaggedWindow *w, size_t a, size_t b,
                      Entity *e, Error *err) {
  int32_t unk = tokenizer_special(g->tokenizer).unk;
  if (g->aggregation != AGGREGATION_NONE ||
      w->tokens[g->parts[a].first].id == unk)
    return tokenizer_join(g->tokenizer, g->words + a, b - a, g->poll, &e->word,
                          &e->word_bytes, err);
  e->word_bytes = g->words[a].bytes;
  e->word = mem_text(g->words[a].text, e->word_bytes);
  return e->word ? OK : fail_memory(err);
}

/* Appends the entity of parts a to b - 1. */
static int add_group(Grouper *g, const TaggedWindow *w, size_t a, size_t b,
                     EntityList *out, Error *err) {
  const Token *first = &w->tokens[g->parts[a].first];
  const Token *last = &w->tokens[g->parts[b - 1].last];
  double sum = 0;
  if (g->ignored[g->parts[a].label])
    return OK;
  if (mem_reserve(&out->items, &out->capacity, out->n + 1, sizeof *out->items))
    return fail_memory(err);
  for (size_t i = a; i < b; i++)
    sum += (double)g->parts[i].score;
  Entity *e = &out->items[out->n];
  *e = (Entity){.label = (uint32_t)g->parts[a].label,
                .score = (float)(sum / (double)(b - a)),
                .start = first->start,
                .end = last->end,
                .byte_start = first->byte_start,
                .byte_end = last->byte_end,
                .position = (uint32_t)(w->position + g->parts[a].first)};
  int rc = join_group(g, w, a, b, e, err);
  out->n += rc == OK;
  return rc;
}

static int make_groups(Grouper *g, const TaggedWindow *w, EntityList *out,
                       Error *err) {
  int rc = OK;
  for (size_t a = 0, b; a < g->n && rc == OK; a = b) {
    b = a + 1;
    while (g->aggregation != AGGREGATION_NONE && b < g->n &&
           belong_together(g->labels, g->parts[b - 1].label, g->parts[b].label))
      b++;
    rc = add_group(g, w, a, b, out, err);
  }
  return rc;
}

int groups_find(Grouper *g, const TaggedWindow *w, EntityList *out,
                Error *err) {
  if (mem_reserve(&g->parts, &g->parts_capacity, w->n, sizeof *g->parts) ||
      mem_reserve(&g->words, &g->words_capacity, w->n, sizeof *g->words))
    return fail_memory(err);
  read_tokens(g, w);
  int rc = g->aggregation > AGGREGATION_SIMPLE ? make_words(g, w, err) : OK;
  rc = rc ? rc : make_groups(g, w, out, err);
  for (size_t i = 0; i < g->n; i++)
    mem_free(g->parts[i].joined);
  return rc;
}

/* --- From open to close ----------------------------------------------------*/

static int by_text(const void *a, const void *b) {
  return strcmp(((const EncodeText *)a)->text, ((const EncodeText *)b)->text);
}

int groups_open(Grouper *g, EncodeText *ignored, size_t n, Error *err) {
  char room[LABEL_ROOM];
  g->ignored = mem_array(g->L, sizeof *g->ignored);
  if (!g->ignored)
    return fail_memory(err);
  if (n > 1)
    qsort(ignored, n, sizeof *ignored, by_text);
  for (size_t i = 0; i < g->L; i++) {
    const char *label = groups_label(g->labels, g->aggregation, i, room);
    const EncodeText key = {label, 0};
    g->ignored[i] =
        n > 0 && bsearch(&key, ignored, n, sizeof *ignored, by_text) != NULL;
  }
  return OK;
}

void groups_close(Grouper *g) {
  mem_free(g->ignored);
  mem_free(g->parts);
  mem_free(g->words);
  *g = (Grouper){0};
}
