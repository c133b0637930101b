#!/usr/bin/env python3
"""spark_ask.py - many questions to a table, by Spark.

    spark-submit spark_ask.py questions.parquet answers.parquet docs.db
    spark-submit spark_ask.py questions.parquet answers.parquet docs-[0-3].db

In:  Parquet: id, question; SQLite files with an FTS5 index docs_fts, which every
     worker can open (shared storage).
Out: Parquet: id, answer, score, shard, key, passage.

One file: the questions are shared out, and each is one distilbert_ask, as in
one process, to the bit.  Several: each file gives its best passages, and the
best of all are read together (shards.py).
"""
import argparse
import os

import shards
from spark_embed import session

FOUND = ("id long, question string, shard string, key long, rank double,"
         " passage string")
ANSWER = "id long, answer string, score double, shard string, key long, passage string"


def ask(pairs, passages, top_k):
    def run(batches):
        for batch in batches:
            yield from shards.ask_batch(batch, passages, top_k).to_batches()

    return pairs.mapInArrow(run, ANSWER)


def ask_shards(pairs, passages, top_k, tasks):
    def find(batches):
        for batch in batches:
            yield from shards.find_batch(batch, passages).to_batches()

    found = pairs.mapInArrow(find, FOUND).repartition(tasks, "id")
    return found.groupBy("id").applyInArrow(
        lambda table: shards.read_group(table, passages, top_k), ANSWER)


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("questions")
    p.add_argument("output")
    p.add_argument("shards", nargs="+")
    p.add_argument("--passages", type=int, default=5, help="read for a question")
    p.add_argument("--top-k", type=int, default=1, help="answers to a question")
    p.add_argument("--tasks", type=int, help="(cores of the cluster)")
    p.add_argument("--master", help="where spark-submit does not say it")
    return p.parse_args()


def main():
    args = parse_arguments()
    spark = session(args.master)
    tasks = args.tasks or spark.sparkContext.defaultParallelism
    paths = [(os.path.abspath(path),) for path in args.shards]
    pairs = (spark.read.parquet(args.questions).select("id", "question")
             .crossJoin(spark.createDataFrame(paths, "shard string"))
             .repartition(tasks))
    answers = (ask(pairs, args.passages, args.top_k) if len(paths) == 1 else
               ask_shards(pairs, args.passages, args.top_k, tasks))
    answers.write.mode("overwrite").parquet(args.output)
    spark.stop()


if __name__ == "__main__":
    main()
