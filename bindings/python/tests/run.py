"""run.py [TEST.py...] - runs pytest, and ends as scripts/tally wants it.

Each skipped test is a line "skipped: NAME: reason"; the last line counts.
"""
import sys
from pathlib import Path

import pytest


class Tally:
    def __init__(self):
        self.count = {"passed": 0, "failed": 0, "skipped": 0}
        self.reasons = []

    def add(self, report):
        self.count[report.outcome] += 1
        if report.skipped:
            reason = report.longrepr[2].removeprefix("Skipped: ")
            self.reasons.append(f"skipped: {report.nodeid}: {reason}")

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed":
            self.add(report)

    def pytest_collectreport(self, report):
        if report.outcome != "passed":
            self.add(report)


tally = Tally()
here = Path(__file__).resolve().parent
names = sys.argv[1:] or sorted(p.name for p in here.glob("test_*.py"))
status = pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", str(here),
                      *(str(here / name) for name in names)], plugins=[tally])
for reason in tally.reasons:
    print(reason)
if status and not tally.count["failed"]:
    tally.count["failed"] = 1
print("{passed} passed, {failed} failed, {skipped} skipped".format(
    **tally.count))
sys.exit(1 if tally.count["failed"] else 0)
