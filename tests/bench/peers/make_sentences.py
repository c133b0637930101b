"""make_sentences.py - sentences of 10 to 40 tokens, as many as asked for.

    venv-torch/bin/python make_sentences.py COUNT [FILE]

FILE is plain text, .xz or not; without one the paragraphs of examples/ are read,
and where these run out, once more with the words of each sentence moved on by
one: as long as before, but no two alike, as equal texts need not be computed
twice.

HOME/sentences.tsv           number of tokens, text
HOME/ref/MODEL/sentences.npy what PyTorch in fp32 says of the first 64: unit
                             vectors, mean-pooled
"""
import csv
import itertools
import lzma
import re
import sys

import numpy
import torch
from transformers import DistilBertModel, DistilBertTokenizerFast

from places import GEOMETRIES, HOME, ROOT

FEWEST, MOST, CHECKED = 10, 40, 64


def paragraphs(path):
    if path is None:
        file = ROOT / "examples/demo-paragraphs.csv"
        with open(file, encoding="utf-8", newline="") as rows:
            yield from (row["body"] for row in csv.DictReader(rows))
    else:
        opener = lzma.open if path.endswith(".xz") else open
        with opener(path, "rt", encoding="utf-8") as file:
            yield from file


def sentences(path):
    for paragraph in paragraphs(path):
        for sentence in re.split(r"(?<=[.!?]) +", " ".join(paragraph.split())):
            yield sentence


def moved(sentence, by):
    words = sentence.split()
    by %= len(words)
    return " ".join(words[by:] + words[:by])


def endless(path):
    yield from sentences(path)
    again = list(sentences(path))
    for by in itertools.count(1):
        yield from (moved(s, by) for s in again if len(s.split()) > by)
        if all(len(s.split()) <= by for s in again):
            return


def fitting(path, tokenizer):
    """Pairs of number of tokens and text, each text once."""
    seen, source = set(), filter(None, endless(path))
    while part := list(itertools.islice(source, 10000)):
        for text, ids in zip(part, tokenizer(part)["input_ids"]):
            if FEWEST <= len(ids) <= MOST and text not in seen:
                seen.add(text)
                yield len(ids), text


def reference(name, tokenizer, texts):
    model = DistilBertModel.from_pretrained(HOME / "models" / name).eval()
    vectors = []
    for text in texts:
        with torch.inference_mode():
            hidden = model(**tokenizer(text, return_tensors="pt"))[0]
        mean = hidden[0].mean(0)
        vectors.append((mean / mean.norm()).numpy())
    numpy.save(HOME / f"ref/{name}/sentences.npy", numpy.stack(vectors))


def main(count, path=None):
    tokenizer = DistilBertTokenizerFast.from_pretrained(HOME / "models/base")
    found = list(itertools.islice(fitting(path, tokenizer), int(count)))
    with open(HOME / "sentences.tsv", "w", encoding="utf-8") as file:
        file.writelines(f"{n}\t{text}\n" for n, text in found)
    for name in GEOMETRIES:
        reference(name, tokenizer, [text for _, text in found[:CHECKED]])
    print(f"{len(found)} sentences, {sum(n for n, _ in found)} tokens")


main(*sys.argv[1:])
