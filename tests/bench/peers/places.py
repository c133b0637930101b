"""places.py - where the benchmark of peers keeps its things: build/bench-peers."""
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]  # of the clone
HERE = Path(__file__).resolve().parent
WORK = ROOT / "build/bench-peers"
HOME = WORK / "home"  # models, each in every peer's format; texts; references
RESULTS = WORK / "results.jsonl"

GEOMETRIES = ["base", "minilm"]  # folders of HOME/models
ONLY_FASTTEXTEMBED = "bge"  # one more: the only one that it can read


def python(venv):
    """The interpreter of a virtual environment."""
    return WORK / f"venv-{venv}/bin/python"
