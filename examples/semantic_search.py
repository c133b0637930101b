#!/usr/bin/env python3
"""semantic_search.py - nearest neighbours with sqlite-vec loaded beside us.

    pip install sqlite-vec
    python3 examples/semantic_search.py [./distilbert]

distilbert_embed() makes vectors, sqlite-vec keeps and searches them: each is
an extension in the same connection, and a vector is a BLOB that both read.
The same search without sqlite-vec, by distilbert_cosine(), must find the same.
"""

import csv
import os
import sqlite3
import sys

try:
    import sqlite_vec
except ImportError:
    print("skipped: no sqlite_vec for this Python (pip install sqlite-vec)")
    sys.exit(77)

PARAGRAPHS = os.path.join(os.path.dirname(__file__), "demo-paragraphs.csv")
QUERIES = {  # and the article that should come first
    "How does the body fight germs?": "Immune system",
    "why the rich get richer": "Economic inequality",
    "a monk who quarrelled with the Pope": "Martin Luther",
    "the gas that we breathe": "Oxygen",
}


def connect(distilbert):
    db = sqlite3.connect(":memory:")
    db.enable_load_extension(True)
    db.load_extension(distilbert)
    sqlite_vec.load(db)
    db.enable_load_extension(False)
    return db


def fill(db):
    db.execute("CREATE TABLE docs(id INTEGER PRIMARY KEY, title TEXT, body TEXT)")
    with open(PARAGRAPHS, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    db.executemany("INSERT INTO docs VALUES (?, ?, ?)", rows)
    db.execute("CREATE VIRTUAL TABLE docs_vec USING vec0(e float[384] distance_metric=cosine)")
    db.execute("INSERT INTO docs_vec(rowid, e) SELECT id, distilbert_embed(body) FROM docs")


def nearest(db, query, k):
    """[(id, title, distance)], by sqlite-vec."""
    return db.execute(
        """
        SELECT d.id, d.title, v.distance
          FROM docs_vec AS v JOIN docs AS d ON d.id = v.rowid
         WHERE v.e MATCH distilbert_embed(?) AND v.k = ?
         ORDER BY v.distance
        """,
        (query, k),
    ).fetchall()


def nearest_by_cosine(db, query, k):
    return db.execute(
        """
        SELECT rowid, 1 - distilbert_cosine(e, distilbert_embed(?)) AS distance
          FROM docs_vec ORDER BY distance LIMIT ?
        """,
        (query, k),
    ).fetchall()


def main():
    db = connect(sys.argv[1] if len(sys.argv) > 1 else "./distilbert")
    fill(db)
    for query, title in QUERIES.items():
        found = nearest(db, query, 3)
        print(query)
        for _, article, distance in found:
            print(f"    {distance:.3f} {article}")
        assert found[0][1] == title, found
        for (a, _, x), (b, y) in zip(found, nearest_by_cosine(db, query, 3)):
            assert a == b and abs(x - y) < 1e-5, (a, b, x, y)


main()
