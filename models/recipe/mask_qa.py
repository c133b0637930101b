"""mask_qa.py - continued pre-training on masked words, then question answering as the student of two readers.

python mask_qa.py WORK BASE OUT [--seconds 385]

WORK  what prepare.py made        OUT  gets mask.safetensors and qa.safetensors, int8, and report.json
BASE  all-minilm-l6-v2.safetensors: the encoder to begin with, and the word embeddings, which stay as they are

Time rules: each stage has a share of --seconds, and its learning rate falls with the share used, so that it ends annealed on
any machine. qa is the best of the three readers by SQuAD dev F1 after rounding, a slightly rosy choice.
"""
import argparse
import json
import os
import time

import numpy as np
import torch
from torch.nn import functional as F

import score
from net import CLS, DEVICE, MASK, SEP, SMOKE, UNK, VOCAB, now, say, start, write

TOKENS = {"mask": 512, "qa": 400} if SMOKE else {"mask": 65536, "qa": 16384}        # of a step
RATE = {"mask": 8e-4, "qa": 2e-4}
STEPS = 4 if SMOKE else 10**9
MASK_SHARE, FIRST, SECOND = 0.6, 0.29, 0.54      # of all time; of what is left, where the two readers end
rng = np.random.default_rng(7)
report = {}


def fit(name, net, head, loss, until, steps=10**9):
    """Steps until second `until`, or that many: AdamW, 6 % warm-up, then linear to nothing. loss(share used)."""
    params = net.trained(head)
    groups = [{"params": [q for q in params if q.ndim > 1], "weight_decay": 0.01}, {"params": [q for q in params if q.ndim == 1], "weight_decay": 0.0}]
    o = torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-6, fused=DEVICE == "cuda")
    net.train()
    begun, count, steps = now(), 0, min(steps, STEPS)
    shown = begun
    while (used := max((now() - begun) / max(0.1, until - begun), count / steps)) < 1:
        for g in o.param_groups:
            g["lr"] = RATE[head] * min(1.0, used / 0.06 + 1e-3) * (1 - used)
        l = loss(used)
        o.zero_grad(set_to_none=True)
        l.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        o.step()
        count += 1
        if now() - shown > 5:
            shown = now()
            say(f"{name}: step {count}, {100 * used:.0f} %, loss {l.item():.3f}")
    net.eval()
    return count


def finish(name, net, head, measure, a):
    """Measures what int8 makes of it."""
    begun = time.time()
    other, part = net.rounded(head)
    report[name] = measure(other, a.work)
    say(name, report[name])
    with open(f"{a.out}/report.json", "w", encoding="utf-8") as f:
        json.dump(report, f, indent=1)
    return part, time.time() - begun


class Masks:
    """Rows of [CLS] text [SEP] from one stream of tokens, each token once a pass, a fixed number of masks a row (80/10/10)."""

    def __init__(self, work):
        self.stream = torch.from_numpy(np.load(f"{work}/text.npz")["ids"].astype(np.int64)).to(DEVICE)
        self.left = {}

    def rows(self, length):
        width, rows = length - 2, max(1, TOKENS["mask"] // length)
        queue = self.left.get(length)
        if queue is None or len(queue) < rows:
            shift = int(rng.integers(0, width))
            queue = torch.randperm((len(self.stream) - shift) // width, device=DEVICE) * width + shift
        self.left[length] = queue[rows:]
        return self.stream[queue[:rows, None] + torch.arange(width, device=DEVICE)]

    def __call__(self, length, rate):
        body = self.rows(length)
        rows, width = body.shape
        pick = torch.rand(rows, width, device=DEVICE).topk(max(1, round(rate * width))).indices
        y, how = body.gather(1, pick), torch.rand(pick.shape, device=DEVICE)
        swap = torch.where(how < 0.9, torch.randint(1000, VOCAB, pick.shape, device=DEVICE), y)
        body.scatter_(1, pick, torch.where(how < 0.8, MASK, swap))
        x = torch.full((rows, length), CLS, device=DEVICE)
        x[:, 1:-1], x[:, -1] = body, SEP
        return x, (torch.arange(rows, device=DEVICE)[:, None] * length + 1 + pick).flatten(), y.flatten()


def pretrain(a, end):
    net, masks, turn = start(a.base), Masks(a.work), iter(range(1 << 60))
    seen = torch.bincount(masks.stream, minlength=VOCAB).float() + 0.5
    net.vocab_bias.data[:VOCAB] = (seen / seen.sum()).log()

    def loss(used):
        rate = 0.30 if used < 0.6 else 0.30 - 0.15 * (used - 0.6) / 0.4
        length = 512 if next(turn) % 8 == 7 and not SMOKE else 128      # positions past 128 stay trained
        x, place, y = masks(length, rate)
        return F.cross_entropy(net.head_mask(net.encode(x).flatten(0, 1).index_select(0, place)), y, ignore_index=UNK)

    say("mask:", fit("mask", net, "mask", loss, end - 3), "steps")
    part, _ = finish("mask", net, "mask", score.masked, a)
    write(f"{a.out}/mask.safetensors", "mask", part, a.base)
    return {k: v.clone() for k, v in net.tensors().items()}


def soften(student, teacher, t=2.0):
    """Cross entropy with the teacher's softened probabilities."""
    return -(F.softmax(teacher / t, -1) * F.log_softmax(student / t, -1)).sum(-1).mean() * t * t


def qa_loss(net, rows, pick, teachers=()):
    ids, keep, x = rows.take(pick)
    if teachers:      # half of the rows lose some of their words: the teachers say what then remains to be said
        lost = (torch.rand(ids.shape, device=DEVICE) < 0.08) & (torch.rand(len(ids), 1, device=DEVICE) < 0.5) & (ids > 999)
        ids = torch.where(lost, MASK, ids)
    logits = [l.masked_fill(~keep, -1e4) for l in net.head_qa(net.encode(ids, keep))]
    loss = (F.cross_entropy(logits[0], x["S"]) + F.cross_entropy(logits[1], x["E"])) / 2
    if not teachers:
        return loss
    with torch.no_grad():
        said = [[l.masked_fill(~keep, -1e4).log_softmax(-1) for l in t.head_qa(t.encode(ids, keep))] for t in teachers]
        said = [sum(s[k] for s in said) / len(said) for k in (0, 1)]
    return 0.4 * loss + 0.6 * (soften(logits[0], said[0]) + soften(logits[1], said[1])) / 2


class Readers:
    """Trains readers one after the other; the best one is what is written."""

    def __init__(self, a):
        self.a, self.best, self.reserve = a, -1.0, 1 if SMOKE else 8
        self.rows = score.Rows(f"{a.work}/qa.npz", "S", "E")
        path = f"{a.work}/qamr.npz"
        self.extra = score.Rows(path, "S", "E") if os.path.exists(path) else None
        self.per_pass = len(self.rows.batches(TOKENS["qa"]))

    def train(self, name, net, until, passes, teachers=()):
        main = self.rows.forever(TOKENS["qa"], rng)
        side = self.extra.forever(TOKENS["qa"], rng) if self.extra else None

        def loss(used):
            if side and used < 0.35 and rng.random() < 0.2:
                return qa_loss(net, self.extra, next(side), teachers)
            return qa_loss(net, self.rows, next(main), teachers)

        say(name + ":", fit(name, net, "qa", loss, until - self.reserve, passes * self.per_pass), "steps")
        part, self.reserve = finish(name, net, "qa", score.squad, self.a)
        if report[name]["f1"] > self.best:
            self.best = report[name]["f1"]
            write(f"{self.a.out}/qa.safetensors", "qa", part, self.a.base)
        return net.eval(), report[name]["f1"]


def answer(a, trained, end):
    begun, readers = now(), Readers(a)
    fresh = lambda: start(a.base).read(trained)
    first, f = readers.train("qa from mask", fresh(), begun + FIRST * (end - begun), 5)
    second, s = readers.train("qa from base", start(a.base), begun + SECOND * (end - begun), 5)
    teachers = [t.requires_grad_(False) for t, x in ((first, f), (second, s)) if x > max(f, s) - 4]
    student = fresh() if f >= s - 0.3 else start(a.base)
    student.qa.load_state_dict((first if f >= s else second).qa.state_dict())
    readers.train("qa student", student, end, 10, teachers)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("work", "base", "out"):
        p.add_argument(name)
    p.add_argument("--seconds", type=float, default=385)
    a = p.parse_args()
    os.makedirs(a.out, exist_ok=True)
    torch.manual_seed(7)
    say("torch", torch.__version__, torch.cuda.get_device_name() if DEVICE == "cuda" else "cpu")
    trained = pretrain(a, MASK_SHARE * a.seconds)
    answer(a, trained, a.seconds)
    say("done", report)


main()
