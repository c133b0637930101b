"""net.py - the network that mask_qa.py and ner.py train, its rounding to int8, and its files.

DistilBERT's encoder with three heads in plain torch. Weights are fp32; the arithmetic is that of net.kind: bf16 to train on
a GPU, fp32 to measure. Word embeddings are frozen and never written anew, so all built-in models can share them.
"""
import copy
import json
import os
import time

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from torch import nn
from torch.nn import functional as F

D, HIDDEN, LAYERS, HEADS, VOCAB, PLACES = 384, 1536, 6, 12, 30522, 512
PAD, UNK, CLS, SEP, MASK = 0, 100, 101, 102, 103
SENTIMENT = ["NEGATIVE", "POSITIVE"]
ENTITIES = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]
CLASS = {"mask": "DistilBertForMaskedLM", "qa": "DistilBertForQuestionAnswering", "ner": "DistilBertForTokenClassification",
         "sst2": "DistilBertForSequenceClassification"}
WORDS = "distilbert.embeddings.word_embeddings.weight"
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SMOKE = os.environ.get("SMOKE", "0") not in ("", "0")      # every stage in tiny steps, to see that it runs
BEGUN = time.time()
torch.backends.cuda.enable_cudnn_sdp(False)                # its plans cost time for each new shape


def now():
    return time.time() - BEGUN


def say(*parts):
    print(f"[{now():6.1f}]", *parts, flush=True)


def linear(m, x):
    return F.linear(x, m.weight.to(x.dtype), m.bias.to(x.dtype))


def norm(m, x):
    return F.layer_norm(x, (D,), m.weight.to(x.dtype), m.bias.to(x.dtype), 1e-12)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.out = nn.Linear(D, 3 * D), nn.Linear(D, D)
        self.lin1, self.lin2 = nn.Linear(D, HIDDEN), nn.Linear(HIDDEN, D)
        self.norm1, self.norm2 = nn.LayerNorm(D), nn.LayerNorm(D)

    def forward(self, x, bias, p):
        b, n, _ = x.shape
        q, k, v = linear(self.qkv, x).view(b, n, 3, HEADS, D // HEADS).permute(2, 0, 3, 1, 4).unbind(0)
        a = F.scaled_dot_product_attention(q, k, v, attn_mask=bias).transpose(1, 2).reshape(b, n, D)
        x = norm(self.norm1, x + F.dropout(linear(self.out, a), p))
        f = linear(self.lin2, F.gelu(linear(self.lin1, x)))
        return norm(self.norm2, x + F.dropout(f, p))


class Net(nn.Module):
    def __init__(self, words):
        super().__init__()
        rows = -(-VOCAB // 64) * 64                        # the decoder's matrix product likes multiples
        self.register_buffer("words", F.pad(words.float(), (0, 0, 0, rows - VOCAB)), persistent=False)
        self.position, self.norm0 = nn.Parameter(torch.zeros(PLACES, D)), nn.LayerNorm(D)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.qa, self.entities = nn.Linear(D, 2), nn.Linear(D, len(ENTITIES))
        self.transform, self.transform_norm = nn.Linear(D, D), nn.LayerNorm(D)
        self.vocab_bias = nn.Parameter(F.pad(torch.zeros(VOCAB), (0, rows - VOCAB), value=-1e4))
        for m in (self.qa, self.transform, self.entities):
            nn.init.normal_(m.weight, std=0.02)
            nn.init.zeros_(m.bias)
        self.kind, self.p, self.words_low = torch.float32, 0.1, None

    def low(self):
        """The word embeddings in the kind of the arithmetic."""
        if self.words_low is None or self.words_low.dtype != self.kind or self.words_low.device != self.words.device:
            self.words_low = self.words.to(self.kind)
        return self.words_low

    def encode(self, ids, keep=None, more=0):
        """ids [rows, tokens] -> [rows, tokens, D]; keep is False at padding; more is added to the embeddings."""
        p = self.p if self.training else 0.0
        x = F.embedding(ids, self.low()) + self.position[: ids.shape[1]].to(self.kind) + more
        x, bias = F.dropout(norm(self.norm0, x), p), None
        if keep is not None:
            bias = torch.zeros(keep.shape, dtype=self.kind, device=keep.device).masked_fill(~keep, -3e4)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, bias, p)
        return x

    def head_qa(self, h):
        return linear(self.qa, h).float().unbind(-1)

    def head_mask(self, h):
        """h: [rows, D] at the places to predict -> logits over the padded vocabulary."""
        h = norm(self.transform_norm, F.gelu(linear(self.transform, h)))
        return F.linear(h, self.low()).float() + self.vocab_bias

    def head_entities(self, h):
        return linear(self.entities, F.dropout(h, self.p if self.training else 0.0)).float()

    def trained(self, head):
        """The parameters that a head's training moves; the others stand still from here on."""
        own = {"qa": [*self.qa.parameters()], "ner": [*self.entities.parameters()],
               "mask": [*self.transform.parameters(), *self.transform_norm.parameters(), self.vocab_bias]}[head]
        out = [self.position, *self.norm0.parameters(), *self.layers.parameters(), *own]
        for q in self.parameters():
            q.requires_grad_(False)
        for q in out:
            q.requires_grad_(True)
        return out

    def tensors(self, head=None):
        """Hugging Face's names -> the weights themselves, or slices of them; of one head, or of all."""
        t = {"distilbert.embeddings.position_embeddings.weight": self.position.data}

        def pair(name, m):
            t[name + ".weight"], t[name + ".bias"] = m.weight.data, m.bias.data

        pair("distilbert.embeddings.LayerNorm", self.norm0)
        for i, l in enumerate(self.layers):
            at = f"distilbert.transformer.layer.{i}."
            for j, c in enumerate("qkv"):
                t[f"{at}attention.{c}_lin.weight"] = l.qkv.weight.data[j * D : (j + 1) * D]
                t[f"{at}attention.{c}_lin.bias"] = l.qkv.bias.data[j * D : (j + 1) * D]
            for name, m in (("attention.out_lin", l.out), ("sa_layer_norm", l.norm1), ("ffn.lin1", l.lin1), ("ffn.lin2", l.lin2),
                            ("output_layer_norm", l.norm2)):
                pair(at + name, m)
        if head in (None, "qa"):
            pair("qa_outputs", self.qa)
        if head in (None, "mask"):
            pair("vocab_transform", self.transform)
            pair("vocab_layer_norm", self.transform_norm)
            t["vocab_projector.bias"] = self.vocab_bias.data[:VOCAB]
        if head in (None, "ner"):
            pair("classifier", self.entities)
        return t

    def read(self, state):
        """Takes what it knows of {name: tensor}."""
        mine = self.tensors()
        for name in mine.keys() & state.keys():
            mine[name].copy_(torch.as_tensor(state[name]).to(mine[name].device))
        return self

    def rounded(self, head):
        """Another network with the weights of a head as int8 has them, and that int8."""
        part = quantised({k: v.float().cpu().numpy() for k, v in self.tensors(head).items()})
        self.words_low = None
        other = copy.deepcopy(self).read(dequantised(part)).eval()
        other.kind = torch.float32
        return other, part


def dequantised(tensors):
    return {n: t.astype(np.float32) * tensors[n + ".scale"][:, None] if t.dtype == np.int8 else t.astype(np.float32)
            for n, t in tensors.items() if not n.endswith(".scale")}


def quantised(state):
    """Rows of matrices to int8 with a scale each, everything else F32."""
    out = {}
    for name, w in state.items():
        if w.ndim == 2 and "position_embeddings" not in name:
            scale = np.abs(w).max(axis=1) / 127
            scale[scale == 0] = 1
            out[name] = np.clip(np.rint(w / scale[:, None]), -127, 127).astype(np.int8)
            out[name + ".scale"] = scale.astype(np.float32)
        else:
            out[name] = np.ascontiguousarray(w)
    return out


def whole(path):
    """A one-file checkpoint: its tensors under Hugging Face's names, and its texts."""
    with safe_open(path, "np") as f:
        texts = f.metadata()
    return {k if k.startswith(("distilbert.", "vocab_", "qa_", "classifier", "pre_classifier")) else "distilbert." + k: v
            for k, v in load_file(path).items()}, texts


def start(base, *more):
    """A network with the encoder of base, and then what the other files have."""
    plain = dequantised(whole(base)[0])
    net = Net(torch.from_numpy(plain[WORDS])).to(DEVICE).read(plain)
    for path in more:
        net.read(dequantised(whole(path)[0]))
    net.kind = torch.bfloat16 if DEVICE == "cuda" else torch.float32
    return net


def vocabulary(base):
    return {w: i for i, w in enumerate(whole(base)[1]["vocab.txt"].rstrip("\n").split("\n"))}


def write(path, head, part, base):
    """An int8 one-file checkpoint: the part, and the word embeddings and texts of base."""
    if not all(np.isfinite(t).all() for t in part.values()):
        raise ValueError(f"{path}: weights are not finite")
    tensors, texts = whole(base)
    config = {**json.loads(texts["config.json"]), "architectures": [CLASS[head]]}
    labels = {"ner": ENTITIES, "sst2": SENTIMENT}.get(head)
    if labels:
        config.update(id2label={str(i): n for i, n in enumerate(labels)}, label2id={n: i for i, n in enumerate(labels)})
    words = {WORDS + end: tensors[WORDS + end] for end in ("", ".scale")}
    save_file({**part, **words}, path, metadata={"format": "pt", **texts, "config.json": json.dumps(config, indent=1)})
    say("wrote", path)
