/*
 * value.h - arguments of SQL functions as plain C.
 */
#ifndef SQL_VALUE_H
#define SQL_VALUE_H

#include <stdbool.h>
#include <stdint.h>
#include "sqlite3ext.h"
#include "text/tokenizer.h"

/* Any of the first n arguments is NULL. */
bool value_any_null(sqlite3_value **values, int n);

/* The text of a value that is not NULL, as CAST(x AS TEXT) reads it; any bytes,
 * no 0 behind them. Borrowed until the value is converted or gone. ERR_NOMEM */
int value_text(sqlite3_value *value, EncodeText *out, Error *err);

/* The same as a string; *out NULL when the value is, or there is none. `what`
 * is the argument's name for messages. ERR_RANGE: a NUL in it. */
int value_string(const char *what, sqlite3_value *value, const char **out,
                 Error *err);

/* The same for a model's name. ERR_RANGE: too long. */
int value_name(const char *what, sqlite3_value *value, const char **out,
               Error *err);

/* A whole number in [low, high] from an INTEGER, or from a REAL that is one.
 * ERR_RANGE names `what` and the limits. */
int value_integer(const char *what, sqlite3_value *value, int64_t low,
                  int64_t high, int64_t *out, Error *err);

#endif
