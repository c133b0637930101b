"""sqlite_distilbert - DistilBERT inside SQLite: finds and loads the library.

    import sqlite3, sqlite_distilbert
    conn = sqlite3.connect("demo.db")
    sqlite_distilbert.load(conn)
    conn.execute("SELECT distilbert_answer('Who wrote it?', ?)", [text])

The library and its models are in this folder, and nothing else is needed.  A
connection may be sqlite3's, apsw's or of anything that has their methods
enable_load_extension and load_extension.
"""
from __future__ import annotations

import os
from typing import Any, Protocol

from ._version import __version__

__all__ = ["Connection", "__version__", "load", "loadable_path"]

_SAFE_ENTRY = "sqlite3_distilbertsafe_init"

_CANNOT = (
    "{} cannot load extensions: this Python was built without them. Take one "
    "of Debian, Homebrew, conda or python.org, or a package with an SQLite of "
    "its own: pysqlite3-binary (sqlite-utils and Datasette take it by "
    "themselves), sqlean.py or apsw.")
_OTHER = ("{} has no enable_load_extension: give the connection of sqlite3 or "
          "apsw that is inside.")
_SQLITES = ("sqlite3", "_sqlite3", "pysqlite3", "sqlean")


class Connection(Protocol):
    """What load() needs of a connection."""

    def enable_load_extension(self, enable: bool, /) -> object: ...

    def load_extension(self, path: str, /) -> object: ...


def loadable_path() -> str:
    """The path of the library, as SQLite's load_extension() wants it.

    Without .so, .dylib or .dll: SQLite adds what the system has.
    """
    return os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        "distilbert")


def load(conn: Connection, *, safe: bool = False) -> None:
    """Registers the functions in a connection.

    safe: only those for SQL that you do not trust: nothing that opens paths,
    runs SQL that it is given as text, or changes settings of the process.

    Loading of extensions stays allowed where it was, and is off again where it
    had to be allowed for this.
    """
    if not hasattr(conn, "enable_load_extension"):
        kind = type(conn)
        is_sqlite = kind.__module__.split(".")[0] in _SQLITES
        raise RuntimeError((_CANNOT if is_sqlite else _OTHER).format(
            f"{kind.__module__}.{kind.__qualname__}"))
    try:
        _load(conn, safe)
        return
    except Exception as error:
        if "not authorized" not in str(error):
            raise
    conn.enable_load_extension(True)
    try:
        _load(conn, safe)
    finally:
        conn.enable_load_extension(False)


def _load(conn: Any, safe: bool) -> None:
    if not safe:
        conn.load_extension(loadable_path())
        return
    try:
        conn.load_extension(loadable_path(), entrypoint=_SAFE_ENTRY)
    except TypeError:  # sqlite3 has had the argument since Python 3.12
        conn.execute("SELECT load_extension(?, ?)",
                     (loadable_path(), _SAFE_ENTRY)).fetchall()
