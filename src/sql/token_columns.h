/*
 * token_columns.h - the columns that all tables of tokens begin with.
 */
#ifndef SQL_TOKEN_COLUMNS_H
#define SQL_TOKEN_COLUMNS_H

#include "sql/value.h"

#define TOKEN_COLUMNS                                                          \
  "position INTEGER, id INTEGER, token TEXT, start INTEGER, \"end\" INTEGER"

enum {
  COLUMN_POSITION, /* in the input, from 0 on */
  COLUMN_ID,
  COLUMN_TOKEN, /* as the vocabulary has it; NULL: it has none of this id */
  COLUMN_START, /* characters of the token's own text */
  COLUMN_END,
  N_TOKEN_COLUMNS
};

/* Gives one of them as the result. */
void token_column(sqlite3_context *ctx, int column, const Tokenizer *t,
                  size_t position, const Token *token);

#endif
