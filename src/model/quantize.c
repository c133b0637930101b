/*
 * quantize.c - weights as bytes, and a checkpoint of them as one file.
 *
 * In:  a Source of any form.
 * Out: an ordinary safetensors file:
 *
 *     __metadata__  "format": "pt", "config.json": "...", "vocab.txt": ...
 *     F32           vectors, positions, NAME.scale [n] of every matrix
 *     I8            matrices, [n][dim]
 *
 * Floats come first, so that they stay aligned.  A matrix goes through in
 * pieces of some rows, each written where it belongs: bytes here, scales
 * there.  Before anything is written the header is read as the loader would,
 * so what could not be loaded (a name twice, texts too large, texts that are
 * not UTF-8) is an error and not a file.
 *
 * Agrees with the loader's precision = 'int8', to the bit, and with the
 * published recipe of the built-in models (models/README.md): symmetric, a
 * scale of max|row| / 127 for each row of a linear layer or an embedding
 * table, positions left alone.
 */
#include "model/quantize.h"

#include <stdio.h>
#include <string.h>
#include "base/json.h"
#include "base/memory.h"
#include "base/output.h"
#include "base/size.h"
#include "model/config.h"
#include "tensor/rows.h"

enum { ROWS_A_PIECE = 64, PIECE = 1 << 20, NAME_ROOM = 256 };

bool quantize_applies(size_t rank, const char *name) {
  return rank == 2 && !strstr(name, "position_embeddings");
}

/* --- Some rows ------------------------------------------------------------*/

/* ROWS_A_PIECE rows: as the file has them, as floats, as bytes. */
typedef struct Room {
  float *floats;
  unsigned char *raw; /* eight bytes an element */
  int8_t *q;
  float scales[ROWS_A_PIECE];
} Room;

/* One block for all three: one allocation, and one to free. */
static int room_open(Room *r, size_t dim, Error *err) {
  r->floats = mem_array(ROWS_A_PIECE * (4 + 8 + 1), dim);
  if (!r->floats)
    return fail_memory(err);
  r->raw = (unsigned char *)(r->floats + ROWS_A_PIECE * dim);
  r->q = (int8_t *)(r->raw + ROWS_A_PIECE * dim * 8);
  return OK;
}

static size_t piece_rows(const TensorInfo *t, size_t row) {
  size_t left = t->shape[0] - row;
  return left < ROWS_A_PIECE ? left : ROWS_A_PIECE;
}

/* Rows from `row` on into r->q and r->scales. */
static int quantize_piece(Shard *shard, const TensorInfo *t, size_t row,
                          const Poll *poll, Room *r, Error *err) {
  size_t dim = t->shape[1], rows = piece_rows(t, row), n = rows * dim;
  size_t width = t->n ? t->bytes / t->n : 1;
  int rc = source_bytes(shard, t, row * dim * width, n * width, r->raw, err);
  if (!rc)
    rc = tensor_widen(t->dtype, r->raw, n, r->floats, err);
  if (!rc && !rows_quantize(rows, dim, r->floats, r->q, r->scales))
    rc = fail(err, ERR_FORMAT, "values that are not finite");
  if (!rc)
    rc = poll_check(poll, err);
  return rc ? fail_prefix(err, rc, "tensor %.100s", t->name) : OK;
}

int quantize_tensor(Shard *shard, const TensorInfo *t, const Poll *poll,
                    int8_t *q, float *scales, Error *err) {
  size_t dim = t->shape[1];
  Room r;
  int rc = room_open(&r, dim, err);
  if (rc)
    return rc;
  for (size_t row = 0; !rc && row < t->shape[0]; row += ROWS_A_PIECE) {
    rc = quantize_piece(shard, t, row, poll, &r, err);
    size_t rows = piece_rows(t, row);
    memcpy(q + row * dim, r.q, rc ? 0 : rows * dim);
    memcpy(scales + row, r.scales, rc ? 0 : rows * sizeof *scales);
  }
  mem_free(r.floats);
  return rc;
}

/* --- What will be in the file ---------------------------------------------*/

typedef enum Form {
  FORM_FLOATS, /* as F32 */
  FORM_SCALES, /* F32 [n], made with the bytes */
  FORM_BYTES   /* I8, made or copied */
} Form;

typedef struct Item {
  Shard *shard;
  const TensorInfo *t;
  Form form;
  size_t offset, bytes; /* in the new file's data */
} Item;

typedef struct Writing {
  Source *source;
  const Poll *poll;
  Item *items; /* owned: floats and scales, then bytes */
  size_t n;
  size_t data_bytes;
  cJSON *header; /* owned */
  Output out;
  File old; /* open: the file to replace; else there is none */
  size_t data_offset;
} Writing;

static bool is_float(Dtype d) {
  return d == DTYPE_F32 || d == DTYPE_F16 || d == DTYPE_BF16 || d == DTYPE_F64;
}

/* Bytes of the source stay as they are, whoever made them. */
static bool is_quantised(const TensorInfo *t) {
  return is_float(t->dtype) && quantize_applies(t->rank, t->name);
}

/* Where its data will lie: behind all that was added before. */
static int add_item(Writing *w, Shard *shard, const TensorInfo *t, Form form,
                    Error *err) {
  size_t n = form == FORM_SCALES ? t->shape[0] : t->n;
  Item *item = &w->items[w->n++];
  *item = (Item){shard, t, form, w->data_bytes, 0};
  if (!size_mul(n, form == FORM_BYTES ? 1 : sizeof(float), &item->bytes) ||
      !size_add(w->data_bytes, item->bytes, &w->data_bytes))
    return fail(err, ERR_RANGE, "tensor %.100s is too large", t->name);
  return OK;
}

/* What of a tensor belongs into one of the two parts. */
static int add_tensor(Writing *w, Shard *shard, const TensorInfo *t,
                      bool bytes_part, Error *err) {
  if (bytes_part)
    return t->dtype == DTYPE_I8 || is_quantised(t)
               ? add_item(w, shard, t, FORM_BYTES, err)
               : OK;
  return is_float(t->dtype)
             ? add_item(w, shard, t,
                        is_quantised(t) ? FORM_SCALES : FORM_FLOATS, err)
             : OK;
}

/* Two walks over the tensors: floats and scales, then bytes. Places in the data
 * are given out on the way. */
static int list_items(Writing *w, Error *err) {
  const Source *s = w->source;
  size_t most = 0;
  for (size_t i = 0; i < s->n_shards; i++)
    most += 2 * s->shards[i].header.n_tensors;
  w->items = mem_array(most + 1, sizeof *w->items);
  int rc = w->items ? OK : fail_memory(err);
  for (int part = 0; part < 2; part++)
    for (size_t i = 0; i < s->n_shards; i++) {
      Shard *shard = &s->shards[i];
      for (size_t j = 0; !rc && j < shard->header.n_tensors; j++)
        rc = add_tensor(w, shard, &shard->header.tensors[j], part, err);
    }
  return rc;
}

/* --- The header -----------------------------------------------------------*/

/* The checkpoint's texts, under their file names: so the file is whole. */
static int add_metadata(Writing *w, Error *err) {
  cJSON *metadata = cJSON_AddObjectToObject(w->header, "__metadata__");
  bool ok = cJSON_AddStringToObject(metadata, "format", "pt") != NULL;
  for (size_t i = 0; ok && i < w->source->n_texts; i++) {
    const SourceText *t = &w->source->texts[i];
    if (memchr(t->text, 0, t->bytes))
      return fail(err, ERR_FORMAT, "%s: has a NUL", t->name);
    ok = cJSON_AddStringToObject(metadata, t->name, t->text) != NULL;
  }
  return ok ? OK : fail_memory(err);
}

static bool add_numbers(cJSON *entry, const char *key, const size_t *numbers,
                        size_t n) {
  cJSON *array = cJSON_AddArrayToObject(entry, key);
  bool ok = array != NULL;
  for (size_t i = 0; ok && i < n; i++) {
    cJSON *number = cJSON_CreateNumber((double)numbers[i]);
    ok = number && cJSON_AddItemToArray(array, number);
  }
  return ok;
}

static int add_entry(cJSON *header, const Item *item, Error *err) {
  char name[NAME_ROOM];
  const size_t range[] = {item->offset, item->offset + item->bytes};
  size_t rank = item->form == FORM_SCALES ? 1 : item->t->rank;
  int n = snprintf(name, sizeof name, "%s%s%s", item->shard->prefix,
                   item->t->name, item->form == FORM_SCALES ? ".scale" : "");
  if (n < 0 || (size_t)n >= sizeof name)
    return fail(err, ERR_RANGE, "tensor name %.100s... is too long", name);
  cJSON *entry = cJSON_AddObjectToObject(header, name);
  bool ok = entry &&
            cJSON_AddStringToObject(entry, "dtype",
                                    item->form == FORM_BYTES ? "I8" : "F32") &&
            add_numbers(entry, "shape", item->t->shape, rank) &&
            add_numbers(entry, "data_offsets", range, 2);
  return ok ? OK : fail_memory(err);
}

/* Refuses what the loader would refuse. */
static int check_header(const char *text, size_t bytes, size_t data_bytes,
                        Error *err) {
  Safetensors s;
  size_t total;
  if (!size_add(bytes, data_bytes, &total) || !size_add(total, 8, &total))
    return fail(err, ERR_RANGE, "weights too large");
  int rc = safetensors_parse(text, bytes, total, &s, err);
  if (!rc)
    safetensors_clear(&s);
  return rc;
}

/* Eight bytes of length, and the text padded with blanks to eight more. */
static int write_text(Writing *w, const char *text, Error *err) {
  static const char blanks[] = "        ";
  unsigned char length[8];
  size_t n = strlen(text), padded;
  if (!size_round_up(n, 8, &padded))
    return fail(err, ERR_RANGE, "weights too large");
  for (int i = 0; i < 8; i++)
    length[i] = (unsigned char)((uint64_t)padded >> (8 * i));
  w->data_offset = padded + 8;
  int rc = check_header(text, n, w->data_bytes, err);
  if (!rc)
    rc = output_write(&w->out, 0, length, sizeof length, err);
  if (!rc)
    rc = output_write(&w->out, 8, text, n, err);
  return rc ? rc : output_write(&w->out, 8 + n, blanks, padded - n, err);
}

/* Through cJSON, which knows how to escape a vocabulary. */
static int write_header(Writing *w, Error *err) {
  w->header = cJSON_CreateObject();
  int rc = w->header ? add_metadata(w, err) : fail_memory(err);
  for (size_t i = 0; !rc && i < w->n; i++)
    rc = add_entry(w->header, &w->items[i], err);
  if (rc)
    return rc;
  char *text = cJSON_PrintUnformatted(w->header);
  rc = text ? write_text(w, text, err) : fail_memory(err);
  cJSON_free(text);
  return rc;
}

/* --- The data -------------------------------------------------------------*/

/* Floats or bytes as they are, but floats widened. */
static int write_plain(Writing *w, const Item *item, Room *r, Error *err) {
  const TensorInfo *t = item->t;
  size_t width = t->n ? t->bytes / t->n : 1,
         out = t->n ? item->bytes / t->n : 1;
  size_t at = w->data_offset + item->offset;
  for (size_t done = 0, n; done < t->n; done += n) {
    n = t->n - done < PIECE ? t->n - done : PIECE;
    int rc = source_bytes(item->shard, t, done * width, n * width, r->raw, err);
    if (!rc && item->form == FORM_FLOATS)
      rc = tensor_widen(t->dtype, r->raw, n, r->floats, err);
    const void *data = item->form == FORM_FLOATS ? (void *)r->floats : r->raw;
    if (!rc)
      rc = output_write(&w->out, at + done * out, data, n * out, err);
    if (!rc)
      rc = poll_check(w->poll, err);
    if (rc)
      return rc;
  }
  return OK;
}

/* The item of a tensor's scales. */
static const Item *scales_of(const Writing *w, const TensorInfo *t) {
  const Item *item = w->items;
  while (item->t != t || item->form != FORM_SCALES)
    item++;
  return item;
}

/* A matrix, ROWS_A_PIECE rows at a time: bytes to their place, scales to
 * theirs, which lies before. */
static int write_rows(Writing *w, const Item *item, Room *r, Error *err) {
  const TensorInfo *t = item->t;
  size_t scales_at = w->data_offset + scales_of(w, t)->offset;
  size_t at = w->data_offset + item->offset, dim = t->shape[1];
  int rc = OK;
  for (size_t row = 0; !rc && row < t->shape[0]; row += ROWS_A_PIECE) {
    size_t rows = piece_rows(t, row);
    rc = quantize_piece(item->shard, t, row, w->poll, r, err);
    if (!rc)
      rc = output_write(&w->out, at + row * dim, r->q, rows * dim, err);
    if (!rc)
      rc = output_write(&w->out, scales_at + row * sizeof(float), r->scales,
                        rows * sizeof(float), err);
  }
  return rc;
}

static int write_item(Writing *w, const Item *item, Error *err) {
  Room r;
  bool by_rows = item->form == FORM_BYTES && is_quantised(item->t);
  if (item->form == FORM_SCALES)
    return OK; /* written with its bytes */
  int rc =
      room_open(&r, by_rows ? item->t->shape[1] : PIECE / ROWS_A_PIECE, err);
  if (rc)
    return rc;
  rc = by_rows ? write_rows(w, item, &r, err) : write_plain(w, item, &r, err);
  mem_free(r.floats);
  return rc;
}

/* Committed last, when the source is known to be still what was read. */
static int write_all(Writing *w, const char *path, Error *err) {
  int rc = list_items(w, err);
  if (!rc)
    rc = output_open(path, &w->out, err);
  if (!rc)
    rc = write_header(w, err);
  for (size_t i = 0; !rc && i < w->n; i++)
    rc = write_item(w, &w->items[i], err);
  if (!rc)
    rc = source_unchanged(w->source, err);
  return rc ? rc : output_commit(&w->out, w->old.fd < 0 ? NULL : &w->old, err);
}

/* Opens what may be replaced: a safetensors file of that very name. */
static int open_old(const char *path, bool overwrite, File *old, Error *err) {
  if (!overwrite || file_is_link(path) || !file_exists(path))
    return output_check_free(path, err);
  int rc = source_check_file(path, old, err);
  return rc ? fail_prefix(err, rc, "overwrite replaces a safetensors file")
            : OK;
}

/* A checkpoint of a kind that we cannot run is not worth a file: it could not
 * be tried. */
static int check_config(const Source *s, Error *err) {
  Config config;
  const SourceText *t = source_text(s, "config.json");
  return t->text ? config_parse(t->text, t->bytes, &config, err)
                 : fail(err, ERR_IO, "config.json: no such file");
}

int quantize_write(Source *s, const char *path, bool overwrite,
                   const Poll *poll, size_t *bytes, Error *err) {
  int rc = check_config(s, err);
  Writing *w = rc ? NULL : mem_zeroed(sizeof *w);
  if (!w)
    return rc ? rc : fail_memory(err);
  w->source = s;
  w->poll = poll;
  w->out.fd = w->old.fd = -1;
  rc = open_old(path, overwrite, &w->old, err);
  if (!rc)
    rc = write_all(w, path, err);
  *bytes = w->data_offset + w->data_bytes;
  output_close(&w->out);
  file_close(&w->old);
  cJSON_Delete(w->header);
  mem_free(w->items);
  mem_free(w);
  return rc;
}
