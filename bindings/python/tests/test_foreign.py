"""test_foreign.py - wheels of other platforms: pip takes them there, and the
one of AArch64 answers, in Debian's Python for AArch64 under qemu.

There is no Python for Windows, macOS or musl to run theirs with: the library in
them is tested without one (make platforms-test).
"""
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from conftest import TREE
from test_wheel import WHEELS, each, tag_of

HERE = TREE / "bindings/python/tests"
QUESTION = "Who was Nikola Tesla?"


@each
def test_pip_takes_it(path, tmp_path):
    """For that platform, and for no other."""
    def dry_run(*options):
        return subprocess.run(
            [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps",
             "--no-index", "--disable-pip-version-check", "--target", tmp_path,
             "--only-binary", ":all:", *options, path], capture_output=True,
            text=True, check=False)
    done = dry_run("--platform", tag_of(path), "--python-version", "3.9")
    assert "Would install sqlite-distilbert" in done.stdout, done.stderr
    other = "win_amd64" if "win_" not in tag_of(path) else "linux_x86_64"
    assert "not a supported wheel" in dry_run("--platform", other).stderr


@pytest.fixture(scope="module")
def aarch64():
    wheel = [path for path in WHEELS if re.fullmatch(
        "(manylinux_2_17|linux)_aarch64", tag_of(path))]
    if not wheel:
        pytest.skip("no wheel of linux-aarch64 (make platform)")
    if not shutil.which("qemu-aarch64"):
        pytest.skip("no qemu-aarch64 (Debian: qemu-user)")
    folder = TREE / "build/python/aarch64"
    done = subprocess.run([HERE / "aarch64-python", folder / "debian"],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("no Python for AArch64 (Debian's packages)")
    python, root = done.stdout.strip(), folder / "debian/root"
    target = folder / "packages"
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps",
         "--no-index", "--disable-pip-version-check", "--target", target,
         "--only-binary", ":all:", "--platform", tag_of(wheel[0]), wheel[0]],
        check=True)

    def run(*args):
        return subprocess.run(
            ["qemu-aarch64", "-L", root, python, "-m", "sqlite_distilbert",
             *map(str, args)], capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONHOME": str(root / "usr"),
                 "PYTHONPATH": str(target)})
    return run


def test_aarch64_answers(aarch64, cli, demo):
    """To the bit what this machine answers."""
    there = aarch64(demo, QUESTION, "docs", "--json")
    assert there.returncode == 0, there.stderr
    assert len(json.loads(there.stdout)) == 3
    assert there.stdout == cli(demo, QUESTION, "docs", "--json").stdout
