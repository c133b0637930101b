"""chart.py - draws docs/speed.svg out of build/bench-peers/results.jsonl.

    venv-chart/bin/python chart.py [--busy]

Left: a single text, DistilBERT-base in fp32, one thread, milliseconds by number
of tokens.  Right: a table of sentences, all-MiniLM-L6-v2, one thread.  Letters
become paths, so that the picture needs no font.
"""
import sys

import matplotlib
matplotlib.use("svg")
import matplotlib.pyplot as plt

from places import ROOT
from results import MINE, Results

OURS = "distilbert.so"
RED, GREY = "#c0392b", "#7f8c8d"
STYLES = [("o", RED), ("s", "#1f77b4"), ("^", "#ff7f0e"), ("v", "#2ca02c"),
          ("D", "#9467bd"), ("P", "#8c564b"), ("X", "#17becf"), (".", GREY)]


def name(peer):
    return OURS if peer == MINE else peer


def draw_singles(axes, results):
    place = results.runs["base", 1]
    peers = sorted((p for p in place if p[1] == "fp32"),
                   key=lambda p: p[0] != MINE)
    for peer, (marker, color) in zip(peers, STYLES):
        shapes = sorted(s for s in place[peer] if s != "bulk")
        mine = peer[0] == MINE
        axes.plot(shapes, [results.cost(place[peer][s]) for s in shapes],
                  marker=marker, markersize=5 if mine else 3.5,
                  linewidth=2.4 if mine else 1, label=name(peer[0]),
                  color=color, zorder=3 if mine else 2)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    across = [2, 8, 32, 128, 512]
    up = [t for t in (1, 3, 10, 30, 100, 300, 1000) if low <= t <= high]
    axes.set_xticks(across, across)
    axes.set_yticks(up, up)
    axes.minorticks_off()
    axes.set_xlabel("tokens")
    axes.set_title("One text, DistilBERT-base in fp32, ms", fontsize=10)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, frameon=False)


def draw_bulk(axes, results):
    place = results.runs["minilm", 1]
    rates = sorted((results.sentences(shapes["bulk"]), peer)
                   for peer, shapes in place.items() if "bulk" in shapes)
    labels = [f"{name(peer[0])} {peer[1]}" for _, peer in rates]
    colors = [RED if peer[0] == MINE else GREY for _, peer in rates]
    bars = axes.barh(labels, [rate for rate, _ in rates], color=colors)
    axes.bar_label(bars, [f"{rate:.0f}" for rate, _ in rates], padding=3,
                   fontsize=8)
    axes.margins(x=0.12)
    axes.tick_params(axis="y", labelsize=8)
    axes.set_title("A table, all-MiniLM-L6-v2, sentences a second",
                   fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)


def main():
    results = Results(busy="--busy" in sys.argv)
    if not {("base", 1), ("minilm", 1)} <= results.runs.keys():
        sys.exit("chart.py: base and minilm with one thread are not in this "
                 "run: docs/speed.svg stays as it is")
    plt.rcParams.update({"svg.fonttype": "path", "svg.hashsalt": "speed"})
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.7), layout="constrained")
    draw_singles(axes[0], results)
    draw_bulk(axes[1], results)
    figure.savefig(ROOT / "docs/speed.svg", metadata={"Date": None})


main()
