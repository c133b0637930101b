/*
 * fn_config.c - the process's settings, as a table.
 *
 *     SELECT key, value, initial, description FROM distilbert_config;
 *     UPDATE distilbert_config SET value = 4 WHERE key = 'threads';
 *     SELECT distilbert_set('threads', 4);
 *
 * In:  a key's new value.
 * Out: a row a setting; `initial` is what the environment variable
 *      DISTILBERT_<KEY> or the built-in default gave it.
 *
 * Settings belong to the process: a change is seen by every connection, at
 * its next call, and a ROLLBACK does not undo it.  NULL as the new value goes
 * back to the initial one.  store/settings.c says which values are valid.
 *
 * Writing to a table takes the write lock of a database; the function takes
 * none, so it works beside a writer and on a read-only file.
 *
 * Refuses: new keys, deleting one, and changing any column but `value`.
 */
#include <stdio.h>
#include <string.h>
#include "sql/feature.h"
#include "store/settings.h"
SQLITE_EXTENSION_INIT3

enum { KEY, VALUE, INITIAL, DESCRIPTION, N_COLUMNS };

typedef struct ConfigScan {
  int at; /* 1 + the current Setting */
} ConfigScan;

static int begin(Scan *scan, Error *err) {
  (void)scan, (void)err;
  return OK;
}

static int next(Scan *scan, Error *err) {
  (void)err;
  ConfigScan *config = scan->state;
  scan->done = config->at == SETTING_COUNT;
  config->at += !scan->done;
  return OK;
}

static void column(Scan *scan, sqlite3_context *ctx, int i) {
  const ConfigScan *config = scan->state;
  Setting s = (Setting)(config->at - 1);
  char text[SETTING_TEXT_MAX];
  switch (i) {
  case KEY:
    sqlite3_result_text(ctx, setting_key(s), -1, SQLITE_STATIC);
    break;
  case VALUE:
    setting_text(s, text);
    sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
    break;
  case INITIAL:
    setting_initial(s, text);
    sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
    break;
  case DESCRIPTION:
    sqlite3_result_text(ctx, setting_help(s), -1, SQLITE_STATIC);
    break;
  }
}

static void end(Scan *scan) {
  (void)scan;
}

/* "threads, memory_limit, ..."; what does not fit is said to be there. */
static void list_keys(char *out, size_t room) {
  static const char more[] = ", ...";
  size_t used = 0;
  out[0] = 0;
  for (int s = 0; s < SETTING_COUNT; s++) {
    const char *key = setting_key((Setting)s);
    bool fits = used + 2 + strlen(key) + sizeof more <= room;
    int n = snprintf(out + used, room - used, "%s%s", s && fits ? ", " : "",
                     fits ? key : more);
    if (n < 0 || !fits)
      return;
    used += (size_t)n;
  }
}

static int find_key(const char *key, Setting *out, Error *err) {
  char shown[ERROR_QUOTE];
  char keys[sizeof err->message - sizeof shown - sizeof "no key ; there are "];
  *out = setting_find(key);
  if (*out != SETTING_COUNT)
    return OK;
  list_keys(keys, sizeof keys);
  return fail(err, ERR_RANGE, "no key %s; there are %s",
              error_quote(shown, key), keys);
}

/* A key misspelt is an error, not an UPDATE of no row. */
static int seek(Scan *scan, const char *key, Error *err) {
  Setting s;
  (void)scan;
  return find_key(key, &s, err);
}

/* --- UPDATE --------------------------------------------------------------- */

/* The new row's column must be what the setting has. */
static int check_same(const char *name, const char *is, sqlite3_value *value,
                      Error *err) {
  const char *text;
  int rc = value_string(name, value, &text, err);
  if (rc == OK && (!text || strcmp(text, is) != 0))
    return fail(err, ERR_RANGE, "%s cannot be changed, only value", name);
  return rc;
}

static int check_others(Setting s, sqlite3_value **values, Error *err) {
  char initial[SETTING_TEXT_MAX];
  setting_initial(s, initial);
  int rc = check_same("key", setting_key(s), values[KEY], err);
  rc = rc ? rc : check_same("initial", initial, values[INITIAL], err);
  return rc ? rc
            : check_same("description", setting_help(s), values[DESCRIPTION],
                         err);
}

static int set_value(Setting s, sqlite3_value *value, Error *err) {
  char initial[SETTING_TEXT_MAX];
  const char *text;
  int rc = value_string("value", value, &text, err);
  if (rc)
    return rc;
  setting_initial(s, initial);
  return setting_change(s, text ? text : initial, err);
}

static int update(Call *call, const Change *change, Error *err) {
  (void)call;
  const char *key;
  if (!change->old || !change->values)
    return fail(err, ERR_RANGE,
                "keys are fixed: UPDATE distilbert_config SET value = ... "
                "WHERE key = ...");
  int rc = value_string("key", change->old, &key, err);
  if (rc)
    return rc;
  Setting s;
  rc = find_key(key, &s, err);
  rc = rc ? rc : check_others(s, change->values, err);
  return rc ? rc : set_value(s, change->values[VALUE], err);
}

/* --- distilbert_set ------------------------------------------------------- */

static int set(sqlite3_value **argv, Setting *s, Error *err) {
  const char *key;
  int rc = value_string("key", argv[0], &key, err);
  if (rc == OK && !key)
    return fail(err, ERR_RANGE, "key must be given");
  rc = rc ? rc : find_key(key, s, err);
  return rc ? rc : set_value(*s, argv[1], err);
}

/* Gives the new value. */
static void fn_set(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
  (void)argc;
  Call call;
  Error err;
  Setting s = SETTING_COUNT;
  char text[SETTING_TEXT_MAX];
  call_begin_scalar(&call, "distilbert_set", ctx);
  int rc = set(argv, &s, &err);
  call_end(&call);
  if (rc) {
    call_fail(ctx, &call, rc, &err);
    return;
  }
  setting_text(s, text);
  sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
}

static const TableKind config_table = {
    .name = "distilbert_config",
    .columns = "key TEXT PRIMARY KEY, value TEXT, initial TEXT, "
               "description TEXT",
    .n_columns = N_COLUMNS,
    .flag = SQLITE_VTAB_DIRECTONLY,
    .state_bytes = sizeof(ConfigScan),
    .begin = begin,
    .seek = seek,
    .next = next,
    .column = column,
    .end = end,
    .update = update,
};

static const Scalar scalars[] = {
    {"distilbert_set", 2, 2, WRITES, 0, fn_set, SAFE_ABSENT},
};

static const FeatureTable tables[] = {{&config_table, SAFE_READ_ONLY}};

const Feature config_feature = {FEATURE_ROWS(scalars), FEATURE_ROWS(tables)};
