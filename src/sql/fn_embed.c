/*
 * fn_embed.c - vectors of texts, and what is done with vectors.
 *
 *     INSERT INTO v SELECT id, distilbert_embed(body [, model]) FROM docs;
 *     SELECT id FROM v
 *      ORDER BY distilbert_cosine(e, distilbert_embed('query')) DESC LIMIT 5;
 *     SELECT distilbert_vector_json(e) FROM v;
 *
 * In:  texts; vectors as BLOB of little-endian float32 (or of int8, where it
 *      has sqlite-vec's subtype for that), or as TEXT that is a JSON array of
 *      numbers.
 * Out: a BLOB of subtype 223, which is how sqlite-vec knows float32 vectors;
 *      a REAL; JSON of subtype 74, so that json_object() takes it for JSON,
 *      with the fewest digits that read back as the same float32.
 *
 * A text longer than the model takes: `overflow` of the model's registration
 * decides, or the setting where the call names no model.
 *
 * Refuses sqlite-vec's vectors of bits, vectors that are empty, too long or
 * hold what is no finite float32, and pairs of different lengths: a comparison
 * of what two different models gave is a mistake, never a number.
 */
#include <math.h>
#include <string.h>
#include "base/json.h"
#include "base/json_write.h"
#include "base/memory.h"
#include "sql/call.h"
#include "sql/feature.h"
#include "sql/vector.h"
#include "task/embed.h"
SQLITE_EXTENSION_INIT3

enum { VECTOR_MAX = 1 << 16, VECTOR_JSON_MAX = 1 << 22 };

/* --- distilbert_embed ----------------------------------------------------- */

static int embed(Call *call, EmbedText *text, Error *err) {
  size_t n = call->model->vector_dim, bytes;
  const uint64_t options[] = {call->overflow};
  Question question = {TASK_EMBED, options, 1, {text->text}};
  MemoKey key;
  text->vector = mem_array(n, sizeof *text->vector);
  if (!text->vector)
    return fail_memory(err);
  const void *known = call_recall(call, &question, &key, &bytes);
  if (known) {
    memcpy(text->vector, known, bytes);
    return OK;
  }
  call_count(call, 1);
  int rc = embed_run(call->model, &call->run, call->overflow, text, 1, err);
  if (rc == OK)
    call_remember(call, &key, text->vector, n * sizeof *text->vector);
  return rc;
}

/* A vector as SQL has it, kept by SQLite for as long as a statement has the
 * same constant as text. */
typedef struct Kept {
  size_t bytes;
  unsigned char blob[];
} Kept;

static bool give_kept(sqlite3_context *ctx) {
  const Kept *kept = sqlite3_get_auxdata(ctx, 0);
  if (!kept)
    return false;
  sqlite3_result_blob64(ctx, kept->blob, kept->bytes, SQLITE_TRANSIENT);
  sqlite3_result_subtype(ctx, SUBTYPE_FLOAT32);
  return true;
}

/* Without memory for it nothing is kept. */
static void keep(sqlite3_context *ctx, const void *blob, size_t bytes) {
  Kept *kept = mem_alloc(sizeof *kept + bytes);
  if (!kept)
    return;
  kept->bytes = bytes;
  memcpy(kept->blob, blob, bytes);
  sqlite3_set_auxdata(ctx, 0, kept, mem_free);
}

/* A constant that names its model is SQLite's to keep: the call is
 * deterministic. One that names none is kept here. */
static void fn_embed(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
  if (value_any_null(argv, 1) || (argc == 1 && give_kept(ctx)))
    return;
  Call call;
  Error err;
  EmbedText text = {0};
  call_begin_scalar(&call, "distilbert_embed", ctx);
  int rc = value_text(argv[0], &text.text, &err);
  rc = rc ? rc : call_use_argument(&call, argc, argv, 1, TASK_EMBED, &err);
  rc = rc ? rc : embed(&call, &text, &err);
  size_t n = rc ? 0 : call.model->vector_dim;
  call_end(&call);
  if (rc) {
    mem_free(text.vector);
    call_fail(ctx, &call, rc, &err);
    return;
  }
  vector_reorder(text.vector, n);
  if (argc == 1)
    keep(ctx, text.vector, n * sizeof *text.vector);
  sqlite3_result_blob64(ctx, text.vector, n * sizeof(float), mem_free);
  sqlite3_result_subtype(ctx, SUBTYPE_FLOAT32);
}

/* --- Vectors as arguments ------------------------------------------------- */

typedef struct Vector {
  float *numbers; /* owned */
  size_t n;
} Vector;

static int make_vector(size_t n, const char *what, Vector *out, Error *err) {
  if (n == 0 || n > VECTOR_MAX)
    return fail(err, ERR_RANGE, "%s has %zu numbers, a vector 1 to %d", what, n,
                VECTOR_MAX);
  out->n = n;
  out->numbers = mem_array(n, sizeof *out->numbers);
  return out->numbers ? OK : fail_memory(err);
}

static int read_int8(sqlite3_value *value, const char *what, Vector *out,
                     Error *err) {
  int rc = make_vector((size_t)sqlite3_value_bytes(value), what, out, err);
  if (rc)
    return rc;
  const signed char *blob = sqlite3_value_blob(value);
  if (!blob)
    return fail_memory(err);
  for (size_t i = 0; i < out->n; i++)
    out->numbers[i] = blob[i];
  return OK;
}

static int read_float32(sqlite3_value *value, const char *what, Vector *out,
                        Error *err) {
  size_t bytes = (size_t)sqlite3_value_bytes(value);
  if (bytes % sizeof(float) != 0)
    return fail(err, ERR_RANGE, "%s has %zu bytes, no multiple of 4", what,
                bytes);
  int rc = make_vector(bytes / sizeof(float), what, out, err);
  if (rc)
    return rc;
  const void *blob = sqlite3_value_blob(value);
  if (!blob)
    return fail_memory(err);
  memcpy(out->numbers, blob, bytes);
  vector_reorder(out->numbers, out->n);
  return OK;
}

static int read_blob(sqlite3_value *value, const char *what, Vector *out,
                     Error *err) {
  switch (sqlite3_value_subtype(value)) {
  case SUBTYPE_BIT:
    return fail(err, ERR_RANGE,
                "%s is of bits, which have no cosine: vec_distance_hamming() "
                "compares them",
                what);
  case SUBTYPE_INT8:
    return read_int8(value, what, out, err);
  default:
    return read_float32(value, what, out, err);
  }
}

static int read_array(const cJSON *array, const char *what, Vector *out,
                      Error *err) {
  if (!cJSON_IsArray(array))
    return fail(err, ERR_RANGE, "%s is no JSON array of numbers", what);
  int rc = make_vector((size_t)cJSON_GetArraySize(array), what, out, err);
  if (rc)
    return rc;
  float *number = out->numbers;
  const cJSON *item;
  cJSON_ArrayForEach(item, array) {
    if (!cJSON_IsNumber(item))
      return fail(err, ERR_RANGE, "%s is no JSON array of numbers", what);
    *number++ = (float)item->valuedouble;
  }
  return OK;
}

/* Begins as JSON does that is more than a word. */
static bool may_be_json(EncodeText t) {
  size_t i = 0;
  while (i < t.bytes && strchr(" \t\r\n", t.text[i]) && t.text[i])
    i++;
  return i < t.bytes && (t.text[i] == '[' || t.text[i] == '{');
}

static int read_json(sqlite3_value *value, const char *what, Vector *out,
                     Error *err) {
  EncodeText text;
  cJSON *json;
  int rc = value_text(value, &text, err);
  if (rc)
    return rc;
  if (!may_be_json(text))
    return fail(err, ERR_RANGE,
                "%s is a text: a text is no vector: distilbert_embed() it",
                what);
  rc = json_parse(what, text.text, text.bytes, VECTOR_JSON_MAX, &json, err);
  if (rc)
    return rc;
  rc = read_array(json, what, out, err);
  cJSON_Delete(json);
  return rc;
}

/* `what` names the argument; the caller frees out->numbers, also on failure. */
static int read_vector(sqlite3_value *value, const char *what, Vector *out,
                       Error *err) {
  int type = sqlite3_value_type(value);
  if (type != SQLITE_BLOB && type != SQLITE_TEXT)
    return fail(err, ERR_RANGE,
                "%s is neither a BLOB of float32 nor a JSON array", what);
  int rc = type == SQLITE_BLOB ? read_blob(value, what, out, err)
                               : read_json(value, what, out, err);
  for (size_t i = 0; rc == OK && i < out->n; i++)
    if (!isfinite(out->numbers[i]))
      rc = fail(err, ERR_RANGE, "number %zu of %s is no finite float32", i + 1,
                what);
  return rc;
}

/* --- distilbert_cosine, distilbert_vector_json ---------------------------- */

static int same_length(const Vector *a, const Vector *b, Error *err) {
  return a->n == b->n ? OK
                      : fail(err, ERR_RANGE,
                             "vectors of %zu and of %zu numbers: they are of "
                             "different models",
                             a->n, b->n);
}

static void fn_cosine(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
  if (value_any_null(argv, argc))
    return;
  Call call;
  Error err;
  Vector a = {0}, b = {0};
  call_begin_scalar(&call, "distilbert_cosine", ctx);
  int rc = read_vector(argv[0], "first vector", &a, &err);
  rc = rc ? rc : read_vector(argv[1], "second vector", &b, &err);
  rc = rc ? rc : same_length(&a, &b, &err);
  double cosine = rc ? 0 : vector_cosine(a.numbers, b.numbers, a.n);
  call_end(&call);
  mem_free(a.numbers);
  mem_free(b.numbers);
  if (rc)
    call_fail(ctx, &call, rc, &err);
  else
    sqlite3_result_double(ctx, cosine);
}

static void fn_vector_json(sqlite3_context *ctx, int argc,
                           sqlite3_value **argv) {
  if (value_any_null(argv, argc))
    return;
  Call call;
  Error err;
  Vector v = {0};
  char *text = NULL;
  size_t bytes = 0;
  call_begin_scalar(&call, "distilbert_vector_json", ctx);
  int rc = read_vector(argv[0], "vector", &v, &err);
  rc = rc ? rc : json_write_floats(v.numbers, v.n, &text, &bytes, &err);
  call_end(&call);
  mem_free(v.numbers);
  if (rc) {
    call_fail(ctx, &call, rc, &err);
    return;
  }
  sqlite3_result_text64(ctx, text, bytes, mem_free, SQLITE_UTF8);
  sqlite3_result_subtype(ctx, SUBTYPE_JSON);
}

static const Scalar scalars[] = {
    {"distilbert_embed", 1, 2, PURE | TYPED, 2, fn_embed, SAFE_ALWAYS},
    {"distilbert_cosine", 2, 2, PURE | READS_TYPE, 0, fn_cosine, SAFE_ALWAYS},
    {"distilbert_vector_json", 1, 1, PURE | TYPED | READS_TYPE, 0,
     fn_vector_json, SAFE_ALWAYS},
};

const Feature embed_feature = {FEATURE_ROWS(scalars), NULL, 0};
