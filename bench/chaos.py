"""Faults on the whole platform, each with a negative control: `make chaos`.

With the name of a scenario, only this one runs, without its control and without writing the page.
Exit code 3 means that a scenario found something.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.kills import NO_FENCE
from bench.machine import machine
from bench.mutated_copy import UNSOUND, finds_mistake
from bench.tables import markdown, note, show
from tests.support import long_tasks, worker_drains, worker_freezes, worker_kills
from tests.support import platform_faults as faults
from tests.support.platform import Platform, running_platform, running_workers
from tests.support.platform_faults import FaultRun

PAGE: Final = Path(__file__).parents[1] / "docs/explanation/chaos.md"
_TABLE: Final = re.compile(r"<!-- table -->.*<!-- end -->", re.DOTALL)
_DOMAIN: Final = "layers/shoal/src/shoal/domain"
_SERVICE: Final = "layers/shoal/src/shoal/service"
_WORKER: Final = "layers/shoal/src/shoal/worker"
_LAPSE_FAILS: Final = """
def _first_running(chunk: Chunk) -> int | None:
    return chunk.running[0] if chunk.running else None


def _as_third_crash(chunk: Chunk, length: float) -> Chunk:
    return replace(chunk, crashes=CRASHES_TO_FAIL) if chunk.running else chunk


Chunk.named = property(_first_running)
Chunk._after_lapse = _as_third_crash
"""
_COLUMNS: Final = ("scenario", "faults", "tasks", "executions", "seconds", "findings", "control")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Faults, the platform that they hit, and a mistake in the code that must be found."""

    name: str
    promise: str
    run: Callable[[], FaultRun]
    mistake: Mapping[str, str]
    mistake_in_words: str


def _returning(module: str, method: str, value: str) -> Mapping[str, str]:
    """A mistake: a method of a module is replaced by one that returns a value."""
    python = f"def _mistake(*_: object) -> object:\n    return {value}\n\n\n{method} = _mistake"
    return {module: python}


def _on_platform(act: Callable[[Platform], FaultRun]) -> Callable[[], FaultRun]:
    """A run on a platform whose emulator injects faults."""

    def run() -> FaultRun:
        with (
            running_platform(
                lease_seconds=faults.LEASE,
                wait_seconds=faults.WAIT_SECONDS,
                emulator=faults.EMULATOR,
            ) as platform,
            running_workers(platform, 2),
        ):
            return act(platform)

    return run


def _kills() -> FaultRun:
    with (
        running_platform(lease_seconds=worker_kills.LEASE, wait_seconds=5) as platform,
        running_workers(platform, 4, slots=1) as workers,
    ):
        end = worker_kills.kill_workers(platform, workers, worker_kills.KillRun(500, 50))
    what = f"{end.kills} workers killed, {end.in_flight} tasks in flight"
    return FaultRun(end.tasks, end.executions, end.seconds, what, end.findings)


def _drains() -> FaultRun:
    begin = time.monotonic()
    with (
        running_platform(lease_seconds=worker_drains.LEASE, wait_seconds=5) as platform,
        running_workers(platform, worker_drains.WORKERS, slots=worker_drains.SLOTS) as workers,
    ):
        end = worker_drains.drain_workers(platform, workers, worker_drains.DrainRun(800, 30))
    what = f"{end.drains} workers drained; the longest took {max(end.seconds):.1f} s"
    return FaultRun(end.tasks, end.executions, time.monotonic() - begin, what, end.findings)


def _freezes() -> FaultRun:
    begin = time.monotonic()
    with (
        running_platform(lease_seconds=worker_freezes.LEASE, wait_seconds=5) as platform,
        running_workers(platform, worker_freezes.WORKERS, slots=1) as workers,
    ):
        end = worker_freezes.freeze_workers(platform, workers, worker_freezes.FreezeRun(8))
    what = f"{end.rounds} workers stopped past their lease, {end.rejected} late reports rejected"
    return FaultRun(end.rounds, end.executions, time.monotonic() - begin, what, end.findings)


def _long_tasks() -> FaultRun:
    begin = time.monotonic()
    with (
        running_platform(lease_seconds=long_tasks.LEASE, wait_seconds=5) as platform,
        running_workers(platform, long_tasks.WORKERS, slots=long_tasks.SLOTS),
    ):
        seconds = 5 * long_tasks.LEASE
        end = long_tasks.run_long_tasks(platform, tasks=12, chunk=3, seconds=seconds)
    what = f"tasks of {seconds:.0f} s with leases of {long_tasks.LEASE:.0f} s"
    return FaultRun(end.tasks, end.executions, time.monotonic() - begin, what, end.findings)


_NOTHING_SENT_AGAIN: Final = _returning(
    f"{_SERVICE}/reconciliation.py", "Reconciliation._lost", "False"
)

SCENARIOS: Final[Sequence[Scenario]] = (
    Scenario(
        name="deaths",
        promise="Only the tasks that a killed worker was running run again. None is failed.",
        run=_kills,
        mistake={f"{_DOMAIN}/chunk.py": _LAPSE_FAILS},
        mistake_in_words="the first lapsed lease fails a task",
    ),
    Scenario(
        name="drains",
        promise="A worker that gets SIGTERM exits within its grace period; no task runs twice.",
        run=_drains,
        mistake=_returning(f"{_WORKER}/worker.py", "Worker.drain", "__import__('os')._exit(0)"),
        mistake_in_words="the worker exits at once",
    ),
    Scenario(
        name="freezes",
        promise="A worker that was stopped past its lease changes nothing when it continues.",
        run=_freezes,
        mistake=NO_FENCE,
        mistake_in_words="reports of any epoch are accepted",
    ),
    Scenario(
        name="long tasks",
        promise="A task that is five times longer than its lease runs once.",
        run=_long_tasks,
        mistake=_returning(f"{_WORKER}/heartbeat.py", "HeartbeatLoop.run_once", "None"),
        mistake_in_words="no heartbeats",
    ),
    Scenario(
        name="lost answers",
        promise="20 % of the API's answers are lost: no chunk is leased twice.",
        run=_on_platform(faults.lose_answers),
        mistake=_returning(f"{_DOMAIN}/chunk.py", "Chunk.leased_to", "False"),
        mistake_in_words="a repeated lease request is not recognized",
    ),
    Scenario(
        name="dying functions",
        promise="Each function dies before and after each kind of AWS call: every job ends.",
        run=_on_platform(faults.kill_functions),
        mistake=_returning(f"{_SERVICE}/reconciliation.py", "Reconciliation._reconcile", "_[1:]"),
        mistake_in_words="the monitor repairs nothing",
    ),
    Scenario(
        name="throttling",
        promise="DynamoDB is throttled for 30 s: at most 1.5 calls per operation, and the job ends "
        "within twice its normal time afterwards.",
        run=_on_platform(faults.throttle),
        mistake={"layers/shoal/src/shoal/bootstrap/clients.py": "_THROTTLED_SECONDS = 0.0"},
        mistake_in_words="the SDK retries each throttled call",
    ),
    Scenario(
        name="wiped queue",
        promise="All messages are deleted at half of a job: the job completes.",
        run=_on_platform(faults.wipe_queue),
        mistake=_NOTHING_SENT_AGAIN,
        mistake_in_words="the monitor sends nothing again",
    ),
    Scenario(
        name="damaged rows",
        promise="10 % of the messages are deleted and 20 tallies lose an entry: the job completes, "
        "and its counts equal its rows.",
        run=_on_platform(faults.damage_rows),
        mistake=_NOTHING_SENT_AGAIN,
        mistake_in_words="the monitor sends nothing again",
    ),
)


def main() -> None:
    """Run all scenarios and their controls, and write the page; or run one scenario."""
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line per request hides the table
    if len(sys.argv) > 1:
        (only,) = (each for each in SCENARIOS if each.name == sys.argv[1])
        run = _attempt(only)
        show(only.promise, _COLUMNS[:-1], [_row(only, run)])
        raise SystemExit(_print_findings(run))
    begin, rows, failed = time.monotonic(), [], 0
    for scenario in SCENARIOS:
        run = _attempt(scenario)
        failed |= _print_findings(run)
        found = finds_mistake("bench.chaos", [scenario.name], scenario.mistake)
        failed |= 0 if found else UNSOUND
        control = f"{scenario.mistake_in_words}: {'found' if found else 'NOT FOUND'}"
        rows.append((*_row(scenario, run), control))
        note(f"{scenario.name}: {run.faults}; {len(run.findings)} findings; {control}")
    show("Faults on the whole platform", _COLUMNS, rows)
    minutes = (time.monotonic() - begin) / 60
    _write(rows, minutes)
    raise SystemExit(failed)


def _attempt(scenario: Scenario) -> FaultRun:
    try:
        return scenario.run()
    except TimeoutError as error:
        return FaultRun(findings=[f"{scenario.name}: {error}"])


def _row(scenario: Scenario, run: FaultRun) -> tuple[str, ...]:
    return (
        scenario.name,
        run.faults,
        f"{run.tasks:,}",
        f"{run.executions:,}",
        f"{run.seconds:.0f}",
        str(len(run.findings)),
    )


def _print_findings(run: FaultRun) -> int:
    for finding in run.findings[:10]:
        note(finding)
    return UNSOUND if run.findings else 0


def _write(rows: Sequence[Sequence[str]], minutes: float) -> None:
    """Replace the table of the page."""
    day = datetime.now(UTC).strftime("%d %B %Y").lstrip("0")
    text = f"{day}, {minutes:.0f} minutes on {machine()}:\n\n{markdown(_COLUMNS, rows)}"
    page = PAGE.read_text(encoding="utf-8")
    table = f"<!-- table -->\n\n{text}\n\n<!-- end -->"
    PAGE.write_text(_TABLE.sub(lambda _: table, page), encoding="utf-8")


if __name__ == "__main__":
    main()
