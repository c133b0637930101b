/*
 * entity.h - entities, as lists, and what becomes of those that overlapping
 * windows find.
 */
#ifndef TASK_ENTITY_H
#define TASK_ENTITY_H

#include <stddef.h>
#include <stdint.h>

typedef struct Entity {
  uint32_t label; /* an output of the head: see groups_label */
  float score;
  uint32_t start, end;           /* characters of the text */
  uint32_t byte_start, byte_end; /* the same in bytes */
  uint32_t position; /* of its first token among the text's, template too */
  char *word;        /* owned by its list: as the pipeline spells it */
  size_t word_bytes;
} Entity;

/* All zero is an empty list. */
typedef struct EntityList {
  Entity *items; /* owned */
  size_t n, capacity;
} EntityList;

void entities_clear(EntityList *list);

/* How far a list of several windows' entities is settled. All zero: nothing. */
typedef struct Settled {
  size_t done;   /* these stay, but the last, which may give way */
  size_t sorted; /* the ones behind them are in order up to here */
} Settled;

/*
 * Makes one entity of those that overlap, as the reference does: by their start
 * one beside the other, the longer stays, of equally long ones the one with the
 * higher score.  Looks at those that start before `limit`: none that is added
 * later may.
 */
void entities_settle(EntityList *list, Settled *how_far, uint32_t limit);

#endif
