"""Brings the entity sets into one form: TOKEN<tab>TAG<tab>UPOS lines (UPOS "_" where unknown), tags B-/I- PER, ORG, LOC or O.

python sets.py OUT_DIR name=FILE[,UD.conllu] ...        sets by their names below; the .conllu has the same sentences with UPOS
python sets.py OUT_DIR text=DIR,LIST                    unlabelled: the UD documents of DIR that LIST names, tag "?" throughout

Names: ewt-*, pud (Universal NER, .iob2), wnut-*, btc-*, wikigold, tweebank-*, crossner-* (anything after the first - is free).
"""
import re, sys

KINDS = {"per": "PER", "person": "PER", "loc": "LOC", "location": "LOC", "country": "LOC", "org": "ORG", "organisation": "ORG", "organization": "ORG",
         "corporation": "ORG", "group": "ORG", "band": "ORG", "university": "ORG", "politicalparty": "ORG", "politician": "PER", "scientist": "PER",
         "researcher": "PER", "writer": "PER", "musicalartist": "PER"}


def sentences(path, column, tag):
    """[(words, tags)] with the set's own kinds reduced to three; I- without a beginning becomes B-."""
    out, words, tags, before = [], [], [], None
    for line in list(open(path, encoding="utf-8")) + ["\n"]:
        f = re.split(r"[\t ]", line.rstrip("\n")) if "\t" not in line else line.rstrip("\n").split("\t")
        if line.startswith("# ") and "\t" not in line:
            continue
        if len(f) <= max(column, abs(tag) - 1) or not f[0].strip() or f[0] == "-DOCSTART-":
            if words:
                out.append((words, tags))
            words, tags, before = [], [], None
            continue
        t, x = f[tag].strip(), f[column].strip() or "?"
        kind = KINDS.get(t[2:].lower())
        words.append(x)
        tags.append("O" if not kind else ("I-" if t[0] == "I" and before == t[2:] else "B-") + kind)
        before = t[2:] if kind else None
    return out


def parsed(path):
    """{sentence: UPOS} and the sentences in order, of a CoNLL-U file; words of multiword tokens, no empty nodes."""
    out, words, tags = [], [], []
    for line in list(open(path, encoding="utf-8")) + ["\n"]:
        f = line.rstrip("\n").split("\t")
        if len(f) == 10 and f[0].isdigit():
            words.append(f[1].strip())
            tags.append(f[3])
        elif not line.strip() and words:
            out.append((words, tags))
            words, tags = [], []
    return out


def write(path, rows):
    with open(path, "w", encoding="utf-8") as f:
        for row in rows:
            f.write("".join("\t".join(x) + "\n" for x in row) + "\n")
    print(path, len(rows), "sentences,", sum(map(len, rows)), "words,", sum(x[1][0] == "B" for r in rows for x in r), "entities,",
          sum(r[0][2] != "_" for r in rows), "with UPOS")


for argument in sys.argv[2:]:
    name, files = argument.split("=", 1)
    files = files.split(",")
    if name == "text":
        rows = [[(w, "?", p) for w, p in zip(*s)] for d in open(files[1]).read().split() for s in parsed(f"{files[0]}/{d}")]
    else:
        column, tag = (1, 2) if name.startswith(("ewt", "pud")) else (0, -1)
        known = {tuple(w): p for w, p in parsed(files[1])} if len(files) > 1 else {}
        rows = [list(zip(w, t, known.get(tuple(w), ["_"] * len(w)))) for w, t in sentences(files[0], column, tag)]
    write(f"{sys.argv[1]}/{name}.conll", rows)
