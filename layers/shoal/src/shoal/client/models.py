"""The API's responses as values. A field that this client does not know is available in `raw`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, TypedDict

type Json = Mapping[str, Any]

ENDED: Final = frozenset({"COMPLETED", "FAILED", "CANCELLED"})


class Spec(TypedDict, total=False):
    """The fields of a submission, except its task type.

    At most one of `count`, `grid`, `inputs` and `inputs_uri` defines the tasks.
    """

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
    """The fields that a clone can change."""

    name: str
    params: Json
    priority: Literal["high", "normal", "low"]
    max_parallelism: int | None
    timeout: float | None
    retry: Json | None
    deadline: str | None
    tags: Mapping[str, str]


class Settings(TypedDict, total=False):
    """The fields of an open job that can be changed."""

    name: str
    priority: Literal["high", "normal", "low"]
    max_parallelism: int | None
    tags: Mapping[str, str]


class Filter(TypedDict, total=False):
    """A filter of jobs. A job matches if it matches every given field.

    `since` (inclusive) and `until` (exclusive) bound the creation time: RFC 3339, or a `datetime`
    with a time zone. `name` is a prefix of job names. `tag` is `key=value`, or a key alone.
    """

    status: str | list[str]
    since: str | datetime
    until: str | datetime
    type: str
    name: str
    tag: str


class TaskFilter(TypedDict, total=False):
    """A filter of a job's tasks. A task matches if it matches every given field.

    `attempts` is the minimum number of attempts. `cause` is a cause of failure, as `failures`
    lists it. `start` (inclusive) and `end` (exclusive) bound the index.
    """

    status: str | list[str]
    attempts: int
    cause: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Counts:
    """The number of tasks by status."""

    pending: int = 0
    running: int = 0
    retrying: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0

    @staticmethod
    def of(raw: Json) -> Counts:
        """Convert the API's JSON."""
        return Counts(**{each.name: raw.get(each.name, 0) for each in fields(Counts)})

    @property
    def ended(self) -> int:
        """The number of tasks in a final status."""
        return self.completed + self.failed + self.cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """The state of a job at the time of the response."""

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
        """Convert the API's JSON."""
        values = _known_fields(JobState, raw)
        return JobState(**{**values, "counts": Counts.of(raw["counts"])}, raw=raw)

    @property
    def ended(self) -> bool:
        """Whether the status is final. Only a retry reopens the job."""
        return self.status in ENDED


class TaskFault(NamedTuple):
    """Why an attempt failed. `tail` is the end of its output."""

    type: str
    message: str
    tail: str
    retryable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task. `error` and `result` are those of the latest attempt that ended."""

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
        """Convert the API's JSON."""
        return Task(**{**_known_fields(Task, raw), "error": _fault(raw)}, raw=raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt of a task.

    `outcome` is `running`, `completed`, `failed`, `worker_died` or `cancelled`; it is `unknown` if
    the outcome is no longer stored. `attempt` restarts at 1 in each `generation`. `worker` and
    `epoch` are those of the attempt's last lease.
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
        """Convert the API's JSON."""
        return Attempt(**{**_known_fields(Attempt, raw), "error": _fault(raw)}, raw=raw)


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a task. `result` is None if it is `too_large` for one response.

    If the task has no result, `missing` is the reason: the task's status, or EXPIRED.
    """

    index: int
    result: Any
    too_large: bool
    missing: str | None
    raw: Json = field(repr=False)

    @staticmethod
    def of(raw: Json) -> Result:
        """Convert the API's JSON."""
        return Result(**_known_fields(Result, raw), raw=raw)


@dataclass(frozen=True, slots=True)
class TaskType:
    """A task type that workers offer. `schema` is the JSON Schema of its input."""

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
        """Convert the API's JSON."""
        return TaskType(**_known_fields(TaskType, raw), raw=raw)


class Refusal(NamedTuple):
    """A job that a bulk action could not change, and the reason."""

    job_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkState:
    """The state of a bulk action at the time of the response.

    `done` counts the jobs that it changed, `refused` those that it could not change. `refusals`
    names some of the latter.
    """

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
        """Convert the API's JSON."""
        refusals = [Refusal(each["job_id"], each["reason"]) for each in raw["refusals"]]
        return BulkState(**{**_known_fields(BulkState, raw), "refusals": refusals}, raw=raw)

    @property
    def ended(self) -> bool:
        """Whether the bulk action has ended."""
        return self.status != "RUNNING"


@dataclass(frozen=True, slots=True)
class JobEvent:
    """A change of a job, as `watch` yields it."""

    job: JobState

    @property
    def counts(self) -> Counts:
        """The number of tasks by status."""
        return self.job.counts

    @property
    def status(self) -> str:
        """The job's status."""
        return self.job.status


def _fault(raw: Json) -> TaskFault | None:
    error = raw.get("error")
    return error and TaskFault(*(error.get(name) for name in TaskFault._fields))


def _known_fields(kind: Any, raw: Json) -> dict[str, Any]:
    """Return the values of a dataclass's fields; None where the API sent no value."""
    return {each.name: raw.get(each.name) for each in fields(kind) if each.name != "raw"}
