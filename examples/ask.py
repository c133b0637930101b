#!/usr/bin/env python3
"""ask.py - asks the same question of every row of a table, from Python.

    python3 examples/ask.py [./distilbert]

Answers arrive as rows, in one query; the extension reads the texts in
batches.  A deadline stops a query that takes too long, with the progress
handler that any SQLite function obeys.
"""

import sqlite3
import sys
import time

RELEASES = [
    ("SQLite 3.8.3", "Common table expressions were added on 2014-02-03."),
    ("SQLite 3.25.0", "On 2018-09-15, window functions came, inspired by those of PostgreSQL."),
    ("SQLite 3.31.0", "Released on 2020-01-22, this version brought generated columns."),
]


def connect(extension):
    db = sqlite3.connect(":memory:")
    if not hasattr(db, "enable_load_extension"):
        sys.exit("this Python was built without loadable extensions; Debian's and conda's have them")
    db.enable_load_extension(True)
    db.load_extension(extension)
    db.enable_load_extension(False)
    return db


def set_deadline(db, seconds):
    """Queries end with sqlite3.OperationalError: interrupted after that time."""
    end = time.monotonic() + seconds
    db.set_progress_handler(lambda: time.monotonic() > end, 1000)


def main():
    db = connect(sys.argv[1] if len(sys.argv) > 1 else "./distilbert")
    db.execute("CREATE TABLE release(name TEXT PRIMARY KEY, note TEXT)")
    db.executemany("INSERT INTO release VALUES (?, ?)", RELEASES)

    set_deadline(db, 30)
    rows = db.execute(
        """
        SELECT r.name, a.answer, a.score
          FROM distilbert_answers AS a JOIN release AS r ON r.note = a.context
         WHERE a.question = ? AND a.context IN (SELECT note FROM release)
         ORDER BY r.rowid
        """,
        ("What was added?",),
    ).fetchall()
    for name, answer, score in rows:
        print(f"{name}: {answer} ({score:.2f})")

    assert [name for name, _, _ in rows] == [name for name, _ in RELEASES]
    assert rows[0][1] == "Common table expressions", rows[0]


main()
