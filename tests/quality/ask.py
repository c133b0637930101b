#!/usr/bin/env python3
"""ask.py - a question to all of SQuAD dev at once, through SQL.

    tests/quality/ask.py [dev-v1.1.json[.xz]] [--limit N] [--passages N] ...

The 2,067 paragraphs of SQuAD v1.1 dev are a table with an FTS5 index; each
question goes to distilbert_ask(), one thread.  Beside it: the same reader given
the right paragraph, and how often that is among those that FTS5 found.  One
line on stdout; with --share S a result below S percent of the reader's F1
fails.  The data as in squad.py.
"""
import argparse
import json
import os
import random
import sys
import tempfile
import time

import metrics
import squad

SETUP = "UPDATE distilbert_config SET value = 1 WHERE key = 'threads'"
READ = """
SELECT json_array(qa.id, a.answer)
  FROM qa CROSS JOIN distilbert_answers(qa.question, qa.context) AS a
"""
ASK = """
SELECT json_array(qa.id, a.answer, a.passage = qa.context)
  FROM qa CROSS JOIN distilbert_ask(qa.question, 'found', 1, {passages}) AS a
"""
FOUND = """
SELECT json_array(qa.id, EXISTS (
         SELECT 1 FROM (SELECT body FROM found
                         WHERE found MATCH distilbert_fts_query(qa.question)
                         ORDER BY rank LIMIT {passages})
          WHERE body = qa.context))
  FROM qa
"""


def index(rows):
    contexts = list(dict.fromkeys(r[2] for r in rows))
    values = ", ".join(f"({squad.quote(c)})" for c in contexts)
    return ("CREATE TEMP TABLE paragraph(body);"
            f"INSERT INTO paragraph VALUES {values};"
            "CREATE VIRTUAL TABLE temp.found USING fts5(body,"
            " tokenize = 'porter unicode61');"
            "INSERT INTO found SELECT body FROM paragraph;")


def run(query, asked, setup, library):
    """The rows that came, and seconds."""
    with tempfile.TemporaryDirectory() as folder:
        database = os.path.join(folder, "squad.db")
        squad.fill_database(database, asked)
        begin = time.monotonic()
        lines = [json.loads(line) for line in
                 squad.answers(database, library, query, setup)]
        return lines, time.monotonic() - begin


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
    gold = {r[0]: r[3] for r in asked}
    setup = SETUP + ";" + index(rows)
    read, _ = run(READ, asked, SETUP, args.library)
    _, best = metrics.score(dict(read), gold)
    found, before = run(FOUND.format(passages=args.passages), asked, setup,
                        args.library)
    got, seconds = run(ASK.format(passages=args.passages), asked, setup,
                       args.library)
    em, f1 = metrics.score({key: answer for key, answer, _ in got}, gold)
    share = 100 * f1 / best
    right = 100 * sum(x[2] for x in got) / len(asked)
    print(f"ask: {len(asked)} questions, {args.passages} passages each: EM "
          f"{em:.2f}, F1 {f1:.2f}, {share:.1f} % of the reader's {best:.2f}; "
          f"right passage {right:.1f} % (found "
          f"{100 * sum(x[1] for x in found) / len(asked):.1f} %); "
          f"{1000 * seconds / len(asked):.1f} ms a question, of which FTS5 "
          f"{1000 * before / len(asked):.1f}")
    return int(share < args.share)


if __name__ == "__main__":
    sys.exit(main())
