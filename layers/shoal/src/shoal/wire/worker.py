"""The worker protocol: leases, heartbeats, reports, parts, registration.

A worker sends the fields of a protocol version only to an API that answered its registration with
this version or a later one. Requests are closed (unknown fields are rejected) and bounded.
Responses ignore fields that a newer API adds. Workers do not build a model per outcome:
`encode_reports` joins outcomes that the child processes encoded, and the API parses them as a
`ReportRequest`.
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
"""Maximum number of chunks in one lease or report request."""
MAX_BEATS: Final = 100
PROTOCOL: Final = 3
"""Version 2 has `task_types` and `per_chunk`, and the decisions that answer them. Version 3 has
`tokens` in lease requests, and the token of the lease in all requests under it."""
PER_CHUNK_PROTOCOL: Final = 2
TOKEN_PROTOCOL: Final = 3
MIN_SECRET: Final = 22
"""Characters of 128 random bits in base64."""
MAX_TYPES: Final = 200
MAX_TIMEOUT: Final = 36_000.0
MAX_TAIL: Final = 8_192
MAX_MESSAGE: Final = 2_048
MAX_INLINE_BYTES: Final = 200_000
"""Maximum bytes of outcomes inside a report; larger ones go to a part by presigned PUT."""
MAX_PART_BYTES: Final = 64 * 1024 * 1024
MAX_EFFECT_KEY: Final = 200
MAX_ARTIFACT_BYTES: Final = 64 * 1024 * 1024
ARTIFACT_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$"
_SECRETS: Final = frozenset(("token", "request_id"))
TYPE_NAME: Final = r"^[A-Za-z][A-Za-z0-9_.-]{0,99}$"


def on_request(*values: str) -> Any:
    """Mark values that only a request with a field of a later protocol version is answered."""
    return Field(json_schema_extra={"x-on-request": list(values)})


type JobId = Annotated[str, StringConstraints(pattern=r"^job_[0-9A-HJKMNP-TV-Z]{26}$")]
type WorkerId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]
type TypeName = Annotated[str, StringConstraints(pattern=TYPE_NAME)]
type ChunkNumber = Annotated[int, Field(ge=0, lt=MAX_CHUNKS)]
type TaskIndex = Annotated[int, Field(ge=0, lt=MAX_TASKS)]
type Epoch = Annotated[int, Field(ge=1, lt=2**53)]
type Attempt = Annotated[int, Field(ge=1, le=1_000)]
type RetryAfter = Annotated[float, Field(ge=0, le=LONGEST_DELAY)]
type Timeout = Annotated[float, Field(gt=0, le=MAX_TIMEOUT)]
type PerChunk = Literal[True] | None
"""The worker understands the decision `unavailable`, which answers a failure of one chunk. Without
it, the whole request fails."""
type Token = Annotated[str, StringConstraints(min_length=1, max_length=128)] | None
"""The token of the lease, if its grant had one."""


class _WithoutSecrets(BaseModel):
    """Shows no token in its representation or in the text of an error."""

    model_config = ConfigDict(hide_input_in_errors=True)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        return [each for each in super().__repr_args__() if each[0] not in _SECRETS]


class _WorkerRequest(_WithoutSecrets):
    model_config = CLOSED


class _WorkerResponse(_WithoutSecrets):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


# Errors of remote calls.


class RemoteUnavailable(Unavailable):
    """The remote side is unavailable, throttles or fails; `retry_after` in seconds if given."""

    def __init__(self, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class RemoteFailed(RemoteUnavailable):
    """The remote side is available but failed at this request; others can succeed."""


class RemoteRejected(ShoalError):  # noqa: N818 - the tree reads as nouns
    """The remote side rejected the request; a retry cannot succeed."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail


# The SQS message.


class ChunkMessage(_WorkerResponse):
    """The body of an SQS message: ids only."""

    job: JobId
    chunk: ChunkNumber


class ReceivedMessage(NamedTuple):
    """A received message, invisible to other workers for a while; `receipt` identifies it.

    `sent_at` (seconds since the epoch) is set if the message was never received before.
    """

    queue: str
    receipt: str
    body: str
    sent_at: float | None = None


# Leases.


class WantedChunk(_WorkerRequest):
    """A chunk to lease."""

    job_id: JobId
    chunk: ChunkNumber


class LeaseRequest(_WorkerRequest):
    """A request for leases. A repeated request has the same id and gets the same grants.

    `task_types` are those that the worker offers; without them it gets chunks of any type. With
    `tokens`, each grant has a token, and the id is a secret: the tokens follow from it.
    """

    worker: WorkerId
    request_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
    chunks: Annotated[list[WantedChunk], Field(min_length=1, max_length=MAX_BATCH)]
    task_types: Annotated[list[TypeName], Field(max_length=MAX_TYPES)] | None = None
    per_chunk: PerChunk = None
    tokens: Literal[True] | None = None

    @model_validator(mode="after")
    def _secret(self) -> Self:
        if self.tokens and len(self.request_id) < MIN_SECRET:
            raise ValueError(f"with tokens, request_id must have at least {MIN_SECRET} characters")
        return self


class GrantedTask(TypedDict):
    """A task to run. Its input is the job's params, overridden by its own fields or input line."""

    index: TaskIndex
    attempt: Attempt
    input: NotRequired[dict[str, Any]]
    line: NotRequired[Annotated[int, Field(ge=0)]]


class RangedInputs(_WorkerResponse):
    """The location of the input lines, if they are too large for the answer."""

    url: str
    headers: dict[str, str] = {}


class Lease(_WorkerResponse):
    """The answer for one chunk. Only `granted` carries an epoch and tasks.

    All requests under the lease must have its `token`, if the grant carries one. `held` and
    `unavailable` carry a delay. `reason` explains the decision. `tenant` is an opaque label that
    is the same in all grants of a tenant.
    """

    job_id: JobId
    chunk: ChunkNumber
    decision: Annotated[
        Literal[
            "granted", "done", "held", "cancelled", "paused", "type_not_offered", "unavailable"
        ],
        on_request("type_not_offered", "unavailable"),
    ]
    epoch: Epoch | None = None
    token: Token = None
    until: AwareDatetime | None = None
    priority: Literal["high", "normal", "low"] | None = None
    task_type: TypeName | None = None
    timeout: Timeout | None = None
    isolated: bool = False
    tasks: Annotated[list[GrantedTask], Field(max_length=MAX_CHUNK)] = []
    inputs: RangedInputs | None = None
    params: dict[str, Any] | None = None
    trace: str = ""
    tenant: str | None = None
    retry_after: Annotated[float, Field(ge=0)] | None = None
    reason: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.decision == "granted" and (not self.epoch or not self.task_type or not self.tasks):
            raise ValueError("a grant must have epoch, task_type and tasks")
        return self


class LeaseAnswer(_WorkerResponse):
    """One answer per requested chunk."""

    leases: list[Lease]


# Reports.


class TaskFailure(_WorkerRequest):
    """The error of an attempt; `tail` is the end of its output.

    `retry_after` replaces the delay of the policy, if there is another attempt.
    """

    type: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    message: Annotated[str, StringConstraints(max_length=MAX_MESSAGE)] = ""
    tail: Annotated[str, StringConstraints(max_length=MAX_TAIL)] = ""
    retryable: bool
    retry_after: RetryAfter | None = None


class TaskOutcome(_WorkerRequest):
    """The outcome of one attempt, with an `error` if and only if it failed."""

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
            raise ValueError("an outcome must have an error if and only if it failed")
        return self


class PartKeyRef(_WorkerRequest):
    """The uploaded part with the full outcomes."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=512)]


class Report(_WorkerRequest):
    """Outcomes under one epoch; a final report ends the lease and hands back unfinished tasks."""

    job_id: JobId
    chunk: ChunkNumber
    epoch: Epoch
    token: Token = None
    report: Annotated[int, Field(ge=1, le=100_000)]
    final: bool
    outcomes: Annotated[list[TaskOutcome], Field(max_length=MAX_CHUNK)] = []
    part: PartKeyRef | None = None


class ReportRequest(_WorkerRequest):
    """Reports about up to ten chunks."""

    worker: WorkerId
    reports: Annotated[list[Report], Field(min_length=1, max_length=MAX_BATCH)]
    per_chunk: PerChunk = None


class ReportDecision(_WorkerResponse):
    """The decision about one report. `unavailable` carries a delay."""

    job_id: JobId
    chunk: ChunkNumber
    decision: Annotated[
        Literal["accepted", "stale", "cancelled", "part_missing", "unavailable"],
        on_request("part_missing", "unavailable"),
    ]
    retry_after: Annotated[float, Field(ge=0)] | None = None


class ReportAnswer(_WorkerResponse):
    """One decision per report."""

    reports: list[ReportDecision]


class EncodedReport(NamedTuple):
    """A report whose outcomes are encoded as JSON."""

    job_id: str
    chunk: int
    epoch: int
    report: int
    final: bool
    outcomes: Sequence[bytes]
    part: str | None = None
    token: str | None = None

    def __repr__(self) -> str:
        number = f"report {self.report} of epoch {self.epoch}"
        return f"<{number}, chunk {self.chunk} of job {self.job_id}>"


def encode_reports(
    worker: str, reports: Iterable[EncodedReport], *, per_chunk: bool = False
) -> bytes:
    """Return the body of a `ReportRequest`."""
    return b'{"worker":%s,"reports":[%s]%s}' % (
        json.dumps(worker).encode(),
        b",".join(map(_encoded, reports)),
        b',"per_chunk":true' if per_chunk else b"",
    )


def _encoded(report: EncodedReport) -> bytes:
    job, chunk, epoch, number, final, outcomes, part, token = report
    optional = b"" if part is None else b',"part":{"key":%b}' % json.dumps(part).encode()
    if token is not None:
        optional += b',"token":%b' % json.dumps(token).encode()
    return b'{"job_id":"%b","chunk":%d,"epoch":%d,"report":%d,"final":%b%b,"outcomes":[%b]}' % (
        *(job.encode(), chunk, epoch, number),
        *(b"true" if final else b"false", optional, b",".join(outcomes)),
    )


# Parts: outcomes too large for a report.


class PartRequest(_WorkerRequest):
    """A request for an upload URL for the outcomes of a report, `size` bytes."""

    worker: WorkerId
    job_id: JobId
    chunk: ChunkNumber
    epoch: Epoch
    token: Token = None
    report: Annotated[int, Field(ge=1, le=100_000)]
    size: Annotated[int, Field(ge=1, le=MAX_PART_BYTES)]


class PartAnswer(_WorkerResponse):
    """A presigned PUT; send `headers` unchanged."""

    url: str
    key: str
    headers: dict[str, str] = {}


# Effects and artifacts.


class _OfTask(_WorkerRequest):
    worker: WorkerId
    job_id: JobId
    chunk: ChunkNumber
    epoch: Epoch
    token: Token = None
    index: TaskIndex


class Effect(_WorkerResponse):
    """The return value of a side effect, as JSON."""

    value: Any


class EffectRequest(_OfTask):
    """Reads the stored effect of a key; with an `effect`, stores it unless one is stored."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=MAX_EFFECT_KEY)]
    effect: Effect | None = None


class EffectAnswer(_WorkerResponse):
    """The stored effect; null if there is none."""

    effect: Effect | None


class ArtifactRequest(_OfTask):
    """A request for an upload URL (with a `size` in bytes) or a download URL of an artifact."""

    name: Annotated[str, StringConstraints(pattern=ARTIFACT_NAME)]
    size: Annotated[int, Field(ge=0, le=MAX_ARTIFACT_BYTES)] | None = None


class ArtifactAnswer(_WorkerResponse):
    """A presigned URL, null if the artifact does not exist; send `headers` unchanged with a PUT."""

    url: str | None
    uri: str | None = None
    headers: dict[str, str] = {}


# Heartbeats.


class Beat(_WorkerRequest):
    """A leased chunk and its current task."""

    job_id: JobId
    chunk: ChunkNumber
    epoch: Epoch
    token: Token = None
    index: TaskIndex | None = None
    progress: Annotated[float, Field(ge=0, le=1)] | None = None


class HeartbeatRequest(_WorkerRequest):
    """A request to renew leases."""

    worker: WorkerId
    leases: Annotated[list[Beat], Field(min_length=1, max_length=MAX_BEATS)]
    per_chunk: PerChunk = None


class BeatDecision(_WorkerResponse):
    """Whether the lease was renewed, and a directive for the worker.

    `unavailable` carries a delay.
    """

    job_id: JobId
    chunk: ChunkNumber
    decision: Annotated[
        Literal["extended", "stale", "cancelled", "unavailable"], on_request("unavailable")
    ]
    until: AwareDatetime | None = None
    directive: Literal["cancel", "pause"] | None = None
    retry_after: Annotated[float, Field(ge=0)] | None = None


class HeartbeatAnswer(_WorkerResponse):
    """One decision per lease."""

    leases: list[BeatDecision]


# Registration.


class TaskTypeOffer(_WorkerRequest):
    """A task type that the worker can run; `schema` is the JSON Schema of its input object.

    `timeout` and `retry` are defaults of its jobs; one call takes up to `batch` tasks.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: TypeName
    input_schema: Annotated[Mapping[str, Any], Field(alias="schema")]
    timeout: Timeout | None = None
    retry: RetryBody | None = None
    batch: Annotated[int, Field(ge=1, le=MAX_CHUNK)] | None = None
    description: Annotated[str, StringConstraints(max_length=2_000)] = ""


class WorkerRegistration(_WorkerRequest):
    """The registration of a worker; `image` and `digest` identify its code.

    A worker can repeat it with the next `number` since `started_at`: at least once in `every`
    seconds, if given, and once more when it is `leaving`.
    """

    worker: WorkerId
    task_types: Annotated[list[TaskTypeOffer], Field(min_length=1, max_length=MAX_TYPES)]
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


class SchemaFault(_WorkerResponse):
    """A problem of a schema at a JSON pointer; the empty pointer is the whole schema."""

    pointer: str
    message: str


class RejectedType(_WorkerResponse):
    """A task type with an invalid schema."""

    name: str
    problems: list[SchemaFault]


class RegistrationAnswer(_WorkerResponse):
    """The number of registered task types, the rejected ones, and the API's protocol version."""

    worker: WorkerId
    registered: int
    rejected: list[RejectedType] = []
    protocol: int = 1
