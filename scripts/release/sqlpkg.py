#!/usr/bin/env python3
"""sqlpkg.py - the spec by which sqlpkg installs a release.

    scripts/release/sqlpkg.py [https://github.com/OWNER/NAME] <SHA256SUMS >sqlpkg.json

In:  sums of the files of a release; where they will be downloaded from.
Out: the spec: a file and its sum for each platform that sqlpkg knows.  Without
     a place they are looked for beside the one who installs.

sqlpkg (nalgeon/sqlpkg-cli) names platforms as Go does, and unpacks an archive
into one folder.  It cannot tell musl from glibc, so musl is not among them.
"""
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLATFORMS = {
    "linux-x86_64": "linux-amd64",
    "linux-aarch64": "linux-arm64",
    "macos-x86_64": "darwin-amd64",
    "macos-arm64": "darwin-arm64",
    "windows-x86_64": "windows-amd64",
}


def symbols():
    """The functions and tables that docs/functions.md has."""
    text = (ROOT / "docs/functions.md").read_text("utf-8")
    return sorted(set(re.findall(r"`(distilbert_\w+)", text)))


def spec(sums, version, repository):
    files = {}
    for line in sums:
        digest, name = line.split()
        match = re.fullmatch(rf"sqlite-distilbert-{re.escape(version)}-"
                             r"([\w-]+)\.tar\.gz", name)
        if match and match[1] in PLATFORMS:
            files[PLATFORMS[match[1]]] = (name, f"sha256-{digest}")
    owner = repository.rstrip("/").split("/")[-2] if repository else "local"
    return {
        "owner": owner,
        "name": "distilbert",
        "version": version,
        **({"repository": repository} if repository else {}),
        "authors": ["the authors of sqlite-distilbert"],
        "license": "Apache-2.0",
        "description": "DistilBERT models as SQL functions: answers, vectors, "
                       "labels, names, masked words.",
        "keywords": ["distilbert", "embeddings", "question answering"],
        "symbols": symbols(),
        "assets": {
            "path": "{repository}/releases/download/v{version}"
                    if repository else ".",
            "files": {p: name for p, (name, _) in sorted(files.items())},
            "checksums": {name: digest for name, digest in
                          sorted(files.values())},
        },
    }


def main(repository=""):
    version = (ROOT / "VERSION").read_text("utf-8").strip()
    made = spec(sys.stdin, version, repository)
    print(json.dumps(made, indent=4, ensure_ascii=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
