/*
 * fingerprint.c - one hash that changes when a checkpoint's results could.
 *
 * SHA-256 over, each with its length in front (so that no two inputs run
 * together the same way):
 *
 *     the numerics version below
 *     every text file of the checkpoint that is there: name, content
 *     every tensor by name: name, dtype, shape, data as stored
 *
 * Stored beside vectors it tells whether they are still comparable.  Raise
 * NUMERICS whenever a kernel, an approximation or a rule changes a bit of any
 * result.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/sha256.h"
#include "model/model.h"
#include "model/source.h"

static const char NUMERICS[] = "distilbert-sqlite numerics 5";

enum { PIECE = 1 << 20 };

/* Eight bytes, the lowest first, on every machine. */
static void add_length(Sha256 *h, size_t bytes) {
  uint64_t n = bytes;
  unsigned char length[8];
  for (int i = 0; i < 8; i++)
    length[i] = (unsigned char)(n >> (8 * i));
  sha256_add(h, length, sizeof length);
}

static void add_block(Sha256 *h, const void *data, size_t bytes) {
  add_length(h, bytes);
  sha256_add(h, data, bytes);
}

static void add_tensor_head(Sha256 *h, const Shard *shard,
                            const TensorInfo *t) {
  size_t prefix = strlen(shard->prefix), rest = strlen(t->name);
  add_length(h, prefix + rest);
  sha256_add(h, shard->prefix, prefix);
  sha256_add(h, t->name, rest);
  add_block(h, t->dtype_name, strlen(t->dtype_name));
  for (size_t i = 0; i < t->rank; i++) {
    char number[32];
    int n = snprintf(number, sizeof number, "%zu", t->shape[i]);
    add_block(h, number, (size_t)n);
  }
}

/* As stored, not as used: a checkpoint and its quantised copy differ. */
static int add_tensor(Sha256 *h, Shard *shard, const TensorInfo *t,
                      const Poll *poll, unsigned char *piece, Error *err) {
  add_tensor_head(h, shard, t);
  for (size_t done = 0; done < t->bytes;) {
    size_t n = t->bytes - done < PIECE ? t->bytes - done : PIECE;
    int rc = source_bytes(shard, t, done, n, piece, err);
    if (!rc)
      rc = poll_check(poll, err);
    if (rc)
      return rc;
    sha256_add(h, piece, n);
    done += n;
  }
  return OK;
}

typedef struct Place {
  Shard *shard;
  const TensorInfo *t;
} Place;

/* Byte i of a tensor's name, its prefix included; 0 behind it. */
static unsigned char name_byte(const Place *p, size_t i) {
  size_t n = strlen(p->shard->prefix);
  return (unsigned char)(i < n ? p->shard->prefix[i] : p->t->name[i - n]);
}

/* By the name alone: in which of its files a tensor is changes no result. */
static int by_name(const void *a, const void *b) {
  const Place *x = a, *y = b;
  size_t i = 0;
  while (name_byte(x, i) && name_byte(x, i) == name_byte(y, i))
    i++;
  return (int)name_byte(x, i) - (int)name_byte(y, i);
}

/* All tensors of the source, in order; mem_free it. NULL: no memory. */
static Place *list_tensors(Source *s, size_t *n) {
  size_t most = 0;
  *n = 0;
  for (size_t i = 0; i < s->n_shards; i++)
    most += s->shards[i].header.n_tensors;
  Place *places = mem_array(most + 1, sizeof *places);
  for (size_t i = 0; places && i < s->n_shards; i++) {
    const Safetensors *header = &s->shards[i].header;
    for (size_t j = 0; j < header->n_tensors; j++)
      places[(*n)++] = (Place){&s->shards[i], &header->tensors[j]};
  }
  if (places)
    qsort(places, *n, sizeof *places, by_name);
  return places;
}

static int add_tensors(Sha256 *h, Source *s, const Poll *poll, Error *err) {
  size_t n;
  unsigned char *piece = mem_alloc(PIECE);
  Place *places = list_tensors(s, &n);
  int rc = piece && places ? OK : fail_memory(err);
  for (size_t i = 0; !rc && i < n; i++)
    rc = add_tensor(h, places[i].shard, places[i].t, poll, piece, err);
  mem_free(places);
  mem_free(piece);
  return rc;
}

/* Closes the source in any case. */
static int hash_source(Source *s, const Poll *poll, Fingerprint *out,
                       Error *err) {
  Sha256 h;
  unsigned char digest[32];
  int rc = source_open_weights(s, err);
  if (rc) {
    source_close(s);
    return rc;
  }
  sha256_init(&h);
  add_block(&h, NUMERICS, sizeof NUMERICS - 1);
  for (size_t i = 0; i < s->n_texts; i++) {
    add_block(&h, s->texts[i].name, strlen(s->texts[i].name));
    add_block(&h, s->texts[i].text, s->texts[i].bytes);
  }
  rc = add_tensors(&h, s, poll, err);
  if (!rc)
    rc = source_unchanged(s, err);
  sha256_end(&h, digest);
  for (int i = 0; i < 32; i++)
    snprintf(out->digits + 2 * i, 3, "%02x", digest[i]);
  out->identity = source_identity(s);
  source_close(s);
  return rc;
}

/* No weights are read for it, only their headers. */
int model_identity(const char *path, uint64_t *out, Error *err) {
  Source s;
  int rc = source_open(path, &s, err);
  if (rc)
    return rc;
  rc = source_open_weights(&s, err);
  *out = rc ? 0 : source_identity(&s);
  source_close(&s);
  return rc;
}

int model_fingerprint(const char *path, const Poll *poll, Fingerprint *out,
                      Error *err) {
  Source s;
  int rc = source_open(path, &s, err);
  return rc ? rc : hash_source(&s, poll, out, err);
}

int model_fingerprint_builtin(const Builtin *b, const Poll *poll,
                              Fingerprint *out, Error *err) {
  Source s;
  int rc = source_open_builtin(b, &s, err);
  return rc ? rc : hash_source(&s, poll, out, err);
}
