/*
 * bar.c - one line on the terminal that says how far a statement is.
 *
 * In:  how far it is (store/progress.h), after each window of rows.
 * Out: a line on the standard error that is drawn over itself; nothing where
 *      that is no terminal, so that logs and pipes stay clean.
 *
 * The one place in the library that writes to the terminal, and only where the
 * setting `progress` is `bar`.  It writes with write(), past the host's
 * buffers; what cannot be written is not shown.
 */
#include "sql/bar.h"

#include <stdio.h>
#include "base/os.h"

enum { CELLS = 20, NUMBER_ROOM = 32, LINE_ROOM = BAR_ROOM + CELLS + 16 };

static const double redraw = 0.1; /* seconds */

bool bar_is_visible(void) {
  return isatty(STDERR_FILENO) == 1;
}

/* 1234567 as "1,234,567". */
static void write_grouped(size_t n, char out[NUMBER_ROOM]) {
  char digits[NUMBER_ROOM];
  size_t length = (size_t)snprintf(digits, sizeof digits, "%zu", n), to = 0;
  for (size_t i = 0; i < length; i++) {
    if (i > 0 && (length - i) % 3 == 0)
      out[to++] = ',';
    out[to++] = digits[i];
  }
  out[to] = 0;
}

/* "0:59", "1:02:03" */
static void write_time(double seconds, char out[NUMBER_ROOM]) {
  unsigned long long s =
      seconds < 1e9 ? (unsigned long long)seconds : 999999999;
  if (s < 3600)
    snprintf(out, NUMBER_ROOM, "%llu:%02llu", s / 60, s % 60);
  else
    snprintf(out, NUMBER_ROOM, "%llu:%02llu:%02llu", s / 3600, s / 60 % 60,
             s % 60);
}

void bar_text(const ProgressState *state, char out[BAR_ROOM]) {
  char done[NUMBER_ROOM], known[NUMBER_ROOM], rate[NUMBER_ROOM];
  char time[NUMBER_ROOM];
  double left = progress_left(state);
  write_grouped(state->done, done);
  write_grouped((size_t)progress_rate(state), rate);
  if (left < 0) {
    write_time(state->seconds, time);
    snprintf(out, BAR_ROOM, "%s: %s rows, %s rows/s, %s", state->function, done,
             rate, time);
    return;
  }
  write_grouped(state->known, known);
  write_time(left, time);
  double share = 100.0 * (double)state->done / (double)state->known;
  snprintf(out, BAR_ROOM, "%s: %s of %s rows, %.0f %%, %s rows/s, %s left",
           state->function, done, known, share < 100 ? share : 100, rate, time);
}

/* "\r[####    ] text", over what was there. */
static void draw(Bar *bar, const ProgressState *state) {
  char text[BAR_ROOM], cells[CELLS + 3] = "", line[LINE_ROOM];
  bar_text(state, text);
  if (state->known) {
    size_t full = state->done < state->known ? state->done : state->known;
    full = (size_t)((double)full / (double)state->known * CELLS);
    cells[0] = '[';
    memset(cells + 1, ' ', CELLS);
    memset(cells + 1, '#', full);
    cells[CELLS + 1] = ']';
    cells[CELLS + 2] = 0;
  }
  int n =
      snprintf(line, sizeof line, "\r%s%s%s", cells, *cells ? " " : "", text);
  int blank = bar->width > n ? bar->width - n : 0;
  bar->width = n;
  for (; blank > 0 && n + 1 < LINE_ROOM; blank--)
    line[n++] = ' ';
  if (write(STDERR_FILENO, line, (size_t)n) < 0)
    bar->width = 0;
  bar->shown = state->seconds;
}

void bar_draw(Bar *bar, const ProgressState *state) {
  if (bar->width == 0 || state->seconds - bar->shown >= redraw)
    draw(bar, state);
}

void bar_end(Bar *bar, const ProgressState *state) {
  if (bar->width == 0)
    return;
  draw(bar, state);
  if (write(STDERR_FILENO, "\n", 1) < 0)
    return;
  bar->width = 0;
}
