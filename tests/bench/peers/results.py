"""results.py - what bench.py wrote, as report.py and chart.py want it."""
import json
import statistics

from places import RESULTS

MINE = "this"


class Results:
    """Runs by (model, threads): {(peer, type): {shape: line}}; failures."""

    def __init__(self, path=RESULTS, busy=False):
        self.busy, self.runs, self.failures = busy, {}, []
        with open(path, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        self.machine = lines[0]
        for line in lines[1:]:
            if "error" in line:
                self.failures.append(line)
                continue
            place = self.runs.setdefault((line["model"], line["threads"]), {})
            peer = place.setdefault((line["peer"], line["dtype"]), {})
            peer[line["shape"]] = line

    def clock(self, line):
        """A busy machine takes the wall's time, not the CPU's; with several
        threads there is only the wall."""
        return "cpu_ms" if self.busy and line["threads"] == 1 else "ms"

    def costs(self, line):
        """Of each round: milliseconds a call, or a thousand tokens of bulk."""
        key = self.clock(line)
        return [1e3 * r[key] / r["tokens"] if "tokens" in r else r[key]
                for r in line["rounds"]]

    def cost(self, line):
        return statistics.median(self.costs(line))

    def sentences(self, line):
        """A second, of the bulk."""
        key = self.clock(line)
        return statistics.median(1e3 * r["rows"] / r[key]
                                 for r in line["rounds"])

    def ratio(self, place, peer, shape):
        """How often its time is ours, of the same round: the median.  There is
        no bf16 of ours: it is held against our fp32."""
        mine = place.get((MINE, "int8" if peer[1] == "int8" else "fp32"), {})
        if shape not in mine or shape not in place[peer]:
            return None
        return statistics.median(a / b for a, b in zip(
            self.costs(place[peer][shape]), self.costs(mine[shape])))
