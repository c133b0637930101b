#!/usr/bin/env python3
"""ray_embed.py - vectors of a table of texts, by Ray Data.

    ray_embed.py texts.parquet vectors.parquet --workers 16
    ray_embed.py texts.db vectors.parquet --workers 16

In and out as spark_embed.py has them; Parquet comes out in the order in which
it came in.

A worker is an actor: a process that keeps its SQLite, and the model in it.  An
actor that dies is started again and gets its batch again, as Ray Data does it
by itself (max_restarts and max_task_retries are -1 there).  Without RAY_ADDRESS
a Ray of one machine is started, and ended with the program.
"""
import argparse
import os

import pyarrow as pa
import ray

import sqlworker


class EmbedBatch:
    def __init__(self, text, model):
        self.text, self.model = text, model

    def __call__(self, table):
        return sqlworker.embed_batch(table, self.text, self.model)


class EmbedRange:
    """Of ranges of keys; gives the rows of one piece by piece."""

    def __init__(self, *where):
        self.where = where

    def __call__(self, ranges):
        for row in ranges.to_pylist():
            for batch in sqlworker.embed_range(*self.where, row["first"], row["last"]):
                yield pa.Table.from_batches([batch])


def actors(args):
    """What map_batches is told of them; a core each, as the model has one."""
    return {"batch_format": "pyarrow", "num_cpus": 1,
            "compute": ray.data.ActorPoolStrategy(size=args.workers)}


def embed_parquet(args, model):
    rows = ray.data.read_parquet(args.input, columns=[args.key, args.text])
    rows = rows.repartition(target_num_rows_per_block=args.rows)
    return rows.map_batches(EmbedBatch, fn_constructor_args=[args.text, model],
                            batch_size=None, **actors(args))


def embed_sqlite(args, model):
    ranges = sqlworker.key_ranges(args.input, args.table, args.key, args.rows)
    rows = ray.data.from_items([{"first": first, "last": last} for first, last in ranges],
                               override_num_blocks=len(ranges))
    where = [args.input, args.table, args.key, args.text, model]
    return rows.map_batches(EmbedRange, fn_constructor_args=where, batch_size=1,
                            **actors(args))


def start(workers):
    """Joins the cluster of RAY_ADDRESS, or starts one here: a core a worker, and
    two for those that read and write."""
    here = os.path.dirname(os.path.abspath(__file__))
    local = {} if "RAY_ADDRESS" in os.environ else {
        "num_cpus": workers + 2, "include_dashboard": False}
    ray.init(runtime_env={"working_dir": here, "env_vars": sqlworker.settings()}, **local)
    ray.data.DataContext.get_current().execution_options.preserve_order = True


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("input")
    p.add_argument("output")
    p.add_argument("--table", default="docs", help="of a SQLite file")
    p.add_argument("--key", default="id")
    p.add_argument("--text", default="body")
    p.add_argument("--model", default=sqlworker.MODEL)
    p.add_argument("--rows", type=int, default=10000, help="of a block")
    p.add_argument("--workers", type=int, default=2)
    return p.parse_args()


def main():
    args = parse_arguments()
    args.input, args.output = os.path.abspath(args.input), os.path.abspath(args.output)
    start(args.workers)
    model = sqlworker.pin(args.model)
    embed = embed_sqlite if sqlworker.is_sqlite(args.input) else embed_parquet
    embed(args, model).write_parquet(args.output)


if __name__ == "__main__":
    main()
