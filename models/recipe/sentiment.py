"""sentiment.py - fine-tunes the encoder of all-MiniLM-L6-v2 on SST-2, on a CPU.

python sentiment.py BASE OUT.safetensors --train train.tsv [--check test.tsv] [--passes 3] [--tokens 1024] [--lr 1.2e-4] [--threads 1]

Files are GLUE's: LABEL<tab>SENTENCE with a header. --check is measured after each pass and selects nothing. bfloat16 autocast,
AdamW, 6 % warm-up, then linear to nothing; rows of like length together; word embeddings stand still.
"""
import argparse
import json
import re

import numpy as np
import torch
from tokenizers import BertWordPieceTokenizer
from torch.nn import functional as F
from transformers import DistilBertConfig, DistilBertForSequenceClassification

from net import SMOKE, WORDS, dequantised, quantised, say, vocabulary, whole, write


def sentences(path):
    with open(path, encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f][1:]
    return [(text.strip(), int(label)) for label, text in rows][:: 200 if SMOKE else 1]


def plain(text):
    """SST has spaces between its tokens ("it is n't"); people write without. Half of the rows of a pass are shown so."""
    text = re.sub(r" (n't|'(?:s|m|d|re|ve|ll)\b)", r"\1", text)
    for a, b in (("-lrb- ", "("), (" -rrb-", ")"), ("-lrb-", "("), ("-rrb-", ")"), ("`` ", '"'), (" ''", '"'), ("``", '"'), ("''", '"')):
        text = text.replace(a, b)
    return re.sub(r" ([,.!?;:])", r"\1", text)


def batches(length, tokens, rng):
    """One pass: at most `tokens` tokens a batch with the padding, in random order."""
    out, batch = [], []
    for i in np.argsort(np.asarray(length) + rng.uniform(0, 4, len(length)), kind="stable"):
        if batch and max(length[i], *(length[k] for k in batch)) * (len(batch) + 1) > tokens:
            out.append(batch)
            batch = []
        batch.append(i)
    rng.shuffle(out := out + [batch])
    return out


def square(rows):
    n = max(map(len, rows))
    return torch.tensor([list(r) + [0] * (n - len(r)) for r in rows]), torch.tensor([[1] * len(r) + [0] * (n - len(r)) for r in rows])


@torch.no_grad()
def accuracy(model, tokenizer, rows):
    model.eval()
    hit = 0
    for at in range(0, len(rows), 32):
        x, keep = square([e.ids for e in tokenizer.encode_batch([t for t, _ in rows[at : at + 32]])])
        hit += (model(x, attention_mask=keep).logits.argmax(-1) == torch.tensor([l for _, l in rows[at : at + 32]])).sum().item()
    return round(100 * hit / max(1, len(rows)), 2)


def opened(base):
    tensors, texts = whole(base)
    config = DistilBertConfig.from_dict({**json.loads(texts["config.json"]), "attention_dropout": 0.0})
    model = DistilBertForSequenceClassification._from_config(config, attn_implementation="eager")      # "sdpa" is slow on CPUs
    model.load_state_dict({k: torch.from_numpy(v) for k, v in dequantised(tensors).items()}, strict=False)
    model.distilbert.embeddings.word_embeddings.weight.requires_grad_(False)
    return model


def train(model, tokenizer, rows, check, a):
    params, rng = [p for p in model.parameters() if p.requires_grad], np.random.default_rng(1)
    o = torch.optim.AdamW([{"params": [p for p in params if (p.ndim > 1) == wide], "weight_decay": 0.01 if wide else 0.0} for wide in (True, False)],
                          betas=(0.9, 0.98), eps=1e-6, fused=True)
    encoded = [[e.ids for e in tokenizer.encode_batch([f(t) for t, _ in rows])] for f in (str, plain)]
    length = [max(len(x), len(y)) for x, y in zip(*encoded)]
    total, step = a.passes * len(batches(length, a.tokens, np.random.default_rng(0))), 0
    for turn in range(a.passes):
        for pick in batches(length, a.tokens, rng):
            for g in o.param_groups:
                g["lr"] = a.lr * min(1.0, step / total / 0.06 + 1e-3) * max(0, 1 - step / total)
            model.train()
            x, keep = square([encoded[int(rng.random() < 0.5)][i] for i in pick])
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(x, attention_mask=keep).logits
            loss = F.cross_entropy(logits.float(), torch.tensor([rows[i][1] for i in pick]))
            o.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(params, 1.0)
            o.step()
            step += 1
            if step % 100 == 0:
                say("step", step, "of", total, f"loss {loss.item():.3f}")
        say("pass", turn + 1, "accuracy", accuracy(model, tokenizer, check))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("base")
    p.add_argument("out")
    p.add_argument("--train", required=True)
    p.add_argument("--check")
    for name, kind, initial in (("--passes", int, 3), ("--tokens", int, 1024), ("--lr", float, 1.2e-4), ("--threads", int, 1)):
        p.add_argument(name, type=kind, default=initial)
    a = p.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(a.threads)
    model, tokenizer = opened(a.base), BertWordPieceTokenizer(vocabulary(a.base), lowercase=True)
    train(model, tokenizer, sentences(a.train), sentences(a.check) if a.check else [], a)
    state = {k: v.detach().numpy() for k, v in model.state_dict().items() if k != WORDS}
    write(a.out, "sst2", quantised(state), a.base)


if __name__ == "__main__":
    main()
