/*
 * quantize.c - weights as bytes.
 */
#include "model/quantize.h"

#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "tensor/rows.h"

enum { ROWS_A_READ = 64 };

bool quantize_applies(size_t rank, const char *name) {
  return rank == 2 && !strstr(name, "position_embeddings");
}

/* --- One tensor -----------------------------------------------------------*/

/* Rows [row, row + rows) as floats; `raw` has room for them at eight bytes. */
static int read_rows(Shard *shard, const TensorInfo *t, size_t row, size_t rows,
                     unsigned char *raw, float *floats, Error *err) {
  size_t width = t->n ? t->bytes / t->n : 1, n = rows * t->shape[1];
  int code =
      source_bytes(shard, t, row * t->shape[1] * width, n * width, raw, err);
  return code ? code : tensor_widen(t->dtype, raw, n, floats, err);
}

static int quantize_pieces(Shard *shard, const TensorInfo *t, const Poll *poll,
                           void *room, int8_t *q, float *scales, Error *err) {
  size_t n = t->shape[0], dim = t->shape[1];
  float *floats = room;
  unsigned char *raw = (unsigned char *)(floats + ROWS_A_READ * dim);
  for (size_t row = 0; row < n; row += ROWS_A_READ) {
    size_t rows = n - row < ROWS_A_READ ? n - row : ROWS_A_READ;
    int code = read_rows(shard, t, row, rows, raw, floats, err);
    if (!code && !rows_quantize(rows, dim, floats, q + row * dim, scales + row))
      code = fail(err, ERR_FORMAT, "values that are not finite");
    if (!code)
      code = poll_check(poll, err);
    if (code)
      return fail_prefix(err, code, "%.60s", t->name);
  }
  return OK;
}

int quantize_tensor(Shard *shard, const TensorInfo *t, const Poll *poll,
                    int8_t *q, float *scales, Error *err) {
  void *room =
      mem_array(ROWS_A_READ * (sizeof(float) + sizeof(double)), t->shape[1]);
  if (!room)
    return fail_memory(err);
  int code = quantize_pieces(shard, t, poll, room, q, scales, err);
  mem_free(room);
  return code;
}
