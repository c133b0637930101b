/*
 * schema.h - which models the schemas of a connection depend on.
 */
#ifndef SQL_SCHEMA_H
#define SQL_SCHEMA_H

#include <stdbool.h>
#include "base/error.h"
#include "sqlite3ext.h"

/*
 * ERR_RANGE when an index or a table (generated columns, CHECK) of a database
 * of this connection calls one of our functions with the model `name`, which
 * has no fingerprint, or with a model that is no literal: names both. What
 * cannot be read (an authorizer forbids it) tells nothing. ERR_NOMEM,
 * ERR_INTERRUPT.
 */
int schema_check(sqlite3 *db, const char *name, Error *err);

/* The same for the text of one CREATE statement. */
bool schema_depends(const char *sql, const char *name);

#endif
