"""_ask.py - a question to a table, for those who do not write SQL.

In:  a connection that has the extension, a question, the name of a table, an
     FTS5 table or a view, and maybe the column whose texts are read.
Out: answers, best first, each with the key of its row and the passage.

distilbert_ask wants an FTS5 table.  Such a one is taken as it is; of another
table the FTS5 table with content = 'TABLE' that has the column is asked; and
where there is none, a temporary one is made of the table's text columns.  It
lives as long as the connection, in memory, and the database is only read.

What is wrong with the table is an AskError, a sentence for the user; errors of
SQLite are passed on.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Optional

INDEX = "distilbert_ask_index"  # the temporary FTS5 table
SAMPLE = 100  # rows that tell which columns are text


class AskError(Exception):
    """Why a table cannot be asked: one sentence."""


@dataclass(frozen=True)
class Answer:
    key: Any  # the row's primary key, a list if of several; else its rowid
    answer: str
    score: float
    start: int
    end: int
    passage: str

    def parts(self) -> tuple[str, str, str]:
        """The passage before the answer, the answer, the passage after it."""
        text, start, end = self.passage, self.start, self.end
        if text[start:end] != self.answer:  # damaged UTF-8 counts otherwise
            start = max(text.find(self.answer), 0)
            end = start + len(self.answer) if self.answer in text else start
        return text[:start], text[start:end], text[end:]

    def excerpt(self, most: int) -> tuple[str, str, str]:
        """The same, cut at words to about `most` characters."""
        before, found, after = self.parts()
        room = max(most - len(found), 0)
        left = max(room // 2, room - len(after))
        right = max(room // 2, room - len(before))
        if len(before) > left:
            before = "... " + before[len(before) - left:].partition(" ")[2]
        if len(after) > right:
            after = after[:right].rpartition(" ")[0] + " ..."
        return before, found, after


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    pk: int  # from 1: which part of the primary key
    is_virtual: bool


@dataclass(frozen=True)
class Plan:
    """Which FTS5 table is asked, and what its rows are."""

    fts: str
    column: Optional[str] = None
    source: Optional[str] = None  # a query for the text of key ?1
    keys: Optional[str] = None  # a query for the primary key of rowid ?


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# --- What is there ----------------------------------------------------------

def schema(conn: Any) -> dict[str, tuple[str, str]]:
    """Of each table and view its kind and the text of its CREATE."""
    rows = conn.execute(
        "SELECT name, type, sql FROM main.sqlite_master WHERE type IN "
        "('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "ORDER BY rowid").fetchall()
    return {name: (kind, sql or "") for name, kind, sql in rows}


def is_fts5(sql: str) -> bool:
    return re.match(r"\s*create\s+virtual\s+table\b.*?\busing\s+[\"'`\[]?fts5\b",
                    sql, re.I | re.S) is not None


def option(sql: str, name: str) -> Optional[str]:
    """An option of CREATE VIRTUAL TABLE ... fts5(), unquoted; None: not given.
    """
    found = re.search(
        r"[(,]\s*" + name + r"\s*=\s*(?:'((?:[^']|'')*)'|\"((?:[^\"]|\"\")*)\""
        r"|\[([^\]]*)\]|`([^`]*)`|([^\s,)]+))", sql, re.I)
    if not found:
        return None
    return next(text for text in found.groups() if text is not None)


def askable(conn: Any) -> list[str]:
    """The tables that people would name: not what belongs to another one."""
    there = schema(conn)
    virtual = [name for name, (_, sql) in there.items()
               if re.match(r"\s*create\s+virtual\b", sql, re.I)]
    contents = {name: option(there[name][1], "content") for name in virtual}
    return [name for name, (kind, _) in there.items()
            if kind == "table" and not contents.get(name)
            and not any(name.startswith(owner + "_") for owner in virtual)]


def find_name(conn: Any, table: str) -> str:
    """The table's name as it is written in the schema."""
    for name in schema(conn):
        if name.lower() == table.lower():
            return name
    there = ", ".join(askable(conn)) or "none at all"
    raise AskError(f"no table {table}; there are: {there}")


def columns(conn: Any, table: str) -> list[Column]:
    rows = conn.execute(f"PRAGMA main.table_xinfo({quote(table)})").fetchall()
    return [Column(name, kind or "", pk, hidden == 2)
            for _, name, kind, _, _, pk, hidden in rows if hidden != 1]


def check_column(table: str, column: str, there: list[Column]) -> str:
    for c in there:
        if c.name.lower() == column.lower():
            return c.name
    raise AskError(f"{table} has no column {column}; its columns are: "
                   + ", ".join(c.name for c in there))


def rowid_name(conn: Any, table: str, there: list[Column]) -> Optional[str]:
    """What its rowid may be called; None: WITHOUT ROWID, or a view."""
    if schema(conn)[table][0] == "view":
        return None
    taken = {c.name.lower() for c in there}
    for name in ("rowid", "_rowid_", "oid"):
        if name in taken:
            continue
        try:
            conn.execute(f"SELECT {name} FROM main.{quote(table)} LIMIT 0")
            return name
        except Exception as error:
            if "no such column" not in str(error):
                raise
    return None


# --- Which FTS5 table -------------------------------------------------------

def find_index(conn: Any, table: str, column: Optional[str]) -> Optional[str]:
    """An FTS5 table whose content is that table, with that column."""
    for name, (_, sql) in schema(conn).items():
        content = option(sql, "content") if is_fts5(sql) else None
        if content and content.lower() == table.lower():
            names = [c.name.lower() for c in columns(conn, name)]
            if column is None or column.lower() in names:
                return name
    return None


def text_columns(conn: Any, table: str, there: list[Column]) -> dict[str, int]:
    """Columns with text, and how much of it is in the table's first rows."""
    real = [c for c in there if not c.is_virtual]
    sums = ", ".join(
        f"sum(length({quote(c.name)}) * (typeof({quote(c.name)}) = 'text'))"
        for c in real)
    sums = sums or "NULL"
    found = conn.execute(f"SELECT count(*), {sums} FROM (SELECT * FROM "
                         f"main.{quote(table)} LIMIT {SAMPLE})").fetchone()
    if not found[0]:
        raise AskError(f"{table} has no rows")
    text = {c.name: amount or 0 for c, amount in zip(real, found[1:])
            if amount or re.search("CHAR|CLOB|TEXT", c.type, re.I)}
    if not text:
        raise AskError(f"{table} has no text columns")
    return text


def key_query(table: str, rowid: Optional[str], there: list[Column],
              ) -> Optional[str]:
    """The primary key of the row with a rowid; None: that is its key."""
    keys = primary_key(there)
    if not keys or not rowid:
        return None
    return (f"SELECT {', '.join(map(quote, keys))} FROM main.{quote(table)} "
            f"WHERE {rowid} = ?")


def primary_key(there: list[Column]) -> list[str]:
    return [c.name for c in sorted(there, key=lambda c: c.pk) if c.pk]


def create_index(conn: Any, fields: list[str]) -> None:
    conn.execute("PRAGMA temp_store = MEMORY")
    conn.execute(f"DROP TABLE IF EXISTS temp.{INDEX}")
    conn.execute(f"CREATE VIRTUAL TABLE temp.{INDEX} USING fts5("
                 + ", ".join(fields) + ", tokenize = 'porter unicode61')")


def fill_index(conn: Any, table: str, into: list[str], take: list[str],
               ) -> None:
    conn.execute(f"INSERT INTO temp.{INDEX}({', '.join(into)}) "
                 f"SELECT {', '.join(take)} FROM main.{quote(table)}")


def make_index(conn: Any, table: str, column: Optional[str],
               there: list[Column]) -> Plan:
    """A temporary FTS5 table over the text columns of a table.

    It has names of its own, as FTS5 refuses some that a table may have.  Where
    there is a rowid the texts stay in the table; else they are kept, and the
    primary key with them.
    """
    text = text_columns(conn, table, there)
    column = column or max(text, key=lambda name: text[name])
    names = [*text, *({column} - set(text))]
    fields = [f"c{i}" for i in range(len(names))]
    take = [quote(name) for name in names]
    rowid = rowid_name(conn, table, there)
    if rowid:
        create_index(conn, [*fields, "content = ''"])
        fill_index(conn, table, ["rowid", *fields], [rowid, *take])
        return Plan(INDEX, None, f"SELECT {quote(column)} FROM main."
                                 f"{quote(table)} WHERE {rowid} = ?1",
                    key_query(table, rowid, there))
    keys = primary_key(there)
    kept = [f"k{i}" for i in range(len(keys))]
    create_index(conn, [*fields, *(k + " UNINDEXED" for k in kept)])
    fill_index(conn, table, [*fields, *kept], [*take, *map(quote, keys)])
    return Plan(INDEX, fields[names.index(column)], None,
                f"SELECT {', '.join(kept) or 'NULL'} FROM temp.{INDEX} "
                "WHERE rowid = ?")


def make_plan(conn: Any, table: str, column: Optional[str] = None) -> Plan:
    """How that table is asked; makes the temporary index if it must."""
    table = find_name(conn, table)
    there = columns(conn, table)
    if column is not None:
        column = check_column(table, column, there)
    sql = schema(conn)[table][1]
    if is_fts5(sql):
        if option(sql, "content") == "":
            raise AskError(f"{table} keeps no text (content = ''): ask the "
                           "table that it indexes")
        return Plan(table, column)
    index = find_index(conn, table, column)
    if not index:
        return make_index(conn, table, column, there)
    rowid = option(schema(conn)[index][1], "content_rowid")
    return Plan(index, column, None,
                key_query(table, quote(rowid or "rowid"), there))


# --- Asking -----------------------------------------------------------------

def key_of(conn: Any, plan: Plan, rowid: int) -> Any:
    found = plan.keys and conn.execute(plan.keys, (rowid,)).fetchone()
    if not found:  # an index may know rows that are gone
        return rowid
    return found[0] if len(found) == 1 else list(found)


def ask(conn: Any, question: str, plan: Plan, top: int = 3, passages: int = 5,
        model: Optional[str] = None) -> list[Answer]:
    """The best answers, at most one a row of the table."""
    # What a terminal hands over need not be text.
    words = question.encode("utf-8", "surrogateescape").decode("utf-8",
                                                               "replace")
    rows = conn.execute(
        'SELECT key, answer, score, start, "end", passage '
        "FROM distilbert_ask(?, ?, ?, ?, ?, ?, ?)",
        (words, plan.fts, top, passages, plan.column, plan.source,
         model)).fetchall()
    return [Answer(key_of(conn, plan, key), *rest) for key, *rest in rows]
