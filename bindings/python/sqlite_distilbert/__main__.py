"""__main__.py - a question to a table, from the command line.

    sqlite-distilbert demo.db "Who was Nikola Tesla?" docs
    python -m sqlite_distilbert demo.db "Who was Nikola Tesla?" docs

Prints the best answers with their passages; --json for programs.  The database
is opened to be read, never written.  Ends with 0; 1: no answer; 2: what is
wrong, in one line; 130: Ctrl-C.
"""
from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import shlex
import shutil
import sys
import textwrap
import time
from pathlib import Path
from typing import Any, NoReturn, Optional

from . import __version__, load
from ._ask import (Answer, AskError, Plan, ask, askable, find_name, make_plan,
                   schema)

SHOWN = 600  # characters of a passage
SLOW = 3  # seconds of indexing that are worth a word
OPEN, CLOSE = "\ue000", "\ue001"  # around an answer, until lines are made

CANNOT = ("this Python's sqlite3 cannot load extensions; `pip install "
          "sqlean.py` (or pysqlite3-binary) brings one that can")


# --- The database -----------------------------------------------------------

def sqlite_module() -> Any:
    """sqlite3, or a package that stands in for it and loads extensions."""
    for name in ("sqlite3", "pysqlite3", "sqlean"):
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        if hasattr(module.Connection, "enable_load_extension"):
            return module
    raise AskError(CANNOT)


def connect(sqlite: Any, path: str) -> Any:
    """The database, read-only.  One in WAL mode that nobody has open may lie
    where no file can be made; then nothing can change it, either."""
    if not os.path.exists(path):
        raise AskError(f"no file {path}")
    if os.path.isdir(path):
        raise AskError(f"{path} is a folder, not a database")
    uri = Path(path).resolve().as_uri()
    modes = ["?mode=ro"]
    if not os.path.exists(path + "-wal"):
        modes.append("?immutable=1")
    for mode in modes:
        conn = sqlite.connect(uri + mode, uri=True)
        conn.text_factory = lambda text: text.decode("utf-8", "replace")
        # Python looks for Ctrl-C when it is called, and so within a query.
        conn.set_progress_handler(lambda: 0, 10000)
        try:
            schema(conn)
            conn.execute("PRAGMA trusted_schema = OFF")
            return conn
        except sqlite.Error as error:
            conn.close()
            why = str(error)
            if "unable to open" not in why and "readonly" not in why:
                break
    raise AskError(f"{path}: {why}")


# --- Arguments --------------------------------------------------------------

def parser() -> argparse.ArgumentParser:
    name = os.path.basename(sys.argv[0])
    is_module = name in ("__main__.py", "-m")
    p = argparse.ArgumentParser(
        prog="python -m sqlite_distilbert" if is_module else name,
        description="Asks a table of an SQLite database a question.",
        epilog="An FTS5 index of the table is used where there is one. "
               "Ends with 1 where nothing was found.")
    p.add_argument("database", help="a file")
    p.add_argument("question", help="in quotes, in plain English")
    p.add_argument("table", nargs="?",
                   help="a table, a view or an FTS5 table; may be left out "
                        "where there is only one")
    p.add_argument("--top", type=count, default=3, metavar="N",
                   help="answers (3)")
    p.add_argument("--passages", type=count, default=5, metavar="N",
                   help="rows to read, of those that share words (5)")
    p.add_argument("--column", metavar="NAME",
                   help="whose texts are read (the longest)")
    p.add_argument("--model", metavar="NAME",
                   help="a model's name, or the folder of a checkpoint")
    p.add_argument("--json", action="store_true", help="for programs")
    p.add_argument("--version", action="version",
                   version=f"sqlite-distilbert {__version__}")
    return p


def count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= 1000:
        raise argparse.ArgumentTypeError(f"{text} is not 1 to 1000")
    return number


def in_order(args: argparse.Namespace, *words: str) -> str:
    program = parser().prog
    return "the order is DATABASE QUESTION TABLE: " + " ".join(
        [program, *(shlex.quote(word) for word in words)])


def check_file(args: argparse.Namespace) -> None:
    """Whether another argument is the database."""
    words = [args.database, args.question, args.table]
    for i in (1, 2):
        if words[i] and os.path.isfile(words[i]) and not os.path.isfile(
                args.database):
            others = [w for w in words if w and w is not words[i]]
            raise AskError(in_order(args, words[i], *others))


def choose_table(conn: Any, args: argparse.Namespace) -> str:
    names = [name.lower() for name in schema(conn)]
    if args.table is None:
        there = askable(conn)
        if args.question.lower() in names:
            raise AskError("a question is missing; "
                           + in_order(args, args.database, "Who was it?",
                                      args.question))
        if len(there) == 1:
            return there[0]
        raise AskError(f"which table of {args.database}? There are: "
                       + (", ".join(there) or "none at all"))
    if args.table.lower() not in names and args.question.lower() in names:
        raise AskError(in_order(args, args.database, args.table,
                                args.question))
    return find_name(conn, args.table)


def choose_model(conn: Any, model: Optional[str]) -> Optional[str]:
    """A folder becomes a model by registering it; a name is one."""
    if model is None or not os.path.exists(model):
        return model
    path = os.path.abspath(model)
    name = "cli-" + re.sub(r"[^\w.-]", "-", os.path.basename(path))
    conn.execute("SELECT distilbert_register(?, ?)", (name, path)).fetchall()
    return name


# --- What is printed --------------------------------------------------------

def printable(text: str) -> str:
    """One line, without what a terminal would obey."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f\ue000\ue001]+", " ", text)


def show_passage(answer: Answer, width: int) -> str:
    before, found, after = map(printable, answer.excerpt(SHOWN))
    mark = found and OPEN + found + CLOSE
    return textwrap.fill(before.lstrip() + mark + after, width,
                         initial_indent="   ", subsequent_indent="   ",
                         break_long_words=False, break_on_hyphens=False)


def show_key(key: Any) -> str:
    if isinstance(key, list):
        return ", ".join(show_key(part) for part in key)
    return "" if key is None else printable(str(key))


def is_colourful() -> bool:
    """Does standard output show text in bold?"""
    known = os.name != "nt" or "WT_SESSION" in os.environ
    return (sys.stdout.isatty() and known and not os.environ.get("NO_COLOR")
            and os.environ.get("TERM") != "dumb")


def show(answers: list[Answer], table: str) -> str:
    width = min(shutil.get_terminal_size().columns, 100)
    blocks = []
    for i, a in enumerate(answers, 1):
        where = " ".join(filter(None, [table, show_key(a.key)]))
        head = f"{i}. {OPEN}{printable(a.answer)}{CLOSE}"
        blocks.append(f"{head}  ({a.score:.3f}, {where})\n"
                      + show_passage(a, width))
    colours = ("\x1b[1;32m", "\x1b[0m") if is_colourful() else ("", "")
    return "\n\n".join(blocks).replace(OPEN, colours[0]).replace(CLOSE,
                                                                 colours[1])


def show_json(answers: list[Answer], table: str) -> str:
    return json.dumps([{"table": table, **vars(a)} for a in answers],
                      ensure_ascii=False, indent=2, default=repr)


# --- The program ------------------------------------------------------------

def plan_for(conn: Any, args: argparse.Namespace, table: str) -> Plan:
    """How it is asked; says what would help where that takes long."""
    start = time.monotonic()
    plan = make_plan(conn, table, args.column)
    seconds = time.monotonic() - start
    if seconds > SLOW:
        print(f"indexing {table} took {seconds:.0f} s, and will each time; "
              "`sqlite-utils enable-fts DATABASE TABLE COLUMNS` makes an "
              "index that stays", file=sys.stderr)
    return plan


def run(args: argparse.Namespace) -> int:
    check_file(args)
    sqlite = sqlite_module()
    conn = connect(sqlite, args.database)
    try:
        table = choose_table(conn, args)
        load(conn)
        plan = plan_for(conn, args, table)
        answers = ask(conn, args.question, plan, args.top, args.passages,
                      choose_model(conn, args.model))
    except sqlite.Error as error:
        if str(error) == "interrupted":
            raise KeyboardInterrupt from None
        raise AskError(str(error)) from None
    finally:
        conn.close()
    if args.json:
        print(show_json(answers, table))
    elif answers:
        print(show(answers, table))
    if not answers:
        print(f"no answer: no text of {table} shares a word with the question",
              file=sys.stderr)
    return 0 if answers else 1


def main() -> NoReturn:
    if hasattr(sys.stdout, "reconfigure"):  # passages have any character
        sys.stdout.reconfigure(errors="replace")
    arguments = parser()
    args = arguments.parse_args()
    try:
        status = run(args)
        sys.stdout.flush()
    except (AskError, RuntimeError) as error:
        print(f"{arguments.prog}: {error}", file=sys.stderr)
        status = 2
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)


if __name__ == "__main__":
    main()
