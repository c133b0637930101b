"""test_load.py - loading into connections of several packages; same bits."""
import os
import sqlite3
import subprocess
import sys

import pytest

import sqlite_distilbert
from conftest import TREE
from sqlite_distilbert import load, loadable_path

VERSION = (TREE / "VERSION").read_text().strip()
EMBED = "SELECT hex(distilbert_embed(body)) FROM docs WHERE id <= 5"
ASK = ("SELECT key, answer, printf('%!.17g', score) FROM "
       "distilbert_ask('Who was Nikola Tesla?', 'docs_fts')")


def is_allowed(conn):
    """Whether the connection loads extensions, in C and in SQL."""
    found = []
    for attempt in (lambda: conn.load_extension("/nowhere"),
                    lambda: conn.execute("SELECT load_extension('/nowhere')")):
        with pytest.raises(sqlite3.OperationalError) as error:
            attempt()
        found.append("not authorized" not in str(error.value))
    return found


def test_version():
    conn = sqlite3.connect(":memory:")
    load(conn)
    found, = conn.execute("SELECT distilbert_version()").fetchone()
    assert sqlite_distilbert.__version__ == found == VERSION


def test_path_has_no_suffix():
    path = loadable_path()
    assert os.path.isabs(path) and not os.path.splitext(path)[1]
    # What SQLite would try first is not there, and one of its endings is.
    assert not os.path.exists(path)
    assert sum(os.path.exists(path + end)
               for end in (".so", ".dylib", ".dll")) == 1


def test_loading_is_off_afterwards():
    conn = sqlite3.connect(":memory:")
    conn.enable_load_extension(False)
    load(conn)
    assert is_allowed(conn) == [False, False]
    load(conn, safe=False)  # once more does no harm
    assert conn.execute("SELECT distilbert_version()").fetchone()


def test_loading_stays_on():
    conn = sqlite3.connect(":memory:")
    conn.enable_load_extension(True)
    load(conn)
    assert is_allowed(conn) == [True, True]


def test_loading_is_off_after_failure(monkeypatch):
    monkeypatch.setattr(sqlite_distilbert, "loadable_path",
                        lambda: "/nowhere/distilbert")
    conn = sqlite3.connect(":memory:")
    conn.enable_load_extension(False)
    with pytest.raises(sqlite3.OperationalError, match="/nowhere"):
        load(conn)
    assert is_allowed(conn) == [False, False]


def test_safe_entry():
    conn = sqlite3.connect(":memory:")
    load(conn, safe=True)
    assert is_allowed(conn)[1] is False
    assert conn.execute("SELECT distilbert_answer('Who?', 'Ada wrote.')"
                        ).fetchone() == ("Ada",)
    for sql in ("SELECT * FROM distilbert_ask('a', 'b')",
                "SELECT * FROM distilbert_embed_each('SELECT 1, 2')",
                "SELECT distilbert_register('a', '/b')",
                "SELECT distilbert_set('threads', '1')",
                "SELECT distilbert_quantize('a', 'b')"):
        with pytest.raises(sqlite3.OperationalError, match="no such"):
            conn.execute(sql)
    with pytest.raises(sqlite3.OperationalError):
        conn.execute("INSERT INTO distilbert_models(name, path) "
                     "VALUES ('a', '/b')")


def test_safe_never_leaves_more_behind():
    """After the full entry the safe one takes away, or fails and says so."""
    conn = sqlite3.connect(":memory:")
    load(conn)
    try:
        load(conn, safe=True)
    except sqlite3.OperationalError as error:
        assert sys.version_info < (3, 12) and "other entry" in str(error)
    else:
        with pytest.raises(sqlite3.OperationalError, match="no such"):
            conn.execute("SELECT distilbert_set('threads', '1')")


def test_cannot_load():
    """A connection of a Python without extensions; and no connection."""
    bare = type("Connection", (), {"__module__": "sqlite3"})()
    with pytest.raises(RuntimeError, match="sqlite3.Connection cannot load"
                       ".*pysqlite3-binary.*sqlean.*apsw"):
        load(bare)
    with pytest.raises(RuntimeError, match="object has no enable_load_ext"):
        load(object())


class Wrapper:
    """Anything with the two methods: it calls them of another connection."""

    def __init__(self, conn):
        self.conn, self.calls = conn, []

    def enable_load_extension(self, enable):
        self.calls.append(enable)
        self.conn.enable_load_extension(enable)

    def load_extension(self, path):
        self.calls.append(path)
        self.conn.load_extension(path)


def test_anything_with_the_methods():
    conn = sqlite3.connect(":memory:")
    conn.enable_load_extension(False)
    wrapper = Wrapper(conn)
    load(wrapper)
    path = loadable_path()
    assert wrapper.calls == [path, True, path, False]
    assert conn.execute("SELECT distilbert_version()").fetchone()


def test_same_bits_as_the_shell(demo, shell):
    conn = sqlite3.connect(demo)
    load(conn)
    for sql, rows in ((EMBED, 5), (ASK, 5)):
        found = [[str(v) for v in row] for row in conn.execute(sql)]
        assert len(found) == rows
        assert found == shell(sql)


APSW = """
import sys, apsw, sqlite_distilbert
conn = apsw.Connection(sys.argv[1])
sqlite_distilbert.load(conn)
assert conn.config(apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, -1) == 0
for row in conn.execute(sys.argv[2]):
    print(*row, sep="|")
safe = apsw.Connection(":memory:")
sqlite_distilbert.load(safe, safe=True)
safe.execute("SELECT distilbert_version()").fetchall()
sqlite_distilbert.load(conn, safe=True)  # takes away what the other has
for c in (safe, conn):
    try:
        c.execute("SELECT distilbert_set('threads', '1')")
        sys.exit("it is there")
    except apsw.SQLError as error:
        assert "no such function" in str(error), error
"""


def test_apsw(demo, shell):
    """In a process of its own: apsw has another SQLite than sqlite3."""
    pytest.importorskip("apsw")
    for sql in (EMBED, ASK):
        done = subprocess.run([sys.executable, "-c", APSW, demo, sql],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert [line.split("|") for line in done.stdout.splitlines()
                ] == shell(sql)


def test_sqlalchemy(demo, shell):
    pytest.importorskip("sqlalchemy")
    from sqlalchemy import create_engine, event, text
    engine = create_engine(f"sqlite:///{demo}")
    event.listen(engine, "connect", lambda conn, _: load(conn))
    with engine.connect() as conn:
        found = [[str(v) for v in row] for row in conn.execute(text(EMBED))]
    assert found == shell(EMBED)
    engine.dispose()


def test_types(tmp_path):
    """py.typed is there, and load() takes what it says it takes."""
    pytest.importorskip("mypy")
    source = tmp_path / "use.py"
    source.write_text(
        "import sqlite3\nimport sqlite_distilbert\n"
        "conn = sqlite3.connect(':memory:')\n"
        "sqlite_distilbert.load(conn)\n"
        "path: str = sqlite_distilbert.loadable_path()\n"
        "sqlite_distilbert.load(5)\n")
    done = subprocess.run([sys.executable, "-m", "mypy", "--strict",
                           "--cache-dir", tmp_path / "cache", source],
                          capture_output=True, text=True, cwd=tmp_path,
                          check=False)
    assert done.stdout.count("error:") == 1, done.stdout
    assert "use.py:6" in done.stdout


def test_own_types(tmp_path):
    """The package itself, as it is installed."""
    pytest.importorskip("mypy")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", tmp_path,
         "--config-file", TREE / "bindings/python/pyproject.toml"],
        capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout
