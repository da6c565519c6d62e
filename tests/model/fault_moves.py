"""Faults, as often as the scenario allows."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from shoal.ports.workflow import ExecutionStatus
from tests.model.actors import (
    WORKER_NAMES,
    DeadLetterHandler,
    Draft,
    Move,
    Outage,
    RecoveryHandler,
    Sweeper,
    User,
    Worker,
)
from tests.model.scenarios import Faults
from tests.model.shared_state import (
    DEAD_LETTER_HANDLER,
    EXECUTIONS,
    NOW,
    QUEUE,
    RECOVERY_HANDLER,
    ROWS,
    SWEEPER,
    USER,
    WORKERS,
    State,
)
from tests.model.use_cases import LEASE
from tests.model.users_and_recovery import UsersAndRecovery
from tests.model.workers import Workers
from tests.support.job_workflow import State as Step


class FaultMoves(Workers, UsersAndRecovery):
    """The moves that are faults."""

    def _faults(self, state: State, faults: Faults) -> Iterator[Move]:
        yield from self._worker_faults(state, faults)
        yield from self._workflow_faults(state, faults)
        yield from self._request_faults(state, faults)
        if faults.outages:
            yield from self._outages(state)
        if faults.sweeps and self.interner.values[state[SWEEPER]].place < 0:
            draft = self._draft(state)
            draft.spend("sweeps")
            yield self._sweeper_steps(draft, Sweeper(self._begin(draft, "sweep")))
        values = self.interner.values
        now = values[state[NOW]]
        messages = values[state[QUEUE]].messages
        if faults.lapses and (
            any(message.visible_at > now for message in messages)
            or any(
                row is not None and row.leased(now) for row in map(values.__getitem__, state[ROWS:])
            )
        ):
            yield self._tick(state, LEASE, lapse=True)
        if faults.dead_letters and values[state[DEAD_LETTER_HANDLER]].place < 0:
            for message in messages:
                if message.visible_at <= now:
                    draft = self._draft(state)
                    draft.spend("dead_letters")
                    draft.put(QUEUE, draft.get(QUEUE).delete(message))
                    place = self._begin(draft, "bury", message.chunk)
                    yield self._dead_letter_steps(draft, DeadLetterHandler(message, place))

    def _worker_faults(self, state: State, faults: Faults) -> Iterator[Move]:
        for index in range(self.scenario.workers):
            worker: Worker = self.interner.values[state[WORKERS[index]]]
            actor = WORKER_NAMES[index]
            if worker.mode == "idle":
                if faults.duplicates:
                    yield from self._receive(state, index, worker, twice=True)
                continue
            if faults.crashes:
                crashed = Worker(requests=worker.requests)
                yield from self._lost_caller(
                    state, WORKERS[index], crashed, worker.place, fault="crashes", actor=actor
                )
            if faults.losses and worker.place >= 0:
                yield from self._repeated_request(state, index, worker)
            if worker.mode == "run":
                yield from self._uncommon_reports(state, index, worker, faults)

    def _uncommon_reports(
        self, state: State, index: int, worker: Worker, faults: Faults
    ) -> Iterator[Move]:
        held = worker.held
        assert held is not None
        if faults.partials and len(held.tasks) > 1:
            yield self._report(state, index, worker, final=False)
        if faults.returns:
            yield self._report(state, index, worker, final=True, empty=True)
        if faults.heartbeats:
            draft = self._draft(state)
            draft.spend("heartbeats")
            place = self._begin(draft, "heartbeat", held)
            yield self._worker_steps(draft, index, worker._replace(mode="heartbeat", place=place))

    def _lost_caller(
        self, state: State, at: int, after: Hashable, place: int, *, fault: str, actor: str
    ) -> Iterator[Move]:
        """The caller at this place fails; the called function stops too, or keeps running."""
        draft = self._draft(state)
        draft.spend(fault)
        draft.put(at, after)
        yield draft.move(actor, f"{fault}; the called function stops too")
        if place >= 0 and self.scenario.zombies:
            draft = self._draft(state)
            draft.spend(fault)
            draft.put(at, after)
            draft.leave(place)
            yield draft.move(actor, f"{fault}; the called function keeps running")

    def _repeated_request(self, state: State, index: int, worker: Worker) -> Iterator[Move]:
        draft = self._draft(state)
        use_case = self.programs.places[worker.place].use_case
        again = worker._replace(place=self._begin(draft, use_case.name, *use_case.args))
        actor = WORKER_NAMES[index]
        yield from self._lost_caller(
            state, WORKERS[index], again, worker.place, fault="losses", actor=actor
        )

    def _workflow_faults(self, state: State, faults: Faults) -> Iterator[Move]:
        for index, run in enumerate(self.interner.values[state[EXECUTIONS]]):
            if run.status is not ExecutionStatus.RUNNING:
                continue
            actor = f"execution {run.generation}-{run.number}"
            if faults.timeouts and run.phase == "waiting":
                yield self._time_out(state, index, run, "timeouts")
            if faults.stops and run.place >= 0:
                draft = self._draft(state)
                draft.spend("stops")
                draft.run(index, self._enter(draft, run, run.at))
                yield draft.move(actor, "its function stops and is run again")
            forgets = self.scenario.forgets in {"", run.at.state}
            if faults.forgotten and forgets and run.place >= 0:
                draft = self._draft(state)
                draft.spend("forgotten")
                draft.leave(run.place)
                draft.run(index, self._enter(draft, run, run.at))
                yield draft.move(actor, "its function is run again, and keeps running")
            if faults.breakdowns and run.phase != "begun" and run.at.state is not Step.FAIL:
                draft = self._draft(state)
                draft.spend("breakdowns")
                draft.run(index, self._enter(draft, run, run.at.failed()))
                yield draft.move(actor, "its function fails permanently")
            if faults.deaths:
                for left in (False, True) if run.place >= 0 and self.scenario.zombies else (False,):
                    draft = self._draft(state)
                    draft.spend("deaths")
                    draft.run(index, self._end(draft, run, ExecutionStatus.ABORTED, None))
                    if left:
                        draft.leave(run.place)
                    yield draft.move(actor, f"is aborted{', its function keeps running' * left}")

    def _outages(self, state: State) -> Iterator[Move]:
        """A call of a function raises Unavailable; a worker's functions have `losses` instead."""
        values = self.interner.values
        for outage in Outage:

            def draft(outage: Outage = outage) -> Draft:
                draft = self._draft(state)
                draft.outage = outage
                draft.spend("outages")
                return draft

            user, recovery, sweeper, handler = (
                values[state[at]] for at in (USER, RECOVERY_HANDLER, SWEEPER, DEAD_LETTER_HANDLER)
            )
            if user.place >= 0:
                yield self._user_steps(draft(), user)
            if recovery.place >= 0:
                yield self._recovery_steps(draft(), recovery)
            if sweeper.place >= 0:
                yield self._sweeper_steps(draft(), sweeper)
            if handler.place >= 0:
                yield self._dead_letter_steps(draft(), handler)
            for index, run in enumerate(values[state[EXECUTIONS]]):
                if run.place >= 0:
                    yield self._execution_steps(draft(), index, run)

    def _request_faults(self, state: State, faults: Faults) -> Iterator[Move]:
        values = self.interner.values
        user, recovery, handler = (
            values[state[at]] for at in (USER, RECOVERY_HANDLER, DEAD_LETTER_HANDLER)
        )
        if faults.user_repeats and user.place >= 0:
            use_case = self.programs.places[user.place].use_case
            again = user._replace(place=self._begin(self._draft(state), *use_case[:1]))
            yield from self._lost_caller(
                state,
                USER,
                again,
                user.place,
                fault="user_repeats",
                actor="user repeats the request,",
            )
            gone = User(user.action + 1)
            yield from self._lost_caller(
                state, USER, gone, user.place, fault="user_repeats", actor="user gives up,"
            )
        if faults.lost_events and (recovery.events or recovery.place >= 0):
            draft = self._draft(state)
            draft.spend("lost_events")
            heard = recovery.place >= 0
            draft.put(RECOVERY_HANDLER, RecoveryHandler(recovery.events - (not heard)))
            yield draft.move("recovery", "stops, and its event is lost")
        if faults.stops and handler.place >= 0:
            draft = self._draft(state)
            draft.spend("stops")
            place = self._begin(draft, "bury", handler.message.chunk)
            draft.put(DEAD_LETTER_HANDLER, handler._replace(place=place))
            yield draft.move("dead letters", "its function stops and is run again")
