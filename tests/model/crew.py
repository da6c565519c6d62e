"""Workers: receive, lease, run, report, delete."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shoal.service.leasing import LeaseGranted
from tests.model.cases import LEASE, Held
from tests.model.laws import Broken
from tests.model.replay import Raised
from tests.model.stage import (
    WORKER_NAMES,
    Draft,
    Move,
    Stage,
    Worker,
)
from tests.model.world import (
    ACKNOWLEDGED,
    NOW,
    QUEUE,
    ROWS,
    WORKERS,
    State,
)


class Crew(Stage):
    """The moves of workers."""

    def _work(self, state: State) -> Iterator[Move]:
        values = self.interner.values
        for index in range(self.scenario.workers):
            worker: Worker = values[state[WORKERS[index]]]
            if worker.mode == "idle":
                yield from self._receive(state, index, worker)
            elif worker.mode == "run":
                yield self._report(state, index, worker, final=True)
            elif worker.mode == "delete":
                draft = self._draft(state)
                assert worker.letter is not None
                draft.put(QUEUE, draft.get(QUEUE).delete(worker.letter))
                draft.put(WORKERS[index], Worker(asks=worker.asks))
                yield draft.move(WORKER_NAMES[index], "deletes the message")
            else:
                draft = self._draft(state)
                yield self._worker_steps(draft, index, worker)

    def _receive(
        self, state: State, index: int, worker: Worker, *, twice: bool = False
    ) -> Iterator[Move]:
        now = self.interner.values[state[NOW]]
        for letter in self.interner.values[state[QUEUE]].letters:
            if letter.visible_at > now:
                continue
            draft = self._draft(state)
            if twice:
                draft.spend("duplicates")
            else:
                draft.put(QUEUE, draft.get(QUEUE).hide(letter, now + LEASE))
            asks = worker.asks + 1
            asking = Worker("lease", asks, letter)
            place = self._begin(draft, *self._request(index, asking))
            yield self._worker_steps(draft, index, asking._replace(place=place))

    def _request(self, index: int, worker: Worker) -> tuple[Any, ...]:
        assert worker.letter is not None
        return ("lease", WORKER_NAMES[index], f"{index}.{worker.asks}", worker.letter.chunk)

    def _worker_steps(self, draft: Draft, index: int, worker: Worker) -> Move:
        who, acknowledged = WORKER_NAMES[index], draft.get(ACKNOWLEDGED)
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
        return draft.move(who, call)

    def _answered(self, draft: Draft, worker: Worker, answer: Any) -> Worker:
        idle = Worker(asks=worker.asks)
        if isinstance(answer, Raised):
            draft.broken = draft.broken or Broken("workers get answers", answer.error)
            return idle
        (told,) = answer
        if worker.mode == "lease":
            return self._leased(draft, worker, told)
        held = worker.held
        assert held is not None
        if worker.mode == "beat":
            return self._beaten(draft, worker, told.decision)
        self._check_report(draft, worker, told)
        if told == "stale":
            return idle
        if told == "accepted" and held.tasks:
            return worker._replace(mode="run", place=-1)
        return Worker("delete", worker.asks, worker.letter)

    def _leased(self, draft: Draft, worker: Worker, told: Any) -> Worker:
        if isinstance(told, LeaseGranted):
            if worker.late:
                how = f"{told.chunk.lease}"
                draft.broken = Broken("no lease after an acknowledged cancel", how)
            chunk = told.chunk
            tasks = tuple((chunk.first + o, chunk.attempts[o]) for o in told.offsets)
            assert chunk.lease is not None
            held = Held(chunk.lease.worker, chunk.number, chunk.epoch, chunk.generation, tasks)
            return Worker("run", worker.asks, worker.letter, held=held)
        if told.decision == "held":
            now = draft.get(NOW)
            draft.put(QUEUE, draft.get(QUEUE).hide(worker.letter, now + LEASE))
            return Worker(asks=worker.asks)
        return Worker("delete", worker.asks, worker.letter)

    def _beaten(self, draft: Draft, worker: Worker, decision: str) -> Worker:
        if decision == "extended":
            now = draft.get(NOW)
            draft.put(QUEUE, draft.get(QUEUE).hide(worker.letter, now + LEASE))
            return worker._replace(mode="run", place=-1)
        if decision == "cancelled":
            return Worker("delete", worker.asks, worker.letter)
        return Worker(asks=worker.asks)

    def _check_report(self, draft: Draft, worker: Worker, told: str) -> None:
        """An accepted report stands; a stale one has lost its lease."""
        _, number, _, outcomes = self.programs.places[worker.place].use_case.args
        held = worker.held
        assert held is not None
        row = draft.get(ROWS + held.chunk)
        stands = any((part.epoch, part.report) == (held.epoch, number) for part in row.parts)
        if told == "accepted" and outcomes and not stands:
            draft.broken = Broken("an accepted report stands", f"{held} {number} in {row}")
        if told == "stale" and row.epoch == held.epoch:
            draft.broken = Broken("only who lost a lease is stale", f"{held} {row}")

    def _report(
        self, state: State, index: int, worker: Worker, *, final: bool, empty: bool = False
    ) -> Move:
        held = worker.held
        assert held is not None
        told = () if empty else held.tasks if final else held.tasks[:1]
        outcomes = tuple(
            self.scenario.outcome(task, attempt, held.generation) for task, attempt in told
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
