"""make_gguf.py - HOME/gguf/MODEL.TYPE.gguf, for llama.cpp in SQLite.

    venv-gguf/bin/python make_gguf.py

A DistilBERT as architecture "bert" whose token types are zero computes the
same.  Types: f32, and q8_0 (bytes, a scale for 32 of them) for matrices;
vectors and positions stay f32.
"""
import json

import gguf
import numpy

from places import GEOMETRIES, HOME

Type, FileType = gguf.GGMLQuantizationType, gguf.LlamaFileType
TYPES = {"f32": (Type.F32, FileType.ALL_F32),
         "q8_0": (Type.Q8_0, FileType.MOSTLY_Q8_0)}
EMBEDDINGS = {"word_embeddings": "token_embd", "LayerNorm": "token_embd_norm",
              "position_embeddings": "position_embd"}
LAYER = {"attention.q_lin": "attn_q", "attention.k_lin": "attn_k",
         "attention.v_lin": "attn_v", "attention.out_lin": "attn_output",
         "sa_layer_norm": "attn_output_norm", "ffn.lin1": "ffn_up",
         "ffn.lin2": "ffn_down", "output_layer_norm": "layer_output_norm"}
SPECIAL = {"bos": 101, "eos": 102, "unk": 100, "sep": 102, "pad": 0,
           "mask": 103}


def tensors(path):
    """The name and the numbers of each tensor of a safetensors file."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    for name, info in json.loads(data[8:start]).items():
        if name != "__metadata__":
            begin, end = info["data_offsets"]
            yield name, numpy.frombuffer(data[start + begin:start + end],
                                         "<f4").reshape(info["shape"])


def gguf_name(name):
    module, kind = name.rsplit(".", 1)
    if module.startswith("embeddings."):
        return f"{EMBEDDINGS[module.split('.')[1]]}.{kind}"
    number, rest = module.removeprefix("transformer.layer.").split(".", 1)
    return f"blk.{number}.{LAYER[rest]}.{kind}"


def tokens(vocab):
    """llama.cpp marks the start of a word, WordPiece what goes on with it."""
    for word in vocab:
        if word.startswith("[") and word.endswith("]"):
            unused = word.startswith("[unused")
            yield word, gguf.TokenType.UNUSED if unused else \
                gguf.TokenType.CONTROL
        else:
            yield (word[2:] if word.startswith("##") else "\u2581" + word,
                   gguf.TokenType.NORMAL)


def describe(writer, config, vocab):
    writer.add_block_count(config["n_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["dim"])
    writer.add_feed_forward_length(config["hidden_dim"])
    writer.add_head_count(config["n_heads"])
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_type_count(2)
    texts, kinds = zip(*tokens(vocab))
    writer.add_token_list(texts)
    writer.add_token_types(kinds)
    for name, token in SPECIAL.items():
        getattr(writer, f"add_{name}_token_id")(token)
    writer.add_uint32("tokenizer.ggml.cls_token_id", 101)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(True)


def add_tensors(writer, folder, kind):
    for name, value in tensors(folder / "model.safetensors"):
        name = gguf_name(name)
        if value.ndim < 2 or name.startswith("position") or kind == Type.F32:
            writer.add_tensor(name, value)
        else:
            writer.add_tensor(name, gguf.quants.quantize(value, kind),
                              raw_dtype=kind)


def convert(folder, out, kind, file_type):
    config = json.loads((folder / "config.json").read_text())
    vocab = (folder / "vocab.txt").read_text("utf-8").split("\n")
    writer = gguf.GGUFWriter(out, "bert")
    writer.add_name(folder.name)
    writer.add_file_type(file_type)
    describe(writer, config, vocab[:config["vocab_size"]])
    add_tensors(writer, folder, kind)
    writer.add_tensor("token_types.weight",
                      numpy.zeros((2, config["dim"]), numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


(HOME / "gguf").mkdir(exist_ok=True)
for model in GEOMETRIES:
    for type_name, (kind, file_type) in TYPES.items():
        convert(HOME / "models" / model,
                f"{HOME}/gguf/{model}.{type_name}.gguf", kind, file_type)
