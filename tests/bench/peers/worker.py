"""worker.py - one peer, one model, one number of threads, in one process.

    python worker.py PEER DTYPE MODEL THREADS        (of the peer's own venv)

Says on its first line that it is ready, then answers one line of JSON with
another until its input ends; bench.py is at the other side.

    {"do": "check", "tokens": 16}      agreement with PyTorch in fp32
    {"do": "time", "tokens": 16, "seconds": 0.1}
                                       {"ms": [...], "cpu_ms": [...]}
    {"do": "check-bulk"}               agreement over the first sentences
    {"do": "bulk", "first": 0, "count": 1000, "seconds": 5}
                                       {"ms", "cpu_ms", "rows", "tokens"}

What goes wrong is answered as {"error": ...}.  CPU time is that of all threads
of the process; ms is the clock on the wall.
"""
import json
import os
import sys
import time

import numpy

from places import HOME

PROBE = 32  # sentences that tell how long more of them would take


def find(name):
    import insql
    import runtimes
    return {**runtimes.PEERS, **insql.PEERS}[name]


def clocks():
    return time.perf_counter(), time.process_time()


def timed(call):
    """The call's result, then milliseconds on the wall and of CPU."""
    wall, cpu = clocks()
    out = call()
    after = clocks()
    return out, 1e3 * (after[0] - wall), 1e3 * (after[1] - cpu)


def unit(vectors):
    return vectors / numpy.linalg.norm(vectors, axis=-1, keepdims=True)


def agreement(ours, right):
    """Of two arrays [rows, width]."""
    a, b = (numpy.asarray(x, numpy.float64) for x in (ours, right))
    return {"cos_min": round(float((unit(a) * unit(b)).sum(1).min()), 6),
            "max_diff": float(f"{abs(a - b).max():.3g}")}


class Worker:
    def __init__(self, name, dtype, model, threads):
        self.texts = json.loads((HOME / "texts.json").read_text())
        self.model, self.turn, self.long = model, 0, set()
        self.peer = find(name)(model, dtype, int(threads))

    def inputs(self, tokens):
        return self.texts[str(tokens)][self.peer.takes]

    def check(self, tokens):
        """Of token vectors; of pooled unit vectors where there are no others."""
        right = numpy.load(f"{HOME}/ref/{self.model}/{tokens}.npy")
        feed = self.peer.feed(self.inputs(tokens)[:1])
        ours = self.peer.array(self.peer.run(feed))
        if ours.ndim == 3:
            return agreement(ours[0], right)
        return agreement(unit(ours), unit(right.mean(0, keepdims=True)))

    def time(self, tokens, seconds):
        """Calls with one text after the other.  The first is to warm up, unless
        calls are so long that they warm up by themselves."""
        feeds = [self.peer.feed([row]) for row in self.inputs(tokens)]
        if tokens not in self.long:
            first = timed(lambda: self.peer.run(feeds[self.turn % len(feeds)]))
            if first[1] > 1e3 * seconds:
                self.long.add(tokens)
        found, end = [], time.perf_counter() + seconds
        while not found or time.perf_counter() < end:
            self.turn += 1
            feed = feeds[self.turn % len(feeds)]
            found.append(timed(lambda: self.peer.run(feed))[1:])
        wall, cpu = zip(*found)
        return {"ms": wall, "cpu_ms": cpu}

    def sentences(self, first, count):
        with open(HOME / "sentences.tsv", encoding="utf-8") as file:
            rows = [line.rstrip("\n").split("\t") for line in file]
        rows = rows[first:first + count]
        return [text for _, text in rows], [int(n) for n, _ in rows]

    def check_bulk(self):
        right = numpy.load(f"{HOME}/ref/{self.model}/sentences.npy")
        self.peer.store(self.sentences(0, len(right))[0])
        return agreement(unit(numpy.stack(self.peer.bulk(len(right)))), right)

    def bulk(self, first, count, seconds):
        """As many of the sentences as should fit into so many seconds."""
        texts, tokens = self.sentences(first, count)
        self.peer.store(texts)
        probe = timed(lambda: self.peer.bulk(min(PROBE, count)))[1]
        n = min(count, max(PROBE, int(PROBE * 1e3 * seconds / probe)))
        _, wall, cpu = timed(lambda: self.peer.bulk(n))
        return {"ms": wall, "cpu_ms": cpu, "rows": n, "tokens": sum(tokens[:n])}


def main(*arguments):
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a peer prints must not be taken for an answer

    def answer(**reply):
        print(json.dumps(reply), file=out, flush=True)

    def careful(action):
        try:
            return action() or {}
        except Exception as problem:  # whatever a peer raises goes to the table
            return {"error": f"{type(problem).__name__}: {problem}"[:300]}

    worker = None

    def start():
        nonlocal worker
        began = time.time()
        worker = Worker(*arguments)
        return {"version": worker.peer.version, "how": worker.peer.how,
                "start_s": round(time.time() - began, 3)}

    answer(**careful(start))
    for line in sys.stdin if worker else []:
        request = json.loads(line)
        do = getattr(worker, request.pop("do").replace("-", "_"))
        answer(**careful(lambda: do(**request)))


if __name__ == "__main__":
    main(*sys.argv[1:])
