/*
 * source.c - opens a checkpoint, whatever its form.
 *
 * In:  a path, or a built-in checkpoint.
 * Out: validated headers, open files, and the texts of config and tokenizer.
 *
 * A directory is looked through as transformers does: model.safetensors, else
 * model.safetensors.index.json and its shards.  A file that is there but is no
 * regular file is an error, not a missing one; substitute.c knows what people
 * have instead.  A one-file checkpoint carries the texts under their file names
 * in __metadata__.
 *
 *     DIR/config.json  vocab.txt  ...        one.safetensors
 *     DIR/model.safetensors                    __metadata__: config.json, ...
 *
 *     DIR/0_Transformer/ ...                 of an older sentence model
 *     DIR/modules.json  1_Pooling/config.json  2_Dense/model.safetensors
 *
 * Tensor data is read from the opened files only, at offsets that
 * safetensors.c has checked against the file's size.
 */
#include "model/source.h"

#include <stdio.h>
#include <string.h>
#include "base/memory.h"
#include "base/size.h"
#include "model/substitute.h"

enum { TEXT_LIMIT = 64 << 20, PATH_ROOM = 4096, READ_PIECE = 1 << 20 };

/* Beside these: modules.json, and the config.json of each module. */
static const char *const text_names[] = {"config.json",
                                         "tokenizer.json",
                                         "tokenizer_config.json",
                                         "special_tokens_map.json",
                                         "vocab.txt",
                                         "vocab.json",
                                         "merges.txt",
                                         "added_tokens.json",
                                         "sentence_bert_config.json",
                                         "sentence_distilbert_config.json",
                                         "sentence_roberta_config.json"};

void source_close(Source *s) {
  for (size_t i = 0; i < s->n_shards; i++) {
    safetensors_clear(&s->shards[i].header);
    if (s->shards[i].is_open)
      file_close(&s->shards[i].file);
  }
  mem_free(s->shards);
  for (size_t i = 0; i < s->n_texts; i++)
    mem_free(s->texts[i].text);
  mem_free(s->texts);
  mem_free(s->folder);
  *s = (Source){0};
}

/* n more shards, closed. */
static int add_shards(Source *s, size_t n, Error *err) {
  size_t count, bytes;
  void *grown = NULL;
  if (size_add(s->n_shards, n, &count) &&
      size_mul(count, sizeof *s->shards, &bytes))
    grown = mem_resize(s->shards, bytes);
  if (!grown)
    return fail_memory(err);
  s->shards = grown;
  memset(s->shards + s->n_shards, 0, n * sizeof *s->shards);
  s->n_shards = count;
  return OK;
}

/* Reads and checks the header of an open file. */
static int read_header(Shard *shard, Error *err) {
  unsigned char first[8] = {0};
  size_t bytes, room;
  int rc = substitute_check_file(&shard->file, err);
  if (!rc && shard->file.size >= sizeof first)
    rc = file_read(&shard->file, 0, first, sizeof first, err);
  if (!rc)
    rc = safetensors_header_size(first, shard->file.size, &bytes, err);
  if (rc)
    return rc;
  char *json = size_add(bytes, 1, &room) ? mem_alloc(room) : NULL;
  if (!json)
    return fail_memory(err);
  rc = file_read(&shard->file, sizeof first, json, bytes, err);
  if (!rc)
    rc = safetensors_parse(json, bytes, shard->file.size, &shard->header, err);
  mem_free(json);
  return rc;
}

/* A header is read in two steps: eight bytes that tell its length, which the
 * size of the file limits, and then that much. */
static int open_shard(const char *path, Shard *shard, Error *err) {
  int rc = file_open(path, &shard->file, err);
  if (rc)
    return rc;
  shard->is_open = true;
  rc = read_header(shard, err);
  return rc ? fail_prefix(err, rc, "%s", shard->file.name) : OK;
}

static int open_named(const char *folder, const char *name, Shard *shard,
                      Error *err) {
  char path[PATH_ROOM];
  int rc = path_join(path, sizeof path, folder, name, err);
  return rc ? rc : open_shard(path, shard, err);
}

/* Every tensor of the index must be in the shard that the index says. */
static int check_index(const Source *s, const ShardIndex *index, Error *err) {
  char tensor[ERROR_QUOTE], file[ERROR_QUOTE];
  for (size_t i = 0; i < index->n_tensors; i++) {
    const ShardTensor *t = &index->tensors[i];
    if (!safetensors_find(&s->shards[t->shard].header, t->name))
      return fail(err, ERR_FORMAT,
                  "model.safetensors.index.json: tensor %s is not in %s",
                  error_quote(tensor, t->name),
                  error_quote(file, index->shards[t->shard]));
  }
  return OK;
}

static int open_indexed(const char *folder, const ShardIndex *index, Source *s,
                        Error *err) {
  int rc = add_shards(s, index->n_shards, err);
  for (size_t i = 0; !rc && i < index->n_shards; i++)
    rc = open_named(folder, index->shards[i], &s->shards[i], err);
  return rc ? rc : check_index(s, index, err);
}

/* model.safetensors.index.json names the file of each tensor. It is written by
 * hand at times, so it is held against the shards' own headers. */
static int open_sharded(const char *folder, const char *path, Source *s,
                        Error *err) {
  char *json;
  size_t bytes;
  ShardIndex index = {0};
  int rc = file_text(path, SHARD_INDEX_MAX, &json, &bytes, err);
  if (rc)
    return rc;
  rc = substitute_check_text("model.safetensors.index.json", json, err);
  if (!rc)
    rc = shard_index_parse(json, bytes, &index, err);
  if (!rc)
    rc = open_indexed(folder, &index, s, err);
  shard_index_clear(&index);
  mem_free(json);
  return rc;
}

/* One file is preferred to shards, as transformers does. */
static int open_weights(const char *folder, Source *s, Error *err) {
  char path[PATH_ROOM];
  int rc = path_join(path, sizeof path, folder, "model.safetensors", err);
  if (rc)
    return rc;
  if (file_kind(path) != FILE_NONE) {
    rc = add_shards(s, 1, err);
    return rc ? rc : open_shard(path, &s->shards[0], err);
  }
  rc =
      path_join(path, sizeof path, folder, "model.safetensors.index.json", err);
  if (rc)
    return rc;
  if (file_kind(path) != FILE_NONE)
    return open_sharded(folder, path, s, err);
  return substitute_refuse(folder, "model.safetensors", err);
}

/* --- Texts ----------------------------------------------------------------*/

/* Takes ownership of `text`, also when it fails. */
/* A list, for there are as many as modules name. */
static int add_text(Source *s, const char *name, char *text, size_t bytes,
                    Error *err) {
  if (mem_reserve(&s->texts, &s->texts_room, s->n_texts + 1,
                  sizeof *s->texts)) {
    mem_free(text);
    return fail_memory(err);
  }
  SourceText *t = &s->texts[s->n_texts++];
  snprintf(t->name, sizeof t->name, "%s", name);
  t->text = text;
  t->bytes = bytes;
  return OK;
}

/* FOLDER/NAME, if there is such a file. */
static int take_file(Source *s, const char *folder, const char *name,
                     Error *err) {
  char path[PATH_ROOM], *text;
  size_t bytes;
  int rc = path_join(path, sizeof path, folder, name, err);
  if (rc || file_kind(path) == FILE_NONE)
    return rc;
  rc = file_text(path, TEXT_LIMIT, &text, &bytes, err);
  if (rc)
    return rc;
  rc = substitute_check_text(name, text, err);
  if (!rc)
    return add_text(s, name, text, bytes, err);
  mem_free(text);
  return rc;
}

/* A text of a one-file checkpoint, copied out of its metadata. */
static int take_metadata(Source *s, const char *name, Error *err) {
  const char *text = safetensors_metadata(&s->shards[0].header, name);
  if (!text)
    return OK;
  char *copy = mem_text(text, strlen(text));
  return copy ? add_text(s, name, copy, strlen(text), err) : fail_memory(err);
}

/* A text that is not there is no error here: who needs it says so. */
static int take(Source *s, const char *folder, const char *name, Error *err) {
  return folder ? take_file(s, folder, name, err) : take_metadata(s, name, err);
}

/* modules.json, and the config.json of every module but the Transformer. */
static int take_modules(Source *s, const char *folder, Error *err) {
  char name[SOURCE_NAME_ROOM];
  int rc = take(s, folder, "modules.json", err);
  if (!rc)
    rc = take(s, folder, "config_sentence_transformers.json", err);
  const SourceText *t = source_text(s, "modules.json");
  s->has_modules = t->text != NULL;
  if (rc || !s->has_modules)
    return rc;
  rc = modules_parse(t->text, t->bytes, &s->modules, err);
  for (size_t i = 1; !rc && i < s->modules.n; i++) {
    snprintf(name, sizeof name, "%s/config.json", s->modules.list[i].path);
    rc = take(s, folder, name, err);
  }
  return rc;
}

/* The Transformer's own texts; `root` is its folder. */
static int take_texts(Source *s, const char *root, Error *err) {
  int rc = OK;
  for (size_t i = 0; !rc && i < sizeof text_names / sizeof *text_names; i++)
    rc = take(s, root, text_names[i], err);
  return rc;
}

/* --- The three forms ------------------------------------------------------*/

/* The weights of Dense modules lie in their own folders. */
static int open_dense(const char *folder, Source *s, Error *err) {
  char path[PATH_ROOM];
  int rc = OK;
  for (size_t i = 1; !rc && i < s->modules.n; i++) {
    const Module *m = &s->modules.list[i];
    if (m->kind != MODULE_DENSE)
      continue;
    rc = add_shards(s, 1, err);
    if (!rc)
      rc = path_join(path, sizeof path, folder, m->path, err);
    if (rc)
      return rc;
    Shard *shard = &s->shards[s->n_shards - 1];
    snprintf(shard->prefix, sizeof shard->prefix, "%s.", m->path);
    rc = open_named(path, "model.safetensors", shard, err);
    if (rc)
      return fail_prefix(err, rc, "%s", m->path);
  }
  return rc;
}

/* Older sentence-transformers keep the Transformer in a folder of its own. */
static int open_folder(const char *folder, Source *s, Error *err) {
  char root[PATH_ROOM];
  s->folder = mem_text(folder, strlen(folder));
  if (!s->folder)
    return fail_memory(err);
  int rc = take_modules(s, folder, err);
  if (!rc)
    rc = path_join(root, sizeof root, folder, s->modules.list[0].path, err);
  if (!rc)
    rc = take_texts(s, root, err);
  if (!rc && !source_text(s, "config.json")->text)
    rc = substitute_refuse(root, "config.json", err);
  return rc;
}

/* The Transformer's tensors are the first shards, a Dense module's follow, so
 * that a name without prefix is found at once. */
static int open_folder_weights(Source *s, Error *err) {
  char root[PATH_ROOM];
  int rc =
      path_join(root, sizeof root, s->folder, s->modules.list[0].path, err);
  if (!rc)
    rc = open_weights(root, s, err);
  return rc ? rc : open_dense(s->folder, s, err);
}

int source_open_weights(Source *s, Error *err) {
  return s->folder && !s->n_shards ? open_folder_weights(s, err) : OK;
}

static int take_all_metadata(Source *s, Error *err) {
  int rc = take_modules(s, NULL, err);
  return rc ? rc : take_texts(s, NULL, err);
}

static int open_file(const char *path, Source *s, Error *err) {
  int rc = add_shards(s, 1, err);
  if (!rc)
    rc = open_shard(path, &s->shards[0], err);
  return rc ? rc : take_all_metadata(s, err);
}

/* Through open_shard, so that "is safetensors" means here what it means when a
 * model is loaded. */
int source_check_file(const char *path, File *out, Error *err) {
  Shard shard = {.file = {.fd = -1}};
  int rc = open_shard(path, &shard, err);
  safetensors_clear(&shard.header);
  if (rc && shard.is_open)
    file_close(&shard.file);
  *out = shard.file;
  return rc;
}

int source_open(const char *path, Source *out, Error *err) {
  *out = (Source){0};
  int rc = file_is_folder(path) ? open_folder(path, out, err)
                                : open_file(path, out, err);
  if (rc)
    source_close(out);
  return rc;
}

/* The same checks as of a file: what is linked in may have been built from any
 * file there was. */
static int parse_builtin(const Builtin *b, Shard *shard, Error *err) {
  size_t header, bytes = (size_t)(b->end - b->file);
  shard->memory = b->file;
  int rc = safetensors_header_size(b->file, bytes, &header, err);
  return rc ? rc
            : safetensors_parse((const char *)b->file + 8, header, bytes,
                                &shard->header, err);
}

/* Word embeddings of another file, by the names that this one would have. */
static int share_words(const Builtin *b, Source *s, Error *err) {
  Shard *shard = &s->shards[1];
  int rc = parse_builtin(b->words, shard, err);
  if (rc)
    return rc;
  snprintf(shard->prefix, sizeof shard->prefix, "%s", BUILTIN_PREFIX);
  safetensors_keep(&shard->header, BUILTIN_WORDS);
  return OK;
}

static int open_builtin(const Builtin *b, Source *s, Error *err) {
  int rc = add_shards(s, b->words ? 2 : 1, err);
  if (!rc)
    rc = parse_builtin(b, &s->shards[0], err);
  if (!rc && b->words)
    rc = share_words(b, s, err);
  return rc ? rc : take_all_metadata(s, err);
}

int source_open_builtin(const Builtin *b, Source *out, Error *err) {
  *out = (Source){0};
  int rc = open_builtin(b, out, err);
  if (rc)
    source_close(out);
  return rc;
}

/* FNV-1a. */
static uint64_t mix(uint64_t h, const void *data, size_t bytes) {
  const unsigned char *at = data;
  for (size_t i = 0; i < bytes; i++)
    h = (h ^ at[i]) * 1099511628211u;
  return h;
}

/* Dates as well as sizes: weights trained further have the same size. Texts go
 * in whole, they are small. */
uint64_t source_identity(const Source *s) {
  uint64_t h = 14695981039346656037u;
  for (size_t i = 0; i < s->n_shards; i++) {
    const File *file = &s->shards[i].file;
    h = mix(h, &file->size, sizeof file->size);
    h = mix(h, &file->modified, sizeof file->modified);
  }
  for (size_t i = 0; i < s->n_texts; i++)
    h = mix(h, s->texts[i].text, s->texts[i].bytes);
  return h | 1;
}

int source_unchanged(Source *s, Error *err) {
  int rc = OK;
  for (size_t i = 0; !rc && i < s->n_shards; i++)
    if (s->shards[i].is_open)
      rc = file_unchanged(&s->shards[i].file, err);
  return rc;
}

const SourceText *source_text(const Source *s, const char *name) {
  static const SourceText none = {"", NULL, 0};
  for (size_t i = 0; i < s->n_texts; i++)
    if (strcmp(s->texts[i].name, name) == 0)
      return &s->texts[i];
  return &none;
}

const TensorInfo *source_find(const Source *s, const char *name,
                              Shard **shard) {
  for (size_t i = 0; i < s->n_shards; i++) {
    size_t n = strlen(s->shards[i].prefix);
    if (strncmp(name, s->shards[i].prefix, n) != 0)
      continue;
    const TensorInfo *t = safetensors_find(&s->shards[i].header, name + n);
    if (t) {
      *shard = &s->shards[i];
      return t;
    }
  }
  return NULL;
}

/* Files of head models have "bert." in front of the encoder's tensors, those of
 * bare encoders have not. */
bool source_has_prefix(const Source *s, const char *prefix) {
  for (size_t i = 0; i < s->n_shards; i++)
    for (size_t j = 0; j < s->shards[i].header.n_tensors; j++)
      if (!strncmp(s->shards[i].header.tensors[j].name, prefix, strlen(prefix)))
        return true;
  return false;
}

int source_bytes(Shard *shard, const TensorInfo *t, size_t offset, size_t n,
                 void *into, Error *err) {
  size_t at = shard->header.data_offset + t->offset + offset;
  if (!shard->memory)
    return file_read(&shard->file, at, into, n, err);
  memcpy(into, shard->memory + at, n);
  return OK;
}

/* Pieces are of a size at which reading costs no more than all at once, and the
 * host is asked often enough whether to stop. */
/* Widens a tensor of two- or eight-byte numbers piece by piece. */
static int widen_pieces(Shard *shard, const TensorInfo *t, const Poll *poll,
                        unsigned char *piece, float *into, Error *err) {
  size_t width = t->n ? t->bytes / t->n : 1;
  for (size_t done = 0; done < t->n;) {
    size_t n = t->n - done, most = READ_PIECE / width;
    n = n < most ? n : most;
    int rc = source_bytes(shard, t, done * width, n * width, piece, err);
    if (!rc)
      rc = tensor_widen(t->dtype, piece, n, into + done, err);
    if (!rc)
      rc = poll_check(poll, err);
    if (rc)
      return rc;
    done += n;
  }
  return OK;
}

/* Floats need no widening: they are read where they will stay. */
static int read_pieces(Shard *shard, const TensorInfo *t, const Poll *poll,
                       float *into, Error *err) {
  for (size_t done = 0; done < t->bytes;) {
    size_t n = t->bytes - done, most = 16 * (size_t)READ_PIECE;
    n = n < most ? n : most;
    int rc = source_bytes(shard, t, done, n, (char *)into + done, err);
    if (!rc)
      rc = poll_check(poll, err);
    if (rc)
      return rc;
    done += n;
  }
  return OK;
}

int source_floats(Shard *shard, const TensorInfo *t, const Poll *poll,
                  float *into, Error *err) {
  if (t->dtype == DTYPE_F32)
    return read_pieces(shard, t, poll, into, err);
  unsigned char *piece = mem_alloc(READ_PIECE);
  if (!piece)
    return fail_memory(err);
  int rc = widen_pieces(shard, t, poll, piece, into, err);
  mem_free(piece);
  return rc;
}
