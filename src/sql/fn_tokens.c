/*
 * fn_tokens.c - how a model's tokenizer cuts a text up.
 *
 *     SELECT distilbert_token_count(body [, model]) FROM docs;
 *     SELECT position, id, token, start, "end", special
 *       FROM distilbert_tokens('Some text' [, pair [, model]]);
 *
 * In:  a text of any length, or a pair of them.
 * Out: its tokens, nothing truncated; template tokens ([CLS], [SEP]) are
 *      counted and shown, with special = 1 and offsets (0, 0).
 *
 * Rows are made as they are asked for, a few hundred tokens at a time, so a
 * long text costs no memory and LIMIT ends the work.  Where the texts go in
 * the template is learnt from a template around one dummy token of each:
 *
 *     [CLS] 0 [SEP] 1 [SEP]     0: the text's tokens,  1: the pair's
 *
 * Agrees with tokenizer(text, pair) of Hugging Face: as there, an empty pair
 * is no pair.
 */
#include "sql/feature.h"
#include "sql/params.h"
#include "sql/token_columns.h"
SQLITE_EXTENSION_INIT3

/* --- distilbert_token_count ----------------------------------------------- */

static int count(Call *call, int argc, sqlite3_value **argv, size_t *out,
                 Error *err) {
  EncodeText text;
  int rc = value_text(argv[0], &text, err);
  rc = rc ? rc : call_use_argument(call, argc, argv, 1, TASK_NONE, err);
  if (rc)
    return rc;
  const Tokenizer *t = call->model->tokenizer;
  rc = tokenizer_count(t, text.text, text.bytes, &call->run.poll, out, err);
  *out += tokenizer_n_added(t, false);
  return rc;
}

static void fn_token_count(sqlite3_context *ctx, int argc,
                           sqlite3_value **argv) {
  if (value_any_null(argv, 1))
    return;
  Call call;
  Error err;
  size_t n = 0;
  call_begin_scalar(&call, "distilbert_token_count", ctx);
  int rc = count(&call, argc, argv, &n, &err);
  call_end(&call);
  if (rc)
    call_fail(ctx, &call, rc, &err);
  else
    sqlite3_result_int64(ctx, (sqlite3_int64)n);
}

/* --- distilbert_tokens ---------------------------------------------------- */

enum { TEXT, PAIR, MODEL, N_PARAMS };

enum { COLUMN_SPECIAL = N_TOKEN_COLUMNS, N_COLUMNS };

static const TableParam params[N_PARAMS] = {
    [TEXT] = {"text", PARAM_TEXT, 0, 0},
    [PAIR] = {"pair", PARAM_MAYBE, 0, 0},
    [MODEL] = {"model", PARAM_NAME, 0, 0},
};

enum { TOKENS_AHEAD = 256 };

typedef struct TokenRows {
  EncodeText texts[2];
  Encoding layout;   /* the template around one dummy token a text */
  size_t at;         /* in layout */
  bool in_text;      /* layout.tokens[at] stands for the text being read */
  TextCursor cursor; /* of that text */
  Encoding ahead;    /* tokens read of it */
  size_t at_ahead;
  Token token; /* the current row */
  size_t position;
} TokenRows;

static int begin(Scan *scan, Error *err) {
  TokenRows *rows = scan->state;
  rows->texts[0] = param_text(scan, TEXT, 0);
  rows->texts[1] = param_text(scan, PAIR, 0);
  int rc = call_use(&scan->call, param_option(scan, MODEL), TASK_NONE, err);
  if (rc)
    return rc;
  Token dummy = {0};
  TokenList one[2] = {{&dummy, 1}, {&dummy, 1}};
  bool has_pair = rows->texts[1].bytes > 0;
  rows->position = SIZE_MAX; /* the first row's is 0 */
  return tokenizer_template(scan->call.model->tokenizer, has_pair, one,
                            &rows->layout, err);
}

/* The next token of the text being read; at its end goes on in the layout. */
static int next_of_text(Scan *scan, bool *found, Error *err) {
  TokenRows *rows = scan->state;
  if (rows->at_ahead == rows->ahead.n) {
    rows->at_ahead = rows->ahead.n = 0;
    int rc = tokenizer_next(&rows->cursor, TOKENS_AHEAD, &scan->call.run.poll,
                            &rows->ahead, err);
    if (rc)
      return rc;
  }
  *found = rows->at_ahead < rows->ahead.n;
  if (*found) {
    rows->token = rows->ahead.tokens[rows->at_ahead++];
  } else {
    rows->in_text = false;
    rows->at++;
  }
  return OK;
}

static int next_of_layout(Scan *scan, bool *found, Error *err) {
  TokenRows *rows = scan->state;
  const Token *token = &rows->layout.tokens[rows->at];
  *found = token->sequence < 0;
  if (*found) {
    rows->token = *token;
    rows->at++;
    return OK;
  }
  EncodeText text = rows->texts[token->sequence == 1];
  rows->in_text = true;
  return tokenizer_begin(scan->call.model->tokenizer, text.text, text.bytes,
                         &rows->cursor, err);
}

static int next(Scan *scan, Error *err) {
  TokenRows *rows = scan->state;
  bool found = false;
  int rc = OK;
  while (rc == OK && !found && rows->at < rows->layout.n)
    rc = rows->in_text ? next_of_text(scan, &found, err)
                       : next_of_layout(scan, &found, err);
  rows->position++;
  scan->done = !found;
  return rc;
}

static void column(Scan *scan, sqlite3_context *ctx, int i) {
  const TokenRows *rows = scan->state;
  if (i == COLUMN_SPECIAL)
    sqlite3_result_int(ctx, rows->token.special);
  else
    token_column(ctx, i, scan->call.model->tokenizer, rows->position,
                 &rows->token);
}

static void end(Scan *scan) {
  TokenRows *rows = scan->state;
  encoding_clear(&rows->layout);
  encoding_clear(&rows->ahead);
}

static const TableKind tokens_table = {
    .name = "distilbert_tokens",
    .columns = TOKEN_COLUMNS ", special INTEGER",
    .n_columns = N_COLUMNS,
    .params = params,
    .n_params = N_PARAMS,
    .state_bytes = sizeof(TokenRows),
    .begin = begin,
    .next = next,
    .column = column,
    .end = end,
};

static const Scalar scalars[] = {
    {"distilbert_token_count", 1, 2, PURE, 2, fn_token_count, SAFE_ALWAYS},
};

static const FeatureTable tables[] = {{&tokens_table, SAFE_ALWAYS}};

const Feature tokens_feature = {FEATURE_ROWS(scalars), FEATURE_ROWS(tables)};
