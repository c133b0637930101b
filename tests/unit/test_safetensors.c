/*
 * test_safetensors.c - the reference reader's test vectors, its checks in
 * order, and what other readers got wrong (RELIABILITY 3): every row of the
 * table is a header, the bytes of data behind it, and what must be said.
 */
#include "tensor/safetensors.h"

#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "check.h"

typedef struct Case {
  const char *header;
  size_t data;
  int code;
  const char *says;
} Case;

#define T(dtype, shape, range)                                                 \
  "{\"test\":{\"dtype\":\"" dtype "\",\"shape\":" shape                        \
  ",\"data_offsets\":" range "}}"
#define E(name, dtype, shape, range)                                           \
  "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape                     \
  ",\"data_offsets\":" range "}"

/* clang-format off */
static const Case cases[] = {
    /* accepted */
    {"{}", 0, OK, NULL},
    {"\t\n{}\r ", 0, OK, NULL},
    {"{}      ", 0, OK, NULL},
    {T("I32", "[2,2]", "[0,16]"), 16, OK, NULL},
    {T("I32", "[2,0]", "[0,0]"), 0, OK, NULL},
    {T("F32", "[]", "[0,4]"), 4, OK, NULL},
    {T("F32", "[1,1,1,1,1,1,1,2]", "[0,8]"), 8, OK, NULL},
    {T("F64", "[3]", "[0,24]"), 24, OK, NULL},
    {T("F4", "[2]", "[0,1]"), 1, OK, NULL},
    {T("F6_E2M3", "[4]", "[0,3]"), 3, OK, NULL},
    {T("F8_E8M0", "[3]", "[0,3]"), 3, OK, NULL},
    {T("BF16", "[1,3]", "[0,6]"), 6, OK, NULL},
    {T("I64", "[1,2]", "[0,16]"), 16, OK, NULL},
    {"{" E("", "U8", "[1]", "[0,1]") "}", 1, OK, NULL},
    {"{" E("b", "F16", "[1]", "[1,3]") "," E("a", "U8", "[1]", "[0,1]") "}", 3, OK, NULL},
    {"{" E("a", "U8", "[0]", "[0,0]") "," E("b", "U8", "[0,5]", "[0,0]") ","
         E("c", "U8", "[2]", "[0,2]") "," E("d", "U8", "[0]", "[2,2]") "}", 2, OK, NULL},
    {"{\"__metadata__\":{}}", 0, OK, NULL},
    {"{\"__metadata__\":null}", 0, OK, NULL},
    {"{\"__metadata__\":{\"format\":\"pt\"}," E("a", "U8", "[1]", "[0,1]") "}", 1, OK, NULL},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"more\":[{}]}}", 1, OK, NULL},
    /* JSON */
    {"{", 0, ERR_FORMAT, "safetensors header, line 1"},
    {"", 0, ERR_FORMAT, "safetensors header, line 1"},
    {"\xff", 0, ERR_FORMAT, "safetensors header, line 1"},
    {"[]", 0, ERR_FORMAT, "must be an object"},
    {"null", 0, ERR_FORMAT, "must be an object"},
    {"{} x", 0, ERR_FORMAT, "something follows"},
    {"{\"\xff\":1}", 0, ERR_FORMAT, "not UTF-8"},
    {"{" E("a", "U8", "[0]", "[0,0]") "," E("a", "U8", "[0]", "[0,0]") "}", 0, ERR_FORMAT, "key \"a\" twice"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, ERR_FORMAT, "twice"},
    {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, ERR_FORMAT, "twice"},
    {"{\"__metadata__\":{\"a\\u0000b\":\"x\"}}", 0, ERR_FORMAT, "NUL"},
    /* fields */
    {"{\"test\":1}", 0, ERR_FORMAT, "tensor \"test\": must be an object"},
    {"{\"test\":[]}", 0, ERR_FORMAT, "must be an object"},
    {"{\"test\":null}", 0, ERR_FORMAT, "must be an object"},
    {"{\"test\":{}}", 0, ERR_FORMAT, "dtype must be a string"},
    {"{\"test\":{\"shape\":[0],\"data_offsets\":[0,0]}}", 0, ERR_FORMAT, "dtype"},
    {"{\"test\":{\"dtype\":\"U8\",\"data_offsets\":[0,0]}}", 0, ERR_FORMAT, "shape must be"},
    {"{\"test\":{\"dtype\":\"U8\",\"shape\":[0]}}", 0, ERR_FORMAT, "data_offsets"},
    {"{\"test\":{\"dtype\":8,\"shape\":[0],\"data_offsets\":[0,0]}}", 0, ERR_FORMAT, "dtype"},
    {T("U7", "[0]", "[0,0]"), 0, ERR_UNSUPPORTED, "tensor \"test\": unknown dtype \"U7\""},
    {T("f32", "[0]", "[0,0]"), 0, ERR_UNSUPPORTED, "unknown dtype"},
    {T("Q8_0", "[32]", "[0,34]"), 34, ERR_UNSUPPORTED, "unknown dtype"},
    {T("U8", "3", "[0,3]"), 3, ERR_FORMAT, "shape must be an array"},
    {T("U8", "{}", "[0,1]"), 1, ERR_FORMAT, "shape must be an array"},
    {T("U8", "[-1]", "[0,1]"), 1, ERR_FORMAT, "shape must hold"},
    {T("U8", "[1.5]", "[0,1]"), 1, ERR_FORMAT, "shape must hold"},
    {T("U8", "[\"1\"]", "[0,1]"), 1, ERR_FORMAT, "shape must hold"},
    {T("U8", "[null]", "[0,1]"), 1, ERR_FORMAT, "shape must hold"},
    {T("U8", "[true]", "[0,1]"), 1, ERR_FORMAT, "shape must hold"},
    {T("U8", "[[1]]", "[0,1]"), 1, ERR_FORMAT, "shape must hold"},
    {T("U8", "[1e300]", "[0,1]"), 1, ERR_FORMAT, "shape must hold"},
    {T("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]"), 1, ERR_UNSUPPORTED, "more than 8 dimensions"},
    {T("U8", "[1]", "[0]"), 1, ERR_FORMAT, "two whole numbers"},
    {T("U8", "[1]", "[]"), 1, ERR_FORMAT, "two whole numbers"},
    {T("U8", "[1]", "[0,1,1]"), 1, ERR_FORMAT, "two whole numbers"},
    {T("U8", "[1]", "{\"a\":0,\"b\":1}"), 1, ERR_FORMAT, "two whole numbers"},
    {T("U8", "[1]", "[-1,0]"), 1, ERR_FORMAT, "two whole numbers"},
    {T("U8", "[1]", "[0,1.5]"), 1, ERR_FORMAT, "two whole numbers"},
    {T("U8", "[1]", "[\"0\",\"1\"]"), 1, ERR_FORMAT, "two whole numbers"},
    {T("U8", "[1]", "1"), 1, ERR_FORMAT, "two whole numbers"},
    {"{\"__metadata__\":[]}", 0, ERR_FORMAT, "__metadata__ must be an object"},
    {"{\"__metadata__\":\"x\"}", 0, ERR_FORMAT, "__metadata__ must be an object"},
    {"{\"__metadata__\":{\"a\":1}}", 0, ERR_FORMAT, "\"a\" must be a string"},
    {"{\"__metadata__\":{\"a\":null}}", 0, ERR_FORMAT, "\"a\" must be a string"},
    {"{\"__metadata__\":{\"a\":{\"b\":\"c\"}}}", 0, ERR_FORMAT, "must be a string"},
    /* sizes: every length field x {0, 1, max - 1, max}, products that wrap */
    {T("I32", "[2,2]", "[0,4]"), 4, ERR_FORMAT, "shape has 128 bits, data 4 bytes"},
    {T("I32", "[2,2]", "[0,16]"), 14, ERR_FORMAT, "take 16 bytes, the file has 14"},
    {T("I32", "[2,2]", "[0,16]"), 17, ERR_FORMAT, "take 16 bytes, the file has 17"},
    {T("I32", "[2,2]", "[0,15]"), 15, ERR_FORMAT, "data 15 bytes"},
    {T("I32", "[2,2]", "[0,17]"), 17, ERR_FORMAT, "data 17 bytes"},
    {T("I32", "[2,18446744073709551614]", "[0,16]"), 16, ERR_FORMAT, "beyond 2^53"},
    {T("I32", "[0]", "[0,16]"), 16, ERR_FORMAT, "shape has 0 bits"},
    {T("I32", "[1]", "[0,16]"), 16, ERR_FORMAT, "shape has 32 bits"},
    {T("I32", "[9007199254740991]", "[0,16]"), 16, ERR_FORMAT, "data 16 bytes"},
    {T("I32", "[9007199254740992]", "[0,16]"), 16, ERR_FORMAT, "data 16 bytes"},
    {T("I32", "[9007199254740993]", "[0,16]"), 16, ERR_FORMAT, "beyond 2^53"},
    {T("U8", "[4294967296,4294967296]", "[0,0]"), 0, ERR_FORMAT, "shape overflows"},
    {T("U8", "[4294967296,4294967297]", "[0,4294967296]"), 0, ERR_FORMAT, "shape overflows"},
    {T("U8", "[4294967296,4294967296,0]", "[0,0]"), 0, ERR_FORMAT, "shape overflows"},
    {T("U8", "[0,4294967296,4294967296]", "[0,0]"), 0, OK, NULL},
    {T("F32", "[4503599627370496,1024]", "[0,0]"), 0, ERR_FORMAT, "shape overflows"},
    {T("F32", "[4503599627370496,128]", "[0,0]"), 0, ERR_FORMAT, "shape overflows"},
    {T("F64", "[2251799813685248,128]", "[0,0]"), 0, ERR_FORMAT, "shape overflows"},
    {T("F4", "[1]", "[0,1]"), 1, ERR_FORMAT, "shape has 4 bits"},
    {T("F4", "[3]", "[0,1]"), 1, ERR_FORMAT, "shape has 12 bits"},
    {T("F6_E3M2", "[3]", "[0,2]"), 2, ERR_FORMAT, "shape has 18 bits"},
    {T("U8", "[1]", "[0,0]"), 0, ERR_FORMAT, "data 0 bytes"},
    {T("U8", "[1]", "[1,0]"), 1, ERR_FORMAT, "end before they begin"},
    {T("U8", "[1]", "[9007199254740992,9007199254740992]"), 1, ERR_FORMAT, "data 0 bytes"},
    {T("U8", "[0]", "[9007199254740992,9007199254740992]"), 0, ERR_FORMAT, "begins at byte 9007199254740992"},
    {T("U8", "[9007199254740992]", "[0,9007199254740992]"), 1, ERR_FORMAT, "the file has 1"},
    {T("U8", "[1]", "[9007199254740991,9007199254740992]"), 1, ERR_FORMAT, "begins at byte"},
    {T("U8", "[1]", "[0,18446744073709551615]"), 1, ERR_FORMAT, "beyond 2^53"},
    {"{}", 1, ERR_FORMAT, "take 0 bytes, the file has 1"},
    /* holes, overlaps, sharing, polyglots */
    {T("U8", "[1]", "[1,2]"), 2, ERR_FORMAT, "tensor \"test\": begins at byte 1 of the data, where 0 is next"},
    {"{" E("a", "U8", "[1]", "[0,1]") "," E("b", "U8", "[1]", "[2,3]") "}", 3, ERR_FORMAT, "where 1 is next"},
    {"{" E("a", "U8", "[2]", "[0,2]") "," E("b", "U8", "[2]", "[1,3]") "}", 3, ERR_FORMAT, "where 2 is next"},
    {"{" E("a", "U8", "[2]", "[0,2]") "," E("b", "U8", "[2]", "[0,2]") "}", 2, ERR_FORMAT, "where 2 is next"},
    {"{" E("a", "U8", "[4]", "[0,4]") "," E("b", "U8", "[2]", "[1,3]") "}", 4, ERR_FORMAT, "where 4 is next"},
    {"{" E("a", "U8", "[4]", "[0,4]") "," E("b", "U8", "[0]", "[2,2]") "}", 4, ERR_FORMAT, "where 4 is next"},
    {"{" E("a", "U8", "[4]", "[0,4]") "," E("b", "U8", "[0]", "[5,5]") "}", 4, ERR_FORMAT, "where 4 is next"},
    {"{" E("0", "I32", "[2,2]", "[0,16]") "," E("1", "I32", "[2,2]", "[0,16]") ","
         E("2", "I32", "[2,2]", "[0,16]") "," E("3", "I32", "[2,2]", "[0,16]") ","
         E("4", "I32", "[2,2]", "[0,16]") "," E("5", "I32", "[2,2]", "[0,16]") ","
         E("6", "I32", "[2,2]", "[0,16]") "," E("7", "I32", "[2,2]", "[0,16]") ","
         E("8", "I32", "[2,2]", "[0,16]") "," E("9", "I32", "[2,2]", "[0,16]") "}", 16, ERR_FORMAT, "where 16 is next"},
};
/* clang-format on */

/* As a reader of files does it: 8 bytes, then the header. */
static int read_file(const unsigned char *file, size_t n, Safetensors *s,
                     Error *err) {
  unsigned char first[8] = {0};
  size_t header;
  memcpy(first, file, n < 8 ? n : 8);
  *s = (Safetensors){0};
  int rc = safetensors_header_size(first, n, &header, err);
  if (rc != OK)
    return rc;
  char *copy = malloc(header ? header : 1); /* ASan sees any over-read */
  memcpy(copy, file + 8, header);
  rc = safetensors_parse(copy, header, n, s, err);
  free(copy);
  return rc;
}

static unsigned char *build(const char *header, size_t data, size_t *n) {
  size_t length = strlen(header);
  *n = 8 + length + data;
  unsigned char *file = calloc(*n, 1);
  for (int i = 0; i < 8; i++)
    file[i] = (unsigned char)(length >> (8 * i));
  memcpy(file + 8, header, length);
  return file;
}

static void check_case(const Case *c) {
  size_t n;
  Safetensors s;
  Error err = {""};
  unsigned char *file = build(c->header, c->data, &n);
  int rc = read_file(file, n, &s, &err);
  CHECK(rc == c->code, "%s: %d %s", c->header, rc, err.message);
  CHECK(!c->says || strstr(err.message, c->says), "%s: %s", c->header,
        err.message);
  CHECK(rc == OK || (!s.header && !s.tensors && !s.n_tensors), "not empty");
  safetensors_clear(&s);
  free(file);
}

/* Every cut of a good file is refused, and so is a byte more. */
static void check_cuts(void) {
  size_t n;
  Safetensors s;
  Error err;
  unsigned char *file = build("{\"__metadata__\":{\"format\":\"pt\"}," E(
                                  "a", "F32", "[2]", "[0,8]") "}",
                              9, &n);
  for (size_t cut = 0; cut <= n; cut++) {
    unsigned char *copy = malloc(cut ? cut : 1);
    memcpy(copy, file, cut);
    int rc = read_file(copy, cut, &s, &err);
    CHECK(rc == (cut == n - 1 ? OK : ERR_FORMAT), "%zu of %zu: %d", cut, n, rc);
    safetensors_clear(&s);
    free(copy);
  }
  free(file);
}

/* The 8 bytes in front, in a file of 100 bytes. */
static void check_header_size(void) {
  static const struct {
    uint64_t n;
    int code;
  } sizes[] = {{0, OK},
               {1, OK},
               {91, OK},
               {92, OK},
               {93, ERR_FORMAT},
               {SAFETENSORS_MAX_HEADER, ERR_FORMAT},
               {SAFETENSORS_MAX_HEADER + 1, ERR_RANGE},
               {100000001, ERR_RANGE},
               {(uint64_t)1 << 32, ERR_RANGE},
               {(uint64_t)1 << 63, ERR_RANGE},
               {UINT64_MAX - 8, ERR_RANGE},
               {UINT64_MAX - 7, ERR_RANGE},
               {UINT64_MAX - 1, ERR_RANGE},
               {UINT64_MAX, ERR_RANGE}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    unsigned char first[8];
    size_t header = 0;
    Error err;
    for (int b = 0; b < 8; b++)
      first[b] = (unsigned char)(sizes[i].n >> (8 * b));
    int rc = safetensors_header_size(first, 100, &header, &err);
    CHECK(rc == sizes[i].code, "%llu: %d", (unsigned long long)sizes[i].n, rc);
    CHECK(rc != OK || header == sizes[i].n, "%zu", header);
    CHECK(safetensors_header_size(first, 7, &header, &err) == ERR_FORMAT, "7");
  }
  Safetensors s;
  Error err;
  CHECK(safetensors_parse("{}", 2, 9, &s, &err) == ERR_FORMAT, "8 + 2 > 9");
  CHECK(strstr(err.message, "2 bytes in a file of 9"), "%s", err.message);
  CHECK(safetensors_parse("{}", SIZE_MAX, 9, &s, &err) == ERR_FORMAT, "max");
  CHECK(safetensors_parse("{}", 2, 10, &s, NULL) == OK, "exact");
  safetensors_clear(&s);
}

static void check_find(void) {
  size_t n;
  Safetensors s;
  Error err;
  unsigned char *file = build(
      "{\"__metadata__\":{\"format\":\"pt\",\"v\":\"a\\nb\"}," E(
          "b", "F16", "[1,3]",
          "[1,7]") "," E("a", "I8", "[1]", "[0,1]") "," E("c.scale", "F32",
                                                          "[]", "[7,11]") "}",
      11, &n);
  CHECK(read_file(file, n, &s, &err) == OK, "%s", err.message);
  const TensorInfo *t = safetensors_find(&s, "b");
  CHECK(s.n_tensors == 3 && s.data_offset == n - 11, "%zu", s.n_tensors);
  CHECK(t && t->dtype == DTYPE_F16 && !strcmp(t->dtype_name, "F16") &&
            t->rank == 2 && t->shape[0] == 1 && t->shape[1] == 3 && t->n == 3 &&
            t->offset == 1 && t->bytes == 6,
        "b");
  t = safetensors_find(&s, "c.scale");
  CHECK(t && t->rank == 0 && t->n == 1 && t->offset == 7, "c.scale");
  CHECK(safetensors_find(&s, "a") && safetensors_find(&s, "a")->bytes == 1,
        "a");
  CHECK(!safetensors_find(&s, "") && !safetensors_find(&s, "bb") &&
            !safetensors_find(&s, "__metadata__"),
        "absent");
  CHECK(!strcmp(safetensors_metadata(&s, "format"), "pt") &&
            !strcmp(safetensors_metadata(&s, "v"), "a\nb") &&
            !safetensors_metadata(&s, "F"),
        "metadata");
  safetensors_clear(&s);
  CHECK(!safetensors_find(&s, "a") && !safetensors_metadata(&s, "v"), "empty");
  free(file);
}

/* As many tensors as there may be, and a header as large as it may be. */
static void check_large(void) {
  size_t room = SAFETENSORS_MAX_HEADER, length = 1, count = 0;
  char *header = malloc(room + 200);
  header[0] = '{';
  while (count < SAFETENSORS_MAX_TENSORS && length < room - 100)
    length += (size_t)sprintf(header + length,
                              E("%zx", "U8", "[0]", "[0,0]") ",", count++);
  header[length - 1] = '}';
  Safetensors s;
  Error err;
  int rc = safetensors_parse(header, length, length + 8, &s, &err);
  CHECK(rc == OK && s.n_tensors == count && count == 65536, "%zu", count);
  CHECK(safetensors_find(&s, "3fff") != NULL, "found");
  safetensors_clear(&s);
  CHECK(safetensors_parse(header, room + 1, room + 9, &s, &err) == ERR_RANGE,
        "limit");

  length = (size_t)sprintf(header, "{\"__metadata__\":{\"vocab.txt\":\"");
  memset(header + length, 'x', room - 3 - length);
  memcpy(header + room - 3, "\"}}", 3);
  rc = safetensors_parse(header, room, room + 8, &s, &err);
  CHECK(rc == OK && safetensors_metadata(&s, "vocab.txt"), "%s", err.message);
  safetensors_clear(&s);
  free(header);
}

/* The checkpoint built into the library. */
static void check_builtin(void) {
  File file;
  unsigned char first[8];
  size_t header;
  Safetensors s;
  Error err;
  if (file_open("models/all-minilm-l6-v2.safetensors", &file, &err)) {
    SKIP("%s", err.message);
    return;
  }
  int rc = file_read(&file, 0, first, sizeof first, &err);
  CHECK(rc == OK, "%s", err.message);
  rc = safetensors_header_size(first, file.size, &header, &err);
  CHECK(rc == OK && header > 200000, "%s", err.message);
  char *json = malloc(header);
  CHECK(file_read(&file, 8, json, header, &err) == OK, "%s", err.message);
  rc = safetensors_parse(json, header, file.size, &s, &err);
  CHECK(rc == OK && s.n_tensors == 137, "%zu %s", s.n_tensors, err.message);
  const TensorInfo *t =
      safetensors_find(&s, "embeddings.word_embeddings.weight");
  CHECK(t && t->dtype == DTYPE_I8 && t->shape[0] == 30522, "words");
  CHECK(safetensors_metadata(&s, "config.json") != NULL, "config.json");
  safetensors_clear(&s);
  free(json);
  file_close(&file);
}

int main(void) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    check_case(&cases[i]);
  check_cuts();
  check_header_size();
  check_find();
  check_large();
  check_builtin();
  return check_done();
}
