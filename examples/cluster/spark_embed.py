#!/usr/bin/env python3
"""spark_embed.py - vectors of a table of texts, by Spark.

    spark-submit spark_embed.py texts.parquet vectors.parquet
    spark-submit spark_embed.py texts.db vectors.parquet

In:  Parquet, or a SQLite file that every worker can open (shared storage): a
     column of keys and one of texts.
Out: Parquet, in the order of the keys: key, embedding (float32, little-endian),
     error.

Parquet is cut into partitions of --rows rows or so; a SQLite file into ranges
of keys, which each worker reads for itself.  A partition is a task: a worker
that dies costs the task it was at, which Spark gives to another one.  The
vectors are the same bits wherever, and however often, it ran.
"""
import argparse
import os

from pyspark.sql import SparkSession

import sqlworker


def embed_parquet(spark, args, model):
    """The rows of Parquet; mapInArrow hands over Arrow batches as they lie."""
    frame = spark.read.parquet(args.input).select(args.key, args.text)
    partitions = -(-frame.count() // args.rows)  # a footer's number, no scan
    kind = frame.schema[args.key].dataType.simpleString()

    def embed(batches):
        for batch in batches:
            yield sqlworker.embed_batch(batch, args.text, model)

    cut = frame.repartitionByRange(max(partitions, 1), args.key)
    return cut.sortWithinPartitions(args.key).mapInArrow(
        embed, f"`{args.key}` {kind}, embedding binary, error string")


def embed_sqlite(spark, args, model):
    """A row of the frame is the number of a range of keys, and a task."""
    ranges = sqlworker.key_ranges(args.input, args.table, args.key, args.rows)

    def embed(batches):
        for batch in batches:
            for n in batch.column("id").to_pylist():
                yield from sqlworker.embed_range(args.input, args.table, args.key,
                                                 args.text, model, *ranges[n])

    return spark.range(0, len(ranges), 1, max(len(ranges), 1)).mapInArrow(
        embed, f"`{args.key}` long, embedding binary, error string")


def session(master):
    """`master` where spark-submit does not say it."""
    builder = SparkSession.builder.appName("distilbert")
    if master:
        builder = builder.master(master)
    for name, value in sqlworker.settings().items():
        builder = builder.config(f"spark.executorEnv.{name}", value)
    # Rows of a batch: what the model sees at once, and what a worker holds.
    builder = builder.config("spark.sql.execution.arrow.maxRecordsPerBatch",
                             sqlworker.BATCH)
    spark = builder.getOrCreate()
    here = os.path.dirname(os.path.abspath(__file__))
    for name in ("sqlworker.py", "shards.py"):
        spark.sparkContext.addPyFile(os.path.join(here, name))
    return spark


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("input")
    p.add_argument("output")
    p.add_argument("--table", default="docs", help="of a SQLite file")
    p.add_argument("--key", default="id")
    p.add_argument("--text", default="body")
    p.add_argument("--model", default=sqlworker.MODEL)
    p.add_argument("--rows", type=int, default=10000, help="of a task")
    p.add_argument("--master", help="where spark-submit does not say it")
    return p.parse_args()


def main():
    args = parse_arguments()
    if sqlworker.is_sqlite(args.input):
        args.input = os.path.abspath(args.input)
    spark = session(args.master)
    model = sqlworker.pin(args.model)
    embed = embed_sqlite if sqlworker.is_sqlite(args.input) else embed_parquet
    embed(spark, args, model).write.mode("overwrite").parquet(args.output)
    spark.stop()


if __name__ == "__main__":
    main()
