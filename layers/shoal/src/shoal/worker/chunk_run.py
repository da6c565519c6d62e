"""A received chunk in this worker, as a state machine with its moves as data.

Outcomes go one way: the pool gives them to the run, the outbox requests their report, and the
reporter takes them.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, NamedTuple

from shoal.wire.worker import ChunkMessage, EncodedReport, Lease, ReceivedMessage
from shoal.worker.ports import ChunkSpan
from shoal.worker.segment import Segment


class RunState(Enum):
    """The states of a run. A run `holds_slot` while its tasks are in the pool or follow soon."""

    RECEIVED = "its lease is requested"
    NAMING = "its next task starts once the API has acknowledged its name"
    RUNNING = "a segment is in the pool"
    REPORTING = "the next segment starts once the report of the last one is accepted"
    STOPPING = "its last segment is in the pool"
    CONCLUDED = "its final report is due or sent"
    DROPPING = "a segment is in the pool, and its outcomes are no longer reported"
    ENDED = "it is no longer in flight"

    @property
    def holds_slot(self) -> bool:
        """Whether the run occupies a slot."""
        return self in _HOLDS_SLOT

    @property
    def dropped(self) -> bool:
        """Whether its outcomes are no longer reported."""
        return self in _DROPPED


class RunMove(Enum):
    """The moves of a run."""

    NAME = "an isolated task is named before it starts"
    START = "its next segment starts"
    SEGMENT_ENDED = "a segment ended, and others follow"
    LAST_SEGMENT_ENDED = "the last segment ended"
    STOP = "no further segment may start"
    CONCLUDE = "no segment is left"
    DROP = "the lease was lost, or the job was cancelled"
    END = "the final report was accepted, or there is no lease"


MOVES: Final[Mapping[RunMove, Mapping[RunState, RunState]]] = {
    RunMove.NAME: {
        RunState.RECEIVED: RunState.NAMING,
        RunState.REPORTING: RunState.NAMING,
    },
    RunMove.START: {
        RunState.RECEIVED: RunState.RUNNING,
        RunState.NAMING: RunState.RUNNING,
        RunState.REPORTING: RunState.RUNNING,
    },
    RunMove.SEGMENT_ENDED: {
        RunState.RUNNING: RunState.REPORTING,
        RunState.STOPPING: RunState.CONCLUDED,
        RunState.DROPPING: RunState.ENDED,
    },
    RunMove.LAST_SEGMENT_ENDED: {
        RunState.RUNNING: RunState.CONCLUDED,
        RunState.STOPPING: RunState.CONCLUDED,
        RunState.DROPPING: RunState.ENDED,
    },
    RunMove.STOP: {
        RunState.NAMING: RunState.CONCLUDED,
        RunState.RUNNING: RunState.STOPPING,
        RunState.REPORTING: RunState.CONCLUDED,
    },
    RunMove.CONCLUDE: {
        RunState.RECEIVED: RunState.CONCLUDED,
        RunState.NAMING: RunState.CONCLUDED,
        RunState.REPORTING: RunState.CONCLUDED,
    },
    RunMove.DROP: {
        RunState.RECEIVED: RunState.ENDED,
        RunState.NAMING: RunState.ENDED,
        RunState.RUNNING: RunState.DROPPING,
        RunState.REPORTING: RunState.ENDED,
        RunState.STOPPING: RunState.DROPPING,
        RunState.CONCLUDED: RunState.ENDED,
    },
    RunMove.END: {
        RunState.RECEIVED: RunState.ENDED,
        RunState.CONCLUDED: RunState.ENDED,
    },
}
"""The new state after a move, by the state before. Other moves change nothing."""

_HOLDS_SLOT: Final = frozenset(
    (
        RunState.NAMING,
        RunState.RUNNING,
        RunState.REPORTING,
        RunState.STOPPING,
        RunState.DROPPING,
    )
)
_DROPPED: Final = frozenset((RunState.DROPPING, RunState.ENDED))


class Transition(NamedTuple):
    """A move that was made."""

    before: RunState
    after: RunState


class ChunkRun:
    """A received message and, once leased, its running chunk."""

    def __init__(
        self, message: ChunkMessage, delivery: ReceivedMessage, received_at: float
    ) -> None:
        self.key = (message.job, message.chunk)
        self.delivery = delivery
        self.received_at = received_at
        self.renewed_at = received_at
        """When its lease was granted or renewed last."""
        self.hidden_at = received_at
        """When the visibility timeout of its message began last."""
        self.lease: Lease | None = None
        self.span: ChunkSpan | None = None
        self.cancelled = False
        """It was dropped because its job was cancelled: its message is deleted."""
        self.reported = 0
        """The number of its last accepted report."""
        self.unanswered: EncodedReport | None = None
        """A report that must be sent again, with the same number and outcomes."""
        self.failures = 0
        """How often in a row the API failed at the lease or report of this chunk."""
        self._state = RunState.RECEIVED
        self._segment: Segment | None = None
        self._pending: list[Segment] = []
        self._outcomes: list[bytes] = []
        self._lock = threading.Lock()

    @property
    def state(self) -> RunState:
        """The current state."""
        return self._state

    @property
    def segment(self) -> Segment | None:
        """The segment that the pool runs now."""
        return self._segment

    def move(self, move: RunMove) -> Transition | None:
        """Makes a move. Returns None, and changes nothing, if the state does not allow it."""
        with self._lock:
            return self._move(move)

    def _move(self, move: RunMove) -> Transition | None:
        before = self._state
        after = MOVES[move].get(before)
        if after is None:
            return None
        self._state = after
        return Transition(before, after)

    def prepare(self, segments: list[Segment]) -> None:
        """Sets the segments to run."""
        self._pending = segments

    @property
    def next_segment(self) -> Segment | None:
        """The segment that starts next."""
        pending = self._pending
        return pending[0] if pending else None

    def start_next(self) -> tuple[Transition, Segment] | None:
        """Starts the next segment. Returns it for the pool, or None if none may start."""
        with self._lock:
            transition = self._move(RunMove.START) if self._pending else None
            if transition is None:
                return None
            self._segment = self._pending.pop(0)
            return transition, self._segment

    def end_segment(self) -> Transition | None:
        """Records that the segment in the pool has ended."""
        with self._lock:
            self._segment = None
            last = not self._pending
            return self._move(RunMove.LAST_SEGMENT_ENDED if last else RunMove.SEGMENT_ENDED)

    def drop(self, *, cancelled: bool) -> Transition | None:
        """Stops its reports, because the lease was lost or the job was cancelled."""
        with self._lock:
            transition = self._move(RunMove.DROP)
            if transition is not None:
                self.cancelled = cancelled
            return transition

    def add_outcomes(self, outcomes: list[bytes]) -> None:
        """Adds outcomes of tasks that ended."""
        with self._lock:
            self._outcomes += outcomes

    def take_outcomes(self) -> list[bytes]:
        """Returns the unreported outcomes and clears them."""
        with self._lock:
            outcomes, self._outcomes = self._outcomes, []
        return outcomes

    @property
    def has_outcomes(self) -> bool:
        """Whether there are unreported outcomes."""
        return bool(self._outcomes)

    @property
    def log_fields(self) -> dict[str, Any]:
        """The fields of its log lines."""
        job, chunk = self.key
        return {"job": job, "chunk": chunk, "epoch": self.lease.epoch if self.lease else None}
