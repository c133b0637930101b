"""test_readme.py - what README.md shows is what comes out."""
import contextlib
import io
import os
import re
import shlex
import subprocess

import pytest

from conftest import CLEAN, TREE

README = (TREE / "bindings/python/README.md").read_text("utf-8")


@pytest.fixture
def folder(demo, monkeypatch):
    monkeypatch.chdir(demo.parent)
    return demo.parent


def test_python(folder):
    """The blocks run, one after the other, and print what follows them."""
    names, shown = {}, 0
    for code, text in re.findall(
            r"```python\n(.*?)```\n(?:```text\n(.*?)```)?", README, re.S):
        if "sqlalchemy" in code:
            pytest.importorskip("sqlalchemy")
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(code, names)
        assert out.getvalue() == text
        shown += bool(text)
    assert shown == 1
    with names["engine"].connect() as conn:
        assert conn.exec_driver_sql("SELECT distilbert_version()").fetchone()
    names["engine"].dispose()
    names["conn"].close()


def test_command(folder):
    if not CLEAN.exists():
        pytest.skip("no build/python/clean")
    block, = re.findall(r"```console\n\$ (.*?)\n(.*?)```", README, re.S)
    done = subprocess.run([CLEAN / "sqlite-distilbert",
                           *shlex.split(block[0])[1:]], capture_output=True,
                          text=True, check=False,
                          env={**os.environ, "COLUMNS": "80"})
    assert done.stdout == block[1] and done.stderr == ""
