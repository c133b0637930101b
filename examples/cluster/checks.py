#!/usr/bin/env python3
"""checks.py - the programs of this folder against one process, to the bit.

test.py runs it.  A few thousand short texts, with a NULL, an empty one and one
that is too long, go through Spark (two executors, processes of their own, a
core each) and through Ray (two actors), from Parquet and from a SQLite file,
while workers are killed with SIGKILL.  Keys, vectors and errors must have the
SHA-256 of what the sqlite3 shell computes.
"""
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

import cases
import shards
import to_sqlite
from cases import Run, digest, from_parquet, from_sqlite, told

N, ROWS = 2500, 300  # texts; of a task
MASTER = ["--master", "local-cluster[2,1,1024]"]  # executors, cores, MiB
results = {True: 0, False: 0, None: 0}


def check(name, passed):
    results[bool(passed)] += 1
    print(f"{'passed' if passed else 'FAILED'}: {name}", flush=True)
    return passed


def check_run(name, run):
    if not check(f"{name}: ends", run.wait()):
        print(run.text()[-6000:])


def skip(name, reason):
    results[None] += 1
    print(f"skipped: {name}: {reason}", flush=True)


def check_vectors(name, output, expected):
    rows = from_parquet(output)
    check(f"{name}: a row a key, in their order",
          [row[0] for row in rows] == [row[0] for row in expected])
    check(f"{name}: the bits of one process", digest(rows) == digest(expected))


# --- What one process says --------------------------------------------------


def reference(folder):
    cases.write_texts(folder, N)
    shutil.copy(folder / "texts.db", folder / "one.db")
    cases.shell(folder / "one.db", cases.SETUP + """;
      CREATE TABLE vectors AS SELECT key, embedding, error
        FROM distilbert_embed_each('SELECT id, body FROM docs ORDER BY id', 'strict');""")
    rows = from_sqlite(folder / "one.db", "vectors")
    check("one process: a vector for all but a NULL and a text too long",
          len(rows) == N + 4 and sum(r[1] is None for r in rows) == 2 and
          [r[2] is not None for r in rows[N:]] == [False, False, True, False])
    return rows


def asked(folder):
    """What the shell answers: [(id, answer, score, key)]."""
    questions = cases.write_questions(folder)
    db = sqlite3.connect(folder / "asked.db")
    with db:
        db.execute("CREATE TABLE question(id, question)")
        db.executemany("INSERT INTO question VALUES (?, ?)", questions)
    cases.shell(folder / "asked.db", f"""ATTACH '{folder}/docs.db' AS d;
      CREATE TABLE answered AS SELECT q.id, a.answer, a.score, a.key
        FROM question AS q, distilbert_ask(q.question, 'docs_fts', 1, 5) AS a;""")
    rows = db.execute("SELECT * FROM answered ORDER BY id").fetchall()
    db.close()
    check("one process: an answer a question", len(rows) == len(questions) == 16)
    return questions, rows


# --- Files of parts, without an engine ---------------------------------------


def check_shards(folder, questions, expected):
    """One file through find and read has the order of distilbert_ask, and its
    scores but for one factor; four files have the same best answers."""
    whole, parts = str(folder / "docs.db"), shards.split(str(folder / "docs.db"), 4)
    orders, error, best = [], 0, []
    for id, question in questions:
        one = shards.ask(whole, question, 5, None)
        same = shards.read(question, shards.find(whole, question, 5), 5)
        orders.append([row[3] for row in one] == [row[3] for row in same])
        total = sum(row[1] for row in one)
        error = max(error, *(abs(a[1] / total - b[1]) for a, b in zip(one, same)))
        found = [row for part in parts for row in shards.find(part, question, 5)]
        best.append((id, *shards.read(question, found, 5)[0]))
    check("one file in two steps: the order of distilbert_ask", all(orders))
    check("one file in two steps: its scores to 1e-6", error < 1e-6)
    equal = sum(b[1] == e[1] and b[4] == e[3] for b, e in zip(best, expected))
    check(f"four files: the best answer of one in {equal} of 16", equal >= 15)
    return parts, best


def check_replicas(folder):
    """A log of statements, applied by three processes as a replicated SQLite
    does it, each with its own instruction set and threads: one database."""
    log = """
      CREATE TABLE note(id INTEGER PRIMARY KEY, body TEXT, e BLOB, label TEXT AS (
        distilbert_classify(body, 'distilbert-minilm-sst2')) STORED);
      INSERT INTO note(body) VALUES ('A warm, funny film.'), ('Two hours wasted.');
      INSERT INTO note(body, e) SELECT body || ' Again.', distilbert_embed(body,
        'all-minilm-l6-v2') FROM note;
      UPDATE note SET e = distilbert_embed(body, 'all-minilm-l6-v2') WHERE e IS NULL;
      INSERT INTO note(body) SELECT answer FROM distilbert_answers('Who wrote it?',
        'The first program was written by Ada Lovelace in 1843.');
      """
    dumps = []
    for kernels, threads in (("portable", 1), ("avx2", 3), ("", 2)):
        variables = {"DISTILBERT_THREADS": str(threads)}
        if kernels:
            variables["DISTILBERT_KERNELS"] = kernels
        path = folder / f"replica-{kernels}.db"
        cases.shell(path, log, **variables)
        dumps.append(cases.shell(path, ".dump"))
    check("statements applied by three nodes: one database",
          len(set(dumps)) == 1 and "Ada Lovelace" in dumps[0] and "X'" in dumps[0])


# --- Spark ------------------------------------------------------------------


def spark_worker(root):
    """A Python worker: the daemon's child, which has the extension."""
    return next((pid for pid in cases.at_work(root)
                 if "pyspark.daemon" in told(pid, "cmdline")), None)


def spark_executor(root):
    """The JVM above such a worker."""
    return next((pid for pid in cases.descendants(root)
                 if "CoarseGrainedExecutorBackend" in told(pid, "cmdline")
                 and cases.at_work(pid)), None)


def check_spark(folder, expected, questions_shards, answers, best):
    spark = cases.spark_environment(folder)
    embed = ["--model", "strict", "--rows", ROWS, *MASTER]
    for name, source, victim, sign in (
            ("Parquet, a Python worker killed", "texts.parquet", spark_worker, "Lost task"),
            ("SQLite, an executor killed", "texts.db", spark_executor, "Lost executor")):
        run = Run(folder, "spark_embed.py", source, f"{source}.spark", *embed,
                  DISTILBERT_SETUP=cases.SETUP, **spark)
        check(f"spark, {name}: it was at work",
              run.kill_when(victim, lambda text: sign in text))
        check_run(f"spark, {name}", run)
        check_vectors(f"spark, {name}", folder / f"{source}.spark", expected)
    for files, output in ((["docs.db"], "one.spark"), (questions_shards, "four.spark")):
        run = Run(folder, "spark_ask.py", "questions.parquet", output, *files, *MASTER,
                  **spark)
        check_run(f"spark, {output}", run)
    check_answers("spark", folder, answers, best)


# --- Ray --------------------------------------------------------------------


def ray_actor(root):
    """An actor while it computes."""
    return next((pid for pid in cases.at_work(root) if "MapWorker" in
                 (title := told(pid, "cmdline")) and ").submit" in title), None)


def check_ray(folder, expected, parts, answers, best):
    ray = cases.ray_environment(folder)
    embed = ["--model", "strict", "--rows", ROWS, "--workers", 2]
    for name, source in (("Parquet, an actor killed", "texts.parquet"),
                         ("SQLite, an actor killed", "texts.db")):
        run = Run(folder, "ray_embed.py", source, f"{source}.ray", *embed,
                  DISTILBERT_SETUP=cases.SETUP, **ray)
        check(f"ray, {name}: it was at work",
              run.kill_when(ray_actor, lambda text: "will be retried" in text))
        check_run(f"ray, {name}", run)
        check_vectors(f"ray, {name}", folder / f"{source}.ray", expected)
    for files, output in ((["docs.db"], "one.ray"), (parts, "four.ray")):
        run = Run(folder, "ray_ask.py", "questions.parquet", output, *files, **ray)
        check_run(f"ray, {output}", run)
    check_answers("ray", folder, answers, best)


def check_answers(engine, folder, answers, best):
    """Of one file what the shell says; of four what they say without engine."""
    one = sorted(from_parquet(folder / f"one.{engine}"))
    check(f"{engine}, one file asked: answers and scores of one process",
          [(r[0], r[1], r[2], r[4]) for r in one] == answers)
    four = sorted(from_parquet(folder / f"four.{engine}"))
    check(f"{engine}, four files asked: the best of all", four == best)


def main():
    folder = Path(tempfile.mkdtemp(prefix="cluster-"))
    expected = reference(folder)
    questions, answers = asked(folder)
    parts, best = check_shards(folder, questions, answers)
    check_replicas(folder)
    if shutil.which("java"):
        check_spark(folder, expected, parts, answers, best)
    else:
        skip("spark", "no java")
    check_ray(folder, expected, parts, answers, best)
    to_sqlite.copy(folder / "texts.db.ray", folder / "back.db")
    check("back in SQLite: the bits of one process",
          digest(from_sqlite(folder / "back.db", "vectors")) == digest(expected))
    shutil.rmtree(folder, ignore_errors=True)
    print(f"{results[True]} passed, {results[False]} failed, {results[None]} skipped")
    return results[False] > 0


if __name__ == "__main__":
    sys.exit(main())
