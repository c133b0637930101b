/*
 * dense.c - linear layers that sentence-transformers puts behind the pooling.
 *
 * In:  a Source with modules.json; N_Dense/config.json and the tensors
 *      "N_Dense.linear.weight" [out][in] and "N_Dense.linear.bias" [out].
 * Out: the layers in order, and the length of the final vector.
 *
 * config.json has in_features, out_features, bias and activation_function, the
 * name of a torch class; one we do not have is refused by name, as is another
 * input or output than the vector, and a residual (6).  in_features must be
 * what the module before gives, and so must the weight.
 *
 * One vector is too little for lanes: sums run in order, in double precision.
 *
 * Agrees with Dense of sentence-transformers 5.1 and 6.2.
 */
#include "model/dense.h"

#include <stdio.h>
#include <string.h>
#include "base/json.h"
#include "model/config.h"
#include "model/keys.h"

enum { DENSE_LIMIT = 1 << 16 }; /* bytes of a module's config.json */

/* "torch.nn.modules.activation.Tanh" */
static int dense_activation(const char *class_name, Activation *out,
                            Error *err) {
  static const struct {
    const char *name;
    Activation activation;
  } known[] = {{"Identity", ACTIVATION_NONE},   {"Tanh", ACTIVATION_TANH},
               {"ReLU", ACTIVATION_RELU},       {"GELU", ACTIVATION_GELU},
               {"Sigmoid", ACTIVATION_SIGMOID}, {"SiLU", ACTIVATION_SILU}};
  const char *dot = strrchr(class_name, '.');
  const char *name = dot ? dot + 1 : class_name;
  char shown[ERROR_QUOTE];
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strcmp(known[i].name, name) == 0) {
      *out = known[i].activation;
      return OK;
    }
  return fail(err, ERR_UNSUPPORTED, "activation_function %s of a Dense module",
              error_quote(shown, name));
}

/* What a module's config.json says. */
typedef struct DenseConfig {
  size_t n_in, n_out; /* n_in 0: not said */
  bool has_bias;
  Activation activation;
} DenseConfig;

/* What goes in and comes out must be the vector: newer versions can route other
 * features through a module. */
static int check_keys(const cJSON *json, const char *file, Error *err) {
  static const char vector[] = "sentence_embedding";
  static const char *const known[] = {
      "in_features",       "out_features",       "bias", "activation_function",
      "module_input_name", "module_output_name", NULL};
  int rc = keys_check(file, json, known, err);
  if (!rc)
    rc = keys_only(file, json, "module_input_name", vector, err);
  return rc ? rc : keys_only(file, json, "module_output_name", vector, err);
}

static int read_keys(const cJSON *json, const char *file, DenseConfig *out,
                     Error *err) {
  const char *name = "torch.nn.modules.activation.Tanh";
  int64_t n_in = 0, n_out = 0;
  int rc =
      json_get_int(file, json, "in_features", 1, CONFIG_MAX_DIM, &n_in, err);
  if (!rc)
    rc = json_get_int(file, json, "out_features", 1, CONFIG_MAX_DIM, &n_out,
                      err);
  if (!rc)
    rc = json_get_bool(file, json, "bias", &out->has_bias, err);
  if (!rc)
    rc = json_get_text(file, json, "activation_function", &name, err);
  if (!rc)
    rc = dense_activation(name, &out->activation, err);
  if (!rc && !n_out)
    rc = fail(err, ERR_FORMAT, "%s: out_features is missing", file);
  out->n_in = (size_t)n_in;
  out->n_out = (size_t)n_out;
  return rc;
}

/* `n_in` is what the module before gives. */
/* A module without config.json cannot be computed: no key has a size. */
static int read_dense(const Source *s, const Module *m, size_t n_in,
                      DenseConfig *out, Error *err) {
  char file[SOURCE_NAME_ROOM];
  cJSON *json;
  *out = (DenseConfig){.has_bias = true};
  snprintf(file, sizeof file, "%s/config.json", m->path);
  const SourceText *t = source_text(s, file);
  if (!t->text)
    return fail(err, ERR_IO, "%s: no such file", file);
  int rc = json_parse(file, t->text, t->bytes, DENSE_LIMIT, &json, err);
  if (rc)
    return rc;
  rc = check_keys(json, file, err);
  if (!rc)
    rc = read_keys(json, file, out, err);
  if (!rc && out->n_in && out->n_in != n_in)
    rc = fail(err, ERR_FORMAT, "%s: in_features %zu, what it gets has %zu",
              file, out->n_in, n_in);
  cJSON_Delete(json);
  return rc;
}

/* Without the weights, so that options can be checked before anything large is
 * read. */
int dense_dim(const Source *s, size_t n_in, size_t *out, Error *err) {
  DenseConfig config;
  int rc = OK;
  *out = n_in;
  for (size_t i = 0; !rc && i < s->modules.n; i++) {
    const Module *m = &s->modules.list[i];
    if (m->kind != MODULE_DENSE)
      continue;
    rc = read_dense(s, m, *out, &config, err);
    *out = config.n_out;
  }
  return rc;
}

/* The bias is left out of the file where config.json says that there is none.
 */
static int load_one(Loader *l, const Module *m, size_t n_in, Dense *d,
                    Error *err) {
  char name[TENSOR_NAME_ROOM];
  DenseConfig config;
  int rc = read_dense(l->source, m, n_in, &config, err);
  if (rc)
    return rc;
  snprintf(name, sizeof name, "%s.linear", m->path);
  d->activation = config.activation;
  d->linear.n_in = n_in;
  d->linear.n_out = config.n_out;
  rc = load_weight(l, name, config.n_out, n_in, &d->linear.weight, err);
  if (rc || !config.has_bias)
    return rc;
  snprintf(name, sizeof name, "%s.linear.bias", m->path);
  return load_vector(l, name, config.n_out, &d->linear.bias, err);
}

int dense_load(Loader *l, size_t n_in, Dense out[MODULES_MAX], size_t *n,
               Error *err) {
  const Modules *modules = &l->source->modules;
  int rc = OK;
  *n = 0;
  for (size_t i = 0; !rc && i < modules->n; i++) {
    if (modules->list[i].kind != MODULE_DENSE)
      continue;
    Dense *d = &out[(*n)++];
    rc = load_one(l, &modules->list[i], n_in, d, err);
    n_in = d->linear.n_out;
  }
  return rc;
}

int dense_apply(const Dense *d, const Poll *poll, const float *x, float *y,
                Error *err) {
  const Linear *l = &d->linear;
  for (size_t i = 0; i < l->n_out; i++) {
    double sum = l->bias ? (double)l->bias[i] : 0;
    for (size_t k = 0; k < l->n_in; k++)
      sum += (double)l->weight[i * l->n_in + k] * (double)x[k];
    y[i] = (float)sum;
    if (poll_stop(poll))
      return poll_check(poll, err);
  }
  size_t n = dense_room(l->n_out);
  memset(y + l->n_out, 0, (n - l->n_out) * sizeof *y);
  if (d->activation)
    kernels_pick(NULL)->activate(d->activation, n, y);
  return OK;
}
