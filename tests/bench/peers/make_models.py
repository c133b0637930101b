"""make_models.py - the models that every peer runs, texts, and right answers.

    venv-torch/bin/python make_models.py

HOME/models/base     DistilBERT-base's geometry, random weights (seed 0)
HOME/models/minilm   the built-in all-MiniLM-L6-v2, its bytes widened to floats
HOME/texts.json      by number of tokens: texts, and the ids they are made of
HOME/ref/MODEL/N.npy what PyTorch in fp32 says of the first text of N tokens

A text is made of words that are one token each, so that any correct WordPiece
tokenizer finds as many tokens in it as words, and two more around them.
"""
import json
import random

import numpy
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import (DistilBertConfig,
                          DistilBertModel, DistilBertTokenizerFast)

from places import GEOMETRIES, HOME, ROOT

LENGTHS = [2, 4, 8, 16, 32, 64, 128, 256, 384, 512]
TEXTS = 8  # of each length: nobody is asked the same thing twice in a row
CLS, SEP = 101, 102
BUILT_IN = ROOT / "models/all-minilm-l6-v2.safetensors"


def widen(tensors):
    """Matrices are bytes with a scale a row: back to floats."""
    for name, value in tensors.items():
        scale = tensors.get(name + ".scale")
        if scale is not None:
            value = value.float() * scale.reshape(-1, 1)
        if not name.endswith(".scale"):
            yield name, value.float().contiguous()


def make_minilm(folder):
    with safe_open(BUILT_IN, "pt") as file:
        texts = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    for name in ("config.json", "vocab.txt"):
        (folder / name).write_text(texts[name], encoding="utf-8")
    save_file(dict(widen(tensors)), folder / "model.safetensors",
              metadata={"format": "pt"})


def make_base(folder):
    torch.manual_seed(0)
    DistilBertModel(DistilBertConfig()).save_pretrained(folder)
    vocab = HOME / "models/minilm/vocab.txt"  # the same words
    (folder / "vocab.txt").write_bytes(vocab.read_bytes())


def make_tokenizer(folder):
    DistilBertTokenizerFast(str(folder / "vocab.txt"),
                            do_lower_case=True, model_max_length=512
                            ).save_pretrained(folder)


def whole_words(vocab):
    return [(i, w) for i, w in enumerate(vocab) if i > SEP and len(w) > 2
            and w.isascii() and w.isalpha() and w.islower()]


def make_texts(vocab):
    words, rng, out = whole_words(vocab), random.Random(0), {}
    for n in LENGTHS:
        rows = [[rng.choice(words) for _ in range(n - 2)] for _ in range(TEXTS)]
        out[n] = {"ids": [[CLS, *(i for i, _ in row), SEP] for row in rows],
                  "texts": [" ".join(w for _, w in row) for row in rows]}
    return out


def make_references(name, texts):
    model = DistilBertModel.from_pretrained(HOME / "models" / name,
                                            attn_implementation="eager").eval()
    folder = HOME / "ref" / name
    folder.mkdir(parents=True, exist_ok=True)
    for n, rows in texts.items():
        with torch.inference_mode():
            hidden = model(torch.tensor(rows["ids"][:1])).last_hidden_state
        numpy.save(folder / f"{n}.npy", hidden[0].numpy())


def main():
    for name, make in [("minilm", make_minilm), ("base", make_base)]:
        folder = HOME / "models" / name
        folder.mkdir(parents=True, exist_ok=True)
        make(folder)
        make_tokenizer(folder)
    vocab = (HOME / "models/base/vocab.txt").read_text("utf-8").split("\n")
    texts = make_texts(vocab)
    (HOME / "texts.json").write_text(json.dumps(texts))
    for name in GEOMETRIES:
        make_references(name, texts)


main()
