"""Runs all contestants in rounds and writes the results: `python -m bench.peers [ROUNDS [NAME]]`.

With a name, such as `Shoal`, only those whose names begin with it run, and nothing is written.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from statistics import median
from typing import Final

from bench.peers.brokers import redis, stub
from bench.peers.contestants import CONTESTANTS, Contestant
from bench.peers.plot import plot
from bench.peers.report import Result, report
from bench.peers.runner import Run, run

_BENCH: Final = Path(__file__).parents[1]
_LOOPS: Final = 1_000_000


def main() -> None:
    """Interleave the contestants, so that a slow minute of the machine hits all of them."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    name = sys.argv[2] if len(sys.argv) > 2 else ""
    runs: dict[Contestant, list[Run]] = {
        each: [] for each in CONTESTANTS if each.name.startswith(name)
    }
    references: list[float] = []
    with stub() as sqs, redis() as a_redis:
        for number in range(1, rounds + 1):
            references.append(_reference())
            print(f"round {number}: {references[-1]:.1f} ns a turn of the reference loop")
            for contestant, its_runs in runs.items():
                broker = sqs if contestant.broker == "SQS" else a_redis
                if broker is not None:
                    its_runs.append(run(contestant, broker))
                    print(f"  {contestant.name}, {contestant.broker}: {its_runs[-1].worker:.1f} µs")
    if name:
        for contestant, its_runs in runs.items():
            print(f"{contestant.name}: {median(each.worker for each in its_runs):.1f} µs, median")
        return
    results = [Result(contestant, its_runs) for contestant, its_runs in runs.items()]
    text = report(results, references)
    print(f"\n{text}")
    (_BENCH / "peers.md").write_text(text, encoding="utf-8")
    (_BENCH / "peers.svg").write_text(plot([each for each in results if each.runs]), "utf-8")


def _reference() -> float:
    """Return the CPU nanoseconds of a fixed loop; only the machine changes it."""
    begin, total = time.thread_time_ns(), 0
    for number in range(_LOOPS):
        total += number
    return (time.thread_time_ns() - begin) / _LOOPS


if __name__ == "__main__":
    main()
