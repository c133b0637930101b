/*
 * each.h - the rows of a query, read ahead, with what a task finds in their
 * texts.
 *
 *     each_open(&each, scan, place, &task, err);
 *     each_next(&each, scan, err);        // to the first or next row
 *     each_row(&each)->item               // which of the task's texts it is
 *     each_close(&each);
 *
 * A window of rows is read, then the task runs all their texts together.
 * Windows grow, from one row to EACH_ROWS, so that LIMIT 10 costs what ten rows
 * cost; equal texts of a window are one text to the task.
 */
#ifndef SQL_EACH_H
#define SQL_EACH_H

#include "sql/bar.h"
#include "sql/query.h"

enum {
  EACH_ROWS = 1024,     /* of a window, at most */
  EACH_BYTES = 1 << 20, /* of its values; the last row may go beyond */
  EACH_TEXTS = 2,       /* of a row, at most */
  EACH_SLOTS = 4 * EACH_ROWS
};

/* What is done with the texts of a window: text 0, 1, 2 ... until `empty`. */
typedef struct EachTask {
  QueryShape shape; /* a key, and one text or two */
  int (*add)(void *task, const EncodeText *texts, Error *err);
  int (*run)(void *task, Error *err);
  void (*empty)(void *task);
} EachTask;

/* No text is NULL in a row that the task saw. */
#define EACH_NO_ITEM SIZE_MAX

typedef struct EachRow {
  sqlite3_value *key, *texts[EACH_TEXTS]; /* owned copies */
  size_t item;                            /* the task's text, EACH_NO_ITEM */
} EachRow;

typedef struct Each {
  const EachTask *kind;
  void *task;          /* borrowed */
  sqlite3_stmt *query; /* owned; NULL once it has ended */
  int code;            /* of a query that failed after the rows of a window */
  Error error;
  EachRow *rows; /* owned: [n], room for EACH_ROWS */
  size_t n, at, most;
  size_t items;                 /* of the window */
  unsigned char (*digests)[32]; /* owned: of each item's texts */
  uint16_t *slots;              /* owned: 1 + item, by digest */
  ProgressEntry *progress;      /* owned; NULL: not shown */
  bool is_drawn;
  Bar bar;
} Each;

int each_open(Each *each, Scan *scan, QueryPlace place, const EachTask *kind,
              void *task, Error *err);
/* Sets scan->done behind the last row. A query that fails gives its rows up to
 * there first. */
int each_next(Each *each, Scan *scan, Error *err);
void each_close(Each *each); /* zero is closed, too */

/* For TableKind.next, where the state begins with its Each. */
int each_next_row(Scan *scan, Error *err);

/* The sentence of a text's failure as a column; nothing where rc is OK. */
void each_error(sqlite3_context *ctx, int rc, const Error *error);

/* Parameters of a table that has no others: QUERY, MODEL, and the query's own.
 * They run SQL, so the tables are DIRECTONLY, and not in the safe entry. */
#define EACH_PLAIN_PARAMS                                                      \
  enum { QUERY, MODEL, PARAMETERS, N_PARAMS = PARAMETERS + 1 + QUERY_VALUES }; \
  static const TableParam params[N_PARAMS] = {                                 \
      [QUERY] = {"query", PARAM_TEXT, 0, 0},                                   \
      [MODEL] = {"model", PARAM_NAME, 0, 0},                                   \
      QUERY_PARAMS(PARAMETERS),                                                \
  };                                                                           \
  static const QueryPlace place = {QUERY, PARAMETERS}

#define EACH_ONE_TEXT                                                          \
  { 2, "a key and a text", "query" }

static inline const EachRow *each_row(const Each *each) {
  return &each->rows[each->at];
}

#endif
