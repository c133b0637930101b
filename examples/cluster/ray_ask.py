#!/usr/bin/env python3
"""ray_ask.py - many questions to a table, by Ray Data.

    ray_ask.py questions.parquet answers.parquet docs.db
    ray_ask.py questions.parquet answers.parquet docs-[0-3].db

What comes in and out, and how several files are asked, as in spark_ask.py.
"""
import argparse
import os

import ray

import shards
from ray_embed import start


def ask_batch(table, args):
    return shards.ask_batch(table, args.passages, args.top_k)


def find_batch(table, args):
    return shards.find_batch(table, args.passages)


def read_group(table, args):
    return shards.read_group(table, args.passages, args.top_k)


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    p.add_argument("questions")
    p.add_argument("output")
    p.add_argument("shards", nargs="+")
    p.add_argument("--passages", type=int, default=5, help="read for a question")
    p.add_argument("--top-k", type=int, default=1, help="answers to a question")
    p.add_argument("--workers", type=int, default=2)
    return p.parse_args()


def main():
    args = parse_arguments()
    start(args.workers)
    paths = [os.path.abspath(path) for path in args.shards]
    rows = (ray.data.read_parquet(os.path.abspath(args.questions), columns=["id", "question"])
            .flat_map(lambda row: [{**row, "shard": path} for path in paths])
            .repartition(args.workers * 4))
    arrow = {"batch_format": "pyarrow", "fn_kwargs": {"args": args}}
    if len(paths) == 1:
        answers = rows.map_batches(ask_batch, **arrow)
    else:
        found = rows.map_batches(find_batch, **arrow)
        answers = found.groupby("id").map_groups(read_group, **arrow)
    answers.write_parquet(os.path.abspath(args.output))


if __name__ == "__main__":
    main()
