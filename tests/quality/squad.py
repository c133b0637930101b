#!/usr/bin/env python3
"""squad.py - exact match and F1 on SQuAD v1.1 dev, through SQL.

    tests/quality/squad.py [dev-v1.1.json[.xz]] [--limit N] [--model NAME] ...

The questions go into a table; one query joins them with distilbert_answers().
It runs in this process where Python's sqlite3 can load extensions, else in
the sqlite3 shell.  A bar on stderr shows how far it is; the result is one
line on stdout.  With --expect EM F1 a result further than 0.1 from them fails.

The data is not part of the project (CC BY-SA 4.0, rajpurkar/SQuAD-explorer):
the path is the argument, or QUALITY_SQUAD, or ../shared/data.
"""
import argparse
import json
import lzma
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time

import metrics

QUERY = """
SELECT json_array(qa.id, a.answer)
  FROM qa CROSS JOIN distilbert_answers(qa.question, qa.context) AS a
 WHERE a.align_to_words = {align} AND a.max_seq_len = {seq}
   AND a.doc_stride = {stride} {model}
"""
DEFAULT = "../shared/data/squad-dev-v1.1.json.xz"


def read_rows(path):
    opener = lzma.open if path.endswith(".xz") else open
    with opener(path, "rt", encoding="utf-8") as file:
        data = json.load(file)["data"]
    return [(q["id"], q["question"].strip(), p["context"],
             [a["text"] for a in q["answers"]])
            for article in data for p in article["paragraphs"]
            for q in p["qas"]]


def fill_database(path, rows):
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE qa(id TEXT, question TEXT, context TEXT)")
    db.executemany("INSERT INTO qa VALUES (?, ?, ?)", [r[:3] for r in rows])
    db.commit()
    db.close()


def in_process(database, library, query, setup=""):
    db = sqlite3.connect(database)
    db.enable_load_extension(True)
    db.load_extension(library)
    db.executescript(setup)
    for (row,) in db.execute(query):
        yield row


def in_shell(database, library, query, setup=""):
    """The shell writes through a pipe, so lines come some dozens at a time."""
    script = f'.bail on\n.load "{library}"\n{setup};\n{query};\n'
    with subprocess.Popen(["sqlite3", "-batch", "-init", os.devnull, database],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          encoding="utf-8") as shell:
        shell.stdin.write(script)
        shell.stdin.close()
        for line in shell.stdout:
            yield line
    if shell.returncode:
        sys.exit(f"sqlite3 ended with status {shell.returncode}")


def answers(*arguments):
    if hasattr(sqlite3.Connection, "enable_load_extension"):
        return in_process(*arguments)
    return in_shell(*arguments)


class Bar:
    """[=====>    ]  512/1000  41.3/s  ETA 0:11, rewritten in place."""

    def __init__(self, total):
        self.total, self.begin, self.shown = total, time.monotonic(), 0
        self.live = sys.stderr.isatty()

    def show(self, done):
        now = time.monotonic()
        pause = 0.2 if self.live else 10
        if now - self.shown < pause and done < self.total:
            return
        self.shown = now
        rate = done / max(now - self.begin, 1e-9)
        left = int((self.total - done) / rate) if rate else 0
        fill = 30 * done // self.total
        sys.stderr.write(
            f"{chr(13) * self.live}[{'=' * fill:30}] {done}/{self.total}"
            f"  {rate:.1f}/s  ETA {left // 60}:{left % 60:02}"
            f"{' ' if self.live and done < self.total else chr(10)}")
        sys.stderr.flush()


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("data", nargs="?",
                   default=os.environ.get("QUALITY_SQUAD", DEFAULT))
    p.add_argument("--library", default="./distilbert")
    p.add_argument("--limit", type=int, default=0,
                   help="this many questions, picked at random but always "
                        "the same")
    p.add_argument("--model", help="name; without it the built-in one")
    p.add_argument("--path", help="a checkpoint instead of a name")
    p.add_argument("--precision", choices=["fp32", "int8"],
                   help="of --path; without it as the file is")
    p.add_argument("--align-to-words", type=int, default=0, dest="align")
    p.add_argument("--max-seq-len", type=int, default=384, dest="seq")
    p.add_argument("--doc-stride", type=int, default=128, dest="stride")
    p.add_argument("--expect", type=float, nargs=2, metavar=("EM", "F1"))
    return p.parse_args()


def quote(text):
    return "'" + text.replace("'", "''") + "'" if text else "NULL"


def ask(rows, args):
    """{id: answer} of every question that has one."""
    model, setup = "", ""
    if args.path:
        args.model = "quality"
        setup = ("INSERT INTO distilbert_models(name, path, precision) VALUES "
                 f"('quality', {quote(args.path)}, {quote(args.precision)})")
    if args.model:
        model = f"AND a.model = {quote(args.model)}"
    query = QUERY.format(align=args.align, seq=args.seq, stride=args.stride,
                         model=model)
    guesses, bar = {}, Bar(len(rows))
    with tempfile.TemporaryDirectory() as folder:
        database = os.path.join(folder, "squad.db")
        fill_database(database, rows)
        for line in answers(database, args.library, query, setup):
            key, answer = json.loads(line)
            guesses[key] = answer
            bar.show(len(guesses))
    return guesses


def main():
    args = parse_arguments()
    if not os.path.exists(args.data):
        print(f"squad: no {args.data}; give the path of dev-v1.1.json")
        return 0 if args.data == DEFAULT else 1
    rows = read_rows(args.data)
    if args.limit:
        rows = random.Random(0).sample(rows, min(args.limit, len(rows)))
    begin = time.monotonic()
    guesses = ask(rows, args)
    seconds = time.monotonic() - begin
    em, f1 = metrics.score(guesses, {r[0]: r[3] for r in rows})
    print(f"squad: {len(rows)} questions, EM {em:.2f}, F1 {f1:.2f}, "
          f"{len(rows) / seconds:.1f} questions/s")
    if args.expect and max(abs(em - args.expect[0]),
                           abs(f1 - args.expect[1])) > 0.1:
        print(f"squad: expected EM {args.expect[0]}, F1 {args.expect[1]}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
