#!/usr/bin/env python3
"""masked.py - masked words of Wikipedia that no built-in model has seen.

    tests/quality/masked.py [wiki-text.txt.xz] [--top1 BAR] ...

Pieces of held-out articles (models/recipe/articles.py says which) are cut into
tokens by one query; 15 in 100 of the tokens that are words of their own are
masked, always the same; a second query fills the masks.  Printed is how often
the word that was there comes first, and is among the first five.  With --top1
a lower share of first places fails.  --save writes texts and words as JSON,
for other programs to be measured with the same ones.

The data is not part of the project (CC BY-SA): the path is the argument, or
QUALITY_WIKI, or in ../shared/data; articles that SQuAD dev has are left out by
its file, --squad.
"""
import argparse
import json
import os
import random
import sqlite3
import sys
import tempfile
import time

import squad

sys.path.insert(0, "models/recipe")
import articles  # noqa: E402

DEFAULT = "../shared/data/wiki-text.txt.xz"
TOKENS = """
SELECT json_array(piece.id, start, "end", token)
  FROM piece CROSS JOIN distilbert_tokens(piece.text) AS t
 WHERE NOT special
"""
FILL = """
SELECT json_array(piece.id, mask, token_str)
  FROM piece CROSS JOIN distilbert_fill_mask(piece.text) AS f
 WHERE f.top_k = 5
"""


def pieces(text):
    """Paragraphs of 300 to 600 characters."""
    return [line.strip() for line in text.split("\n")
            if 300 <= len(line.strip()) <= 600]


def ask(texts, query, library, what):
    """Rows of the query over the table piece(id, text), in their order."""
    bar = squad.Bar(len(texts))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, what + ".db")
        db = sqlite3.connect(path)
        db.execute("CREATE TABLE piece(id INTEGER PRIMARY KEY, text TEXT)")
        db.executemany("INSERT INTO piece VALUES (?, ?)", enumerate(texts))
        db.commit()
        db.close()
        for line in squad.answers(path, library, query, ""):
            row = json.loads(line)
            bar.show(row[0] + 1)
            yield row


def whole_words(tokens):
    """(start, end, word) of tokens that are words, and all of their word."""
    rest = [t[3].startswith("##") for t in tokens] + [False]
    return [tuple(t[1:]) for i, t in enumerate(tokens)
            if t[3].isalnum() and not rest[i + 1]]


def mask(texts, library):
    """[(text with [MASK]s, [word])]"""
    tokens, out, rng = [[] for _ in texts], [], random.Random(0)
    for row in ask(texts, TOKENS, library, "tokens"):
        tokens[row[0]].append(row)
    for text, row in zip(texts, tokens):
        words = whole_words(row)
        pick = sorted(rng.sample(words, max(1, round(0.15 * len(words)))))
        for start, end, _ in reversed(pick):
            text = text[:start] + "[MASK]" + text[end:]
        out.append((text, [word for _, _, word in pick]))
    return out


def measure(rows, found):
    """Shares of masks whose word is first, and among the first five."""
    n = sum(len(words) for _, words in rows)
    first = five = 0
    for i, (_, words) in enumerate(rows):
        for m, word in enumerate(words):
            first += found[i, m][0] == word
            five += word in found[i, m]
    return n, 100 * first / n, 100 * five / n


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("data", nargs="?",
                   default=os.environ.get("QUALITY_WIKI", DEFAULT))
    p.add_argument("--squad", default=squad.DEFAULT)
    p.add_argument("--library", default="./distilbert")
    p.add_argument("--top1", type=float)
    p.add_argument("--save")
    return p.parse_args()


def main():
    args = parse_arguments()
    if not (os.path.exists(args.data) and os.path.exists(args.squad)):
        print(f"masked: no {args.data}, or no {args.squad}")
        return 0 if args.data == DEFAULT else 1
    _, held = articles.split(args.data, args.squad)
    texts = pieces("".join(held))
    rows = mask(texts, args.library)
    if args.save:
        with open(args.save, "w", encoding="utf-8") as file:
            json.dump(rows, file)
    begin, found = time.monotonic(), {}
    for i, m, word in ask([r[0] for r in rows], FILL,
                          args.library, "masks"):
        found.setdefault((i, m), []).append(word)
    seconds = time.monotonic() - begin
    n, first, five = measure(rows, found)
    print(f"masked: {n} words in {len(rows)} texts, built-in: top-1 "
          f"{first:.2f}, top-5 {five:.2f}, {len(rows) / seconds:.0f} texts/s")
    if args.top1 and first < args.top1:
        print(f"masked: expected a top-1 of {args.top1} at least")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
