#!/usr/bin/env python3
"""setup.py - installs the peers and makes their models; package registries only.

    tests/bench/peers/setup.py          # everything
    tests/bench/peers/setup.py sql ort  # these environments alone

Everything goes to build/bench-peers: 12 GB, most of it PyTorch.  What is there
already stays, so it can be run again after a failure.  A package that cannot be
installed, or a model that cannot be converted, does not stop the others: its
complaint is in a file NAME.error, and the peer that misses it has a line in the
results that says so.

No model is downloaded.  "base" is DistilBERT-base with random weights, "minilm"
is the built-in all-MiniLM-L6-v2 with its int8 weights widened to floats, "bge"
has random weights in the one geometry that fasttextembed reads.
"""
import subprocess
import sys

from places import HERE, WORK, python

# Versions are those that it was written with; newer ones may want other code.
VENVS = {
    "torch": ["torch==2.8.0", "transformers==4.57.1", "onnx==1.19.1",
              "ctranslate2==4.8.5"],
    "ort": ["onnxruntime==1.31.1", "onnx==1.19.1", "sympy", "tokenizers"],
    "openvino": ["openvino==2026.4.1", "tokenizers"],
    "nncf": ["nncf==3.4.0", "openvino==2026.4.1"],
    "ctranslate2": ["ctranslate2==4.8.5", "tokenizers"],
    "fastembed": ["fastembed==0.9.1"],
    "fasttextembed": ["fasttextembed==1.0.2", "numpy"],
    "gguf": ["gguf"],
    "sql": ["numpy", "tokenizers", "sqlite-lembed==0.0.1a8", "sqlite-ai==1.0.8"],
    "chart": ["matplotlib"],
}

# What makes the models: name, venv, script.  The order is that of dependence.
STEPS = [
    ("models", "torch", "make_models.py"),
    ("onnx", "torch", "make_onnx.py"),
    ("ort", "ort", "make_ort.py"),
    ("openvino", "nncf", "make_openvino.py"),
    ("ctranslate2", "torch", "make_ctranslate2.py"),
    ("gguf", "gguf", "make_gguf.py"),
    ("bge", "torch", "make_bge.py"),
]


def run(name, command):
    """Runs a step; its complaint stays in NAME.error when it fails."""
    error = WORK / f"{name}.error"
    error.unlink(missing_ok=True)
    print(f"bench-peers: {name}", flush=True)
    try:
        done = subprocess.run([str(c) for c in command], text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as problem:  # its environment is not there
        done = subprocess.CompletedProcess(command, 1, str(problem))
    if done.returncode:
        error.write_text(done.stdout[-4000:])
        print(f"bench-peers: {name} failed, see {error}", file=sys.stderr)
    return done.returncode == 0


def loads_extensions(interpreter):
    probe = ("import sqlite3; "
             "sqlite3.connect(':memory:').enable_load_extension(True)")
    return subprocess.run([interpreter, "-c", probe], check=False,
                          stderr=subprocess.DEVNULL).returncode == 0


def interpreter_of(name):
    """This one; for SQL one whose sqlite3 can load extensions."""
    choices = [sys.executable, "/usr/bin/python3"]
    able = [c for c in choices if name != "sql" or loads_extensions(c)]
    return able[0] if able else sys.executable


def install(name):
    done = WORK / f"venv-{name}/installed"
    if done.exists() and done.read_text() == " ".join(VENVS[name]):
        return
    if not python(name).exists():
        subprocess.run([interpreter_of(name), "-m", "venv", "--without-pip",
                        WORK / f"venv-{name}"], check=True)
    pip = [sys.executable, "-m", "pip", "--python", python(name), "install",
           "-q", "--disable-pip-version-check", "--pre" if name == "sql" else
           "--no-input"]
    if run(f"venv-{name}", [*pip, *VENVS[name]]):
        done.write_text(" ".join(VENVS[name]))


def make():
    """Every step that has not run since its script changed, and all after it."""
    stale = False
    for step, name, script in STEPS:
        done = WORK / f"make-{step}.done"
        stale = stale or not done.exists() or \
            done.stat().st_mtime < (HERE / script).stat().st_mtime
        if stale and run(f"make-{step}", [python(name), HERE / script]):
            done.touch()


def main(*only):
    WORK.mkdir(parents=True, exist_ok=True)
    for name in only or VENVS:
        install(name)
    if not only:
        make()


if __name__ == "__main__":
    main(*sys.argv[1:])
