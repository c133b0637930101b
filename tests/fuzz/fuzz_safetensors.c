/*
 * fuzz_safetensors.c - any bytes as a whole safetensors file.
 *
 * What is accepted is counted anew: every byte of data belongs to just one
 * tensor, sizes agree with shapes in 128-bit arithmetic, names rise and are
 * found, and all float tensors are widened out of the data.
 *
 * The mutator sets the length in front to where the last '}' is, most times:
 * else nearly every input would fail at the first check.
 */
#include <string.h>
#include "base/json.h"
#include "fuzz.h"
#include "tensor/safetensors.h"

static unsigned bits_of(const char *dtype) {
  const char *digits = strpbrk(dtype, "0123456789");
  if (strcmp(dtype, "BOOL") == 0)
    return 8;
  REQUIRE(digits);
  return (unsigned)atoi(digits);
}

static void check_size(const TensorInfo *t) {
  unsigned __int128 n = 1;
  REQUIRE(t->rank <= SAFETENSORS_MAX_RANK);
  for (size_t i = 0; i < t->rank; i++) {
    n *= t->shape[i];
    REQUIRE(n <= SIZE_MAX);
  }
  REQUIRE(n == t->n);
  REQUIRE(n * bits_of(t->dtype_name) == (unsigned __int128)t->bytes * 8);
}

static void check_widen(const TensorInfo *t, const uint8_t *data) {
  float *out = malloc(t->n ? t->n * sizeof *out : 1);
  Error err;
  int rc = tensor_widen(t->dtype, data + t->offset, t->n, out, &err);
  int is_float = t->dtype == DTYPE_F32 || t->dtype == DTYPE_F16 ||
                 t->dtype == DTYPE_BF16 || t->dtype == DTYPE_F64;
  REQUIRE(rc == (is_float ? OK : ERR_UNSUPPORTED));
  free(out);
}

static void check_tensors(const Safetensors *s, const uint8_t *data,
                          size_t size) {
  uint8_t *owners = calloc(size + 1, 1);
  for (size_t i = 0; i < s->n_tensors; i++) {
    const TensorInfo *t = &s->tensors[i];
    check_size(t);
    REQUIRE(t->offset <= size && t->bytes <= size - t->offset);
    for (size_t b = 0; b < t->bytes; b++)
      REQUIRE(++owners[t->offset + b] == 1);
    REQUIRE(i == 0 || strcmp(s->tensors[i - 1].name, t->name) < 0);
    REQUIRE(safetensors_find(s, t->name) == t);
    check_widen(t, data);
  }
  for (size_t b = 0; b < size; b++)
    REQUIRE(owners[b] == 1);
  free(owners);
}

static int parse(const uint8_t *file, size_t size, Safetensors *s, Error *err) {
  size_t header;
  uint8_t first[8] = {0};
  memcpy(first, file, size < 8 ? size : 8);
  int rc = safetensors_header_size(first, size, &header, err);
  if (rc != OK)
    return rc;
  REQUIRE(header <= size - 8);
  char *json = malloc(header ? header : 1); /* of just that size, for ASan */
  if (header > 0)
    memcpy(json, file + 8, header);
  rc = safetensors_parse(json, header, size, s, err);
  free(json);
  return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Safetensors s = {0};
  Error err = {""};
  int rc = parse(data, size, &s, &err);
  REQUIRE(rc == OK || (err.message[0] && !s.header && !s.tensors));
  if (rc == OK) {
    REQUIRE(s.data_offset >= 10 && s.data_offset <= size);
    check_tensors(&s, data + s.data_offset, size - s.data_offset);
    REQUIRE(!safetensors_find(&s, "no such tensor"));
    const char *format = safetensors_metadata(&s, "format");
    REQUIRE(!format || strlen(format) <= size);
  }
  safetensors_clear(&s);
  return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most,
                               unsigned seed) {
  size = LLVMFuzzerMutate(data, size, most);
  if (size < 10 || seed % 8 == 0)
    return size;
  size_t end = size;
  while (end > 8 && data[end - 1] != '}')
    end--;
  for (int i = 0; i < 8; i++)
    data[i] = (uint8_t)((uint64_t)(end - 8) >> (8 * i));
  return size;
}
