/*
 * fn_chunks.c - a long text in pieces that a model reads whole.
 *
 *     SELECT position, chunk, start, "end", tokens
 *       FROM distilbert_chunks(body [, max_tokens [, overlap [, boundary
 *                              [, model]]]]);
 *     INSERT INTO parts(doc, position, vector)
 *     SELECT id, position, distilbert_embed(chunk)
 *       FROM docs, distilbert_chunks(body);
 *
 * In:  a text of any length; how many tokens a chunk may have, and how many it
 *      shares with the one before; what it consists of.
 * Out: its chunks, in order; task/chunk.c finds them as they are asked for.
 *
 * Nothing is lost: without an overlap the chunks, one behind the other, are the
 * text.  The model only lends its tokenizer, so one that is named may be for
 * any task; the default is the one that embeds, and what it reads at once
 * behind its prompt.
 */
#include <string.h>
#include "sql/feature.h"
#include "sql/params.h"
#include "task/chunk.h"
SQLITE_EXTENSION_INIT3

enum { TEXT, MAX_TOKENS, OVERLAP, BOUNDARY, MODEL, N_PARAMS };

enum {
  COLUMN_POSITION,
  COLUMN_CHUNK,
  COLUMN_START,
  COLUMN_END,
  COLUMN_TOKENS,
  N_COLUMNS
};

static const TableParam params[N_PARAMS] = {
    [TEXT] = {"text", PARAM_TEXT, 0, 0},
    [MAX_TOKENS] = {"max_tokens", PARAM_NUMBER, 1, CONFIG_MAX_POSITIONS},
    [OVERLAP] = {"overlap", PARAM_NUMBER, 0, CONFIG_MAX_POSITIONS},
    [BOUNDARY] = {"boundary", PARAM_MAYBE, 0, 0},
    [MODEL] = {"model", PARAM_NAME, 0, 0},
};

typedef struct ChunkRows {
  Chunker *chunker; /* owned */
  Chunk chunk;      /* the current row */
  size_t position;
} ChunkRows;

/* What distilbert_embed reads at once of a text, which goes behind the model's
 * prompt. */
static int default_tokens(const Call *call, size_t *out, Error *err) {
  const Model *m = call->model;
  const char *prompt = m->sentence.prompt;
  size_t n = 0;
  int rc = prompt ? tokenizer_count(m->tokenizer, prompt, strlen(prompt),
                                    &call->run.poll, &n, err)
                  : OK;
  *out = model_embed_tokens(m);
  if (n < *out)
    *out -= n;
  return rc;
}

static int read_options(Scan *scan, ChunkOptions *how, Error *err) {
  EncodeText boundary = param_text(scan, BOUNDARY, 0);
  *how = (ChunkOptions){.boundary = CHUNK_SENTENCE};
  int rc = default_tokens(&scan->call, &how->max_tokens, err);
  rc = rc ? rc : param_size(scan, MAX_TOKENS, &how->max_tokens, err);
  rc = rc ? rc : param_size(scan, OVERLAP, &how->overlap, err);
  if (rc == OK && boundary.text)
    rc = chunk_boundary(boundary, &how->boundary, err);
  return rc;
}

static int begin(Scan *scan, Error *err) {
  ChunkRows *rows = scan->state;
  Call *call = &scan->call;
  sqlite3_value *name = param_option(scan, MODEL);
  ChunkOptions how;
  int rc = call_use(call, name, name ? TASK_NONE : TASK_EMBED, err);
  rc = rc ? rc : read_options(scan, &how, err);
  if (rc)
    return rc;
  rows->position = SIZE_MAX; /* the first row's is 0 */
  return chunker_open(call->model->tokenizer, param_text(scan, TEXT, 0), &how,
                      call->model->max_tokens, &call->run.poll, &rows->chunker,
                      err);
}

static int next(Scan *scan, Error *err) {
  ChunkRows *rows = scan->state;
  bool more = false;
  int rc = chunker_next(rows->chunker, &rows->chunk, &more, err);
  rows->position++;
  scan->done = !more;
  return rc;
}

static void column(Scan *scan, sqlite3_context *ctx, int i) {
  const ChunkRows *rows = scan->state;
  const Chunk *chunk = &rows->chunk;
  switch (i) {
  case COLUMN_POSITION:
    sqlite3_result_int64(ctx, (sqlite3_int64)rows->position);
    break;
  case COLUMN_CHUNK:
    sqlite3_result_text64(
        ctx, param_text(scan, TEXT, 0).text + chunk->byte_start,
        chunk->byte_end - chunk->byte_start, SQLITE_TRANSIENT, SQLITE_UTF8);
    break;
  case COLUMN_START:
    sqlite3_result_int64(ctx, chunk->start);
    break;
  case COLUMN_END:
    sqlite3_result_int64(ctx, chunk->end);
    break;
  case COLUMN_TOKENS:
    sqlite3_result_int64(ctx, (sqlite3_int64)chunk->tokens);
    break;
  }
}

static void end(Scan *scan) {
  ChunkRows *rows = scan->state;
  chunker_close(rows->chunker);
}

static const TableKind chunks_table = {
    .name = "distilbert_chunks",
    .columns = "position INTEGER, chunk TEXT, start INTEGER, \"end\" INTEGER, "
               "tokens INTEGER",
    .n_columns = N_COLUMNS,
    .params = params,
    .n_params = N_PARAMS,
    .state_bytes = sizeof(ChunkRows),
    .begin = begin,
    .next = next,
    .column = column,
    .end = end,
};

static const FeatureTable tables[] = {{&chunks_table, SAFE_ALWAYS}};

const Feature chunks_feature = {NULL, 0, FEATURE_ROWS(tables)};
