/*
 * schema.c - refuses names of models that could turn an index wrong.
 *
 * In:  a model's name without fingerprint, and all schemas of a connection.
 * Out: an error, if an index or a column that is computed depends on it.
 *
 *     CREATE INDEX i ON t(distilbert_embed(body, 'st'));             refused
 *     CREATE INDEX i ON t(distilbert_embed(body, 'st@9f0c...'));     fine
 *
 * What is stored stays when the name leads to another checkpoint: registered
 * again, found elsewhere, in another process.  The index then has rows that
 * cannot be found, and SQLite calls the database malformed.  SQLite has flags
 * for a function, not for its arguments, and does not say where a call comes
 * from; so the first call of a statement that uses such a name looks at the
 * CREATE statements of indexes and tables itself, and fails before it gives a
 * row.  A name that is built in is bound to its bytes and never asked about.
 *
 * A CREATE statement is read as tokens, as SQLite's tokenizer would: names
 * may be quoted, comments may stand anywhere.  Of a call of ours the argument
 * that is the model counts, the others do not.
 */
#include "sql/schema.h"

#include <string.h>
SQLITE_EXTENSION_INIT3

/* --- Tokens --------------------------------------------------------------- */

/* A piece of SQL: a name or literal without its quotes, or one character. */
typedef struct Piece {
  const char *text; /* not ended by a 0; quotes in it are still doubled */
  size_t bytes;
  char quote; /* the one around it; 0: none; 'a': a bare word */
} Piece;

static bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || (c & 0x80);
}

/* Behind a comment that begins here; `at` itself if none does. */
static const char *skip_comment(const char *at) {
  const char *end;
  if (at[0] == '-' && at[1] == '-')
    end = strchr(at, '\n');
  else if (at[0] == '/' && at[1] == '*')
    end = strstr(at + 2, "*/");
  else
    return at;
  if (!end)
    return at + strlen(at);
  return *end == '\n' ? end : end + 2;
}

static const char *skip_blanks(const char *at) {
  for (const char *from = NULL; from != at;) {
    from = at;
    at += strspn(at, " \t\n\f\r");
    at = skip_comment(at);
  }
  return at;
}

/* What begins behind a quote; a quote inside it is doubled, but for "]". */
static const char *read_quoted(const char *at, char quote, Piece *out) {
  char end = quote == '[' ? ']' : quote;
  out->text = at;
  out->quote = quote;
  while (*at && (*at != end || (end != ']' && at[1] == end)))
    at += *at == end ? 2 : 1;
  out->bytes = (size_t)(at - out->text);
  return *at ? at + 1 : at;
}

/* Goes behind the next piece; at the end of the text it is empty. */
static const char *next_piece(const char *at, Piece *out) {
  at = skip_blanks(at);
  *out = (Piece){at, *at ? 1 : 0, 0};
  if (*at && strchr("'\"`[", *at))
    return read_quoted(at + 1, *at, out);
  if (!is_word(*at))
    return at + out->bytes;
  while (is_word(*at))
    at++;
  out->bytes = (size_t)(at - out->text);
  out->quote = 'a';
  return at;
}

static bool is_char(const Piece *p, char c) {
  return p->quote == 0 && p->bytes == 1 && *p->text == c;
}

/* --- Calls of ours -------------------------------------------------------- */

/* Which argument names the model, counted from 0; -1: no function of ours
 * whose result depends on one. */
static int model_argument(const Piece *p) {
  static const struct {
    const char *name;
    int at;
  } functions[] = {
      {"distilbert_answer", 2},      {"distilbert_highlight", 4},
      {"distilbert_embed", 1},       {"distilbert_fill", 1},
      {"distilbert_token_count", 1}, {"distilbert_classify", 1},
      {"distilbert_choose", 2},      {"distilbert_entities_json", 1},
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
    if (p->quote != '\'' && strlen(functions[i].name) == p->bytes &&
        sqlite3_strnicmp(functions[i].name, p->text, (int)p->bytes) == 0)
      return functions[i].at;
  return -1;
}

static bool is_name(const Piece *p, const char *name) {
  return p->bytes == strlen(name) && memcmp(p->text, name, p->bytes) == 0;
}

/* Can the argument that begins here be the model `name`? Only a lone literal
 * of another name cannot. */
static bool may_be(const char *at, const char *name) {
  Piece literal, behind;
  at = next_piece(at, &literal);
  next_piece(at, &behind);
  bool is_alone = is_char(&behind, ')') || is_char(&behind, ',');
  return literal.quote != '\'' || !is_alone || is_name(&literal, name);
}

/* `at` is behind the parenthesis that opens a call. */
static bool call_depends(const char *at, int argument, const char *name) {
  Piece p;
  int depth = 1;
  do {
    if (argument == 0)
      return may_be(at, name);
    at = next_piece(at, &p);
    depth += is_char(&p, '(');
    depth -= is_char(&p, ')');
    argument -= depth == 1 && is_char(&p, ',');
  } while (depth > 0 && p.bytes > 0);
  return false;
}

bool schema_depends(const char *sql, const char *name) {
  Piece p, behind;
  do {
    sql = next_piece(sql, &p);
    int argument = model_argument(&p);
    const char *call = next_piece(sql, &behind);
    if (argument >= 0 && is_char(&behind, '(') &&
        call_depends(call, argument, name))
      return true;
  } while (p.bytes > 0 || p.quote);
  return false;
}

/* --- All schemas ---------------------------------------------------------- */

static int refuse(const char *object, const char *name, Error *err) {
  char shown[ERROR_QUOTE], model[ERROR_QUOTE];
  return fail(
      err, ERR_RANGE,
      "model %s: the index or table %s is made with it, but without its "
      "fingerprint: write '%s@FINGERPRINT' there",
      error_quote(model, name), error_quote(shown, object), model);
}

static int code_of(int rc) {
  return rc == SQLITE_NOMEM       ? ERR_NOMEM
         : rc == SQLITE_INTERRUPT ? ERR_INTERRUPT
                                  : OK;
}

static int check_rows(sqlite3_stmt *rows, const char *name, Error *err) {
  while (sqlite3_step(rows) == SQLITE_ROW) {
    const char *sql = (const char *)sqlite3_column_text(rows, 1);
    const char *object = (const char *)sqlite3_column_text(rows, 0);
    if (sql && object && schema_depends(sql, name))
      return refuse(object, name, err);
  }
  return OK;
}

/* The schema of one database. */
static int check_one(sqlite3 *db, const char *schema, const char *name,
                     Error *err) {
  sqlite3_stmt *rows = NULL;
  char *sql = sqlite3_mprintf("SELECT name, sql FROM \"%w\".sqlite_master "
                              "WHERE type IN ('index', 'table')",
                              schema);
  int status =
      sql ? sqlite3_prepare_v2(db, sql, -1, &rows, NULL) : SQLITE_NOMEM;
  sqlite3_free(sql);
  int rc = status ? OK : check_rows(rows, name, err);
  int end = sqlite3_finalize(rows);
  status = status ? status : end;
  return rc || !code_of(status)
             ? rc
             : fail(err, code_of(status), "the schema could not be read");
}

int schema_check(sqlite3 *db, const char *name, Error *err) {
  sqlite3_stmt *list = NULL;
  int rc = OK;
  int status = sqlite3_prepare_v2(db, "PRAGMA database_list", -1, &list, NULL);
  while (!status && !rc && sqlite3_step(list) == SQLITE_ROW) {
    const char *schema = (const char *)sqlite3_column_text(list, 1);
    rc = schema ? check_one(db, schema, name, err) : fail_memory(err);
  }
  int end = sqlite3_finalize(list);
  status = status ? status : end;
  return rc || !code_of(status)
             ? rc
             : fail(err, code_of(status), "the schema could not be read");
}
