"""What workers and the API say to each other: leases, heartbeats, reports, parts, registration.

Requests are closed (an unknown field is refused) and bounded; answers ignore fields that a newer
API adds. Workers do not build a model for each outcome: `encode_reports` joins outcomes that were
encoded where they arose, and `ReportRequest` is how the API reads them.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, NamedTuple, NotRequired, Self, TypedDict

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shoal.domain.errors import ShoalError, Unavailable
from shoal.domain.retry import LONGEST_DELAY
from shoal.domain.sizing import MAX_CHUNK, MAX_CHUNKS, MAX_TASKS
from shoal.wire.bodies import CLOSED
from shoal.wire.retry import RetryBody

MAX_BATCH: Final = 10
"""Chunks in one call for leases or reports."""
MAX_BEATS: Final = 100
MAX_TIMEOUT: Final = 36_000.0
MAX_TAIL: Final = 8_192
MAX_MESSAGE: Final = 2_048
MAX_INLINE_BYTES: Final = 200_000
"""Outcomes of one report that travel inside it; more go to a part by a presigned PUT."""
MAX_PART_BYTES: Final = 64 * 1024 * 1024
MAX_EFFECT_KEY: Final = 200
MAX_ARTIFACT_BYTES: Final = 64 * 1024 * 1024
ARTIFACT_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$"
TYPE_NAME: Final = r"^[A-Za-z][A-Za-z0-9_.-]{0,99}$"

type JobId = Annotated[str, StringConstraints(pattern=r"^job_[0-9A-HJKMNP-TV-Z]{26}$")]
type WorkerId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]
type TypeName = Annotated[str, StringConstraints(pattern=TYPE_NAME)]
type ChunkNumber = Annotated[int, Field(ge=0, lt=MAX_CHUNKS)]
type TaskIndex = Annotated[int, Field(ge=0, lt=MAX_TASKS)]
type Epoch = Annotated[int, Field(ge=1, lt=2**53)]
type Attempt = Annotated[int, Field(ge=1, le=1_000)]
type RetryAfter = Annotated[float, Field(ge=0, le=LONGEST_DELAY)]
type Timeout = Annotated[float, Field(gt=0, le=MAX_TIMEOUT)]


class _WorkerRequest(BaseModel):
    model_config = CLOSED


class _WorkerResponse(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


# Errors of a call, for the port that makes it.


class RemoteUnavailable(Unavailable):
    """The other side is away, throttles or fails; `retry_after` seconds if it said so."""

    def __init__(self, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class RemoteRejected(ShoalError):  # noqa: N818 - the tree reads as nouns
    """The other side will never accept this request."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status


# The message on SQS.


class ChunkMessage(_WorkerResponse):
    """The body of a message: ids only."""

    job: JobId
    chunk: ChunkNumber


class ReceivedMessage(NamedTuple):
    """A message in hand, hidden from others for a while; `receipt` settles it.

    `sent_at` (seconds since the epoch) is known of one that was never received before.
    """

    queue: str
    receipt: str
    body: str
    sent_at: float | None = None


# Leases.


class WantedChunk(_WorkerRequest):
    """A chunk whose message the worker holds."""

    job_id: JobId
    chunk: ChunkNumber


class LeaseRequest(_WorkerRequest):
    """Asks for chunks. A repeated request carries the same id and gets the same grants."""

    worker: WorkerId
    request_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
    chunks: Annotated[list[WantedChunk], Field(min_length=1, max_length=MAX_BATCH)]


class GrantedTask(TypedDict):
    """A task to run. Its input is the job's params, under its own or that line of the inputs."""

    index: TaskIndex
    attempt: Attempt
    input: NotRequired[dict[str, Any]]
    line: NotRequired[Annotated[int, Field(ge=0)]]


class RangedInputs(_WorkerResponse):
    """Where the lines of the inputs are, when they are too large to travel in the answer."""

    url: str
    headers: dict[str, str] = {}


class Lease(_WorkerResponse):
    """The answer for one chunk; only `granted` carries an epoch and tasks, only `held` a delay."""

    job_id: JobId
    chunk: ChunkNumber
    decision: Literal["granted", "done", "held", "cancelled", "paused"]
    epoch: Epoch | None = None
    until: AwareDatetime | None = None
    priority: Literal["high", "normal", "low"] | None = None
    task_type: TypeName | None = None
    timeout: Timeout | None = None
    isolated: bool = False
    tasks: Annotated[list[GrantedTask], Field(max_length=MAX_CHUNK)] = []
    inputs: RangedInputs | None = None
    params: dict[str, Any] | None = None
    trace: str = ""
    retry_after: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.decision == "granted" and (not self.epoch or not self.task_type or not self.tasks):
            raise ValueError("a grant names its epoch, its task type and its tasks")
        return self


class LeaseAnswer(_WorkerResponse):
    """One answer for each chunk asked for."""

    leases: list[Lease]


# Reports.


class TaskFailure(_WorkerRequest):
    """Why an attempt failed; `tail` is the end of what it printed.

    `retry_after` takes the place of the policy's delay, if there is another attempt.
    """

    type: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    message: Annotated[str, StringConstraints(max_length=MAX_MESSAGE)] = ""
    tail: Annotated[str, StringConstraints(max_length=MAX_TAIL)] = ""
    retryable: bool
    retry_after: RetryAfter | None = None


class TaskOutcome(_WorkerRequest):
    """The end of one attempt: `error` if and only if it failed."""

    index: TaskIndex
    attempt: Attempt
    outcome: Literal["completed", "failed"]
    started_at: AwareDatetime
    duration: Annotated[float, Field(ge=0, le=10 * MAX_TIMEOUT)]
    result: Any = None
    error: TaskFailure | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.outcome == "failed") != (self.error is not None):
            raise ValueError("an outcome has an error if and only if it failed")
        return self


class PartKeyRef(_WorkerRequest):
    """The stored part that holds the outcomes in full."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=512)]


class Report(_WorkerRequest):
    """Outcomes under one epoch; a final one ends the lease and hands back what has no outcome."""

    job_id: JobId
    chunk: ChunkNumber
    epoch: Epoch
    report: Annotated[int, Field(ge=1, le=100_000)]
    final: bool
    outcomes: Annotated[list[TaskOutcome], Field(max_length=MAX_CHUNK)] = []
    part: PartKeyRef | None = None


class ReportRequest(_WorkerRequest):
    """Reports about up to ten chunks."""

    worker: WorkerId
    reports: Annotated[list[Report], Field(min_length=1, max_length=MAX_BATCH)]


class ReportDecision(_WorkerResponse):
    """What became of one report."""

    job_id: JobId
    chunk: ChunkNumber
    decision: Literal["accepted", "stale", "cancelled"]


class ReportAnswer(_WorkerResponse):
    """One decision for each report."""

    reports: list[ReportDecision]


class EncodedReport(NamedTuple):
    """A report whose outcomes are JSON texts already."""

    job_id: str
    chunk: int
    epoch: int
    report: int
    final: bool
    outcomes: Sequence[bytes]
    part: str | None = None


def encode_reports(worker: str, reports: Iterable[EncodedReport]) -> bytes:
    """The body of a `ReportRequest`."""
    return b'{"worker":%s,"reports":[%s]}' % (
        json.dumps(worker).encode(),
        b",".join(map(_encoded, reports)),
    )


def _encoded(report: EncodedReport) -> bytes:
    job, chunk, epoch, number, final, outcomes, part = report
    place = b"" if part is None else b',"part":{"key":%b}' % json.dumps(part).encode()
    return b'{"job_id":"%b","chunk":%d,"epoch":%d,"report":%d,"final":%b%b,"outcomes":[%b]}' % (
        *(job.encode(), chunk, epoch, number),
        *(b"true" if final else b"false", place, b",".join(outcomes)),
    )


# Parts: outcomes too large for a report.


class PartRequest(_WorkerRequest):
    """Asks where to PUT the outcomes of a report, `size` bytes."""

    worker: WorkerId
    job_id: JobId
    chunk: ChunkNumber
    epoch: Epoch
    report: Annotated[int, Field(ge=1, le=100_000)]
    size: Annotated[int, Field(ge=1, le=MAX_PART_BYTES)]


class PartAnswer(_WorkerResponse):
    """A presigned PUT; `headers` go with it as they are."""

    url: str
    key: str
    headers: dict[str, str] = {}


# What a task keeps beyond its attempt.


class _OfTask(_WorkerRequest):
    worker: WorkerId
    job_id: JobId
    chunk: ChunkNumber
    epoch: Epoch
    index: TaskIndex


class Effect(_WorkerResponse):
    """What a side effect returned; JSON."""

    value: Any


class EffectRequest(_OfTask):
    """Asks what is kept under the key; with an `effect`, keeps that unless one is kept."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=MAX_EFFECT_KEY)]
    effect: Effect | None = None


class EffectAnswer(_WorkerResponse):
    """What is kept; null if nothing is."""

    effect: Effect | None


class ArtifactRequest(_OfTask):
    """Asks where to PUT an artifact of `size` bytes, or, without a size, where to GET one."""

    name: Annotated[str, StringConstraints(pattern=ARTIFACT_NAME)]
    size: Annotated[int, Field(ge=0, le=MAX_ARTIFACT_BYTES)] | None = None


class ArtifactAnswer(_WorkerResponse):
    """A presigned URL, null if there is nothing to GET; `headers` go with a PUT as they are."""

    url: str | None
    uri: str | None = None
    headers: dict[str, str] = {}


# Heartbeats.


class Beat(_WorkerRequest):
    """A chunk in hand, and the task of it that runs now."""

    job_id: JobId
    chunk: ChunkNumber
    epoch: Epoch
    index: TaskIndex | None = None
    progress: Annotated[float, Field(ge=0, le=1)] | None = None


class HeartbeatRequest(_WorkerRequest):
    """Renews leases."""

    worker: WorkerId
    leases: Annotated[list[Beat], Field(min_length=1, max_length=MAX_BEATS)]


class BeatDecision(_WorkerResponse):
    """Whether the lease was renewed, and what the worker should do about the chunk."""

    job_id: JobId
    chunk: ChunkNumber
    decision: Literal["extended", "stale", "cancelled"]
    until: AwareDatetime | None = None
    directive: Literal["cancel", "pause"] | None = None


class HeartbeatAnswer(_WorkerResponse):
    """One decision for each beat."""

    leases: list[BeatDecision]


# Registration.


class TaskTypeOffer(_WorkerRequest):
    """A task type that the worker can run; `schema` is the JSON Schema of its input object.

    `timeout` and `retry` hold for jobs that name none; `batch` tasks at most go to one call.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: TypeName
    input_schema: Annotated[Mapping[str, Any], Field(alias="schema")]
    timeout: Timeout | None = None
    retry: RetryBody | None = None
    batch: Annotated[int, Field(ge=1, le=MAX_CHUNK)] | None = None
    description: Annotated[str, StringConstraints(max_length=2_000)] = ""


class WorkerRegistration(_WorkerRequest):
    """What a worker says when it starts; `image` and `digest` tell which code it runs.

    It may say it again, with the next `number` of those since `started_at`: at least once in
    `every` seconds, if it names them, and once more when it is `leaving`.
    """

    worker: WorkerId
    task_types: Annotated[list[TaskTypeOffer], Field(min_length=1, max_length=200)]
    image: Annotated[str, StringConstraints(max_length=500)] = ""
    digest: Annotated[str, StringConstraints(max_length=100)] = ""
    version: Annotated[str, StringConstraints(max_length=100)] = ""
    host: Annotated[str, StringConstraints(max_length=255)] = ""
    slots: Annotated[int, Field(ge=1, le=100_000)] | None = None
    queues: Annotated[list[Literal["high", "normal", "low"]], Field(max_length=3)] = []
    started_at: AwareDatetime | None = None
    number: Annotated[int, Field(ge=1, lt=2**53)] = 1
    every: Annotated[float, Field(gt=0, le=86_400)] | None = None
    leaving: bool = False


class RegistrationAnswer(_WorkerResponse):
    """How many task types are now known of it."""

    worker: WorkerId
    registered: int
