"""sqlite_utils_plugin.py - the functions in every connection of sqlite-utils.

    sqlite-utils demo.db "SELECT distilbert_answer('Who wrote it?', body) ..."

Datasette opens its connections with sqlite-utils as well, and there strangers
write the SQL: in its process, and in connections that have the functions
already, this adds nothing.  datasette_plugin does what is right there.
"""
from __future__ import annotations

import sys
import warnings
from typing import Any

from sqlite_utils import hookimpl

from . import load


def has_functions(conn: Any) -> bool:
    try:
        conn.execute("SELECT distilbert_version()").fetchall()
        return True
    except Exception:
        return False


@hookimpl
def prepare_connection(conn: Any) -> None:
    if "datasette.app" in sys.modules or has_functions(conn):
        return
    try:
        load(conn)
    except Exception as error:  # sqlite-utils has to work all the same
        warnings.warn(f"sqlite-distilbert: {error}", RuntimeWarning)
