/*
 * test_quantize.c - one-file checkpoints of bytes: written, read, damaged.
 *
 * Every kind of checkpoint is quantised to a file; the file, from disk and
 * from memory, must give the bits that precision = 'int8' of the original
 * gives.  Weights become the bytes that the rule says.  Then the file is
 * damaged in ways that a header can be right and still wrong, and each must
 * be an error that names the tensor; and writing fails in every way it can,
 * which must leave the folder as it was.
 */
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cjson/cJSON.h>
#include "base/memory.h"
#include "check.h"
#include "files.h"
#include "heads.h"
#include "model/encoder.h"
#include "model/quantize.h"
#include "tensor/rows.h"

#define CHECKPOINTS "tests/oracle/data/checkpoints/"

static char folder[] = "/tmp/distilbert-quantize-XXXXXX";

static void path_of(char out[300], const char *name) {
  snprintf(out, 300, "%s/%s", folder, name);
}

static int write_from(const char *from, const char *to, size_t *bytes,
                      Error *err) {
  Source s;
  int code = source_open(from, &s, err);
  if (code)
    return code;
  code = source_open_weights(&s, err);
  if (!code)
    code = quantize_write(&s, to, true, NULL, bytes, err);
  source_close(&s);
  return code;
}

static Model *open_as(const char *path, Precision precision) {
  ModelOptions options = options_none;
  Model *model = NULL;
  Error err = {""};
  options.precision = precision;
  CHECK(!model_open(path, &options, NULL, &model, &err), "%s: %s", path,
        err.message);
  return model;
}

/* --- The rule --------------------------------------------------------------*/

static void test_rows(void) {
  static const float w[3][4] = {{0.5f, -1.0f, 127.0f, 2.5f},
                                {0.0f, 0.0f, -0.0f, 0.0f},
                                {-254.0f, 1.0f, 3.0f, 5.0f}};
  static const int8_t want[3][4] = {
      {0, -1, 127, 2}, {0, 0, 0, 0}, {-127, 0, 2, 2}};
  int8_t q[3][4];
  float scale[3], back[12], bad[4] = {1, 2, 3, 4};
  int32_t sums[3];
  CHECK(rows_quantize(3, 4, w[0], q[0], scale), "finite");
  CHECK(!memcmp(q, want, sizeof q), "%d %d %d %d, %d %d %d", q[0][0], q[0][1],
        q[0][2], q[0][3], q[2][0], q[2][1], q[2][2]);
  CHECK(scale[0] == 1.0f && scale[1] == 1.0f && scale[2] == 2.0f, "scales");
  rows_widen(3, 4, q[0], scale, back);
  CHECK(back[2] == 127.0f && back[8] == -254.0f && back[10] == 4.0f, "back");
  rows_sum(3, 4, q[0], sums);
  CHECK(sums[0] == 128 && sums[1] == 0 && sums[2] == -123, "%d %d", sums[0],
        sums[2]);
  for (int i = 0; i < 4; i++) {
    bad[i] = i % 2 ? INFINITY : NAN;
    CHECK(!rows_quantize(1, 4, bad, q[0], scale), "not finite at %d", i);
    bad[i] = 1;
  }
}

/* --- The same bits ---------------------------------------------------------
 */

static uint64_t hash_of(const Model *m) {
  enum { N = 37 };
  Token tokens[N];
  Run run = {ENGINE_NATIVE, 2, {0}};
  Hidden h;
  Error err = {""};
  uint64_t hash = 1;
  for (int i = 0; i < N; i++)
    tokens[i] = (Token){.id = 5 + i * 71 % 700};
  CHECK(!encoder_run(m, &run, &(Sequence){tokens, N}, 1, &h, &err), "%s",
        err.message);
  for (size_t i = 0; i < m->config.dim * LANES * 2; i++) {
    uint32_t bits;
    memcpy(&bits, &h.hidden[i], sizeof bits);
    hash = (hash ^ bits) * 1099511628211u;
  }
  hidden_clear(&h);
  return hash;
}

static uint64_t hash_fill(const Model *m) {
  Token tokens[9] = {{.id = 2}, {.id = 9}, {.id = 4}};
  Run run = {ENGINE_NATIVE, 2, {0}};
  Error err = {""};
  size_t at = 2, V = m->config.vocab_size;
  float *logits = calloc(V, sizeof *logits);
  uint64_t hash = 1;
  CHECK(!head_of(m, &run, TASK_FILL, &(Sequence){tokens, 9}, &at, 1, logits,
                 &err),
        "%s", err.message);
  for (size_t i = 0; i < V; i++)
    hash = (hash ^ (uint64_t)(int64_t)(logits[i] * 1e5f)) * 1099511628211u;
  free(logits);
  return hash;
}

static void compare(const char *name, const Model *a, const Model *b) {
  if (!a || !b)
    return;
  CHECK(a->precision == PRECISION_INT8 && b->precision == PRECISION_INT8, "%s",
        name);
  CHECK(hash_of(a) == hash_of(b), "%s: other bits", name);
  CHECK(a->tasks == b->tasks && a->max_tokens == b->max_tokens, "%s", name);
  if (a->tasks & TASK_BIT(TASK_ANSWER))
    CHECK(!memcmp(a->heads[TASK_ANSWER].last.weight,
                  b->heads[TASK_ANSWER].last.weight,
                  2 * a->config.dim * sizeof(float)),
          "%s: head", name);
  if (a->tasks & TASK_BIT(TASK_FILL))
    CHECK(hash_fill(a) == hash_fill(b), "%s: masked words", name);
}

static Model *open_memory(const Blob *b, Error *err) {
  Model *m = NULL;
  Builtin file = {.file = b->data, .end = b->data + b->bytes};
  model_open_builtin(&file, &options_none, NULL, &m, err);
  return m;
}

static void test_checkpoint(const char *name) {
  char from[300], to[300];
  size_t bytes = 0;
  Error err = {""};
  snprintf(from, sizeof from, CHECKPOINTS "%s", name);
  path_of(to, "one.safetensors");
  CHECK(!write_from(from, to, &bytes, &err), "%s: %s", name, err.message);
  Blob blob = read_file(to);
  CHECK(blob.bytes == bytes, "%zu bytes, not %zu", blob.bytes, bytes);
  Model *loaded = open_as(from, PRECISION_INT8);
  Model *file = open_as(to, PRECISION_FILE);
  Model *memory = open_memory(&blob, &err);
  CHECK(memory != NULL, "%s: %s", name, err.message);
  compare(name, loaded, file);
  compare(name, loaded, memory);
  CHECK(memory && file && memory->bytes < file->bytes, "%s: in place", name);
  model_free(loaded);
  model_free(file);
  model_free(memory);
  free(blob.data);
}

/* A file of bytes, quantised again, is the same file. */
static void test_again(void) {
  char one[300], two[300];
  size_t bytes;
  Error err = {""};
  path_of(one, "one.safetensors");
  path_of(two, "two.safetensors");
  CHECK(!write_from(one, two, &bytes, &err), "%s", err.message);
  Blob a = read_file(one), b = read_file(two);
  CHECK(a.bytes == b.bytes && !memcmp(a.data, b.data, a.bytes), "other bytes");
  free(a.data);
  free(b.data);
  CHECK(!write_from(one, one, &bytes, &err), "onto itself: %s", err.message);
  CHECK(bytes == b.bytes, "%zu bytes", bytes);
}

/* --- Damaged files ---------------------------------------------------------
 */

static uint64_t header_size(const Blob *b) {
  uint64_t n;
  memcpy(&n, b->data, 8);
  return n;
}

/* The blob again with another header over the same data. */
static Blob with_header(const Blob *b, const cJSON *header) {
  char *text = cJSON_PrintUnformatted(header);
  uint64_t n = strlen(text);
  size_t data = b->bytes - 8 - (size_t)header_size(b);
  Blob out = {malloc(8 + n + data), 8 + n + data};
  memcpy(out.data, &n, 8);
  memcpy(out.data + 8, text, n);
  memcpy(out.data + 8 + n, b->data + b->bytes - data, data);
  free(text);
  return out;
}

static cJSON *header_of(const Blob *b) {
  return cJSON_ParseWithLength((char *)b->data + 8, (size_t)header_size(b));
}

static void expect(const char *what, const Blob *b, const char *message) {
  Error err = {""};
  Model *m = open_memory(b, &err);
  CHECK(!m && strstr(err.message, message), "%s: '%s', not '%s'", what,
        err.message, message);
  model_free(m);
}

#define LAYER0 "distilbert.transformer.layer.0.attention."
#define QUERY  LAYER0 "q_lin.weight"
#define DOWN   "distilbert.transformer.layer.1.ffn.lin2.weight"
#define WORDS  "distilbert.embeddings.word_embeddings.weight"

static void check_renamed(const Blob *b, const char *name,
                          const char *message) {
  cJSON *header = header_of(b);
  cJSON *item = cJSON_DetachItemFromObjectCaseSensitive(header, name);
  cJSON_AddItemToObject(header, "elsewhere", item);
  Blob damaged = with_header(b, header);
  expect(name, &damaged, message);
  free(damaged.data);
  cJSON_Delete(header);
}

/* dtype and shape of one entry, over the same bytes. */
static void check_retyped(const Blob *b, const char *name, const char *dtype,
                          const char *shape, const char *message) {
  cJSON *header = header_of(b);
  cJSON *item = cJSON_GetObjectItemCaseSensitive(header, name);
  cJSON_ReplaceItemInObject(item, "dtype", cJSON_CreateString(dtype));
  cJSON_ReplaceItemInObject(item, "shape", cJSON_Parse(shape));
  Blob damaged = with_header(b, header);
  expect(name, &damaged, message);
  free(damaged.data);
  cJSON_Delete(header);
}

static void check_scale(const Blob *b, const char *name, float value,
                        const char *message) {
  cJSON *header = header_of(b);
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(header, name);
  const cJSON *range = cJSON_GetObjectItemCaseSensitive(item, "data_offsets");
  size_t at = (size_t)cJSON_GetArrayItem(range, 1)->valuedouble;
  Blob damaged = with_header(b, header);
  size_t data = 8 + (size_t)header_size(&damaged);
  memcpy(damaged.data + data + at - 4, &value, 4); /* of the last row */
  expect(name, &damaged, message);
  free(damaged.data);
  cJSON_Delete(header);
}

static void test_damaged(void) {
  char from[300], to[300];
  size_t bytes;
  Error err = {""};
  snprintf(from, sizeof from, CHECKPOINTS "distilbert-uncased-qa");
  path_of(to, "one.safetensors");
  CHECK(!write_from(from, to, &bytes, &err), "%s", err.message);
  Blob b = read_file(to);
  static const char *const names[] = {QUERY, WORDS, DOWN};
  for (size_t i = 0; i < 3; i++) {
    char scale[200];
    snprintf(scale, sizeof scale, "%s.scale", names[i]);
    check_renamed(&b, names[i], "is missing");
    check_renamed(&b, scale, "is missing");
    check_scale(&b, scale, NAN, "is not a number >= 0");
    check_scale(&b, scale, INFINITY, "is not a number >= 0");
    check_scale(&b, scale, -0.01f, "is not a number >= 0");
  }
  /* 32 rows: their scales as a column, as halves, as bytes */
  check_retyped(&b, QUERY ".scale", "F32", "[32,1]", "has another shape");
  check_retyped(&b, QUERY ".scale", "F16", "[64]", "has another shape");
  check_retyped(&b, QUERY ".scale", "I8", "[128]", "has another shape");
  check_retyped(&b, QUERY ".scale", "I32", "[32]", "F32, F16, BF16 or F64");
  check_retyped(&b, QUERY, "U8", "[32,32]", "F32, F16, BF16 or F64");
  check_retyped(&b, QUERY, "F32", "[32,8]", "has another shape");
  check_retyped(&b, QUERY, "F32", "[256]", "has another shape");
  check_retyped(&b, QUERY, "I8", "[1024]", "has another shape");
  check_retyped(&b, LAYER0 "q_lin.bias", "I8", "[128]", "has another shape");
  check_retyped(&b, LAYER0 "q_lin.bias", "I32", "[32]", "F32, F16, BF16");
  check_retyped(&b, "distilbert.embeddings.LayerNorm.weight", "I32", "[32]",
                "F32, F16, BF16 or F64");
  expect("cut", &(Blob){b.data, b.bytes - 1}, "file");
  free(b.data);
}

/* NAME as zeros of floats, behind everything else. */
static Blob with_floats(const Blob *b, const char *name, size_t n) {
  cJSON *header = header_of(b), *shape = cJSON_CreateArray();
  cJSON *range = cJSON_CreateArray(), *entry = cJSON_CreateObject();
  size_t end = b->bytes - 8 - (size_t)header_size(b), bytes = n * n * 4;
  cJSON_AddItemToObject(header, "old",
                        cJSON_DetachItemFromObjectCaseSensitive(header, name));
  for (int i = 0; i < 2; i++) {
    cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)n));
    cJSON_AddItemToArray(range,
                         cJSON_CreateNumber((double)(end + (i ? bytes : 0))));
  }
  cJSON_AddStringToObject(entry, "dtype", "F32");
  cJSON_AddItemToObject(entry, "shape", shape);
  cJSON_AddItemToObject(entry, "data_offsets", range);
  cJSON_AddItemToObject(header, name, entry);
  Blob out = with_header(b, header);
  out.data = realloc(out.data, out.bytes + bytes);
  memset(out.data + out.bytes, 0, bytes);
  out.bytes += bytes;
  cJSON_Delete(header);
  return out;
}

/* A layer of floats among layers of bytes: each computes as it is. */
static void test_mixed(void) {
  static const char *const names[] = {QUERY, LAYER0 "k_lin.weight"};
  char path[300];
  path_of(path, "one.safetensors");
  Blob b = read_file(path);
  for (size_t i = 0; i < 2; i++) {
    Blob mixed = with_floats(&b, names[i], 32);
    Error err = {""};
    Model *m = open_memory(&mixed, &err);
    CHECK(m && m->precision == PRECISION_INT8, "%s", err.message);
    CHECK(m && hash_of(m) != 0, "runs");
    model_free(m);
    free(mixed.data);
  }
  free(b.data);
}

/* --- Writing that fails ----------------------------------------------------
 */

static int count_files(void) {
  int n = 0;
  DIR *d = opendir(folder);
  while (d && readdir(d))
    n++;
  closedir(d);
  return n;
}

static void check_failure(const char *what, const char *from, const char *to,
                          int code, const char *message) {
  Error err = {""};
  size_t bytes;
  int before = count_files(), got = write_from(from, to, &bytes, &err);
  CHECK(got == code && strstr(err.message, message), "%s: %d '%s'", what, got,
        err.message);
  CHECK(count_files() == before, "%s: files are left", what);
}

static void test_failures(void) {
  char path[300], taken[300];
  static const char from[] = CHECKPOINTS "distilbert-uncased-qa";
  path_of(path, "no/such/folder");
  check_failure("folder", from, path, ERR_IO, "no such file");
  path_of(taken, "taken");
  CHECK(!mkdir(taken, 0777), "mkdir");
  check_failure("taken", from, taken, ERR_IO, "is a folder");
  rmdir(taken);
  check_failure("empty", from, "", ERR_RANGE, "a path has 1 to");
  /* A file may not grow beyond this: as when the disk is full. */
  struct rlimit old, small = {20000, 20000};
  getrlimit(RLIMIT_FSIZE, &old);
  small.rlim_max = old.rlim_max;
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  path_of(path, "large");
  check_failure("full", from, path, ERR_IO, "errno");
  setrlimit(RLIMIT_FSIZE, &old);
}

/* A name that another writer is using is passed over. */
static void test_collision(void) {
  char path[300], other[400];
  size_t bytes;
  Error err = {""};
  path_of(path, "same");
  snprintf(other, sizeof other, "%s.%ld-0.tmp", path, (long)getpid());
  FILE *file = fopen(other, "w");
  fclose(file);
  int code =
      write_from(CHECKPOINTS "distilbert-uncased-qa", path, &bytes, &err);
  CHECK(!code && file_exists(path) && file_exists(other), "%s", err.message);
  unlink(path);
  unlink(other);
}

/* --- What is there already -------------------------------------------------*/

static int write_to(const char *path, bool overwrite, Error *err) {
  Source s;
  size_t bytes;
  CHECK(!source_open(CHECKPOINTS "distilbert-uncased-qa", &s, err) &&
            !source_open_weights(&s, err),
        "%s", err->message);
  alarm(10); /* a FIFO would hang for ever */
  int code = quantize_write(&s, path, overwrite, NULL, &bytes, err);
  alarm(0);
  source_close(&s);
  return code;
}

/* Refused with and without `overwrite`, and left alone. */
static void check_kept(const char *path, const char *says, const char *asked) {
  struct stat before, after;
  Error err = {""};
  int files = count_files();
  CHECK(lstat(path, &before) == 0, "%s", path);
  CHECK(write_to(path, false, &err) == ERR_IO && strstr(err.message, says),
        "%s: %s", path, err.message);
  CHECK(write_to(path, true, &err) && strstr(err.message, asked), "%s: %s",
        path, err.message);
  CHECK(lstat(path, &after) == 0 && before.st_ino == after.st_ino &&
            before.st_size == after.st_size && before.st_mode == after.st_mode,
        "%s was replaced", path);
  CHECK(count_files() == files, "files are left");
}

static void test_taken(void) {
  char path[300], link[300];
  Error err = {""};
  static const char is_link[] = "link: is a link, which is never replaced";
  path_of(path, "file");
  path_of(link, "link");
  FILE *f = fopen(path, "w");
  CHECK(f && fputs("SQLite format 3, or what else is dear", f) >= 0, "%s",
        path);
  fclose(f);
  check_kept(path, "file: exists already",
             "overwrite replaces a safetensors file: file: ");
  CHECK(!symlink(path, link), "symlink");
  check_kept(link, is_link, is_link);
  unlink(path);
  check_kept(link, is_link, is_link); /* now it leads nowhere */
  CHECK(!mkfifo(path, 0600), "mkfifo");
  check_kept(path, "file: is no regular file", "file: is no regular file");
  check_kept(link, is_link, is_link);
  unlink(path);
  CHECK(!write_to(path, true, &err), "nothing is there: %s", err.message);
  check_kept(link, is_link, is_link);
  CHECK(write_to(path, false, &err) == ERR_IO &&
            strstr(err.message, "file: exists already"),
        "%s", err.message);
  CHECK(!write_to(path, true, &err), "our own kind: %s", err.message);
  unlink(path);
  unlink(link);
}

/* What somebody else makes while we write stays. */
typedef struct Meanwhile {
  const char *path;
  int polls;
} Meanwhile;

static bool make_file(void *arg) {
  Meanwhile *m = arg;
  if (m->polls++ == 5) {
    unlink(m->path);
    FILE *f = fopen(m->path, "w");
    fputs("theirs", f);
    fclose(f);
  }
  return false;
}

static void check_meanwhile(bool overwrite, const char *says) {
  char path[300];
  Source s;
  size_t bytes;
  Error err = {""};
  path_of(path, "meanwhile");
  Meanwhile m = {path, 0};
  CHECK(!source_open(CHECKPOINTS "distilbert-uncased-qa", &s, &err) &&
            !source_open_weights(&s, &err),
        "%s", err.message);
  CHECK(quantize_write(&s, path, overwrite, &(Poll){make_file, &m}, &bytes,
                       &err) == ERR_IO &&
            strstr(err.message, says),
        "%s", err.message);
  source_close(&s);
  Blob b = read_file(path);
  CHECK(m.polls > 5 && b.bytes == 6 && !memcmp(b.data, "theirs", 6), "lost");
  free(b.data);
  unlink(path);
}

static void test_meanwhile(void) {
  char path[300];
  Error err = {""};
  path_of(path, "meanwhile");
  check_meanwhile(false, "meanwhile: exists already");
  check_meanwhile(true, "meanwhile: exists already");
  CHECK(!write_to(path, false, &err), "%s", err.message);
  check_meanwhile(true, "meanwhile: was changed by somebody else meanwhile");
}

static bool stop_at(void *left) {
  return --*(int *)left < 0;
}

static void test_interrupt(void) {
  char path[300];
  int before = count_files(), code = ERR_INTERRUPT, polls = 0;
  path_of(path, "stopped");
  for (; code == ERR_INTERRUPT && polls < 10000; polls++) {
    int left = polls;
    Source s;
    Error err = {""};
    size_t bytes;
    CHECK(!source_open(CHECKPOINTS "distilbert-uncased-qa", &s, &err) &&
              !source_open_weights(&s, &err),
          "%s", err.message);
    code =
        quantize_write(&s, path, false, &(Poll){stop_at, &left}, &bytes, &err);
    source_close(&s);
    CHECK(code == OK || count_files() == before, "files are left");
  }
  CHECK(code == OK && polls > 10, "code %d after %d polls", code, polls);
  unlink(path);
}

int main(void) {
  static const char *const names[] = {
      "distilbert-uncased-base", "bert-uncased-minilm",
      "distilbert-uncased-bf16", "distilbert-uncased-sharded",
      "distilbert-uncased-fp16", "distilbert-uncased-sinusoidal",
      "distilbert-uncased-mlm",  "distilbert-uncased-mlm-tied",
      "bert-uncased-mlm",        "roberta-mlm",
      "distilbert-uncased-qa"};
  CHECK(mkdtemp(folder) != NULL, "%s", folder);
  test_rows();
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    test_checkpoint(names[i]);
  test_again();
  test_damaged();
  test_mixed();
  test_failures();
  test_collision();
  test_taken();
  test_meanwhile();
  test_interrupt();
  char path[300];
  path_of(path, "one.safetensors");
  unlink(path);
  path_of(path, "two.safetensors");
  unlink(path);
  CHECK(rmdir(folder) == 0, "files are left in %s", folder);
  return check_done();
}
