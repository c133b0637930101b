"""map.py - draws docs/map.svg: the paragraphs of the demo by meaning.

    build/pictures-venv/bin/python docs/map.py [OUT]      # make pictures

SQL gives the vectors: distilbert_embed() of each of 304 paragraphs of 16
articles, in the sqlite3 shell.  t-SNE lays them out in two dimensions, so that
neighbours stay neighbours; distances between far groups mean little.  Titles
take no part in that: they only colour the points, and name their groups.
Letters become paths, so that the picture needs no font.
"""
import json
import subprocess
import sys
from pathlib import Path
from textwrap import fill

import matplotlib
matplotlib.use("svg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.manifold import TSNE

ROOT = Path(__file__).resolve().parent.parent
SQL = """
.bail on
.load ./distilbert
CREATE TABLE docs(id INTEGER PRIMARY KEY, title TEXT, body TEXT);
.import --csv --skip 1 examples/demo-paragraphs.csv docs
SELECT json_array(title, json(distilbert_vector_json(embedding)))
  FROM distilbert_embed_each('SELECT id, body FROM docs', 'all-minilm-l6-v2')
  JOIN docs ON docs.id = key ORDER BY key;
"""
# Dark enough for white paper, a hue that its neighbours on the map do not have.
COLORS = ["#c0392b", "#1f77b4", "#8c564b", "#2ca02c", "#17a2b8", "#9467bd",
          "#d35400", "#7a6a00", "#e0569b", "#0b7a75", "#5b6ee1", "#a01a58",
          "#b8860b", "#3a8f1e", "#34495e", "#7f3fbf"]


def embed():
    """(titles, vectors), a row a paragraph."""
    run = subprocess.run(["sqlite3", "-batch", "-init", "/dev/null",
                          ":memory:"], input=SQL, cwd=ROOT, text=True,
                         stdout=subprocess.PIPE, check=True)
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    return [title for title, _ in rows], np.array([v for _, v in rows])


def lay_out(vectors):
    return TSNE(perplexity=40, metric="cosine", init="pca",
                random_state=5).fit_transform(vectors)


def label(axes, title, points, color):
    """Above the group; strays are no business of its place."""
    middle = np.median(points, axis=0)
    far = np.linalg.norm(points - middle, axis=1)
    group = points[far < 3 * np.median(far)]
    axes.annotate(fill(title, 20), (middle[0], group[:, 1].max()),
                  xytext=(0, 5), textcoords="offset points", ha="center",
                  fontsize=9, fontweight="bold", color=color)


def main(out=ROOT / "docs/map.svg"):
    titles, vectors = embed()
    places = lay_out(vectors)
    plt.rcParams.update({"svg.fonttype": "path", "svg.hashsalt": "map"})
    figure, axes = plt.subplots(figsize=(9, 6), layout="constrained")
    names = list(dict.fromkeys(titles))
    for name, color in zip(names, COLORS, strict=True):
        points = places[[title == name for title in titles]]
        axes.plot(*points.T, "o", color=color, alpha=0.8, markersize=4.5,
                  markeredgewidth=0)
        label(axes, name, points, color)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.margins(0.08, 0.1)
    axes.spines[:].set_color("#cccccc")
    axes.set_title(f"{len(titles)} paragraphs of {len(names)} articles, by "
                   "distilbert_embed(body)", fontsize=10)
    figure.savefig(out, metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
