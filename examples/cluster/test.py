#!/usr/bin/env python3
"""test.py - installs Spark and Ray, and runs the checks of these programs.

    examples/cluster/test.py build/release/distilbert.so [checks.py]

Makes a virtual environment in build/cluster/venv, of a Python that can load
extensions, and runs checks.py (or measure.py) in it.  Without such a Python, or
without PyPI, everything is skipped; without Java what needs Spark.  The last
line is "N passed, N failed, N skipped".
"""
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE.parent.parent / "build/cluster/venv"
PROBE = "import sqlite3; sqlite3.connect(':memory:').enable_load_extension(True)"


def skip(reason):
    print(f"skipped: cluster: {reason}\n0 passed, 0 failed, 1 skipped")
    sys.exit(0)


def interpreter():
    """A Python whose sqlite3 loads extensions."""
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-c", PROBE], capture_output=True,
                          check=False).returncode == 0:
            return python
    return skip("no Python that loads extensions")


def install():
    """The environment's Python.  One that is complete stays as it is."""
    wanted = (HERE / "requirements.txt").read_text("utf-8")
    python, done = VENV / "bin/python", VENV / "installed"
    if done.exists() and done.read_text("utf-8") == wanted:
        return python
    if subprocess.run([interpreter(), "-m", "venv", "--without-pip", VENV],
                      check=False).returncode:
        skip("python3 has no venv")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q",
           "--no-input", "--disable-pip-version-check", "--retries", "1"]
    print("cluster: Spark and Ray go to build/cluster/venv", file=sys.stderr)
    for command in (["wheel", "setuptools"],
                    ["--no-build-isolation", "-r", HERE / "requirements.txt"]):
        if subprocess.run([*pip, *command], check=False).returncode:
            skip("Spark or Ray cannot be installed from PyPI")
    done.write_text(wanted, "utf-8")
    return python


def main():
    library = Path(sys.argv[1]).resolve()
    program = HERE / (sys.argv[2] if len(sys.argv) > 2 else "checks.py")
    if not library.exists():
        sys.exit(f"{library} is not there: make loadable")
    if os.environ.get("INSTALL") == "no" and not VENV.exists():
        skip("INSTALL=no, and no build/cluster/venv")
    python = install()
    os.environ["DISTILBERT_LIBRARY"] = str(library)
    os.execv(python, [str(python), str(program)])


if __name__ == "__main__":
    main()
