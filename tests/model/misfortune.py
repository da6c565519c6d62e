"""Everything that may go wrong, as often as the scenario allows."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from shoal.ports.workflow import ExecutionStatus
from tests.model.bystanders import Bystanders
from tests.model.cases import LEASE
from tests.model.crew import Crew
from tests.model.scenarios import Faults
from tests.model.stage import (
    WORKER_NAMES,
    Burier,
    Move,
    Recoverer,
    User,
    Worker,
)
from tests.model.world import (
    BURIER,
    EXECUTIONS,
    NOW,
    QUEUE,
    RECOVERER,
    ROWS,
    USER,
    WORKERS,
    State,
)
from tests.support.job_workflow import State as Step


class Misfortune(Crew, Bystanders):
    """Moves that nobody wants."""

    def _faults(self, state: State, faults: Faults) -> Iterator[Move]:
        yield from self._worker_faults(state, faults)
        yield from self._workflow_faults(state, faults)
        yield from self._request_faults(state, faults)
        values = self.interner.values
        now = values[state[NOW]]
        letters = values[state[QUEUE]].letters
        if faults.lapses and (
            any(letter.visible_at > now for letter in letters)
            or any(
                row is not None and row.leased(now) for row in map(values.__getitem__, state[ROWS:])
            )
        ):
            yield self._tick(state, LEASE, lapse=True)
        if faults.burials and values[state[BURIER]].place < 0:
            for letter in letters:
                if letter.visible_at <= now:
                    draft = self._draft(state)
                    draft.spend("burials")
                    draft.put(QUEUE, draft.get(QUEUE).delete(letter))
                    place = self._begin(draft, "bury", letter.chunk)
                    yield self._burier_steps(draft, Burier(letter, place))

    def _worker_faults(self, state: State, faults: Faults) -> Iterator[Move]:
        for index in range(self.scenario.workers):
            worker: Worker = self.interner.values[state[WORKERS[index]]]
            who = WORKER_NAMES[index]
            if worker.mode == "idle":
                if faults.duplicates:
                    yield from self._receive(state, index, worker, twice=True)
                continue
            if faults.crashes:
                crashed = Worker(asks=worker.asks)
                yield from self._left(
                    state, WORKERS[index], crashed, worker.place, fault="crashes", who=who
                )
            if faults.losses and worker.place >= 0:
                yield from self._asks_again(state, index, worker)
            if worker.mode == "run":
                yield from self._unusual(state, index, worker, faults)

    def _unusual(self, state: State, index: int, worker: Worker, faults: Faults) -> Iterator[Move]:
        held = worker.held
        assert held is not None
        if faults.partials and len(held.tasks) > 1:
            yield self._report(state, index, worker, final=False)
        if faults.returns:
            yield self._report(state, index, worker, final=True, empty=True)
        if faults.beats:
            draft = self._draft(state)
            draft.spend("beats")
            place = self._begin(draft, "beat", held)
            yield self._worker_steps(draft, index, worker._replace(mode="beat", place=place))

    def _left(
        self, state: State, at: int, after: Hashable, place: int, *, fault: str, who: str
    ) -> Iterator[Move]:
        """Whoever was at this place is gone: with the function that it had called, or without."""
        draft = self._draft(state)
        draft.spend(fault)
        draft.put(at, after)
        yield draft.move(who, f"{fault}, and what it had called")
        if place >= 0 and self.scenario.zombies:
            draft = self._draft(state)
            draft.spend(fault)
            draft.put(at, after)
            draft.leave(place)
            yield draft.move(who, f"{fault}; what it had called goes on")

    def _asks_again(self, state: State, index: int, worker: Worker) -> Iterator[Move]:
        draft = self._draft(state)
        use_case = self.programs.places[worker.place].use_case
        again = worker._replace(place=self._begin(draft, use_case.name, *use_case.args))
        who = WORKER_NAMES[index]
        yield from self._left(state, WORKERS[index], again, worker.place, fault="losses", who=who)

    def _workflow_faults(self, state: State, faults: Faults) -> Iterator[Move]:
        for index, run in enumerate(self.interner.values[state[EXECUTIONS]]):
            if run.status is not ExecutionStatus.RUNNING:
                continue
            who = f"execution {run.generation}-{run.number}"
            if faults.timeouts and run.phase == "waiting":
                yield self._time_out(state, index, run, "timeouts")
            if faults.stops and run.place >= 0:
                draft = self._draft(state)
                draft.spend("stops")
                draft.run(index, self._enter(draft, run, run.at))
                yield draft.move(who, "its function stops and is run again")
            if faults.breakdowns and run.phase != "begun" and run.at.state is not Step.FAIL:
                draft = self._draft(state)
                draft.spend("breakdowns")
                draft.run(index, self._enter(draft, run, run.at.failed()))
                yield draft.move(who, "its function fails for good")
            if faults.deaths:
                for left in (False, True) if run.place >= 0 and self.scenario.zombies else (False,):
                    draft = self._draft(state)
                    draft.spend("deaths")
                    draft.run(index, self._end(draft, run, ExecutionStatus.ABORTED, None))
                    if left:
                        draft.leave(run.place)
                    yield draft.move(who, f"is aborted{', its function goes on' * left}")

    def _request_faults(self, state: State, faults: Faults) -> Iterator[Move]:
        values = self.interner.values
        user, recoverer, burier = (values[state[at]] for at in (USER, RECOVERER, BURIER))
        if faults.regrets and user.place >= 0:
            use_case = self.programs.places[user.place].use_case
            again = user._replace(place=self._begin(self._draft(state), *use_case[:1]))
            yield from self._left(
                state, USER, again, user.place, fault="regrets", who="user asks again,"
            )
            gone = User(user.wish + 1)
            yield from self._left(
                state, USER, gone, user.place, fault="regrets", who="user gives up,"
            )
        if faults.unheard and (recoverer.events or recoverer.place >= 0):
            draft = self._draft(state)
            draft.spend("unheard")
            heard = recoverer.place >= 0
            draft.put(RECOVERER, Recoverer(recoverer.events - (not heard)))
            yield draft.move("recovery", "stops and its event is lost")
        if faults.stops and burier.place >= 0:
            draft = self._draft(state)
            draft.spend("stops")
            place = self._begin(draft, "bury", burier.letter.chunk)
            draft.put(BURIER, burier._replace(place=place))
            yield draft.move("dead letters", "its function stops and is run again")
