"""The state that all actors share, and the effect of each call of a port on it.

A state of the model is one flat tuple of interned numbers: the places below, then one for each
chunk's row. The calls have the semantics of shoal.ports, implemented again without adapters.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from shoal.domain.tally import Entry, Sum
from shoal.ports.workflow import Execution, ExecutionStatus
from tests.model.invariants import Violation, check_job_write, check_row_write
from tests.model.replay import CONFLICT, Call, Interner
from tests.support.job_workflow import Position
from tests.support.job_workflow import State as Step

type State = tuple[int, ...]

(NOW, JOB, TALLIES, SUMS, CURSORS, MARK, PARTS, QUEUE) = range(8)
(EXECUTIONS, ZOMBIES, RECOVERY_HANDLER, DEAD_LETTER_HANDLER, USER, ACKNOWLEDGED, FAULTS) = range(
    8, 15
)
WORKERS: Final = (15, 16)
ROWS: Final = 17
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
    """A call that was applied: the numbers of the new value at its place and of its result."""

    at: int
    value: int
    result: int
    broken: Violation | None = None


type Effect = tuple[Any, Any]
"""The new value of the place, and the result."""


class SharedState:
    """Runs calls against states; each call on each value once."""

    def __init__(self, interner: Interner) -> None:
        self._interner = interner
        self._done: dict[tuple[int, int, int], AppliedCall] = {}

    def apply(self, state: State, number: int) -> AppliedCall:
        """Return the effect of the call with this number on the state."""
        call: Call = self._interner.values[number]
        at = _place(call)
        timed = state[NOW] if call.name == "queue.send" else -1
        key = (number, state[at], timed)
        found = self._done.get(key)
        if found is None:
            found = self._done[key] = self._run(call, at, state)
        return found

    def _run(self, call: Call, at: int, state: State) -> AppliedCall:
        values = self._interner.values
        before = values[state[at]]
        args = call.args
        if call.name == "queue.send":
            args = (*args, values[state[NOW]])
        after, result = _EFFECTS[call.name](before, *args)
        broken = None
        if after is not before:
            if call.name == "row.put":
                broken = check_row_write(before, after, call.by)
            elif call.name == "job.put":
                broken = check_job_write(before, after)
        intern = self._interner
        value = intern.intern_hashable(after) if at in _PLAIN else intern.number(after)
        return AppliedCall(at, value, intern.number(result), broken)


_PLAIN: Final = (QUEUE, EXECUTIONS)
"""Places whose values are hashable."""


def _place(call: Call) -> int:
    noun = call.name.partition(".")[0]
    return ROWS + call.args[0] if noun == "row" else _PLACES[noun]


_PLACES: Final = {
    "job": JOB,
    "tally": TALLIES,
    "sum": SUMS,
    "cursor": CURSORS,
    "mark": MARK,
    "part": PARTS,
    "queue": QUEUE,
    "workflow": EXECUTIONS,
}


def _job_get(job: Any, _job_id: str) -> Effect:
    return job, job


def _job_create(job: Any, new: Any) -> Effect:
    return (new, True) if job is None else (job, False)


def _job_put(job: Any, new: Any) -> Effect:
    return (new, None) if job is not None and new.version == job.version + 1 else (job, CONFLICT)


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


def _cursor_claim(
    cursors: dict[int, int], generation: int, first: int, end: int, count: int
) -> Effect:
    number = cursors.get(generation, first)
    if number + count > end:
        return cursors, None
    return {**cursors, generation: number + count}, number


def _cursor_get(cursors: dict[int, int], generation: int) -> Effect:
    return cursors, cursors.get(generation)


def _mark_set(_mark: tuple[str, ...], job_id: str) -> Effect:
    return (job_id,), None


def _mark_clear(_mark: tuple[str, ...], _job_id: str) -> Effect:
    return (), None


def _mark_all(mark: tuple[str, ...]) -> Effect:
    return mark, mark


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
    "job.create": _job_create,
    "job.put": _job_put,
    "row.get": _row_get,
    "row.create": _row_create,
    "row.put": _row_put,
    "tally.create": _tally_create,
    "tally.set": _tally_set,
    "tally.get": _tally_get,
    "sum.set": _sum_set,
    "sum.get": _sum_get,
    "cursor.claim": _cursor_claim,
    "cursor.get": _cursor_get,
    "mark.set": _mark_set,
    "mark.clear": _mark_clear,
    "mark.all": _mark_all,
    "part.put": _part_put,
    "part.get": _part_get,
    "queue.send": _queue_send,
    "workflow.start": _workflow_start,
    "workflow.describe": _workflow_describe,
    "workflow.answer": _workflow_answer,
}
