#!/usr/bin/env python3
"""report.py - build/bench-peers/results.jsonl as tables of docs/speed.md.

    tests/bench/peers/report.py [--busy] [--write]

Prints Markdown; --write puts it between the markers of docs/speed.md, and draws
docs/speed.svg.  --busy takes CPU time where a single thread was measured: for a
run beside which the machine had other work.
"""
import argparse
import re
import subprocess

from places import HERE, ROOT, python
from results import MINE, Results

SPEED = ROOT / "docs/speed.md"
BEGIN, END = "<!-- bench-peers: begin -->", "<!-- bench-peers: end -->"
NAMES = {"base": "DistilBERT-base (6 x 768, random weights)",
         "minilm": "all-MiniLM-L6-v2 (6 x 384)",
         "bge": "bge-small's geometry (12 x 384, random weights)"}
ORDER = {"fp32": 0, "bf16": 1, "int8": 2}


def row(*cells):
    return "| " + " | ".join("" if c is None else str(c) for c in cells) + " |"


def table(head, rows):
    return [row(*head), "|" + "---|" * len(head), *(row(*r) for r in rows), ""]


def digits(x):
    return f"{x:.2f}" if x < 10 else f"{x:.1f}" if x < 100 else f"{x:.0f}"


def sorted_peers(place):
    """By type, this project first in each."""
    return sorted(place, key=lambda p: (ORDER[p[1]], p[0] != MINE, p[0]))


def singles(results, model, threads):
    place = results.runs[model, threads]
    shapes = sorted({s for peer in place.values() for s in peer
                     if s != "bulk"})
    rows = []
    for peer in sorted_peers(place):
        if peer[0] == MINE:
            cells = [digits(results.cost(place[peer][s])) + " ms"
                     if s in place[peer] else None for s in shapes]
        else:
            found = [results.ratio(place, peer, s) for s in shapes]
            cells = [f"{x:.2f}" if x else None for x in found]
        if any(cells):
            rows.append([" ".join(peer), *cells])
    count = "one thread" if threads == 1 else f"{threads} threads"
    return [f"**{NAMES[model]}, {count}, by number of tokens.**", "",
            *table(["", *shapes], rows)]


def bulk(results):
    places = {t: place for (_, t), place in results.runs.items()
              if any("bulk" in peer for peer in place.values())}
    if not places:
        return []
    rows = []
    for peer in sorted_peers({p for place in places.values() for p in place}):
        cells = []
        for place in places.values():
            line = place.get(peer, {}).get("bulk")
            ratio = line and results.ratio(place, peer, "bulk")
            cells += [round(results.sentences(line)) if line else None,
                      f"{ratio:.2f}" if ratio and peer[0] != MINE else None]
        if any(cells):
            rows.append([" ".join(peer), *cells])
    how = {line.get("how", "one call a row") for place in places.values()
           for peer, shapes in place.items() if peer[0] == MINE
           for line in shapes.values()}
    head = [""]
    for threads in places:
        head += [f"sentences a second, {threads} thr.", "ratio"]
    return ["**A table of sentences of 10 to 40 tokens, all-MiniLM-L6-v2; "
            f"this: {', '.join(sorted(how))}.**", "", *table(head, rows)]


def agreement(results):
    """Where it is not that of rounding: of token vectors or pooled ones."""
    least = {}
    for (model, _), place in results.runs.items():
        for peer, shapes in place.items():
            for line in shapes.values():
                key = (" ".join(peer), model)
                least[key] = min(least.get(key, 1), line["cos_min"])
    peers = sorted({name for (name, _), x in least.items() if x < 0.9999})
    models = [m for m in NAMES if any(k[1] == m for k in least)]
    return ["**Lowest cosine to PyTorch in fp32, over all lengths.**", "",
            *table(["", *models], [[p, *(least.get((p, m)) for m in models)]
                                   for p in peers])]


def failures(results):
    said = {}
    for f in results.failures:
        where = " ".join(str(f[k]) for k in ("peer", "dtype") if k in f)
        if "shape" in f:
            what = "the table" if f["shape"] == "bulk" else \
                f"{f['shape']} tokens"
            where += f", {what}"
        said.setdefault((where, f["error"].split("\n")[0]), []).append(f)
    if not said:
        return []
    rows = [[where, error.replace("|", "\\|").replace(str(ROOT) + "/", "")]
            for where, error in said]
    return ["**What did not work.**", "", *table(["", "why"], rows)]


def versions(results):
    found = {}
    for place in results.runs.values():
        for (name, _), shapes in place.items():
            for line in shapes.values():
                found[name] = line["version"]
    return "; ".join(f"{n} {v}" for n, v in found.items() if n != MINE)


def head(results):
    m = results.machine
    peaks = m["machine"].get("peaks", {})
    units = ", ".join(f"{k} {v:.0f}" for k, v in peaks.items())
    clock = ("one thread by CPU time, as the machine had other work (load "
             f"{m['machine']['load']:.1f}): the figures of several threads "
             "mean little" if results.busy else
             f"load before it {m['machine']['load']:.1f}")
    return [f"{m['machine'].get('cpu', 'CPU')} "
            f"({', '.join(m['machine'].get('flags', []))}), "
            f"{m['machine']['cpus']} cores, {m['began']}, {m['rounds']} "
            f"rounds; {clock}." +
            (f" Peaks of a core, in units of 1e9: {units}." if units else ""),
            f"Peers: {versions(results)}.", ""]


def report(results):
    lines = head(results)
    for place in sorted(results.runs):
        lines += singles(results, *place)
    lines += bulk(results) + agreement(results) + failures(results)
    return "\n".join(lines)


def write(text):
    old = SPEED.read_text("utf-8")
    new = re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{text}{END}", old,
                 flags=re.S)
    SPEED.write_text(new, encoding="utf-8")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--busy", action="store_true")
    p.add_argument("--write", action="store_true")
    options = p.parse_args()
    text = report(Results(busy=options.busy))
    if not options.write:
        print(text)
        return
    write(text)
    subprocess.run([python("chart"), HERE / "chart.py",
                    *["--busy"] * options.busy], check=False)


if __name__ == "__main__":
    main()
