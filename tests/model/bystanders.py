"""Users, recovery, dead letters, functions that nobody waits for, and time."""

from __future__ import annotations

from collections.abc import Iterator

from shoal.domain.job import JobStatus
from shoal.ports.workflow import ExecutionStatus
from tests.model.cases import LEASE
from tests.model.laws import Broken
from tests.model.replay import Raised
from tests.model.stage import (
    BLINK,
    Burier,
    Draft,
    Move,
    Recoverer,
    User,
    Zombies,
)
from tests.model.workflow import Workflow
from tests.model.world import (
    ACKNOWLEDGED,
    BURIER,
    EXECUTIONS,
    FAULTS,
    JOB,
    MARK,
    NOW,
    QUEUE,
    RECOVERER,
    USER,
    ZOMBIES,
    State,
)


class Bystanders(Workflow):
    """The moves of all others."""

    def _user(self, state: State) -> Iterator[Move]:
        user: User = self.interner.values[state[USER]]
        draft = self._draft(state)
        if user.place >= 0:
            yield self._user_steps(draft, user)
        elif user.wish < len(self.scenario.wishes) and self._wishes(state, user):
            wish = self.scenario.wishes[user.wish]
            if wish == "resume":  # people are slower than the clock is fine
                draft.numbers[NOW] = self.interner.number(draft.get(NOW) + BLINK)
            place = self._begin(draft, wish)
            yield self._user_steps(draft, user._replace(place=place))

    def _wishes(self, state: State, user: User) -> bool:
        """Whether the next wish makes sense now."""
        if self.scenario.wishes[user.wish] not in {"retry", "retry some", "retry a few first"}:
            return True
        job = self.interner.values[state[JOB]]
        return job is not None and job.status is JobStatus.FAILED

    def _user_steps(self, draft: Draft, user: User) -> Move:
        place, call = self._step(draft, user.place)
        user = user._replace(place=place)
        ended, answer = self._ended(draft, place)
        if ended:
            granted = not isinstance(answer, Raised)
            if granted and self.scenario.wishes[user.wish] == "cancel":
                draft.numbers[ACKNOWLEDGED] = self.interner.number(True)  # noqa: FBT003
            user = User(user.wish + 1)
        draft.put(USER, user)
        return draft.move("user", call)

    def _recoverer(self, state: State) -> Iterator[Move]:
        recoverer: Recoverer = self.interner.values[state[RECOVERER]]
        draft = self._draft(state)
        if recoverer.place >= 0:
            yield self._recoverer_steps(draft, recoverer)
        elif recoverer.events:
            recoverer = Recoverer(recoverer.events - 1, self._begin(draft, "recover"))
            yield self._recoverer_steps(draft, recoverer)

    def _recoverer_steps(self, draft: Draft, recoverer: Recoverer) -> Move:
        place, call = self._step(draft, recoverer.place)
        ended, answer = self._ended(draft, place)
        if ended and isinstance(answer, Raised):
            draft.broken = draft.broken or Broken("recovery works", answer.error)
        draft.put(RECOVERER, recoverer._replace(place=-1 if ended else place))
        return draft.move("recovery", call)

    def _burier(self, state: State) -> Iterator[Move]:
        burier: Burier = self.interner.values[state[BURIER]]
        if burier.place >= 0:
            yield self._burier_steps(self._draft(state), burier)

    def _burier_steps(self, draft: Draft, burier: Burier) -> Move:
        place, call = self._step(draft, burier.place)
        ended, answer = self._ended(draft, place)
        if ended and isinstance(answer, Raised):
            draft.broken = draft.broken or Broken("dead letters are handled", answer.error)
        draft.put(BURIER, Burier() if ended else burier._replace(place=place))
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
            yield draft.move(f"left-over {name}", call)

    # Time and the sweep, when nobody else can move

    def _idle(self, state: State) -> Iterator[Move]:
        values = self.interner.values
        now = values[state[NOW]]
        if any(letter.visible_at > now for letter in values[state[QUEUE]].letters):
            yield self._tick(state, LEASE)
        runs = values[state[EXECUTIONS]]
        if values[state[FAULTS]].rescues:
            for index, run in enumerate(runs):
                if run.phase == "waiting":
                    yield self._time_out(state, index, run, "rescues")
        running = any(run.status is ExecutionStatus.RUNNING for run in runs)
        sight = (state[JOB], state[EXECUTIONS])
        swept = values[state[RECOVERER]].swept
        if values[state[MARK]] and not running and sight != swept:
            draft = self._draft(state)
            place = self._begin(draft, "sweep")
            yield self._recoverer_steps(draft, Recoverer(place=place, swept=sight))

    def _tick(self, state: State, seconds: float, *, lapse: bool = False) -> Move:
        draft = self._draft(state)
        if lapse:
            draft.spend("lapses")
        draft.numbers[NOW] = self.interner.number(draft.get(NOW) + seconds)
        return draft.move("clock", "time passes")
