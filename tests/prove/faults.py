"""The faults, with their rates and their budgets per run."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import Final

from tests.prove.decisions import Decisions, Weights


class Fault(StrEnum):
    """A kind of fault."""

    # Faults of port calls by functions.
    KILLED_BEFORE = "the function is killed before the call"
    KILLED_AFTER = "the function is killed after the call"
    LOST_REQUEST = "the request is lost"
    LOST_ANSWER = "the answer is lost"
    REPEATED = "the SDK repeats a write that was done"
    THROTTLED = "the call is throttled"
    STALLED = "the function stalls"
    PARTIAL = "a batch is done in part"
    ROWS_APART = "rows of a batch are read or written apart"
    STALE_INDEX = "an index is behind"
    OUTAGE = "a service is unavailable for a while, or for some of its calls"
    # Faults of API requests.
    API_REQUEST_LOST = "a request to the API is lost"
    API_ANSWER_LOST = "an answer of the API is lost"
    API_REFUSED = "the API is throttled"
    # Faults of queues.
    MESSAGE_LOST = "a message is lost"
    MESSAGE_TWICE = "a message is delivered twice"
    MESSAGE_LATE = "a message is late"
    MESSAGES_REORDERED = "messages are reordered"
    QUEUE_WIPED = "the queue is wiped"
    RECEIVES_EXHAUSTED = "a message was received too often"
    SQS_LOST = "a call of a worker to SQS is lost"
    # Faults of the workflow.
    INVOCATION_FORGOTTEN = "Step Functions gives up on a function, which keeps running"
    INVOCATION_REFUSED = "a function is not started"
    SWEPT_EARLY = "a sweep comes early"
    EXECUTION_ABORTED = "an execution is aborted"
    EVENT_LOST = "an event is lost"
    EVENT_LATE = "an event is late"
    EVENT_TWICE = "an event is delivered twice"
    # Faults of workers.
    POD_KILLED = "a worker is killed"
    POD_DRAINED = "a worker is drained"
    POD_FROZEN = "a worker freezes"
    CLOCK_WRONG = "the clock of a worker is wrong"
    PREEMPTED = "a thread of a worker is preempted"
    # Faults of stored data.
    ROW_EXPIRED = "an expired row is removed"
    ROLLED_BACK = "a row has fields of a later version"


PORT_FAULTS: Final = (
    Fault.KILLED_BEFORE,
    Fault.KILLED_AFTER,
    Fault.LOST_REQUEST,
    Fault.LOST_ANSWER,
    Fault.REPEATED,
    Fault.THROTTLED,
    Fault.STALLED,
    Fault.PARTIAL,
    Fault.ROWS_APART,
    Fault.STALE_INDEX,
)
_LATENCIES: Final = (0.005, 0.001, 0.05, 0.8)
_LATENCY_WEIGHTS: Final = (70.0, 10.0, 15.0, 5.0)
_PORT_OPTIONS: Final[tuple[Fault | float, ...]] = (*_LATENCIES, *PORT_FAULTS)
_MOST: Final = 0.6
"""The largest part of calls that faults may take."""
_RARE: Final = frozenset((Fault.ROW_EXPIRED, Fault.ROLLED_BACK, Fault.QUEUE_WIPED))
_WORLD: Final = "faults"


class Faults:
    """The faults of one run: a few kinds, each with its rate and its budget."""

    def __init__(self, decisions: Decisions, wanted: frozenset[Fault] | None = None) -> None:
        self._decisions = decisions
        self.active = True
        self.met: Counter[Fault] = Counter()
        self.rates: dict[Fault, float] = {}
        self.budgets: dict[Fault, int] = {}
        share = decisions.between(_WORLD, 0.0, 0.5)
        for kind in Fault:
            enabled = decisions.chance(_WORLD, share / (4 if kind in _RARE else 1))
            if wanted is not None:
                enabled = kind in wanted
            if enabled:
                self.rates[kind] = (0.01, 0.03, 0.1, 0.3)[decisions.integer(_WORLD, 0, 3)]
                self.budgets[kind] = decisions.integer(_WORLD, 1, 5)
        rates = [self.rates.get(kind, 0.0) for kind in PORT_FAULTS]
        rest = 1.0 - min(_MOST, sum(rates))
        latencies = [rest * weight / sum(_LATENCY_WEIGHTS) for weight in _LATENCY_WEIGHTS]
        self._port_weights = Weights([*latencies, *rates])

    def at_port(self, actor: str) -> Fault | float:
        """The latency or the fault of a port call."""
        if not self.active:
            return _LATENCIES[0]
        option = _PORT_OPTIONS[self._decisions.choose(actor, self._port_weights)]
        if not isinstance(option, Fault):
            return option
        if self._spend(option):
            return option
        self._decisions.retract(actor)
        return _LATENCIES[0]

    def strikes(self, kind: Fault, actor: str) -> bool:
        """Whether this fault is to happen here."""
        if not self.active:
            return False
        rate = self.rates.get(kind, 0.0)
        if not self._decisions.replaying and (not rate or not self.budgets[kind]):
            return False
        return self._decisions.chance(f"{actor} {kind.name}", rate) and self._spend(kind)

    def between(self, actor: str, low: float, high: float) -> float:
        """A number for a fault: low for the ordinary decision."""
        return self._decisions.between(f"{actor} much", low, high)

    def _spend(self, kind: Fault) -> bool:
        """Take it from the budget, if there is enough; a replay has only what was done before."""
        if not self._decisions.replaying:
            if not self.budgets.get(kind):
                return False
            self.budgets[kind] -= 1
        self.met[kind] += 1
        return True
