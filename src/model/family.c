/*
 * family.c - the table of tensor names.
 *
 * DistilBERT renamed what BERT had; RoBERTa kept BERT's names under another
 * prefix.  Source: the modeling files of transformers, as listed in
 * reference/models.md.
 */
#include "model/family.h"

#define BERT_LAYERS                                                            \
  .words = "embeddings.word_embeddings",                                       \
  .positions = "embeddings.position_embeddings",                               \
  .types = "embeddings.token_type_embeddings",                                 \
  .embedding_norm = "embeddings.LayerNorm", .layer = "encoder.layer.%zu.",     \
  .query = "attention.self.query", .key = "attention.self.key",                \
  .value = "attention.self.value", .attention_out = "attention.output.dense",  \
  .attention_norm = "attention.output.LayerNorm", .up = "intermediate.dense",  \
  .down = "output.dense", .output_norm = "output.LayerNorm"

const FamilyNames family_names[FAMILY_COUNT] = {
    [FAMILY_DISTILBERT] = {.tokenizer = TOKENIZER_WORDPIECE,
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
                           .mask_transform = "vocab_transform",
                           .mask_norm = "vocab_layer_norm",
                           .mask_decoder = "vocab_projector",
                           .mask_biases = {"vocab_projector.bias"}},
    [FAMILY_BERT] = {.tokenizer = TOKENIZER_WORDPIECE,
                     .prefix = "bert.",
                     BERT_LAYERS,
                     .mask_transform = "cls.predictions.transform.dense",
                     .mask_norm = "cls.predictions.transform.LayerNorm",
                     .mask_decoder = "cls.predictions.decoder",
                     .mask_biases = {"cls.predictions.bias",
                                     "cls.predictions.decoder.bias"}},
    [FAMILY_ROBERTA] = {.tokenizer = TOKENIZER_BYTE_BPE,
                        .prefix = "roberta.",
                        BERT_LAYERS,
                        .mask_transform = "lm_head.dense",
                        .mask_norm = "lm_head.layer_norm",
                        .mask_decoder = "lm_head.decoder",
                        .mask_biases = {"lm_head.decoder.bias", "lm_head.bias"},
                        .mask_always_gelu = true},
};
