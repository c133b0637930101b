/*
 * mutate.c - damages a model directory, in ways that files get damaged and in
 * ways that attackers think of.
 *
 * In:  a Folder and a number.
 * Out: the Folder changed in one or two places, and what that may lead to.
 *
 * Every other number is a border between tensors, less one, exact or plus one
 * byte, until there are no more; the others are for ever: bits and bytes,
 * numbers and words of JSON replaced by the values that break readers, lines of
 * vocabularies, files cut, missing, swapped, or something else than files, and
 * weights that are not finite.
 */
#define _GNU_SOURCE
#include "mutate.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *const names[] = {
    "config.json",
    "model.safetensors",
    "vocab.txt",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
    "merges.txt",
    "model.safetensors.index.json",
    "model-00001-of-00002.safetensors",
    "model-00002-of-00002.safetensors",
    "modules.json",
    "sentence_bert_config.json",
    "1_Pooling/config.json",
};

/* --- Folders --------------------------------------------------------------*/

static bool read_piece(const char *folder, Piece *p) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", folder, p->name);
  FILE *file = fopen(path, "rb");
  if (!file)
    return false;
  fseek(file, 0, SEEK_END);
  p->bytes = (size_t)ftell(file);
  rewind(file);
  p->data = malloc(p->bytes + 1);
  bool read = p->data && fread(p->data, 1, p->bytes, file) == p->bytes;
  fclose(file);
  return read;
}

bool folder_read(Folder *f, const char *path) {
  *f = (Folder){.n = 0};
  char *absolute = realpath(path, NULL);
  snprintf(f->path, sizeof f->path, "%s", absolute ? absolute : path);
  free(absolute);
  for (size_t i = 0; i < COUNT(names); i++) {
    Piece p = {.name = names[i]};
    if (read_piece(path, &p))
      f->pieces[f->n++] = p;
  }
  return f->n > 0;
}

void folder_clear(Folder *f) {
  for (size_t i = 0; i < f->n; i++)
    free(f->pieces[i].data);
  *f = (Folder){.n = 0};
}

static bool write_bytes(const Piece *p, const char *path) {
  FILE *file = fopen(path, "wb");
  if (!file)
    return false;
  bool good = fwrite(p->data, 1, p->bytes, file) == p->bytes;
  good = fclose(file) == 0 && good;
  if (p->form == FORM_SPARSE)
    good = truncate(path, (off_t)1 << 30) == 0 && good;
  return good;
}

static bool write_piece(const Folder *f, const Piece *p, const char *path) {
  char target[1024];
  switch (p->form) {
  case FORM_LINK:
    snprintf(target, sizeof target, "%s/%s", f->path, p->name);
    return symlink(target, path) == 0;
  case FORM_MISSING:
    return true;
  case FORM_FOLDER:
    return mkdir(path, 0777) == 0;
  case FORM_FIFO:
    return mkfifo(path, 0666) == 0;
  case FORM_LOOP:
    return symlink(path, path) == 0;
  default:
    return write_bytes(p, path);
  }
}

bool folder_write(const Folder *f, const char *path) {
  char at[1024];
  bool good = mkdir(path, 0777) == 0;
  for (size_t i = 0; good && i < f->n; i++) {
    snprintf(at, sizeof at, "%s/%s", path, f->pieces[i].name);
    char *slash = strrchr(f->pieces[i].name, '/') ? strrchr(at, '/') : NULL;
    if (slash) {
      *slash = 0;
      mkdir(at, 0777);
      *slash = '/';
    }
    good = write_piece(f, &f->pieces[i], at);
  }
  return good;
}

void folder_remove(const char *path) {
  char at[1024];
  for (size_t i = 0; i < COUNT(names); i++) {
    snprintf(at, sizeof at, "%s/%s", path, names[i]);
    remove(at);
  }
  snprintf(at, sizeof at, "%s/1_Pooling", path);
  remove(at);
  remove(path);
}

/* --- Chance ---------------------------------------------------------------*/

static uint64_t chance; /* state of splitmix64 */

static uint64_t draw(void) {
  uint64_t x = chance += 0x9e3779b97f4a7c15u;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return x ^ x >> 31;
}

static size_t below(size_t n) {
  return n ? (size_t)(draw() % n) : 0;
}

/* --- Changing bytes -------------------------------------------------------*/

/* Puts n bytes in the place of [at, at + old). */
static void splice(Piece *p, size_t at, size_t old, const void *with,
                   size_t n) {
  unsigned char *data = malloc(p->bytes - old + n + 1);
  if (!data)
    abort();
  memcpy(data, p->data, at);
  memcpy(data + at, with, n);
  memcpy(data + at + n, p->data + at + old, p->bytes - at - old);
  free(p->data);
  p->data = data;
  p->bytes += n - old;
  p->form = FORM_BYTES;
}

static void cut(Piece *p, size_t bytes) {
  p->bytes = bytes < p->bytes ? bytes : p->bytes;
  p->form = FORM_BYTES;
}

static bool is_weights(const Piece *p) {
  return strstr(p->name, ".safetensors") && !strstr(p->name, ".json");
}

/* At least 8 bytes are there. */
static uint64_t header_bytes(const Piece *p) {
  uint64_t n = 0;
  memcpy(&n, p->data, 8);
  return n <= p->bytes - 8 ? n : p->bytes - 8;
}

/* A file of weights, or of text, that is as it was; of the other kind where
 * there is none. */
static Piece *any(Folder *f, bool weights) {
  Piece *p = NULL;
  for (int tries = 0; !p || tries < 100; tries++) {
    Piece *q = &f->pieces[below(f->n)];
    if (q->form != FORM_LINK || q->bytes < 16)
      continue;
    p = q;
    if (is_weights(q) == weights)
      break;
  }
  return p;
}

/* --- Mutations ------------------------------------------------------------*/

/* Values that readers get wrong, and words that mean something. */
static const char *const values[] = {"0",
                                     "-1",
                                     "1",
                                     "2",
                                     "3",
                                     "7",
                                     "64",
                                     "127",
                                     "255",
                                     "256",
                                     "511",
                                     "513",
                                     "65535",
                                     "65536",
                                     "1000000",
                                     "2147483647",
                                     "2147483648",
                                     "4294967295",
                                     "4294967296",
                                     "9007199254740993",
                                     "9223372036854775807",
                                     "9223372036854775808",
                                     "18446744073709551615",
                                     "18446744073709551616",
                                     "1e308",
                                     "1e999",
                                     "-1e999",
                                     "1.5",
                                     "0.1",
                                     "NaN",
                                     "Infinity",
                                     "null",
                                     "true",
                                     "false",
                                     "[]",
                                     "{}",
                                     "[[[[[[[[[[]]]]]]]]]]",
                                     "\"\"",
                                     "\"a\"",
                                     "\"\\u0000\"",
                                     "\"\\ud800\"",
                                     "\"../../etc/passwd\"",
                                     "\"/etc/passwd\"",
                                     "\"F32\"",
                                     "\"F16\"",
                                     "\"I8\"",
                                     "\"I64\"",
                                     "\"F8_E4M3\"",
                                     "\"bert\"",
                                     "\"roberta\"",
                                     "\"gpt2\"",
                                     "\"relu\"",
                                     "\"BPE\"",
                                     "\"WordPiece\"",
                                     "\"Unigram\"",
                                     "\"[CLS]\"",
                                     "\"[UNK]\"",
                                     "1e",
                                     "-",
                                     "\"",
                                     "{",
                                     "]",
                                     ","};

/* Where a number, a word or a string begins in [from, to). */
static size_t find_value(const Piece *p, size_t from, size_t to) {
  for (int tries = 0; tries < 1000; tries++) {
    size_t at = from + below(to - from);
    while (at > from && !strchr(":,[{ ", p->data[at - 1]))
      at--;
    if (strchr("0123456789-\"tfn", p->data[at]) && p->data[at])
      return at;
  }
  return from;
}

static size_t value_length(const Piece *p, size_t at, size_t to) {
  size_t n = 1;
  if (p->data[at] == '"') {
    while (at + n < to && p->data[at + n] != '"')
      n++;
    return at + n < to ? n + 1 : n;
  }
  while (at + n < to && !strchr(",]} \n", p->data[at + n]))
    n++;
  return n;
}

static void change_value(Piece *p, size_t from, size_t to) {
  const char *with = values[below(COUNT(values))];
  size_t at = find_value(p, from, to);
  splice(p, at, value_length(p, at, to), with, strlen(with));
}

static Allowed change_json(Folder *f, char what[128]) {
  Piece *p = any(f, false);
  snprintf(what, 128, "value in %s", p->name);
  change_value(p, 0, p->bytes);
  return ALLOW_ANSWER;
}

/* The length in front is right again in three of four. */
static Allowed change_header(Folder *f, char what[128]) {
  Piece *p = any(f, true);
  size_t n = (size_t)header_bytes(p), before = p->bytes;
  snprintf(what, 128, "value in the header of %s", p->name);
  change_value(p, 8, 8 + n);
  uint64_t now = n + p->bytes - before;
  if (below(4))
    memcpy(p->data, &now, 8);
  return ALLOW_SAME;
}

static Allowed flip_header(Folder *f, char what[128]) {
  Piece *p = any(f, true);
  size_t at = below(8 + (size_t)header_bytes(p));
  snprintf(what, 128, "byte %zu of the header of %s", at, p->name);
  p->data[at] ^= (unsigned char)(below(2) ? 1u << below(8) : 1 + below(255));
  p->form = FORM_BYTES;
  return ALLOW_SAME;
}

static Allowed change_size(Folder *f, char what[128]) {
  static const uint64_t sizes[] = {0,
                                   1,
                                   2,
                                   7,
                                   8,
                                   1u << 20,
                                   100000000,
                                   100000001,
                                   INT32_MAX,
                                   UINT32_MAX,
                                   INT64_MAX,
                                   UINT64_MAX,
                                   UINT64_MAX - 8};
  Piece *p = any(f, true);
  uint64_t n =
      below(3) ? sizes[below(COUNT(sizes))] : header_bytes(p) + below(17) - 8;
  snprintf(what, 128, "length %llu of the header of %s", (unsigned long long)n,
           p->name);
  memcpy(p->data, &n, 8);
  p->form = FORM_BYTES;
  return ALLOW_SAME;
}

static Allowed flip_text(Folder *f, char what[128]) {
  Piece *p = any(f, false);
  size_t at = below(p->bytes);
  snprintf(what, 128, "byte %zu of %s", at, p->name);
  p->data[at] ^= (unsigned char)(below(2) ? 1u << below(8) : 1 + below(255));
  p->form = FORM_BYTES;
  return ALLOW_ANSWER;
}

/* A few weights that are no numbers, or too large for any arithmetic. */
static Allowed change_weights(Folder *f, char what[128]) {
  static const uint32_t bits[] = {0x7fc00000, 0x7f800000, 0xff800000,
                                  0x7f7fffff, 0x7e967699, 1,
                                  0x80000000};
  Piece *p = any(f, true);
  size_t start = 8 + (size_t)header_bytes(p), n = 1 + below(64);
  uint32_t value = bits[below(COUNT(bits))];
  snprintf(what, 128, "%zu weights %08x in %s", n, value, p->name);
  for (size_t i = 0; i < n && start + 4 < p->bytes; i++) {
    size_t at = start + below((p->bytes - start) / 4) * 4;
    memcpy(p->data + at, &value, at + 4 <= p->bytes ? 4 : 0);
  }
  p->form = FORM_BYTES;
  return ALLOW_ANSWER;
}

static Allowed cut_file(Folder *f, char what[128]) {
  Piece *p = any(f, below(2));
  bool weights = is_weights(p);
  cut(p, below(p->bytes));
  snprintf(what, 128, "%s cut to %zu bytes", p->name, p->bytes);
  return weights ? ALLOW_ERROR : ALLOW_ANSWER;
}

static Allowed lengthen_file(Folder *f, char what[128]) {
  static const char junk[64] = "\n{}\0junk";
  Piece *p = any(f, below(2));
  size_t n = 1 + below(sizeof junk);
  snprintf(what, 128, "%zu bytes behind %s", n, p->name);
  bool weights = is_weights(p);
  splice(p, p->bytes, 0, junk, n);
  return weights ? ALLOW_ERROR : ALLOW_ANSWER;
}

static Allowed change_form(Folder *f, char what[128]) {
  static const char *const forms[] = {"",       "",          "missing",
                                      "folder", "FIFO",      "link to itself",
                                      "1 GiB",  "no byte of"};
  Piece *p = any(f, below(2));
  size_t form = FORM_MISSING + below(6);
  snprintf(what, 128, "%s %s", forms[form], p->name);
  if (form > FORM_SPARSE)
    cut(p, 0);
  else
    p->form = (Form)form;
  return ALLOW_ANSWER;
}

static Allowed swap_files(Folder *f, char what[128]) {
  Piece *p = any(f, below(2)), *q = any(f, below(2));
  snprintf(what, 128, "%s holds %s", p->name, q->name);
  unsigned char *copy = malloc(q->bytes + 1);
  if (!copy)
    abort();
  memcpy(copy, q->data, q->bytes);
  size_t n = q->bytes;
  splice(p, 0, p->bytes, copy, n);
  free(copy);
  return ALLOW_ANSWER;
}

/* A line of a text changed, taken out, doubled or made very long. */
static Allowed change_line(Folder *f, char what[128]) {
  static const char *const lines[] = {
      "",     "\n",    "[CLS]\n", "[UNK]\n", "a\r\n",
      "##\n", "##a\n", "\xff\n",  "a b\n",   "\xed\xa0\x80\n"};
  Piece *p = any(f, false);
  size_t at = below(p->bytes), n = 0;
  while (at > 0 && p->data[at - 1] != '\n')
    at--;
  while (at + n < p->bytes && p->data[at + n] != '\n')
    n++;
  n += at + n < p->bytes;
  snprintf(what, 128, "line at byte %zu of %s", at, p->name);
  if (below(8)) {
    const char *line = lines[below(COUNT(lines))];
    splice(p, at, below(2) ? n : 0, line, strlen(line));
    return ALLOW_ANSWER;
  }
  static char longest[1 << 20];
  memset(longest, 'a', sizeof longest);
  splice(p, at, 0, longest, sizeof longest);
  return ALLOW_ANSWER;
}

static Allowed (*const mutations[])(Folder *, char[128]) = {
    change_json, change_json, change_json, change_header, change_header,
    flip_header, flip_header, change_size, flip_text,     flip_text,
    change_line, change_line, cut_file,    lengthen_file, change_weights,
    change_form, swap_files,
};

/* --- Borders --------------------------------------------------------------*/

/* Ends of tensors, as the header has them: the second of each data_offsets. */
static size_t end_of_tensor(const Piece *p, size_t index) {
  size_t n = (size_t)header_bytes(p);
  const char *at = (const char *)p->data + 8, *stop = at + n;
  for (size_t i = 0; at < stop; i++) {
    at = memmem(at, (size_t)(stop - at), "\"data_offsets\":[", 16);
    if (!at)
      return 0;
    at = memchr(at, ',', (size_t)(stop - at)) + 1;
    if (i == index)
      return 8 + n + (size_t)strtoull(at, NULL, 10);
  }
  return 0;
}

static Piece *first_weights(const Folder *f) {
  for (size_t i = 0; i < f->n; i++)
    if (is_weights(&f->pieces[i]))
      return (Piece *)(uintptr_t)&f->pieces[i];
  return NULL;
}

/* Around the length, the header, and each tensor. */
enum { EXTRA = 3 };

static size_t count_borders(const Folder *f) {
  size_t n = 0;
  while (end_of_tensor(first_weights(f), n))
    n++;
  return 3 * (n + EXTRA);
}

static Allowed cut_border(Folder *f, size_t number, char what[128]) {
  Piece *p = first_weights(f);
  size_t border = number / 3, was = p->bytes, at;
  at = border == 0   ? 1
       : border == 1 ? 8
       : border == 2 ? 8 + (size_t)header_bytes(p)
                     : end_of_tensor(p, border - EXTRA);
  at += number % 3 - 1;
  snprintf(what, 128, "%s of %zu bytes instead of %zu", p->name, at, was);
  if (at > was)
    splice(p, was, 0, "", 1);
  else
    cut(p, at);
  return at == was ? ALLOW_SAME : ALLOW_ERROR;
}

Allowed mutate(Folder *f, unsigned long number, char what[128]) {
  char second[128];
  size_t borders = count_borders(f);
  if (number % 2 == 0 && number / 2 < borders)
    return cut_border(f, number / 2, what);
  chance = number * 0x2545f4914f6cdd1du;
  Allowed allowed = mutations[below(COUNT(mutations))](f, what);
  if (below(4))
    return allowed;
  size_t used = strlen(what);
  mutations[below(COUNT(mutations))](f, second);
  snprintf(what + used, 128 - used, "; %.60s", second);
  return ALLOW_ANSWER;
}
