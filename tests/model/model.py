"""Who does what next: workers, the workflow, users, recovery, time, and everything that may fail.

A step of an actor is one call of a port by the real use-case that it runs. `Model.moves` gives all
that can happen in a state, `Model.broken` says which law a state breaks.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

from shoal.domain import sizing
from shoal.domain.job import LIVE, Job, JobStatus
from shoal.ports.workflow import ExecutionStatus
from shoal.service import reconciliation
from tests.model import laws
from tests.model.cases import LEASE
from tests.model.laws import Broken
from tests.model.misfortune import Misfortune
from tests.model.scenarios import Faults
from tests.model.stage import (
    START,
    Burier,
    Move,
    Recoverer,
    User,
    Worker,
    Zombies,
)
from tests.model.world import (
    ACKNOWLEDGED,
    EXECUTIONS,
    FAULTS,
    JOB,
    MARK,
    PARTS,
    ROWS,
    SUMS,
    TALLIES,
    WORKERS,
    Queue,
    State,
)
from tests.support.job_workflow import DECISIONS, ENDS

_EXECUTION_ENDS = {status: ENDS[DECISIONS[status.lower()]] for status in set(JobStatus) - LIVE}
"""How the last execution of a closed job ends."""


class Model(Misfortune):
    """One scenario."""

    def patched(self) -> tuple[AbstractContextManager[Any], ...]:
        """Constants of the code that the scenario makes small."""
        return (
            patch.object(sizing, "TALLY_CHUNKS", self.scenario.tally_chunks),
            patch.object(reconciliation, "CLOCK_SKEW", LEASE / 2),
            patch.object(reconciliation, "HAND_OVER_PASSES", self.scenario.hand_over_passes),
        )

    def initial(self) -> State:
        """Nothing has happened."""
        number, plain = self.interner.number, self.interner.plain
        empty = number({})
        workers = [plain(Worker()) for _ in WORKERS]
        rows = [number(None)] * self.scenario.chunks
        return (
            number(START),
            number(None),
            *(empty, empty, empty),
            number(()),
            empty,
            plain(Queue((), (0,) * self.scenario.chunks)),
            plain(()),
            plain(Zombies()),
            plain(Recoverer()),
            plain(Burier()),
            plain(User()),
            number(False),  # noqa: FBT003
            plain(self.scenario.faults),
            *workers,
            *rows,
        )

    def moves(self, state: State) -> tuple[list[Move], bool]:
        """All that can happen, and whether the state is at rest: only faults can move it."""
        found = [
            *self._work(state),
            *self._executions(state),
            *self._recoverer(state),
            *self._burier(state),
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

    def broken(self, state: State) -> Broken | None:
        """The law that the state breaks."""
        rows = state[ROWS:]
        for row in rows:
            law = self._law((row, state[PARTS]), self._check_row)
            if law is not None:
                return law
        law = self._law((*rows, state[TALLIES], state[SUMS], -1), self._check_tallies)
        return law or self._law((*rows, state[JOB], -2), self._check_job)

    def _law(
        self, numbers: tuple[int, ...], check: Callable[[list[Any]], Broken | None]
    ) -> Broken | None:
        if numbers in self._lawful:
            return None
        broken = check([self.interner.values[number] for number in numbers if number >= 0])
        if broken is None:
            self._lawful.add(numbers)
        return broken

    def _check_row(self, values: list[Any]) -> Broken | None:
        row, parts = values
        if row is None:
            return None
        return laws.check_attempts(row, self.scenario.max_attempts) or laws.check_parts(row, parts)

    @staticmethod
    def _check_tallies(values: list[Any]) -> Broken | None:
        *rows, tallies, sums = values
        return laws.check_tallies(rows, tallies, sums)

    @staticmethod
    def _check_job(values: list[Any]) -> Broken | None:
        *rows, job = values
        return laws.check_job(job, rows)

    def broken_at_rest(self, state: State) -> Broken | None:
        """The law that the state breaks, given that nothing will move it but faults."""
        values = self.interner.values
        job: Job | None = values[state[JOB]]
        if job is None:
            return None
        return self._unfinished(state, job) or laws.check_rest(
            job, [values[number] for number in state[ROWS:]], values[state[TALLIES]]
        )

    def _unfinished(self, state: State, job: Job) -> Broken | None:
        runs = self.interner.values[state[EXECUTIONS]]
        last = max((run for run in runs if run.generation == job.generation), default=None)
        ended = None if last is None else (last.status, last.output)
        cancelled = self.interner.values[state[ACKNOWLEDGED]]
        broken = {
            "every job ends": job.live,
            "every execution ends": any(run.status is ExecutionStatus.RUNNING for run in runs),
            "the last execution and the job agree": ended != _EXECUTION_ENDS.get(job.status),
            "nobody watches a closed job for ever": bool(self.interner.values[state[MARK]]),
            "the job ends as its tasks did": job.status not in self.scenario.ends,
            "an acknowledged cancel cancels": cancelled and job.status is not JobStatus.CANCELLED,
        }
        how = f"{job.status}, paused={job.paused}, {job.reason}, {runs}"
        return next((Broken(law, how) for law, found in broken.items() if found), None)
