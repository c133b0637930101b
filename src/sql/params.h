/*
 * params.h - the values that a scan was given.
 */
#ifndef SQL_PARAMS_H
#define SQL_PARAMS_H

#include "sql/table.h"

/* Keeps xFilter's arguments, as a plan of plan.h orders them. Sets scan->done
 * where what must be given is NULL: there are no rows then. */
int params_keep(Scan *scan, int plan, sqlite3_value **argv, Error *err);
void params_forget(Scan *scan);

/* Of the values that the current row is about; never 0. */
uint64_t params_hash(const Scan *scan);

#endif
