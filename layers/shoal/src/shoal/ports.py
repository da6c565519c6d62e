"""What the use-cases need of the world, as small Protocols; adapters fill them.

Reads are strongly consistent unless they say otherwise. Every write is conditional, and a write
that lost to another raises WriteConflict. Whatever is away raises Unavailable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol

from shoal.domain.act import Act
from shoal.domain.bulk import BulkAction
from shoal.domain.chunk import Chunk
from shoal.domain.crew import Worker
from shoal.domain.dead_letter import DeadCause, DeadLetters
from shoal.domain.export import Cursor
from shoal.domain.grid import Json
from shoal.domain.job import Job, Priority
from shoal.domain.job_event import JobEvent
from shoal.domain.job_filter import JobFilter
from shoal.domain.limits import Tenant
from shoal.domain.live import Connection, Ticket, Told
from shoal.domain.outcome import Outcome, PartKey
from shoal.domain.retry import RetryPolicy
from shoal.domain.tally import Entry, Sum, Tally
from shoal.domain.webhook import Attempt, Delivery, HookAnswer, Webhook


class JobPage(NamedTuple):
    """Some jobs, newest first, and where the next page begins (None at the end).

    `read` is how many rows it took, those of an index included.
    """

    jobs: Sequence[Job]
    next_key: str | None
    read: int = 0


class JobStore(Protocol):
    """Jobs, their tallies, sums and cursors."""

    def get(self, job_id: str) -> Job | None:
        """The job as it now is."""

    def get_many(self, job_ids: Iterable[str]) -> Mapping[str, Job]:
        """Those of the jobs that exist."""

    def create(self, job: Job) -> bool:
        """Write it if there is none of its id; whether it was written."""

    def put(self, job: Job) -> None:
        """Write it over the version before its own; raise WriteConflict if that is not there."""

    def page(self, tenant: str, which: JobFilter, *, limit: int, start: str | None) -> JobPage:
        """A tenant's jobs, newest first; a job that is just made or moved may be missing.

        It may have fewer than `limit`, even none, and a `next_key`: it looks at 500 entries of an
        index at most. `start` is a page's `next_key`.
        """

    def create_tallies(self, tallies: Iterable[Tally], *, expires_at: int) -> None:
        """Write those that do not exist; the others stay as they are."""

    def set_entry(self, job_id: str, tally: int, slot: int, entry: Entry) -> Tally:
        """SET the entry if it replaces the one there; the tally as it then is, either way."""

    def tallies(self, job_id: str, numbers: Iterable[int]) -> list[Tally]:
        """Those of the tallies that exist, in the order of their numbers."""

    def all_tallies(self, jobs: Iterable[Job]) -> Mapping[str, Sequence[Tally]]:
        """Every tally that exists of each of these jobs, in the order of their numbers."""

    def set_sum(
        self, job_id: str, generation: int, tally: int, each: Sum, *, expires_at: int
    ) -> Mapping[int, Sum]:
        """SET the sum if it replaces the one there; the generation's sums as they then are."""

    def sums(self, job_id: str, generation: int) -> Mapping[int, Sum]:
        """The sums of a generation."""

    def claim(
        self,
        job_id: str,
        generation: int,
        *,
        first: int,
        end: int,
        expires_at: int,
        count: int = 1,
    ) -> int | None:
        """The next number of a generation's cursor, from `first` on, or the first of `count`.

        None, and nothing is claimed, if not all of them are below `end`.
        """

    def cursor(self, job_id: str, generation: int) -> int | None:
        """Where the cursor stands; None if nothing was claimed."""

    def mark_open(self, job: Job) -> None:
        """Note that somebody has to watch the job, and count it and its tasks for its tenant."""

    def unmark_open(self, job_id: str) -> None:
        """Note that nobody has to any more, and count it out."""

    def marked_open(self) -> Iterator[str]:
        """The jobs that somebody has to watch."""


class UploadLink(NamedTuple):
    """Where to PUT an object, once; the headers go with it as they are."""

    url: str
    headers: Mapping[str, str]


class Standing(NamedTuple):
    """What a chunk's row says of where its tasks stand: a letter each."""

    generation: int
    statuses: str


class ChunkStore(Protocol):
    """Chunks and the parts of outcomes."""

    def create(self, chunks: Sequence[Chunk]) -> None:
        """Write those that do not exist; the others stay as they are."""

    def get(self, job_id: str, number: int) -> Chunk | None:
        """The chunk as it now is."""

    def get_many(self, job_id: str, numbers: Sequence[int]) -> list[Chunk]:
        """Those of the chunks that exist, in the order of their numbers."""

    def standings(self, job_id: str, numbers: Sequence[int]) -> Mapping[int, Standing]:
        """Of those of the chunks that exist; for thousands of them."""

    def put(self, chunk: Chunk) -> None:
        """Write it over the version before its own; raise WriteConflict if that is not there."""

    def put_part(self, key: PartKey, outcomes: Sequence[Outcome], *, expires_at: int) -> None:
        """Write a part, once: the first of its key stays."""

    def part_upload(self, key: PartKey, size: int, *, seconds: int) -> UploadLink:
        """Let a worker write a part of `size` bytes itself, once, for so long."""

    def parts(self, keys: Iterable[PartKey]) -> Mapping[PartKey, Sequence[Outcome]]:
        """The outcomes of those parts that exist."""


MAX_EFFECT_BYTES: Final = 32_768


class Keepsake(NamedTuple):
    """What a task keeps beyond its attempt: a JSON value, which may be null."""

    value: Json


class EffectStore(Protocol):
    """Outcomes of side effects, by task and key."""

    def effect(self, job_id: str, index: int, key: str) -> Keepsake | None:
        """What is kept under the key."""

    def put_effect(self, chunk: Chunk, index: int, key: str, kept: Keepsake) -> bool:
        """Keep it, unless something is; whether it was written.

        Raises WriteConflict if the chunk's row is not leased at the epoch of this one.
        """


class StoredArtifact(NamedTuple):
    """An object of a task: its key, and its size in bytes."""

    key: str
    size: int


class ArtifactStore(Protocol):
    """Files of tasks, in the results bucket."""

    def place(self, key: str, size: int, *, seconds: int) -> UploadLink:
        """Let a worker write it, for so long; what was there is replaced."""

    def stored(self, prefix: str) -> Sequence[StoredArtifact]:
        """What there is below a prefix, up to a thousand."""

    def link(self, key: str, *, seconds: int) -> str:
        """A URL that reads it, for so long."""

    def uri(self, key: str) -> str:
        """Its public name, `s3://bucket/key`."""


class Message(NamedTuple):
    """A chunk to run, and the seconds until a worker may see it."""

    job: str
    chunk: int
    delay: float = 0.0


class TaskQueue(Protocol):
    """The queues that workers drain."""

    def send(self, priority: Priority, messages: Iterable[Message], *, tenant: str) -> None:
        """Send them all, again what the queue refused; raise Unavailable if some stay refused."""


class Depth(NamedTuple):
    """Messages of a queue, approximately: to be had, in the hands of workers, hidden till later."""

    waiting: int
    in_flight: int
    delayed: int


class QueueDepths(Protocol):
    """How much the queues hold."""

    def depths(self) -> Mapping[Priority, Depth]:
        """Of each queue, high priority first; may be a few seconds old."""


class ExecutionStatus(StrEnum):
    """Where an execution of the state machine stands, in the words of Step Functions."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution; `output` is its parsed output, `stopped_at` in seconds since the epoch."""

    status: ExecutionStatus
    stopped_at: float | None = None
    output: Mapping[str, Any] | None = None
    error: str | None = None


class Workflow(Protocol):
    """The state machine."""

    def start(self, job_id: str, generation: int, number: int) -> None:
        """Start an execution; one of the same name, running or ended, counts as started."""

    def describe(self, job_id: str, generation: int, number: int) -> Execution | None:
        """The execution, or None if it was never started."""

    def answer(self, token: str) -> None:
        """Wake the execution that waits with this token; one that waits no more is left alone."""


@dataclass(frozen=True, slots=True)
class ExportRun:
    """An export's execution, which has a cursor once it succeeded; times in seconds."""

    status: ExecutionStatus
    began_at: float | None = None
    ended_at: float | None = None
    cursor: Cursor | None = None
    error: str | None = None


class ExportRuns(Protocol):
    """What carries exports out."""

    def start(self, tenant: str, job_id: str, export_id: str) -> None:
        """Start one; one of the same job and id, running or ended, counts as started."""

    def describe(self, job_id: str, export_id: str) -> ExportRun | None:
        """How far it is, or None if it was never started."""


class ExportFiles(Protocol):
    """Files that are written in parts, in the results bucket."""

    def begin(self, key: str) -> str:
        """A new upload; nothing of it is there before it is finished."""

    def append(self, key: str, upload: str, number: int, body: bytes) -> str:
        """Write a part, over one of the same number; its tag."""

    def finish(self, key: str, upload: str, tags: Sequence[str]) -> None:
        """Let the file be there, of these parts in order. One that is finished is left alone."""

    def link(self, key: str, *, seconds: int) -> str:
        """A URL that reads it, for so long."""


class BlobStore(Protocol):
    """Inputs: objects of JSON Lines."""

    def put(self, key: str, body: bytes) -> None:
        """Write an object."""

    def lines(self, key: str) -> Iterator[bytes]:
        """Its lines as they stream in, cut at newlines alone; raise InputsNotFound if not there."""

    def read(self, key: str, first: int, length: int) -> bytes:
        """A run of its bytes."""

    def size(self, key: str) -> int | None:
        """Its length in bytes, or None if it is not there."""

    def link(self, key: str, *, seconds: int) -> str:
        """A URL that reads it, for so long."""

    def upload_link(self, key: str, *, seconds: int) -> UploadLink:
        """Where to PUT it, once and for so long: what was read of it must not change later."""

    def uri(self, key: str) -> str:
        """Its public name, `s3://bucket/key`."""

    def key_of(self, uri: str) -> str | None:
        """The key in a public name, or None if it names another place."""


@dataclass(frozen=True, slots=True)
class TaskType:
    """A function of the worker image; `schema` is the JSON Schema of its input.

    `timeout` and `retry` are its jobs' if they name none; `image` and `digest` tell which code.
    """

    name: str
    schema: Mapping[str, Any]
    timeout: float | None = None
    description: str = ""
    retry: RetryPolicy | None = None
    batch: int | None = None
    image: str = ""
    digest: str = ""
    mean_seconds: float | None = None


class TypeRegistry(Protocol):
    """The task types that workers have registered."""

    def get(self, name: str) -> TaskType | None:
        """The task type of this name; may be a minute old."""

    def all(self) -> list[TaskType]:
        """All of them, by name."""

    def register(self, task_type: TaskType) -> None:
        """Write all that a worker says of it; what was measured stays."""

    def measured(self, name: str, seconds: float) -> None:
        """Note how long a task of this type takes."""


class WorkerPage(NamedTuple):
    """Some workers, by name, and where the next page begins (None at the end)."""

    workers: Sequence[Worker]
    next_key: str | None


class Crew(Protocol):
    """The workers, as they last spoke; each is forgotten once it expires."""

    def note(self, worker: Worker) -> None:
        """Write it if it follows what is known of that name; else change nothing."""

    def page(self, *, limit: int, start: str | None) -> WorkerPage:
        """Those that are known. `start` is a page's `next_key`."""


class TenantPage(NamedTuple):
    """Some tenants, by name, and where the next page begins."""

    tenants: Sequence[Tenant]
    next_key: str | None


class TenantStore(Protocol):
    """Tenants. What they have open is what JobStore has marked: both are one write."""

    def get(self, name: str) -> Tenant:
        """The tenant as it now is; one that nobody wrote has nothing."""

    def page(self, *, limit: int, start: str | None) -> TenantPage:
        """Those that were ever written. `start` is a page's `next_key`."""

    def put(self, tenant: Tenant) -> None:
        """Write its limits over the version before; raise WriteConflict if that is not there."""

    def admit(self, tenant: Tenant, job_id: str, tasks: int) -> bool:
        """Write it over the version before, mark and count the job; False if it is marked already.

        Raises WriteConflict if that version is not there. Nothing is written then, nor if False.
        """


class MachinePage(NamedTuple):
    """Some machines, pairs of client and tenant, and where the next page begins."""

    machines: Sequence[tuple[str, str]]
    next_key: str | None


class Machines(Protocol):
    """Clients that sign in for themselves, and whose they are."""

    def tenant_of(self, client: str) -> str | None:
        """The tenant that the client works for."""

    def put(self, client: str, tenant: str) -> None:
        """Let it work for this tenant, and for no other any more."""

    def remove(self, client: str) -> bool:
        """Let it work for nobody; whether it did for somebody."""

    def page(self, *, limit: int, start: str | None) -> MachinePage:
        """By client. `start` is a page's `next_key`."""


class ActPage(NamedTuple):
    """Some acts, newest first, and where the next page begins (None at the end)."""

    acts: Sequence[Act]
    next_key: str | None


class AuditLog(Protocol):
    """Who did what to which job."""

    def add(self, act: Act, *, expires_at: int) -> None:
        """Write it, once: the first of its time and id stays."""

    def of_job(self, job_id: str, *, limit: int, start: str | None) -> ActPage:
        """What was done to a job, newest first. `start` is a page's `next_key`."""

    def of_tenant(self, tenant: str, *, limit: int, start: str | None) -> ActPage:
        """What was done to a tenant's jobs, newest first. `start` is a page's `next_key`."""


class DeadLetterPage(NamedTuple):
    """Dead letters by job and cause, newest first, and where the next page begins."""

    letters: Sequence[DeadLetters]
    next_key: str | None


class DeadLetterStore(Protocol):
    """What the dead-letter queue saw."""

    def get(self, job_id: str, cause: DeadCause) -> DeadLetters | None:
        """Those of a job and cause, as they now are."""

    def put(self, letters: DeadLetters) -> None:
        """Write them over the version before; raise WriteConflict if that is not there."""

    def of_job(self, job_id: str) -> Sequence[DeadLetters]:
        """Those of a job, in any order."""

    def of_tenant(self, tenant: str, *, limit: int, start: str | None) -> DeadLetterPage:
        """Those of a tenant, greatest place first. `start` is a page's `next_key`."""


class BulkPage(NamedTuple):
    """Some bulk actions, newest first, and where the next page begins (None at the end)."""

    actions: Sequence[BulkAction]
    next_key: str | None


class BulkStore(Protocol):
    """Bulk actions."""

    def keyed(self, tenant: str, key: str, action_id: str, *, expires_at: int) -> str:
        """The id that goes with an idempotency key: the first that was given for it."""

    def create(self, action: BulkAction) -> bool:
        """Write it if there is none of its id; whether it was written."""

    def get(self, tenant: str, action_id: str) -> BulkAction | None:
        """The action as it now is."""

    def put(self, action: BulkAction) -> None:
        """Write it over the version before its own; raise WriteConflict if that is not there."""

    def page(self, tenant: str, *, limit: int, start: str | None) -> BulkPage:
        """A tenant's, newest first. `start` is a page's `next_key`."""


class BulkRuns(Protocol):
    """Executions that carry bulk actions out."""

    def start(self, tenant: str, action_id: str) -> None:
        """Start it; one that was started before counts as started."""


class EventBus(Protocol):
    """Where the world hears of jobs."""

    def put(self, events: Sequence[JobEvent]) -> None:
        """Put each of them at least once, in order unless the bus refused one at first."""


class WebhookStore(Protocol):
    """Webhooks of tenants, and the log of attempts to tell them."""

    def get(self, tenant: str, webhook_id: str) -> Webhook | None:
        """The webhook as it now is."""

    def of_tenant(self, tenant: str) -> Sequence[Webhook]:
        """All of a tenant's, in any order."""

    def put(self, webhook: Webhook) -> None:
        """Write it over the version before; raise WriteConflict if that is not there."""

    def remove(self, tenant: str, webhook_id: str) -> bool:
        """Forget it; whether there was one."""

    def note(self, attempt: Attempt, *, expires_at: int) -> None:
        """Write an attempt, once: the first of its place stays."""

    def attempts(self, webhook_id: str, *, limit: int) -> Sequence[Attempt]:
        """The last ones, newest first."""


class DeliveryQueue(Protocol):
    """Where events wait to be told to webhooks."""

    def send(self, delivery: Delivery, *, delay: float) -> None:
        """Let it be seen after so many seconds, at most 900."""


class WebhookPoster(Protocol):
    """The endpoints of the world."""

    def post(
        self, url: str, headers: Mapping[str, str], body: bytes, *, allowed: str | None
    ) -> HookAnswer:
        """What an endpoint answers: to nobody but the public internet and the allowed address."""


class Clock(Protocol):
    """Time."""

    def now(self) -> float:
        """Seconds since the epoch."""


class Entropy(Protocol):
    """Randomness."""

    def bytes(self) -> bytes:
        """Ten random bytes."""

    def uniform(self) -> float:
        """Uniform in [0, 1)."""


class Metrics(Protocol):
    """What operations counts."""

    def tasks_ended(self, task_type: str, *, completed: int, failed: int) -> None:
        """Tasks that reached a terminal status just now."""

    def job_closed(self, job: Job) -> None:
        """A job that closed just now."""

    def stale_report(self) -> None:
        """A report that came too late and was refused."""

    def dead_letter(self) -> None:
        """A message that came through the dead-letter queue."""


class LiveStore(Protocol):
    """Tickets, connections and what they listen to. A topic is a job's id, or ALL_JOBS."""

    def put_ticket(self, ticket: Ticket) -> None:
        """Write it."""

    def take_ticket(self, key: str) -> Ticket | None:
        """Take it out: of several that ask, one gets it."""

    def connect(self, connection: Connection) -> None:
        """Write it."""

    def connection(self, connection_id: str) -> Connection | None:
        """The connection, if it is known."""

    def connected(self, tenant: str, *, limit: int) -> int:
        """How many connections a tenant has, counted up to a limit."""

    def disconnect(self, connection_id: str, tenant: str) -> None:
        """Remove it with all that it listens to."""

    def subscribe(self, connection: Connection, topic: str, *, most: int) -> bool:
        """Let it listen; False if it is gone, or listens to `most` other topics."""

    def unsubscribe(self, connection_id: str, tenant: str, topic: str) -> None:
        """Let it no longer listen."""

    def subscribers(self, tenant: str, topic: str) -> Sequence[str]:
        """The ids of the connections that listen."""

    def told(self, job_id: str) -> Told | None:
        """What was told last of a job."""

    def tell(self, job_id: str, told: Told, *, before: Told | None, expires_at: int) -> bool:
        """Write it over what was told before; False if that is not there any more."""


class Connections(Protocol):
    """The sockets themselves."""

    def post(self, connection_id: str, message: str) -> bool:
        """Send it; False if the connection is gone."""
