/*
 * model.c - opens a checkpoint: config, tokenizer, weights, tasks.
 *
 * In:  a path, or a built-in checkpoint.
 * Out: an immutable Model whose weights are one block.
 *
 * Order matters for hostile files: the config is parsed and checked first,
 * then every tensor's name and shape, and only then is memory taken for what
 * the file really holds; so a config that promises a million layers fails at
 * its first missing tensor.
 *
 * Rules of names, prefixes and tied weights: reference/models.md 5.
 */
#include "model/model.h"

#include <stdio.h>
#include <string.h>
#include "base/memory.h"
#include "model/dense.h"
#include "model/family.h"
#include "model/head_load.h"
#include "model/load.h"

void model_free(Model *model) {
  if (!model)
    return;
  tokenizer_free(model->tokenizer);
  sentence_clear(&model->sentence);
  labels_clear(&model->labels);
  mem_free(model->layers);
  pages_free(model->pages, model->pages_bytes);
  mem_free(model);
}

/* --- Weights ------------------------------------------------------------- */

/* Parts of layer `index`, by the names of the family. */
static int layer_linear(Loader *l, const Family *f, size_t index,
                        const char *part, size_t n_out, size_t n_in,
                        Linear *out, Error *err) {
  char name[TENSOR_NAME_ROOM];
  int rc = load_encoder_name(l, f->layer, index, part, name, err);
  return rc ? rc : load_layer(l, name, n_out, n_in, out, err);
}

static int layer_norm(Loader *l, const Family *f, size_t index,
                      const char *part, size_t C, Norm *out, Error *err) {
  char name[TENSOR_NAME_ROOM];
  int rc = load_encoder_name(l, f->layer, index, part, name, err);
  return rc ? rc : load_norm(l, name, C, out, err);
}

/* One layer: its matrices and then its norms, in the order in which they lie in
 * memory. */
static int load_block(Loader *l, const Family *f, const Config *c, size_t i,
                      Layer *y, Error *err) {
  size_t C = c->dim, F = c->hidden_dim;
  const struct {
    const char *part;
    size_t n_out, n_in;
    Linear *out;
  } linears[] = {
      {f->query, C, C, &y->query}, {f->key, C, C, &y->key},
      {f->value, C, C, &y->value}, {f->attention_out, C, C, &y->attention_out},
      {f->up, F, C, &y->up},       {f->down, C, F, &y->down}};
  int rc = OK;
  for (size_t j = 0; !rc && j < sizeof linears / sizeof *linears; j++)
    rc = layer_linear(l, f, i, linears[j].part, linears[j].n_out,
                      linears[j].n_in, linears[j].out, err);
  if (!rc)
    rc = layer_norm(l, f, i, f->attention_norm, C, &y->attention_norm, err);
  return rc ? rc : layer_norm(l, f, i, f->output_norm, C, &y->output_norm, err);
}

/* Of words or types; positions may be computed instead. */
static int load_encoder_table(Loader *l, const char *part, size_t n, size_t C,
                              Table *out, Error *err) {
  char name[TENSOR_NAME_ROOM];
  int rc = load_encoder_name(l, NULL, 0, part, name, err);
  return rc ? rc : load_table(l, name, n, C, out, err);
}

/* A stored position table wins over the flag (corrections.md 10). */
static int load_positions(Loader *l, const Family *f, Model *m, Error *err) {
  const Config *c = &m->config;
  char name[TENSOR_NAME_ROOM], full[TENSOR_NAME_ROOM + 8];
  int rc = load_encoder_name(l, NULL, 0, f->positions, name, err);
  if (rc)
    return rc;
  snprintf(full, sizeof full, "%s.weight", name);
  return c->sinusoidal && !load_has(l, full)
             ? load_sinusoids(l, c->max_positions, c->dim, &m->positions, err)
             : load_table(l, name, c->max_positions, c->dim, &m->positions,
                          err);
}

/* Words, positions and (BERT, RoBERTa) types, and the norm over their sum. */
static int load_embeddings(Loader *l, const Family *f, Model *m, Error *err) {
  const Config *c = &m->config;
  char name[TENSOR_NAME_ROOM];
  int rc =
      load_encoder_table(l, f->words, c->vocab_size, c->dim, &m->words, err);
  if (!rc)
    rc = load_positions(l, f, m, err);
  if (!rc && c->n_types)
    rc = load_encoder_table(l, f->types, c->n_types, c->dim, &m->types, err);
  if (!rc)
    rc = load_encoder_name(l, NULL, 0, f->embedding_norm, name, err);
  return rc ? rc : load_norm(l, name, c->dim, &m->embedding_norm, err);
}

/* One pass: everything the model needs, in one order. */
static int load_all(Loader *l, Model *m, Error *err) {
  const Family *f = m->config.family;
  int rc = load_embeddings(l, f, m, err);
  for (size_t i = 0; !rc && i < m->config.n_layers; i++)
    rc = load_block(l, f, &m->config, i, &m->layers[i], err);
  if (!rc)
    rc = dense_load(l, m->config.dim * m->sentence.poolings.n, m->dense,
                    &m->n_dense, err);
  m->tasks = TASK_BIT(TASK_EMBED);
  return rc ? rc
            : heads_load(l, &m->config, &m->words, m->heads, &m->tasks, err);
}

/* Zero-shot compares what a text says with a label: by a head of labels of
 * which one means that it follows. */
static bool can_entail(const Model *m) {
  size_t n = m->heads[TASK_CLASSIFY].last.n_out;
  return m->labels.entailment >= 0 && n > 1 && (size_t)m->labels.entailment < n;
}

/* Counts, takes the memory, and reads: load_all twice. The files must not have
 * changed between the two. */
static int load_weights(Source *source, Precision precision, const Poll *poll,
                        Model *m, Error *err) {
  const char *prefix = m->config.family->prefix;
  Loader l = {.source = source, .poll = poll, .precision = precision};
  if (source_has_prefix(source, prefix))
    snprintf(l.prefix, sizeof l.prefix, "%s", prefix);
  m->layers = mem_zeroed(m->config.n_layers * sizeof *m->layers);
  if (!m->layers)
    return fail_memory(err);
  int rc = load_all(&l, m, err);
  if (rc)
    return rc;
  m->pages = pages_alloc(l.used);
  m->pages_bytes = l.used;
  if (!m->pages)
    return fail(err, ERR_NOMEM, "out of memory for %zu bytes of weights",
                l.used);
  l.base = m->pages;
  l.room = l.used;
  l.used = 0;
  rc = load_all(&l, m, err);
  m->bytes = m->pages_bytes;
  if (can_entail(m))
    m->tasks |= TASK_BIT(TASK_ZERO_SHOT);
  m->precision = l.has_bytes ? PRECISION_INT8 : PRECISION_FP32;
  return rc ? rc : source_unchanged(source, err);
}

/* --- Tokenizer and limits ------------------------------------------------ */

static FileText file_text_of(const Source *s, const char *name) {
  const SourceText *t = source_text(s, name);
  return (FileText){t->text, t->bytes};
}

/* The texts are lent to the tokenizer, which keeps nothing of them. */
static int open_tokenizer(const Source *s, Model *m, Error *err) {
  TokenizerFiles files = {
      .tokenizer_json = file_text_of(s, "tokenizer.json"),
      .tokenizer_config = file_text_of(s, "tokenizer_config.json"),
      .special_tokens_map = file_text_of(s, "special_tokens_map.json"),
      .vocab_txt = file_text_of(s, "vocab.txt"),
      .vocab_json = file_text_of(s, "vocab.json"),
      .merges_txt = file_text_of(s, "merges.txt"),
      .added_tokens = file_text_of(s, "added_tokens.json"),
      .config = file_text_of(s, "config.json"),
  };
  return tokenizer_open(m->config.family->tokenizer, &files, &m->tokenizer,
                        err);
}

/* Positions the model has for tokens, and no more than its tokenizer says. */
static size_t token_limit(const Model *m) {
  size_t limit = m->config.max_positions;
  if (m->config.family->positions_follow_pad) {
    size_t skipped = (size_t)m->config.pad_id + 1;
    limit = limit > skipped ? limit - skipped : 0;
  }
  size_t stated = tokenizer_model_max(m->tokenizer);
  return stated && stated < limit ? stated : limit;
}

/* The one text that must be there: all else has a default or can be told from
 * tensors. */
static int read_config(const Source *s, Model *m, Error *err) {
  const SourceText *t = source_text(s, "config.json");
  if (!t->text)
    return fail(err, ERR_IO, "config.json: no such file");
  int rc = config_parse(t->text, t->bytes, &m->config, err);
  return rc ? rc : labels_read(t->text, t->bytes, &m->labels, err);
}

/* Sentence models state a limit of their own, often far below the model. */
size_t model_embed_tokens(const Model *m) {
  size_t limit = m->sentence.max_tokens;
  return limit && limit < m->max_tokens ? limit : m->max_tokens;
}

/* Pairs need the most special tokens. */
static int set_limit(const ModelOptions *options, Model *m, Error *err) {
  size_t limit = token_limit(m), added = tokenizer_n_added(m->tokenizer, true);
  if (options->max_tokens > limit)
    return fail(err, ERR_RANGE, "options: max_tokens %zu, the model takes %zu",
                options->max_tokens, limit);
  m->max_tokens = options->max_tokens ? options->max_tokens : limit;
  if (m->max_tokens > added)
    return OK;
  return options->max_tokens
             ? fail(err, ERR_RANGE,
                    "options: max_tokens %zu leaves no room beside %zu special "
                    "tokens",
                    options->max_tokens, added)
             : fail(err, ERR_FORMAT, "config.json: %zu positions leave no room",
                    m->config.max_positions);
}

/* The numbers of a vector, before and after it is cut. */
static int set_dims(const Source *s, const ModelOptions *options, Model *m,
                    Error *err) {
  size_t pooled = m->config.dim * m->sentence.poolings.n;
  size_t cut = m->sentence.truncate_dim;
  int rc = dense_dim(s, pooled, &m->whole_dim, err);
  if (rc)
    return options->poolings.n ? fail_prefix(err, rc, "options: pooling") : rc;
  if (options->truncate_dim > m->whole_dim)
    return fail(err, ERR_RANGE,
                "options: truncate_dim %zu, the model's vectors have %zu",
                options->truncate_dim, m->whole_dim);
  m->vector_dim = cut && cut < m->whole_dim ? cut : m->whole_dim;
  return OK;
}

/* All that is known without the weights. */
static int open_texts(const Source *s, const ModelOptions *options, Model *m,
                      Error *err) {
  int rc = open_tokenizer(s, m, err);
  if (!rc)
    rc = sentence_read(s, options, &m->sentence, err);
  if (!rc)
    rc = set_limit(options, m, err);
  return rc ? rc : set_dims(s, options, m, err);
}

/* The config before the weights' headers, headers before vocabularies: the
 * cheapest first, so that a wrong file is refused soon. */
static int open_source(Source *s, const ModelOptions *options, const Poll *poll,
                       Model *m, Error *err) {
  int rc = read_config(s, m, err);
  if (!rc)
    rc = source_open_weights(s, err);
  if (!rc)
    rc = open_texts(s, options, m, err);
  if (rc)
    return rc;
  m->identity = source_identity(s);
  return load_weights(s, options->precision, poll, m, err);
}

/* A Model without weights, so that the options meet what they would meet. */
int model_check_options(const char *path, const ModelOptions *options,
                        Error *err) {
  Source s;
  int rc = source_open(path, &s, err);
  if (rc)
    return rc;
  Model *m = mem_zeroed(sizeof *m);
  rc = m ? read_config(&s, m, err) : fail_memory(err);
  if (!rc)
    rc = open_texts(&s, options, m, err);
  source_close(&s);
  model_free(m);
  return rc;
}

/* Models come and go at the same address; results that are kept must not be
 * taken for another one's. */
static uint64_t next_serial(void) {
  static uint64_t last;
  return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

/* The Source has done its work once the weights are in memory, or has failed:
 * it is closed in both cases. */
static int open_and_close(Source *s, const ModelOptions *options,
                          const Poll *poll, Model **out, Error *err) {
  Model *m = mem_zeroed(sizeof *m);
  int rc = m ? open_source(s, options, poll, m, err) : fail_memory(err);
  source_close(s);
  if (rc) {
    model_free(m);
    return rc;
  }
  m->serial = next_serial();
  *out = m;
  return OK;
}

int model_open(const char *path, const ModelOptions *options, const Poll *poll,
               Model **out, Error *err) {
  Source s;
  int rc = source_open(path, &s, err);
  return rc ? rc : open_and_close(&s, options, poll, out, err);
}

int model_open_builtin(const Builtin *b, const ModelOptions *options,
                       const Poll *poll, Model **out, Error *err) {
  Source s;
  int rc = source_open_builtin(b, &s, err);
  return rc ? rc : open_and_close(&s, options, poll, out, err);
}
