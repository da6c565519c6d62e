"""The model: workers, the workflow, users, recovery, time and faults.

A step of an actor is one call of a port by the real use-case that it runs. `Model.moves` returns
all moves that are possible in a state, `Model.broken` the invariant that a state violates.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

from shoal.domain import sizing
from shoal.domain.job import LIVE, Job, JobStatus
from shoal.ports.workflow import ExecutionStatus
from shoal.service import reconciliation, recovery
from tests.model import invariants
from tests.model.actors import (
    START,
    DeadLetterHandler,
    Move,
    RecoveryHandler,
    Sweeper,
    User,
    Worker,
    Zombies,
)
from tests.model.fault_moves import FaultMoves
from tests.model.invariants import Violation
from tests.model.scenarios import Faults
from tests.model.shared_state import (
    ACKNOWLEDGED,
    EXECUTIONS,
    FAULTS,
    JOB,
    PARTS,
    ROWS,
    SUMS,
    TALLIES,
    WATCH_LINE,
    WORKERS,
    Queue,
    State,
)
from tests.model.use_cases import LEASE
from tests.support.job_workflow import DECISIONS, ENDS

_EXECUTION_ENDS = {status: ENDS[DECISIONS[status.lower()]] for status in set(JobStatus) - LIVE}
"""How the last execution of a closed job ends."""


class Model(FaultMoves):
    """One scenario."""

    def patched(self) -> tuple[AbstractContextManager[Any], ...]:
        """Return patches of the constants that the scenario makes small."""
        return (
            patch.object(sizing, "TALLY_CHUNKS", self.scenario.tally_chunks),
            patch.object(recovery, "ALIVE_SECONDS", 0.0),
            patch.object(reconciliation, "CLOCK_SKEW", LEASE / 2),
            patch.object(reconciliation, "HAND_OVER_PASSES", self.scenario.hand_over_passes),
        )

    def initial(self) -> State:
        """Return the first state."""
        number, intern_hashable = self.interner.number, self.interner.intern_hashable
        empty = number({})
        workers = [intern_hashable(Worker()) for _ in WORKERS]
        rows = [number(None)] * self.scenario.chunks
        return (
            number(START),
            number(None),
            *(empty, empty, empty),
            number(None),
            empty,
            intern_hashable(Queue((), (0,) * self.scenario.chunks)),
            intern_hashable(()),
            intern_hashable(Zombies()),
            intern_hashable(RecoveryHandler()),
            intern_hashable(DeadLetterHandler()),
            intern_hashable(User()),
            number(False),  # noqa: FBT003
            intern_hashable(self.scenario.faults),
            intern_hashable(Sweeper()),
            *workers,
            *rows,
        )

    def moves(self, state: State) -> tuple[list[Move], bool]:
        """Return all possible moves, and whether the state is at rest: only faults can move it."""
        found = [
            *self._worker_moves(state),
            *self._executions(state),
            *self._recovery(state),
            *self._sweeper(state),
            *self._dead_letter_handler(state),
            *self._zombies(state),
        ]
        if not (found and self.scenario.patient):
            found += self._user(state)
        calm = not found
        if calm:
            found += self._idle(state)
        rest = not found
        faults: Faults = self.interner.values[state[FAULTS]]
        if any(faults):
            found += self._faults(state, faults)
        return found, rest

    def broken(self, state: State) -> Violation | None:
        """Return the invariant that the state violates."""
        rows = state[ROWS:]
        for row in rows:
            invariant = self._check_once((row, state[PARTS]), self._check_row)
            if invariant is not None:
                return invariant
        invariant = self._check_once((*rows, state[TALLIES], state[SUMS], -1), self._check_tallies)
        invariant = invariant or self._check_once((*rows, state[JOB], -2), self._check_job)
        return invariant or self._check_once((state[JOB], state[WATCH_LINE], -3), self._check_line)

    def _check_once(
        self, numbers: tuple[int, ...], check: Callable[[list[Any]], Violation | None]
    ) -> Violation | None:
        if numbers in self._verified:
            return None
        broken = check([self.interner.values[number] for number in numbers if number >= 0])
        if broken is None:
            self._verified.add(numbers)
        return broken

    def _check_row(self, values: list[Any]) -> Violation | None:
        row, parts = values
        if row is None:
            return None
        return invariants.check_attempts(row, self.scenario.max_attempts) or invariants.check_parts(
            row, parts
        )

    @staticmethod
    def _check_tallies(values: list[Any]) -> Violation | None:
        *rows, tallies, sums = values
        return invariants.check_tallies(rows, tallies, sums)

    @staticmethod
    def _check_line(values: list[Any]) -> Violation | None:
        job, line = values
        return invariants.check_line(job, line)

    @staticmethod
    def _check_job(values: list[Any]) -> Violation | None:
        *rows, job = values
        return invariants.check_job(job, rows)

    def broken_at_rest(self, state: State) -> Violation | None:
        """Return the invariant that a state at rest violates."""
        values = self.interner.values
        job: Job | None = values[state[JOB]]
        if job is None:
            return None
        return self._unfinished(state, job) or invariants.check_rest(
            job, [values[number] for number in state[ROWS:]], values[state[TALLIES]]
        )

    def _unfinished(self, state: State, job: Job) -> Violation | None:
        runs = self.interner.values[state[EXECUTIONS]]
        last = max((run for run in runs if run.generation == job.generation), default=None)
        ended = None if last is None else (last.status, last.output)
        cancelled = self.interner.values[state[ACKNOWLEDGED]]
        broken = {
            "every job ends": job.live,
            "every execution ends": any(run.status is ExecutionStatus.RUNNING for run in runs),
            "the last execution and the job agree": ended != _EXECUTION_ENDS.get(job.status),
            "a closed job is not watched": self.interner.values[state[WATCH_LINE]] is not None,
            "the job ends as its tasks did": job.status not in self.scenario.ends,
            "an acknowledged cancel cancels": cancelled and job.status is not JobStatus.CANCELLED,
        }
        detail = f"{job.status}, paused={job.paused}, {job.reason}, {runs}"
        return next(
            (Violation(invariant, detail) for invariant, found in broken.items() if found), None
        )
