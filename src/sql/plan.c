/*
 * plan.c - how a scan of one of our tables gets its parameters.
 *
 * In:  the constraints of a query on a table's columns.
 * Out: a plan, as a number for xFilter, and what SQLite is to think it costs.
 *
 * Parameters are hidden columns.  SQLite turns f(a, b) and `WHERE k = v` into
 * the same constraints; a plan says which it wants, in the order of the
 * parameters:
 *
 *     bits 0-14   parameter given           bits 16-29   given as a list
 *     bit 15      a LIMIT is given          bit 30       the key is given
 *     negative    -1 - what is lacking
 *
 * A LIMIT only tells a table how far to read ahead; SQLite obeys it itself.
 *
 * A list is `name IN (...)`, which SQLite 3.38 hands over whole, so that many
 * texts go through the model together.  Older versions scan once a value.
 *
 * SQLite also asks for plans that lack a parameter: of each branch of an OR
 * alone, and of every order of a join.  An error there would end a statement
 * that has a better plan, so such a plan is possible, but the dearest there is,
 * and says what is missing only if it is run.  To lack the first parameter is
 * less dear than to lack the second, for a branch is run with what stands
 * beside its OR as well: `question = 'x' AND (context = a OR context = b)`.
 *
 * A parameter that may be left out makes a plan cheaper by being given.  Out of
 * `(text = 'x' AND model = 'a') OR (text = 'x' AND model = 'b')` SQLite takes
 * what both branches have; a single scan with that alone, whose rows have no
 * model, must not look cheaper than a scan for each branch.
 */
#include "sql/plan.h"

SQLITE_EXTENSION_INIT3

enum { LIMIT_GIVEN = 1 << 15, LISTS = 16, KEY_GIVEN = 1 << 30 };

enum { CONSTRAINT_LIMIT = 73 }; /* SQLITE_INDEX_CONSTRAINT_LIMIT of 3.38 */

/* What SQLite sees as the cost of a scan, so that it is run as seldom as can
 * be, times one factor for each parameter left out; and of one that cannot be
 * run, times another for each parameter before the one it lacks. */
static const double scan_cost = 1e9, left_out_cost = 1e3;
static const double impossible_cost = 1e80, lack_cost = 1e9;

int plan_lacks(int plan) {
  return plan < 0 ? -1 - plan : -1;
}

bool plan_gives(int plan, int p) {
  return (unsigned)plan >> p & 1;
}

bool plan_lists(int plan, int p) {
  return (unsigned)plan >> (p + LISTS) & 1;
}

bool plan_has_key(int plan) {
  return plan >= 0 && plan & KEY_GIVEN;
}

bool plan_has_limit(int plan) {
  return plan >= 0 && plan & LIMIT_GIVEN;
}

/* Which constraint gives each parameter: its index, or NOT_GIVEN. */
enum { NOT_GIVEN = -1, NOT_USABLE = -2 };

/* `= value` and `IS value`; `IS NULL` of what must be given: no rows. */
static bool gives_value(const TableParam *param, unsigned char op) {
  return op == SQLITE_INDEX_CONSTRAINT_EQ || op == SQLITE_INDEX_CONSTRAINT_IS ||
         (op == SQLITE_INDEX_CONSTRAINT_ISNULL && param_is_required(param));
}

static void find_constraints(const TableKind *kind,
                             const sqlite3_index_info *info, int *given) {
  for (int p = 0; p < kind->n_params; p++)
    given[p] = NOT_GIVEN;
  for (int i = 0; i < info->nConstraint; i++) {
    int p = info->aConstraint[i].iColumn - kind->n_columns;
    if (p < 0 || p >= kind->n_params || kind->params[p].kind == PARAM_SHOWN ||
        !gives_value(&kind->params[p], info->aConstraint[i].op))
      continue;
    if (!info->aConstraint[i].usable)
      given[p] = given[p] == NOT_GIVEN ? NOT_USABLE : given[p];
    else if (given[p] < 0)
      given[p] = i;
  }
}

/* Takes constraint `i` whole if it is an IN; true if so. */
static bool take_list(sqlite3_index_info *info, int i) {
  return sqlite3_libversion_number() >= 3038000 && sqlite3_vtab_in(info, i, 1);
}

/* What the first column is to equal goes to `seek`; rows are tested as well. */
static bool take_key(const TableKind *kind, sqlite3_index_info *info, int n) {
  for (int i = 0; kind->seek && i < info->nConstraint; i++) {
    if (info->aConstraint[i].iColumn != 0 || !info->aConstraint[i].usable ||
        info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
      continue;
    info->aConstraintUsage[i].argvIndex = n + 1;
    return true;
  }
  return false;
}

static bool take_limit(const TableKind *kind, sqlite3_index_info *info, int n) {
  for (int i = 0; kind->wants_limit && i < info->nConstraint; i++) {
    if (info->aConstraint[i].op != CONSTRAINT_LIMIT ||
        !info->aConstraint[i].usable)
      continue;
    info->aConstraintUsage[i].argvIndex = n + 1;
    return true;
  }
  return false;
}

static void take(const TableKind *kind, sqlite3_index_info *info,
                 const int *given) {
  int n = 0;
  unsigned bits = 0;
  for (int p = 0; p < kind->n_params; p++) {
    if (given[p] < 0)
      continue;
    info->aConstraintUsage[given[p]].argvIndex = ++n;
    info->aConstraintUsage[given[p]].omit = 1;
    bits |= 1u << p;
    if (kind->params[p].kind == PARAM_TEXTS && take_list(info, given[p]))
      bits |= 1u << (p + LISTS);
  }
  if (take_key(kind, info, n))
    n++, bits |= KEY_GIVEN;
  if (take_limit(kind, info, n))
    bits |= LIMIT_GIVEN;
  info->idxNum = (int)bits;
}

/* The first parameter that this plan lacks; n_params: none. */
static int find_missing(const TableKind *kind, const int *given) {
  int p = 0;
  while (p < kind->n_params && given[p] != NOT_USABLE &&
         !(given[p] == NOT_GIVEN && param_is_required(&kind->params[p])))
    p++;
  return p;
}

static double cost_of(const TableKind *kind, const int *given) {
  double cost = kind->n_params ? scan_cost : 100;
  for (int p = 0; p < kind->n_params; p++)
    if (given[p] == NOT_GIVEN)
      cost *= left_out_cost;
  return cost;
}

void plan_choose(const TableKind *kind, sqlite3_index_info *info) {
  int given[TABLE_MAX_PARAMS];
  find_constraints(kind, info, given);
  int missing = find_missing(kind, given);
  take(kind, info, given); /* a branch that takes nothing is no branch */
  info->estimatedCost = cost_of(kind, given);
  info->estimatedRows = 10;
  if (missing == kind->n_params)
    return;
  info->idxNum = -1 - missing;
  info->estimatedCost = impossible_cost;
  for (int p = 0; p < missing; p++)
    info->estimatedCost *= lack_cost;
}
