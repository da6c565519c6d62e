"""The state that all actors share, and the effect of each call of a port on it.

A state of the model is one flat tuple of interned numbers: the places below, then one for each
chunk's row. The calls have the semantics of shoal.ports, implemented again without adapters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from shoal.domain.tally import Entry, Sum
from shoal.domain.watch_line import WatchLine
from shoal.domain.window import Window
from shoal.ports.workflow import Execution, ExecutionStatus
from tests.model.invariants import (
    Violation,
    check_job_write,
    check_row_write,
    check_window_write,
)
from tests.model.replay import CONFLICT, Call, Interner
from tests.support.job_workflow import Position
from tests.support.job_workflow import State as Step

type State = tuple[int, ...]

(NOW, JOB, TALLIES, SUMS, WINDOWS, WATCH_LINE, PARTS, QUEUE) = range(8)
(EXECUTIONS, ZOMBIES, RECOVERY_HANDLER, DEAD_LETTER_HANDLER, USER, ACKNOWLEDGED, FAULTS) = range(
    8, 15
)
SWEEPER: Final = 15
WORKERS: Final = (16, 17)
ROWS: Final = 18
"""The first place of the rows of the chunks in a state."""


class QueuedMessage(NamedTuple):
    """A message in the queue: its id, the chunk it names, and when a worker may see it."""

    id: int
    chunk: int
    visible_at: float


class Queue(NamedTuple):
    """Messages, and how many were ever sent of each chunk (which makes their ids)."""

    messages: tuple[QueuedMessage, ...]
    sent: tuple[int, ...]

    def send(self, chunk: int, visible_at: float) -> Queue:
        count = self.sent[chunk]
        sent = (*self.sent[:chunk], count + 1, *self.sent[chunk + 1 :])
        return Queue(tuple(sorted((*self.messages, QueuedMessage(count, chunk, visible_at)))), sent)

    def hide(self, message: QueuedMessage, until: float) -> Queue:
        """Hide the message with this id, if it still exists."""
        return self._with(message, message._replace(visible_at=until))

    def delete(self, message: QueuedMessage) -> Queue:
        return self._with(message)

    def _with(self, message: QueuedMessage, *instead: QueuedMessage) -> Queue:
        rest = [each for each in self.messages if each[:2] != message[:2]]
        if len(rest) == len(self.messages):
            return self
        return Queue(tuple(sorted((*rest, *instead))), self.sent)


class Run(NamedTuple):
    """An execution of the state machine: its id, its position and its state."""

    generation: int
    number: int
    status: ExecutionStatus
    phase: str  # begun, called, waiting or ended
    place: int = -1
    at: Position = Position()
    waits: int = 0
    answered: bool = False
    stopped_at: float | None = None
    output: str | None = None

    @property
    def token(self) -> str:
        """The task token of its latest wait."""
        return f"{self.generation}.{self.number}.{self.waits}"


def begun(generation: int, number: int) -> Run:
    """Return an execution before its first state."""
    return Run(generation, number, ExecutionStatus.RUNNING, "begun")


class AppliedCall(NamedTuple):
    """A call that was applied: the number of its result, and those of the values that it wrote."""

    written: tuple[tuple[int, int], ...]
    result: int
    broken: Violation | None = None


type Effect = tuple[Any, Any]
"""The new value of the place, or of the two places of a transaction, and the result."""


class SharedState:
    """Runs calls against states; each call on each value once."""

    def __init__(self, interner: Interner) -> None:
        self._interner = interner
        self._done: dict[tuple[int, ...], AppliedCall] = {}

    def apply(self, state: State, number: int) -> AppliedCall:
        """Return the effect of the call with this number on the state."""
        call: Call = self._interner.values[number]
        if call.name in _TRANSACTIONS:
            key = (number, state[WINDOWS], state[JOB], *state[ROWS:])
        else:
            timed = state[NOW] if call.name == "queue.send" else -1
            key = (number, timed, *(state[at] for at in _places(call)))
        found = self._done.get(key)
        if found is None:
            run = self._transact if call.name in _TRANSACTIONS else self._run
            found = self._done[key] = run(call, state)
        return found

    def _run(self, call: Call, state: State) -> AppliedCall:
        values, places = self._interner.values, _places(call)
        befores = tuple(values[state[at]] for at in places)
        args = call.args
        if call.name == "queue.send":
            args = (*args, values[state[NOW]])
        after, result = _EFFECTS[call.name](*befores, *args)
        afters = after if len(places) > 1 else (after,)
        broken = None
        if afters[0] is not befores[0]:
            if call.name == "row.put":
                broken = check_row_write(befores[0], afters[0], call.by)
            elif call.name in {"job.put", "live.begin"}:
                broken = check_job_write(befores[0], afters[0])
        intern = self._interner
        written = tuple(
            (at, intern.intern_hashable(each) if at in _PLAIN else intern.number(each))
            for at, each in zip(places, afters, strict=True)
        )
        return AppliedCall(written, intern.number(result), broken)

    def _transact(self, call: Call, state: State) -> AppliedCall:
        """Write a window and other rows, all of them or none."""
        intern, values = self._interner, self._interner.values
        job, rows = values[state[JOB]], [values[number] for number in state[ROWS:]]
        stored, broken = World(job, rows, values[state[WINDOWS]]), None
        after = _TRANSACTIONS[call.name](stored, *call.args)
        if after is None:
            return AppliedCall((), intern.number(CONFLICT))
        for old, new in zip(rows, after.rows, strict=True):
            if new is not old:
                broken = broken or check_row_write(old, new, call.by)
        if after.job is not job:
            broken = broken or check_job_write(job, after.job)
        generation = call.args[0]
        broken = broken or check_window_write(
            stored.windows.get(generation), after.windows.get(generation), generation, after
        )
        places = ((JOB, after.job), (WINDOWS, after.windows), *enumerate(after.rows, ROWS))
        written = tuple((at, intern.number(value)) for at, value in places)
        return AppliedCall(written, intern.number(None), broken)


_PLAIN: Final = (QUEUE, EXECUTIONS)
"""Places whose values are hashable."""


def _places(call: Call) -> tuple[int, ...]:
    noun = call.name.partition(".")[0]
    return (ROWS + call.args[0],) if noun == "row" else _PLACES[noun]


_PLACES: Final = {
    "job": (JOB,),
    "live": (JOB, WATCH_LINE),
    "tally": (TALLIES,),
    "sum": (SUMS,),
    "window": (WINDOWS,),
    "line": (WATCH_LINE,),
    "part": (PARTS,),
    "queue": (QUEUE,),
    "workflow": (EXECUTIONS,),
}


def _job_get(job: Any, _job_id: str) -> Effect:
    return job, job


def _job_put(job: Any, new: Any) -> Effect:
    return (new, None) if job is not None and new.version == job.version + 1 else (job, CONFLICT)


def _live_create(job: Any, line: Any, new: Any) -> Effect:
    return ((new, WatchLine.of(new)), True) if job is None else ((job, line), False)


def _live_begin(job: Any, line: Any, new: Any) -> Effect:
    after, result = _job_put(job, new)
    return (after, line if result == CONFLICT else WatchLine.of(new)), result


def _row_get(row: Any, _number: int) -> Effect:
    return row, row


def _row_create(row: Any, _number: int, new: Any) -> Effect:
    return (new if row is None else row), None


def _row_put(row: Any, _number: int, new: Any) -> Effect:
    return (new, None) if row is not None and new.version == row.version + 1 else (row, CONFLICT)


type Tallies = dict[int, dict[int, Entry]]


def _tally_create(tallies: Tallies, number: int) -> Effect:
    return (tallies if number in tallies else {**tallies, number: {}}), None


def _tally_set(tallies: Tallies, number: int, slot: int, entry: Entry) -> Effect:
    entries = tallies.get(number, {})
    if entry.replaces(entries.get(slot)):
        entries = {**entries, slot: entry}
        tallies = {**tallies, number: entries}
    return tallies, entries


def _tally_get(tallies: Tallies, number: int) -> Effect:
    return tallies, tallies.get(number)


type Sums = dict[int, dict[int, Sum]]


def _sum_set(sums: Sums, generation: int, tally: int, each: Sum) -> Effect:
    known = sums.get(generation, {})
    if each.replaces(known.get(tally)):
        known = {**known, tally: each}
        sums = {**sums, generation: known}
    return sums, known


def _sum_get(sums: Sums, generation: int) -> Effect:
    return sums, sums.get(generation, {})


type Windows = dict[int, Window]


class World(NamedTuple):
    """The values that a transaction can read and write."""

    job: Any
    rows: Sequence[Any]
    windows: Windows


def _window_get(windows: Windows, generation: int) -> Effect:
    return windows, windows.get(generation)


def _window_open(world: World, generation: int, version: int, window: Window) -> World | None:
    if generation in world.windows or world.job.version != version:
        return None
    return world._replace(windows={**world.windows, generation: window})


def _window_note(
    world: World, generation: int, chunks: tuple[Any, ...], before: Window | None, after: Window
) -> World | None:
    rows = list(world.rows)
    for chunk in chunks:
        if rows[chunk.number].version != chunk.version - 1:
            return None
        rows[chunk.number] = chunk
    if world.windows.get(generation) != before:
        return None
    return World(world.job, rows, {**world.windows, generation: after})


def _window_resize(
    world: World, generation: int, job: Any, before: Window | None, after: Window | None
) -> World | None:
    if world.windows.get(generation) != before or world.job.version != job.version - 1:
        return None
    windows = world.windows if after is None else {**world.windows, generation: after}
    return World(job, world.rows, windows)


_TRANSACTIONS: Final[dict[str, Callable[..., World | None]]] = {
    "window.open": _window_open,
    "window.note": _window_note,
    "window.resize": _window_resize,
}


def _line_get(line: WatchLine | None) -> Effect:
    return line, line


def _line_remove(line: WatchLine | None, read: WatchLine) -> Effect:
    return (None, True) if line == read else (line, False)


def _part_put(parts: dict[Any, Any], key: Any, outcomes: Any) -> Effect:
    return (parts if key in parts else {**parts, key: outcomes}), None


def _part_get(parts: dict[Any, Any], key: Any) -> Effect:
    return parts, parts.get(key)


def _queue_send(queue: Queue, chunk: int, delay: float, now: float) -> Effect:
    return queue.send(chunk, now + math.ceil(delay)), None


def _workflow_start(runs: tuple[Run, ...], generation: int, number: int) -> Effect:
    if any(run[:2] == (generation, number) for run in runs):
        return runs, None
    return (*runs, begun(generation, number)), None


def _workflow_describe(runs: tuple[Run, ...], generation: int, number: int) -> Effect:
    for run in runs:
        if run[:2] == (generation, number):
            output = None if run.output is None else {"decision": run.output}
            return runs, Execution(run.status, run.stopped_at, output)
    return runs, None


def _workflow_answer(runs: tuple[Run, ...], token: str) -> Effect:
    """Wake the execution that waits with this token; ignore TaskDoesNotExist."""
    return tuple(
        run._replace(answered=True) if run.token == token and run.at.state is Step.WAIT else run
        for run in runs
    ), None


_EFFECTS: Final[dict[str, Callable[..., Effect]]] = {
    "job.get": _job_get,
    "job.put": _job_put,
    "live.create": _live_create,
    "live.begin": _live_begin,
    "row.get": _row_get,
    "row.create": _row_create,
    "row.put": _row_put,
    "tally.create": _tally_create,
    "tally.set": _tally_set,
    "tally.get": _tally_get,
    "sum.set": _sum_set,
    "sum.get": _sum_get,
    "window.get": _window_get,
    "line.get": _line_get,
    "line.remove": _line_remove,
    "part.put": _part_put,
    "part.get": _part_get,
    "queue.send": _queue_send,
    "workflow.start": _workflow_start,
    "workflow.describe": _workflow_describe,
    "workflow.answer": _workflow_answer,
}
