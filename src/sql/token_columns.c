/*
 * token_columns.c - the columns that all tables of tokens begin with.
 *
 *     SELECT position, id, token, start, "end" FROM distilbert_tokens('a');
 *
 * In:  a token, and which one it is.
 * Out: its columns, as SQLite's results.
 *
 * Special tokens of the template have offsets (0, 0), as in Hugging Face.
 */
#include "sql/token_columns.h"
SQLITE_EXTENSION_INIT3

void token_column(sqlite3_context *ctx, int column, const Tokenizer *t,
                  size_t position, const Token *token) {
  const char *text;
  size_t bytes;
  switch (column) {
  case COLUMN_POSITION:
    sqlite3_result_int64(ctx, (sqlite3_int64)position);
    break;
  case COLUMN_ID:
    sqlite3_result_int(ctx, token->id);
    break;
  case COLUMN_TOKEN:
    text = tokenizer_token(t, token->id, &bytes);
    if (text)
      sqlite3_result_text64(ctx, text, bytes, SQLITE_TRANSIENT, SQLITE_UTF8);
    break;
  case COLUMN_START:
    sqlite3_result_int64(ctx, token->start);
    break;
  case COLUMN_END:
    sqlite3_result_int64(ctx, token->end);
    break;
  }
}
