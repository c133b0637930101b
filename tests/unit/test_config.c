/*
 * test_config.c - the configurations of the reference checkpoints, defaults of
 * the three families, and the hostile catalogue of config.json.
 */
#include "model/config.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "check.h"
#include "model/family.h"

static int parse(const char *text, Config *c, Error *err) {
  size_t n = strlen(text);
  char *copy = malloc(n ? n : 1); /* ASan sees any over-read */
  memcpy(copy, text, n);
  err->message[0] = 0;
  int rc = config_parse(copy, n, c, err);
  free(copy);
  return rc;
}

/* --- What is accepted ----------------------------------------------------- */

typedef struct Good {
  const char *text;
  Config want;
} Good;

#define DISTILBERT                                                             \
  .family = &families[0], .dim = 768, .n_layers = 6, .n_heads = 12,            \
  .hidden_dim = 3072, .vocab_size = 30522, .max_positions = 512,               \
  .norm_eps = 1e-12f, .activation = ACTIVATION_GELU, .tie_embeddings = true
#define BERT                                                                   \
  .family = &families[1], .dim = 768, .n_layers = 12, .n_heads = 12,           \
  .hidden_dim = 3072, .vocab_size = 30522, .max_positions = 512, .n_types = 2, \
  .norm_eps = 1e-12f, .activation = ACTIVATION_GELU, .tie_embeddings = true
#define ROBERTA                                                                \
  .family = &families[2], .dim = 768, .n_layers = 12, .n_heads = 12,           \
  .hidden_dim = 3072, .vocab_size = 50265, .max_positions = 512, .n_types = 2, \
  .pad_id = 1, .norm_eps = 1e-12f, .activation = ACTIVATION_GELU,              \
  .tie_embeddings = true

#define OF(type, more) "{\"model_type\":\"" type "\"" more "}"
#define D(more)        OF("distilbert", "," more)

/* The rows change one field of a family's defaults. */
#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#endif
/* clang-format off */
static const Good good[] = {
    {OF("distilbert", ""), {DISTILBERT}},
    {OF("bert", ""), {BERT}},
    {OF("roberta", ""), {ROBERTA}},
    {D("\"dim\":64,\"n_heads\":4,\"n_layers\":2,\"hidden_dim\":100"),
     {DISTILBERT, .dim = 64, .n_heads = 4, .n_layers = 2, .hidden_dim = 100}},
    {D("\"hidden_size\":64,\"num_attention_heads\":4,\"num_hidden_layers\":2"),
     {DISTILBERT, .dim = 64, .n_heads = 4, .n_layers = 2}},
    {D("\"hidden_size\":64,\"dim\":64,\"n_heads\":1"),
     {DISTILBERT, .dim = 64, .n_heads = 1}},
    {D("\"dim\":1,\"n_heads\":1"), {DISTILBERT, .dim = 1, .n_heads = 1}},
    {D("\"dim\":65536,\"n_heads\":65536"), {DISTILBERT, .dim = 65536, .n_heads = 65536}},
    {D("\"n_layers\":1024"), {DISTILBERT, .n_layers = 1024}},
    {D("\"vocab_size\":16777216"), {DISTILBERT, .vocab_size = 16777216}},
    {D("\"vocab_size\":1"), {DISTILBERT, .vocab_size = 1}},
    {D("\"max_position_embeddings\":1048576"), {DISTILBERT, .max_positions = 1048576}},
    {D("\"pad_token_id\":30521"), {DISTILBERT, .pad_id = 30521}},
    {D("\"pad_token_id\":null"), {DISTILBERT}},
    {D("\"layer_norm_eps\":0.5,\"type_vocab_size\":7,\"tie_weights_\":false"), {DISTILBERT}},
    {D("\"tie_word_embeddings\":false"), {DISTILBERT, .tie_embeddings = false}},
    {D("\"sinusoidal_pos_embds\":true"), {DISTILBERT, .sinusoidal = true}},
    {D("\"activation\":\"relu\""), {DISTILBERT, .activation = ACTIVATION_RELU}},
    {D("\"hidden_act\":\"relu\""), {DISTILBERT}},
    {D("\"embedding_size\":768,\"pruned_heads\":{},\"is_decoder\":false"), {DISTILBERT}},
    {D("\"dropout\":1e9,\"id2label\":{\"7\":\"x\"},\"num_labels\":3"), {DISTILBERT}},
    {OF("bert", ",\"layer_norm_eps\":1e-5,\"type_vocab_size\":1"), {BERT, .norm_eps = 1e-5f, .n_types = 1}},
    {OF("bert", ",\"hidden_act\":\"gelu_new\""), {BERT, .activation = ACTIVATION_GELU_TANH}},
    {OF("bert", ",\"position_embedding_type\":\"absolute\""), {BERT}},
    {OF("bert", ",\"sinusoidal_pos_embds\":true"), {BERT}},
    {OF("roberta", ",\"max_position_embeddings\":3"), {ROBERTA, .max_positions = 3}},
    {OF("roberta", ",\"pad_token_id\":5,\"max_position_embeddings\":514"),
     {ROBERTA, .pad_id = 5, .max_positions = 514}},
    /* model_type out of the class */
    {"{\"architectures\":[\"DistilBertForMaskedLM\"]}",
     {DISTILBERT, .task = TASK_FILL}},
    {"{\"architectures\":[\"BertModel\"]}", {BERT}},
    {"{\"architectures\":[\"RobertaForTokenClassification\",\"BertModel\"]}",
     {ROBERTA, .task = TASK_ENTITIES}},
    /* class */
    {D("\"architectures\":null"), {DISTILBERT}}, {D("\"architectures\":[]"), {DISTILBERT}},
    {D("\"architectures\":[\"DistilBertForQuestionAnswering\"]"),
     {DISTILBERT, .task = TASK_ANSWER}},
    {D("\"architectures\":[\"DistilBertForQuestionAnswering\"],\"num_labels\":2"),
     {DISTILBERT, .task = TASK_ANSWER}},
    {D("\"architectures\":[\"DistilBertForQuestionAnswering\"],\"num_labels\":3,"
       "\"id2label\":{\"0\":\"a\",\"1\":\"b\"}"),
     {DISTILBERT, .task = TASK_ANSWER}},
    {D("\"architectures\":[\"DistilBertForSequenceClassification\"]"),
     {DISTILBERT, .task = TASK_CLASSIFY}},
    {D("\"architectures\":[\"DistilBertForMultipleChoice\"]"),
     {DISTILBERT, .task = TASK_CHOOSE}},
    {D("\"architectures\":[\"DistilBertModel\"]"), {DISTILBERT}},
    {D("\"architectures\":[\"SomethingElse\"]"), {DISTILBERT}},
    {OF("bert", ",\"architectures\":[\"BertForPreTraining\"]"),
     {BERT, .task = TASK_FILL}},
};
/* clang-format on */

static int same(const Config *a, const Config *b) {
  return a->family == b->family && a->task == b->task && a->dim == b->dim &&
         a->n_layers == b->n_layers && a->n_heads == b->n_heads &&
         a->hidden_dim == b->hidden_dim && a->vocab_size == b->vocab_size &&
         a->max_positions == b->max_positions && a->n_types == b->n_types &&
         a->pad_id == b->pad_id && a->norm_eps == b->norm_eps &&
         a->activation == b->activation &&
         a->tie_embeddings == b->tie_embeddings &&
         a->sinusoidal == b->sinusoidal;
}

static void check_good(const Good *g) {
  Config c;
  Error err;
  int rc = parse(g->text, &c, &err);
  CHECK(rc == OK, "%s: %d %s", g->text, rc, err.message);
  CHECK(same(&c, &g->want), "%s", g->text);
}

/* --- What is refused ------------------------------------------------------ */

typedef struct Bad {
  const char *text;
  int code;
  const char *says;
} Bad;

/* clang-format off */
static const Bad bad[] = {
    /* the text */
    {"", ERR_FORMAT, "line 1"}, {" ", ERR_FORMAT, "line 1"}, {"[]", ERR_FORMAT, "must be an object"},
    {"null", ERR_FORMAT, "must be an object"}, {"\"distilbert\"", ERR_FORMAT, "must be an object"},
    {"{} junk", ERR_FORMAT, "something follows"}, {"{\"a\":1,\"a\":1}", ERR_FORMAT, "twice"},
    {D("\"dim\":768,\"dim\":768"), ERR_FORMAT, "\"dim\" twice"},
    {"\xef\xbb\xbf{}", ERR_FORMAT, "byte order mark"}, {"\xff\xfe{", ERR_FORMAT, "line 1"},
    {"{\"model_type\":\"distilb\xe9rt\"}", ERR_FORMAT, "not UTF-8"},
    {D("\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"), ERR_FORMAT, "deeper than 32"},
    /* family */
    {"{}", ERR_FORMAT, "model_type is missing"},
    {"{\"model_type\":null}", ERR_FORMAT, "model_type is missing"},
    {"{\"model_type\":1}", ERR_FORMAT, "model_type must be a string"},
    {"{\"architectures\":[\"BertGenerationDecoder\"]}", ERR_FORMAT, "model_type is missing"},
    {"{\"architectures\":[\"ForMaskedLM\"]}", ERR_FORMAT, "model_type is missing"},
    {"{\"architectures\":[\"XLMRobertaForMaskedLM\"]}", ERR_FORMAT, "model_type is missing"},
    {"{\"architectures\":[\"BertXForMaskedLM\"]}", ERR_FORMAT, "model_type is missing"},
    {"{\"architectures\":[\"MobileBertModel\"]}", ERR_FORMAT, "model_type is missing"},
    {"{\"architectures\":[\"DistilBertFor\"]}", ERR_FORMAT, "model_type is missing"},
    {OF("gpt2", ""), ERR_UNSUPPORTED, "model_type \"gpt2\" is none of distilbert, bert, roberta"},
    {OF("xlm-roberta", ""), ERR_UNSUPPORTED, "\"xlm-roberta\""}, {OF("", ""), ERR_UNSUPPORTED, "\"\""},
    {OF("DistilBert", ""), ERR_UNSUPPORTED, "\"DistilBert\""}, {OF("albert", ""), ERR_UNSUPPORTED, "albert"},
    {OF("a\\nb", ""), ERR_UNSUPPORTED, "\"a?b\""},
    {D("\"architectures\":\"DistilBertModel\""), ERR_FORMAT, "architectures must be a list"},
    {D("\"architectures\":[1]"), ERR_FORMAT, "architectures must be a list"},
    {D("\"architectures\":[null]"), ERR_FORMAT, "architectures must be a list"},
    {D("\"architectures\":{\"a\":\"b\"}"), ERR_FORMAT, "architectures must be a list"},
    /* fitting together */
    {D("\"n_heads\":5"), ERR_FORMAT, "768 features do not split into 5 heads"},
    {D("\"dim\":4,\"n_heads\":8"), ERR_FORMAT, "do not split"},
    {D("\"dim\":64,\"hidden_size\":32"), ERR_FORMAT, "dim and hidden_size differ"},
    {D("\"dim\":768,\"hidden_size\":32"), ERR_FORMAT, "dim and hidden_size differ"},
    {D("\"n_layers\":2,\"num_hidden_layers\":3"), ERR_FORMAT, "n_layers and num_hidden_layers differ"},
    {D("\"pad_token_id\":30522"), ERR_FORMAT, "pad_token_id must be an integer from 0 to 30521"},
    {D("\"pad_token_id\":-1"), ERR_FORMAT, "pad_token_id must be"},
    {D("\"pad_token_id\":\"[PAD]\""), ERR_FORMAT, "pad_token_id must be"},
    {OF("roberta", ",\"vocab_size\":1"), ERR_FORMAT, "pad_token_id 1, vocab_size 1"},
    {OF("roberta", ",\"max_position_embeddings\":2"), ERR_FORMAT, "max_position_embeddings must be 3"},
    {OF("roberta", ",\"pad_token_id\":511"), ERR_FORMAT, "max_position_embeddings must be 513"},
    /* arithmetic */
    {OF("bert", ",\"layer_norm_eps\":-1e-12"), ERR_FORMAT, "layer_norm_eps must be a number from 0 to 1"},
    {OF("bert", ",\"layer_norm_eps\":2"), ERR_FORMAT, "layer_norm_eps"},
    {OF("bert", ",\"layer_norm_eps\":\"1e-12\""), ERR_FORMAT, "layer_norm_eps"},
    {OF("bert", ",\"layer_norm_eps\":1e999"), ERR_FORMAT, "number too large"},
    {D("\"activation\":\"swiglu\""), ERR_UNSUPPORTED, "unknown activation \"swiglu\""},
    {D("\"activation\":\"GELU\""), ERR_UNSUPPORTED, "unknown activation \"GELU\""},
    {D("\"activation\":1"), ERR_FORMAT, "activation must be a string"},
    {OF("bert", ",\"hidden_act\":\"\""), ERR_UNSUPPORTED, "unknown hidden_act \"\""},
    {D("\"tie_word_embeddings\":1"), ERR_FORMAT, "tie_word_embeddings must be true or false"},
    {D("\"sinusoidal_pos_embds\":\"no\""), ERR_FORMAT, "sinusoidal_pos_embds must be true or false"},
    /* not built */
    {OF("bert", ",\"position_embedding_type\":\"relative_key\""), ERR_UNSUPPORTED, "position_embedding_type"},
    {OF("roberta", ",\"position_embedding_type\":\"relative_key_query\""), ERR_UNSUPPORTED, "position_embedding_type"},
    {OF("bert", ",\"position_embedding_type\":1"), ERR_FORMAT, "position_embedding_type"},
    {OF("bert", ",\"is_decoder\":true"), ERR_UNSUPPORTED, "is_decoder is not supported"},
    {OF("bert", ",\"add_cross_attention\":true"), ERR_UNSUPPORTED, "add_cross_attention"},
    {D("\"embedding_size\":128"), ERR_UNSUPPORTED, "embedding_size 128, the model is 768 wide"},
    {D("\"pruned_heads\":{\"0\":[1]}"), ERR_UNSUPPORTED, "pruned_heads"},
    {D("\"quantization_config\":{}"), ERR_UNSUPPORTED, "quantization_config"},
    /* labels */
    {D("\"architectures\":[\"DistilBertForQuestionAnswering\"],\"num_labels\":3"), ERR_FORMAT,
     "question answering has 2 labels, not 3"},
    {D("\"architectures\":[\"DistilBertForQuestionAnswering\"],\"id2label\":{\"0\":\"a\"}"), ERR_FORMAT, "not 1"},
    {D("\"id2label\":[]"), ERR_FORMAT, "id2label must be an object"},
    {D("\"num_labels\":-1"), ERR_FORMAT, "num_labels must be"},
};
/* clang-format on */

static void check_bad(const Bad *b) {
  Config c;
  Error err;
  int rc = parse(b->text, &c, &err);
  CHECK(rc == b->code, "%s: %d %s", b->text, rc, err.message);
  CHECK(strstr(err.message, b->says), "%s: %s", b->text, err.message);
  CHECK(strncmp(err.message, "config.json", 11) == 0, "%s", err.message);
}

/* Every size of every family x every senseless value. */
static void check_sizes(void) {
  static const char *keys[][9] = {
      {"distilbert", "dim", "hidden_size", "n_layers", "num_hidden_layers",
       "n_heads", "hidden_dim", "vocab_size", "max_position_embeddings"},
      {"bert", "hidden_size", "num_hidden_layers", "num_attention_heads",
       "intermediate_size", "vocab_size", "max_position_embeddings",
       "type_vocab_size"},
      {"roberta", "hidden_size", "num_hidden_layers", "num_attention_heads",
       "intermediate_size", "vocab_size", "max_position_embeddings",
       "type_vocab_size"}};
  static const char *values[] = {
      "0",     "-1",   "1.5",  "1e308",    "-1e308",           "2147483648",
      "null",  "\"\"", "[]",   "{}",       "4294967296",       "\"768\"",
      "false", "true", "1e18", "16777217", "9007199254740992", "[768]"};
  for (size_t f = 0; f < 3; f++)
    for (size_t k = 1; k < 9 && keys[f][k]; k++)
      for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
        char text[200];
        Config c;
        Error err;
        snprintf(text, sizeof text, "{\"model_type\":\"%s\",\"%s\":%s}",
                 keys[f][0], keys[f][k], values[v]);
        int rc = parse(text, &c, &err);
        CHECK(rc == ERR_FORMAT, "%s: %d", text, rc);
        CHECK(strstr(err.message, keys[f][k]) &&
                  strstr(err.message, "must be an integer from 1 to "),
              "%s: %s", text, err.message);
      }
}

static void check_activations(void) {
  static const struct {
    const char *name;
    Activation activation;
  } names[] = {{"gelu", ACTIVATION_GELU},
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
               {"linear", ACTIVATION_NONE}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char text[100];
    Config c;
    Error err;
    snprintf(text, sizeof text,
             "{\"model_type\":\"bert\",\"hidden_act\":\"%s\"}", names[i].name);
    CHECK(parse(text, &c, &err) == OK && c.activation == names[i].activation,
          "%s: %s", names[i].name, err.message);
  }
}

/* A million labels, a label of 4 MB, and the limit of 16 MiB. */
static void check_large(void) {
  size_t room = CONFIG_MAX_BYTES + 2, n = 0;
  char *text = malloc(room);
  Config c;
  Error err;
  n = (size_t)sprintf(text, "{\"model_type\":\"bert\",\"id2label\":{");
  for (int i = 0; i < 900000; i++)
    n += (size_t)sprintf(text + n, "%s\"%d\":\"\"", i ? "," : "", i);
  n += (size_t)sprintf(text + n, "}}");
  CHECK(config_parse(text, n, &c, &err) == OK, "%s", err.message);
  n = (size_t)sprintf(text, "{\"model_type\":\"bert\",\"id2label\":{\"0\":\"");
  memset(text + n, 'x', 4 << 20);
  n += 4 << 20;
  n += (size_t)sprintf(text + n, "\"}}");
  CHECK(config_parse(text, n, &c, &err) == OK, "%s", err.message);
  memset(text, ' ', room);
  memcpy(text, "{\"model_type\":\"bert\"}", 21);
  CHECK(config_parse(text, CONFIG_MAX_BYTES, &c, &err) == OK, "%s",
        err.message);
  CHECK(config_parse(text, CONFIG_MAX_BYTES + 1, &c, &err) == ERR_RANGE,
        "above 16 MiB");
  free(text);
}

/* Every cut of a real file is refused. */
static void check_cuts(const char *text, size_t n) {
  while (n > 0 && strchr(" \n", text[n - 1]))
    n--;
  for (size_t cut = 0; cut < n; cut++) {
    char *copy = malloc(cut ? cut : 1);
    Config c;
    memcpy(copy, text, cut);
    CHECK(config_parse(copy, cut, &c, NULL) == ERR_FORMAT, "%zu bytes", cut);
    free(copy);
  }
}

/* --- The reference checkpoints -------------------------------------------- */

static int number(const cJSON *json, const char *a, const char *b) {
  const cJSON *item = json_get(json, a);
  item = item ? item : json_get(json, b);
  return item ? item->valueint : 0;
}

static void check_checkpoint(const char *name, const char *text, size_t n) {
  Config c;
  Error err = {""};
  cJSON *json;
  int rc = config_parse(text, n, &c, &err);
  CHECK(rc == OK, "%s: %s", name, err.message);
  rc = json_parse(name, text, n, n, &json, &err);
  CHECK(rc == OK, "%s", err.message);
  CHECK(!strncmp(name, c.family->name, strlen(c.family->name)), "%s is %s",
        name, c.family->name);
  CHECK((int)c.dim == number(json, "dim", "hidden_size"), "%s: dim", name);
  CHECK((int)c.n_layers == number(json, "n_layers", "num_hidden_layers"),
        "%s: layers", name);
  CHECK((int)c.n_heads == number(json, "n_heads", "num_attention_heads"),
        "%s: heads", name);
  CHECK((int)c.hidden_dim == number(json, "hidden_dim", "intermediate_size"),
        "%s: hidden", name);
  CHECK((int)c.vocab_size == number(json, "vocab_size", ""), "%s: vocab", name);
  CHECK((int)c.max_positions == number(json, "max_position_embeddings", ""),
        "%s: positions", name);
  CHECK((int)c.n_types == number(json, "type_vocab_size", ""), "%s: types",
        name);
  CHECK(c.pad_id == number(json, "pad_token_id", ""), "%s: pad", name);
  CHECK((c.activation == ACTIVATION_RELU) == (strstr(name, "relu") != NULL),
        "%s: activation", name);
  CHECK(c.sinusoidal == (strstr(name, "sinusoidal") != NULL), "%s", name);
  CHECK((c.task == TASK_ANSWER) ==
            (strstr(name, "-qa") || strstr(name, "sharded")),
        "%s: task", name);
  CHECK((c.task == TASK_FILL) == (strstr(name, "-mlm") || strstr(name, "relu")),
        "%s: task", name);
  CHECK((c.task == TASK_ENTITIES) == (strstr(name, "-tokcls") != NULL),
        "%s: task", name);
  cJSON_Delete(json);
}

static void check_checkpoints(void) {
  static const char root[] = "tests/oracle/data/checkpoints";
  DIR *folder = opendir(root);
  size_t found = 0;
  for (struct dirent *e; folder && (e = readdir(folder)) != NULL;) {
    char path[600], *text;
    size_t n;
    Error err;
    snprintf(path, sizeof path, "%s/%s/config.json", root, e->d_name);
    if (e->d_name[0] == '.' || file_text(path, 1 << 20, &text, &n, &err) != OK)
      continue;
    check_checkpoint(e->d_name, text, n);
    if (found++ == 0)
      check_cuts(text, n);
    mem_free(text);
  }
  if (folder)
    closedir(folder);
  if (found == 0)
    SKIP("no checkpoints under %s", root);
}

int main(void) {
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    check_good(&good[i]);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    check_bad(&bad[i]);
  check_sizes();
  check_activations();
  check_large();
  check_checkpoints();
  return check_done();
}
