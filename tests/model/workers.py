"""Workers: they receive, lease, run, report and delete."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shoal.service.lease_answers import ChunkFailed, LeaseGranted
from tests.model.actors import (
    WORKER_NAMES,
    Actors,
    Draft,
    Move,
    Worker,
)
from tests.model.invariants import Violation
from tests.model.replay import Raised
from tests.model.shared_state import (
    ACKNOWLEDGED,
    NOW,
    QUEUE,
    ROWS,
    WORKERS,
    State,
)
from tests.model.use_cases import LEASE, Held


class Workers(Actors):
    """The moves of workers."""

    def _worker_moves(self, state: State) -> Iterator[Move]:
        values = self.interner.values
        for index in range(self.scenario.workers):
            worker: Worker = values[state[WORKERS[index]]]
            if worker.mode == "idle":
                yield from self._receive(state, index, worker)
            elif worker.mode == "run":
                yield self._report(state, index, worker, final=True)
            elif worker.mode == "delete":
                draft = self._draft(state)
                assert worker.message is not None
                draft.put(QUEUE, draft.get(QUEUE).delete(worker.message))
                draft.put(WORKERS[index], Worker(requests=worker.requests))
                yield draft.move(WORKER_NAMES[index], "deletes the message")
            else:
                draft = self._draft(state)
                yield self._worker_steps(draft, index, worker)

    def _receive(
        self, state: State, index: int, worker: Worker, *, twice: bool = False
    ) -> Iterator[Move]:
        now = self.interner.values[state[NOW]]
        for message in self.interner.values[state[QUEUE]].messages:
            if message.visible_at > now:
                continue
            draft = self._draft(state)
            if twice:
                draft.spend("duplicates")
            else:
                draft.put(QUEUE, draft.get(QUEUE).hide(message, now + LEASE))
            requests = worker.requests + 1
            asking = Worker("lease", requests, message)
            place = self._begin(draft, *self._request(index, asking))
            yield self._worker_steps(draft, index, asking._replace(place=place))

    def _request(self, index: int, worker: Worker) -> tuple[Any, ...]:
        assert worker.message is not None
        return ("lease", WORKER_NAMES[index], f"{index}.{worker.requests}", worker.message.chunk)

    def _worker_steps(self, draft: Draft, index: int, worker: Worker) -> Move:
        actor, acknowledged = WORKER_NAMES[index], draft.get(ACKNOWLEDGED)
        before = {at: draft.numbers[at] for at in range(ROWS, len(draft.numbers))}
        place, call = self._step(draft, worker.place)
        late = worker.late or (
            worker.mode == "lease"
            and acknowledged
            and any(draft.numbers[at] != number for at, number in before.items())
        )
        worker = worker._replace(place=place, late=late)
        ended, answer = self._ended(draft, place)
        if ended:
            worker = self._answered(draft, worker, answer)
        draft.put(WORKERS[index], worker)
        return draft.move(actor, call)

    def _answered(self, draft: Draft, worker: Worker, answer: Any) -> Worker:
        idle = Worker(requests=worker.requests)
        failed = answer if isinstance(answer, Raised) else answer[0]
        if isinstance(failed, Raised | ChunkFailed):
            detail = str(failed.error)
            draft.broken = draft.broken or Violation("workers get answers", detail)
            return idle
        (answer,) = answer
        if worker.mode == "lease":
            return self._leased(draft, worker, answer)
        held = worker.held
        assert held is not None
        if worker.mode == "heartbeat":
            return self._renewed(draft, worker, answer.decision)
        self._check_report(draft, worker, answer)
        if answer == "stale":
            return idle
        if answer == "accepted" and held.tasks:
            return worker._replace(mode="run", place=-1)
        return Worker("delete", worker.requests, worker.message)

    def _leased(self, draft: Draft, worker: Worker, answer: Any) -> Worker:
        if isinstance(answer, LeaseGranted):
            if worker.late:
                detail = f"{answer.chunk.lease}"
                draft.broken = Violation("no lease after an acknowledged cancel", detail)
            chunk = answer.chunk
            tasks = tuple((chunk.first + o, chunk.attempts[o]) for o in answer.offsets)
            assert chunk.lease is not None
            held = Held(
                *(chunk.lease.worker, chunk.number, chunk.epoch, chunk.generation),
                *(answer.token, tasks),
            )
            leased = Worker("run", worker.requests, worker.message, held=held)
            return self._named(draft, leased) if chunk.isolated else leased
        if answer.decision == "held":
            now = draft.get(NOW)
            draft.put(QUEUE, draft.get(QUEUE).hide(worker.message, now + LEASE))
            return Worker(requests=worker.requests)
        return Worker("delete", worker.requests, worker.message)

    def _named(self, draft: Draft, worker: Worker) -> Worker:
        """Names the first task of an isolated chunk, which runs once this is acknowledged."""
        return worker._replace(mode="heartbeat", place=self._begin(draft, "heartbeat", worker.held))

    def _renewed(self, draft: Draft, worker: Worker, decision: str) -> Worker:
        if decision == "extended":
            now = draft.get(NOW)
            draft.put(QUEUE, draft.get(QUEUE).hide(worker.message, now + LEASE))
            return worker._replace(mode="run", place=-1)
        if decision == "cancelled":
            return Worker("delete", worker.requests, worker.message)
        return Worker(requests=worker.requests)

    def _check_report(self, draft: Draft, worker: Worker, answer: str) -> None:
        """An accepted report is kept; a report is stale only after its lease was lost."""
        _, number, _, outcomes = self.programs.places[worker.place].use_case.args
        held = worker.held
        assert held is not None
        row = draft.get(ROWS + held.chunk)
        stands = any((part.epoch, part.report) == (held.epoch, number) for part in row.parts)
        if answer == "accepted" and outcomes and not stands:
            draft.broken = Violation("an accepted report is kept", f"{held} {number} in {row}")
        if answer == "stale" and row.epoch == held.epoch:
            draft.broken = Violation("only a report under a lost lease is stale", f"{held} {row}")

    def _report(
        self, state: State, index: int, worker: Worker, *, final: bool, empty: bool = False
    ) -> Move:
        held = worker.held
        assert held is not None
        answer = () if empty else held.tasks if final else held.tasks[:1]
        outcomes = tuple(
            self.scenario.outcome(task, attempt, held.generation) for task, attempt in answer
        )
        number = held.reported + 1
        rest = () if final else held.tasks[1:]
        draft = self._draft(state)
        place = self._begin(
            draft, "report", held._replace(tasks=(), reported=0), number, final, outcomes
        )
        held = held._replace(tasks=rest, reported=number)
        if not final:
            draft.spend("partials")
        if empty:
            draft.spend("returns")
        reporting = worker._replace(mode="report", place=place, held=held)
        return self._worker_steps(draft, index, reporting)
