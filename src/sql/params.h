/*
 * params.h - the values that a scan was given.
 */
#ifndef SQL_PARAMS_H
#define SQL_PARAMS_H

#include "sql/scan.h"

/* Keeps xFilter's arguments, as a plan of plan.h orders them. Sets scan->done
 * where what must be given is NULL: there are no rows then. */
int params_keep(Scan *scan, int plan, sqlite3_value **argv, Error *err);
void params_forget(Scan *scan);

/* Of the values that the current row is about; never 0. */
uint64_t params_hash(const Scan *scan);

/* The item-th text given; {NULL, 0} when there is none. */
EncodeText param_text(const Scan *scan, int param, size_t item);

/* A text that is to be a word, as a string; too long a one is cut. False: it is
 * not given. */
bool param_word(const Scan *scan, int param, char out[ERROR_QUOTE]);

/* The value of a name or number, NULL when not given or NULL. */
sqlite3_value *param_option(const Scan *scan, int param);

/* A number. *out stays as it is when not given or NULL. */
int param_size(const Scan *scan, int param, size_t *out, Error *err);
int param_bool(const Scan *scan, int param, bool *out, Error *err);

#endif
