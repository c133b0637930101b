"""metrics.py - exact match and F1 as the SQuAD evaluation scripts count them.

Both compare texts after normalising: lower case, no ASCII punctuation, no
articles, single spaces - in this order, so "the_the" becomes "thethe" and is
kept.  Version 1.1 and 2.0 differ where one side is empty: see f1().
"""
import collections
import re
import string


def normalize(text):
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def exact(guess, gold):
    return float(normalize(guess) == normalize(gold))


def f1(guess, gold, version=1):
    """Of the bags of words.  Version 2 calls two empty texts equal."""
    guessed, wanted = normalize(guess).split(), normalize(gold).split()
    if version == 2 and not (guessed and wanted):
        return float(guessed == wanted)
    common = collections.Counter(guessed) & collections.Counter(wanted)
    same = sum(common.values())
    return 2 * same / (len(guessed) + len(wanted)) if same else 0.0


def score(guesses, golds):
    """Version 1.1: the best over a question's golds, 0 where no guess is.
    guesses: {id: text}; golds: {id: [text, ...]}.  Percentages (EM, F1)."""
    em = sum(max(exact(guesses[i], g) for g in golds[i])
             for i in golds if i in guesses)
    f = sum(max(f1(guesses[i], g) for g in golds[i])
            for i in golds if i in guesses)
    return 100 * em / len(golds), 100 * f / len(golds)
