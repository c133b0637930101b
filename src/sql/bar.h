/*
 * bar.h - one line on the terminal that says how far a statement is.
 */
#ifndef SQL_BAR_H
#define SQL_BAR_H

#include "store/progress.h"

typedef struct Bar {
  double shown; /* seconds, when it was drawn last */
  int width;    /* characters of it; 0: it was never drawn */
} Bar;

/* Is the standard error a terminal? */
bool bar_is_visible(void);

/* Draws it, at most ten times a second. */
void bar_draw(Bar *bar, const ProgressState *state);

/* Draws it a last time, and a new line; nothing where it was never drawn. */
void bar_end(Bar *bar, const ProgressState *state);

/* "f: 1,234 of 20,000 rows, 6 %, 99 rows/s, 3:09 left" */
enum { BAR_ROOM = 256 };
void bar_text(const ProgressState *state, char out[BAR_ROOM]);

#endif
