"""Users, recovery, dead letters, functions without a caller, and time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shoal.domain.job import JobStatus
from shoal.ports.workflow import ExecutionStatus
from shoal.service.sweep import SweepResult
from tests.model.actors import (
    SHORT_TIME,
    DeadLetterHandler,
    Draft,
    Move,
    RecoveryHandler,
    Sweeper,
    User,
    Zombies,
)
from tests.model.executions import Executions
from tests.model.invariants import Violation
from tests.model.replay import UNREADABLE, Raised
from tests.model.shared_state import (
    ACKNOWLEDGED,
    DEAD_LETTER_HANDLER,
    EXECUTIONS,
    FAULTS,
    JOB,
    NOW,
    QUEUE,
    RECOVERY_HANDLER,
    SWEEPER,
    USER,
    WATCH_LINE,
    ZOMBIES,
    State,
)
from tests.model.use_cases import LEASE


def _raised(error: Exception) -> Raised:
    return Raised(f"{type(error).__name__}: {error}", expected=True)


class UsersAndRecovery(Executions):
    """The moves of users, recovery, dead letters and time."""

    def _user(self, state: State) -> Iterator[Move]:
        user: User = self.interner.values[state[USER]]
        draft = self._draft(state)
        if user.place >= 0:
            yield self._user_steps(draft, user)
        elif user.action < len(self.scenario.actions) and self._may_act(state, user):
            action = self.scenario.actions[user.action]
            if action == "resume":  # users are slower than the resolution of the clock
                draft.numbers[NOW] = self.interner.number(draft.get(NOW) + SHORT_TIME)
            place = self._begin(draft, action)
            yield self._user_steps(draft, user._replace(place=place))

    def _may_act(self, state: State, user: User) -> bool:
        """Return whether the next action is possible now."""
        if self.scenario.actions[user.action] not in {"retry", "retry some", "retry a few first"}:
            return True
        job = self.interner.values[state[JOB]]
        return job is not None and job.status is JobStatus.FAILED

    def _user_steps(self, draft: Draft, user: User) -> Move:
        place, call = self._step(draft, user.place)
        user = user._replace(place=place)
        ended, answer = self._ended(draft, place)
        if ended and isinstance(answer, Raised) and answer.unavailable:
            user = user._replace(place=self._begin(draft, self.scenario.actions[user.action]))
        elif ended:
            granted = not isinstance(answer, Raised)
            if granted and self.scenario.actions[user.action] == "cancel":
                draft.numbers[ACKNOWLEDGED] = self.interner.number(True)  # noqa: FBT003
            user = User(user.action + 1)
        draft.put(USER, user)
        return draft.move("user", call)

    def _recovery(self, state: State) -> Iterator[Move]:
        recovery: RecoveryHandler = self.interner.values[state[RECOVERY_HANDLER]]
        draft = self._draft(state)
        if recovery.place >= 0:
            yield self._recovery_steps(draft, recovery)
        elif recovery.events:
            recovery = RecoveryHandler(recovery.events - 1, self._begin(draft, "recover"))
            yield self._recovery_steps(draft, recovery)

    def _recovery_steps(self, draft: Draft, recovery: RecoveryHandler) -> Move:
        place, call = self._step(draft, recovery.place)
        ended, answer = self._ended(draft, place)
        if ended:
            repeated = self._check_recovery(draft, answer)
            recovery = recovery._replace(events=recovery.events + repeated)
        draft.put(RECOVERY_HANDLER, recovery._replace(place=-1 if ended else place))
        return draft.move("recovery", call)

    def _sweeper(self, state: State) -> Iterator[Move]:
        """The sweep that began as a fault; it can overlap with every other actor."""
        sweeper: Sweeper = self.interner.values[state[SWEEPER]]
        if sweeper.place >= 0:
            yield self._sweeper_steps(self._draft(state), sweeper)

    def _sweeper_steps(self, draft: Draft, sweeper: Sweeper) -> Move:
        place, call = self._step(draft, sweeper.place)
        ended, answer = self._ended(draft, place)
        if ended:
            self._check_recovery(draft, answer)
        draft.put(SWEEPER, Sweeper(-1 if ended else place))
        return draft.move("sweep", call)

    @staticmethod
    def _check_recovery(draft: Draft, answer: Any) -> bool:
        """Check that it fails only if a service is unavailable; return whether it is repeated."""
        if isinstance(answer, SweepResult):  # the next sweep repeats it
            failed = [error for job_id, error in answer.failures if job_id != UNREADABLE.job_id]
            answer = next(map(_raised, failed), None)
        elif isinstance(answer, Raised) and answer.unavailable:
            return True
        if isinstance(answer, Raised) and not answer.unavailable:
            draft.broken = draft.broken or Violation("recovery works", answer.error)
        return False

    def _dead_letter_handler(self, state: State) -> Iterator[Move]:
        handler: DeadLetterHandler = self.interner.values[state[DEAD_LETTER_HANDLER]]
        if handler.place >= 0:
            yield self._dead_letter_steps(self._draft(state), handler)

    def _dead_letter_steps(self, draft: Draft, handler: DeadLetterHandler) -> Move:
        place, call = self._step(draft, handler.place)
        ended, answer = self._ended(draft, place)
        handler = handler._replace(place=place)
        if ended and isinstance(answer, Raised) and answer.unavailable:
            assert handler.message is not None
            handler = handler._replace(place=self._begin(draft, "bury", handler.message.chunk))
        elif ended and isinstance(answer, Raised):
            draft.broken = draft.broken or Violation("dead letters are handled", answer.error)
        elif ended:
            handler = DeadLetterHandler()
        draft.put(DEAD_LETTER_HANDLER, handler)
        return draft.move("dead letters", call)

    def _zombies(self, state: State) -> Iterator[Move]:
        places = self.interner.values[state[ZOMBIES]].places
        for index, place in enumerate(places):
            draft = self._draft(state)
            after, call = self._step(draft, place)
            ended, _ = self._ended(draft, after)
            rest = (*places[:index], *places[index + 1 :])
            draft.put(ZOMBIES, Zombies(rest if ended else tuple(sorted((*rest, after)))))
            name = self.programs.places[place].use_case.name
            yield draft.move(f"orphaned {name}", call)

    # Time and the sweep, when no other actor can move

    def _idle(self, state: State) -> Iterator[Move]:
        values = self.interner.values
        now = values[state[NOW]]
        if any(message.visible_at > now for message in values[state[QUEUE]].messages):
            yield self._tick(state, LEASE)
        runs = values[state[EXECUTIONS]]
        if values[state[FAULTS]].idle_timeouts:
            for index, run in enumerate(runs):
                if run.phase == "waiting":
                    yield self._time_out(state, index, run, "idle_timeouts")
        running = any(run.status is ExecutionStatus.RUNNING for run in runs)
        sight = (state[JOB], state[EXECUTIONS])
        swept = values[state[RECOVERY_HANDLER]].swept
        if values[state[WATCH_LINE]] is not None and not running and sight != swept:
            draft = self._draft(state)
            place = self._begin(draft, "sweep")
            yield self._recovery_steps(draft, RecoveryHandler(place=place, swept=sight))

    def _tick(self, state: State, seconds: float, *, lapse: bool = False) -> Move:
        draft = self._draft(state)
        if lapse:
            draft.spend("lapses")
        draft.numbers[NOW] = self.interner.number(draft.get(NOW) + seconds)
        return draft.move("clock", "time passes")
