/*
 * fn_ask.c - a question to a whole table.
 *
 *     SELECT key, answer, score, passage
 *       FROM distilbert_ask('Who wrote it?', 'docs_fts'
 *                           [, top_k [, passages [, column [, source
 *                           [, model]]]]]);
 *
 * In:  a question; the name of an FTS5 table, or a query that finds passages in
 *      another way; how many of its rows to read; the column that is read, or a
 *      query that gives the text of a key.
 *
 * Out: a row a passage, best first: its rowid, the best answer in it, where it
 *      stands, and the text that was read.
 *
 * FTS5 finds the passages that share words with the question, in the order of
 * its rank (BM25); the model reads them in one batch.  Scores of
 * distilbert_answers cannot be compared over passages, so here all passages are
 * one distribution (task/across.c), to which a passage's rank adds what it
 * says: the scores of all spans of all passages add up to 1.
 *
 * A query has the columns that a table would give: SELECT key, rank, text, best
 * first, with the question as ?1.  So whatever finds passages, vectors for one,
 * is SQL of the user's own (sql/hybrid.sql), and what follows is the same.
 *
 * Refuses what is no FTS5 table, or has no text and no source.  It runs SQL
 * that it is given, so it is DIRECTONLY, and not in the safe entry.
 */
#include <string.h>
#include "base/memory.h"
#include "sql/feature.h"
#include "sql/params.h"
#include "sql/query.h"
#include "task/across.h"
SQLITE_EXTENSION_INIT3

enum { QUESTION, TABLE, TOP_K, PASSAGES, COLUMN, SOURCE, MODEL, N_PARAMS };

enum {
  COLUMN_KEY,
  COLUMN_ANSWER,
  COLUMN_SCORE,
  COLUMN_START,
  COLUMN_END,
  COLUMN_PASSAGE,
  N_COLUMNS
};

enum { PASSAGES_MAX = 1000, INITIAL_PASSAGES = 5 };

static const TableParam params[N_PARAMS] = {
    [QUESTION] = {"question", PARAM_TEXT, 0, 0},
    [TABLE] = {"fts_table", PARAM_TEXT, 0, 0},
    [TOP_K] = {"top_k", PARAM_NUMBER, 1, PASSAGES_MAX},
    [PASSAGES] = {"passages", PARAM_NUMBER, 1, PASSAGES_MAX},
    [COLUMN] = {"column", PARAM_MAYBE, 0, 0},
    [SOURCE] = {"source", PARAM_MAYBE, 0, 0},
    [MODEL] = {"model", PARAM_NAME, 0, 0},
};

/* A row that FTS5 found. */
typedef struct Passage {
  sqlite3_value *key, *text; /* owned; text NULL or of type NULL: none */
  double rank;
} Passage;

typedef struct AskRows {
  Answerer *answerer; /* owned */
  Passage *passages;  /* owned: [n], item i of the answerer */
  size_t n, capacity, most;
  bool is_query; /* fts_table is */
  Score *order;  /* owned: [n_rows], best first */
  size_t n_rows, at;
} AskRows;

/* --- Which table ---------------------------------------------------------- */

/* The first column of the first row, as text to be freed; *out NULL: no row. */
static int first_text(Call *call, sqlite3_stmt *stmt, char **out, Error *err) {
  bool row;
  int rc = query_step(call, stmt, &row, err);
  *out = NULL;
  if (rc || !row || sqlite3_column_type(stmt, 0) == SQLITE_NULL)
    return rc;
  *out = mem_text((const char *)sqlite3_column_text(stmt, 0),
                  (size_t)sqlite3_column_bytes(stmt, 0));
  return *out ? OK : fail_memory(err);
}

static int prepare(const Call *call, char *sql, sqlite3_stmt **out,
                   Error *err) {
  *out = NULL;
  if (!sql)
    return fail_memory(err);
  QueryShape any = {0, NULL, "fts_table"};
  int rc = query_prepare(call, (EncodeText){sql, strlen(sql)}, any, out, err);
  sqlite3_free(sql);
  return rc;
}

/* What CREATE said of the table of this name in a schema; NULL: not there. */
static int find_in(Call *call, const char *schema, const char *name, char **sql,
                   Error *err) {
  sqlite3_stmt *stmt;
  int rc =
      prepare(call,
              sqlite3_mprintf("SELECT sql FROM \"%w\".sqlite_master WHERE"
                              " type = 'table' AND lower(name) = lower(%Q)",
                              schema, name),
              &stmt, err);
  rc = rc ? rc : first_text(call, stmt, sql, err);
  sqlite3_finalize(stmt);
  return rc;
}

/* The schema that SQLite would take the table from; to be freed. */
static int find_schema(Call *call, const char *name, char **schema, char **sql,
                       Error *err) {
  sqlite3_stmt *stmt;
  int rc = prepare(call,
                   sqlite3_mprintf("SELECT name FROM pragma_database_list"
                                   " ORDER BY name <> 'temp', seq"),
                   &stmt, err);
  *sql = *schema = NULL;
  while (rc == OK && !*sql) {
    mem_free(*schema);
    rc = first_text(call, stmt, schema, err);
    if (rc || !*schema)
      break;
    rc = find_in(call, *schema, name, sql, err);
  }
  sqlite3_finalize(stmt);
  return rc;
}

static int check_table(const char *name, const char *sql, Error *err) {
  char shown[ERROR_QUOTE];
  if (sql && sqlite3_strlike("create virtual table%using%fts5%", sql, 0) == 0)
    return OK;
  return fail(err, ERR_RANGE, sql ? "%s is no FTS5 table" : "no table %s",
              error_quote(shown, name));
}

/* --- Which rows ----------------------------------------------------------- */

/* The table has the name of its hidden column, which is what MATCH wants. */
static int select_rows(Call *call, const char *schema, const char *name,
                       size_t most, sqlite3_stmt **out, Error *err) {
  return prepare(
      call,
      sqlite3_mprintf("SELECT rowid, rank, * FROM \"%w\".\"%w\" WHERE \"%w\""
                      " MATCH distilbert_fts_query(?1)"
                      " ORDER BY rank LIMIT %d",
                      schema, name, name, (int)most),
      out, err);
}

static int open_table(Scan *scan, EncodeText given, sqlite3_stmt **out,
                      Error *err) {
  const AskRows *ask = scan->state;
  Call *call = &scan->call;
  char *name = mem_text(given.text, given.bytes), *schema, *sql;
  if (!name)
    return fail_memory(err);
  int rc = find_schema(call, name, &schema, &sql, err);
  rc = rc ? rc : check_table(name, sql, err);
  rc = rc ? rc : select_rows(call, schema, name, ask->most, out, err);
  mem_free(name);
  mem_free(schema);
  mem_free(sql);
  return rc;
}

/* SELECT or WITH, and a blank behind it, which names of tables seldom have. */
static bool is_query(EncodeText t) {
  static const char blanks[] = " \t\r\n";
  while (t.bytes && strchr(blanks, *t.text))
    t = (EncodeText){t.text + 1, t.bytes - 1};
  size_t n = t.bytes && (*t.text == 'w' || *t.text == 'W') ? 4 : 6;
  return t.bytes > n && strchr(blanks, t.text[n]) &&
         sqlite3_strnicmp(t.text, n == 4 ? "with" : "select", (int)n) == 0;
}

static int open_query(const Scan *scan, EncodeText given, sqlite3_stmt **out,
                      Error *err) {
  static const QueryShape shape = {3, "a key, a rank and a text", "query"};
  int rc = query_prepare(&scan->call, given, shape, out, err);
  int n = rc ? 0 : sqlite3_bind_parameter_count(*out);
  return n <= 1 ? rc
                : fail(err, ERR_RANGE,
                       "query has %d parameters, there is ?1, the question", n);
}

static int open_rows(Scan *scan, sqlite3_stmt **out, Error *err) {
  AskRows *ask = scan->state;
  EncodeText given = param_text(scan, TABLE, 0);
  EncodeText question = param_text(scan, QUESTION, 0);
  *out = NULL;
  ask->is_query = is_query(given);
  int rc = ask->is_query ? open_query(scan, given, out, err)
                         : open_table(scan, given, out, err);
  if (rc == OK && sqlite3_bind_parameter_count(*out) &&
      sqlite3_bind_text64(*out, 1, question.text, question.bytes, SQLITE_STATIC,
                          SQLITE_UTF8) != SQLITE_OK)
    rc = fail_memory(err);
  return rc;
}

/* --- Which text ----------------------------------------------------------- */

enum { FIXED = 2 }; /* columns of a row before the table's own */

/* The column of that name; without one the longest of the first row, *out 0
 * where none has text. A query has one text. */
static int choose_column(const Scan *scan, sqlite3_stmt *rows, int *out,
                         Error *err) {
  char name[ERROR_QUOTE], shown[ERROR_QUOTE];
  bool is_named = param_word(scan, COLUMN, name);
  int longest = 0;
  const AskRows *ask = scan->state;
  *out = ask->is_query && !is_named ? FIXED : 0;
  if (*out)
    return OK;
  for (int i = FIXED; i < sqlite3_column_count(rows); i++) {
    int bytes = sqlite3_column_bytes(rows, i);
    if (is_named ? sqlite3_stricmp(name, sqlite3_column_name(rows, i)) == 0
                 : bytes > longest)
      *out = i;
    longest = bytes > longest ? bytes : longest;
  }
  return *out || !is_named ? OK
                           : fail(err, ERR_RANGE, "fts_table has no column %s",
                                  error_quote(shown, name));
}

/* What `source` says of a key; NULL as a value where it says nothing. */
static int read_source(Call *call, sqlite3_stmt *source, Passage *p,
                       Error *err) {
  bool row;
  if (sqlite3_bind_value(source, 1, p->key) != SQLITE_OK)
    return fail(err, ERR_RANGE, "source has no parameter ?1 for the key");
  int rc = query_step(call, source, &row, err);
  if (rc == OK && row) {
    p->text = sqlite3_value_dup(sqlite3_column_value(source, 0));
    rc = p->text ? OK : fail_memory(err);
  }
  sqlite3_reset(source);
  return rc;
}

static int keep_row(Scan *scan, sqlite3_stmt *rows, int column,
                    sqlite3_stmt *source, Error *err) {
  AskRows *ask = scan->state;
  if (mem_reserve(&ask->passages, &ask->capacity, ask->n + 1,
                  sizeof *ask->passages))
    return fail_memory(err);
  Passage *p = &ask->passages[ask->n++];
  *p = (Passage){.key = sqlite3_value_dup(sqlite3_column_value(rows, 0)),
                 .rank = sqlite3_column_double(rows, 1)};
  if (!p->key)
    return fail_memory(err);
  if (source)
    return read_source(&scan->call, source, p, err);
  if (!column)
    return OK;
  p->text = sqlite3_value_dup(sqlite3_column_value(rows, column));
  return p->text ? OK : fail_memory(err);
}

static int read_rows(Scan *scan, sqlite3_stmt *rows, sqlite3_stmt *source,
                     Error *err) {
  const AskRows *ask = scan->state;
  bool row;
  int column = 0;
  int rc = query_step(&scan->call, rows, &row, err);
  if (rc == OK && row && !source)
    rc = choose_column(scan, rows, &column, err);
  if (rc == OK && row && !source && !column)
    return fail(err, ERR_RANGE,
                "fts_table keeps no text: a query as source gives that of key "
                "?1");
  while (rc == OK && row) {
    rc = keep_row(scan, rows, column, source, err);
    if (ask->n == ask->most)
      break;
    rc = rc ? rc : query_step(&scan->call, rows, &row, err);
  }
  return rc;
}

static int find_passages(Scan *scan, Error *err) {
  static const QueryShape shape = {1, "a text", "source"};
  EncodeText given = param_text(scan, SOURCE, 0);
  sqlite3_stmt *rows, *source = NULL;
  int rc = open_rows(scan, &rows, err);
  if (rc == OK && given.text)
    rc = query_prepare(&scan->call, given, shape, &source, err);
  rc = rc ? rc : read_rows(scan, rows, source, err);
  sqlite3_finalize(source);
  sqlite3_finalize(rows);
  return rc;
}

/* --- Reading -------------------------------------------------------------- */

static int read_passages(Scan *scan, Error *err) {
  AskRows *ask = scan->state;
  EncodeText question = param_text(scan, QUESTION, 0), text;
  int rc = OK;
  for (size_t i = 0; i < ask->n && rc == OK; i++) {
    sqlite3_value *value = ask->passages[i].text;
    text = (EncodeText){"", 0};
    if (value && sqlite3_value_type(value) != SQLITE_NULL)
      rc = value_text(value, &text, err);
    rc = rc ? rc : answerer_add(ask->answerer, question, text, err);
  }
  call_count(&scan->call, ask->n);
  return rc ? rc : answerer_run(ask->answerer, err);
}

/* Half of BM25, negated: what a rank adds to a logit. Of 0.2 to 1.2 it found
 * most on SQuAD dev; ranks of FTS5 are sums over words, as logits are of
 * evidence. A query's rank is on the same scale. */
static const double rank_weight = -0.5, prior_max = 1e30;

/* Finite, whatever a query says. */
static float prior_of(double rank) {
  double prior = rank_weight * rank;
  return prior > prior_max ? (float)prior_max
                           : (float)(prior < -prior_max ? -prior_max : prior);
}

static int rank_answers(Scan *scan, size_t top_k, Error *err) {
  AskRows *ask = scan->state;
  float *prior = mem_array(ask->n, sizeof *prior);
  ask->order = mem_array(ask->n, sizeof *ask->order);
  int rc = prior && ask->order ? OK : fail_memory(err);
  for (size_t i = 0; i < ask->n && rc == OK; i++)
    prior[i] = prior_of(ask->passages[i].rank);
  rc = rc ? rc
          : across_rank(ask->answerer, ask->n, prior, ask->order, &ask->n_rows,
                        err);
  mem_free(prior);
  ask->n_rows = ask->n_rows < top_k ? ask->n_rows : top_k;
  return rc;
}

/* --- The table ------------------------------------------------------------ */

static int begin(Scan *scan, Error *err) {
  AskRows *ask = scan->state;
  Call *call = &scan->call;
  AnswerOptions how = answer_defaults;
  size_t top_k = PASSAGES_MAX;
  ask->most = INITIAL_PASSAGES;
  how.across = true;
  int rc = param_size(scan, TOP_K, &top_k, err);
  rc = rc ? rc : param_size(scan, PASSAGES, &ask->most, err);
  rc = rc ? rc : call_use(call, param_option(scan, MODEL), TASK_ANSWER, err);
  rc = rc ? rc
          : answerer_open(call->model, &call->run, &how, &ask->answerer, err);
  rc = rc ? rc : find_passages(scan, err);
  rc = rc ? rc : read_passages(scan, err);
  return rc ? rc : rank_answers(scan, top_k, err);
}

/* at: 1 + the current row. */
static int next(Scan *scan, Error *err) {
  AskRows *ask = scan->state;
  (void)err;
  scan->done = ask->at == ask->n_rows;
  ask->at += !scan->done;
  return OK;
}

static void column(Scan *scan, sqlite3_context *ctx, int i) {
  const AskRows *ask = scan->state;
  const Score *score = &ask->order[ask->at - 1];
  const Passage *p = &ask->passages[score->id];
  const Answer *a = across_answer(ask->answerer, score->id);
  EncodeText text;
  Error err;
  switch (i) {
  case COLUMN_KEY:
    sqlite3_result_value(ctx, p->key);
    break;
  case COLUMN_ANSWER:
    if (value_text(p->text, &text, &err))
      sqlite3_result_error_nomem(ctx);
    else
      sqlite3_result_text64(ctx, text.text + a->byte_start,
                            a->byte_end - a->byte_start, SQLITE_TRANSIENT,
                            SQLITE_UTF8);
    break;
  case COLUMN_SCORE:
    sqlite3_result_double(ctx, (double)score->value);
    break;
  case COLUMN_START:
    sqlite3_result_int64(ctx, a->start);
    break;
  case COLUMN_END:
    sqlite3_result_int64(ctx, a->end);
    break;
  case COLUMN_PASSAGE:
    sqlite3_result_value(ctx, p->text);
    break;
  }
}

static void end(Scan *scan) {
  AskRows *ask = scan->state;
  for (size_t i = 0; i < ask->n; i++) {
    sqlite3_value_free(ask->passages[i].key);
    sqlite3_value_free(ask->passages[i].text);
  }
  mem_free(ask->passages);
  mem_free(ask->order);
  answerer_close(ask->answerer);
}

static const TableKind table = {
    .name = "distilbert_ask",
    .columns = "key INTEGER, answer TEXT, score REAL, start INTEGER, "
               "\"end\" INTEGER, passage TEXT",
    .n_columns = N_COLUMNS,
    .params = params,
    .n_params = N_PARAMS,
    .flag = SQLITE_VTAB_DIRECTONLY,
    .state_bytes = sizeof(AskRows),
    .begin = begin,
    .next = next,
    .column = column,
    .end = end,
};

static const FeatureTable tables[] = {{&table, SAFE_ABSENT}};

const Feature ask_feature = {NULL, 0, FEATURE_ROWS(tables)};
