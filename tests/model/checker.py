"""A search through the states of a scenario for a state that violates an invariant.

The search is breadth first, so that the trace is short. If a scenario has too many states, the
search is depth first and sometimes continues with a random state, so that many runs reach an end.
"""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass
from random import Random

from shoal.domain.chunk import Chunk
from shoal.domain.job import Job
from tests.model.actors import Move
from tests.model.invariants import Violation
from tests.model.model import Model
from tests.model.replay import Call
from tests.model.scenarios import Scenario
from tests.model.shared_state import State

_JUMP = 0.05
_CHUNK_FIELDS = ("statuses", "attempts", "generation", "epoch", "version", "lease")
_JOB_FIELDS = ("status", "ending", "paused", "generation", "token", "version")


@dataclass(frozen=True)
class SearchResult:
    """The number of states visited, and the violation that was found, with its trace."""

    states: int
    rests: int
    whole: bool
    broken: Violation | None = None
    trace: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.broken is None:
            return f"{self.states:,} states, {self.rests:,} at rest"
        steps = "\n".join(f"{n:4}. {step}" for n, step in enumerate(self.trace, start=1))
        found = f"{self.broken.invariant}: {self.broken.detail}"
        return f"{found}\nafter {self.states:,} states, by\n{steps}"


def explore(scenario: Scenario) -> SearchResult:
    """Visit the states of the scenario up to the first that violates an invariant."""
    model = Model(scenario)
    with ExitStack() as stack:
        for each in model.patched():
            stack.enter_context(each)
        return _search(model, scenario.limit)


def _search(model: Model, limit: int | None) -> SearchResult:
    first = model.initial()
    parents: dict[State, tuple[State, Move] | None] = {first: None}
    ahead = deque([first])
    draw = Random(0)  # noqa: S311 - the search is to repeat
    rests = 0
    while ahead and (limit is None or len(parents) < limit):
        state = ahead.popleft() if limit is None else _pick(ahead, draw)
        moves, rest = model.moves(state)
        for move in moves:
            known = move.state in parents
            broken = move.broken or (None if known else model.broken(move.state))
            if broken is not None:
                trace = (*_trace(model, parents, state), _description(model, state, move))
                return SearchResult(len(parents), rests, whole=False, broken=broken, trace=trace)
            if not known:
                parents[move.state] = (state, move)
                ahead.append(move.state)
        broken = model.broken_at_rest(state) if rest else None
        rests += rest
        if broken is not None:
            trace = _trace(model, parents, state)
            return SearchResult(len(parents), rests, whole=False, broken=broken, trace=trace)
    return SearchResult(len(parents), rests, whole=not ahead)


def _pick(ahead: deque[State], draw: Random) -> State:
    """Take the latest state, which follows a run to its end, or sometimes a random one."""
    if draw.random() < _JUMP:
        place = draw.randrange(len(ahead))
        ahead[place], ahead[-1] = ahead[-1], ahead[place]
    return ahead.pop()


def _trace(
    model: Model, parents: dict[State, tuple[State, Move] | None], state: State
) -> tuple[str, ...]:
    steps = []
    while (step := parents[state]) is not None:
        before, move = step
        steps.append(_description(model, before, move))
        state = before
    return tuple(reversed(steps))


def _description(model: Model, before: State, move: Move) -> str:
    if isinstance(move.what, str):
        return f"{move.actor}: {move.what}"
    call: Call = model.interner.values[move.what]
    done = model.world.apply(before, move.what)
    result = model.interner.values[done.result]
    args = ", ".join(_short(arg) for arg in call.args)
    given = "" if result is None else f" → {_short(result)}"
    return f"{move.actor} ({call.by.name}): {call.name}({args}){given}"


def _short(value: object) -> str:
    if isinstance(value, Chunk):
        names = _CHUNK_FIELDS
    elif isinstance(value, Job):
        names = _JOB_FIELDS
    else:
        return str(value)[:200]
    return "<" + " ".join(f"{name}={getattr(value, name)}" for name in names) + ">"
