"""End-to-end tasks a second for `noop`, and whose CPU it was."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.stand import Stand, crew, stand
from bench.tables import show
from local.workers import Workers

SHAPES = ((20_000, 100), (1_000, 1))


def main() -> None:
    """Print the table."""
    with stand() as at, crew(at, 3) as workers:
        at.run(task_type="noop", count=2_000, chunk_size=100)
        rows = [_measured(at, workers, count, size) for count, size in SHAPES]
    show(
        "noop through the whole platform: three workers of two slots on this machine",
        ("tasks, chunk", "seconds", "tasks/s", "CPU s: emulator", "functions", "workers"),
        rows,
    )


def _measured(at: Stand, workers: Workers, count: int, size: int) -> tuple[str, ...]:
    before, begin = _cpu(at, workers), time.perf_counter()
    at.run(task_type="noop", count=count, chunk_size=size)
    seconds = time.perf_counter() - begin
    spent = _cpu(at, workers)
    spent.subtract(before)
    whose = (f"{spent[role] / 100:.1f}" for role in ("emulator", "functions", "workers"))
    return f"{count:,}, {size}", f"{seconds:.1f}", f"{count / seconds:,.0f}", *whose


def _cpu(at: Stand, workers: Workers) -> Counter[str]:
    emulator = at.emulator.process
    if emulator is None:
        raise SystemExit("the emulator is gone")
    spent: Counter[str] = Counter()
    spent["emulator"] = _seconds(emulator.pid)
    spent["functions"] = sum(map(_seconds, _descendants(emulator.pid)))
    for process in workers.processes.values():
        spent["workers"] += sum(map(_seconds, [process.pid, *_descendants(process.pid)]))
    return spent


def _descendants(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            yield child
            yield from _descendants(child)


def _seconds(pid: int) -> int:
    """CPU seconds of a process and of its children that ended, in hundredths."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) * 100 // os.sysconf("SC_CLK_TCK")
