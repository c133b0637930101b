/*
 * safetensors.c - turns a file's header into a checked list of tensors.
 *
 * In:  the JSON header and the size of the file; never the data itself.
 * Out: tensors sorted by name, each with a shape whose size was computed
 *      without overflow and a range that lies inside the file.
 *
 *     {"__metadata__": {"format": "pt"},
 *      "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
 *
 * The rule that carries it: sorted by offset, every tensor begins where the
 * one before ends, the first at 0, and the last ends with the file.  It leaves
 * no room for holes, overlaps, shared ranges, cut files or trailing bytes.
 *
 * Agrees with the reference reader (huggingface/safetensors), whose messages
 * test_safetensors.c lists; stricter in repeated names, in the limits of
 * safetensors.h, and in NUL characters and sizes beyond 2^53, which json.c
 * refuses.  Like the reference it ignores unknown keys of a tensor.
 */
#include "tensor/safetensors.h"

#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/memory.h"
#include "base/size.h"

#define WHAT     "safetensors header"
#define METADATA "__metadata__"

/* All names of the format: also a tensor we have no use for must be measured,
 * or the cover has a hole. */
typedef struct DtypeRow {
  const char *name;
  size_t bits; /* an element */
  Dtype dtype;
} DtypeRow;

static const DtypeRow dtypes[] = {
    {"F32", 32, DTYPE_F32},      {"F16", 16, DTYPE_F16},
    {"BF16", 16, DTYPE_BF16},    {"F64", 64, DTYPE_F64},
    {"I8", 8, DTYPE_I8},         {"I64", 64, DTYPE_I64},
    {"BOOL", 8, DTYPE_OTHER},    {"U8", 8, DTYPE_OTHER},
    {"F8_E5M2", 8, DTYPE_OTHER}, {"F8_E4M3", 8, DTYPE_OTHER},
    {"F8_E8M0", 8, DTYPE_OTHER}, {"F8_E4M3FNUZ", 8, DTYPE_OTHER},
    {"I16", 16, DTYPE_OTHER},    {"F8_E5M2FNUZ", 8, DTYPE_OTHER},
    {"U16", 16, DTYPE_OTHER},    {"I32", 32, DTYPE_OTHER},
    {"U32", 32, DTYPE_OTHER},    {"C64", 64, DTYPE_OTHER},
    {"U64", 64, DTYPE_OTHER},    {"F4", 4, DTYPE_OTHER},
    {"F6_E2M3", 6, DTYPE_OTHER}, {"F6_E3M2", 6, DTYPE_OTHER},
};

int safetensors_header_size(const unsigned char first[8], size_t file_size,
                            size_t *header_bytes, Error *err) {
  if (file_size < 8)
    return fail(err, ERR_FORMAT, WHAT ": the file has %zu bytes, 8 at least",
                file_size);
  uint64_t n = 0;
  for (int i = 7; i >= 0; i--)
    n = n << 8 | first[i];
  if (n > SAFETENSORS_MAX_HEADER)
    return fail(err, ERR_RANGE, WHAT ": %llu bytes, the limit is %d",
                (unsigned long long)n, SAFETENSORS_MAX_HEADER);
  if (n > file_size - 8) /* without a sum that could wrap */
    return fail(err, ERR_FORMAT, WHAT ": %llu bytes in a file of %zu",
                (unsigned long long)n, file_size);
  *header_bytes = (size_t)n;
  return OK;
}

/* --- One tensor ----------------------------------------------------------- */

/* Its complaint, with its name in front. */
#define REFUSE(err, code, t, ...)                                              \
  (fail(err, code, __VA_ARGS__), name_tensor(err, code, t))

static int name_tensor(Error *err, int rc, const TensorInfo *t) {
  char shown[ERROR_QUOTE];
  return fail_prefix(err, rc, "tensor \"%s\"", error_quote(shown, t->name));
}

static const DtypeRow *find_dtype(const char *name) {
  for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
    if (strcmp(dtypes[i].name, name) == 0)
      return &dtypes[i];
  return NULL;
}

/* Sets the shape and the number of elements. */
static int read_shape(const cJSON *entry, TensorInfo *t, Error *err) {
  const cJSON *shape = json_get(entry, "shape"), *item;
  if (!cJSON_IsArray(shape))
    return REFUSE(err, ERR_FORMAT, t, "shape must be an array");
  t->n = 1;
  cJSON_ArrayForEach(item, shape) {
    if (t->rank == SAFETENSORS_MAX_RANK)
      return REFUSE(err, ERR_UNSUPPORTED, t, "more than %d dimensions",
                    SAFETENSORS_MAX_RANK);
    size_t *size = &t->shape[t->rank++];
    if (!json_size(item, size))
      return REFUSE(err, ERR_FORMAT, t, "shape must hold whole numbers >= 0");
    if (!size_mul(t->n, *size, &t->n))
      return REFUSE(err, ERR_FORMAT, t, "shape overflows");
  }
  return OK;
}

/* Sets offset and bytes as data_offsets has them. */
static int read_range(const cJSON *entry, TensorInfo *t, Error *err) {
  const cJSON *range = json_get(entry, "data_offsets");
  size_t end;
  if (!cJSON_IsArray(range) || cJSON_GetArraySize(range) != 2 ||
      !json_size(range->child, &t->offset) ||
      !json_size(range->child->next, &end))
    return REFUSE(err, ERR_FORMAT, t,
                  "data_offsets must be two whole numbers >= 0");
  if (end < t->offset)
    return REFUSE(err, ERR_FORMAT, t, "data_offsets end before they begin");
  t->bytes = end - t->offset;
  return OK;
}

/* Fills in *t, which is all zero, and checks that shape and range agree. */
static int read_tensor(const cJSON *entry, TensorInfo *t, Error *err) {
  t->name = entry->string;
  if (!cJSON_IsObject(entry))
    return REFUSE(err, ERR_FORMAT, t, "must be an object");
  const cJSON *dtype = json_get(entry, "dtype");
  if (!cJSON_IsString(dtype))
    return REFUSE(err, ERR_FORMAT, t, "dtype must be a string");
  const DtypeRow *row = find_dtype(dtype->valuestring);
  if (!row) {
    char shown[ERROR_QUOTE];
    return REFUSE(err, ERR_UNSUPPORTED, t, "unknown dtype \"%s\"",
                  error_quote(shown, dtype->valuestring));
  }
  t->dtype = row->dtype;
  t->dtype_name = row->name;
  int rc = read_shape(entry, t, err);
  if (rc == OK)
    rc = read_range(entry, t, err);
  size_t bits;
  if (rc == OK && !size_mul(t->n, row->bits, &bits))
    return REFUSE(err, ERR_FORMAT, t, "shape overflows");
  if (rc == OK && (bits % 8 != 0 || bits / 8 != t->bytes))
    return REFUSE(err, ERR_FORMAT, t, "shape has %zu bits, data %zu bytes",
                  bits, t->bytes);
  return rc;
}

/* --- All of them ---------------------------------------------------------- */

/* Null is as good as none. */
static int check_metadata(const cJSON *metadata, Error *err) {
  if (cJSON_IsNull(metadata))
    return OK;
  if (!cJSON_IsObject(metadata))
    return fail(err, ERR_FORMAT, WHAT ": " METADATA " must be an object");
  const cJSON *item;
  cJSON_ArrayForEach(item, metadata) {
    char shown[ERROR_QUOTE];
    if (!cJSON_IsString(item))
      return fail(err, ERR_FORMAT,
                  WHAT ": " METADATA " \"%s\" must be a string",
                  error_quote(shown, item->string));
  }
  return OK;
}

/* An empty tensor comes before the one that begins at the same byte. */
static int by_offset(const void *a, const void *b) {
  const TensorInfo *x = a, *y = b;
  if (x->offset != y->offset)
    return x->offset < y->offset ? -1 : 1;
  return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const TensorInfo *)a)->name, ((const TensorInfo *)b)->name);
}

/* The rule of the first comment; leaves the tensors sorted by offset. */
static int check_cover(Safetensors *s, size_t data_bytes, Error *err) {
  size_t end = 0;
  if (s->n_tensors > 0)
    qsort(s->tensors, s->n_tensors, sizeof *s->tensors, by_offset);
  for (size_t i = 0; i < s->n_tensors; i++) {
    const TensorInfo *t = &s->tensors[i];
    if (t->offset != end)
      return REFUSE(err, ERR_FORMAT, t,
                    "begins at byte %zu of the data, where %zu is next",
                    t->offset, end);
    end += t->bytes; /* the end that data_offsets gave: at most 2^53 */
  }
  if (end != data_bytes)
    return fail(err, ERR_FORMAT,
                WHAT ": tensors take %zu bytes, the file has %zu for them", end,
                data_bytes);
  return OK;
}

/* Allocates for `count` entries and reads all but __metadata__. */
static int read_tensors(Safetensors *s, size_t count, Error *err) {
  s->tensors = mem_array(count, sizeof *s->tensors);
  if (!s->tensors)
    return fail_memory(err);
  const cJSON *entry;
  cJSON_ArrayForEach(entry, s->header) {
    bool is_metadata = strcmp(entry->string, METADATA) == 0;
    TensorInfo info = {0};
    int rc = is_metadata ? check_metadata(entry, err)
                         : read_tensor(entry, &info, err);
    if (rc != OK)
      return rc;
    if (!is_metadata)
      s->tensors[s->n_tensors++] = info;
  }
  return OK;
}

/* What was built stays in *s, for the caller to clear. */
static int parse(const char *json, size_t header_bytes, size_t file_size,
                 Safetensors *s, Error *err) {
  if (!size_add(header_bytes, 8, &s->data_offset) || s->data_offset > file_size)
    return fail(err, ERR_FORMAT, WHAT ": %zu bytes in a file of %zu",
                header_bytes, file_size);
  int rc = json_parse(WHAT, json, header_bytes, SAFETENSORS_MAX_HEADER,
                      &s->header, err);
  if (rc != OK)
    return rc;
  if (!cJSON_IsObject(s->header))
    return fail(err, ERR_FORMAT, WHAT ": must be an object");
  size_t count = (size_t)cJSON_GetArraySize(s->header);
  if (count > SAFETENSORS_MAX_TENSORS)
    return fail(err, ERR_RANGE, WHAT ": %zu tensors, the limit is %d", count,
                SAFETENSORS_MAX_TENSORS);
  rc = read_tensors(s, count, err);
  if (rc == OK)
    rc = check_cover(s, file_size - s->data_offset, err);
  if (rc == OK && s->n_tensors > 0)
    qsort(s->tensors, s->n_tensors, sizeof *s->tensors, by_name);
  return rc;
}

int safetensors_parse(const char *json, size_t header_bytes, size_t file_size,
                      Safetensors *out, Error *err) {
  *out = (Safetensors){0};
  int rc = parse(json, header_bytes, file_size, out, err);
  if (rc != OK)
    safetensors_clear(out);
  return rc;
}

void safetensors_clear(Safetensors *s) {
  cJSON_Delete(s->header);
  mem_free(s->tensors);
  *s = (Safetensors){0};
}

const TensorInfo *safetensors_find(const Safetensors *s, const char *name) {
  TensorInfo key = {.name = name};
  if (s->n_tensors == 0)
    return NULL;
  return bsearch(&key, s->tensors, s->n_tensors, sizeof key, by_name);
}

void safetensors_keep(Safetensors *s, const char *beginning) {
  size_t n = 0;
  for (size_t i = 0; i < s->n_tensors; i++)
    if (strncmp(s->tensors[i].name, beginning, strlen(beginning)) == 0)
      s->tensors[n++] = s->tensors[i];
  s->n_tensors = n;
}

const char *safetensors_metadata(const Safetensors *s, const char *key) {
  const cJSON *metadata = json_get(s->header, METADATA);
  return cJSON_GetStringValue(json_get(metadata, key));
}
