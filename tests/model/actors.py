"""What actors know of themselves, and how any of them makes a step."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

from shoal.domain import ids
from tests.model.invariants import Violation
from tests.model.replay import Interner, Programs, Raised, Tape, UseCase
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
    """What a worker does: idle, lease, run, report, beat or delete. `late` marks a lease that was
    written after a cancel was acknowledged.
    """

    mode: str = "idle"
    requests: int = 0
    message: QueuedMessage | None = None
    place: int = -1
    held: Held | None = None
    late: bool = False


class User(NamedTuple):
    """Which wish is next, and where its request stands."""

    action: int = 0
    place: int = -1


class RecoveryHandler(NamedTuple):
    """Events of ended executions not yet handled, and where the handler stands.

    `swept` is the job and the executions that the last sweep saw: another would do the same.
    """

    events: int = 0
    place: int = -1
    swept: tuple[int, int] = (-1, -1)


class DeadLetterHandler(NamedTuple):
    """The dead letter in hand."""

    message: QueuedMessage | None = None
    place: int = -1


class Zombies(NamedTuple):
    """Functions that go on though nobody waits for their answer."""

    places: tuple[int, ...] = ()


class Move(NamedTuple):
    """What happens, the state after it, and the law that this broke."""

    actor: str
    what: str | int
    state: State
    broken: Violation | None = None


class Draft:
    """A state in the making."""

    __slots__ = ("_interner", "broken", "numbers")

    def __init__(self, interner: Interner, state: State) -> None:
        self._interner = interner
        self.numbers = list(state)
        self.broken: Violation | None = None

    def get(self, at: int) -> Any:
        return self._interner.values[self.numbers[at]]

    def put(self, at: int, value: Hashable) -> None:
        self.numbers[at] = self._interner.intern_hashable(value)

    def spend(self, fault: str) -> None:
        faults = self.get(FAULTS)
        self.put(FAULTS, faults._replace(**{fault: getattr(faults, fault) - 1}))

    def leave(self, place: int) -> None:
        """Let a function go on by itself."""
        self.put(ZOMBIES, Zombies(tuple(sorted((*self.get(ZOMBIES).places, place)))))

    def run(self, index: int, run: Run) -> None:
        runs = self.get(EXECUTIONS)
        self.put(EXECUTIONS, (*runs[:index], run, *runs[index + 1 :]))

    def move(self, actor: str, what: str | int) -> Move:
        return Move(actor, what, tuple(self.numbers), self.broken)


START = 1_000.0
"""When the scenario begins, in leases."""
SHORT_TIME = 0.001
"""Time that passes without ending any lease."""
WORKER_NAMES = ("worker 0", "worker 1")


class Actors:
    """What every actor needs: the use-cases as programs, and the world that they act on."""

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
        """Make the pending call; the place after it, and the number of the call."""
        call = self.programs.places[place].call
        assert call is not None
        done = self.world.apply(tuple(draft.numbers), call)
        draft.numbers[done.at] = done.value
        draft.broken = done.broken
        return self.programs.after(place, done.result, draft.get(NOW)), call

    def _ended(self, draft: Draft, place: int) -> tuple[bool, Any]:
        """Whether the run is over, and what it gave."""
        end = self.programs.places[place].end
        if end is None:
            return False, None
        value = self.interner.values[end]
        if isinstance(value, Raised) and not value.expected:
            draft.broken = Violation("no use-case breaks", value.error)
        return True, value
