/*
 * family.c - the table of families.
 *
 * DistilBERT renamed what BERT had ("dim" is "hidden_size"); RoBERTa kept
 * BERT's names under another prefix, and counts positions from its pad id on.
 * Defaults are those of DistilBertConfig, BertConfig and RobertaConfig, as the
 * reference writes only what differs.  Source: the configuration and modeling
 * files of transformers, as listed in reference/models.md.
 */
#include "model/family.h"

#include <stdio.h>
#include <string.h>

#define BERT_SIZES(vocabulary)                                                 \
  .sizes = {[SIZE_DIM] = {"hidden_size", NULL, 768},                           \
            [SIZE_LAYERS] = {"num_hidden_layers", NULL, 12},                   \
            [SIZE_HEADS] = {"num_attention_heads", NULL, 12},                  \
            [SIZE_HIDDEN] = {"intermediate_size", NULL, 3072},                 \
            [SIZE_VOCAB] = {"vocab_size", NULL, vocabulary},                   \
            [SIZE_POSITIONS] = {"max_position_embeddings", NULL, 512},         \
            [SIZE_TYPES] = {"type_vocab_size", NULL, 2}},                      \
  .activation = "hidden_act", .norm_eps = "layer_norm_eps",                    \
  .position_type = "position_embedding_type"

#define BERT_TENSORS                                                           \
  .words = "embeddings.word_embeddings",                                       \
  .positions = "embeddings.position_embeddings",                               \
  .types = "embeddings.token_type_embeddings",                                 \
  .embedding_norm = "embeddings.LayerNorm", .layer = "encoder.layer.%zu.",     \
  .query = "attention.self.query", .key = "attention.self.key",                \
  .value = "attention.self.value", .attention_out = "attention.output.dense",  \
  .attention_norm = "attention.output.LayerNorm", .up = "intermediate.dense",  \
  .down = "output.dense", .output_norm = "output.LayerNorm"

#define ANSWER_HEAD   [TASK_ANSWER] = {.last = "qa_outputs"}
#define ENTITIES_HEAD [TASK_ENTITIES] = {.last = "classifier"}

/* BERT's and, for choices, RoBERTa's: over what the pooler makes of the first
 * token. */
#define POOLED_HEAD(TASK)                                                      \
  [TASK] = {.first = "pooler.dense",                                           \
            .last = "classifier",                                              \
            .pooled = true,                                                    \
            .activation = ACTIVATION_TANH}
#define RELU_HEAD(TASK)                                                        \
  [TASK] = {.first = "pre_classifier",                                         \
            .last = "classifier",                                              \
            .activation = ACTIVATION_RELU}

const Family families[] = {
    {.name = "distilbert",
     .classes = "DistilBert",
     .sizes = {[SIZE_DIM] = {"dim", "hidden_size", 768},
               [SIZE_LAYERS] = {"n_layers", "num_hidden_layers", 6},
               [SIZE_HEADS] = {"n_heads", "num_attention_heads", 12},
               [SIZE_HIDDEN] = {"hidden_dim", NULL, 3072},
               [SIZE_VOCAB] = {"vocab_size", NULL, 30522},
               [SIZE_POSITIONS] = {"max_position_embeddings", NULL, 512}},
     .activation = "activation",
     .sinusoids = "sinusoidal_pos_embds",
     .tokenizer = TOKENIZER_WORDPIECE,
     .prefix = "distilbert.",
     .words = "embeddings.word_embeddings",
     .positions = "embeddings.position_embeddings",
     .embedding_norm = "embeddings.LayerNorm",
     .layer = "transformer.layer.%zu.",
     .query = "attention.q_lin",
     .key = "attention.k_lin",
     .value = "attention.v_lin",
     .attention_out = "attention.out_lin",
     .attention_norm = "sa_layer_norm",
     .up = "ffn.lin1",
     .down = "ffn.lin2",
     .output_norm = "output_layer_norm",
     .heads = {ANSWER_HEAD, ENTITIES_HEAD, RELU_HEAD(TASK_CLASSIFY),
               RELU_HEAD(TASK_CHOOSE),
               [TASK_FILL] = {.first = "vocab_transform",
                              .norm = "vocab_layer_norm",
                              .last = "vocab_projector",
                              .biases = {"vocab_projector.bias"},
                              .tied = true}}},
    {.name = "bert",
     .classes = "Bert",
     BERT_SIZES(30522),
     .tokenizer = TOKENIZER_WORDPIECE,
     .prefix = "bert.",
     BERT_TENSORS,
     .heads = {ANSWER_HEAD, ENTITIES_HEAD, POOLED_HEAD(TASK_CLASSIFY),
               POOLED_HEAD(TASK_CHOOSE),
               [TASK_FILL] = {.first = "cls.predictions.transform.dense",
                              .norm = "cls.predictions.transform.LayerNorm",
                              .last = "cls.predictions.decoder",
                              .biases = {"cls.predictions.bias",
                                         "cls.predictions.decoder.bias"},
                              .tied = true}}},
    {.name = "roberta",
     .classes = "Roberta",
     BERT_SIZES(50265),
     .pad_id = 1,
     .positions_follow_pad = true,
     .tokenizer = TOKENIZER_BYTE_BPE,
     .prefix = "roberta.",
     BERT_TENSORS,
     .heads = {ANSWER_HEAD, ENTITIES_HEAD, POOLED_HEAD(TASK_CHOOSE),
               [TASK_CLASSIFY] = {.first = "classifier.dense",
                                  .last = "classifier.out_proj",
                                  .activation = ACTIVATION_TANH},
               [TASK_FILL] = {.first = "lm_head.dense",
                              .norm = "lm_head.layer_norm",
                              .last = "lm_head.decoder",
                              .biases = {"lm_head.decoder.bias",
                                         "lm_head.bias"},
                              .tied = true,
                              .activation = ACTIVATION_GELU}}},
    {.name = NULL},
};

const Family *family_named(const char *name) {
  const Family *f = families;
  while (f->name && strcmp(f->name, name) != 0)
    f++;
  return f->name ? f : NULL;
}

char *family_names(char *out, size_t room) {
  size_t used = 0;
  out[0] = 0;
  for (const Family *f = families; f->name && used < room; f++) {
    int n =
        snprintf(out + used, room - used, "%s%s", used ? ", " : "", f->name);
    used += n > 0 ? (size_t)n : room;
  }
  return out;
}
