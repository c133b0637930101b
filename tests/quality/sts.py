#!/usr/bin/env python3
"""sts.py - rank correlation with people's judgement of likeness, through SQL.

    tests/quality/sts.py [stsb-en-test.csv | glue-sts.tar.xz] [--model PATH] ...

Pairs of sentences go into a table; one query gives the cosine of their
vectors, and Spearman's correlation with the scores that people gave (STS-B
test, 1,379 pairs) is printed, times 100.  With --expect X TOLERANCE a result
further from X fails.

The data is not part of the project: the path is the argument, or QUALITY_STS,
or in ../shared/data.
"""
import argparse
import csv
import io
import json
import os
import sys
import tarfile
import tempfile
import time
import sqlite3

import squad

DEFAULT = "../shared/data/glue-sts.tar.xz"
MEMBER = "stsb/stsb-en-test.csv"
QUERY = """
SELECT json_array(id, distilbert_cosine(distilbert_embed(a, {model}),
                                        distilbert_embed(b, {model})))
  FROM pair
"""
REGISTER = """
INSERT INTO distilbert_models(name, path, precision)
VALUES ('measured', {path}, {precision})
"""


def ranks(values):
    """Equal values share the mean of their ranks."""
    order = sorted(range(len(values)), key=values.__getitem__)
    out, at = [0.0] * len(values), 0
    while at < len(order):
        end = at
        while end < len(order) and values[order[end]] == values[order[at]]:
            end += 1
        for i in order[at:end]:
            out[i] = (at + end - 1) / 2
        at = end
    return out


def pearson(a, b):
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    covariance = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b))
    return covariance / (sum((x - mean_a) ** 2 for x in a) *
                         sum((y - mean_b) ** 2 for y in b)) ** 0.5


def spearman(a, b):
    return pearson(ranks(a), ranks(b))


def read_rows(path):
    """[(sentence, sentence, score)]"""
    if path.endswith((".tar.xz", ".tar.gz")):
        with tarfile.open(path) as tar:
            text = tar.extractfile(MEMBER).read().decode()
    else:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
    return [(a, b, float(score)) for a, b, score in csv.reader(io.StringIO(text))]


def quote(text):
    return "'" + text.replace("'", "''") + "'"


def cosines(rows, args):
    setup, model = "", "NULL"
    if args.model:
        model = "'measured'"
        setup = REGISTER.format(path=quote(args.model),
                                precision=quote(args.precision))
    out, bar = [0.0] * len(rows), squad.Bar(len(rows))
    with tempfile.TemporaryDirectory() as folder:
        database = os.path.join(folder, "sts.db")
        db = sqlite3.connect(database)
        db.execute("CREATE TABLE pair(id INTEGER PRIMARY KEY, a TEXT, b TEXT)")
        db.executemany("INSERT INTO pair VALUES (?, ?, ?)",
                       [(i, a, b) for i, (a, b, _) in enumerate(rows)])
        db.commit()
        db.close()
        query = QUERY.format(model=model)
        for n, line in enumerate(squad.answers(database, args.library, query,
                                               setup), 1):
            i, cosine = json.loads(line)
            out[i] = cosine
            bar.show(n)
    return out


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("data", nargs="?",
                   default=os.environ.get("QUALITY_STS", DEFAULT))
    p.add_argument("--library", default="./distilbert")
    p.add_argument("--model", help="path; without it the built-in one")
    p.add_argument("--precision", default="fp32", help="of that model")
    p.add_argument("--expect", type=float, nargs=2,
                   metavar=("X", "TOLERANCE"))
    return p.parse_args()


def main():
    args = parse_arguments()
    if not os.path.exists(args.data):
        print(f"sts: no {args.data}; give the path of stsb-en-test.csv")
        return 0 if args.data == DEFAULT else 1
    rows = read_rows(args.data)
    begin = time.monotonic()
    found = 100 * spearman(cosines(rows, args), [row[2] for row in rows])
    seconds = time.monotonic() - begin
    what = f"{args.model}, {args.precision}" if args.model else "built-in"
    print(f"sts: {len(rows)} pairs, {what}: Spearman {found:.2f}, "
          f"{2 * len(rows) / seconds:.0f} texts/s")
    if args.expect and abs(found - args.expect[0]) > args.expect[1]:
        print(f"sts: expected {args.expect[0]}, +- {args.expect[1]}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
