"""conftest.py - what the tests share: the tree, a database, and two ways in.

The database is that of `make demo`, without what the demo computes: docs, and
docs_fts over it; `plain` has docs alone.
"""
import csv
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[3]
CLEAN = TREE / "build/python/clean/bin"  # the wheel, and nothing else


def make_docs(path):
    conn = sqlite3.connect(path)
    conn.execute("CREATE TABLE docs(id INTEGER PRIMARY KEY, title TEXT, "
                 "body TEXT)")
    with open(TREE / "examples/demo-paragraphs.csv", encoding="utf-8",
              newline="") as rows:
        conn.executemany("INSERT INTO docs VALUES (?, ?, ?)",
                         list(csv.reader(rows))[1:])
    conn.commit()
    return conn


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    path = tmp_path_factory.mktemp("plain") / "plain.db"
    make_docs(path).close()
    return path


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    path = tmp_path_factory.mktemp("demo") / "demo.db"
    conn = make_docs(path)
    conn.execute("CREATE VIRTUAL TABLE docs_fts USING fts5(title, body, "
                 "content = 'docs', content_rowid = 'id', "
                 "tokenize = 'porter unicode61')")
    conn.execute("INSERT INTO docs_fts(docs_fts) VALUES ('rebuild')")
    conn.commit()
    conn.close()
    return path


@pytest.fixture(scope="session")
def shell(demo):
    """Rows of a query in the sqlite3 shell, with the library of the tree."""
    if not shutil.which("sqlite3"):
        pytest.skip("no sqlite3 shell")
    library = TREE / "build/release/distilbert"
    if not library.with_suffix(".so").exists():
        pytest.skip("no build/release/distilbert.so")

    def run(sql):
        done = subprocess.run(
            ["sqlite3", "-batch", "-init", os.devnull, "-cmd",
             f".load {library}", demo, sql],
            capture_output=True, text=True, check=True)
        return [line.split("|") for line in done.stdout.splitlines()]
    return run


@pytest.fixture(scope="session")
def cli(tmp_path_factory):
    """Runs the command in the clean environment, from another folder."""
    folder = tmp_path_factory.mktemp("elsewhere")
    if not CLEAN.exists():
        pytest.skip("no build/python/clean")

    def run(*args, **more):
        env = {**os.environ, "COLUMNS": "80", **more.pop("env", {})}
        return subprocess.run([CLEAN / "python", "-m", "sqlite_distilbert",
                               *map(str, args)], capture_output=True,
                              text=True, cwd=folder, env=env, check=False,
                              **more)
    return run
