"""Measures the two checkpoints with transformers in fp32, and writes test data.

python measure.py sentiment CHECKPOINT sst2-dev.tsv
python measure.py entities  CHECKPOINT ewt-test.iob2 [wnut-test.conll]
python measure.py data  sst2-dev.tsv ewt-test.iob2 OUT_DIR                           OUT_DIR/sst2-dev.tsv, OUT_DIR/ewt-test.json
python measure.py cases SENTIMENT ENTITIES sst2-dev.tsv ewt-test.iob2 OUT.json       what the pipelines of transformers say
python measure.py own   SENTIMENT ENTITIES lines.txt OUT.json                        the same for one's own sentences, one a line
python measure.py words BASE CHECKPOINT ...                                          are the word embeddings those of BASE, to the byte?

CHECKPOINT: a directory, or an int8 one-file checkpoint, which is widened to fp32 first (w = q * scale). sst2-dev.tsv: LABEL<tab>SENTENCE with a header.
"""
import json, os, sys, tempfile
import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from tokenizers import BertWordPieceTokenizer
from transformers import (AutoTokenizer, DistilBertForSequenceClassification, DistilBertForTokenClassification, pipeline)
from heads import ENTITIES, WORDS, accuracy, entity_f1, plain, sentences, spans, tagged, widened


def folder(path):
    if os.path.isdir(path):
        return path
    target = tempfile.mkdtemp()
    tensors, texts = widened(path)
    save_file(tensors, f"{target}/model.safetensors", metadata={"format": "pt"})
    for name, text in texts.items():
        if name != "format":
            with open(f"{target}/{name}", "w", encoding="utf-8") as f:
                f.write(text)
    return target


def opened(make, path):
    path = folder(path)
    model, said = make.from_pretrained(path, output_loading_info=True)
    if said["missing_keys"] or said["unexpected_keys"] or said["mismatched_keys"]:
        raise SystemExit(f"{path}: {said}")
    return model.float().eval(), AutoTokenizer.from_pretrained(path), BertWordPieceTokenizer(f"{path}/vocab.txt", lowercase=True)


def texts_of(path):
    """[(text, [(start, end, kind)])] of a Universal NER file: characters of the sentence's own text."""
    out, text, words, tags = [], None, [], []
    for line in list(open(path, encoding="utf-8")) + ["\n"]:
        f = line.rstrip("\n").split("\t")
        if line.startswith("# text = "):
            text = line.rstrip("\n")[9:]
        elif len(f) > 2 and f[0].isdigit():
            words.append(f[1].strip())
            kind = f[2][2:]
            tags.append(ENTITIES.index(f[2]) if kind in ("PER", "LOC", "ORG") else 0)
        elif not line.strip() and words:
            at, place = 0, []
            for w in words:
                at = text.index(w, at)
                place.append((at, at + len(w)))
                at += len(w)
            out.append((text, sorted((place[b][0], place[e - 1][1], k) for b, e, k in spans(tags))))
            words, tags = [], []
    return out


def plain_numbers(x):
    if isinstance(x, dict):
        return {k: plain_numbers(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [plain_numbers(v) for v in x]
    return float(x) if isinstance(x, (float, np.floating)) else int(x) if isinstance(x, (int, np.integer)) else x


def main():
    task, *a = sys.argv[1:]
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 2)))
    if task == "sentiment":
        model, _, tokenizer = opened(DistilBertForSequenceClassification, a[0])
        rows = sentences(a[1])
        print(f"{a[0]}: accuracy {accuracy(model, tokenizer, rows):.2f}, without spaces before n't and so on {accuracy(model, tokenizer, [(plain(t), l) for t, l in rows]):.2f}"
              f" ({len(rows)} sentences)")
    elif task == "entities":
        model, hf, tokenizer = opened(DistilBertForTokenClassification, a[0])
        for path in a[1:]:
            print(f"{a[0]}, {os.path.basename(path)}: precision %.2f recall %.2f F1 %.2f (words given)" % entity_f1(model, tokenizer, tagged(path)))
            if path.endswith(".iob2"):
                for strategy in ("simple", "first"):
                    ask = pipeline("token-classification", model=model, tokenizer=hf, aggregation_strategy=strategy, device=-1)
                    same = found = real = 0
                    for text, gold in texts_of(path):
                        got = {(r["start"], r["end"], r["entity_group"]) for r in ask(text)}
                        same, found, real = same + len(got & set(gold)), found + len(got), real + len(gold)
                    print(f"   pipeline, aggregation_strategy {strategy}, exact characters and kind: precision {100 * same / found:.2f} recall {100 * same / real:.2f} "
                          f"F1 {200 * same / (found + real):.2f} ({real} entities)")
    elif task == "data":
        with open(f"{a[2]}/sst2-dev.tsv", "w", encoding="utf-8") as f:
            f.write("sentence\tlabel\n" + "".join(f"{t}\t{l}\n" for t, l in sentences(a[0])))
        rows = [{"text": t, "entities": [{"start": s, "end": e, "type": k, "text": t[s:e]} for s, e, k in g]} for t, g in texts_of(a[1])]
        with open(f"{a[2]}/ewt-test.json", "w", encoding="utf-8") as f:
            f.write("[\n" + ",\n".join(json.dumps(r, ensure_ascii=False) for r in rows) + "\n]\n")
        print(len(rows), "sentences,", sum(len(r["entities"]) for r in rows), "entities")
    elif task in ("cases", "own"):
        sentiment, hf, _ = opened(DistilBertForSequenceClassification, a[0])
        feel = pipeline("text-classification", model=sentiment, tokenizer=hf, top_k=None, device=-1)
        model, hf, _ = opened(DistilBertForTokenClassification, a[1])
        find = {s: pipeline("token-classification", model=model, tokenizer=hf, aggregation_strategy=s, device=-1) for s in ("simple", "none")}
        rng = np.random.default_rng(0)
        if task == "own":
            felt = [(t, None) for t in open(a[2], encoding="utf-8").read().split("\n") if t]
            found = felt
        else:
            felt, found = sentences(a[2]), texts_of(a[3])
            felt = [felt[i] for i in sorted(rng.permutation(len(felt))[:40])]
            order = rng.permutation(len(found))
            found = [found[i] for i in sorted([i for i in order if found[i][1]][:24] + [i for i in order if not found[i][1] and len(found[i][0]) > 20][:6])]
        out = {"sentiment": [{"text": t, **({} if g is None else {"gold": sentiment.config.id2label[g]}), "top_k=None": feel([t])[0]} for t, g in felt],
               "entities": [{"text": t, **({} if g is None else {"gold": [{"start": s, "end": e, "type": k} for s, e, k in g]}), **{s: f(t) for s, f in find.items()}} for t, g in found]}
        with open(a[-1], "w", encoding="utf-8") as f:
            json.dump(plain_numbers(out), f, indent=1, ensure_ascii=False)
    elif task == "words":
        base = load_file(a[0])
        for path in a[1:]:
            t = load_file(path)
            print(path, all(t["distilbert." + WORDS + e].tobytes() == base[WORDS + e].tobytes() and t["distilbert." + WORDS + e].dtype == base[WORDS + e].dtype for e in ("", ".scale")))


if __name__ == "__main__":
    main()
