/*
 * table.h - one implementation of virtual tables for all of ours.
 */
#ifndef SQL_TABLE_H
#define SQL_TABLE_H

#include "sql/scan.h"

/* Registers a table; read_only leaves `update` out. SQLite's codes. */
int table_register(sqlite3 *db, const TableKind *kind, bool read_only,
                   Connection *connection);

/* Takes away what the other entry may have left in the connection. */
int table_remove(sqlite3 *db, const TableKind *kind);

#endif
