/*
 * load.c - tensors by name, checked against the shape the config asks for.
 *
 * In:  a Source (validated headers), a name, the expected shape.
 * Out: pointers into the model's one block of weights.
 *
 * A tensor that is missing or has another shape is an error that names it.
 * F32, F16, BF16 and F64 become floats.  An I8 matrix has one F32 scale a row
 * beside it, w[i][j] = q[i][j] * scale[i]: linear layers are widened here, for
 * the kernels compute in floats; embedding tables stay bytes, a token needs
 * one row of them.  When int8 kernels come, load_linear keeps the bytes too.
 *
 * Extra tensors (other heads, position_ids buffers) are left alone.
 */
#include "model/load.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/memory.h"
#include "base/size.h"

enum { ALIGNMENT = 64, ROWS_A_READ = 64 };

/* Room for `bytes` in the block; *at is NULL on the first pass. */
static int place(Loader *l, size_t bytes, void **at, Error *err) {
  size_t room, end;
  if (!size_round_up(bytes, ALIGNMENT, &room) || !size_add(l->used, room, &end))
    return fail(err, ERR_RANGE, "weights too large");
  if (l->base && end > l->room)
    return fail(err, ERR_FORMAT, "weights need more room than was counted");
  *at = l->base ? l->base + l->used : NULL;
  l->used = end;
  return OK;
}

static const TensorInfo *find(const Loader *l, const char *name,
                              Shard **shard) {
  return source_find(l->source, name, shard);
}

bool load_has(const Loader *l, const char *name) {
  Shard *shard;
  return find(l, name, &shard) != NULL;
}

/* Finds a tensor and checks that its shape is [n] (dim 0) or [n][dim]. */
static int find_shaped(const Loader *l, const char *name, size_t n, size_t dim,
                       Shard **shard, const TensorInfo **out, Error *err) {
  const TensorInfo *t = find(l, name, shard);
  if (!t)
    return fail(err, ERR_FORMAT, "tensor %s is missing", name);
  if (t->rank != (dim ? 2 : 1) || t->shape[0] != n ||
      (dim && t->shape[1] != dim))
    return fail(err, ERR_FORMAT,
                "tensor %s has another shape than [%zu%s%.0zu] of config.json",
                name, n, dim ? "," : "", dim);
  *out = t;
  return OK;
}

static int load_floats(Loader *l, const char *name, size_t n, size_t dim,
                       const float **out, Error *err) {
  Shard *shard;
  const TensorInfo *t;
  void *into = NULL;
  size_t bytes;
  int code = find_shaped(l, name, n, dim, &shard, &t, err);
  if (code)
    return code;
  if (!size_mul(t->n, sizeof(float), &bytes))
    return fail(err, ERR_RANGE, "tensor %s is too large", name);
  code = place(l, bytes, &into, err);
  if (!code && into)
    code = source_floats(shard, t, l->poll, into, err);
  *out = into;
  return code ? fail_prefix(err, code, "%s", name) : OK;
}

/* --- Quantised rows -------------------------------------------------------*/

static bool is_quantised(const Loader *l, const char *name) {
  Shard *shard;
  const TensorInfo *t = find(l, name, &shard);
  return t && t->dtype == DTYPE_I8;
}

static int load_scales(Loader *l, const char *name, size_t n, const float **out,
                       Error *err) {
  char scale[TENSOR_NAME_ROOM];
  int written = snprintf(scale, sizeof scale, "%s.scale", name);
  if (written < 0 || (size_t)written >= sizeof scale)
    return fail(err, ERR_RANGE, "tensor name %.60s... is too long", name);
  return load_floats(l, scale, n, 0, out, err);
}

/* Rows of bytes times their scales, ROWS_A_READ at a time. */
static int widen_rows(const Loader *l, Shard *shard, const TensorInfo *t,
                      const float *scales, int8_t *piece, float *out,
                      Error *err) {
  size_t n = t->shape[0], dim = t->shape[1];
  for (size_t row = 0; row < n; row += ROWS_A_READ) {
    size_t rows = n - row < ROWS_A_READ ? n - row : ROWS_A_READ;
    int code = source_bytes(shard, t, row * dim, rows * dim, piece, err);
    if (!code)
      code = poll_check(l->poll, err);
    if (code)
      return code;
    for (size_t i = 0; i < rows; i++)
      for (size_t j = 0; j < dim; j++)
        out[(row + i) * dim + j] = (float)piece[i * dim + j] * scales[row + i];
  }
  return OK;
}

static int load_widened(Loader *l, const char *name, size_t n, size_t dim,
                        const float **out, Error *err) {
  Shard *shard;
  const TensorInfo *t;
  const float *scales = NULL;
  void *into = NULL;
  size_t bytes = 0;
  int code = find_shaped(l, name, n, dim, &shard, &t, err);
  if (!code)
    code = load_scales(l, name, n, &scales, err);
  if (!code && !size_mul(t->n, sizeof(float), &bytes))
    code = fail(err, ERR_RANGE, "tensor %s is too large", name);
  if (!code)
    code = place(l, bytes, &into, err);
  if (code)
    return code;
  *out = into;
  if (!into)
    return OK;
  int8_t *piece = mem_array(ROWS_A_READ, dim);
  if (!piece)
    return fail_memory(err);
  code = widen_rows(l, shard, t, scales, piece, into, err);
  mem_free(piece);
  return code;
}

static int load_matrix(Loader *l, const char *name, size_t n, size_t dim,
                       const float **out, Error *err) {
  return is_quantised(l, name) ? load_widened(l, name, n, dim, out, err)
                               : load_floats(l, name, n, dim, out, err);
}

/* Bytes of an I8 table: borrowed from memory, or read into the block. */
static int keep_bytes(Loader *l, const char *name, Table *out, Error *err) {
  Shard *shard;
  const TensorInfo *t;
  void *into = NULL;
  int code = find_shaped(l, name, out->n, out->dim, &shard, &t, err);
  if (code)
    return code;
  if (shard->memory) {
    out->q_rows =
        (const int8_t *)shard->memory + shard->header.data_offset + t->offset;
    return OK;
  }
  code = place(l, t->bytes, &into, err);
  if (!code && into)
    code = source_bytes(shard, t, 0, t->bytes, into, err);
  out->q_rows = into;
  return code;
}

/* --- What model.c asks for
 * --------------------------------------------------*/

static int full_name(const char *name, const char *part,
                     char out[TENSOR_NAME_ROOM], Error *err) {
  int n = snprintf(out, TENSOR_NAME_ROOM, "%s.%s", name, part);
  if (n < 0 || n >= TENSOR_NAME_ROOM)
    return fail(err, ERR_RANGE, "tensor name %.60s... is too long", name);
  return OK;
}

bool load_is_bytes(const Loader *l, const char *name) {
  char full[TENSOR_NAME_ROOM];
  return !full_name(name, "weight", full, NULL) && is_quantised(l, full);
}

int load_vector(Loader *l, const char *name, size_t n, const float **out,
                Error *err) {
  return load_floats(l, name, n, 0, out, err);
}

int load_weight(Loader *l, const char *name, size_t n, size_t dim,
                const float **out, Error *err) {
  char full[TENSOR_NAME_ROOM];
  int code = full_name(name, "weight", full, err);
  return code ? code : load_matrix(l, full, n, dim, out, err);
}

int load_linear(Loader *l, const char *name, size_t n_out, size_t n_in,
                Linear *out, Error *err) {
  char full[TENSOR_NAME_ROOM];
  out->n_out = n_out;
  out->n_in = n_in;
  int code = full_name(name, "weight", full, err);
  if (!code)
    code = load_matrix(l, full, n_out, n_in, &out->weight, err);
  if (!code)
    code = full_name(name, "bias", full, err);
  return code ? code : load_floats(l, full, n_out, 0, &out->bias, err);
}

int load_norm(Loader *l, const char *name, size_t n, Norm *out, Error *err) {
  char full[TENSOR_NAME_ROOM];
  int code = full_name(name, "gamma", full, err);
  bool is_old = !code && load_has(l, full);
  if (!code)
    code = full_name(name, is_old ? "gamma" : "weight", full, err);
  if (!code)
    code = load_floats(l, full, n, 0, &out->gain, err);
  if (!code)
    code = full_name(name, is_old ? "beta" : "bias", full, err);
  return code ? code : load_floats(l, full, n, 0, &out->bias, err);
}

int load_table(Loader *l, const char *name, size_t n, size_t dim, Table *out,
               Error *err) {
  char full[TENSOR_NAME_ROOM];
  out->n = n;
  out->dim = dim;
  int code = full_name(name, "weight", full, err);
  if (code)
    return code;
  if (!is_quantised(l, full))
    return load_floats(l, full, n, dim, &out->rows, err);
  code = load_scales(l, full, n, &out->q_scales, err);
  return code ? code : keep_bytes(l, full, out, err);
}

/* Even channels sin(p / 10000^(c / dim)), odd ones cos of the pair's angle. */
static void fill_sinusoids(size_t n, size_t dim, float *rows) {
  for (size_t p = 0; p < n; p++)
    for (size_t c = 0; c < dim; c++) {
      double power = (double)(c / 2 * 2) / (double)dim;
      double angle = (double)p / pow(10000, power);
      rows[p * dim + c] = (float)(c % 2 ? cos(angle) : sin(angle));
    }
}

int load_sinusoids(Loader *l, size_t n, size_t dim, Table *out, Error *err) {
  void *rows = NULL;
  size_t numbers, bytes;
  if (!size_mul(n, dim, &numbers) || !size_mul(numbers, sizeof(float), &bytes))
    return fail(err, ERR_RANGE, "position table is too large");
  int code = place(l, bytes, &rows, err);
  if (!code && rows)
    fill_sinusoids(n, dim, rows);
  *out = (Table){.rows = rows, .n = n, .dim = dim};
  return code;
}
