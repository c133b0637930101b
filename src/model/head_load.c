/*
 * head_load.c - heads out of a checkpoint's tensors, and so what it can do.
 *
 * In:  a Loader, the names of the family's heads (family.c).
 * Out: the heads that it has, and which tasks they serve.
 *
 * What a file offers follows from its tensors: a bare encoder may carry a
 * head, and a class of one head the tensors of another.  But several heads are
 * called the same:
 *
 *     DistilBERT  pre_classifier, classifier   labels, or choices
 *                 classifier                   entities
 *
 * There the class in config.json decides.  Where it says nothing, a head that
 * uses more of the tensors is more likely, and one output may be either a
 * regression or choices: the caller knows which.
 *
 * Rules of tied weights: reference/models.md 5, corrections.md 2 and 3.
 */
#include "model/head_load.h"

#include <stdio.h>
#include <string.h>
#include "model/family.h"

/* --- The last layer -------------------------------------------------------*/

/* The word embeddings as the decoder: shared, unless they are bytes and floats
 * are asked for. */
static int tie_decoder(Loader *l, const Config *c, const Table *words,
                       Linear *d, Error *err) {
  char name[TENSOR_NAME_ROOM];
  int rc = load_encoder_name(l, NULL, 0, c->family->words, name, err);
  d->weight = words->rows;
  if (rc || !load_table_is_bytes(l, name))
    return rc;
  if (l->precision == PRECISION_FP32)
    return load_weight(l, name, d->n_out, d->n_in, &d->weight, err);
  d->q_weight = words->q_rows;
  d->q_scales = words->q_scales;
  return load_sums(l, d, err);
}

/* A last layer that is the word embeddings, unless the config unties them and
 * the file has its own. */
static int load_tied(Loader *l, const Config *c, const Table *words,
                     const HeadNames *names, Linear *out, Error *err) {
  const char *bias = names->biases[0];
  if (!load_has(l, bias) && names->biases[1])
    bias = names->biases[1];
  out->n_out = c->vocab_size;
  out->n_in = c->dim;
  int rc =
      c->tie_embeddings || !load_count(l, names->last)
          ? tie_decoder(l, c, words, out, err)
          : load_layer_weight(l, names->last, out->n_out, out->n_in, out, err);
  return rc ? rc : load_vector(l, bias, out->n_out, &out->bias, err);
}

static int load_last(Loader *l, const Config *c, const Table *words, Task task,
                     Linear *out, Error *err) {
  const HeadNames *names = &c->family->heads[task];
  int n = tasks[task].outputs;
  size_t n_out = n == OUTPUTS_LABELS ? load_count(l, names->last) : (size_t)n;
  return names->tied ? load_tied(l, c, words, names, out, err)
                     : load_linear(l, names->last, n_out, c->dim, out, err);
}

/* --- Which heads there are ------------------------------------------------*/

/* Of the layer before the last one; "" where the head has none. */
static int first_name(const Loader *l, const HeadNames *names,
                      char out[TENSOR_NAME_ROOM], Error *err) {
  out[0] = 0;
  if (names->first && names->pooled)
    return load_encoder_name(l, NULL, 0, names->first, out, err);
  snprintf(out, TENSOR_NAME_ROOM, "%s", names->first ? names->first : "");
  return OK;
}

/* A tied last layer is left out of files. */
static bool is_there(const Loader *l, const Family *f, Task task) {
  const HeadNames *names = &f->heads[task];
  char first[TENSOR_NAME_ROOM];
  if (!names->last || first_name(l, names, first, NULL))
    return false;
  return (!names->first || load_count(l, first)) &&
         (names->tied || load_count(l, names->last));
}

/* Is it there, with as many outputs as it has to have? */
static bool fits(const Loader *l, const Family *f, Task task) {
  int n = tasks[task].outputs;
  return is_there(l, f, task) &&
         (n < 0 || load_count(l, f->heads[task].last) == (size_t)n);
}

static bool share_name(const Family *f, Task a, Task b) {
  const char *name = f->heads[a].last, *other = f->heads[b].last;
  return a != b && name && other && strcmp(name, other) == 0;
}

/* Is `other` the better reading of tensors that both could be? */
static bool yields(const Loader *l, const Config *c, Task task, Task other) {
  const Family *f = c->family;
  bool uses_more = f->heads[other].first && !f->heads[task].first;
  return share_name(f, task, other) && (other == c->task || !fits(l, f, task) ||
                                        (uses_more && fits(l, f, other)));
}

static bool is_offered(const Loader *l, const Config *c, Task task) {
  bool offered = is_there(l, c->family, task);
  for (int t = 0; offered && t < TASK_COUNT && task != c->task; t++)
    offered = !yields(l, c, task, (Task)t);
  return offered;
}

/* --- Heads ----------------------------------------------------------------*/

static int load_head(Loader *l, const Config *c, const Table *words, Task task,
                     Head *h, Error *err) {
  const HeadNames *names = &c->family->heads[task];
  size_t C = c->dim;
  char first[TENSOR_NAME_ROOM];
  h->activation = names->activation ? names->activation : c->activation;
  int rc = first_name(l, names, first, err);
  if (!rc && names->first)
    rc = load_layer(l, first, C, C, &h->first, err);
  if (!rc && names->norm)
    rc = load_norm(l, names->norm, C, &h->norm, err);
  return rc ? rc : load_last(l, c, words, task, &h->last, err);
}

int heads_load(Loader *l, const Config *c, const Table *words,
               Head heads[TASK_COUNT], unsigned *tasks_found, Error *err) {
  int rc = OK;
  for (int t = 0; !rc && t < TASK_COUNT; t++) {
    if (!is_offered(l, c, (Task)t))
      continue;
    *tasks_found |= TASK_BIT(t);
    rc = load_head(l, c, words, (Task)t, &heads[t], err);
  }
  return rc;
}
