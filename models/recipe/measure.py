"""measure.py - the finished models under transformers in fp32, for the numbers beside those of `make quality`.

python measure.py sst2 CHECKPOINT dev.tsv
python measure.py ner  CHECKPOINT ewt-test.iob2          words given, then plain text by three strategies of the pipeline
python measure.py mask CHECKPOINT masked.json            what tests/quality/masked.py --save wrote

CHECKPOINT: an int8 one-file checkpoint with its word embeddings; it is widened to fp32 (w = q * scale).
"""
import json
import sys
import tempfile

import torch
from tokenizers import BertWordPieceTokenizer
from transformers import (DistilBertConfig, DistilBertForMaskedLM, DistilBertForSequenceClassification,
                          DistilBertForTokenClassification, DistilBertTokenizerFast, pipeline)

import sentiment
from net import ENTITIES, MASK, WORDS, dequantised, vocabulary, whole
from score import entity_f1, spans


def opened(kind, path):
    tensors, texts = whole(path)
    state = {k: torch.from_numpy(v) for k, v in dequantised(tensors).items()}
    if kind is DistilBertForMaskedLM:
        state["vocab_projector.weight"] = state[WORDS]
    model = kind(DistilBertConfig.from_dict(json.loads(texts["config.json"])))
    model.load_state_dict(state)
    return model.eval(), BertWordPieceTokenizer(vocabulary(path), lowercase=True), texts["vocab.txt"]


def sentences(path):
    """[(text, words, tags, places)] of a Universal NER file."""
    out, text, words, tags, places = [], None, [], [], []
    with open(path, encoding="utf-8") as file:
        lines = [*file, "\n"]
    for line in lines:
        f = line.rstrip("\n").split("\t")
        if line.startswith("# text = "):
            text = line.rstrip("\n")[9:]
        elif len(f) > 2 and f[0].isdigit():
            at = text.index(f[1].strip(), places[-1][1] if places else 0)
            words.append(f[1].strip())
            places.append((at, at + len(words[-1])))
            tags.append(ENTITIES.index(f[2]) if f[2] in ENTITIES else 0)
        elif not line.strip() and words:
            out.append((text, words, tags, places))
            words, tags, places = [], [], []
    return out


@torch.no_grad()
def words_given(model, tokenizer, rows):
    out = []
    for _, words, tags, _ in rows:
        e = tokenizer.encode(words, is_pretokenized=True)
        guess = model(torch.tensor([e.ids])).logits[0].argmax(-1).tolist()
        first = [i for i, k in enumerate(e.word_ids) if k is not None and k != e.word_ids[i - 1]]
        out.append(([guess[i] for i in first], [tags[e.word_ids[i]] for i in first], [True] * len(first)))
    return entity_f1(out)


def plain_text(ask, rows):
    same = found = real = 0
    for text, _, tags, places in rows:
        a = {(e["start"], e["end"], e["entity_group"]) for e in ask(text)}
        b = {(places[i][0], places[j - 1][1], k) for i, j, k in spans(tags)}
        same, found, real = same + len(a & b), found + len(a), real + len(b)
    return round(200 * same / (found + real), 2)


def ner(path, data):
    model, tokenizer, vocab = opened(DistilBertForTokenClassification, path)
    rows = sentences(data)
    print("words given", words_given(model, tokenizer, rows))
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(vocab)
        file.flush()
        hf = DistilBertTokenizerFast(file.name, do_lower_case=True)
    for strategy in ("simple", "first", "average"):
        ask = pipeline("token-classification", model=model, tokenizer=hf, aggregation_strategy=strategy, device=-1)
        print(strategy, plain_text(ask, rows))


@torch.no_grad()
def mask(path, data):
    model, tokenizer, _ = opened(DistilBertForMaskedLM, path)
    first = five = n = 0
    with open(data, encoding="utf-8") as file:
        rows = json.load(file)
    for text, words in rows:
        ids = torch.tensor([tokenizer.encode(text).ids])
        best = model(ids).logits[0, (ids[0] == MASK).nonzero().flatten()].topk(5).indices.tolist()
        for top, word in zip(best, map(tokenizer.token_to_id, words)):
            first, five, n = first + (top[0] == word), five + (word in top), n + 1
    print(n, "masks", round(100 * first / n, 2), round(100 * five / n, 2))


def sst2(path, data):
    model, tokenizer, _ = opened(DistilBertForSequenceClassification, path)
    print(sentiment.accuracy(model, tokenizer, sentiment.sentences(data)))


{"sst2": sst2, "ner": ner, "mask": mask}[sys.argv[1]](*sys.argv[2:])
