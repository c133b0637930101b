"""test_wheel.py - what is in the wheels of build/wheels, and what they need.

WHEEL is the one of this machine; `make wheels` makes those of all platforms
that `make platforms` compiled.
"""
import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from conftest import TREE

MOST = 100e6  # bytes, PyPI's limit for a file
HERE = os.environ.get("WHEEL", "")
WHEELS = sorted((TREE / "build/wheels").glob("*.whl"))
VERSION = (TREE / "VERSION").read_text().strip()
# Of a tag: the library's name, how it begins, and the machine in its header.
KINDS = {
    r"(manylinux_2_17|musllinux_1_2|linux)_x86_64":
        ("so", b"\x7fELF\2\1\1", (18, b"\x3e\0")),
    r"(manylinux_2_17|musllinux_1_2|linux)_aarch64":
        ("so", b"\x7fELF\2\1\1", (18, b"\xb7\0")),
    r"win_amd64": ("dll", b"MZ", None),
    r"macosx_11_0_x86_64": ("dylib", b"\xcf\xfa\xed\xfe", (4, b"\7\0\0\1")),
    r"macosx_11_0_arm64": ("dylib", b"\xcf\xfa\xed\xfe", (4, b"\x0c\0\0\1")),
}
SYSTEM = {
    "manylinux": r"(lib(c|m|pthread|dl)|ld-linux-[\w-]+)\.so\.[0-9]+",
    "musllinux": r"libc\.so",
}


def tag_of(path):
    return path.name.rsplit("-", 1)[1][:-len(".whl")]


def each_of(pattern):
    return pytest.mark.parametrize("path", [
        path for path in WHEELS if re.match(pattern, tag_of(path))],
        ids=tag_of)


each = each_of("")


def test_there_are_wheels():
    assert WHEELS and (TREE / HERE).resolve() in WHEELS


@each
def test_size(path):
    assert 20e6 < path.stat().st_size < MOST


@each
def test_metadata(path):
    info = f"sqlite_distilbert-{VERSION}.dist-info"
    with zipfile.ZipFile(path) as wheel:
        about = Parser().parsestr(wheel.read(f"{info}/METADATA").decode())
        how = wheel.read(f"{info}/WHEEL").decode()
        names = wheel.namelist()
    assert about["Name"] == "sqlite-distilbert" and about["Version"] == VERSION
    assert about["License-Expression"] == "Apache-2.0"
    assert about["Requires-Python"] == ">=3.9"
    assert about.get_all("Requires-Dist") is None
    assert f"Tag: py3-none-{tag_of(path)}\n" in how
    assert "Root-Is-Purelib: false" in how
    licenses = {n.rsplit("/", 1)[1] for n in names if "/licenses/" in n}
    expected = {"LICENSE", "NOTICE", "MODELS.md"}
    if not tag_of(path).startswith("linux"):
        expected |= {"cJSON.txt", "utf8proc.md"}
    assert licenses == expected
    package = {n for n in names if n.startswith("sqlite_distilbert/")}
    source = TREE / "bindings/python/sqlite_distilbert"
    assert {n for n in package if "distilbert." not in n.split("/", 1)[1]
            } - {"sqlite_distilbert/_version.py"} == {
        f"sqlite_distilbert/{p.relative_to(source)}"
        for p in source.rglob("*") if p.is_file()
        and "__pycache__" not in p.parts}


def test_record():
    """What it lists is there, to the byte; all wheels are written by one."""
    with zipfile.ZipFile(TREE / HERE) as wheel:
        rows = [line.rsplit(",", 2) for line in wheel.read(
            f"sqlite_distilbert-{VERSION}.dist-info/RECORD"
        ).decode().splitlines()]
        assert sorted(r[0] for r in rows) == sorted(wheel.namelist())
        for name, digest, _ in rows:
            if digest:
                found = hashlib.sha256(wheel.read(name)).digest()
                assert digest == "sha256=" + base64.urlsafe_b64encode(
                    found).decode().rstrip("="), name


@each
def test_library_is_of_the_platform(path):
    (ending, magic, machine), = (kind for tag, kind in KINDS.items()
                                 if re.fullmatch(tag, tag_of(path)))
    with zipfile.ZipFile(path) as wheel:
        names = [n for n in wheel.namelist() if n.split("/")[-1] in (
            "distilbert.so", "distilbert.dylib", "distilbert.dll")]
        assert names == [f"sqlite_distilbert/distilbert.{ending}"]
        data = wheel.read(names[0])
    assert data.startswith(magic)
    if machine:
        at, value = machine
        assert data[at:at + len(value)] == value
    else:
        at = int.from_bytes(data[60:64], "little")
        assert data[at:at + 6] == b"PE\0\0\x64\x86"
    for entry in (b"sqlite3_distilbert_init", b"sqlite3_distilbertsafe_init"):
        assert entry in data


@each_of("macosx_")
def test_oldest_macos(path):
    """The tag names the system that the linker was told."""
    with zipfile.ZipFile(path) as wheel:
        data = wheel.read("sqlite_distilbert/distilbert.dylib")
    at, oldest = 32, None
    for _ in range(int.from_bytes(data[16:20], "little")):
        kind, size, _, minos = (int.from_bytes(data[at + i:at + i + 4],
                                               "little")
                                for i in (0, 4, 8, 12))
        if kind == 0x32:  # LC_BUILD_VERSION: platform, minos
            oldest = (minos >> 16, minos >> 8 & 255)
        at += size
    assert oldest == tuple(map(int, tag_of(path).split("_")[1:3]))


@each_of("manylinux|musllinux")
def test_needs_of_linux(path, tmp_path):
    """The system's C library and nothing else; no symbol above 2.17."""
    elf = pytest.importorskip("elftools.elf.elffile")
    kind = tag_of(path).split("_")[0]
    with zipfile.ZipFile(path) as wheel:
        name = wheel.extract("sqlite_distilbert/distilbert.so", tmp_path)
    with open(name, "rb") as file:
        parts = elf.ELFFile(file)
        needed = [t.needed for t in parts.get_section_by_name(
            ".dynamic").iter_tags("DT_NEEDED")]
        found = parts.get_section_by_name(".gnu.version_r")
        versions = [v.name for _, of in (found.iter_versions() if found else ())
                    for v in of]
    assert needed and all(re.fullmatch(SYSTEM[kind], n) for n in needed), needed
    numbers = [tuple(map(int, v[6:].split("."))) for v in versions
               if v.startswith("GLIBC_")]
    assert max(numbers, default=(0,)) <= (2, 17)
    assert bool(numbers) == (kind == "manylinux")


@each_of("manylinux")
def test_auditwheel(path):
    """It agrees; at musl's wheels it looks on a system of musl alone."""
    pytest.importorskip("auditwheel")
    done = subprocess.run([sys.executable, "-m", "auditwheel", "show", path],
                          capture_output=True, text=True, check=False)
    said = " ".join(done.stdout.split())
    assert f'following platform tag: "{tag_of(path)}"' in said, done


def test_same_bytes_again(tmp_path):
    """Another time, zone, umask and date of the files make no difference."""
    if not shutil.which("git") or not (TREE / ".git").exists():
        pytest.skip("not a clone")
    touched = TREE / "bindings/python/sqlite_distilbert/__init__.py"
    stat = touched.stat()
    os.utime(touched, (1e9, 1e9))
    try:
        subprocess.run(
            ["sh", "-c", f"umask 077; exec bindings/python/wheels {tmp_path} "
             f"'{tag_of(TREE / HERE)}'"], cwd=TREE, check=True,
            capture_output=True, env={**os.environ, "TZ": "Asia/Tokyo",
                                      "PYTHONHASHSEED": "5"})
    finally:
        os.utime(touched, (stat.st_atime, stat.st_mtime))
    again, = Path(tmp_path).glob("*.whl")
    assert again.name == Path(HERE).name
    assert again.read_bytes() == (TREE / HERE).read_bytes()
