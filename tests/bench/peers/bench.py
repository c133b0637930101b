#!/usr/bin/env python3
"""bench.py - measures every peer that setup.py installed, in turns.

    tests/bench/peers/bench.py [--rounds N] [--seconds S] [--models base,minilm]
        [--threads 1,2] [--peers NAME,...] [--sentences N] [--file TEXT] ...

One process a peer and type (worker.py), all of them open at a time and stopped
but for the one whose turn it is.  A round asks each for a tenth of a second of
every length, so that what else the machine does hits all alike.  A peer whose
answer is not that of PyTorch in fp32 is not timed: fp32 must agree to a cosine
of 0.9999, other types to 0.5, which finds mistakes and not rounding.  What
cannot be installed, loaded or run leaves a line that says why.

Writes build/bench-peers/results.jsonl: a line that describes the machine, then
one a peer, type, model, threads and length (or "bulk"), with the medians of
each round; report.py makes tables of them.
"""
import argparse
import json
import os
import platform
import select
import signal
import statistics
import subprocess
import time

from places import (GEOMETRIES, HERE, ONLY_FASTTEXTEMBED, RESULTS, WORK,
                    python)

LENGTHS = [2, 4, 8, 16, 32, 64, 128, 256, 384, 512]
LEAST_COSINE = {"fp32": 0.9999, "bf16": 0.5, "int8": 0.5}
PATIENCE = 60  # seconds that an answer may take: what needs more has failed

# name, its venv, its types
PEERS = [
    ("this", "sql", ["fp32", "int8"]),
    ("OpenVINO", "openvino", ["fp32", "bf16", "int8"]),
    ("onnxruntime", "ort", ["fp32", "int8"]),
    ("fastembed", "fastembed", ["fp32"]),
    ("CTranslate2", "ctranslate2", ["fp32", "bf16", "int8"]),
    ("PyTorch", "torch", ["fp32"]),
    ("sqlite-ai", "sql", ["fp32", "int8"]),
    ("sqlite-lembed", "sql", ["fp32"]),
    ("fasttextembed", "fasttextembed", ["fp32"]),
]
# Peers that chose their own number of threads, whatever they are told; they
# are asked once, at few lengths.
OWN_THREADS = {"sqlite-lembed": [8, 128]}


class Failed(Exception):
    pass


class Contender:
    """A worker: asked one thing at a time, stopped in between."""

    def __init__(self, name, venv, dtype, model, threads):
        self.key = {"peer": name, "dtype": dtype, "model": model,
                    "threads": threads}
        self.found, self.broken = {}, set()  # by length
        self.lengths = OWN_THREADS.get(name, LENGTHS)
        environment = {
            **os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS":
            str(threads), "RAYON_NUM_THREADS": str(threads),
            "OPENBLAS_NUM_THREADS": "1", "FTE_THREADS": str(threads), "HF_HUB_OFFLINE": "1",
            "PYTHONWARNINGS": "ignore"}
        if not python(venv).exists():
            raise Failed("not installed")
        self.process = subprocess.Popen(
            [python(venv), HERE / "worker.py", name, dtype, model,
             str(threads)], env=environment, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.log())
        self.ready = self.read()
        self.signal(signal.SIGSTOP)

    def log(self):
        return open(WORK / "workers.log", "a", encoding="utf-8")

    def signal(self, what):
        if not self.is_gone():
            self.process.send_signal(what)

    def read(self):
        if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
            self.process.kill()
            self.process.wait()
            raise Failed(f"no answer within {PATIENCE} s")
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"ended with status {self.process.wait()}")
        reply = json.loads(line)
        if "error" in reply:
            raise Failed(reply["error"])
        return reply

    def is_gone(self):
        return self.process.poll() is not None

    def ask(self, **request):
        self.signal(signal.SIGCONT)
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            return self.read()
        except OSError as problem:
            raise Failed(problem) from problem
        finally:
            self.signal(signal.SIGSTOP)

    def close(self):
        self.signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()


def check(contender, **request):
    found = contender.ask(**request)
    least = LEAST_COSINE[contender.key["dtype"]]
    if not found["cos_min"] >= least:
        raise Failed(f"another answer than PyTorch's: lowest cosine "
                     f"{found['cos_min']}, not {least}")
    return found


class Run:
    def __init__(self, options):
        self.options = options
        self.out = open(RESULTS, "w", encoding="utf-8")

    def write(self, **line):
        self.out.write(json.dumps(line) + "\n")
        self.out.flush()

    def fail(self, key, problem):
        self.write(**key, error=str(problem))
        print(f"bench-peers: {' '.join(map(str, key.values()))}: {problem}")

    def chosen(self, name, model):
        """fasttextembed and this project share a model of their own."""
        apart = model == ONLY_FASTTEXTEMBED
        if name != "this" and (name == "fasttextembed") != apart:
            return False
        return name in self.options.peers or not self.options.peers

    def open_all(self, model, threads):
        contenders = []
        for name, venv, dtypes in PEERS:
            if not self.chosen(name, model):
                continue
            if name in OWN_THREADS and threads != max(self.options.threads):
                continue
            for dtype in dtypes:
                key = {"peer": name, "dtype": dtype, "model": model,
                       "threads": threads}
                try:
                    contenders.append(Contender(name, venv, dtype, model,
                                                threads))
                except Failed as problem:
                    self.fail(key, self.why(venv, problem))
        return contenders

    def why(self, venv, problem):
        """What setup.py was told, where that is why nothing is there."""
        error = WORK / f"venv-{venv}.error"
        last = error.read_text().strip().split("\n")[-1] if error.exists() \
            else ""
        return f"{problem}: {last}" if last else problem

    def safely(self, contender, shape, action):
        """One question; a failure is written down once and not asked again.
        What was measured before it stays."""
        if shape in contender.broken or contender.is_gone():
            return
        try:
            found = contender.found.setdefault(shape, {"rounds": []})
            action(found)
        except Failed as problem:
            contender.broken.add(shape)
            if not contender.found[shape]["rounds"]:
                contender.found.pop(shape)
            self.fail({**contender.key, "shape": shape}, problem)

    def time_length(self, contender, tokens):
        def action(found):
            if not found["rounds"]:
                found.update(check(contender, do="check", tokens=tokens))
            reply = contender.ask(do="time", tokens=tokens,
                                  seconds=self.options.seconds)
            found["rounds"].append({
                "calls": len(reply["ms"]),
                **{k: round(statistics.median(reply[k]), 4) for k in reply}})
        self.safely(contender, tokens, action)

    def time_bulk(self, contender, number):
        o = self.options
        size = o.sentences // o.rounds

        def action(found):
            if not found["rounds"]:
                found.update(check(contender, do="check-bulk"))
            found["rounds"].append(contender.ask(
                do="bulk", first=number * size, count=size,
                seconds=o.bulk_seconds))
        self.safely(contender, "bulk", action)

    def round(self, contenders, number):
        """Everybody once at every length; who begins changes."""
        turn = number % max(1, len(contenders))
        order = contenders[turn:] + contenders[:turn]
        for tokens in self.options.lengths:
            for contender in order:
                if tokens in contender.lengths:
                    self.time_length(contender, tokens)
        if self.options.sentences and \
                contenders[0].key["model"] == self.options.bulk_model:
            for contender in order:
                self.time_bulk(contender, number)

    def place(self, model, threads):
        contenders = self.open_all(model, threads)
        for number in range(self.options.rounds if contenders else 0):
            print(f"bench-peers: {model}, {threads} threads, round "
                  f"{number + 1} of {self.options.rounds}", flush=True)
            self.round(contenders, number)
        for contender in contenders:
            contender.close()
            for shape, found in contender.found.items():
                self.write(**contender.key, **contender.ready, shape=shape,
                           **found)

    def all(self):
        self.write(machine=machine(), began=time.strftime("%Y-%m-%d"),
                   rounds=self.options.rounds, seconds=self.options.seconds)
        for threads in self.options.threads:
            for model in self.options.models:
                self.place(model, threads)
        self.out.close()


def machine():
    """What the figures depend on: the CPU, its peaks, and what else runs."""
    found = {"cpus": os.cpu_count(), "system": platform.platform(),
             "load": os.getloadavg()[0]}
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        lines = dict(line.split(":", 1) for line in file if ":" in line)
    for key, value in lines.items():
        if key.strip() == "model name":
            found["cpu"] = value.strip()
        if key.strip() == "flags":
            found["flags"] = [f for f in value.split() if f in (
                "fma", "avx2", "avx_vnni", "avx512f", "avx512_vnni",
                "avx512_bf16", "amx_bf16", "amx_int8")]
    peaks = os.environ.get("PEAKS")
    if peaks:
        found["peaks"] = json.loads(subprocess.run(
            [peaks], stdout=subprocess.PIPE, check=True, text=True).stdout)
    return found


def words(kind):
    return lambda text: [kind(word) for word in text.split(",") if word]


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--seconds", type=float, default=0.1,
                   help="of calls a peer, length and round")
    p.add_argument("--models", type=words(str), default=[*GEOMETRIES, ONLY_FASTTEXTEMBED])
    p.add_argument("--threads", type=words(int), default=[1, 2])
    p.add_argument("--lengths", type=words(int), default=LENGTHS)
    p.add_argument("--peers", type=words(str), default=[])
    p.add_argument("--sentences", type=int, default=200000,
                   help="of the bulk part, shared among the rounds; 0: none")
    p.add_argument("--bulk-model", default="minilm")
    p.add_argument("--bulk-seconds", type=float, default=40,
                   help="a peer that needs more in a round gets fewer")
    p.add_argument("--file", help="text to take sentences from")
    return p.parse_args()


def main():
    options = parse()
    if options.sentences:
        subprocess.run([python("torch"), HERE / "make_sentences.py",
                        str(options.sentences), *filter(None, [options.file])],
                       check=True)
    Run(options).all()


if __name__ == "__main__":
    main()
