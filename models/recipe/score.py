"""score.py - held-out numbers of a Net, in its own arithmetic: SQuAD EM and F1, masked words, entities.

In:  arrays that prepare.py wrote. Rows keeps rows of differing length on the device and pads some of them to a rectangle.
"""
import collections
import json
import re
import string

import numpy as np
import torch
from torch.nn import functional as F

from net import CLS, DEVICE, ENTITIES, MASK, PAD, SEP, UNK, VOCAB


class Rows:
    def __init__(self, path, *per_row):
        z = np.load(path)
        self.off, self.length = z["off"], np.diff(z["off"])
        self.ids = torch.from_numpy(z["ids"].astype(np.int64)).to(DEVICE)
        self.start, self.size = (torch.from_numpy(a).to(DEVICE) for a in (self.off[:-1], self.length))
        self.row = {k: torch.from_numpy(z[k]).to(DEVICE) for k in per_row}
        self.z = z

    def __len__(self):
        return len(self.length)

    def take(self, pick):
        n = -(-int(self.length[pick].max()) // 8) * 8
        p = torch.from_numpy(np.asarray(pick, np.int64)).to(DEVICE)
        at = torch.arange(n, device=DEVICE)[None]
        keep = at < self.size[p][:, None]
        where = (self.start[p][:, None] + at).clamp_(max=len(self.ids) - 1)
        return torch.where(keep, self.ids[where], PAD), keep, {k: v[p] for k, v in self.row.items()}

    def batches(self, tokens, rng=None, rows=1 << 30):
        """One pass: rows of like length together, about `tokens` tokens a batch; in random order where there is an rng."""
        order = np.argsort(self.length + (rng.uniform(0, 8, len(self)) if rng else 0), kind="stable")
        out, batch, longest = [], [], 0
        for i, n in zip(order.tolist(), self.length[order].tolist()):
            if batch and (max(longest, n) * (len(batch) + 1) > tokens or len(batch) >= rows):
                out.append(np.array(batch))
                batch, longest = [], 0
            batch.append(i)
            longest = max(longest, n)
        out.append(np.array(batch))
        if rng:
            rng.shuffle(out)
        return out

    def forever(self, tokens, rng):
        while True:
            yield from self.batches(tokens, rng)


def normal(s):
    s = "".join(c for c in s.lower() if c not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", s).split())


def overlap(g, t):
    same = sum((collections.Counter(g) & collections.Counter(t)).values())
    return 2 * same / (len(g) + len(t)) if same else float(not g and not t)


@torch.no_grad()
def best_spans(net, rows):
    """Probability, first and last token of the best span of each window, at most 15 tokens."""
    value, place = np.zeros(len(rows)), np.zeros((len(rows), 2), np.int64)
    for pick in rows.batches(49152, rows=256):
        ids, keep, x = rows.take(pick)
        n = ids.shape[1]
        at = torch.arange(n, device=DEVICE)[None]
        inside = (at >= x["lo"][:, None]) & (at <= x["hi"][:, None]) | (at == 0)
        start, end = (l.masked_fill(~inside, -1e4).softmax(-1) for l in net.head_qa(net.encode(ids, keep)))
        start[:, 0] = end[:, 0] = 0
        ones = torch.ones(n, n, device=DEVICE)
        best, flat = (start[:, :, None] * end[:, None, :] * (ones.triu() - ones.triu(15))).flatten(1).max(1)
        flat = flat.cpu().numpy()
        value[pick], place[pick] = best.cpu().numpy(), np.stack([flat // n, flat % n], 1)
    return value, place


def squad(net, work):
    rows = Rows(f"{work}/dev.npz", "lo", "hi")
    with open(f"{work}/dev.json", encoding="utf-8") as f:
        golds = [(c, [normal(a) for a in dict.fromkeys(texts)]) for c, texts in json.load(f)]
    value, place = best_spans(net, rows)
    left, right = rows.z["left"], rows.z["right"]
    guess = [(-1.0, "")] * len(golds)
    for w, q in enumerate(rows.z["number"]):
        if value[w] > guess[q][0]:
            i, j = rows.off[w] + place[w]
            guess[q] = (value[w], normal(golds[q][0][left[i] : right[j]]))
    exact = sum(g in texts for (_, g), (_, texts) in zip(guess, golds))
    f1 = sum(max(overlap(g.split(), t.split()) for t in texts) for (_, g), (_, texts) in zip(guess, golds))
    return {"em": round(100 * exact / len(golds), 2), "f1": round(100 * f1 / len(golds), 2)}


def masked_rows(stream, width=126, rate=0.15, most=1200):
    """Rows of 128 held-out tokens with 15 % of them masked, the same ones every time."""
    rng, rows = np.random.default_rng(0), []
    for a in range(0, len(stream) - width + 1, width):
        body = stream[a : a + width].copy()
        pick = rng.permutation(width)[: round(rate * width)]
        pick = pick[body[pick] != UNK]
        y = body[pick].copy()
        body[pick] = MASK
        rows.append((np.concatenate([[CLS], body, [SEP]]), pick + 1, y))
    rows = [rows[i] for i in np.random.default_rng(1).permutation(len(rows))[:most]]
    places = [r[1] + (width + 2) * i for i, r in enumerate(rows)]
    return [torch.from_numpy(a).to(DEVICE) for a in (np.stack([r[0] for r in rows]), np.concatenate(places), np.concatenate([r[2] for r in rows]))]


@torch.no_grad()
def masked(net, work):
    ids, place, y = masked_rows(np.load(f"{work}/held.npz")["ids"].astype(np.int64))
    h = torch.cat([net.encode(x).flatten(0, 1) for x in ids.split(200)]).index_select(0, place)
    loss = first = five = 0
    for x, t in zip(h.split(4096), y.split(4096)):
        logits = net.head_mask(x)[:, :VOCAB]
        loss += F.cross_entropy(logits, t, reduction="sum").item()
        hit = logits.topk(5).indices == t[:, None]
        first, five = first + hit[:, 0].sum().item(), five + hit.any(1).sum().item()
    n = len(y)
    return {"top1": round(100 * first / n, 2), "top5": round(100 * five / n, 2), "loss": round(loss / n, 4), "masks": n}


def spans(tags):
    """IOB2 numbers -> {(start, end, kind)}; an I- that continues nothing begins an entity, as in seqeval."""
    out, begin, kind = set(), None, None
    for i, t in enumerate(list(tags) + [0]):
        x = ENTITIES[t][2:] if t else None
        if begin is not None and (not t or t % 2 or x != kind):
            out.add((begin, i, kind))
            begin = None
        if t and begin is None:
            begin, kind = i, x
    return out


def entity_f1(rows):
    """F1 of [(tags found, tags wanted, which of them count)]."""
    same = found = real = 0
    for guess, label, counts in rows:
        a, b = (spans([t for t, c in zip(tags, counts) if c]) for tags in (guess, label))
        same, found, real = same + len(a & b), found + len(a), real + len(b)
    return round(200 * same / max(1, found + real), 2)
