"""The faults, with their rates and their budgets per run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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
    STALLED = "the function stalls at a call"
    FROZEN = "the function freezes for most of its time"
    PARTIAL = "a batch is done in part"
    UNPROCESSED = "items of a batch are not processed at first"
    ROWS_APART = "rows of a batch are read or written far apart"
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
    # Faults of the stream of the jobs table, of events, webhooks and live connections.
    RECORD_LOST = "a stream record is lost"
    RECORD_LATE = "a stream record is late"
    RECORD_TWICE = "a stream record is delivered twice"
    ENTRY_REJECTED = "the event bus rejects an entry"
    WEBHOOK_REFUSED = "the endpoint of a webhook fails"
    SOCKET_CLOSED = "a live connection closes"
    # Faults of workers.
    POD_KILLED = "a worker is killed"
    POD_DRAINED = "a worker is drained"
    POD_FROZEN = "a worker freezes"
    CLOCK_WRONG = "the clock of a worker is wrong"
    PREEMPTED = "a thread of a worker is preempted"
    # Faults of stored data.
    ROW_EXPIRED = "an expired row is removed"
    OBJECT_EXPIRED = "an expired object is removed"
    ROLLED_BACK = "a row has fields of a later version"
    UNREADABLE = "a row cannot be read"


PORT_FAULTS: Final = (
    Fault.KILLED_BEFORE,
    Fault.KILLED_AFTER,
    Fault.LOST_REQUEST,
    Fault.LOST_ANSWER,
    Fault.THROTTLED,
    Fault.STALLED,
)
"""Faults of any call. The others are drawn only where they apply."""
_LATENCIES: Final = (0.005, 0.001, 0.05, 0.8)
_LATENCY_WEIGHTS: Final = (70.0, 10.0, 15.0, 5.0)
_PORT_OPTIONS: Final[tuple[Fault | float, ...]] = (*_LATENCIES, *PORT_FAULTS)
_MOST: Final = 0.6
"""The largest part of calls that faults may take."""
_READS: Final = 0.3
"""The rate of the faults of calls that only read, as a part of the rate of those that write."""
_RARE: Final = frozenset((Fault.UNREADABLE, Fault.QUEUE_WIPED))
_SELDOM: Final = frozenset(
    (
        *(Fault.STALE_INDEX, Fault.ENTRY_REJECTED, Fault.WEBHOOK_REFUSED, Fault.OUTAGE),
        *(Fault.EVENT_LOST, Fault.EVENT_LATE, Fault.EVENT_TWICE, Fault.EXECUTION_ABORTED),
        *(Fault.INVOCATION_FORGOTTEN, Fault.MESSAGE_LOST, Fault.MESSAGE_TWICE),
    )
)
"""Faults of something that happens seldom in a run."""
_THEMES: Final[Sequence[frozenset[Fault]]] = (
    frozenset((Fault.STALLED, Fault.API_ANSWER_LOST, Fault.FROZEN, Fault.INVOCATION_FORGOTTEN)),
    frozenset((Fault.STALLED, Fault.MESSAGE_TWICE, Fault.MESSAGE_LATE)),
    frozenset((Fault.KILLED_AFTER, Fault.KILLED_BEFORE, Fault.POD_KILLED)),
    frozenset((Fault.LOST_ANSWER, Fault.LOST_REQUEST, Fault.REPEATED, Fault.THROTTLED)),
    frozenset((Fault.SWEPT_EARLY, Fault.EVENT_LOST, Fault.STALLED, Fault.EXECUTION_ABORTED)),
)
"""Kinds that break something together; half of the runs enable one of these sets."""
_THEME: Final = 0.5
_AFTER_A_WRITE: Final = 4.0
"""How much more often a fault strikes at the call that follows a write of a row."""
_RATES: Final = (0.01, 0.03, 0.1, 0.3)
_HIGH_RATES: Final = (0.1, 0.3, 0.6, 0.9)
_EXPIRY: Final = frozenset((Fault.ROW_EXPIRED, Fault.OBJECT_EXPIRED))
"""Faults that a run meets only weeks later; the director draws them."""
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
        theme: frozenset[Fault] = frozenset()
        if decisions.chance(_WORLD, _THEME):
            theme = _THEMES[decisions.integer(_WORLD, 0, len(_THEMES) - 1)]
        for kind in Fault:
            if kind in _EXPIRY:
                continue
            enabled = decisions.chance(_WORLD, share / (4 if kind in _RARE else 1))
            enabled = enabled or kind in theme
            if wanted is not None:
                enabled = kind in wanted
            if enabled:
                rates = _HIGH_RATES if kind in _SELDOM else _RATES
                self.rates[kind] = rates[decisions.integer(_WORLD, 0, len(rates) - 1)]
                self.budgets[kind] = decisions.integer(_WORLD, 1, 5)
        self._write_weights = self._weights(1.0)
        self._read_weights = self._weights(_READS)
        self._hot_weights = self._weights(_AFTER_A_WRITE)

    def _weights(self, part: float) -> Weights:
        rates = [min(0.3, part * self.rates.get(kind, 0.0)) for kind in PORT_FAULTS]
        rest = 1.0 - min(_MOST, sum(rates))
        latencies = [rest * weight / sum(_LATENCY_WEIGHTS) for weight in _LATENCY_WEIGHTS]
        return Weights([*latencies, *rates])

    def at_port(self, actor: str, *, writes: bool, hot: bool) -> Fault | float:
        """The latency or the fault of a port call; `hot` if it follows a write of a row."""
        if not self.active:
            return _LATENCIES[0]
        weights = self._write_weights if writes else self._read_weights
        if hot:
            weights = self._hot_weights
        option = _PORT_OPTIONS[self._decisions.choose(actor, weights)]
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
