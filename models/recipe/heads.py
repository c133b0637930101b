"""Fine-tunes the two small classifiers from the encoder of all-MiniLM-L6-v2, and packs them as int8 one-file checkpoints.

python heads.py sentiment BASE DIR --train sst2-train.tsv [--check labelled.tsv]
python heads.py entities  BASE DIR --train ewt-train.iob2 [wnut-train.conll ...] [--check ewt-dev.iob2]
python heads.py pack      BASE DIR OUT.safetensors

BASE  all-minilm-l6-v2.safetensors: the encoder in DistilBERT format, int8 rows with scales; vocabulary in its metadata. Its word embeddings stay
      frozen, and `pack` copies them byte for byte, so that all built-in checkpoints can share them.
DIR   an ordinary checkpoint directory (config.json, vocab.txt, tokenizer_config.json, model.safetensors in fp32), written after each pass.

Sentiment data: lines LABEL<tab>SENTENCE with a header, LABEL 0 or 1 (GLUE's SST-2). Entity data: one token a line and empty lines (or comments)
between sentences; *.iob2 has NUMBER<tab>TOKEN<tab>TAG (Universal NER), any other name TOKEN<tab>TAG (WNUT-17, whose types become PER, LOC, ORG).
--check is measured after each pass and trains nothing. bfloat16 autocast, AdamW, 6 % warm-up, then linear to nothing; rows of like length together.
Needs torch, transformers, tokenizers, safetensors, numpy (made with torch 2.8, transformers 4.57.1).
"""
import argparse, json, os, re, time
import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from tokenizers import BertWordPieceTokenizer
from torch.nn import functional as F
from transformers import DistilBertConfig, DistilBertForSequenceClassification, DistilBertForTokenClassification

SENTIMENT = ["NEGATIVE", "POSITIVE"]
ENTITIES = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]
KINDS = {"PER": "PER", "LOC": "LOC", "ORG": "ORG", "person": "PER", "location": "LOC", "corporation": "ORG", "group": "ORG"}
CLASSES = {"sentiment": (DistilBertForSequenceClassification, SENTIMENT), "entities": (DistilBertForTokenClassification, ENTITIES)}
WORDS = "embeddings.word_embeddings.weight"
TOKENIZER = ('{"do_lower_case": true, "unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]", '
             '"tokenize_chinese_chars": true, "strip_accents": null, "tokenizer_class": "DistilBertTokenizer", "model_max_length": 512}\n')


# ---- checkpoints ----

def widened(path):
    """One-file checkpoint -> fp32 tensors, metadata."""
    t = load_file(path)
    with safe_open(path, "np") as f:
        texts = f.metadata()
    return {n: w.astype(np.float32) * t[n + ".scale"][:, None] if w.dtype == np.int8 else w for n, w in t.items() if not n.endswith(".scale")}, texts


def write(model, path, texts):
    os.makedirs(path, exist_ok=True)
    state = {k: v.detach().float().contiguous().numpy() for k, v in model.state_dict().items()}
    save_file(state, f"{path}/model.safetensors.new", metadata={"format": "pt"})
    os.replace(f"{path}/model.safetensors.new", f"{path}/model.safetensors")
    for name in ("config.json", "vocab.txt", "tokenizer_config.json"):
        with open(f"{path}/{name}", "w", encoding="utf-8") as f:
            f.write(texts[name])


def pack(base, path, target):
    """Rows of matrices to int8 with a scale each, everything else F32; the word embeddings are those of `base`, to the byte."""
    shared = load_file(base)
    out = {}
    for name, w in load_file(f"{path}/model.safetensors").items():
        w = w.astype(np.float32)
        if name.endswith(WORDS):
            q, scale = shared[WORDS], shared[WORDS + ".scale"]
            if not np.array_equal(q.astype(np.float32) * scale[:, None], w):
                raise SystemExit("the word embeddings have been trained")
            out[name], out[name + ".scale"] = q, scale
        elif w.ndim == 2 and "position_embeddings" not in name:
            scale = np.abs(w).max(axis=1) / 127
            scale[scale == 0] = 1
            out[name] = np.clip(np.rint(w / scale[:, None]), -127, 127).astype(np.int8)
            out[name + ".scale"] = scale.astype(np.float32)
        else:
            out[name] = w
    texts = {t: open(f"{path}/{t}", encoding="utf-8").read() for t in ("config.json", "vocab.txt", "tokenizer_config.json")}
    save_file(out, target, metadata={"format": "pt", **texts})
    os.chmod(target, 0o644)
    print(target, os.path.getsize(target), "bytes")


# ---- data ----

def sentences(path):
    rows = [line.rstrip("\n").split("\t") for line in open(path, encoding="utf-8")][1:]
    return [(text.strip(), int(label)) for label, text in rows]


def plain(text):
    """SST has tokens with spaces between them ("it is n't"); people write without ("it isn't"). Half of the rows of a pass are shown like this."""
    text = re.sub(r" (n't|'(?:s|m|d|re|ve|ll)\b)", r"\1", text)
    for a, b in (("-lrb- ", "("), (" -rrb-", ")"), ("-lrb-", "("), ("-rrb-", ")"), ("`` ", '"'), (" ''", '"'), ("``", '"'), ("''", '"')):
        text = text.replace(a, b)
    return re.sub(r" ([,.!?;:])", r"\1", text)


def tagged(path):
    """[(words, tag numbers)]; the tag "?" is one that nobody knows, -100."""
    column = 2 if path.endswith(".iob2") else 1
    out, words, tags = [], [], []
    for line in open(path, encoding="utf-8"):
        f = line.rstrip("\n").split("\t")
        if line.startswith("# ") and len(f) == 1:
            continue
        if len(f) <= column or not f[0].strip():
            if words:
                out.append((words, tags))
            words, tags = [], []
            continue
        kind = KINDS.get(f[column].strip()[2:])
        words.append(f[column - 1].strip() or "?")
        tags.append(ENTITIES.index(f[column].strip()[:2] + kind) if kind else -100 if f[column].strip() == "?" else 0)
    return out + ([(words, tags)] if words else [])


def pieces(tokenizer, words, tags, limit):
    """Ids, a label for every piece (first of a word as the word, the others I-), which pieces are first."""
    e = tokenizer.encode(words, is_pretokenized=True)
    ids, label, first, seen = [], [], [], None
    for i, k in zip(e.ids, e.word_ids):
        new = k is not None and k != seen
        label.append(-100 if k is None else tags[k] if new or not tags[k] else tags[k] + tags[k] % 2)      # B- is odd, its I- the next
        first.append(new)
        ids.append(i)
        seen = k
    if len(ids) > limit:
        ids, label, first = ids[: limit - 1] + ids[-1:], label[: limit - 1] + [-100], first[: limit - 1] + [False]
    return ids, label, first


def repeated(paths):
    """FILE*3 is FILE three times."""
    return [p for path in paths for p in [path.partition("*")[0]] * int(path.partition("*")[2] or 1)]


def batches(length, tokens, rng):
    """One pass: rows of like length, at most `tokens` tokens with the padding, in random order."""
    out, batch = [], []
    for i in np.argsort(np.asarray(length) + rng.uniform(0, 4, len(length)), kind="stable"):
        if batch and max(length[i], *(length[k] for k in batch)) * (len(batch) + 1) > tokens:
            out.append(batch)
            batch = []
        batch.append(i)
    out.append(batch)
    rng.shuffle(out)
    return out


def square(rows, fill=0):
    n = max(map(len, rows))
    return torch.tensor([list(r) + [fill] * (n - len(r)) for r in rows])


def spans(tags):
    """IOB2 numbers -> {(start, end, kind)}; an I- that continues nothing begins an entity, as in seqeval."""
    out, begin, kind = set(), None, None
    for i, t in enumerate(list(tags) + [0]):
        x = ENTITIES[t][2:] if t else None
        if begin is not None and (not t or t % 2 or x != kind):
            out.add((begin, i, kind))
            begin = None
        if t and begin is None:
            begin, kind = i, x
    return out


@torch.no_grad()
def accuracy(model, tokenizer, rows):
    model.eval()
    hit = 0
    for at in range(0, len(rows), 32):
        part = rows[at : at + 32]
        ids = [e.ids for e in tokenizer.encode_batch([t for t, _ in part])]
        logits = model(square(ids), attention_mask=square([[1] * len(i) for i in ids])).logits
        hit += (logits.argmax(-1) == torch.tensor([l for _, l in part])).sum().item()
    return 100 * hit / len(rows)


@torch.no_grad()
def entity_f1(model, tokenizer, rows):
    """Precision, recall, F1 of whole entities; a word's tag is that of its first piece."""
    model.eval()
    rows = sorted((pieces(tokenizer, w, t, 512) for w, t in rows), key=lambda r: len(r[0]))
    same = found = real = 0
    for at in range(0, len(rows), 32):
        part = rows[at : at + 32]
        guess = model(square([r[0] for r in part]), attention_mask=square([[1] * len(r[0]) for r in part])).logits.argmax(-1).tolist()
        for g, (ids, label, first) in zip(guess, part):
            a = spans([x for x, f in zip(g, first) if f])
            b = spans([x for x, f in zip(label, first) if f])
            same, found, real = same + len(a & b), found + len(a), real + len(b)
    return 100 * same / max(1, found), 100 * same / max(1, real), 200 * same / max(1, found + real)


# ---- training ----

def train(task, a):
    torch.manual_seed(a.seed)
    torch.set_num_threads(a.threads)
    rng = np.random.default_rng(a.seed)
    state, texts = widened(a.base)
    state = {k if k.startswith("distilbert.") else "distilbert." + k: torch.from_numpy(v) for k, v in state.items()}
    make, labels = CLASSES[task]
    config = {**json.loads(texts["config.json"]), "architectures": [make.__name__], "id2label": {str(i): l for i, l in enumerate(labels)},
              "label2id": {l: i for i, l in enumerate(labels)}}
    texts = {"config.json": json.dumps(config, indent=1), "vocab.txt": texts["vocab.txt"], "tokenizer_config.json": TOKENIZER}
    tokenizer = BertWordPieceTokenizer({w: i for i, w in enumerate(texts["vocab.txt"].rstrip("\n").split("\n"))}, lowercase=True)
    model = make._from_config(DistilBertConfig.from_dict({**config, "dropout": a.dropout, "attention_dropout": 0.0}), attn_implementation="eager")      # "sdpa" is slow on CPUs
    model.load_state_dict(state, strict=False)
    model.distilbert.embeddings.word_embeddings.weight.requires_grad_(False)
    params = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    head = [(n, p) for n, p in params if not n.startswith("distilbert.")]
    body = [(n, p) for n, p in params if n.startswith("distilbert.")]
    groups = [{"params": [p for n, p in some if (p.ndim > 1) == wide], "lr": lr, "top": lr, "weight_decay": 0.01 if wide else 0.0}
              for some, lr in ((body, a.lr), (head, a.head_lr or a.lr)) for wide in (True, False)]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-6, fused=True)
    params = [p for n, p in params]

    if task == "sentiment":
        rows = [r for path in repeated(a.train) for r in sentences(path)]
        check = [r for path in a.check for r in sentences(path)]
        encoded = [[e.ids for e in tokenizer.encode_batch([f(t) for t, _ in rows])] for f in (str, plain)]
        length = [max(len(x), len(y)) for x, y in zip(*encoded)]
        measure = lambda: {"accuracy": accuracy(model, tokenizer, check), "accuracy without spaces": accuracy(model, tokenizer, [(plain(t), l) for t, l in check])}
    else:
        rows = [r for path in repeated(a.train) for r in tagged(path)]
        check = [r for path in a.check for r in tagged(path)]
        encoded = [pieces(tokenizer, w, t, 256) for w, t in rows]
        length = [len(r[0]) for r in encoded]
        measure = lambda: dict(zip(("precision", "recall", "f1"), entity_f1(model, tokenizer, check)))
    print(len(rows), "rows,", sum(length), "tokens; arguments", vars(a), flush=True)

    begun, seen, step, smooth = time.time(), 0, 0, None
    total = a.passes * len(batches(length, a.tokens, np.random.default_rng(0)))
    for turn in range(a.passes):
        for pick in batches(length, a.tokens, rng):
            used = min(1.0, max(step / total, (time.time() - begun) / (60 * a.minutes) if a.minutes else 0.0))
            if used >= 1:
                break
            for g in optimizer.param_groups:
                g["lr"] = g["top"] * min(1.0, used / 0.06 + 1e-3) * (1 - used)
            model.train()
            if task == "sentiment":
                ids = [encoded[int(rng.random() < 0.5)][i] for i in pick]
                y = torch.tensor([rows[i][1] for i in pick])
            else:
                ids = [encoded[i][0] for i in pick]
                y = square([encoded[i][1] for i in pick], -100)
            x, keep = square(ids), square([[1] * len(i) for i in ids])
            if a.blank:      # some words are lost: the rest has to tell
                x = torch.where((torch.rand(x.shape) < a.blank) & (x > 999), 103, x)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=not a.fp32):
                logits = model(x, attention_mask=None if bool(keep.all()) else keep).logits
            loss = F.cross_entropy(logits.float().flatten(0, -2), y.flatten(), ignore_index=-100)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(params, 1.0)
            optimizer.step()
            step, seen = step + 1, seen + int(keep.sum())
            smooth = loss.item() if smooth is None else 0.99 * smooth + 0.01 * loss.item()
            if step % 100 == 0 or step in (20, 60):
                print(f"step {step} of {total}, loss {smooth:.4f}, {time.time() - begun:.0f} s, {seen / (time.time() - begun):.0f} tokens/s", flush=True)
            if a.steps and step >= a.steps:
                return
        write(model, a.dir, texts)
        if check:
            print(f"pass {turn + 1}: {time.time() - begun:.0f} s", {k: round(v, 2) for k, v in measure().items()}, flush=True)
    print(f"done: {step * a.passes / total:.2f} passes, {step} steps, {seen} tokens, {time.time() - begun:.0f} s", flush=True)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("task", choices=["sentiment", "entities", "pack"])
    for name in ("base", "dir"):
        a.add_argument(name)
    a.add_argument("target", nargs="?")
    a.add_argument("--train", nargs="+", default=[])
    a.add_argument("--check", nargs="+", default=[])
    a.add_argument("--passes", type=int, default=3)
    a.add_argument("--minutes", type=float, default=0, help="end after so long, annealed, however many passes that were")
    a.add_argument("--tokens", type=int, default=512, help="tokens of a batch")
    a.add_argument("--lr", type=float, default=1e-4)
    a.add_argument("--head-lr", type=float, default=0)
    a.add_argument("--dropout", type=float, default=0.1)
    a.add_argument("--blank", type=float, default=0.0, help="share of the words to mask in training")
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--threads", type=int, default=2)
    a.add_argument("--steps", type=int, default=0, help="stop early, to try things")
    a.add_argument("--fp32", action="store_true")
    a = a.parse_args()
    if a.task == "pack":
        pack(a.base, a.dir, a.target)
    else:
        train(a.task, a)


if __name__ == "__main__":
    main()
