"""Users, recovery, dead letters, functions without a caller, and time."""

from __future__ import annotations

from collections.abc import Iterator

from shoal.domain.job import JobStatus
from shoal.ports.workflow import ExecutionStatus
from tests.model.actors import (
    SHORT_TIME,
    DeadLetterHandler,
    Draft,
    Move,
    RecoveryHandler,
    User,
    Zombies,
)
from tests.model.executions import Executions
from tests.model.invariants import Violation
from tests.model.replay import Raised
from tests.model.shared_state import (
    ACKNOWLEDGED,
    DEAD_LETTER_HANDLER,
    EXECUTIONS,
    FAULTS,
    JOB,
    MARK,
    NOW,
    QUEUE,
    RECOVERY_HANDLER,
    USER,
    ZOMBIES,
    State,
)
from tests.model.use_cases import LEASE


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
        if ended:
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
        if ended and isinstance(answer, Raised):
            draft.broken = draft.broken or Violation("recovery works", answer.error)
        draft.put(RECOVERY_HANDLER, recovery._replace(place=-1 if ended else place))
        return draft.move("recovery", call)

    def _dead_letter_handler(self, state: State) -> Iterator[Move]:
        handler: DeadLetterHandler = self.interner.values[state[DEAD_LETTER_HANDLER]]
        if handler.place >= 0:
            yield self._dead_letter_steps(self._draft(state), handler)

    def _dead_letter_steps(self, draft: Draft, handler: DeadLetterHandler) -> Move:
        place, call = self._step(draft, handler.place)
        ended, answer = self._ended(draft, place)
        if ended and isinstance(answer, Raised):
            draft.broken = draft.broken or Violation("dead letters are handled", answer.error)
        draft.put(
            DEAD_LETTER_HANDLER, DeadLetterHandler() if ended else handler._replace(place=place)
        )
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
        if values[state[MARK]] and not running and sight != swept:
            draft = self._draft(state)
            place = self._begin(draft, "sweep")
            yield self._recovery_steps(draft, RecoveryHandler(place=place, swept=sight))

    def _tick(self, state: State, seconds: float, *, lapse: bool = False) -> Move:
        draft = self._draft(state)
        if lapse:
            draft.spend("lapses")
        draft.numbers[NOW] = self.interner.number(draft.get(NOW) + seconds)
        return draft.move("clock", "time passes")
