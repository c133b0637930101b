#!/usr/bin/env python3
"""heads.py - sentiment and entities of the built-in models, through SQL.

    tests/quality/heads.py sentiment [dev.tsv | glue-sts.tar.xz] ...
    tests/quality/heads.py entities [ewt-test.iob2 | extra.tar.xz] ...

Sentences go into a table and one query labels them.  Printed is the share of
right labels (SST-2 dev, 872 sentences, a label and a sentence a line), or F1 of
the spans that are found, borders and kind right (Universal NER's test part of
the English Web Treebank, 2,077 sentences; kinds are PER, ORG and LOC).  With
--expect X TOLERANCE a result further from X fails.

The data is not part of the project: the path is the argument, or
QUALITY_SENTIMENT or QUALITY_ENTITIES, or in ../shared.
"""
import argparse
import json
import os
import sys
import tarfile
import tempfile
import time
import sqlite3

import squad

WHAT = {
    "sentiment": ("QUALITY_SENTIMENT", "../shared/data/glue-sts.tar.xz",
                  "glue/SST-2/dev.tsv",
                  "SELECT json_array(id, distilbert_classify(text))"
                  " FROM sentence"),
    "entities": ("QUALITY_ENTITIES", "../shared/training/device/extra.tar.xz",
                 "ewt-test.iob2",
                 "SELECT json_array(id, start, \"end\", entity)"
                 " FROM sentence LEFT JOIN distilbert_entities e"
                 " ON e.text = sentence.text"),
}
KINDS = ("PER", "ORG", "LOC")


def read_text(path, member):
    if path.endswith((".tar.xz", ".tar.gz")):
        with tarfile.open(path) as tar:
            return tar.extractfile(member).read().decode()
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def read_sentiment(text):
    """[(sentence, "POSITIVE" | "NEGATIVE")]"""
    rows = [line.split("\t") for line in text.splitlines() if "\t" in line]
    return [(sentence, "POSITIVE" if label == "1" else "NEGATIVE")
            for label, sentence in rows if label in "01"]


def spans(words):
    """{(start, end, kind)} of [(start, end, tag)]; tags are B-, I- or O."""
    out, open_at = set(), None
    for start, end, tag in words + [(0, 0, "O")]:
        kind = tag[2:]
        if open_at and not (tag[0] == "I" and kind == open_at[2]):
            out.add(tuple(open_at))
            open_at = None
        if open_at:
            open_at[1] = end
        elif kind in KINDS:
            open_at = [start, end, kind]
    return out


def read_entities(text):
    """[(sentence, {(start, end, kind)})]"""
    out, sentence, words, at = [], "", [], 0
    for line in text.split("\n") + [""]:
        fields = line.split("\t")
        if line.startswith("# text = "):
            sentence, words, at = line[9:], [], 0
        elif len(fields) > 2 and fields[0].isdigit():
            word = fields[1].strip()
            at = sentence.index(word, at)
            words.append((at, at + len(word), fields[2]))
            at += len(word)
        elif not line.strip() and words:
            out.append((sentence, spans(words)))
            words = []
    return out


def accuracy(rows, found):
    right = sum(found[i][0][0] == label for i, (_, label) in enumerate(rows))
    return 100 * right / len(rows)


def f1(rows, found):
    wanted = sum(len(gold) for _, gold in rows)
    given = [{tuple(f) for f in found[i] if f[2]} for i in range(len(rows))]
    right = sum(len(g & gold) for g, (_, gold) in zip(given, rows))
    return 200 * right / (wanted + sum(map(len, given)))


def run(rows, query, library):
    """What the query says of each row."""
    found, bar = [[] for _ in rows], squad.Bar(len(rows))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "sentences.db")
        db = sqlite3.connect(path)
        db.execute("CREATE TABLE sentence(id INTEGER PRIMARY KEY, text TEXT)")
        db.executemany("INSERT INTO sentence VALUES (?, ?)",
                       [(i, row[0]) for i, row in enumerate(rows)])
        db.commit()
        db.close()
        for line in squad.answers(path, library, query, ""):
            i, *values = json.loads(line)
            found[i].append(values)
            bar.show(i + 1)
    return found


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("what", choices=WHAT)
    p.add_argument("data", nargs="?")
    p.add_argument("--library", default="./distilbert")
    p.add_argument("--expect", type=float, nargs=2,
                   metavar=("X", "TOLERANCE"))
    return p.parse_args()


def main():
    args = parse_arguments()
    variable, default, member, query = WHAT[args.what]
    path = args.data or os.environ.get(variable, default)
    if not os.path.exists(path):
        print(f"{args.what}: no {path}; give the path of {member}")
        return 0 if path == default else 1
    text = read_text(path, member)
    begin = time.monotonic()
    if args.what == "sentiment":
        rows, name, measure = read_sentiment(text), "accuracy", accuracy
    else:
        rows, name, measure = read_entities(text), "F1", f1
    score = measure(rows, run(rows, query, args.library))
    seconds = time.monotonic() - begin
    print(f"{args.what}: {len(rows)} sentences, built-in: {name} {score:.2f}, "
          f"{len(rows) / seconds:.0f} texts/s")
    if args.expect and abs(score - args.expect[0]) > args.expect[1]:
        print(f"{args.what}: expected {args.expect[0]}, +- {args.expect[1]}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
