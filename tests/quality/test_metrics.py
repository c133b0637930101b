#!/usr/bin/env python3
"""Worked examples of the SQuAD metrics: gold, guess, normalised, EM, F1."""
import sys

import metrics
import sts

CASES = [
    # gold, guess, gold and guess normalised, EM, F1 (1.1), F1 (2.0)
    ("The SQuAD dataset", "squad dataset.", "squad dataset", "squad dataset",
     1, 1, 1),
    ("Denver Broncos", "the Denver Broncos, of the NFL", "denver broncos",
     "denver broncos of nfl", 0, 2 / 3, 2 / 3),
    ("a", "the", "", "", 1, 0, 1),
    ("", "x", "", "x", 0, 0, 0),
    ("U.S.", "US", "us", "us", 1, 1, 1),
    ("caf\u00e9-bar", "caf\u00e9bar", "caf\u00e9bar", "caf\u00e9bar", 1, 1, 1),
    ("\u201cquoted\u201d", "quoted", "\u201cquoted\u201d", "quoted", 0, 0, 0),
    ("an apple a day", "apple day day", "apple day", "apple day day",
     0, 0.8, 0.8),
    ("don't", "dont", "dont", "dont", 1, 1, 1),
    ("the_the", "the", "thethe", "", 0, 0, 0),
]


def main():
    passed = failed = 0
    for gold, guess, want_gold, want_guess, em, f1, f2 in CASES:
        got = (metrics.normalize(gold), metrics.normalize(guess),
               metrics.exact(guess, gold), round(metrics.f1(guess, gold), 9),
               round(metrics.f1(guess, gold, 2), 9))
        want = (want_gold, want_guess, em, round(f1, 9), round(f2, 9))
        passed, failed = passed + (got == want), failed + (got != want)
        if got != want:
            print(f"{gold!r}, {guess!r}: {got}, not {want}")
    # The best gold counts; a question without a guess counts as wrong.
    got = metrics.score({"1": "The US"}, {"1": ["UK", "U.S."], "2": ["x"]})
    passed, failed = passed + (got == (50, 50)), failed + (got != (50, 50))
    # Ranks 0, 3, 1.5, 1.5 against 0 to 3: 1.5 / sqrt(5 * 4.5).
    got = [sts.ranks([3, 1, 3, 2]), sts.spearman([1, 2, 3, 4], [1, 4, 9, 16]),
           sts.spearman([1, 2, 3], [3, 2, 1]),
           round(sts.spearman([1, 2, 3, 4], [1, 3, 2, 2]), 9)]
    want = [[2.5, 0, 2.5, 1], 1, -1, round(0.1 ** 0.5, 9)]
    for g, w in zip(got, want):
        passed, failed = passed + (g == w), failed + (g != w)
        if g != w:
            print(f"{g}, not {w}")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
