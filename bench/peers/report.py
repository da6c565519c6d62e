"""The results as text: a table, the goals and the machine."""

from __future__ import annotations

import platform
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.machine import machine
from bench.peers.contestants import Contestant
from bench.peers.runner import Run

_GOALS: Final = {1: 200.0, 100: 10.0}
_AHEAD: Final = 5.0

_TEXT: Final = """\
# Shoal compared with other task queues

The CPU of a worker for a task that does nothing: user and system, all its processes, medians of
{rounds} interleaved rounds. Each worker is started as its users start it and drains a full queue;
the first tenth of its tasks is not counted. SQS is a stub that answers at once, and so is Shoal's
API; Redis is a real one. All is on one machine, without TLS. A message of Shoal's holds as many
tasks as its chunk, a message of the others holds one. `make bench-peers` writes this page.

![CPU of a worker per task]({plot})

| worker | broker | CPU µs a task | lowest, highest | tasks/s a core | tasks/s seen | broker busy |
|---|---|--:|--:|--:|--:|--:|
{rows}

{absent}How each was run:

{notes}

Goals:

{goals}

Machine: {machine}.

A fixed loop took {reference} ns a turn, median of the rounds; the slowest round
took {noise:.2f} times as long as the fastest. Figures of two runs of this bench compare only as far
as those of the loop do; ratios within a run are firmer.
"""


@dataclass(frozen=True, slots=True)
class Result:
    """The results of a contestant."""

    contestant: Contestant
    runs: Sequence[Run]

    @property
    def worker(self) -> float:
        """Median of its CPU, µs a task."""
        return median(run.worker for run in self.runs)

    @property
    def title(self) -> str:
        """Return the name and the broker of the contestant."""
        return f"{self.contestant.name}, {self.contestant.broker}"


def report(results: Sequence[Result], references: Sequence[float]) -> str:
    """The page."""
    measured = [each for each in results if each.runs]
    absent = [each for each in results if not each.runs]
    return _TEXT.format(
        rounds=len(references),
        plot="peers.svg",
        rows="\n".join(map(_row, measured)),
        absent=_absent(absent),
        notes="\n".join(f"- {each.title}: {each.contestant.note}" for each in measured),
        goals="\n".join(f"- {goal}" for goal in _goals(measured)),
        machine=f"{machine()}, {_python()}",
        reference=f"{median(references):.1f}",
        noise=max(references) / min(references),
    )


def _row(result: Result) -> str:
    costs = [run.worker for run in result.runs]
    cells = (
        result.contestant.name,
        result.contestant.broker,
        _figure(result.worker),
        f"{_figure(min(costs))}, {_figure(max(costs))}",
        f"{1e6 / result.worker:,.0f}",
        f"{1e6 / median(run.passed for run in result.runs):,.0f}",
        f"{median(run.share for run in result.runs):.0%}",
    )
    return f"| {' | '.join(cells)} |"


def _figure(micros: float) -> str:
    return f"{micros:.1f}" if micros < 100 else f"{micros:,.0f}"


def _absent(absent: Sequence[Result]) -> str:
    if not absent:
        return ""
    names = ", ".join(each.contestant.name for each in absent)
    return f"Not measured, since there is no redis-server (Debian: redis-server): {names}.\n\n"


def _goals(results: Sequence[Result]) -> list[str]:
    """Return each goal and its result."""
    ours = {each.contestant.chunk: each.worker for each in results if not each.contestant.fill}
    told = [
        f"at most {goal:g} µs at chunk {chunk}: {_met(ours[chunk] <= goal)}"
        for chunk, goal in _GOALS.items()
    ]
    for broker, chunk, ahead in (("SQS", 1, _AHEAD), ("Redis", 10, 1.0)):
        theirs = [
            each.worker
            for each in results
            if each.contestant.fill and each.contestant.broker == broker
        ]
        if theirs:
            ratio = min(theirs) / ours[chunk]
            told.append(
                f"at chunk {chunk}, {_times(ahead)}ahead of every peer on {broker}: "
                f"{_met(ratio >= ahead)}, {ratio:.1f} times"
            )
    return told


def _times(ahead: float) -> str:
    return f"{ahead:g} times " if ahead > 1 else ""


def _met(met: object) -> str:
    return "met" if met else "missed"


def _python() -> str:
    """This Python."""
    options = str(sysconfig.get_config_var("CONFIG_ARGS"))
    built = "with" if "--enable-optimizations" in options else "without"
    return f"Python {platform.python_version()} built {built} profile-guided optimisation"
