#!/usr/bin/env python3
"""to_sqlite.py - the vectors that a cluster wrote, back into a SQLite file.

    to_sqlite.py vectors.parquet docs.db [--table vectors]

In:  Parquet, a file or a directory of them: key, embedding, error.
Out: a table of these; vectors are BLOBs, as distilbert_embed gives them.

SQLite has one writer at a time, so the workers do not write: one program does,
batch by batch, in one transaction.  It may be run again: a key that is there
gets its new vector.
"""
import argparse
import sqlite3

import pyarrow.dataset

from sqlworker import quoted


def copy(source, database, table="vectors"):
    """How many rows there were."""
    data, rows = pyarrow.dataset.dataset(source), 0
    db = sqlite3.connect(database)
    with db:  # one transaction
        db.execute(f"CREATE TABLE IF NOT EXISTS {quoted(table)}"
                   "(key PRIMARY KEY, embedding BLOB, error TEXT)")
        for batch in data.to_batches(batch_size=4096):
            columns = [column.to_pylist() for column in batch.columns]
            db.executemany(f"INSERT OR REPLACE INTO {quoted(table)} VALUES (?, ?, ?)",
                           zip(*columns))
            rows += batch.num_rows
    db.close()
    return rows


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("parquet")
    p.add_argument("database")
    p.add_argument("--table", default="vectors")
    args = p.parse_args()
    print(f"{copy(args.parquet, args.database, args.table)} rows")


if __name__ == "__main__":
    main()
