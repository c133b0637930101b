/*
 * functions.h - the scalar functions, each written in its fn_*.c.
 *
 * Their user data is the Connection (call.h).
 */
#ifndef SQL_FUNCTIONS_H
#define SQL_FUNCTIONS_H

#include "sqlite3ext.h"

typedef void scalar_function(sqlite3_context *ctx, int argc,
                             sqlite3_value **argv);

scalar_function fn_answer; /* fn_answer.c */
scalar_function fn_highlight;
scalar_function fn_embed; /* fn_embed.c */
scalar_function fn_cosine;
scalar_function fn_vector_json;
scalar_function fn_fts_query;   /* fn_fts.c */
scalar_function fn_fill;        /* fn_fill.c */
scalar_function fn_token_count; /* fn_tokens.c */
scalar_function fn_fingerprint; /* fn_info.c */
scalar_function fn_version;
scalar_function fn_debug;
scalar_function fn_quantize; /* fn_quantize.c */
scalar_function fn_set;      /* fn_config.c */
scalar_function fn_register; /* fn_models.c */
scalar_function fn_forget;

#endif
