"""make_bge.py - a model that fasttextembed can read, and our form of it.

    venv-torch/bin/python make_bge.py

HOME/models/bge                   a BERT of bge-small's geometry (12 x 384), random
                                  weights as 16 bits hold them, GELU by tanh
HOME/fasttextembed/model.fte      the same for fasttextembed, which is made for
HOME/fasttextembed/vocab.tsv      this geometry and nothing else
HOME/ref/bge/N.npy                the vector of [CLS] of the first text of N
                                  tokens, as PyTorch in fp32 has it

model.fte: a header, a table of tensors, their numbers; matrices are transposed
16-bit floats, called what an export of the original once called them.
"""
import json
import shutil
import struct

import numpy
import torch
from transformers import BertConfig, BertModel

from places import HOME

WIDTH, LAYERS, HEADS, INNER, ALIGN = 384, 12, 12, 1536, 64
HEADER = struct.Struct("<QQ11I")  # where table and numbers begin, then sizes
ENTRY = struct.Struct("<QQ64s6i")  # offset, bytes, name, dimensions, shape, type
MAGIC = int.from_bytes(b"FTE1", "little")


def make_model():
    torch.manual_seed(0)
    model = BertModel(BertConfig(
        hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
        intermediate_size=INNER, hidden_act="gelu_new",
        attn_implementation="eager"), add_pooling_layer=False)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(p.half().float())
    folder = HOME / "models/bge"
    model.save_pretrained(folder)
    for name in ("vocab.txt", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(HOME / "models/base" / name, folder)
    return model.eval()


def renamed(state):
    """Names and numbers as fasttextembed wants them."""
    for name, value in state.items():
        if not name.endswith("dense.weight") and ".self." not in name:
            yield name, value
    for i in range(LAYERS):
        layer = f"encoder.layer.{i}"
        parts = [f"{layer}.attention.self.{p}" for p in ("query", "key",
                                                         "value")]
        yield f"Attention_{i}_qkv_weight", torch.cat(
            [state[f"{p}.weight"].T for p in parts], 1)
        yield f"Attention_{i}_qkv_bias", torch.cat(
            [state[f"{p}.bias"] for p in parts])
        for j, part in enumerate(("attention.output", "intermediate",
                                  "output")):
            yield (f"onnx::MatMul_{1536 + 13 * i + j}",
                   state[f"{layer}.{part}.dense.weight"].T)


def aligned(n):
    return -n % ALIGN + n


def write_fte(tensors, path):
    arrays = [(name, numpy.ascontiguousarray(value.numpy().astype(
        "<f2" if value.ndim == 2 else "<f4"))) for name, value in tensors]
    table = aligned(HEADER.size)
    start = aligned(table + ENTRY.size * len(arrays))
    data = bytearray(start)
    HEADER.pack_into(data, 0, table, start, MAGIC, 2, WIDTH, LAYERS, HEADS,
                     INNER, 30522, 512, 2, len(arrays), 0)
    for i, (name, array) in enumerate(arrays):
        data += bytes(aligned(len(data)) - len(data))
        shape = (*array.shape, 0, 0, 0)[:4]
        ENTRY.pack_into(data, table + i * ENTRY.size, len(data), array.nbytes,
                        name.encode(), array.ndim, *shape, array.ndim == 2)
        data += array.tobytes()
    path.write_bytes(data)


def make_references(model):
    texts = json.loads((HOME / "texts.json").read_text())
    (HOME / "ref/bge").mkdir(exist_ok=True)
    for n, rows in texts.items():
        with torch.inference_mode():
            hidden = model(torch.tensor(rows["ids"][:1])).last_hidden_state
        numpy.save(HOME / f"ref/bge/{n}.npy", hidden[0, :1].numpy())


def main():
    model, folder = make_model(), HOME / "fasttextembed"
    folder.mkdir(exist_ok=True)
    write_fte(renamed(model.state_dict()), folder / "model.fte")
    vocab = (HOME / "models/bge/vocab.txt").read_text("utf-8").split("\n")
    with open(folder / "vocab.tsv", "w", encoding="utf-8") as file:
        file.writelines(f"{word}\t{i}\n" for i, word in enumerate(vocab) if word)
    make_references(model)


main()
