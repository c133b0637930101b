/*
 * query.h - a query that a table was given as text: SQL that SQL runs.
 */
#ifndef SQL_QUERY_H
#define SQL_QUERY_H

#include "sql/scan.h"

/* Values for ?1, ?2 and so on, as parameters of a table in this order: one JSON
 * array of them all, or one parameter each. */
enum { QUERY_VALUES = 6 };
#define QUERY_PARAMS(first)                                                    \
  [(first)] = {"parameters", PARAM_MAYBE, 0, 0},                               \
  [(first) + 1] = {"p1", PARAM_VALUE, 0, 0},                                   \
  [(first) + 2] = {"p2", PARAM_VALUE, 0, 0},                                   \
  [(first) + 3] = {"p3", PARAM_VALUE, 0, 0},                                   \
  [(first) + 4] = {"p4", PARAM_VALUE, 0, 0},                                   \
  [(first) + 5] = {"p5", PARAM_VALUE, 0, 0},                                   \
  [(first) + 6] = {"p6", PARAM_VALUE, 0, 0}

/* Columns that it must have, and what they are called in messages. */
typedef struct QueryShape {
  int columns;       /* 0: any number */
  const char *names; /* "a key and a text" */
  const char *what;  /* the parameter that it is: "query" */
} QueryShape;

/* Where a scan has the query and its parameters. */
typedef struct QueryPlace {
  int query, parameters;
} QueryPlace;

/*
 * Prepares it in the scan's own connection, whose transaction it sees, also
 * what the statement around it writes meanwhile (an INSERT into the table that
 * it reads may never end), and binds its parameters; sqlite3_finalize() it.
 * ERR_RANGE: no query, several, one that writes, one with other columns,
 * parameters that do not fit, or a query within such a query; ERR_FORMAT: what
 * SQLite says of it.
 */
int query_open(Scan *scan, QueryPlace place, QueryShape shape,
               sqlite3_stmt **out, Error *err);

/* The same of any text, without parameters. */
int query_prepare(const Call *call, EncodeText text, QueryShape shape,
                  sqlite3_stmt **out, Error *err);

/* To the next row; *row false: there is none. The call is paused meanwhile.
 * ERR_FORMAT: what SQLite says, ERR_NOMEM, ERR_INTERRUPT. */
int query_step(Call *call, sqlite3_stmt *query, bool *row, Error *err);

/* How many rows it has: *n stays where that cannot be told. Reads it once. */
int query_count(Scan *scan, QueryPlace place, size_t *n, Error *err);

#endif
