"""The order of the states of statemachine/job.asl.yaml, for tests without Step Functions.

A `Position` is a state of one execution. `Position.after` returns the next one, given the answer of
its function; `call` calls the use-case of a position. Every driver in the tests consists of these
two: it decides only when a call happens.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final, NamedTuple

from shoal.ports.workflow import ExecutionStatus
from shoal.service.planning import Planning, Range
from shoal.service.reconciliation import PassState, Reconciliation
from shoal.service.termination import Termination


class State(StrEnum):
    """The states at which something is called, or an execution ends."""

    PLAN = "PlanTasks"
    CREATE = "CreateTasks"
    ENQUEUE = "EnqueueTasks"
    MONITOR = "MonitorCompletion"
    WAIT = "WaitAndRetry"
    FAIL = "FailJob"
    COMPLETED = "JobCompleted"
    FAILED = "JobFailed"
    CANCELLED = "JobCancelled"
    HANDED_OVER = "HandedOver"


NEXT: Final = {
    State.PLAN: State.CREATE,
    State.CREATE: State.ENQUEUE,
    State.ENQUEUE: State.MONITOR,
    State.WAIT: State.MONITOR,
    State.FAIL: State.FAILED,
}
DECISIONS: Final = {
    "completed": State.COMPLETED,
    "failed": State.FAILED,
    "cancelled": State.CANCELLED,
    "hand_over": State.HANDED_OVER,
    "wait": State.WAIT,
}
ENDS: Final = {
    State.COMPLETED: (ExecutionStatus.SUCCEEDED, "completed"),
    State.FAILED: (ExecutionStatus.FAILED, None),
    State.CANCELLED: (ExecutionStatus.SUCCEEDED, "cancelled"),
    State.HANDED_OVER: (ExecutionStatus.SUCCEEDED, "handed_over"),
}
"""The status of an execution that ends in this state, and the decision in its output."""

_MAPS: Final = frozenset((State.CREATE, State.ENQUEUE))


class ExecutionId(NamedTuple):
    """The input of an execution."""

    job: str
    generation: int = 1
    number: int = 1


class Position(NamedTuple):
    """A state of an execution; in a Map state, the place of its range."""

    state: State = State.PLAN
    ranges: tuple[Range, ...] = ()
    place: int = 0
    passes: int = 0
    seen: PassState = PassState()

    def after(self, answer: Any) -> Position:
        """Return the next position, given what the use-case of this one returned."""
        if self.state is State.PLAN:
            return self._first_range(State.CREATE, tuple(answer))
        if self.state in _MAPS and self.place + 1 < len(self.ranges):
            return self._replace(place=self.place + 1)
        if self.state is State.CREATE:
            return self._first_range(State.ENQUEUE, self.ranges)
        if self.state is State.MONITOR:
            state = DECISIONS[answer.decision]
            return self._replace(state=state, passes=self.passes + 1, seen=answer.state)
        return self._replace(state=NEXT[self.state], ranges=(), place=0)

    def failed(self) -> Position:
        """Return the position after a function failed permanently."""
        return self._replace(state=State.FAIL, ranges=(), place=0)

    def _first_range(self, state: State, ranges: tuple[Range, ...]) -> Position:
        if not ranges:
            return self._replace(state=State.MONITOR)
        return self._replace(state=state, ranges=ranges, place=0)

    @property
    def range(self) -> Range:
        """The range of chunks of a Map state."""
        return self.ranges[self.place]


class Functions(NamedTuple):
    """The use-cases that the functions of the state machine call."""

    planning: Planning
    reconciliation: Reconciliation
    termination: Termination

    def call(self, execution: ExecutionId, at: Position, *, token: str = "") -> Any:
        """Call the use-case of a position and return its answer."""
        job, generation, number = execution
        calls: dict[State, Callable[[], Any]] = {
            State.PLAN: lambda: self.planning.plan(job, generation, number),
            State.CREATE: lambda: self.planning.create(job, generation, *at.range),
            State.ENQUEUE: lambda: self.planning.enqueue(job, generation, *at.range),
            State.MONITOR: lambda: self.reconciliation.reconcile(
                job, generation, at.passes, at.seen
            ),
            State.WAIT: lambda: self.reconciliation.wait(job, generation, token),
            State.FAIL: lambda: self.termination.fail(job, generation, "the workflow failed"),
        }
        return calls[at.state]()


def run_until_wait(call: Callable[[Position], Any]) -> Position:
    """Run an execution from its start until it would wait, or has ended."""
    at = Position()
    while at.state is not State.WAIT and at.state not in ENDS:
        at = at.after(call(at))
    return at
