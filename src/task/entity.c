/*
 * entity.c - entities, as lists, and what becomes of those that overlapping
 * windows find.
 *
 * In:  the entities of one window after the other.
 * Out: one list of them all, in which none begins inside the one before it.
 *
 *     list   settled ... | in order ... | of the last window
 *                      ^ the latest: the next may take its place
 *
 * The reference (reference/pipelines.md 4, stride) sorts the entities of all
 * windows once; here what no further window can reach is settled as the text is
 * read, so that no more is kept than is found.  One that several windows found
 * alike is kept once, which changes nothing for those that have a character.
 */
#include "task/entity.h"

#include <stdbool.h>
#include <string.h>
#include "base/memory.h"

void entities_clear(EntityList *list) {
  for (size_t i = 0; i < list->n; i++)
    mem_free(list->items[i].word);
  mem_free(list->items);
  *list = (EntityList){0};
}

/* The one that stays; of what is equal `a`, which was there before. */
static bool is_better(const Entity *b, const Entity *a) {
  uint32_t length_a = a->end - a->start, length_b = b->end - b->start;
  return length_b > length_a || (length_b == length_a && b->score > a->score);
}

/* Puts the better one into the place of the other. */
static void merge(Entity *place, Entity *other) {
  if (is_better(other, place)) {
    mem_free(place->word);
    *place = *other;
  } else {
    mem_free(other->word);
  }
}

/* Puts one among the last `n - from`, which are in order. */
static void insert(EntityList *list, size_t from, Entity e) {
  Entity *items = list->items;
  size_t at = list->n;
  while (at > from && items[at - 1].start > e.start)
    at--;
  for (size_t i = at; i > from && items[i - 1].start == e.start; i--)
    if (items[i - 1].end == e.end) {
      merge(&items[i - 1], &e);
      return;
    }
  memmove(items + at + 1, items + at, (list->n - at) * sizeof *items);
  items[at] = e;
  list->n++;
}

static void sort(EntityList *list, const Settled *s) {
  size_t n = list->n;
  list->n = s->sorted;
  for (size_t i = s->sorted; i < n; i++)
    insert(list, s->done, list->items[i]);
}

static bool covers(const Entity *last, const Entity *e) {
  return last->start <= e->start && e->start < last->end;
}

void entities_settle(EntityList *list, Settled *s, uint32_t limit) {
  Entity *items = list->items;
  sort(list, s);
  size_t n = s->done, i = n;
  for (; i < list->n && items[i].start < limit; i++) {
    if (n > 0 && covers(&items[n - 1], &items[i]))
      merge(&items[n - 1], &items[i]);
    else
      items[n++] = items[i];
  }
  if (n < i)
    memmove(items + n, items + i, (list->n - i) * sizeof *items);
  list->n -= i - n;
  s->done = n;
  s->sorted = list->n;
}
