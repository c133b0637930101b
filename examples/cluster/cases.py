"""cases.py - what the checks and measurements of this folder share: texts, one
process's results to compare with, programs started, watched, and killed.

Nothing but what was started here is killed: processes are looked for among the
descendants of the program, in /proc.
"""
import csv
import hashlib
import itertools
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent
LIBRARY = os.environ["DISTILBERT_LIBRARY"]
MODEL_FILE = EXAMPLES.parent / "models/all-minilm-l6-v2.safetensors"
# The built-in model once more, so that a text that is too long is an error.
SETUP = (f"SELECT distilbert_register('strict', '{MODEL_FILE}', NULL,"
         """ '{"overflow": "error"}')""")
FTS = """CREATE VIRTUAL TABLE docs_fts USING fts5(body, content = 'docs',
  content_rowid = 'id', tokenize = 'porter unicode61');
INSERT INTO docs_fts(docs_fts) VALUES ('rebuild');"""


# --- Texts ------------------------------------------------------------------


def rows_of(name):
    with open(EXAMPLES / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sentences(n):
    """n texts, no two alike, of 10 to 40 tokens or so: sentences, then the same
    with their words moved on."""
    found = [s.split() for row in rows_of("demo-paragraphs.csv")
             for s in re.split(r"(?<=[.!?]) +", row["body"]) if 40 < len(s) < 170]
    moved = (" ".join(words[by:] + words[:by]) for by in itertools.count()
             for words in found if by < len(words))
    texts = {}
    while len(texts) < n:
        texts[next(moved)] = None
    return list(texts)


def write_texts(folder, n):
    """texts.db, with the odd text in it, and the same as texts.parquet."""
    texts = [*sentences(n), None, "", "too long " * 400, "naïve ☃ 文字"]
    rows = [(3 * i + 7, text) for i, text in enumerate(texts)]
    db = sqlite3.connect(folder / "texts.db")
    with db:
        db.execute("CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT)")
        db.executemany("INSERT INTO docs VALUES (?, ?)", rows)
    db.close()
    pq.write_table(pa.table({"id": [r[0] for r in rows], "body": [r[1] for r in rows]}),
                   folder / "texts.parquet")
    return rows


def write_questions(folder):
    """docs.db, with paragraphs and their index, and questions.parquet."""
    db = sqlite3.connect(folder / "docs.db")
    with db:
        db.execute("CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT)")
        db.executemany("INSERT INTO docs VALUES (?, ?)", [
            (int(row["id"]), row["body"]) for row in rows_of("demo-paragraphs.csv")])
    db.executescript(FTS)
    db.close()
    asked = [(int(q["id"]), q["question"]) for q in rows_of("demo-questions.csv")]
    pq.write_table(pa.table({"id": [q[0] for q in asked],
                             "question": [q[1] for q in asked]}),
                   folder / "questions.parquet")
    return asked


# --- One process ------------------------------------------------------------


def shell(database, script, **variables):
    """The sqlite3 shell: a process without Python, on all cores."""
    run = subprocess.run(
        ["sqlite3", "-batch", "-bail", "-init", "/dev/null", database],
        input=f".load {LIBRARY} sqlite3_distilbert_init\n{script}", text=True,
        capture_output=True, check=False, env={**os.environ, **variables})
    if run.returncode:
        raise RuntimeError(run.stderr)
    return run.stdout


def digest(rows):
    """SHA-256 over keys, vectors and errors, in the order of the keys."""
    h = hashlib.sha256()
    for key, embedding, error in sorted(rows, key=lambda row: row[0]):
        for part in (str(key).encode(), embedding, error and error.encode()):
            h.update(b"-" if part is None else b"%d:" % len(part) + part)
    return h.hexdigest()


def from_sqlite(database, table):
    db = sqlite3.connect(database)
    rows = db.execute(f"SELECT key, embedding, error FROM {table}").fetchall()
    db.close()
    return rows


def from_parquet(folder):
    """The rows, in the order of the files' names."""
    return [tuple(row.values()) for path in sorted(Path(folder).glob("*.parquet"))
            for row in pq.read_table(path).to_pylist()]


# --- Engines on this machine alone -------------------------------------------

SPARK_DEFAULTS = """
spark.ui.enabled false
spark.driver.extraJavaOptions -XX:+UseSerialGC -XX:TieredStopAtLevel=1
spark.executor.extraJavaOptions -XX:+UseSerialGC -XX:TieredStopAtLevel=1
"""


def spark_environment(folder):
    """Small JVMs that start fast and listen on the loopback interface."""
    import pyspark
    (folder / "conf").mkdir()
    (folder / "conf/spark-defaults.conf").write_text(SPARK_DEFAULTS)
    return {"SPARK_CONF_DIR": str(folder / "conf"), "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(folder), "PYSPARK_PYTHON": sys.executable,
            "SPARK_HOME": str(Path(pyspark.__file__).parent)}


def ray_environment(folder):
    """Its sockets want a short path."""
    return {"RAY_USAGE_STATS_ENABLED": "0", "RAY_TMPDIR": str(folder)}


# --- Programs ---------------------------------------------------------------


def descendants(pid):
    """Processes below a process, from /proc."""
    children = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):  # it has ended meanwhile
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    below, new = [], [pid]
    while new:
        new = [child for parent in new for child in children.get(parent, [])]
        below += new
    return below


def told(pid, name):
    """A file of /proc as text; empty where the process is gone."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def at_work(root):
    """Workers: descendants that have the extension loaded."""
    return [pid for pid in descendants(root) if LIBRARY in told(pid, "maps")]


class Run:
    """A program of this folder, and what it prints."""

    def __init__(self, folder, program, *arguments, **variables):
        self.log = folder / f"{program}-{time.monotonic_ns()}.log"
        with open(self.log, "w", encoding="utf-8") as out:
            self.process = subprocess.Popen(
                [sys.executable, HERE / program, *map(str, arguments)], stdout=out,
                stderr=subprocess.STDOUT, cwd=folder, env={**os.environ, **variables})
        self.killed = []

    def text(self):
        return self.log.read_text("utf-8", errors="replace")

    def kill_when(self, victim, noticed, tries=5):
        """SIGKILL to a process that victim(root) finds, until the engine has
        noticed(text) that it lost work by it.  True: it did."""
        while self.process.poll() is None and len(self.killed) < tries:
            pid = victim(self.process.pid)
            if pid is None:
                time.sleep(0.02)
                continue
            os.kill(pid, signal.SIGKILL)
            self.killed.append(pid)
            end = time.monotonic() + 10
            while time.monotonic() < end and self.process.poll() is None:
                if noticed(self.text()):
                    return True
                time.sleep(0.05)
        return bool(self.killed) and noticed(self.text())

    def wait(self, seconds=600):
        try:
            return self.process.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            self.process.kill()
            return False
