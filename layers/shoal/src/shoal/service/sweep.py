"""Sweeps the watch list: recovers each job that no execution runs, one run at a time.

Protocol step 8 in docs/explanation/architecture.md.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from shoal.domain.errors import WriteConflict
from shoal.domain.sweep_state import SweepState
from shoal.domain.watch_line import WatchLine
from shoal.ports.clock import Clock
from shoal.ports.jobs import JobStore
from shoal.ports.metrics import Metrics
from shoal.ports.sweeps import SweepStore
from shoal.service.recovery import Recovery

RUN_SECONDS: Final = 240.0
"""A run begins no page of the list after this time; the next run continues there."""
LOCK_SECONDS: Final = 285.0
"""Longer than the function may run, shorter than the time between two runs."""
PAGE: Final = 100
LOOK_UPS_PER_SECOND: Final = 10.0
"""Look-ups of executions. The quota of DescribeExecution is 15 a second in an account."""


@dataclass(slots=True)
class SweepResult:
    """The number of jobs that a run swept, and the jobs that it could not recover."""

    watched: int = 0
    failures: list[tuple[str, Exception]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sweep:
    """The sweep. A job that cannot be recovered does not stop it."""

    jobs: JobStore
    recovery: Recovery
    states: SweepStore
    clock: Clock
    sleep: Callable[[float], None]
    metrics: Metrics

    def run(self) -> SweepResult | None:
        """Sweep the list, from where the last run stopped; None if another run is in progress."""
        now = self.clock.now()
        state = self.states.get().begin(now, LOCK_SECONDS)
        if state is None:
            return None
        try:
            self.states.put(state)
        except WriteConflict:
            return None
        result = SweepResult()
        # A conflict means that the lock expired and another run continues from the cursor.
        with suppress(WriteConflict):
            for reached in self._pages(state, now + RUN_SECONDS, result):
                self.states.put(reached)
                state = reached
            self.states.put(state.end())
        return result

    def _pages(self, state: SweepState, until: float, result: SweepResult) -> Iterator[SweepState]:
        """Sweep page by page, until the time or the list ends; yield the state after each page."""
        while self.clock.now() < until:
            page = self.jobs.watch_lines(limit=PAGE, start=state.cursor)
            for line in page.lines:
                self._recover(line, result)
            state = state.at(page.next_key)
            yield state
            if state.cursor is None:
                return

    def _recover(self, line: WatchLine, result: SweepResult) -> None:
        result.watched += 1
        try:
            looked_up = self.recovery.recover_watched(line)
        except Exception as error:  # noqa: BLE001 - the other jobs do not depend on this one
            result.failures.append((line.job_id, error))
            self.metrics.sweep_failure()
            return
        if looked_up:
            self.sleep(1 / LOOK_UPS_PER_SECOND)
