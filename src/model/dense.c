/*
 * dense.c - linear layers that sentence-transformers puts behind the pooling.
 *
 * In:  a Source with modules.json; N_Dense/config.json and the tensors
 *      "N_Dense.linear.weight" [out][in] and "N_Dense.linear.bias" [out].
 * Out: model->dense in order, and the length of the final vector.
 *
 * config.json has in_features, out_features, bias and activation_function, the
 * name of a torch class; one we do not have is refused by name.  in_features
 * is not believed: the weight must fit what the module before gives.
 *
 * Agrees with models.Dense of sentence-transformers 5.1.
 */
#include "model/dense.h"

#include <stdio.h>
#include <string.h>
#include "base/json.h"

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

static int read_dense(const Source *s, const Module *m, size_t *n_out,
                      bool *has_bias, Activation *activation, Error *err) {
  char file[SOURCE_NAME_ROOM];
  const char *name = "torch.nn.modules.activation.Tanh";
  const char *input = "sentence_embedding", *given = input;
  int64_t out = 0;
  cJSON *json;
  snprintf(file, sizeof file, "%s/config.json", m->path);
  const SourceText *t = source_text(s, file);
  if (!t->text)
    return fail(err, ERR_IO, "%s: no such file", file);
  int code = json_parse(file, t->text, t->bytes, DENSE_LIMIT, &json, err);
  if (code)
    return code;
  code = json_get_int(file, json, "out_features", 1, CONFIG_MAX_DIM, &out, err);
  if (!code)
    code = json_get_bool(file, json, "bias", has_bias, err);
  if (!code)
    code = json_get_text(file, json, "activation_function", &name, err);
  if (!code)
    code = dense_activation(name, activation, err);
  if (!code && !out)
    code = fail(err, ERR_FORMAT, "%s: out_features is missing", file);
  if (!code)
    code = json_get_text(file, json, "module_input_name", &given, err);
  if (!code && strcmp(given, input) != 0)
    code = fail(err, ERR_UNSUPPORTED, "%s: module_input_name other than %s",
                file, input);
  *n_out = (size_t)out;
  cJSON_Delete(json);
  return code;
}

static int load_one(Loader *l, const Module *m, Model *model, Error *err) {
  Dense *d = &model->dense[model->n_dense++];
  char name[TENSOR_NAME_ROOM];
  size_t n_out = 0;
  bool has_bias = true;
  int code = read_dense(l->source, m, &n_out, &has_bias, &d->activation, err);
  if (code)
    return code;
  snprintf(name, sizeof name, "%s.linear", m->path);
  d->linear.n_in = model->vector_dim;
  d->linear.n_out = model->vector_dim = n_out;
  code = load_weight(l, name, n_out, d->linear.n_in, &d->linear.weight, err);
  if (code || !has_bias)
    return code;
  snprintf(name, sizeof name, "%s.linear.bias", m->path);
  return load_vector(l, name, n_out, &d->linear.bias, err);
}

int dense_load(Loader *l, Model *m, Error *err) {
  const Modules *modules = &l->source->modules;
  int code = OK;
  m->vector_dim = m->config.dim * sentence_parts(&m->sentence);
  m->n_dense = 0;
  for (size_t i = 0; !code && i < modules->n; i++)
    if (modules->list[i].kind == MODULE_DENSE)
      code = load_one(l, &modules->list[i], m, err);
  return code;
}
