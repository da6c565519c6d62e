"""The outcome of one attempt of a task."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from shoal.domain.grid import Json


@dataclass(frozen=True, slots=True)
class TaskError:
    """The error of a failed attempt; `tail` is the end of its output.

    `retry_after`, in seconds, replaces the delay of the policy.
    """

    type: str
    message: str
    retryable: bool
    tail: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one attempt: completed with a result if `error` is None, otherwise failed.

    `started_at` is in seconds since the epoch, `duration` in seconds.
    """

    index: int
    attempt: int
    started_at: float
    duration: float
    result: Json = None
    error: TaskError | None = None


class PartKey(NamedTuple):
    """The address of the immutable part that one report wrote: `{job}/{chunk}/{epoch}.{report}`."""

    job: str
    chunk: int
    epoch: int
    report: int

    def __str__(self) -> str:
        return f"outcomes/{self.job}/{self.chunk}/{self.epoch}.{self.report}"


@dataclass(frozen=True, slots=True)
class OutcomeReport:
    """Outcomes of tasks under one lease; a final report ends the lease.

    Report numbers start at 1 in each epoch. If `uploaded` is set, the part with this key exists.
    `token` is that of the lease, if it has one.
    """

    key: PartKey
    final: bool
    outcomes: Sequence[Outcome]
    uploaded: bool = False
    token: str | None = field(default=None, repr=False)


class Origin(NamedTuple):
    """The worker and the generation of a part's outcomes."""

    worker: str
    generation: int


class WholePart(NamedTuple):
    """The outcomes of a part; `origin` is None for parts written before origins were stored."""

    outcomes: Sequence[Outcome]
    origin: Origin | None


WORKER_DIED = "WorkerDied"


def worker_died(index: int, attempt: int, now: float) -> Outcome:
    """Return the outcome of a task whose workers died three times in a row."""
    error = TaskError(WORKER_DIED, "three workers in a row died while they ran it", retryable=False)
    return Outcome(index, attempt, started_at=now, duration=0.0, error=error)
