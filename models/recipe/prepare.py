"""prepare.py - texts to arrays for mask_qa.py.

python prepare.py WORK BASE --wiki wiki-text.txt.xz --squad train-v1.1.json dev-v1.1.json [--qamr qamr.tsv]

WORK  gets text.npz and held.npz (streams of ids), qa.npz, dev.npz and qamr.npz (windows of 384 tokens, stride 128), dev.json
BASE  all-minilm-l6-v2.safetensors, for its vocabulary
Wikipedia: articles under "= Title =" lines, plain or .xz as the others. QAMR: QUESTION, CONTEXT, START and LENGTH of the
answer, with tabs between.
"""
import argparse
import json
import os

import numpy as np
from tokenizers import BertWordPieceTokenizer

import articles
from net import SMOKE, say, vocabulary

WINDOW, STRIDE = 384, 128


def stream(tokenizer, lines):
    tokenizer.no_truncation()
    rows = [e.ids for a in range(0, len(lines), 5000) for e in tokenizer.encode_batch(lines[a : a + 5000], add_special_tokens=False)]
    return {"ids": np.concatenate([np.asarray(r, np.uint16) for r in rows])}


def windows(tokenizer, rows):
    """(question, context, start, end) -> windows; S and E are 0 where one lacks the answer, lo and hi bound its context.
    left and right are the characters of each token, kept where no answer is known."""
    tokenizer.enable_truncation(WINDOW, stride=STRIDE, strategy="only_second")
    ids, out, span = [], {k: [] for k in ("S", "E", "lo", "hi", "number")}, []
    for at in range(0, len(rows), 2000):
        part = rows[at : at + 2000]
        for k, ((_, _, begin, end), first) in enumerate(zip(part, tokenizer.encode_batch([r[:2] for r in part])), at):
            for w in [first] + first.overflowing:
                a, b, s, e = w.type_ids.index(1), len(w.ids) - 2, 0, 0
                if begin >= 0 and w.offsets[a][0] <= begin and w.offsets[b][1] >= end:
                    s = max(i for i in range(a, b + 1) if w.offsets[i][0] <= begin)
                    e = min(i for i in range(a, b + 1) if w.offsets[i][1] >= end)
                ids.append(np.asarray(w.ids, np.uint16))
                for name, value in zip(out, (s, e, a, b, k)):
                    out[name].append(value)
                if begin < 0:
                    span += w.offsets
    span = np.asarray(span, np.int32).reshape(-1, 2)
    return {"ids": np.concatenate(ids), "off": np.cumsum([0] + [len(r) for r in ids]), "left": span[:, 0], "right": span[:, 1],
            **{k: np.asarray(v, np.int64) for k, v in out.items()}}


def questions(path):
    return [(q["question"].strip(), p["context"], [(x["answer_start"], x["text"]) for x in q["answers"]])
            for a in json.loads(articles.read(path))["data"] for p in a["paragraphs"] for q in p["qas"]]


def qamr(path):
    rows = [line.split("\t") for line in articles.read(path).rstrip("\n").split("\n")]
    return [(q, c, int(s), int(s) + int(n)) for q, c, s, n in rows]


def lines_of(some):
    return [l.strip() for a in some for l in a.split("\n") if len(l.strip()) > 40]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("work")
    p.add_argument("base")
    p.add_argument("--wiki", required=True)
    p.add_argument("--squad", nargs=2, required=True)
    p.add_argument("--qamr")
    a = p.parse_args()
    os.makedirs(a.work, exist_ok=True)
    tokenizer = BertWordPieceTokenizer(vocabulary(a.base), lowercase=True)

    def save(name, arrays):
        np.savez(f"{a.work}/{name}.npz", **arrays)
        say(name, {k: len(v) for k, v in arrays.items()})

    train, dev = map(questions, a.squad)
    some, held = articles.split(a.wiki, a.squad[1])
    lines, contexts = lines_of(some), list(dict.fromkeys(c for _, c, _ in train))
    rows = [(q, c, x[0][0], x[0][0] + len(x[0][1])) for q, c, x in train]
    extra = qamr(a.qamr) if a.qamr else []
    if SMOKE:
        lines, contexts, held, rows, dev, extra = lines[:500], contexts[:100], held[:8], rows[::300], dev[::200], extra[:200]
    save("text", stream(tokenizer, lines + contexts))
    save("held", stream(tokenizer, lines_of(held)))
    save("qa", windows(tokenizer, rows))
    save("dev", windows(tokenizer, [(q, c, -1, -1) for q, c, _ in dev]))
    if extra:
        save("qamr", windows(tokenizer, extra))
    with open(f"{a.work}/dev.json", "w", encoding="utf-8") as f:
        json.dump([[c, [t for _, t in x]] for _, c, x in dev], f)


main()
