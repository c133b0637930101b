#!/usr/bin/env python3
"""ask.py - a question to all of SQuAD dev at once, through SQL.

    tests/quality/ask.py [dev-v1.1.json[.xz]] [--limit N] [--passages N] ...

The 2,067 paragraphs of SQuAD v1.1 dev are a table; each question goes to
distilbert_ask(), one thread, with passages that FTS5 finds, vectors find, and
both do: sql/hybrid.sql as it is.  Beside them the same reader given the right
paragraph.  A line each on stdout: EM, F1, how often the right paragraph was
among those that were read, and the time of one core.  With --share S a result
of FTS5 below S percent of the reader's F1 fails, and so does one of hybrid.sql
that is not above it.  The data as in squad.py.
"""
import argparse
import json
import os
import random
import sys
import tempfile
from pathlib import Path

import metrics
import squad

RECIPE = Path(__file__).resolve().parent.parent.parent / "sql/hybrid.sql"
THREADS = "UPDATE distilbert_config SET value = 1 WHERE key = 'threads';"
READ = """
SELECT json_array(qa.id, a.answer)
  FROM qa CROSS JOIN distilbert_answers(qa.question, qa.context) AS a
"""
FILL = """
INSERT INTO passage_fts(passage_fts) VALUES ('rebuild');
INSERT INTO passage_vec SELECT key, embedding FROM distilbert_embed_each(
  'SELECT id, body FROM passage', 'all-minilm-l6-v2');
"""
# All passages have an answer as a rule, so the rows are what was read.
ASK = """
SELECT json_array(qa.id, a.answer, a.passage = qa.context)
  FROM qa CROSS JOIN distilbert_ask(qa.question, {found}, {n}, {n}) AS a
"""
# Cosines alone rank answers best when they weigh twice as much as beside BM25.
NEAR = """
SELECT id, -40 * cosine, body FROM (
  SELECT id, distilbert_cosine(embedding, distilbert_embed(
               ?1, 'all-minilm-l6-v2')) AS cosine
    FROM passage_vec ORDER BY cosine DESC LIMIT {n}) JOIN passage USING (id)
 ORDER BY cosine DESC"""


def schema():
    """The tables of the recipe, and itself as the table `hybrid`."""
    text = RECIPE.read_text(encoding="utf-8")
    begin, end = "-- --- The database ---", "-- --- A few documents"
    return text[text.index(begin):text.index(end)]


def prepare(database, rows, asked, library):
    squad.fill_database(database, asked)
    contexts = dict.fromkeys(r[2] for r in rows)
    values = ", ".join(f"({squad.quote(c)})" for c in contexts)
    run("SELECT 1", database, library, THREADS + schema() +
        f"INSERT INTO passage(body) VALUES {values};" + FILL)


def run(query, database, library, setup=THREADS):
    """The rows, and seconds of a core, which are the same on a busy machine."""
    begin = sum(os.times()[:4])
    rows = [json.loads(line) for line in
            squad.answers(database, library, query, setup)]
    return rows, sum(os.times()[:4]) - begin


def report(name, rows, seconds, gold, more=""):
    """Prints a line of a way's best answers; its F1."""
    best = {}
    for key, answer, *_ in rows:
        best.setdefault(key, answer)
    em, f1 = metrics.score(best, gold)
    print(f"ask: {name:16} EM {em:.2f}, F1 {f1:.2f}{more}, "
          f"{1000 * seconds / len(gold):.1f} ms a question")
    return f1


def measure(database, gold, args):
    """The F1 of each way to find what is read."""
    n = args.passages
    ways = {"FTS5": "'passage_fts'",
            "vectors": squad.quote(NEAR.format(n=n)),
            "hybrid": "(SELECT sql FROM hybrid)"}
    f1 = {}
    rows, seconds = run(READ, database, args.library)
    f1["reader"] = report("right paragraph", rows, seconds, gold)
    for name, found in ways.items():
        rows, seconds = run(ASK.format(found=found, n=n), database,
                            args.library)
        right = 100 * sum(r[2] for r in rows) / len(gold)
        f1[name] = report(name, rows, seconds, gold,
                          f", right one among {n}: {right:.1f} %")
    return f1


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("data", nargs="?",
                   default=os.environ.get("QUALITY_SQUAD", squad.DEFAULT))
    p.add_argument("--library", default="./distilbert")
    p.add_argument("--limit", type=int, default=1000)
    p.add_argument("--passages", type=int, default=5)
    p.add_argument("--share", type=float, default=0)
    return p.parse_args()


def main():
    args = parse_arguments()
    if not os.path.exists(args.data):
        print(f"ask: no {args.data}; give the path of dev-v1.1.json")
        return 0 if args.data == squad.DEFAULT else 1
    rows = squad.read_rows(args.data)
    asked = random.Random(0).sample(rows, min(args.limit, len(rows)))
    with tempfile.TemporaryDirectory() as folder:
        database = os.path.join(folder, "squad.db")
        prepare(database, rows, asked, args.library)
        f1 = measure(database, {r[0]: r[3] for r in asked}, args)
    share = 100 * f1["FTS5"] / f1["reader"]
    print(f"ask: {len(asked)} questions; of the reader's F1 FTS5 {share:.1f} %,"
          f" hybrid {100 * f1['hybrid'] / f1['reader']:.1f} %")
    return int(args.share > 0 and
               (share < args.share or f1["hybrid"] <= f1["FTS5"]))


if __name__ == "__main__":
    sys.exit(main())
