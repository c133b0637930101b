"""ner.py - entities: teachers that see case and UPOS label plain text, students of it learn their distributions and are averaged.

python ner.py all     WORK SETS BASE MASK WIKI SQUAD_DEV OUT.safetensors
                      the rest is what it calls, in processes of their own, all teachers and all students at the same time

WORK  scratch                      SETS  a folder of sets as sets.py writes them (below); `test`, if there, is only measured
BASE  all-minilm-l6-v2.safetensors MASK  the masked-word model: its encoder is where most begin
WIKI, SQUAD_DEV  as prepare.py has them: sentences of a quarter of the training articles are labelled, too

Students see the pieces of lower-case words and nothing else. Each begins with the same head, so that their average means
something. Time rules: --teach and --learn are the seconds of both halves; rates fall with the share used.
"""
import argparse
import json
import os
import random
import re
import subprocess
import sys

import numpy as np
import torch
from tokenizers import BertWordPieceTokenizer
from torch import nn
from torch.nn import functional as F

import articles
from net import CLS, D, DEVICE, ENTITIES, MASK, SEP, SMOKE, dequantised, now, say, start, vocabulary, whole, write
from score import entity_f1

UPOS = "_ ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X".split()
GOLD = ["ewt-dev", "pud"]                          # labels as the test has them
OTHER = ["wnut-train", "wnut-dev", "wikigold", "btc-a", "btc-b", "btc-e", "btc-f", "btc-g", "btc-h", "crossner-ai",
         "crossner-literature", "crossner-music", "crossner-politics", "crossner-science"]
DOMAIN = {"wnut": 1, "wikigold": 2, "crossner": 3, "btc": 4}      # 0: the rest; what a set calls an entity differs
TEACHERS = 2 if SMOKE else 6
STUDENTS = {"a": dict(wiki=0.4, lr=3e-4, blank=0.10, seed=11), "b": dict(wiki=0.4, lr=5e-4, blank=0.10, seed=12),      # wiki: its share of tokens
            "c": dict(wiki=0.0, lr=3e-4, blank=0.15, seed=13), "d": dict(wiki=0.7, lr=4e-4, blank=0.05, seed=14)}      # blank: of words hidden
TEACH_TOKENS, LEARN_TOKENS = (2048, 8192) if DEVICE == "cuda" else (256, 256)
COLUMNS = ("ids", "label", "first", "upos", "case")


# ---- text to rows ----

def shape(word, first):
    letters = [c for c in word if c.isalpha()]
    kind = 0 if not letters else 1 if word.islower() else 2 if len(letters) > 1 and word.isupper() else 3 if word[0].isupper() else 4
    return 1 + kind + (5 if first else 0)


def read(path):
    """[(words, tags, UPOS)] of a set as sets.py writes it."""
    with open(path, encoding="utf-8") as f:
        rows = [[x.split("\t") for x in s.split("\n") if x] for s in f.read().split("\n\n")]
    return [tuple([x[i] for x in r][:200] for i in range(3)) for r in rows if r]


def wiki(a):
    """150,000 sentences without labels or UPOS."""
    some, out = articles.split(a.wiki, a.squad)[0], []
    for line in "\n".join(some[::4]).split("\n"):
        if len(line) > 20 and not line.startswith("="):
            words = [re.findall(r"\w+|[^\w\s]", s) for s in re.split(r"(?<=[.!?])\s+(?=[A-Z\"'])", line)]
            out += [(w, ["?"] * len(w), ["_"] * len(w)) for w in words if 4 <= len(w) <= 90]
    random.Random(1).shuffle(out)
    return out[:150000]


def columns(words, tags, pos, encoded):
    """Per piece: id, label (-100: none), whether it begins a word, UPOS and shape of its word."""
    caps = sum(w[0].isupper() for w in words if w[0].isalpha()) > 0.7 * sum(w[0].isalpha() for w in words)
    blind, seen = caps and len(words) > 3, None          # headings say little by case
    for i, k in zip(encoded.ids, encoded.word_ids):
        new = k is not None and k != seen
        t = -100 if k is None or tags[k] == "?" else ENTITIES.index(tags[k])
        yield (i, t if new or t <= 0 else t + t % 2, new, 0 if k is None or pos[k] not in UPOS else UPOS.index(pos[k]),
               0 if k is None or blind else shape(words[k], k == 0))
        seen = k


def prepare(a):
    tokenizer = BertWordPieceTokenizer(vocabulary(a.base), lowercase=True)
    tokenizer.enable_truncation(256)
    names = GOLD + OTHER + ["text"] + (["test"] if os.path.exists(f"{a.sets}/test.conll") else [])
    sets = {n: read(f"{a.sets}/{n}.conll")[: 30 if SMOKE else None] for n in names}
    sets["wiki"] = wiki(a)[: 100 if SMOKE else None]
    out, off, kind = [], [0], []
    for number, rows in enumerate(sets.values()):
        for row, e in zip(rows, tokenizer.encode_batch([r[0] for r in rows], is_pretokenized=True)):
            out += columns(*row, e)
            off.append(len(out))
            kind.append(number)
    domain = [DOMAIN.get(n.split("-")[0], 0) for n in sets]
    np.savez(f"{a.work}/rows.npz", off=off, kind=kind, domain=np.array(domain)[kind], **{c: np.array(v, np.int32) for c, v in zip(COLUMNS, zip(*out))})
    with open(f"{a.work}/names.json", "w", encoding="utf-8") as f:
        json.dump(list(sets), f)
    say(off[-1], "pieces of", {n: len(r) for n, r in sets.items()})


class Data:
    def __init__(self, work):
        z = np.load(f"{work}/rows.npz")
        with open(f"{work}/names.json", encoding="utf-8") as f:
            self.names = json.load(f)
        put = lambda x: torch.from_numpy(np.asarray(x, np.int64)).to(DEVICE)
        self.off, self.kind, self.length = z["off"], z["kind"], np.diff(z["off"])
        self.columns = {c: put(z[c]) for c in COLUMNS}
        self.start, self.size, self.domain = put(self.off[:-1]), put(self.length), put(z["domain"])

    def of(self, *names):
        return np.flatnonzero(np.isin(self.kind, [self.names.index(n) for n in names if n in self.names]))

    def take(self, pick):
        """Columns of some rows as rectangles, where they are no padding, the rows' domains, the places of the pieces."""
        n = -(-int(self.length[pick].max()) // 8) * 8
        p, at = torch.from_numpy(pick).to(DEVICE), torch.arange(n, device=DEVICE)[None]
        keep = at < self.size[p][:, None]
        where = (self.start[p][:, None] + at).clamp_(max=len(self.columns["ids"]) - 1)
        return {c: torch.where(keep, v[where], -100 if c == "label" else 0) for c, v in self.columns.items()}, keep, self.domain[p], where

    def batches(self, rows, tokens, rng=None):
        length = self.length[rows]
        out, batch, longest = [], [], 0
        for j in np.argsort(length + (rng.uniform(0, 6, len(rows)) if rng else 0), kind="stable").tolist():
            n = -(-int(length[j]) // 8) * 8
            if batch and max(longest, n) * (len(batch) + 1) > tokens:
                out.append(rows[batch])
                batch, longest = [], 0
            batch.append(j)
            longest = max(longest, n)
        out.append(rows[batch])
        if rng:
            rng.shuffle(out)
        return out


# ---- training ----

class Teacher(nn.Module):
    """The network, with embeddings of UPOS, of a word's shape and of the set added to those of the pieces."""

    def __init__(self, net):
        super().__init__()
        self.net = net
        self.more = nn.ModuleList(nn.Embedding(n, D) for n in (len(UPOS), 11, 8)).to(DEVICE)
        for e in self.more:
            nn.init.zeros_(e.weight)

    def forward(self, ids, upos, case, domain, keep):
        more = self.more[0](upos) + self.more[1](case) + self.more[2](domain)[:, None]
        return self.net.head_entities(self.net.encode(ids, keep, more.to(self.net.kind)))


def blanked(ids, share):
    return torch.where((torch.rand(ids.shape, device=DEVICE) < share) & (ids > 999), MASK, ids)


def fit(groups, passes, loss, seconds, warm, most=10**9):
    """Passes until the time is up, or `most` steps. groups: their top rates."""
    o = torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-6, fused=DEVICE == "cuda")
    begun, step, most = now(), 0, 3 if SMOKE else most
    while True:
        for pick in passes():
            used = max((now() - begun) / seconds, step / most)
            if used >= 1:
                return step
            for g in o.param_groups:
                g["lr"] = g["top"] * min(1, used / warm + 1e-3) * (1 - used)
            l = loss(pick)
            o.zero_grad(set_to_none=True)
            l.backward()
            torch.nn.utils.clip_grad_norm_([p for g in groups for p in g["params"]], 1.0)
            o.step()
            step += 1


def groups_of(params, lr):
    return [{"params": [p for p in params if (p.ndim > 1) == wide], "top": lr, "weight_decay": 0.01 if wide else 0.0} for wide in (True, False)]


def teach(a, seed):
    torch.manual_seed(seed)
    data, rng = Data(a.work), np.random.default_rng(seed)
    m, lr = Teacher(start(a.base, *([a.mask] if seed % 3 else []))), [2e-4, 3e-4][seed % 2]
    groups = groups_of(m.net.trained("ner"), lr) + [{"params": [*m.more.parameters()], "top": 10 * lr, "weight_decay": 0.0}]
    rows = np.concatenate([data.of("ewt-dev")] * 3 + [data.of("pud")] * 2 + [data.of(*OTHER)])
    m.train()

    def loss(pick):
        """UPOS is hidden from half of the rows and case from a tenth: Wikipedia has no UPOS."""
        x, keep, domain, _ = data.take(pick)
        pos, case = (torch.rand(len(pick), 1, device=DEVICE) < share for share in (0.5, 0.9))
        logits = m(blanked(x["ids"], 0.05), x["upos"] * pos, x["case"] * case, domain, keep)
        return F.cross_entropy(logits.flatten(0, 1), x["label"].flatten(), ignore_index=-100)

    steps = fit(groups, lambda: data.batches(rows, TEACH_TOKENS, rng), loss, a.teach, 0.06, 10 * len(data.batches(rows, TEACH_TOKENS)))
    m.eval()
    p = torch.zeros(len(data.columns["ids"]), len(ENTITIES), dtype=torch.float16, device=DEVICE)
    with torch.no_grad():
        for pick in data.batches(np.arange(len(data.length)), 32768 if DEVICE == "cuda" else 2048):
            x, keep, domain, where = data.take(pick)
            p[where[keep]] = m(x["ids"], x["upos"], x["case"], domain * 0, keep).softmax(-1)[keep].half()
    np.save(f"{a.work}/teacher-{seed}.npy", p.cpu().numpy())
    say("teacher", seed, steps, "steps")


def learn(a, name):
    c = STUDENTS[name]
    data, rng = Data(a.work), np.random.default_rng(c["seed"])
    soft = torch.from_numpy(np.load(f"{a.work}/soft.npy")).to(DEVICE)
    n = start(a.base, a.mask)
    torch.manual_seed(99)
    nn.init.normal_(n.entities.weight, std=0.02)          # the same for all
    torch.manual_seed(c["seed"])
    hard, every = data.of(*GOLD), data.of("wiki")
    some = np.concatenate([hard] * 3 + [data.of("text")] * 3 + [data.of(*OTHER)])
    known = torch.zeros(len(data.length), dtype=torch.bool, device=DEVICE)
    known[torch.from_numpy(hard).to(DEVICE)] = True
    n.train()

    def passes():
        more = rng.permutation(every)
        want = data.length[some].sum() * c["wiki"] / (1 - c["wiki"])
        more = more[: np.searchsorted(np.cumsum(data.length[more]), want)]
        return data.batches(np.concatenate([some, more]), LEARN_TOKENS, rng)

    def loss(pick):
        """The teachers' distributions; where there are labels as the test has them, mostly those."""
        x, keep, _, where = data.take(pick)
        logits = n.head_entities(n.encode(blanked(x["ids"], c["blank"]), keep))
        y, q = F.one_hot(x["label"].clamp(min=0), len(ENTITIES)).float(), soft[where].float()
        target = torch.where(known[torch.from_numpy(pick).to(DEVICE)][:, None, None], 0.7 * y + 0.3 * q, q)
        real = keep & (x["ids"] != CLS) & (x["ids"] != SEP)
        return -(target * logits.log_softmax(-1)).sum(-1)[real].mean()

    steps = fit(groups_of(n.trained("ner"), c["lr"]), passes, loss, a.learn, 0.05)
    part = n.rounded("ner")[1]
    write(f"{a.work}/student-{name}.safetensors", "ner", part, a.base)
    say("student", name, steps, "steps")


# ---- all of it ----

@torch.no_grad()
def measured(a, net):
    """F1 of the test set, by the first piece of each word and by all pieces; None without one."""
    data, out = Data(a.work), []
    for pick in data.batches(data.of("test"), 16384) if "test" in data.names else []:
        x, keep, _, _ = data.take(pick)
        tags = net.head_entities(net.encode(x["ids"], keep)).argmax(-1)
        out += [(tags[i].tolist(), x["label"][i].tolist(), x["first"][i].tolist()) for i in range(len(pick))]
    return {"first": entity_f1(out), "pieces": entity_f1([(g, y, [t != -100 for t in y]) for g, y, _ in out])} if out else None


def average(a):
    parts = [dequantised(whole(f"{a.work}/student-{x}.safetensors")[0]) for x in STUDENTS]
    net = start(a.base).read({k: np.mean([p[k] for p in parts], axis=0, dtype=np.float64).astype(np.float32) for k in parts[0]})
    other, part = net.rounded("ner")
    say("average of", len(parts), "students:", measured(a, other))
    write(a.out, "ner", part, a.base)


def together(what, names):
    """One process each; all share the GPU."""
    run = [subprocess.Popen([sys.executable, __file__, what, *sys.argv[2:], "--name", str(n)]) for n in names]
    if any([r.wait() for r in run]):
        sys.exit(f"a {what} failed")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=["all", "teach", "learn"])
    for name in ("work", "sets", "base", "mask", "wiki", "squad", "out"):
        p.add_argument(name)
    p.add_argument("--name")
    p.add_argument("--teach", type=float, default=118)
    p.add_argument("--learn", type=float, default=350)
    a = p.parse_args()
    if a.what == "teach":
        return teach(a, int(a.name))
    if a.what == "learn":
        return learn(a, a.name)
    os.makedirs(a.work, exist_ok=True)
    prepare(a)
    together("teach", range(1, TEACHERS + 1))
    said = [np.load(f"{a.work}/teacher-{s}.npy") for s in range(1, TEACHERS + 1)]
    np.save(f"{a.work}/soft.npy", np.mean(said, axis=0, dtype=np.float32).astype(np.float16))
    together("learn", STUDENTS)
    average(a)


main()
