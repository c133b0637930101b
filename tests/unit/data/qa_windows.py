#!/usr/bin/env python3
"""Makes qa_windows.json, the data of tests/unit/test_collect.c.

    qa_windows.py QA_POSTPROCESS.json TOKENIZERS >qa_windows.json

The first argument holds questions, contexts, a rule for made-up logits, and
the answers that the question-answering pipeline's rules give for them; the
second is a folder with bert-base-cased/vocab.txt and bert-base-uncased/
vocab.txt.  Needs tokenizers==0.22.1, which cuts the windows.  One context is
the example on the cards of the distilled SQuAD checkpoints (Apache-2.0).
"""
import json
import sys

from tokenizers import BertWordPieceTokenizer


def logits(c, n, question, begin):
    """By the rule stated in the file; `begin`: the window's first context
    token, whose place in the window is question + 2."""
    base = c["logits"]["base"]
    start = [base - 0.0031 * i for i in range(n)]
    end = [base - 0.0017 * (7 * i % 23) for i in range(n)]
    start[0], end[0] = c["logits"]["cls"]
    for values, side in ((start, "start"), (end, "end")):
        for index, value in c["logits"][side].items():
            at = int(index) - begin
            if 0 <= at < n - question - 3:
                values[at + question + 2] = value
    return start, end


def windows(tok, c):
    length = c["params"].get("max_seq_len", 384)
    stride = c["params"].get("doc_stride", min(length // 2, 128))
    tok.enable_truncation(length, stride=stride, strategy="only_second")
    first = tok.encode(c["question"], c["context"])
    question = first.sequence_ids.count(0)
    for i, e in enumerate([first] + first.overflowing):
        begin = i * (length - 3 - question - stride)
        start, end = logits(c, len(e.ids), question, begin)
        yield {"ids": e.ids,
               "sequences": [-1 if s is None else s for s in e.sequence_ids],
               "words": [-1 if w is None else w for w in e.word_ids],
               "offsets": [x for pair in e.offsets for x in pair],
               "start_logits": [round(x, 6) for x in start],
               "end_logits": [round(x, 6) for x in end]}


def main(postprocess, folder):
    with open(postprocess) as file:
        cases = json.load(file)["cases"]
    toks = {name: BertWordPieceTokenizer(f"{folder}/bert-base-{name}/vocab.txt",
                                         lowercase=name == "uncased")
            for name in ("cased", "uncased")}
    rows = {}
    for c in cases:
        row = rows.setdefault(json.dumps([c["name"], c["params"]]), {
            "name": c["name"], "context": c["context"], "params": c["params"],
            "windows": list(windows(toks[c["tok"]], c))})
        # transformers 4.53 alone merges without looking at more picks.
        if c["mode"] != "merge_no_widen":
            key = "unmerged" if c["mode"] == "legacy" else "result_4_57_1"
            row[key] = c["expected"]
    lines = (json.dumps(r, separators=(",", ":")) for r in rows.values())
    print("[\n" + ",\n".join(lines) + "\n]")


if __name__ == "__main__":
    main(*sys.argv[1:])
