"""datasette_plugin - "Ask this table" in Datasette.

    /DATABASE/TABLE/-/ask?q=Who+was+it   .json, or &_format=json, for programs
    &column=body &top=3 &passages=5

A page a table, linked from its actions menu and from the menus of its text
columns (static/ask.js): answers, best first, each marked in its passage, with a
link to its row.  Who may view the table may ask it.

Two kinds of connections.  Those of Datasette run the SQL of strangers: they get
the safe entry, so that functions work in SQL.  distilbert_ask is not in it, as
it runs SQL; it runs in a connection of ours, opened for one question, to which
nobody's SQL comes: only a question, and names that were found in the schema.
It is read-only, trusts neither schema nor file (guard), and stops at Datasette's
time limit.

Works with Datasette 0.65 and 1.0.  Threads of ours do the reading, so that
neither the event loop nor Datasette's queries wait for it.
"""
from __future__ import annotations

import asyncio
import re
import time
import urllib.parse
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Optional

from datasette import Forbidden, NotFound, Response, hookimpl
from datasette.utils import (add_cors_headers, sqlite3, sqlite_timelimit,
                             tilde_decode, tilde_encode)

from .. import load
from .._ask import Answer, AskError, ask, make_plan

NAME = "sqlite-distilbert"  # under which Datasette serves static/
TOP, PASSAGES = 3, 5
SHOWN = 1200  # characters of a passage on the page
MOST = {"top": 50, "passages": 50}

# A question uses all CPUs by itself; a second one need not wait for it.
threads = ThreadPoolExecutor(2, thread_name_prefix="distilbert-ask")


# --- Functions in SQL -------------------------------------------------------

@hookimpl
def prepare_connection(conn: Any) -> None:
    """Datasette goes on where nothing loads, but never with more than this."""
    try:
        load(conn, safe=True)
    except Exception as error:
        warnings.warn(f"sqlite-distilbert: {error}", RuntimeWarning)
        if conn.execute("SELECT 1 FROM pragma_function_list WHERE name = "
                        "'distilbert_set'").fetchone():
            raise


# --- Where the page is linked -----------------------------------------------

def page_url(datasette: Any, database: str, table: str) -> str:
    return str(datasette.urls.table(database, table)) + "/-/ask"


def links(datasette: Any, database: str, table: str) -> list[dict[str, str]]:
    return [{"href": page_url(datasette, database, table),
             "label": "Ask this table",
             "description": "Answers to a question, out of its texts."}]


@hookimpl
def table_actions(datasette: Any, database: str, table: str) -> Any:
    return links(datasette, database, table)


@hookimpl(optionalhook=True)
def view_actions(datasette: Any, database: str, view: str) -> Any:
    return links(datasette, database, view)


@hookimpl
def extra_js_urls(datasette: Any, view_name: str, table: Optional[str]) -> Any:
    if view_name != "table" or not table:
        return []
    return [datasette.urls.static_plugins(NAME, "ask.js")]


@hookimpl
def register_routes() -> Any:
    return [(r"/(?P<database>[^/]+)/(?P<table>[^/]+)/-/ask"
             r"(\.(?P<format>json))?$", ask_page)]


# --- Whom and what is asked -------------------------------------------------

async def check_permission(datasette: Any, request: Any, database: str,
                           table: str) -> None:
    try:
        from datasette.resources import TableResource
    except ImportError:  # before 1.0
        await datasette.ensure_permissions(request.actor, [
            ("view-table", (database, table)), ("view-database", database),
            "view-instance"])
        return
    if not await datasette.allowed(
            action="view-table", resource=TableResource(database, table),
            actor=request.actor):
        raise Forbidden("view-table")


async def find_table(datasette: Any, request: Any) -> tuple[Any, str, bool]:
    """The database, the table's name, and whether it is a view."""
    route, table = (tilde_decode(request.url_vars[name])
                    for name in ("database", "table"))
    try:
        db = datasette.get_database(route=route)
    except KeyError:
        raise NotFound(f"Database not found: {route}") from None
    await check_permission(datasette, request, db.name, table)
    is_view = table in await db.view_names()
    if not is_view and not await db.table_exists(table):
        raise NotFound(f"Table not found: {table}")
    return db, table, is_view


def number(request: Any, name: str, initial: int) -> int:
    text = request.args.get(name) or str(initial)
    if not re.fullmatch("[0-9]{1,3}", text) or not 1 <= int(text) <= MOST[name]:
        raise AskError(f"{name} must be 1 to {MOST[name]}")
    return int(text)


async def text_columns(db: Any, table: str) -> list[str]:
    """What the page offers; what a column really has is seen when asked."""
    try:
        found = await db.table_column_details(table)
    except sqlite3.Error:  # a view of what is not there
        return []
    return [c.name for c in found
            if not c.hidden and re.search("^$|CHAR|CLOB|TEXT", c.type or "",
                                          re.I)]


# --- Asking, in a thread ----------------------------------------------------

def guard(conn: Any) -> None:
    """Of the extension only what asking needs, and nothing is written.

    A file may have been made by anybody: an FTS5 table in it could name
    distilbert_models as its content, and so show where models lie.
    """
    ours = {name for name, in conn.execute(
        "SELECT name FROM pragma_module_list")
        if name.startswith("distilbert_") and name != "distilbert_ask"}
    writing = {sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE,
               sqlite3.SQLITE_DELETE, sqlite3.SQLITE_DROP_TABLE,
               sqlite3.SQLITE_ATTACH}

    def may(action: int, first: Optional[str], second: Optional[str],
            schema: Optional[str], _inner: Optional[str]) -> int:
        denied = (
            action == sqlite3.SQLITE_READ and (first or "").lower() in ours
            or action == sqlite3.SQLITE_FUNCTION
            and (second or "").lower().startswith("distilbert_")
            and (second or "").lower() != "distilbert_fts_query"
            or action in writing and schema != "temp"
            and first != "sqlite_master")  # what a virtual table declares
        return int(sqlite3.SQLITE_DENY if denied else sqlite3.SQLITE_OK)

    conn.set_authorizer(may)


def connect(datasette: Any, db: Any) -> Any:
    """A connection of ours to the same database, to be closed."""
    if db.memory_name:
        uri = (f"file:{urllib.parse.quote(db.memory_name)}"
               "?mode=memory&cache=shared")
    elif db.path:
        uri = f"file:{urllib.parse.quote(str(db.path))}"
        uri += "?mode=ro" if db.is_mutable else "?immutable=1"
        if db.is_mutable and getattr(datasette, "nolock", False):
            uri += "&nolock=1"
    else:
        raise AskError(f"{db.name} has no tables of its own")
    conn = sqlite3.connect(uri, uri=True)
    conn.text_factory = lambda text: text.decode("utf-8", "replace")
    conn.execute("PRAGMA trusted_schema = OFF")
    load(conn)
    guard(conn)
    return conn


def answers_of(datasette: Any, db: Any, table: str, question: str,
               column: Optional[str], top: int, passages: int) -> list[Answer]:
    limit, start = datasette.setting("sql_time_limit_ms"), time.monotonic()
    conn = connect(datasette, db)
    try:
        with sqlite_timelimit(conn, limit):
            plan = make_plan(conn, table, column)
            return ask(conn, question, plan, top, passages)
    except sqlite3.Error as error:
        # SQLite may have other words for it, by what was interrupted.
        if time.monotonic() - start < limit / 1000:
            raise AskError(str(error)) from None
        raise AskError(
            f"it took longer than {limit} ms, the setting sql_time_limit_ms; "
            "an FTS5 index of the table helps where there is none") from None
    finally:
        conn.close()


async def find_answers(datasette: Any, request: Any, db: Any, table: str,
                       question: str) -> list[Answer]:
    args = (question, request.args.get("column") or None,
            number(request, "top", TOP), number(request, "passages", PASSAGES))
    try:
        return await asyncio.get_running_loop().run_in_executor(
            threads, answers_of, datasette, db, table, *args)
    except RuntimeError as error:  # this Python loads nothing
        raise AskError(str(error)) from None


# --- What is shown ----------------------------------------------------------

def row_url(datasette: Any, db: Any, table: str, key: Any) -> str:
    keys = key if isinstance(key, list) else [key]
    path = ",".join(tilde_encode(str(k)) for k in keys)
    return str(datasette.urls.row(db.name, table, path))


def shown(datasette: Any, db: Any, table: str, is_view: bool,
          answers: list[Answer]) -> list[dict[str, Any]]:
    rows = []
    for answer in answers:
        row = dict(vars(answer), row=None)
        if not is_view:
            row["row"] = row_url(datasette, db, table, answer.key)
        rows.append(row)
    return rows


def json_page(datasette: Any, page: dict[str, Any], status: int) -> Any:
    headers: dict[str, str] = {}
    if datasette.cors:
        add_cors_headers(headers)
    error = page["error"]
    body: dict[str, Any] = {"ok": not error}
    if error:
        body.update(error=error, errors=[error], status=status)
    body.update((name, page[name]) for name in (
        "database", "table", "question", "column", "answers"))
    return Response.json(body, status=status, headers=headers)


async def html_page(datasette: Any, request: Any, page: dict[str, Any],
                    status: int) -> Any:
    for row, answer in zip(page["answers"], page.pop("found")):
        row["before"], row["marked"], row["after"] = answer.excerpt(SHOWN)
    page["url"] = page_url(datasette, page["database"], page["table"])
    page["json_url"] = page["url"] + ".json?" + request.query_string
    return Response.html(await datasette.render_template(
        "distilbert_ask.html", page, request=request), status=status)


async def ask_page(datasette: Any, request: Any) -> Any:
    db, table, is_view = await find_table(datasette, request)
    page: dict[str, Any] = {
        "database": db.name, "table": table, "error": None, "found": [],
        "question": (request.args.get("q") or "").strip(),
        "column": request.args.get("column") or None,
        "columns": await text_columns(db, table),
        "top": request.args.get("top") or "",
        "passages": request.args.get("passages") or ""}
    status = 200
    if page["question"]:
        try:
            page["found"] = await find_answers(datasette, request, db, table,
                                               page["question"])
        except AskError as error:
            page["error"], status = str(error), 400
    page["answers"] = shown(datasette, db, table, is_view, page["found"])
    if "json" in (request.url_vars.get("format"), request.args.get("_format")):
        return json_page(datasette, page, status)
    return await html_page(datasette, request, page, status)
