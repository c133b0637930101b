"""test_cli.py - the command, in an environment that has the wheel alone."""
import json
import os
import pty
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest

from conftest import CLEAN, TREE

QUESTION = "Who was Nikola Tesla?"
ANSWER = "a Serbian American inventor"


def fails(done, *words, status=2):
    """One line on standard error, which has these words, and no more."""
    assert done.returncode == status, done
    assert done.stdout == "" and "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    for word in words:
        assert word in lines[0], done.stderr


def make(path, *statements):
    conn = sqlite3.connect(path)
    for sql in statements:
        conn.execute(sql)
    conn.commit()
    conn.close()
    return path


# --- Answers ----------------------------------------------------------------

def test_answers(cli, demo):
    done = cli(demo, QUESTION, "docs")
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.startswith(f"1. {ANSWER}  (0.")
    assert ", docs 20)" in done.stdout and "\x1b" not in done.stdout
    assert done.stdout.count("docs ") == 3


@pytest.mark.parametrize("database, table", [
    ("demo", "docs"), ("demo", "docs_fts"), ("demo", "DOCS"),
    ("demo", None), ("plain", "docs"), ("plain", None)])
def test_same_bits_as_the_shell(request, cli, shell, database, table):
    """Whichever index finds the passages, scores are those of SQL."""
    path = request.getfixturevalue(database)
    done = cli(path, QUESTION, *filter(None, [table]), "--json", "--top", 5)
    found = [[str(a["key"]), a["answer"], f"{a['score']:.17g}",
              str(a["start"]), str(a["end"])] for a in json.loads(done.stdout)]
    expected = shell(
        "SELECT key, answer, printf('%!.17g', score), start, \"end\" FROM "
        f"distilbert_ask('{QUESTION}', 'docs_fts', 5)")
    assert len(found) == 5 and found == expected


def test_as_fast_as_promised(cli, demo, plain):
    """The bar is a second; the best of three, as others use the machine."""
    for database in (demo, plain):
        seconds = []
        for _ in range(3):
            start = time.monotonic()
            assert ANSWER in cli(database, QUESTION, "docs").stdout
            seconds.append(time.monotonic() - start)
        assert min(seconds) <= 1, seconds


def test_script(demo):
    if not CLEAN.exists():
        pytest.skip("no build/python/clean")
    done = subprocess.run([CLEAN / "sqlite-distilbert", demo, QUESTION],
                          capture_output=True, text=True, check=False)
    assert ANSWER in done.stdout, done.stderr


def test_options(cli, demo):
    done = cli(demo, QUESTION, "docs", "--top", 1, "--passages", 2,
               "--column", "Title", "--json")
    assert [a["passage"] for a in json.loads(done.stdout)] == ["Nikola Tesla"]
    done = cli(demo, QUESTION, "docs", "--model", "distilbert-minilm-qa")
    assert ANSWER in done.stdout
    fails(cli(demo, QUESTION, "docs", "--model", "nix"), "nix")
    fails(cli(demo, QUESTION, "docs", "--model", demo.parent), "config.json")


def test_model_in_a_folder(cli, demo):
    """One with weights at random: its answers are others, and its own."""
    folder = TREE / "tests/oracle/data/checkpoints/bert-uncased-qa"
    done = cli(demo, QUESTION, "docs", "--model", folder, "--json")
    found = json.loads(done.stdout)
    assert len(found) == 3 and found[0]["answer"] != ANSWER, done.stderr


def test_help(cli):
    done = cli("--help")
    assert done.returncode == 0 and "--passages" in done.stdout
    assert cli("--version").stdout.startswith("sqlite-distilbert ")
    assert cli().returncode == 2
    done = cli("a", "b", "c", "--top", "0")
    assert done.returncode == 2 and "0 is not 1 to 1000" in done.stderr


# --- Any question -----------------------------------------------------------

@pytest.mark.parametrize("question", [
    'tesla" OR title:*', "tesla' --", "NEAR(tesla, 2) AND NOT", "(((tesla",
    "tesla*", "^tesla", "-tesla", "tesla\n\t", "\U0001f600 tesla",
    "tesla " * 40, "Tesla \udcff\udcfe"])
def test_any_question(cli, demo, question):
    if question.startswith("-"):
        question = " " + question
    done = cli(demo, question, "docs")
    assert done.returncode == 0, done.stderr
    assert "Tesla" in done.stdout


@pytest.mark.parametrize("question", ["", "???", "\U0001f600", "zqxj wvvk"])
def test_no_answer(cli, demo, question):
    fails(cli(demo, question, "docs"), "no answer", status=1)
    done = cli(demo, question, "docs", "--json")
    assert done.returncode == 1 and json.loads(done.stdout) == []


def test_long_question(cli, demo):
    fails(cli(demo, "tesla was born when he " * 400, "docs"), "question")


# --- Mistakes ---------------------------------------------------------------

def test_order(cli, demo):
    right = f"{demo} 'Who was it?' docs"
    for words in ([demo, "docs", "Who was it?"], ["Who was it?", demo, "docs"],
                  ["docs", demo, "Who was it?"], ["docs", "Who was it?", demo],
                  ["Who was it?", "docs", demo]):
        done = cli(*words)
        if "docs" == words[0] or words[1:] == ["docs", demo]:
            # Which of the others is the table is not known without the file.
            fails(done, "the order is DATABASE QUESTION TABLE", str(demo))
        else:
            fails(done, "the order is DATABASE QUESTION TABLE", right)
    fails(cli(demo, "docs"), "a question is missing")
    fails(cli("Who was it?", demo), "the order is DATABASE QUESTION TABLE")


def test_bad_databases(cli, tmp_path):
    fails(cli(tmp_path / "nix.db", QUESTION, "docs"), "no file", "nix.db")
    fails(cli(tmp_path, QUESTION, "docs"), "is a folder")
    text = tmp_path / "text.db"
    text.write_text("this is no database, whatever its name says" * 99)
    fails(cli(text, QUESTION, "docs"), "text.db", "not a database")
    empty = tmp_path / "empty.db"
    empty.touch()
    fails(cli(empty, QUESTION, "docs"), "no table docs", "none at all")
    assert empty.stat().st_size == 0
    fails(cli(empty, QUESTION), "which table", "none at all")


def test_bad_tables(cli, demo, tmp_path):
    fails(cli(demo, QUESTION, "dogs"), "no table dogs; there are: docs")
    fails(cli(demo, QUESTION, "docs", "--column", "text"),
          "docs has no column text", "id, title, body")
    path = make(tmp_path / "odd.db", "CREATE TABLE number(a INTEGER, b REAL)",
                "INSERT INTO number VALUES (1, 2.5)",
                "CREATE TABLE nobody(name TEXT)",
                "CREATE VIRTUAL TABLE thin USING fts5(body, content='')")
    fails(cli(path, QUESTION, "number"), "number has no text columns")
    fails(cli(path, QUESTION, "nobody"), "nobody has no rows")
    fails(cli(path, QUESTION, "thin"), "thin keeps no text")
    fails(cli(path, QUESTION), "which table", "number, nobody, thin")


def test_damaged_database(cli, demo, tmp_path):
    path = tmp_path / "damaged.db"
    data = bytearray(demo.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)
    fails(cli(path, QUESTION, "docs"))


# --- Tables of all kinds ----------------------------------------------------

NOTE = "('{}', 'The moon was reached by Neil Armstrong in 1969.')"
KINDS = [
    ("CREATE TABLE t(body TEXT)", "INSERT INTO t(body) SELECT 'The moon was "
     "reached by Neil Armstrong in 1969.'", 1),
    ("CREATE TABLE t(name TEXT PRIMARY KEY, body TEXT)",
     "INSERT INTO t VALUES " + NOTE.format("x ''y''"), "x 'y'"),
    ("CREATE TABLE t(name TEXT PRIMARY KEY, body TEXT) WITHOUT ROWID",
     "INSERT INTO t VALUES " + NOTE.format("moon"), "moon"),
    ("CREATE TABLE t(a, b, body, PRIMARY KEY(b, a)) WITHOUT ROWID",
     "INSERT INTO t(b, a, body) SELECT 1, * FROM (VALUES "
     + NOTE.format("x") + ")", [1, "x"]),
    ('CREATE TABLE t(rowid TEXT, "rank" TEXT, "a ""b" TEXT)',
     "INSERT INTO t VALUES ('r', 's', 'The moon was reached by Neil "
     "Armstrong in 1969.')", 1),
    ("CREATE VIEW t(body) AS SELECT 'The moon was reached by Neil Armstrong "
     "in 1969.'", None, 1),
    ("CREATE VIRTUAL TABLE t USING fts4(body)",
     "INSERT INTO t SELECT 'The moon was reached by Neil Armstrong in 1969.'",
     1),
    ("CREATE VIRTUAL TABLE t USING fts5(name, body)",
     "INSERT INTO t VALUES " + NOTE.format("x"), 1),
]


@pytest.mark.parametrize("create, fill, key", KINDS)
def test_kinds_of_tables(cli, tmp_path, create, fill, key):
    path = make(tmp_path / "kind.db", create, *filter(None, [fill]))
    done = cli(path, "Who was first on the moon?", "t", "--json")
    assert done.returncode == 0, done.stderr
    found, = json.loads(done.stdout)
    assert found["answer"] == "Neil Armstrong" and found["table"] == "t"
    if not create.startswith("CREATE VIEW"):
        assert found["key"] == key


@pytest.mark.parametrize("content", ["t", "'t'", '"t"', "[t]", "`T`"])
def test_finds_the_index(cli, tmp_path, content):
    """That of the table, also as other programs write it: the text in it is
    another one here, to tell which was searched."""
    path = make(tmp_path / "index.db",
                "CREATE TABLE t(k INTEGER PRIMARY KEY, body TEXT)",
                "INSERT INTO t VALUES " + NOTE.format("7"),
                f"CREATE VIRTUAL TABLE i USING fts5(body, content={content}, "
                "content_rowid = 'k')",
                "INSERT INTO i(rowid, body) VALUES (7, 'only these words')")
    done = cli(path, "Which words?", "t", "--json")
    assert [a["key"] for a in json.loads(done.stdout)] == [7], done
    fails(cli(path, "Who was first on the moon?", "t"), "no answer", status=1)


def test_text_with_escapes(cli, tmp_path):
    """A terminal obeys what it is sent: texts send nothing."""
    path = make(tmp_path / "escape.db", "CREATE TABLE t(body TEXT)",
                "INSERT INTO t VALUES ('The moon \x1b[2Jwas reached by Neil "
                "\x07Armstrong \x9b1m.')")
    done = cli(path, "Who reached the moon?", "t")
    assert done.returncode == 0 and "Armstrong" in done.stdout
    assert not any(ord(c) < 32 and c != "\n" or 127 <= ord(c) < 160
                   for c in done.stdout)


def test_damaged_text(cli, tmp_path):
    path = make(tmp_path / "bytes.db", "CREATE TABLE t(body TEXT)",
                "INSERT INTO t SELECT CAST(x'ff' || 'The moon was reached by "
                "Neil Armstrong.' AS TEXT)")
    done = cli(path, "Who reached the moon?", "t", "--json")
    found, = json.loads(done.stdout)
    assert found["answer"] == "Neil Armstrong"


# --- Where it writes --------------------------------------------------------

def on_terminal(demo, **env):
    """What the command shows a person."""
    master, slave = pty.openpty()
    with subprocess.Popen(
            [CLEAN / "python", "-m", "sqlite_distilbert", demo, QUESTION,
             "docs", "--top", "1"], stdout=slave, stderr=slave,
            env={**os.environ, "TERM": "xterm", **env}) as program:
        program.wait(timeout=60)
    os.close(slave)
    shown = os.read(master, 65536).decode()
    os.close(master)
    return shown


def test_answer_is_highlighted_on_a_terminal(demo):
    if not CLEAN.exists():
        pytest.skip("no build/python/clean")
    assert on_terminal(demo).count("\x1b[1;32m" + ANSWER + "\x1b[0m") == 2
    assert "\x1b" not in on_terminal(demo, NO_COLOR="1")
    assert "\x1b" not in on_terminal(demo, TERM="dumb")


def test_nothing_is_written(cli, demo, tmp_path):
    """The temporary index is not in the file."""
    for mode in ("DELETE", "WAL"):
        folder = tmp_path / mode
        folder.mkdir()
        path = folder / "copy.db"
        shutil.copy(demo, path)
        make(path, f"PRAGMA journal_mode = {mode}", "DROP TABLE docs_fts")
        before = path.read_bytes()
        assert ANSWER in cli(path, QUESTION, "docs").stdout
        assert path.read_bytes() == before
        # In WAL mode SQLite itself leaves its (empty) files beside it.
        beside = {p.name: p for p in folder.iterdir()}
        beside.pop("copy.db-shm", None)
        assert set(beside) <= {"copy.db", "copy.db-wal"}
        assert mode == "WAL" or list(beside) == ["copy.db"]


def test_names_with_odd_letters(cli, demo, tmp_path):
    path = tmp_path / "what? 100%#\u00fc'.db"
    shutil.copy(demo, path)
    assert ANSWER in cli(path, QUESTION, "docs").stdout


BIG = """WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n
WHERE i < 4000000) SELECT 'word ' || i || ' of many' AS body FROM n"""


def test_control_c(tmp_path):
    """While it indexes, which may take long; it says nothing more."""
    if not CLEAN.exists():
        pytest.skip("no build/python/clean")
    path = make(tmp_path / "big.db", "CREATE VIEW big AS " + BIG)
    with subprocess.Popen([CLEAN / "python", "-m", "sqlite_distilbert", path,
                           "Which word?", "big"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as program:
        time.sleep(1.5)
        program.send_signal(signal.SIGINT)
        start = time.monotonic()
        said = program.communicate(timeout=60)[0]
    assert program.returncode == 130 and "Traceback" not in said
    assert time.monotonic() - start < 3, said


def test_closed_pipe(demo):
    if not CLEAN.exists():
        pytest.skip("no build/python/clean")
    done = subprocess.run(
        f"'{CLEAN}/python' -m sqlite_distilbert '{demo}' 'Tesla?' docs --top "
        "300 --passages 300 --json | head -n 1", shell=True, check=False,
        capture_output=True, text=True)
    assert done.stdout == "[\n" and done.stderr == ""
