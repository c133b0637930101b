/*
 * table.h - one implementation of virtual tables for all of ours.
 */
#ifndef SQL_TABLE_H
#define SQL_TABLE_H

#include "sql/scan.h"

/* Registers a table; read_only leaves `update` out. SQLite's codes. */
int table_register(sqlite3 *db, const TableKind *kind, bool read_only,
                   Connection *connection);

/* Tables, each written in its own file. */
extern const TableKind answers_table; /* fn_answer.c */
extern const TableKind fill_table;    /* fn_fill.c */
extern const TableKind tokens_table;  /* fn_tokens.c */
extern const TableKind models_table;  /* fn_models.c */
extern const TableKind config_table;  /* fn_config.c */

#endif
