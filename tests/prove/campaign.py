"""Many runs, on all processors, and what they add up to."""

from __future__ import annotations

import multiprocessing
import os
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.prove.faults import Fault
from tests.prove.known import KNOWN, unknown
from tests.prove.laws import Violation
from tests.prove.run import play

_AT_ONCE = 4
"""Seeds that a process takes at a time."""


class Summary(NamedTuple):
    """The recorded data of a run."""

    seed: int
    violations: tuple[Violation, ...]
    calls: int
    cpu: float
    simulated: float
    faults: Counter[Fault]
    laws: Counter[str]
    branches: Counter[str]


@dataclass(slots=True)
class Campaign:
    """The sum of runs."""

    runs: int = 0
    calls: int = 0
    cpu: float = 0.0
    wall: float = 0.0
    simulated: float = 0.0
    faults: Counter[Fault] = field(default_factory=Counter)
    laws: Counter[str] = field(default_factory=Counter)
    branches: Counter[str] = field(default_factory=Counter)
    unknown: dict[str, list[tuple[int, Violation]]] = field(default_factory=dict)
    """Violations that no known fault covers, by law, with their seeds."""
    known: dict[str, list[int]] = field(default_factory=dict)
    """Seeds that met a known fault, by its name."""

    def add(self, run: Summary) -> None:
        """Count one more run."""
        self.runs += 1
        self.calls += run.calls
        self.cpu += run.cpu
        self.simulated += run.simulated
        self.faults += run.faults
        self.laws += run.laws
        self.branches += run.branches
        for known in KNOWN:
            if any(known.covers(violation) for violation in run.violations):
                self.known.setdefault(known.name, []).append(run.seed)
        for violation in unknown(run.violations):
            found = self.unknown.setdefault(violation.law, [])
            if run.seed not in {seed for seed, _ in found}:
                found.append((run.seed, violation))


def campaign(seeds: Iterable[int], processes: int | None = None) -> Campaign:
    """Run them all."""
    total, began = Campaign(), time.monotonic()
    for run in _summaries(seeds, processes or os.cpu_count() or 1):
        total.add(run)
    total.wall = time.monotonic() - began
    return total


def _summaries(seeds: Iterable[int], processes: int) -> Iterator[Summary]:
    if processes == 1:
        yield from map(summary, seeds)
        return
    with multiprocessing.Pool(processes) as pool:
        yield from pool.imap_unordered(summary, seeds, chunksize=_AT_ONCE)


def summary(seed: int) -> Summary:
    """One run of a seed; an error of the simulation itself counts as a violation."""
    began = time.process_time()
    try:
        run = play(seed)
    except Exception:  # noqa: BLE001 - shown with its seed
        failed = Violation("the simulation runs", 0.0, traceback.format_exc(limit=-6))
        return Summary(
            seed, (failed,), 0, time.process_time() - began, 0.0, Counter(), Counter(), Counter()
        )
    return Summary(
        seed,
        run.violations,
        run.calls,
        time.process_time() - began,
        run.seconds,
        run.faults,
        run.checked,
        run.branches,
    )


def report(total: Campaign) -> Iterator[str]:
    """The summary as text."""
    yield (
        f"{total.runs:,} runs, {total.calls:,} calls of ports, "
        f"{total.simulated / 3_600:,.0f} simulated hours, in {total.wall:.0f} s "
        f"({total.calls / max(total.cpu, 1e-9):,.0f} calls a second and processor)"
    )
    yield from _table("faults that struck", {str(k): n for k, n in total.faults.items()})
    yield from _table("branches reached", total.branches)
    yield from _table("laws checked", total.laws)
    for name, seeds in sorted(total.known.items()):
        yield f"known fault, {len(seeds)} runs, first seed {min(seeds)}: {name}"
    for law, found in sorted(total.unknown.items()):
        seed, violation = min(found)
        yield f"VIOLATED in {len(found)} runs, first seed {seed}: {law}: {violation.how}"


def markdown(total: Campaign) -> Iterator[str]:
    """The figures as tables for the documentation."""
    yield (
        f"{total.runs:,} runs: {total.calls:,} calls of ports "
        f"({total.calls / max(total.cpu, 1e-9):,.0f} a second and processor), "
        f"{total.simulated / 3_600:,.0f} simulated hours, {len(total.unknown)} invariants broken."
    )
    faults = {str(kind): count for kind, count in total.faults.items()}
    for title, counts in (("fault", faults), ("law", total.laws)):
        yield from ("", f"| {title} | count |", "|---|---:|")
        for name, count in sorted(counts.items(), key=lambda each: -each[1]):
            yield f"| {name} | {count:,} |"


def _table(title: str, counts: Mapping[str, int]) -> Iterator[str]:
    yield f"{title}:"
    for name, count in sorted(counts.items(), key=lambda each: -each[1]):
        yield f"  {count:>9,}  {name}"
