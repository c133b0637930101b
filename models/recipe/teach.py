"""Labels plain text for the entity model: a teacher that also sees the case of words and their UPOS, which the uncased student never does.

python teach.py BASE OUT.conll --gold SET.conll[*N] ... --text TEXT.conll [--check SET.conll] [--passes 4] [--seeds 1]

Sets as sets.py writes them (*N: shown N times a pass). OUT has the words of TEXT with the teachers' tags; "?" where they are not sure.
UPOS is hidden from half of the rows while training where --blind is given, so that text without it can be labelled, too.
"""
import argparse, json, time
import numpy as np
import torch
from tokenizers import BertWordPieceTokenizer
from torch import nn
from torch.nn import functional as F
from transformers import DistilBertConfig, DistilBertForTokenClassification
from heads import ENTITIES, batches, pieces, repeated, spans, square, tagged, widened

UPOS = "_ ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X".split()


def shape(word, first):
    letters = [c for c in word if c.isalpha()]
    kind = 0 if not letters else 1 if word.islower() else 2 if len(letters) > 1 and word.isupper() else 3 if word[0].isupper() else 4
    return 1 + kind + (5 if first else 0)


class Teacher(nn.Module):
    def __init__(self, config, state):
        super().__init__()
        self.net = DistilBertForTokenClassification._from_config(config, attn_implementation="eager")
        self.net.load_state_dict(state, strict=False)
        self.words = self.net.distilbert.embeddings.word_embeddings.requires_grad_(False)
        self.upos, self.case = nn.Embedding(len(UPOS), config.dim), nn.Embedding(11, config.dim)
        nn.init.zeros_(self.upos.weight)
        nn.init.zeros_(self.case.weight)

    def forward(self, x, upos, case, keep):
        return self.net(inputs_embeds=self.words(x) + self.upos(upos) + self.case(case), attention_mask=None if bool(keep.all()) else keep).logits


def read(path, tokenizer):
    """Rows of (ids, label, first, upos, case), and the words."""
    rows, words = [], []
    tags = tagged(path)
    known = [[l.rstrip("\n").split("\t")[2] for l in s.split("\n") if l] for s in open(path, encoding="utf-8").read().split("\n\n") if s.strip()]
    for (w, t), p in zip(tags, known):
        w, t, p = w[:200], t[:200], p[:200]
        ids, label, first = pieces(tokenizer, w, t, 400)
        k, upos, case = -1, [0], [0]
        caps = sum(x[0].isupper() for x in w if x[0].isalpha()) > 0.7 * sum(x[0].isalpha() for x in w)      # headings say little by case
        for f in first[1:-1]:
            k += f
            upos.append(UPOS.index(p[k]))
            case.append(0 if caps and len(w) > 3 else shape(w[k], k == 0))
        rows.append((ids, label, first, upos + [0], case + [0]))
        words.append(w)
    return rows, words


@torch.no_grad()
def probabilities(model, rows):
    """Per row the distribution at the first piece of each word."""
    model.eval()
    out = [None] * len(rows)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))
    for at in range(0, len(order), 48):
        pick = order[at : at + 48]
        x, u, c = (square([rows[i][j] for i in pick]) for j in (0, 3, 4))
        keep = square([[1] * len(rows[i][0]) for i in pick])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            p = model(x, u, c, keep).float().softmax(-1)
        for r, i in enumerate(pick):
            out[i] = p[r, : len(rows[i][0])][torch.tensor(rows[i][2])].numpy()
    return out


def measured(p, rows):
    same = found = real = 0
    for q, (ids, label, first, *_) in zip(p, rows):
        a, b = spans(q.argmax(-1).tolist()), spans([x for x, f in zip(label, first) if f])
        same, found, real = same + len(a & b), found + len(a), real + len(b)
    return f"precision {100 * same / max(1, found):.2f} recall {100 * same / max(1, real):.2f} f1 {200 * same / max(1, found + real):.2f}"


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("base")
    a.add_argument("out")
    a.add_argument("--gold", nargs="+", required=True)
    a.add_argument("--text", required=True)
    a.add_argument("--check")
    for name, kind, initial in (("--passes", int, 4), ("--seeds", int, 1), ("--tokens", int, 768), ("--lr", float, 1.5e-4), ("--sure", float, 0.6), ("--threads", int, 1)):
        a.add_argument(name, type=kind, default=initial)
    a.add_argument("--blind", action="store_true")
    a = a.parse_args()
    torch.set_num_threads(a.threads)
    state, texts = widened(a.base)
    state = {k if k.startswith("distilbert.") else "distilbert." + k: torch.from_numpy(v) for k, v in state.items()}
    tokenizer = BertWordPieceTokenizer({w: i for i, w in enumerate(texts["vocab.txt"].rstrip("\n").split("\n"))}, lowercase=True)
    config = DistilBertConfig.from_dict({**json.loads(texts["config.json"]), "attention_dropout": 0.0, "id2label": dict(enumerate(ENTITIES))})
    rows = [r for path in repeated(a.gold) for r in read(path, tokenizer)[0]]
    check = read(a.check, tokenizer)[0] if a.check else []
    text, words = read(a.text, tokenizer)
    length = [len(r[0]) for r in rows]
    print(len(rows), "rows,", sum(length), "tokens", vars(a), flush=True)
    total, dev = 0, 0
    for seed in range(1, a.seeds + 1):
        torch.manual_seed(seed)
        rng = np.random.default_rng(seed)
        model = Teacher(config, state)
        params = [p for p in model.parameters() if p.requires_grad]
        features = [*model.upos.parameters(), *model.case.parameters()]
        body = [p for p in params if not any(p is f for f in features)]
        optimizer = torch.optim.AdamW([{"params": body, "top": a.lr}, {"params": features, "top": 10 * a.lr}], lr=a.lr, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.01, fused=True)
        plan = [b for _ in range(a.passes) for b in batches(length, a.tokens, rng)]
        begun, seen, smooth = time.time(), 0, 1.0
        for step, pick in enumerate(plan):
            used = step / len(plan)
            for g in optimizer.param_groups:
                g["lr"] = g["top"] * min(1.0, used / 0.06 + 1e-3) * (1 - used)
            model.train()
            x, u, c = (square([rows[i][j] for i in pick]) for j in (0, 3, 4))
            y, keep = square([rows[i][1] for i in pick], -100), square([[1] * length[i] for i in pick])
            if a.blind:
                u = u * (torch.rand(len(pick), 1) < 0.5)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(x, u, c, keep)
            loss = F.cross_entropy(logits.float().flatten(0, 1), y.flatten(), ignore_index=-100)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(params, 1.0)
            optimizer.step()
            seen, smooth = seen + int(keep.sum()), 0.98 * smooth + 0.02 * loss.item()
            if step % 200 == 20 or step + 1 == len(plan):
                print(f"teacher {seed}: step {step + 1} of {len(plan)}, loss {smooth:.4f}, {time.time() - begun:.0f} s, {seen / (time.time() - begun):.0f} tokens/s", flush=True)
        if check:
            p = probabilities(model, check)
            dev = [x + y for x, y in zip(dev, p)] if dev else p
            print("teacher", seed, "check:", measured(p, check), "all so far:", measured(dev, check), flush=True)
            if any(any(r[3]) for r in check):
                print("   without UPOS:", measured(probabilities(model, [(*r[:3], [0] * len(r[3]), r[4]) for r in check]), check), flush=True)
        p = probabilities(model, text)
        total = [x + y for x, y in zip(total, p)] if total else p
        with open(a.out, "w", encoding="utf-8") as f:
            for w, q in zip(words, total):
                before = "O"
                for x, d in zip(w, q / seed):
                    t = ENTITIES[d.argmax()] if d.max() >= a.sure else "?"
                    if t[0] == "I" and before[1:] != t[1:]:
                        t = "B" + t[1:]
                    f.write(f"{x}\t{t}\t_\n")
                    before = t
                f.write("\n")


if __name__ == "__main__":
    main()
