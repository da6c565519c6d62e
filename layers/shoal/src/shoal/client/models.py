"""What the API answers, as values. A field that is newer than this client is left in `raw`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, TypedDict

type Json = Mapping[str, Any]

ENDED: Final = frozenset({"COMPLETED", "FAILED", "CANCELLED"})


class Spec(TypedDict, total=False):
    """What a job is made of, beside its task type: one of count, grid, inputs and inputs_uri."""

    name: str
    count: int
    grid: Mapping[str, Any]
    inputs_uri: str
    params: Json
    chunk_size: int | Literal["auto"]
    priority: Literal["high", "normal", "low"]
    max_parallelism: int
    timeout: float
    retry: Json
    deadline: str
    max_failed: int
    tags: Mapping[str, str]


class Changes(TypedDict, total=False):
    """What a clone has otherwise than the job that it is made of."""

    name: str
    params: Json
    priority: Literal["high", "normal", "low"]
    max_parallelism: int | None
    timeout: float | None
    retry: Json | None
    deadline: str | None
    tags: Mapping[str, str]


class Settings(TypedDict, total=False):
    """What an open job can have otherwise."""

    name: str
    priority: Literal["high", "normal", "low"]
    max_parallelism: int | None
    tags: Mapping[str, str]


class Filter(TypedDict, total=False):
    """Which jobs: all that is given has to hold.

    Made from `since` on and before `until`, RFC 3339 or with a zone; `name` is what theirs begins
    with; `tag` is `key=value`, or a key alone.
    """

    status: str | list[str]
    since: str | datetime
    until: str | datetime
    type: str
    name: str
    tag: str


class TaskFilter(TypedDict, total=False):
    """Which tasks of a job: all that is given has to hold.

    `attempts` is the fewest; `cause` is the fingerprint of one that failed tasks have in common;
    indices go from `start` to before `end`.
    """

    status: str | list[str]
    attempts: int
    cause: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Tasks by status."""

    pending: int = 0
    running: int = 0
    retrying: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def ended(self) -> int:
        """Those that will not change any more."""
        return self.completed + self.failed + self.cancelled


def counts_of(raw: Json) -> Counts:
    """From the API's JSON."""
    return Counts(**{each.name: raw.get(each.name, 0) for each in fields(Counts)})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """A job as it was when the API was asked."""

    id: str
    name: str
    task_type: str
    status: str
    paused: bool
    generation: int
    task_count: int | None
    counts: Counts
    version: int
    created_at: str
    started_at: str | None
    finished_at: str | None
    reason: str | None
    tags: Mapping[str, str]
    raw: Json = field(repr=False)

    @staticmethod
    def of(raw: Json) -> JobState:
        """From the API's JSON."""
        return JobState(**{**_known(JobState, raw), "counts": counts_of(raw["counts"])}, raw=raw)

    @property
    def ended(self) -> bool:
        """Whether it will change no more, unless it is retried."""
        return self.status in ENDED


class TaskFault(NamedTuple):
    """Why an attempt failed; `tail` is the end of what it printed."""

    type: str
    message: str
    tail: str
    retryable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task; `error` and `result` are of its latest attempt that ended."""

    id: str
    job_id: str
    index: int
    status: str
    attempts: int
    worker: str | None
    started_at: str | None
    finished_at: str | None
    duration: float | None
    input: Json | None
    result: Any
    error: TaskFault | None
    too_large: bool
    raw: Json = field(repr=False)

    @staticmethod
    def of(raw: Json) -> Task:
        """From the API's JSON."""
        return Task(**{**_known(Task, raw), "error": _fault(raw)}, raw=raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt of a task; `outcome` is running, completed, failed, worker_died or cancelled.

    It is `unknown` if what came of it is not kept any more. `attempt` counts anew in each
    `generation`; `worker` and `epoch` are of the lease that it ended under, or runs under.
    """

    outcome: str
    generation: int | None
    attempt: int | None
    epoch: int | None
    worker: str | None
    started_at: str | None
    finished_at: str | None
    duration: float | None
    progress: float | None
    lease_until: str | None
    crashes: int | None
    error: TaskFault | None
    raw: Json = field(repr=False)

    @staticmethod
    def of(raw: Json) -> Attempt:
        """From the API's JSON."""
        return Attempt(**{**_known(Attempt, raw), "error": _fault(raw)}, raw=raw)


@dataclass(frozen=True, slots=True)
class Result:
    """What a completed task returned; None if that is `too_large` for one answer.

    A task without a result says by `missing` why: its status, or EXPIRED.
    """

    index: int
    result: Any
    too_large: bool
    missing: str | None
    raw: Json = field(repr=False)

    @staticmethod
    def of(raw: Json) -> Result:
        """From the API's JSON."""
        return Result(**_known(Result, raw), raw=raw)


@dataclass(frozen=True, slots=True)
class TaskType:
    """A function that workers offer; `schema` is the JSON Schema of its input."""

    name: str
    schema: Json
    timeout: float | None
    retry: Json | None
    image: str
    digest: str
    description: str
    mean_seconds: float | None
    raw: Json = field(repr=False)

    @staticmethod
    def of(raw: Json) -> TaskType:
        """From the API's JSON."""
        return TaskType(**_known(TaskType, raw), raw=raw)


class Refusal(NamedTuple):
    """A job that a bulk action's verb did not fit, and why."""

    job_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkState:
    """One verb for many jobs: `done` had it, `refused` did not fit it, some of these by name."""

    id: str
    action: str
    status: str
    done: int
    refused: int
    refusals: Sequence[Refusal]
    dry_run: bool
    by: str
    created_at: str
    finished_at: str | None
    reason: str | None
    raw: Json = field(repr=False)

    @staticmethod
    def of(raw: Json) -> BulkState:
        """From the API's JSON."""
        refusals = [Refusal(each["job_id"], each["reason"]) for each in raw["refusals"]]
        return BulkState(**{**_known(BulkState, raw), "refusals": refusals}, raw=raw)

    @property
    def ended(self) -> bool:
        """Whether it goes no further."""
        return self.status != "RUNNING"


@dataclass(frozen=True, slots=True)
class JobEvent:
    """A job that changed, as `watch` tells it."""

    job: JobState

    @property
    def counts(self) -> Counts:
        """Tasks by status."""
        return self.job.counts

    @property
    def status(self) -> str:
        """The job's status."""
        return self.job.status


def _fault(raw: Json) -> TaskFault | None:
    said = raw.get("error")
    return said and TaskFault(*(said.get(name) for name in TaskFault._fields))


def _known(kind: Any, raw: Json) -> dict[str, Any]:
    """The fields of a kind; what the API does not say is None."""
    return {each.name: raw.get(each.name) for each in fields(kind) if each.name != "raw"}
