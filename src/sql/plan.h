/*
 * plan.h - how a scan of one of our tables gets its parameters.
 */
#ifndef SQL_PLAN_H
#define SQL_PLAN_H

#include "sql/scan.h"

/* Answers SQLite's xBestIndex: which constraints it wants as arguments of
 * xFilter, in the order of the parameters, then the key, then LIMIT, at which
 * cost. */
void plan_choose(const TableKind *kind, sqlite3_index_info *info);

/* What info->idxNum says of a plan: the parameter without which it cannot be
 * run, -1: none; is parameter p given, as a list; is the key given, a LIMIT? */
int plan_lacks(int plan);
bool plan_gives(int plan, int p);
bool plan_lists(int plan, int p);
bool plan_has_key(int plan);
bool plan_has_limit(int plan);

#endif
