/*
 * config.c - reads config.json of the three families.
 *
 * In:  the text of config.json.
 * Out: a Config whose sizes are positive, within the limits of config.h and
 *      fit together; or one sentence with the key and its limit.
 *
 *     {"model_type": "bert", "architectures": ["BertForMaskedLM"],
 *      "hidden_size": 768, "num_hidden_layers": 12, "hidden_act": "gelu", ...}
 *
 * DistilBERT has its own names for what BERT and RoBERTa share ("dim" is
 * "hidden_size"), so a family is a row with a table of its keys.  An absent
 * key means the default of the reference's configuration class, because the
 * reference writes only what differs; a null where a size must be is refused.
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

#define WHAT "config.json"

/* --- What the families call things ---------------------------------------- */

/* One size of a family. Both names may be in a file: DistilBERT's own classes
 * write theirs, and programs that treat all families alike the common one. */
typedef struct SizeKey {
  const char *key, *alias; /* alias NULL: none */
  size_t at;               /* of a size_t in Config */
  size_t initial, high;    /* from 1 to high */
} SizeKey;

/* What differs from family to family in the file; what differs in the tensors'
 * names is in family.c. */
typedef struct FamilyRow {
  const char *name;                  /* model_type */
  const char *prefix;                /* of its architectures */
  const char *activation, *norm_eps; /* keys; NULL: not configurable */
  int32_t pad_id;
  SizeKey sizes[8]; /* up to one without a key */
} FamilyRow;

/* Where a size goes: read_sizes fills a Config by the table alone. */
#define AT(member) offsetof(Config, member)

static const FamilyRow families[FAMILY_COUNT] = {
    [FAMILY_DISTILBERT] =
        {"distilbert",
         "DistilBert",
         "activation",
         NULL,
         0,
         {{"dim", "hidden_size", AT(dim), 768, CONFIG_MAX_DIM},
          {"n_layers", "num_hidden_layers", AT(n_layers), 6, CONFIG_MAX_LAYERS},
          {"n_heads", "num_attention_heads", AT(n_heads), 12, CONFIG_MAX_DIM},
          {"hidden_dim", NULL, AT(hidden_dim), 3072, CONFIG_MAX_DIM},
          {"vocab_size", NULL, AT(vocab_size), 30522, CONFIG_MAX_VOCAB},
          {"max_position_embeddings", NULL, AT(max_positions), 512,
           CONFIG_MAX_POSITIONS}}},
    [FAMILY_BERT] =
        {"bert",
         "Bert",
         "hidden_act",
         "layer_norm_eps",
         0,
         {{"hidden_size", NULL, AT(dim), 768, CONFIG_MAX_DIM},
          {"num_hidden_layers", NULL, AT(n_layers), 12, CONFIG_MAX_LAYERS},
          {"num_attention_heads", NULL, AT(n_heads), 12, CONFIG_MAX_DIM},
          {"intermediate_size", NULL, AT(hidden_dim), 3072, CONFIG_MAX_DIM},
          {"vocab_size", NULL, AT(vocab_size), 30522, CONFIG_MAX_VOCAB},
          {"max_position_embeddings", NULL, AT(max_positions), 512,
           CONFIG_MAX_POSITIONS},
          {"type_vocab_size", NULL, AT(n_types), 2, CONFIG_MAX_DIM}}},
    [FAMILY_ROBERTA] =
        {"roberta",
         "Roberta",
         "hidden_act",
         "layer_norm_eps",
         1,
         {{"hidden_size", NULL, AT(dim), 768, CONFIG_MAX_DIM},
          {"num_hidden_layers", NULL, AT(n_layers), 12, CONFIG_MAX_LAYERS},
          {"num_attention_heads", NULL, AT(n_heads), 12, CONFIG_MAX_DIM},
          {"intermediate_size", NULL, AT(hidden_dim), 3072, CONFIG_MAX_DIM},
          {"vocab_size", NULL, AT(vocab_size), 50265, CONFIG_MAX_VOCAB},
          {"max_position_embeddings", NULL, AT(max_positions), 512,
           CONFIG_MAX_POSITIONS},
          {"type_vocab_size", NULL, AT(n_types), 2, CONFIG_MAX_DIM}}},
};

/* A class that is none of these says nothing: the tensors will tell which
 * heads there are. BertForPreTraining has the head of BertForMaskedLM. */
static const struct {
  const char *suffix; /* of a class, behind its family's name */
  Architecture architecture;
} architectures[] = {
    {"Model", ARCHITECTURE_NONE},
    {"ForQuestionAnswering", ARCHITECTURE_QUESTION_ANSWERING},
    {"ForMaskedLM", ARCHITECTURE_MASKED_LM},
    {"ForPreTraining", ARCHITECTURE_MASKED_LM},
    {"ForSequenceClassification", ARCHITECTURE_SEQUENCE_CLASSIFICATION},
    {"ForTokenClassification", ARCHITECTURE_TOKEN_CLASSIFICATION},
    {"ForMultipleChoice", ARCHITECTURE_MULTIPLE_CHOICE},
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

enum {
  N_ARCHITECTURES = sizeof architectures / sizeof *architectures,
  N_ACTIVATIONS = sizeof activations / sizeof *activations
};

const char *family_name(Family family) {
  return families[family].name;
}

/* --- Which family, which head --------------------------------------------- */

/* The first of `architectures`; NULL where there is none. */
/* Of more than one class the first counts, as in the reference. */
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

/* "MyBertForMaskedLM" counts as well: people derive classes of their own, and
 * the tensors are what they were. */
static bool ends_with(const char *text, const char *suffix) {
  size_t n = strlen(text), tail = strlen(suffix);
  return n >= tail && strcmp(text + n - tail, suffix) == 0;
}

/* By the end of the name alone: model_type says the family. */
static Architecture find_architecture(const char *class) {
  for (size_t i = 0; class && i < N_ARCHITECTURES; i++)
    if (ends_with(class, architectures[i].suffix))
      return architectures[i].architecture;
  return ARCHITECTURE_NONE;
}

/* Of a file without model_type: a class that is exactly one of a family's. */
static bool infer_family(const char *class, Family *out) {
  for (int f = 0; class && f < FAMILY_COUNT; f++) {
    size_t n = strlen(families[f].prefix);
    if (strncmp(class, families[f].prefix, n) != 0)
      continue;
    for (size_t i = 0; i < N_ARCHITECTURES; i++)
      if (strcmp(class + n, architectures[i].suffix) == 0) {
        *out = (Family)f;
        return true;
      }
  }
  return false;
}

/* Sets family and architecture. */
static int read_family(const cJSON *json, Config *out, Error *err) {
  const char *class, *type = NULL;
  int rc = read_class(json, &class, err);
  if (rc == OK)
    rc = json_get_text(WHAT, json, "model_type", &type, err);
  if (rc != OK)
    return rc;
  out->architecture = find_architecture(class);
  if (!type && infer_family(class, &out->family))
    return OK;
  if (!type)
    return fail(err, ERR_FORMAT, WHAT ": model_type is missing");
  for (int f = 0; f < FAMILY_COUNT; f++)
    if (strcmp(type, families[f].name) == 0) {
      out->family = (Family)f;
      return OK;
    }
  char shown[ERROR_QUOTE];
  return fail(err, ERR_UNSUPPORTED,
              WHAT ": model_type \"%s\" is none of distilbert, bert, roberta",
              error_quote(shown, type));
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
static int read_sizes(const cJSON *json, Config *out, Error *err) {
  for (const SizeKey *k = families[out->family].sizes; k->key; k++) {
    size_t *into = (size_t *)(void *)((char *)out + k->at);
    *into = k->initial;
    int rc = read_size(json, k->key, k->high, into, err);
    size_t other = *into;
    if (rc == OK && k->alias)
      rc = read_size(json, k->alias, k->high, &other, err);
    if (rc != OK)
      return rc;
    if (other != *into && json_get(json, k->key))
      return fail(err, ERR_FORMAT, WHAT ": %s and %s differ", k->key, k->alias);
    *into = other;
  }
  return OK;
}

/* Null is allowed: BERT's classes do not need one. */
static int read_pad(const cJSON *json, Config *out, Error *err) {
  int64_t pad = families[out->family].pad_id;
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
  /* RoBERTa's first token has position pad_id + 1. */
  if (c->family == FAMILY_ROBERTA && c->max_positions < (size_t)c->pad_id + 2)
    return fail(err, ERR_FORMAT,
                WHAT ": max_position_embeddings must be %d at least",
                c->pad_id + 2);
  return OK;
}

/* --- Arithmetic ----------------------------------------------------------- */

/* A file that names none means gelu, in all three families. */
static int read_activation(const cJSON *json, Config *out, Error *err) {
  const char *key = families[out->family].activation, *name = "gelu";
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
  const char *key = families[out->family].norm_eps;
  int rc = key ? json_get_real(WHAT, json, key, 0, 1, &eps, err) : OK;
  out->norm_eps = (float)eps;
  out->tie_embeddings = true;
  if (rc == OK)
    rc = read_activation(json, out, err);
  if (rc == OK)
    rc = json_get_bool(WHAT, json, "tie_word_embeddings", &out->tie_embeddings,
                       err);
  if (rc == OK && out->family == FAMILY_DISTILBERT)
    rc = json_get_bool(WHAT, json, "sinusoidal_pos_embds", &out->sinusoidal,
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
  /* DistilBERT's classes have no such key, and ignore it. */
  const char *position = "absolute";
  int64_t width = (int64_t)c->dim;
  int rc = refuse_true(json, "is_decoder", err);
  if (rc == OK)
    rc = refuse_true(json, "add_cross_attention", err);
  if (rc == OK && c->family != FAMILY_DISTILBERT)
    rc = json_get_text(WHAT, json, "position_embedding_type", &position, err);
  if (rc == OK)
    rc = json_get_int(WHAT, json, "embedding_size", 1, CONFIG_MAX_DIM, &width,
                      err);
  if (rc != OK)
    return rc;
  if (strcmp(position, "absolute") != 0)
    return fail(err, ERR_UNSUPPORTED,
                WHAT ": position_embedding_type must be \"absolute\"");
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
  if (c->architecture == ARCHITECTURE_QUESTION_ANSWERING && n != 2)
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
