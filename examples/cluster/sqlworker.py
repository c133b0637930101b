"""sqlworker.py - what one worker of a cluster does, whichever engine runs it.

In:  Arrow batches with a column of texts, or a range of keys of a SQLite file.
Out: Arrow batches: the key, its vector (the bytes that distilbert_embed gives),
     and the error of a text that has none.  One row a row, in their order.

A worker is a process with a SQLite of its own in memory and the extension in
it.  The engine hands out cores, so the model runs on one thread.  A batch goes
through distilbert_embed_each as one query, so short texts fill the model
together; what a worker needs of memory is one batch, however long the table.

The library must be on every node: the package sqlite-distilbert, or a path in
the environment variable DISTILBERT_LIBRARY.  What DISTILBERT_SETUP has is run
first: "SELECT distilbert_register('st', '/models/st')", say.  A model is given
as NAME@FINGERPRINT, which the program that starts the work looks up once (pin):
a node whose library or model would give other bits has an error, not vectors.
"""
import functools
import os
import sqlite3
from pathlib import Path

import pyarrow as pa

MODEL = "all-minilm-l6-v2"  # built in
BATCH = 1024  # rows that go on together: what distilbert_embed_each reads ahead


def connect(database=None):
    """A connection with the extension; to a file it only reads."""
    name = Path(database).resolve().as_uri() + "?mode=ro" if database else ":memory:"
    db = sqlite3.connect(name, uri=True, isolation_level=None)
    db.enable_load_extension(True)
    if library := os.environ.get("DISTILBERT_LIBRARY"):
        db.load_extension(library)
    else:
        import sqlite_distilbert
        sqlite_distilbert.load(db)
    db.enable_load_extension(False)
    db.execute("SELECT distilbert_set('threads', 1)").fetchone()
    if setup := os.environ.get("DISTILBERT_SETUP"):
        db.execute(setup).fetchall()
    return db


def settings():
    """The variables that workers should have, too: library, model path, ..."""
    return {k: v for k, v in os.environ.items() if k.startswith("DISTILBERT_")}


def pin(model=MODEL):
    """NAME@FINGERPRINT of what this machine has under a model's name."""
    if "@" in model:
        return model
    query = "SELECT ? || '@' || distilbert_fingerprint(?)"
    return connect().execute(query, (model, model)).fetchone()[0]


@functools.cache
def memory():
    """This process's SQLite: it stays, and with it the model, between batches."""
    db = connect()
    db.execute("CREATE TABLE batch(n INTEGER PRIMARY KEY, body TEXT)")
    return db


def vectors(rows):
    """What follows the key in every result, out of (..., embedding, error)."""
    return [pa.array([row[-2] for row in rows], pa.binary()),
            pa.array([row[-1] for row in rows], pa.string())]


def embed_batch(batch, text, model):
    """A RecordBatch or Table: its columns but the text, embedding and error."""
    db, bodies = memory(), batch.column(text).to_pylist()
    db.execute("BEGIN")
    db.execute("DELETE FROM batch")
    db.executemany("INSERT INTO batch(body) VALUES (?)", zip(bodies))
    db.execute("COMMIT")
    rows = db.execute(  # LIMIT tells how many rows to read ahead at once
        "SELECT embedding, error FROM distilbert_embed_each("
        "  'SELECT n, body FROM batch ORDER BY n', ?) LIMIT ?",
        (model, max(len(bodies), 1))).fetchall()
    kept = [name for name in batch.schema.names if name != text]
    return type(batch).from_arrays(
        [batch.column(name) for name in kept] + vectors(rows),
        names=[*kept, "embedding", "error"])


# --- A SQLite file as input -------------------------------------------------


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def key_ranges(database, table, key, rows):
    """[(first key, last key)]: every range has that many rows, the last fewer.
    This reads the keys alone; the texts are read where the ranges are used."""
    query = (f"SELECT min(k), max(k) FROM (SELECT {quoted(key)} AS k,"
             f" row_number() OVER (ORDER BY {quoted(key)}) - 1 AS n"
             f" FROM {quoted(table)}) GROUP BY n / ? ORDER BY n / ?")
    return connect(database).execute(query, (rows, rows)).fetchall()


def embed_range(database, table, key, text, model, first, last):
    """RecordBatches of (key, embedding, error) for the keys first to last.
    SQLite reads the file while the model runs: the texts do not pass Python."""
    query = (f"SELECT {quoted(key)}, {quoted(text)} FROM {quoted(table)}"
             f" WHERE {quoted(key)} BETWEEN ?1 AND ?2 ORDER BY {quoted(key)}")
    cursor = connect(database).execute(
        "SELECT key, embedding, error"
        "  FROM distilbert_embed_each(?, ?, NULL, ?, ?) LIMIT ?",
        (query, model, first, last, last - first + 1))
    while rows := cursor.fetchmany(BATCH):
        yield pa.RecordBatch.from_arrays(
            [pa.array([row[0] for row in rows], pa.int64()), *vectors(rows)],
            names=[key, "embedding", "error"])


def is_sqlite(path):
    """Does the path lead to a SQLite file, not to Parquet?"""
    try:
        with open(path, "rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except OSError:  # a directory, or the address of an object
        return False
