"""End-to-end tasks a second for `noop`, and whose CPU it was."""

from __future__ import annotations

import time
from collections import Counter

from bench.cpu import descendants, emulator_pid, spent
from bench.tables import show
from local.workers import Workers
from tests.support.platform import Platform, running_platform, running_workers

SHAPES = ((20_000, 100), (1_000, 1))


def main() -> None:
    """Print the table."""
    with (
        running_platform() as platform,
        running_workers(platform, 3) as workers,
    ):
        platform.run(task_type="noop", count=2_000, chunk_size=100)
        rows = [_measured(platform, workers, count, size) for count, size in SHAPES]
    show(
        "noop through the whole platform: three workers of two slots on this machine",
        ("tasks, chunk", "seconds", "tasks/s", "CPU s: emulator", "functions", "workers"),
        rows,
    )


def _measured(platform: Platform, workers: Workers, count: int, size: int) -> tuple[str, ...]:
    before, begin = _cpu(platform, workers), time.perf_counter()
    platform.run(task_type="noop", count=count, chunk_size=size)
    seconds = time.perf_counter() - begin
    used = _cpu(platform, workers)
    used.subtract(before)
    whose = (f"{used[role] / 100:.1f}" for role in ("emulator", "functions", "workers"))
    return f"{count:,}, {size}", f"{seconds:.1f}", f"{count / seconds:,.0f}", *whose


def _cpu(platform: Platform, workers: Workers) -> Counter[str]:
    emulator, used = emulator_pid(platform), Counter[str]()
    used["emulator"] = round(100 * spent(emulator))
    used["functions"] = round(100 * sum(map(spent, descendants(emulator))))
    for process in workers.processes.values():
        used["workers"] += round(100 * sum(map(spent, [process.pid, *descendants(process.pid)])))
    return used
