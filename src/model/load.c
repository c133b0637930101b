/*
 * load.c - tensors by name, checked against the shape the config asks for.
 *
 * In:  a Source (validated headers), a name, the expected shape.
 * Out: pointers into the model's one block of weights, or into the source
 *      where it is memory and its bytes are used as they are.
 *
 * A tensor that is missing or has another shape is an error that names it.
 * F32, F16, BF16 and F64 become floats.  An I8 matrix has one F32 scale a row
 * beside it, w[i][j] = q[i][j] * scale[i]; which matrices stay or become bytes
 * is the table of load.h.  Bytes of a layer get their row sums here, which
 * products with a zero point need.
 *
 * Extra tensors (other heads, position_ids buffers) are left alone.
 */
#include "model/load.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "model/quantize.h"
#include "tensor/kernels.h"
#include "tensor/rows.h"

enum { ALIGNMENT = 64, ROWS_A_READ = 64, PIECE = 16 << 20 };

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

size_t load_count(const Loader *l, const char *name) {
  Shard *shard;
  char full[TENSOR_NAME_ROOM];
  int n = snprintf(full, sizeof full, "%s.weight", name);
  bool fits = n > 0 && (size_t)n < sizeof full;
  const TensorInfo *t = fits ? find(l, full, &shard) : NULL;
  return t && t->rank == 2 ? t->shape[0] : 0;
}

int load_encoder_name(const Loader *l, const char *layer, size_t index,
                      const char *part, char out[TENSOR_NAME_ROOM],
                      Error *err) {
  char number[64] = "";
  if (layer) {
    const char *at = strstr(layer, "%zu");
    snprintf(number, sizeof number, "%.*s%zu%s", (int)(at - layer), layer,
             index, at + 3);
  }
  int n = snprintf(out, TENSOR_NAME_ROOM, "%s%s%s", l->prefix, number, part);
  if (n < 0 || n >= TENSOR_NAME_ROOM)
    return fail(err, ERR_RANGE, "tensor name of %s is too long", part);
  return OK;
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
  int rc = find_shaped(l, name, n, dim, &shard, &t, err);
  if (rc)
    return rc;
  if (!size_mul(t->n, sizeof(float), &bytes))
    return fail(err, ERR_RANGE, "tensor %s is too large", name);
  rc = place(l, bytes, &into, err);
  if (!rc && into)
    rc = source_floats(shard, t, l->poll, into, err);
  *out = into;
  return rc ? fail_prefix(err, rc, "%s", name) : OK;
}

/* --- Bytes ----------------------------------------------------------------*/

/* A matrix of bytes, wherever it lies. */
typedef struct Rows {
  const int8_t *q;
  const float *scales; /* [n] */
} Rows;

static bool is_bytes(const Loader *l, const char *name) {
  Shard *shard;
  const TensorInfo *t = find(l, name, &shard);
  return t && t->dtype == DTYPE_I8;
}

/* Damaged ones would make damaged results, without a word. */
static int check_scales(const char *name, size_t n, const float *scales,
                        Error *err) {
  for (size_t i = 0; scales && i < n; i++)
    if (!isfinite(scales[i]) || scales[i] < 0.0f)
      return fail(err, ERR_FORMAT,
                  "%s: the scale of row %zu is not a number >= 0", name, i);
  return OK;
}

static int load_scales(Loader *l, const char *name, size_t n, const float **out,
                       Error *err) {
  char scale[TENSOR_NAME_ROOM];
  int written = snprintf(scale, sizeof scale, "%s.scale", name);
  if (written < 0 || (size_t)written >= sizeof scale)
    return fail(err, ERR_RANGE, "tensor name %.60s... is too long", name);
  int rc = load_floats(l, scale, n, 0, out, err);
  return rc ? rc : check_scales(scale, n, *out, err);
}

/* Bytes [0, t->bytes) of a tensor, asking now and then whether to stop. */
static int read_bytes(const Loader *l, Shard *shard, const TensorInfo *t,
                      int8_t *into, Error *err) {
  for (size_t done = 0; done < t->bytes;) {
    size_t n = t->bytes - done < PIECE ? t->bytes - done : PIECE;
    int rc = source_bytes(shard, t, done, n, into + done, err);
    if (!rc)
      rc = poll_check(l->poll, err);
    if (rc)
      return rc;
    done += n;
  }
  return OK;
}

/* An I8 matrix: borrowed from memory, or read into the block. */
static int keep_bytes(Loader *l, const char *name, size_t n, size_t dim,
                      Rows *out, Error *err) {
  Shard *shard;
  const TensorInfo *t;
  void *into = NULL;
  int rc = find_shaped(l, name, n, dim, &shard, &t, err);
  if (!rc)
    rc = load_scales(l, name, n, &out->scales, err);
  if (rc)
    return rc;
  if (shard->memory) {
    size_t at = shard->header.data_offset + t->offset;
    out->q = (const int8_t *)shard->memory + at;
    return OK;
  }
  rc = place(l, t->bytes, &into, err);
  if (!rc && into)
    rc = read_bytes(l, shard, t, into, err);
  out->q = into;
  return rc;
}

/* A matrix of floats, quantised as it is read. */
static int make_bytes(Loader *l, const char *name, size_t n, size_t dim,
                      Rows *out, Error *err) {
  Shard *shard;
  const TensorInfo *t;
  void *q = NULL, *scales = NULL;
  size_t bytes = 0;
  int rc = find_shaped(l, name, n, dim, &shard, &t, err);
  if (!rc && !size_mul(n, sizeof(float), &bytes))
    rc = fail(err, ERR_RANGE, "tensor %s is too large", name);
  if (!rc)
    rc = place(l, t->n, &q, err);
  if (!rc)
    rc = place(l, bytes, &scales, err);
  if (!rc && q)
    rc = quantize_tensor(shard, t, l->poll, q, scales, err);
  *out = (Rows){q, scales};
  return rc;
}

static int load_rows(Loader *l, const char *name, size_t n, size_t dim,
                     Rows *out, Error *err) {
  return is_bytes(l, name) ? keep_bytes(l, name, n, dim, out, err)
                           : make_bytes(l, name, n, dim, out, err);
}

/* --- Floats out of bytes --------------------------------------------------*/

/* Rows of bytes times their scales, ROWS_A_READ at a time. */
static int widen_rows(const Loader *l, Shard *shard, const TensorInfo *t,
                      const float *scales, int8_t *piece, float *out,
                      Error *err) {
  size_t n = t->shape[0], dim = t->shape[1];
  for (size_t row = 0; row < n; row += ROWS_A_READ) {
    size_t rows = n - row < ROWS_A_READ ? n - row : ROWS_A_READ;
    int rc = source_bytes(shard, t, row * dim, rows * dim, piece, err);
    if (!rc)
      rc = poll_check(l->poll, err);
    if (rc)
      return rc;
    rows_widen(rows, dim, piece, scales + row, out + row * dim);
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
  int rc = find_shaped(l, name, n, dim, &shard, &t, err);
  if (!rc)
    rc = load_scales(l, name, n, &scales, err);
  if (!rc && !size_mul(t->n, sizeof(float), &bytes))
    rc = fail(err, ERR_RANGE, "tensor %s is too large", name);
  if (!rc)
    rc = place(l, bytes, &into, err);
  if (rc)
    return rc;
  *out = into;
  if (!into)
    return OK;
  int8_t *piece = mem_array(ROWS_A_READ, dim);
  if (!piece)
    return fail_memory(err);
  rc = widen_rows(l, shard, t, scales, piece, into, err);
  mem_free(piece);
  return rc;
}

/* To bytes and back, in place. */
static int round_rows(const char *name, size_t n, size_t dim, float *w,
                      Error *err) {
  float scale;
  int8_t *q = mem_array(dim, 1);
  int rc = q ? OK : fail_memory(err);
  for (size_t i = 0; !rc && i < n; i++, w += dim) {
    if (!rows_quantize(1, dim, w, q, &scale))
      rc = fail(err, ERR_FORMAT, "tensor %s has values that are not finite",
                name);
    else
      rows_widen(1, dim, q, &scale, w);
  }
  mem_free(q);
  return rc;
}

/* A matrix as floats, whatever it is in the file. */
static int load_matrix(Loader *l, const char *name, size_t n, size_t dim,
                       const float **out, Error *err) {
  if (is_bytes(l, name))
    return load_widened(l, name, n, dim, out, err);
  int rc = load_floats(l, name, n, dim, out, err);
  if (rc || l->precision != PRECISION_INT8 || !l->base)
    return rc;
  return round_rows(name, n, dim, (float *)(uintptr_t)*out, err);
}

/* --- What model.c asks for ------------------------------------------------*/

static int full_name(const char *name, const char *part,
                     char out[TENSOR_NAME_ROOM], Error *err) {
  int n = snprintf(out, TENSOR_NAME_ROOM, "%s.%s", name, part);
  if (n < 0 || n >= TENSOR_NAME_ROOM)
    return fail(err, ERR_RANGE, "tensor name %.60s... is too long", name);
  return OK;
}

bool load_table_is_bytes(const Loader *l, const char *name) {
  char full[TENSOR_NAME_ROOM];
  if (full_name(name, "weight", full, NULL))
    return false;
  return is_bytes(l, full) ||
         (l->precision == PRECISION_INT8 && quantize_applies(2, full));
}

int load_vector(Loader *l, const char *name, size_t n, const float **out,
                Error *err) {
  return load_floats(l, name, n, 0, out, err);
}

int load_weight(Loader *l, const char *name, size_t n, size_t dim,
                const float **out, Error *err) {
  char full[TENSOR_NAME_ROOM];
  int rc = full_name(name, "weight", full, err);
  return rc ? rc : load_matrix(l, full, n, dim, out, err);
}

int load_linear(Loader *l, const char *name, size_t n_out, size_t n_in,
                Linear *out, Error *err) {
  char full[TENSOR_NAME_ROOM];
  out->n_out = n_out;
  out->n_in = n_in;
  int rc = full_name(name, "weight", full, err);
  if (!rc)
    rc = load_matrix(l, full, n_out, n_in, &out->weight, err);
  if (!rc)
    rc = full_name(name, "bias", full, err);
  return rc ? rc : load_floats(l, full, n_out, 0, &out->bias, err);
}

int load_sums(Loader *l, Linear *w, Error *err) {
  void *into = NULL;
  size_t bytes;
  if (w->n_in > BYTE_DEPTH_MAX || !size_mul(w->n_out, sizeof(int32_t), &bytes))
    return fail(err, ERR_RANGE, "int8 layers have at most %d inputs, not %zu",
                BYTE_DEPTH_MAX, w->n_in);
  int rc = place(l, bytes, &into, err);
  if (!rc && into)
    rows_sum(w->n_out, w->n_in, w->q_weight, into);
  w->q_sums = into;
  l->has_bytes = true;
  return rc;
}

int load_layer_weight(Loader *l, const char *name, size_t n_out, size_t n_in,
                      Linear *out, Error *err) {
  char full[TENSOR_NAME_ROOM];
  Rows rows;
  out->n_out = n_out;
  out->n_in = n_in;
  int rc = full_name(name, "weight", full, err);
  if (rc)
    return rc;
  if (l->precision == PRECISION_FP32 ||
      (l->precision == PRECISION_FILE && !is_bytes(l, full)))
    return load_matrix(l, full, n_out, n_in, &out->weight, err);
  rc = load_rows(l, full, n_out, n_in, &rows, err);
  if (rc)
    return rc;
  out->q_weight = rows.q;
  out->q_scales = rows.scales;
  return load_sums(l, out, err);
}

int load_layer(Loader *l, const char *name, size_t n_out, size_t n_in,
               Linear *out, Error *err) {
  char full[TENSOR_NAME_ROOM];
  int rc = load_layer_weight(l, name, n_out, n_in, out, err);
  if (!rc)
    rc = full_name(name, "bias", full, err);
  return rc ? rc : load_floats(l, full, n_out, 0, &out->bias, err);
}

int load_norm(Loader *l, const char *name, size_t n, Norm *out, Error *err) {
  char full[TENSOR_NAME_ROOM];
  int rc = full_name(name, "gamma", full, err);
  bool is_old = !rc && load_has(l, full);
  if (!rc)
    rc = full_name(name, is_old ? "gamma" : "weight", full, err);
  if (!rc)
    rc = load_floats(l, full, n, 0, &out->gain, err);
  if (!rc)
    rc = full_name(name, is_old ? "beta" : "bias", full, err);
  return rc ? rc : load_floats(l, full, n, 0, &out->bias, err);
}

int load_table(Loader *l, const char *name, size_t n, size_t dim, Table *out,
               Error *err) {
  char full[TENSOR_NAME_ROOM];
  out->n = n;
  out->dim = dim;
  int rc = full_name(name, "weight", full, err);
  if (rc)
    return rc;
  if (!load_table_is_bytes(l, name))
    return load_floats(l, full, n, dim, &out->rows, err);
  Rows rows;
  rc = load_rows(l, full, n, dim, &rows, err);
  if (rc)
    return rc;
  out->q_rows = rows.q;
  out->q_scales = rows.scales;
  return OK;
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
  int rc = place(l, bytes, &rows, err);
  if (!rc && rows)
    fill_sinusoids(n, dim, rows);
  *out = (Table){.rows = rows, .n = n, .dim = dim};
  return rc;
}
