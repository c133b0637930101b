#!/usr/bin/env python3
"""shards.py - a table in several SQLite files, and one question to all of them.

    shards.py docs.db 4      # docs-0.db ... docs-3.db, each with an FTS5 index

In:  a question, and files that each have a part of the texts under FTS5.
Out: the best passages of each file (find), and the answers in the best of all
     of them (read).

The scores of distilbert_ask add up to 1 over the passages that it read, so
those of two files say nothing about each other.  Ranks do, and so do answers
that were read together.  So each file only gives its best passages by BM25;
the best of all are read by one distilbert_ask, over an FTS5 table in which
every row matches the question alike: then scores are exp(logits), up to a
factor, and get what BM25 says of a passage, exp(-rank / 2), as distilbert_ask
adds it (src/sql/fn_ask.c).

    file 0:  rank -14.2  -9.8       best of all:  -14.2  -12.1  -9.8
    file 1:  rank -12.1  -3.3       read together, then ranked

BM25 weighs a word by how rare it is in its own file.  Rows mixed over the files
(key modulo files) make that nearly the same in all; it is exactly that of one
table only where there is one file.
"""
import functools
import math
import sqlite3
import sys

import pyarrow as pa

import sqlworker

# What find() and read() give for questions in Arrow, an id before each row.
FOUND = pa.schema([("id", pa.int64()), ("question", pa.string()), ("shard", pa.string()),
                   ("key", pa.int64()), ("rank", pa.float64()), ("passage", pa.string())])
ANSWER = pa.schema([("id", pa.int64()), ("answer", pa.string()), ("score", pa.float64()),
                    ("shard", pa.string()), ("key", pa.int64()), ("passage", pa.string())])


# --- Making the files -------------------------------------------------------


def split(database, shards, table="docs", key="id", text="body"):
    """Copies a table into files NAME-0.db ..., and indexes each; their names."""
    paths = [f"{database.removesuffix('.db')}-{i}.db" for i in range(shards)]
    for i, path in enumerate(paths):
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("ATTACH ? AS whole", (database,))
        db.executescript(f"""
            BEGIN;
            CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT);
            INSERT INTO docs SELECT {sqlworker.quoted(key)}, {sqlworker.quoted(text)}
              FROM whole.{sqlworker.quoted(table)}
             WHERE {sqlworker.quoted(key)} % {shards} = {i};
            CREATE VIRTUAL TABLE docs_fts USING fts5(body, content = 'docs',
              content_rowid = 'id', tokenize = 'porter unicode61');
            INSERT INTO docs_fts(docs_fts) VALUES ('rebuild');
            COMMIT;""")
        db.close()
    return paths


# --- Asking them ------------------------------------------------------------


@functools.cache
def opened(path):
    """One connection a file and process, for all its questions."""
    return sqlworker.connect(path)


def find(path, question, passages, fts="docs_fts", column="body"):
    """The best passages of a file: [(shard, key, rank, passage)]."""
    fts = sqlworker.quoted(fts)
    return opened(path).execute(
        f"SELECT ?, rowid, rank, {sqlworker.quoted(column)} FROM {fts}"
        f" WHERE {fts} MATCH distilbert_fts_query(?) ORDER BY rank LIMIT ?",
        (path, question, passages)).fetchall()


@functools.cache
def gathered():
    """Where passages of several files meet; `alike` has the question itself in
    every row, and no text: FTS5 then gives all of them one rank."""
    db = sqlworker.connect()
    db.execute("CREATE TABLE passage(n INTEGER PRIMARY KEY, shard, key, rank, body)")
    db.execute("CREATE VIRTUAL TABLE alike USING fts5(question, content = '')")
    return db


def read(question, found, passages, model=None):
    """[(answer, score, shard, key, passage)], best first.  The scores add up to
    1 over these answers; distilbert_ask counts all other spans, too."""
    db = gathered()
    best = sorted(found, key=lambda row: (row[2], row[0], row[1]))[:passages]
    db.execute("DELETE FROM passage")
    db.execute("INSERT INTO alike(alike) VALUES ('delete-all')")
    db.executemany("INSERT INTO passage(shard, key, rank, body) VALUES (?, ?, ?, ?)", best)
    db.execute("INSERT INTO alike(rowid, question) SELECT n, ? FROM passage", (question,))
    rows = db.execute(
        "SELECT a.answer, a.score, p.rank, p.shard, p.key, a.passage"
        "  FROM distilbert_ask(?1, 'alike', NULL, ?2, NULL,"
        "         'SELECT body FROM passage WHERE n = ?1', ?3) AS a"
        "  JOIN passage AS p ON p.n = a.key",
        (question, passages, model)).fetchall()
    top = min((row[2] for row in rows), default=0)  # so that nothing overflows
    answers = [(answer, score * math.exp((top - rank) / 2), *where)
               for answer, score, rank, *where in rows]
    total = sum(score for _, score, *_ in answers)
    return sorted(((answer, score / total, *where) for answer, score, *where in answers),
                  key=lambda row: (-row[1], row[2], row[3]))


def ask(path, question, passages, top_k, fts="docs_fts", column="body", model=None):
    """The same of one file, where distilbert_ask does all of it."""
    return opened(path).execute(
        "SELECT answer, score, ?1, key, passage"
        "  FROM distilbert_ask(?2, ?3, ?4, ?5, ?6, NULL, ?7)",
        (path, question, fts, top_k, passages, column, model)).fetchall()


# --- The same for questions in Arrow: id, question, shard --------------------


def arrow(schema, rows):
    columns = list(zip(*rows)) or [()] * len(schema)
    return pa.Table.from_arrays([pa.array(c, f.type) for c, f in zip(columns, schema)],
                                schema=schema)


def ask_batch(batch, passages, top_k):
    return arrow(ANSWER, [(q["id"], *row) for q in batch.to_pylist() for row in
                          ask(q["shard"], q["question"], passages, top_k)])


def find_batch(batch, passages):
    return arrow(FOUND, [(q["id"], q["question"], *row) for q in batch.to_pylist()
                         for row in find(q["shard"], q["question"], passages)])


def read_group(table, passages, top_k):
    """What was found for one id, in all files."""
    rows = table.to_pylist()
    found = [(r["shard"], r["key"], r["rank"], r["passage"]) for r in rows]
    answers = read(rows[0]["question"], found, passages)[:top_k]
    return arrow(ANSWER, [(rows[0]["id"], *row) for row in answers])


if __name__ == "__main__":
    print(*split(sys.argv[1], int(sys.argv[2])), sep="\n")
