"""The states of the actors, and the step that any of them makes."""

from __future__ import annotations

from collections.abc import Hashable
from enum import Enum
from typing import Any, NamedTuple

from shoal.domain import ids
from tests.model.invariants import Violation
from tests.model.replay import UNAVAILABLE, Interner, Programs, Raised, Tape, UseCase
from tests.model.scenarios import Scenario
from tests.model.shared_state import (
    EXECUTIONS,
    FAULTS,
    NOW,
    ZOMBIES,
    QueuedMessage,
    Run,
    SharedState,
    State,
)
from tests.model.use_cases import TENANT, Held, runner


class Worker(NamedTuple):
    """A worker. Its mode is idle, lease, run, report, heartbeat or delete.

    `late` marks a lease that was written after a cancel was acknowledged.
    """

    mode: str = "idle"
    requests: int = 0
    message: QueuedMessage | None = None
    place: int = -1
    held: Held | None = None
    late: bool = False


class User(NamedTuple):
    """The number of the next action, and the place of its request."""

    action: int = 0
    place: int = -1


class RecoveryHandler(NamedTuple):
    """Unhandled events of ended executions, and the place of their handler.

    `swept` is the job and the executions that the last sweep saw. Another sweep would do the same.
    """

    events: int = 0
    place: int = -1
    swept: tuple[int, int] = (-1, -1)


class Sweeper(NamedTuple):
    """The place of a sweep that runs in parallel with the other actors."""

    place: int = -1


class DeadLetterHandler(NamedTuple):
    """The dead letter that is being handled."""

    message: QueuedMessage | None = None
    place: int = -1


class Zombies(NamedTuple):
    """Functions that keep running after their caller has stopped waiting."""

    places: tuple[int, ...] = ()


class Move(NamedTuple):
    """A move of an actor, the state after it, and the invariant that it broke."""

    actor: str
    what: str | int
    state: State
    broken: Violation | None = None


class Outage(Enum):
    """The lost part of a call that raises Unavailable: its request, or its answer."""

    REQUEST = "request"
    ANSWER = "answer"


class Draft:
    """A state that is being built."""

    __slots__ = ("_interner", "broken", "numbers", "outage")

    def __init__(self, interner: Interner, state: State) -> None:
        self._interner = interner
        self.numbers = list(state)
        self.broken: Violation | None = None
        self.outage: Outage | None = None

    def get(self, at: int) -> Any:
        return self._interner.values[self.numbers[at]]

    def put(self, at: int, value: Hashable) -> None:
        self.numbers[at] = self._interner.intern_hashable(value)

    def spend(self, fault: str) -> None:
        faults = self.get(FAULTS)
        self.put(FAULTS, faults._replace(**{fault: getattr(faults, fault) - 1}))

    def leave(self, place: int) -> None:
        """Keep a function running after its caller has stopped waiting."""
        self.put(ZOMBIES, Zombies(tuple(sorted((*self.get(ZOMBIES).places, place)))))

    def run(self, index: int, run: Run) -> None:
        runs = self.get(EXECUTIONS)
        self.put(EXECUTIONS, (*runs[:index], run, *runs[index + 1 :]))

    def move(self, actor: str, what: str | int) -> Move:
        return Move(actor, what, tuple(self.numbers), self.broken)


START = 1_000.0
"""The time at which the scenario starts, in leases."""
SHORT_TIME = 0.001
"""A time that ends no lease."""
WORKER_NAMES = ("worker 0", "worker 1")


class Actors:
    """The base of all actors: the use-cases as programs, and the shared state."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.job_id = ids.keyed_job_id(TENANT, "key")
        self.interner = Interner()
        tape = Tape(scenario.jitter)
        self.programs = Programs(tape, runner(tape, scenario, self.job_id), self.interner)
        self.world = SharedState(self.interner)
        self._verified: set[tuple[int, ...]] = set()

    def _draft(self, state: State) -> Draft:
        return Draft(self.interner, state)

    def _begin(self, draft: Draft, name: str, *args: Any) -> int:
        return self.programs.begin(UseCase(name, args), draft.get(NOW))

    def _step(self, draft: Draft, place: int) -> tuple[int, int]:
        """Make the pending call; return the place after it, and the number of the call."""
        call = self.programs.places[place].call
        assert call is not None
        if draft.outage is Outage.REQUEST:
            return self._after_outage(draft, place), call
        done = self.world.apply(tuple(draft.numbers), call)
        for at, value in done.written:
            draft.numbers[at] = value
        draft.broken = done.broken
        if draft.outage is Outage.ANSWER:
            return self._after_outage(draft, place), call
        return self.programs.after(place, done.result, draft.get(NOW)), call

    def _after_outage(self, draft: Draft, place: int) -> int:
        return self.programs.after(place, self.interner.number(UNAVAILABLE), draft.get(NOW))

    def _ended(self, draft: Draft, place: int) -> tuple[bool, Any]:
        """Return whether the run has ended, and its result."""
        end = self.programs.places[place].end
        if end is None:
            return False, None
        value = self.interner.values[end]
        if isinstance(value, Raised) and not value.expected:
            draft.broken = Violation("no use-case breaks", value.error)
        return True, value
