#!/usr/bin/env python3
"""measure.py - rows a second by one worker and by two, on Spark and on Ray.

    measure.py [process] [spark] [ray]

test.py runs it (make cluster-bench).  Workers are warm: their processes run and
have the model loaded.  The time is that from the first text to the last vector,
as the workers' clocks tell it: what an engine does before and after (planning,
sorting, writing) takes seconds, whatever the size of the table.  The median of
three; one process without an engine beside it.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

import cases
import sqlworker

N, ROWS, TIMES = 8000, 500, 3


def of_process(path, _):
    """One thread, batches as a worker has them."""
    def run():
        model, begin = sqlworker.pin(), time.monotonic()
        for batch in pq.ParquetFile(path).iter_batches(ROWS):
            sqlworker.embed_batch(batch, "body", model)
        return N / (time.monotonic() - begin)

    run()
    return [run() for _ in range(TIMES)]


def of_spark(path, workers):
    import spark_embed
    spark = spark_embed.session(f"local-cluster[{workers},1,1024]")
    model = sqlworker.pin()

    def timed(batches):
        for batch in batches:
            begin = time.time()
            sqlworker.embed_batch(batch, "body", model)
            yield pa.RecordBatch.from_pydict({"begin": [begin], "end": [time.time()]})

    def run():
        rows = spark.read.parquet(str(path)).repartition(N // ROWS)
        times = rows.mapInArrow(timed, "begin double, end double").collect()
        return N / (max(t.end for t in times) - min(t.begin for t in times))

    run()
    rates = [run() for _ in range(TIMES)]
    spark.stop()
    return rates


def of_ray(path, workers):
    import ray
    import ray_embed

    class Timed(ray_embed.EmbedBatch):
        """Loads the model before it takes rows; gives times for vectors."""

        def __init__(self, *arguments):
            super().__init__(*arguments)
            self(pa.table({"id": [0], "body": ["warm"]}))

        def __call__(self, table):
            begin = time.time()
            super().__call__(table)
            return pa.table({"begin": [begin], "end": [time.time()]})

    ray_embed.start(workers)
    context = ray.data.DataContext.get_current()
    context.wait_for_min_actors_s = 60
    context.enable_progress_bars = False
    args = argparse.Namespace(workers=workers)

    def run():
        rows = ray.data.read_parquet(str(path)).repartition(target_num_rows_per_block=ROWS)
        times = rows.map_batches(Timed, fn_constructor_args=["body", sqlworker.pin()],
                                 batch_size=None, **ray_embed.actors(args)).to_pandas()
        return N / (times["end"].max() - times["begin"].min())

    return [run() for _ in range(TIMES)]


def median_of(kind, path, workers):
    """In a process of its own, as each engine wants one."""
    run = subprocess.run([sys.executable, __file__, kind, path, str(workers)], text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if run.returncode:
        sys.exit(run.stderr[-4000:])
    return float(run.stdout.split()[-1])


def main():
    if len(sys.argv) == 4:
        kind, path, workers = sys.argv[1:]
        print(statistics.median(globals()[f"of_{kind}"](path, int(workers))))
        return
    with tempfile.TemporaryDirectory(prefix="cluster-") as name:
        folder, path = Path(name), f"{name}/texts.parquet"
        os.environ |= cases.spark_environment(folder) | cases.ray_environment(folder)
        pq.write_table(pa.table({"id": range(N), "body": cases.sentences(N)}), path)
        print(f"{N} sentences; rows a second")
        for kind in sys.argv[1:] or ("process", "spark", "ray"):
            one = median_of(kind, path, 1)
            two = 0 if kind == "process" else median_of(kind, path, 2)
            print(f"{kind}: 1 worker {one:.0f}, 2 workers {two:.0f}, {two / one:.2f}x"
                  if two else f"{kind}: {one:.0f}", flush=True)


if __name__ == "__main__":
    main()
