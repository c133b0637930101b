#!/usr/bin/env python3
"""sbom.py - what a release is made of, as SPDX 2.3 in JSON.

    build/release-venv/bin/python release/sbom.py ARCHIVE TIME OUT

In:  the archive of the sources, and the time of its commit in seconds.
Out: a document of packages: this project, the libraries that it is linked
     with, the models inside it, what these were made from; how they hang
     together.

NOTICE has the same in words.  A model without a row here, or a row without a
model, is an error; so is a document that the library's own validator refuses.
The same archive gives the same bytes.
"""
import hashlib
import re
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

from license_expression import get_spdx_licensing
from spdx_tools.spdx.model import (
    Actor, ActorType, Checksum, ChecksumAlgorithm, CreationInfo, Document,
    ExternalPackageRef, ExternalPackageRefCategory, Package, PackagePurpose,
    Relationship, RelationshipType, SpdxNoAssertion)
from spdx_tools.spdx.validation.document_validator import \
    validate_full_spdx_document
from spdx_tools.spdx.writer.write_anything import write_file

ROOT = Path(__file__).resolve().parents[2]

# The sources that files for platforms are linked with, a line each: SHA-256,
# and the path of an archive, NAME_VERSION.orig.tar.gz.
SOURCES = ROOT / "bindings/platforms/sources.txt"

# name: licence, where it is from, its package URL, the name for pkg-config
LIBRARIES = {
    "SQLite": ("blessing", "https://sqlite.org/", "pkg:generic/sqlite",
               "sqlite3"),
    "cJSON": ("MIT", "https://github.com/DaveGamble/cJSON",
              "pkg:github/davegamble/cjson", "libcjson"),
    "utf8proc": ("MIT AND Unicode-DFS-2015",
                 "https://github.com/JuliaStrings/utf8proc",
                 "pkg:github/juliastrings/utf8proc", "libutf8proc"),
}
HOW = {"SQLite": "Its headers are compiled in; the library is the host's."}
LINKED = ("Linked statically in the files for platforms, this version; "
          "who builds the sources links the system's dynamically.")

# What models were made from: licence, where it is from, its package URL.
ORIGINS = {
    "sentence-transformers/all-MiniLM-L6-v2": (
        "Apache-2.0",
        "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
        "pkg:huggingface/sentence-transformers/all-MiniLM-L6-v2"),
    "google-bert/bert-base-uncased": (
        "Apache-2.0", "https://huggingface.co/google-bert/bert-base-uncased",
        "pkg:huggingface/google-bert/bert-base-uncased"),
}
# Training data is used for training and not contained: NOTICE, models/recipe.
MODELS = {
    "all-minilm-l6-v2": "sentence vectors; converted and quantised",
    "distilbert-minilm-qa": "answers; trained further on SQuAD v1.1 and QAMR",
    "distilbert-minilm-mask":
        "masked words; trained further on Wikipedia and SQuAD v1.1",
    "distilbert-minilm-sst2": "sentiment; trained further on SST-2",
    "distilbert-minilm-ner":
        "named entities; trained further on ten sets that NOTICE names",
}


def licence(text):
    return get_spdx_licensing().parse(text, validate=True)


def sha256(path):
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Checksum(ChecksumAlgorithm.SHA256, digest)


def ref(name):
    return "SPDXRef-" + name.replace("/", "-")


def package(name, terms, source, purl=None, **more):
    refs = [ExternalPackageRef(ExternalPackageRefCategory.PACKAGE_MANAGER,
                               "purl", purl)] if purl else []
    return Package(
        spdx_id=ref(name), name=name, download_location=source,
        files_analyzed=False, license_declared=licence(terms),
        license_concluded=licence(terms), copyright_text=SpdxNoAssertion(),
        external_references=refs, **more)


def project(archive, version):
    return package(
        "sqlite-distilbert", "Apache-2.0", SpdxNoAssertion(),
        f"pkg:generic/sqlite-distilbert@{version}", version=version,
        file_name=archive.name, checksums=[sha256(archive)],
        primary_package_purpose=PackagePurpose.LIBRARY,
        summary="DistilBERT models as SQL functions of SQLite")


def linked_in(name):
    """(version, checksums) of what platforms' files are linked with."""
    text = SOURCES.read_text("utf-8") if SOURCES.exists() else ""
    match = re.search(rf"^([0-9a-f]{{64}})\s+\S*/{name.lower()}_([\d.]+)\.orig",
                      text, re.M)
    return (match[2], [Checksum(ChecksumAlgorithm.SHA256, match[1])]
            ) if match else (None, [])


def library(name):
    terms, source, purl, module = LIBRARIES[name]
    version, sums = linked_in(name)
    if not version:
        version = subprocess.run(
            ["pkg-config", "--modversion", module], text=True,
            capture_output=True, check=False).stdout.strip() or None
    if version:
        purl += f"@{version}"
    return package(name, terms, source, purl, version=version, checksums=sums,
                   comment=HOW.get(name, LINKED),
                   primary_package_purpose=PackagePurpose.LIBRARY)


def model(name, version):
    file = ROOT / f"models/{name}.safetensors"
    if file.name not in (ROOT / "NOTICE").read_text("utf-8"):
        sys.exit(f"sbom: NOTICE does not name {file.name}")
    return package(name, "Apache-2.0", SpdxNoAssertion(), version=version,
                   file_name=f"models/{file.name}", checksums=[sha256(file)],
                   summary=MODELS[name],
                   primary_package_purpose=PackagePurpose.FILE)


def relations():
    project_ref = ref("sqlite-distilbert")
    yield "SPDXRef-DOCUMENT", RelationshipType.DESCRIBES, project_ref
    for name in LIBRARIES:
        yield project_ref, RelationshipType.DEPENDS_ON, ref(name)
    for name in MODELS:
        yield project_ref, RelationshipType.CONTAINS, ref(name)
        for origin in ORIGINS:
            yield ref(name), RelationshipType.DESCENDANT_OF, ref(origin)


def document(archive, time):
    version = (ROOT / "VERSION").read_text("utf-8").strip()
    first = project(archive, version)
    info = CreationInfo(
        spdx_version="SPDX-2.3", spdx_id="SPDXRef-DOCUMENT",
        name=f"sqlite-distilbert-{version}",
        document_namespace="https://spdx.org/spdxdocs/sqlite-distilbert-"
                           f"{version}-{first.checksums[0].value}",
        creators=[Actor(ActorType.TOOL, "sqlite-distilbert-release-sbom")],
        created=datetime.fromtimestamp(time, timezone.utc).replace(tzinfo=None))
    packages = [first, *map(library, LIBRARIES),
                *(model(name, version) for name in MODELS),
                *(package(name, *row) for name, row in ORIGINS.items())]
    return Document(info, packages,
                    relationships=[Relationship(*r) for r in relations()])


def main(archive, time, out):
    there = {p.stem for p in ROOT.glob("models/*.safetensors")}
    if there != set(MODELS):
        sys.exit(f"sbom: {sorted(there ^ set(MODELS))}: a model without a row "
                 "in sbom.py, or a row without a model")
    made = document(Path(archive), int(time))
    wrong = validate_full_spdx_document(made)
    for complaint in wrong:
        print(f"sbom: {complaint.validation_message}", file=sys.stderr)
    if not wrong:
        write_file(made, out, validate=False)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
