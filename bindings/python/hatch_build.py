"""hatch_build.py - puts the library of one platform into the wheel.

In:  DISTILBERT_LIBRARY, the path of a distilbert.so, .dylib or .dll, and
     DISTILBERT_TAG, the platform's tag (manylinux_2_17_x86_64).  Without them
     it is what `make` built, for this machine: pip install ./bindings/python.
     DISTILBERT_LICENSES, a folder with those of what is linked into it.
Out: py3-none-TAG: there is nothing of Python's ABI in the library.

The number of the version has one place, the file VERSION; the package reads
what is written into _version.py here.
"""
import os
import sysconfig
import tempfile
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = Path(__file__).resolve().parent
TREE = HERE.parent.parent


def version():
    return (TREE / "VERSION").read_text("utf-8").strip()


def library():
    path = Path(os.environ.get("DISTILBERT_LIBRARY")
                or TREE / "build/release/distilbert.so")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: `make` builds it, in the root of "
                                "the source tree")
    return path


def licenses():
    folder = os.environ.get("DISTILBERT_LICENSES")
    return sorted(Path(folder).iterdir()) if folder else []


def tag():
    here = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    return os.environ.get("DISTILBERT_TAG") or here


class Library(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def initialize(self, _version, build_data):
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{tag()}"
        self.folder = tempfile.TemporaryDirectory()
        number = Path(self.folder.name) / "_version.py"
        number.write_text(f'__version__ = "{version()}"\n', "utf-8")
        build_data["force_include"] = {
            str(number): "sqlite_distilbert/_version.py",
            str(library()): f"sqlite_distilbert/{library().name}",
        }
        info = f"sqlite_distilbert-{version()}.dist-info"
        for path in licenses():
            build_data["force_include"][str(path)] = (
                f"{info}/licenses/{path.name}")

    def finalize(self, _version, _build_data, _artifact):
        self.folder.cleanup()
