/*
 * count.h - what a step of SQL costs: texts that went through a model.
 *
 * distilbert_debug() counts them by connection.  A count begins cold: results
 * that the connection has kept would make a bad plan look cheap.
 */
#ifndef TESTS_COUNT_H
#define TESTS_COUNT_H

#include <sqlite3.h>

/* Drops the results that earlier steps left behind. A connection that must not
 * change settings keeps them. */
void count_cold(sqlite3 *db);

/* Texts so far, pairs of question and context among them; -1: nobody counts. */
long long count_inferences(sqlite3 *db);

#endif
