"""test_sqlite_utils.py - the plugin of sqlite-utils, and where it must not be.
"""
import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("sqlite_utils")


def run(*args, **env):
    return subprocess.run([sys.executable, *map(str, args)], text=True,
                          capture_output=True, check=False,
                          env={**os.environ, **env})


def test_functions_in_queries(demo):
    done = run("-m", "sqlite_utils", "query", demo,
               "SELECT key, answer FROM distilbert_ask("
               "'Who was Nikola Tesla?', 'docs_fts', 1)")
    assert json.loads(done.stdout) == [
        {"key": 20, "answer": "a Serbian American inventor"}], done.stderr


def test_is_listed():
    done = run("-m", "sqlite_utils", "plugins")
    assert "sqlite-distilbert" in {p["name"] for p in json.loads(done.stdout)}


BESIDE = """
import sqlite3, sqlite_distilbert, sqlite_utils
conn = sqlite3.connect(":memory:")
{}
sqlite_utils.Database(conn)
print([r[0] for r in conn.execute("SELECT count(*) FROM pragma_function_list "
                                  "WHERE name = 'distilbert_set'")])
"""


@pytest.mark.parametrize("before, found", [
    ("", "[3]"), ("sqlite_distilbert.load(conn, safe=True)", "[0]"),
    ("import datasette.app", "[0]")])
def test_never_more_than_is_there(before, found):
    """Not where the safe entry is, nor in a process of Datasette's."""
    if "datasette" in before:
        pytest.importorskip("datasette")
    done = run("-c", BESIDE.format(before))
    if before == "":
        assert done.stdout.strip() != "[0]", done.stderr
    else:
        assert done.stdout.strip() == found, done.stderr
