#!/usr/bin/env python3
"""measure.py - rows a second by one worker and by two, on Spark and on Ray.

test.py runs it (make cluster-bench).  Workers are warm: their processes run and
have the model loaded.  Of Spark a whole job is timed, after one that is not; of
Ray, which starts its actors for each dataset, the time from the first text to
the last vector.  The median of three; one process without an engine beside it.
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
    args = argparse.Namespace(input=str(path), key="id", text="body", rows=ROWS)
    model = sqlworker.pin()

    def run():
        begin = time.monotonic()
        frame = spark_embed.embed_parquet(spark, args, model)
        frame.write.format("noop").mode("overwrite").save()
        return N / (time.monotonic() - begin)

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
    if len(sys.argv) > 1:
        kind, path, workers = sys.argv[1:]
        print(statistics.median(globals()[f"of_{kind}"](path, int(workers))))
        return
    with tempfile.TemporaryDirectory(prefix="cluster-") as name:
        folder, path = Path(name), f"{name}/texts.parquet"
        os.environ |= cases.spark_environment(folder) | cases.ray_environment(folder)
        pq.write_table(pa.table({"id": range(N), "body": cases.sentences(N)}), path)
        alone = median_of("process", path, 1)
        print(f"{N} sentences; rows a second\none process: {alone:.0f}", flush=True)
        for kind in ("spark", "ray"):
            one, two = median_of(kind, path, 1), median_of(kind, path, 2)
            print(f"{kind}: 1 worker {one:.0f}, 2 workers {two:.0f}, {two / one:.2f}x",
                  flush=True)


if __name__ == "__main__":
    main()
