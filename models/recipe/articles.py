"""articles.py - which articles of a Wikipedia text train, and which are kept out.

In:  the path of a text, plain or .xz, with articles under "= Title =" lines,
     and that of SQuAD v1.1 dev.
Out: two lists of whole articles: those to train on, the longest ones (the
     core of an encyclopedia) first, and half a million characters to measure.

None of either is an article that SQuAD dev is made of. prepare.py and
tests/quality/masked.py both ask here, so what is measured was not trained on.
"""
import json
import lzma
import random
import re
import urllib.parse

HELD = 250_000      # characters of long articles, and as many of short ones
LONG = 6000


def read(path):
    with (lzma.open if path.endswith(".xz") else open)(path, "rt", encoding="utf-8") as file:
        return file.read()


def title(article):
    return re.match(r"\n= ([^\n]+) =\n", article).group(1).strip().lower()


def split(wiki, squad_dev):
    """(train, held)"""
    known = {urllib.parse.unquote(a["title"]).replace("_", " ").strip().lower() for a in json.loads(read(squad_dev))["data"]}
    found = re.split(r"\n(?=\n= [^\n]+ =\n)", "\n" + read(wiki))[1:-1]      # the last one is cut off
    found = [a for a in found if title(a) not in known]
    random.Random(1).shuffle(found)
    kinds = [a for a in found if len(a) > LONG], [a for a in found if len(a) <= LONG]
    held = []
    for kind in kinds:
        size = 0
        while kind and size < HELD:
            held.append(kind.pop())
            size += len(held[-1])
    return kinds[0] + kinds[1], held
