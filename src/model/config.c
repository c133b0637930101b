/*
 * config.c - reads config.json of all families.
 *
 * In:  the text of config.json.
 * Out: a Config whose sizes are positive, within the limits of config.h and
 *      fit together; or one sentence with the key and its limit.
 *
 *     {"model_type": "bert", "architectures": ["BertForMaskedLM"],
 *      "hidden_size": 768, "num_hidden_layers": 12, "hidden_act": "gelu", ...}
 *
 * What a family calls things is in its row (family.c).  An absent key means
 * the default there; a null where a size must be is refused.
 *
 * Agrees with transformers' DistilBertConfig, BertConfig and RobertaConfig
 * (reference/models.md 1 to 4).  DistilBERT's norm epsilon is 1e-12 by its
 * code, whatever the file says, and `tie_weights_` has no effect.
 *
 * Refuses what would change the arithmetic and is not built: other model
 * types, relative positions, decoders, pruned heads, quantised weights,
 * embeddings of another width, activations without a name in the table.
 */
#include "model/config.h"

#include <stddef.h>
#include <string.h>
#include "base/json.h"
#include "model/family.h"

#define WHAT "config.json"

/* --- Tables --------------------------------------------------------------- */

/* Where a size goes, and its limit: from 1 to it. */
static const struct {
  size_t at; /* of a size_t in Config */
  size_t high;
} sizes[SIZE_COUNT] = {
    [SIZE_DIM] = {offsetof(Config, dim), CONFIG_MAX_DIM},
    [SIZE_LAYERS] = {offsetof(Config, n_layers), CONFIG_MAX_LAYERS},
    [SIZE_HEADS] = {offsetof(Config, n_heads), CONFIG_MAX_DIM},
    [SIZE_HIDDEN] = {offsetof(Config, hidden_dim), CONFIG_MAX_DIM},
    [SIZE_VOCAB] = {offsetof(Config, vocab_size), CONFIG_MAX_VOCAB},
    [SIZE_POSITIONS] = {offsetof(Config, max_positions), CONFIG_MAX_POSITIONS},
    [SIZE_TYPES] = {offsetof(Config, n_types), CONFIG_MAX_DIM},
};

/* transformers' table ACT2FN, as far as it is built. */
static const struct {
  const char *name;
  Activation activation;
} activations[] = {
    {"gelu", ACTIVATION_GELU},
    {"gelu_python", ACTIVATION_GELU},
    {"gelu_new", ACTIVATION_GELU_TANH},
    {"gelu_pytorch_tanh", ACTIVATION_GELU_TANH},
    {"gelu_python_tanh", ACTIVATION_GELU_TANH},
    {"gelu_accurate", ACTIVATION_GELU_TANH},
    {"gelu_fast", ACTIVATION_GELU_FAST},
    {"quick_gelu", ACTIVATION_QUICK_GELU},
    {"gelu_10", ACTIVATION_GELU_10},
    {"relu", ACTIVATION_RELU},
    {"relu2", ACTIVATION_RELU2},
    {"relu6", ACTIVATION_RELU6},
    {"leaky_relu", ACTIVATION_LEAKY_RELU},
    {"silu", ACTIVATION_SILU},
    {"swish", ACTIVATION_SILU},
    {"sigmoid", ACTIVATION_SIGMOID},
    {"tanh", ACTIVATION_TANH},
    {"mish", ACTIVATION_MISH},
    {"laplace", ACTIVATION_LAPLACE},
    {"linear", ACTIVATION_NONE},
};

enum { N_ACTIVATIONS = sizeof activations / sizeof *activations };

/* --- Which family, which head --------------------------------------------- */

/* The first of `architectures`, as in the reference; NULL where there is none.
 */
static int read_class(const cJSON *json, const char **out, Error *err) {
  const cJSON *list = json_get(json, "architectures");
  *out = NULL;
  if (!list || (cJSON_IsArray(list) && !list->child))
    return OK;
  if (!cJSON_IsArray(list) || !cJSON_IsString(list->child))
    return fail(err, ERR_FORMAT,
                WHAT ": architectures must be a list of names");
  *out = list->child->valuestring;
  return OK;
}

static bool is_class(const Family *f, const char *class) {
  size_t n = strlen(f->classes);
  return strncmp(class, f->classes, n) == 0 && task_has_class(class + n);
}

/* Of a file without model_type: a class that is exactly one of a family's. */
static const Family *infer_family(const char *class) {
  const Family *f = families;
  while (f->name && !is_class(f, class))
    f++;
  return f->name ? f : NULL;
}

/* Sets family and task. A class by the end of its name alone: model_type says
 * the family. */
static int read_family(const cJSON *json, Config *out, Error *err) {
  const char *class, *type = NULL;
  char shown[ERROR_QUOTE], names[128];
  int rc = read_class(json, &class, err);
  if (rc == OK)
    rc = json_get_text(WHAT, json, "model_type", &type, err);
  if (rc != OK)
    return rc;
  out->task = class ? task_of_class(class) : TASK_EMBED;
  out->family = type ? family_named(type) : class ? infer_family(class) : NULL;
  if (out->family)
    return OK;
  if (!type)
    return fail(err, ERR_FORMAT, WHAT ": model_type is missing");
  return fail(err, ERR_UNSUPPORTED, WHAT ": model_type \"%s\" is none of %s",
              error_quote(shown, type), family_names(names, sizeof names));
}

/* --- Sizes ---------------------------------------------------------------- */

/* json_get_int but for null, which is refused. */
static int read_size(const cJSON *json, const char *key, size_t high,
                     size_t *out, Error *err) {
  int64_t value = (int64_t)*out;
  if (cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(json, key)))
    return fail(err, ERR_FORMAT, WHAT ": %s must be an integer from 1 to %zu",
                key, high);
  int rc = json_get_int(WHAT, json, key, 1, (int64_t)high, &value, err);
  if (rc == OK)
    *out = (size_t)value;
  return rc;
}

/* Key and alias may both be there if they agree. */
static int read_key(const cJSON *json, const SizeKey *k, size_t high,
                    size_t *out, Error *err) {
  *out = k->initial;
  int rc = read_size(json, k->key, high, out, err);
  size_t other = *out;
  if (rc == OK && k->alias)
    rc = read_size(json, k->alias, high, &other, err);
  if (rc != OK)
    return rc;
  if (other != *out && json_get(json, k->key))
    return fail(err, ERR_FORMAT, WHAT ": %s and %s differ", k->key, k->alias);
  *out = other;
  return OK;
}

static int read_sizes(const cJSON *json, Config *out, Error *err) {
  int rc = OK;
  for (int i = 0; rc == OK && i < SIZE_COUNT; i++) {
    const SizeKey *k = &out->family->sizes[i];
    size_t *into = (size_t *)(void *)((char *)out + sizes[i].at);
    if (k->key)
      rc = read_key(json, k, sizes[i].high, into, err);
  }
  return rc;
}

/* Null is allowed: BERT's classes do not need one. */
static int read_pad(const cJSON *json, Config *out, Error *err) {
  int64_t pad = out->family->pad_id;
  int rc = json_get_int(WHAT, json, "pad_token_id", 0,
                        (int64_t)out->vocab_size - 1, &pad, err);
  out->pad_id = (int32_t)pad; /* below CONFIG_MAX_VOCAB */
  return rc;
}

/* The default of pad_token_id may be beyond a small vocabulary. */
static int check_sizes(const Config *c, Error *err) {
  if (c->dim % c->n_heads != 0)
    return fail(err, ERR_FORMAT,
                WHAT ": %zu features do not split into %zu heads", c->dim,
                c->n_heads);
  if ((size_t)c->pad_id >= c->vocab_size)
    return fail(err, ERR_FORMAT, WHAT ": pad_token_id %d, vocab_size %zu",
                c->pad_id, c->vocab_size);
  if (c->family->positions_follow_pad &&
      c->max_positions < (size_t)c->pad_id + 2)
    return fail(err, ERR_FORMAT,
                WHAT ": max_position_embeddings must be %d at least",
                c->pad_id + 2);
  return OK;
}

/* --- Arithmetic ----------------------------------------------------------- */

/* A file that names none means gelu, in all three families. */
static int read_activation(const cJSON *json, Config *out, Error *err) {
  const char *key = out->family->activation, *name = "gelu";
  int rc = json_get_text(WHAT, json, key, &name, err);
  if (rc != OK)
    return rc;
  for (size_t i = 0; i < N_ACTIVATIONS; i++)
    if (strcmp(activations[i].name, name) == 0) {
      out->activation = activations[i].activation;
      return OK;
    }
  char shown[ERROR_QUOTE];
  return fail(err, ERR_UNSUPPORTED, WHAT ": unknown %s \"%s\"", key,
              error_quote(shown, name));
}

/* What the arithmetic needs beside sizes. Embeddings are tied unless the file
 * says otherwise. */
static int read_numerics(const cJSON *json, Config *out, Error *err) {
  double eps = 1e-12;
  const char *key = out->family->norm_eps;
  int rc = key ? json_get_real(WHAT, json, key, 0, 1, &eps, err) : OK;
  out->norm_eps = (float)eps;
  out->tie_embeddings = true;
  if (rc == OK)
    rc = read_activation(json, out, err);
  if (rc == OK)
    rc = json_get_bool(WHAT, json, "tie_word_embeddings", &out->tie_embeddings,
                       err);
  if (rc == OK && out->family->sinusoids)
    rc = json_get_bool(WHAT, json, out->family->sinusoids, &out->sinusoidal,
                       err);
  return rc;
}

/* --- What is not built ---------------------------------------------------- */

/* A switch that must be off. */
static int refuse_true(const cJSON *json, const char *key, Error *err) {
  bool value = false;
  int rc = json_get_bool(WHAT, json, key, &value, err);
  if (rc == OK && value)
    rc = fail(err, ERR_UNSUPPORTED, WHAT ": %s is not supported", key);
  return rc;
}

/* Keys that change what is computed. Each has a value that changes nothing, and
 * files of ordinary checkpoints carry many of them with it. */
static int refuse_others(const cJSON *json, const Config *c, Error *err) {
  const char *position = "absolute", *key = c->family->position_type;
  int64_t width = (int64_t)c->dim;
  int rc = refuse_true(json, "is_decoder", err);
  if (rc == OK)
    rc = refuse_true(json, "add_cross_attention", err);
  if (rc == OK && key)
    rc = json_get_text(WHAT, json, key, &position, err);
  if (rc == OK)
    rc = json_get_int(WHAT, json, "embedding_size", 1, CONFIG_MAX_DIM, &width,
                      err);
  if (rc != OK)
    return rc;
  if (strcmp(position, "absolute") != 0)
    return fail(err, ERR_UNSUPPORTED, WHAT ": %s must be \"absolute\"", key);
  if (width != (int64_t)c->dim)
    return fail(err, ERR_UNSUPPORTED,
                WHAT ": embedding_size %lld, the model is %zu wide",
                (long long)width, c->dim);
  const cJSON *pruned = json_get(json, "pruned_heads");
  if (pruned && (!cJSON_IsObject(pruned) || pruned->child))
    return fail(err, ERR_UNSUPPORTED, WHAT ": pruned_heads is not supported");
  if (json_get(json, "quantization_config"))
    return fail(err, ERR_UNSUPPORTED,
                WHAT ": quantization_config is not supported");
  return OK;
}

/* id2label, where there is one, says how many labels; else num_labels. */
static int check_labels(const cJSON *json, const Config *c, Error *err) {
  const cJSON *names = json_get(json, "id2label");
  int64_t n = 2;
  int rc = json_get_int(WHAT, json, "num_labels", 0, CONFIG_MAX_VOCAB, &n, err);
  if (rc != OK)
    return rc;
  if (names && !cJSON_IsObject(names))
    return fail(err, ERR_FORMAT, WHAT ": id2label must be an object");
  n = names ? cJSON_GetArraySize(names) : n;
  if (c->task == TASK_ANSWER && n != 2)
    return fail(err, ERR_FORMAT,
                WHAT ": question answering has 2 labels, not %lld",
                (long long)n);
  return OK;
}

/* Sizes need the family, their limits each other, and labels the head: in this
 * order, and the first that is wrong is what the user hears of. */
static int read_config(const cJSON *json, Config *out, Error *err) {
  if (!cJSON_IsObject(json))
    return fail(err, ERR_FORMAT, WHAT ": must be an object");
  int rc = read_family(json, out, err);
  if (rc == OK)
    rc = read_sizes(json, out, err);
  if (rc == OK)
    rc = read_pad(json, out, err);
  if (rc == OK)
    rc = check_sizes(out, err);
  if (rc == OK)
    rc = read_numerics(json, out, err);
  if (rc == OK)
    rc = refuse_others(json, out, err);
  return rc == OK ? check_labels(json, out, err) : rc;
}

int config_parse(const char *json, size_t bytes, Config *out, Error *err) {
  cJSON *tree;
  *out = (Config){0};
  int rc = json_parse(WHAT, json, bytes, CONFIG_MAX_BYTES, &tree, err);
  if (rc == OK)
    rc = read_config(tree, out, err);
  cJSON_Delete(tree);
  return rc;
}
