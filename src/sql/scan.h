/*
 * scan.h - what a table of ours is, and one scan of it.
 *
 * A table is described by a TableKind: its name, its columns, its parameters
 * (hidden columns, given in parentheses or as `WHERE name = value`), and a
 * few callbacks that produce the rows of one scan.
 *
 *     SELECT answer FROM distilbert_answers('who?', body, 3)
 *     SELECT answer FROM distilbert_answers
 *       WHERE question = 'who?' AND context IN (SELECT body FROM docs)
 */
#ifndef SQL_SCAN_H
#define SQL_SCAN_H

#include "sql/call.h"

enum { TABLE_MAX_PARAMS = 12 };

typedef enum ParamKind {
  PARAM_TEXT,   /* must be given; NULL: no rows */
  PARAM_TEXTS,  /* the same, and `name IN (...)` comes as one scan */
  PARAM_MAYBE,  /* a text; NULL or not given: none */
  PARAM_NAME,   /* a model's name; NULL or not given: the default one */
  PARAM_NUMBER, /* a whole number; NULL or not given: a default */
  PARAM_VALUE,  /* anything, NULL too */
  PARAM_SHOWN   /* no parameter, but a column of the row that * leaves out */
} ParamKind;

typedef struct TableParam {
  const char *name;
  ParamKind kind;
  int64_t low, high; /* limits of a number */
} TableParam;

static inline bool param_is_required(const TableParam *param) {
  return param->kind == PARAM_TEXT || param->kind == PARAM_TEXTS;
}

/* A copy of a value that was given. */
typedef struct ParamValue {
  sqlite3_value *value; /* owned, of a name, number or value; else NULL */
  char *text;           /* owned, of the other kinds */
  size_t bytes;
} ParamValue;

/* Values given for one parameter; NULL is left out, but of PARAM_VALUE. */
typedef struct ParamValues {
  ParamValue *items; /* owned */
  size_t n, capacity;
  size_t at; /* which one the current row is about */
} ParamValues;

/* A row that changes. */
typedef struct Change {
  sqlite3_value *old;     /* the key of the row that goes; NULL: none */
  sqlite3_value **values; /* columns of the row that comes; NULL: none */
  bool by_key;            /* the statement asked for the old row by its key */
} Change;

/* One scan. */
typedef struct Scan {
  Call call;
  const struct TableKind *kind;
  ParamValues params[TABLE_MAX_PARAMS];
  size_t wanted; /* LIMIT's rows where SQLite tells, to plan by; else 0 */
  void *state;   /* kind->state_bytes bytes, zero before begin */
  bool done;     /* set by next when there is no further row */
} Scan;

typedef struct TableKind {
  const char *name;
  const char *columns; /* SQL, what is not hidden */
  int n_columns;
  const TableParam *params;
  int n_params;
  int flag;         /* for sqlite3_vtab_config; 0: none */
  bool wants_limit; /* scan->wanted is of use */
  size_t state_bytes;

  /* Reads parameters, and gets ready to produce rows. */
  int (*begin)(Scan *scan, Error *err);
  /* May be NULL. Told what the first column, the key, is to equal, before
   * begin; an error ends the scan. */
  int (*seek)(Scan *scan, const char *key, Error *err);
  /* Goes to the first or next row. */
  int (*next)(Scan *scan, Error *err);
  /* Gives a column of the current row to sqlite3_result_*: a visible one, or
   * n_columns + p where param p is PARAM_SHOWN. */
  void (*column)(Scan *scan, sqlite3_context *ctx, int column);
  /* Frees what state holds, however far begin came. */
  void (*end)(Scan *scan);

  /*
   * NULL: read-only. Else the first column is the primary key and rows come
   * without rowid.
   */
  int (*update)(Call *call, const Change *change, Error *err);
} TableKind;

#endif
