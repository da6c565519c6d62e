"""The composition root: the only maker of clients and wirer of ports.

Importing it does no work. A use-case is wired when it is first asked for, a client is made at its
first call, and both are kept for the life of the process. Tests wire their own ports with `use`.
"""
# ruff: noqa: PLC0415 - each function pays at its start for the use-cases that it has, no others

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, cast

from shoal.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.session import Session
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

    from shoal.domain.job import Job
    from shoal.domain.limits import Limits
    from shoal.ports.audit import AuditLog
    from shoal.ports.blobs import BlobStore
    from shoal.ports.bulk import BulkRuns, BulkStore
    from shoal.ports.chunks import ChunkStore
    from shoal.ports.clock import Clock, Entropy
    from shoal.ports.crew import Crew
    from shoal.ports.dead_letters import DeadLetterStore
    from shoal.ports.exports import ExportFiles, ExportRuns
    from shoal.ports.jobs import JobStore
    from shoal.ports.keepsakes import ArtifactStore, EffectStore
    from shoal.ports.live import Connections, LiveStore
    from shoal.ports.machines import Machines
    from shoal.ports.metrics import Metrics
    from shoal.ports.queues import QueueDepths, TaskQueue
    from shoal.ports.task_types import TypeRegistry
    from shoal.ports.tenants import TenantStore
    from shoal.ports.webhooks import DeliveryQueue, WebhookPoster, WebhookStore
    from shoal.ports.workflow import Workflow
    from shoal.service.admission import Admission
    from shoal.service.announcing import Announcing
    from shoal.service.auditing import Auditing
    from shoal.service.bulk import Bulk
    from shoal.service.burying import Burying
    from shoal.service.charting import Charting
    from shoal.service.control import Control
    from shoal.service.delivering import Delivering
    from shoal.service.diagnosing import Diagnosing
    from shoal.service.ending import Ending
    from shoal.service.explaining import Explaining
    from shoal.service.exporting import Exporting
    from shoal.service.hooking import Hooking
    from shoal.service.keeping import Keeping
    from shoal.service.leasing import Leasing
    from shoal.service.live import Live
    from shoal.service.monitoring import Monitoring
    from shoal.service.planning import Planning
    from shoal.service.publishing import Publishing
    from shoal.service.recovery import Recovery
    from shoal.service.registering import Registering
    from shoal.service.retrying import Retrying
    from shoal.service.searching import Searching
    from shoal.service.settling import Settling
    from shoal.service.submitting import Submitting
    from shoal.service.tasking import Tasking
    from shoal.service.tenancy import Tenancy
    from shoal.service.viewing import Viewing

_CONNECT_SECONDS: Final = 2.0
_READ_SECONDS: Final = 8.0
_ATTEMPTS: Final = 3
_CONNECTIONS: Final = 32


@dataclass(frozen=True, slots=True)
class Adapters:
    """Every port filled. `lease` and `retention` in seconds; `limits` for tenants without own."""

    jobs: JobStore
    chunks: ChunkStore
    effects: EffectStore
    artifacts: ArtifactStore
    queue: TaskQueue
    depths: QueueDepths
    workflow: Workflow
    blobs: BlobStore
    types: TypeRegistry
    machines: Machines
    tenants: TenantStore
    clock: Clock
    entropy: Entropy
    metrics: Metrics
    limits: Limits
    audit: AuditLog
    live: LiveStore
    connections: Connections
    live_url: str
    lease: float
    retention: int
    crew: Crew
    letters: DeadLetterStore
    bulk: BulkStore
    bulk_runs: BulkRuns
    hooks: WebhookStore
    deliveries: DeliveryQueue
    poster: WebhookPoster
    local_webhooks: bool
    export_runs: ExportRuns
    export_files: ExportFiles


_given: list[Adapters] = []


def use(adapters: Adapters) -> None:
    """Wire all use-cases of this process to these adapters."""
    _given[:] = [adapters]
    for wired in _WIRED:
        wired.cache_clear()


@cache
def adapters() -> Adapters:
    """What the use-cases are wired to: AWS, unless `use` came before."""
    return _given[0] if _given else on_aws(Settings.from_environment())


@cache
def submitting() -> Submitting:
    """Takes jobs in."""
    from shoal.service.submitting import Submitting

    a = adapters()
    return Submitting(a.jobs, a.types, a.blobs, a.workflow, a.clock, a.entropy, admission())


@cache
def admission() -> Admission:
    """Keeps tenants within their limits."""
    from shoal.service.admission import Admission

    a = adapters()
    return Admission(a.tenants, a.limits, a.clock)


@cache
def viewing() -> Viewing:
    """Shows jobs, tasks and results."""
    from shoal.service.inputs import Inputs
    from shoal.service.viewing import Viewing

    a = adapters()
    return Viewing(a.jobs, a.chunks, Inputs(a.blobs))


@cache
def charting() -> Charting:
    """Shows all tasks of a job at one glance."""
    from shoal.service.charting import Charting

    a = adapters()
    return Charting(viewing(), a.jobs, a.chunks)


@cache
def searching() -> Searching:
    """Finds tasks by what came of them."""
    from shoal.service.searching import Searching

    return Searching(viewing(), adapters().chunks)


@cache
def diagnosing() -> Diagnosing:
    """Groups failures by cause."""
    from shoal.service.diagnosing import Diagnosing

    a = adapters()
    return Diagnosing(viewing(), a.jobs, a.chunks)


@cache
def explaining() -> Explaining:
    """Says why something does not run."""
    from shoal.service.explaining import Explaining

    a = adapters()
    return Explaining(
        viewing(), a.jobs, a.chunks, a.types, a.workflow, a.depths, a.clock, a.audit, a.crew
    )


def types() -> TypeRegistry:
    """The task types that workers have registered."""
    return adapters().types


@cache
def registering() -> Registering:
    """Takes in what workers offer."""
    from shoal.service.registering import Registering

    a = adapters()
    return Registering(a.types, a.crew, a.clock)


@cache
def on_sam_local() -> bool:
    """Whether this runs in a container of `sam local`, which verifies no token."""
    return Settings.from_environment().on_sam_local


@cache
def tenancy() -> Tenancy:
    """Knows who asks."""
    from shoal.service.tenancy import Tenancy

    return Tenancy(adapters().machines)


@cache
def control() -> Control:
    """Cancels, pauses, resumes, retries."""
    from shoal.service.control import Control

    a = adapters()
    return Control(a.jobs, a.workflow, _settling(), a.clock, retention=a.retention)


@cache
def retrying() -> Retrying:
    """Retries some failed tasks, or all."""
    from shoal.service.retrying import Retrying

    return Retrying(control(), viewing(), diagnosing(), adapters().chunks)


@cache
def bulk() -> Bulk:
    """Does one thing to many jobs."""
    from shoal.service.bulk import Bulk

    a = adapters()
    return Bulk(a.bulk, a.bulk_runs, a.jobs, control(), auditing(), a.clock, a.entropy)


@cache
def auditing() -> Auditing:
    """Notes and shows who did what."""
    from shoal.service.auditing import Auditing

    a = adapters()
    return Auditing(a.audit, a.jobs, a.clock, a.entropy, a.retention)


@cache
def tasking() -> Tasking:
    """Runs one task at a time."""
    from shoal.service.tasking import Tasking

    return Tasking(viewing(), leasing(), adapters().clock)


@cache
def leasing() -> Leasing:
    """Answers workers."""
    from shoal.service.inputs import Inputs
    from shoal.service.leasing import Leasing

    a = adapters()
    return Leasing(
        a.jobs,
        a.chunks,
        a.queue,
        a.types,
        Inputs(a.blobs),
        _settling(),
        a.clock,
        a.entropy,
        a.metrics,
        length=a.lease,
    )


@cache
def keeping() -> Keeping:
    """Keeps what tasks do not want to do or make again."""
    from shoal.service.keeping import Keeping

    a = adapters()
    return Keeping(a.chunks, a.effects, a.artifacts, viewing())


@cache
def planning() -> Planning:
    """Plans, creates and enqueues."""
    from shoal.service.planning import Planning
    from shoal.service.recovery import Deaths

    a = adapters()
    return Planning(
        a.jobs,
        a.chunks,
        a.queue,
        a.blobs,
        a.types,
        _settling(),
        ending(),
        Deaths(a.workflow, a.clock),
        a.clock,
    )


@cache
def monitoring() -> Monitoring:
    """Reconciles."""
    from shoal.service.monitoring import Monitoring

    a = adapters()
    return Monitoring(
        a.jobs, a.chunks, a.queue, a.workflow, _settling(), ending(), a.clock, length=a.lease
    )


@cache
def ending() -> Ending:
    """Ends jobs before their tasks have."""
    from shoal.service.ending import Ending

    a = adapters()
    return Ending(a.jobs, a.chunks, _settling())


@cache
def recovery() -> Recovery:
    """Mends what died."""
    from shoal.service.recovery import Recovery

    a = adapters()
    return Recovery(a.jobs, a.chunks, a.queue, a.workflow, _settling(), a.clock)


@cache
def burying() -> Burying:
    """Notes what the dead-letter queue saw."""
    from shoal.service.burying import Burying

    a = adapters()
    return Burying(a.letters, a.jobs, a.chunks, a.metrics, a.clock)


@cache
def exporting() -> Exporting:
    """Writes results to files."""
    from shoal.service.exporting import Exporting

    a = adapters()
    return Exporting(viewing(), a.export_runs, a.export_files, a.clock, a.entropy)


@cache
def hooking() -> Hooking:
    """Keeps webhooks."""
    from shoal.service.hooking import Hooking

    a = adapters()
    return Hooking(a.hooks, a.deliveries, a.clock, a.entropy, a.local_webhooks)


@cache
def delivering() -> Delivering:
    """Tells webhooks."""
    from shoal.service.delivering import Delivering

    a = adapters()
    return Delivering(a.hooks, a.deliveries, a.poster, auditing(), a.clock, a.local_webhooks)


@cache
def announcing() -> Announcing:
    """Tells the world of jobs; what it needs is told to its own function only."""
    from shoal.adapters.eventbridge import EventBridgeBus
    from shoal.service.announcing import Announcing

    settings = Settings.from_environment()
    return Announcing(EventBridgeBus(_Client("events"), settings.event_bus))


def job_change(record: Mapping[str, Any]) -> tuple[Job | None, Job] | None:
    """What a record of the jobs table's stream says of a job; None if it is of another row."""
    from shoal.adapters.rows.changes import job_change

    return job_change(record)


@cache
def live() -> Live:
    """Lets callers listen to jobs."""
    from shoal.service.live import Live

    a = adapters()
    return Live(a.live, a.jobs, a.clock, a.entropy)


@cache
def publishing() -> Publishing:
    """Tells those who listen."""
    import time

    from shoal.service.publishing import Publishing

    a = adapters()
    return Publishing(a.live, a.jobs, viewing(), a.connections, a.clock, time.sleep)


def changed_job(record: Mapping[str, Any]) -> str:
    """The job that a record of the jobs table's stream is about."""
    from shoal.adapters.rows.changes import changed_job

    return changed_job(record)


@cache
def _settling() -> Settling:
    from shoal.service.settling import Settling

    a = adapters()
    return Settling(a.jobs, a.chunks, a.queue, a.workflow, a.clock, a.metrics)


_WIRED: Final = (
    adapters,
    announcing,
    burying,
    exporting,
    hooking,
    delivering,
    submitting,
    admission,
    viewing,
    charting,
    searching,
    diagnosing,
    explaining,
    registering,
    control,
    retrying,
    on_sam_local,
    tenancy,
    auditing,
    bulk,
    tasking,
    leasing,
    keeping,
    planning,
    monitoring,
    ending,
    live,
    publishing,
    recovery,
    _settling,
)


def on_aws(settings: Settings) -> Adapters:
    """AWS behind every port; no client is made yet."""
    from shoal.adapters.clock import SystemClock, SystemEntropy
    from shoal.adapters.connections import ApiGatewayConnections
    from shoal.adapters.delivery_queue import SqsDeliveryQueue
    from shoal.adapters.dynamodb.audit import DynamoAuditLog
    from shoal.adapters.dynamodb.bulk import DynamoBulkStore
    from shoal.adapters.dynamodb.chunks import DynamoChunkStore
    from shoal.adapters.dynamodb.crew import DynamoCrew
    from shoal.adapters.dynamodb.dead_letters import DynamoDeadLetters
    from shoal.adapters.dynamodb.jobs import DynamoJobStore
    from shoal.adapters.dynamodb.live import DynamoLiveStore
    from shoal.adapters.dynamodb.machines import DynamoMachines
    from shoal.adapters.dynamodb.registry import DynamoTypeRegistry, Registry
    from shoal.adapters.dynamodb.table import Table
    from shoal.adapters.dynamodb.tenants import DynamoTenants, OpenJobs
    from shoal.adapters.dynamodb.webhooks import DynamoWebhooks
    from shoal.adapters.emf import EmfMetrics
    from shoal.adapters.s3 import Bucket, S3ArtifactStore, S3BlobStore, S3ExportFiles
    from shoal.adapters.sqs import SqsTaskQueue
    from shoal.adapters.stepfunctions import (
        StepFunctionsBulkRuns,
        StepFunctionsExportRuns,
        StepFunctionsWorkflow,
    )
    from shoal.adapters.webhook_post import HttpPoster

    clock = SystemClock()
    dynamodb = cast("DynamoDBClient", _Client("dynamodb"))
    # Unless told to, botocore signs links for the global endpoint: it redirects, and the console's
    # policy names the buckets where they are.
    s3 = cast("S3Client", _Client("s3", addressing="virtual" if settings.on_aws else "auto"))
    workflows = cast("SFNClient", _Client("stepfunctions"))
    registry = Registry(dynamodb, settings.registry_table)
    results = Bucket(s3, settings.results_bucket)
    chunks = DynamoChunkStore(Table(dynamodb, settings.tasks_table), results)
    sqs = cast("SQSClient", _Client("sqs"))
    queue = SqsTaskQueue(sqs, settings.queue_urls)
    return Adapters(
        jobs=DynamoJobStore(Table(dynamodb, settings.jobs_table), OpenJobs(registry)),
        chunks=chunks,
        effects=chunks,
        artifacts=S3ArtifactStore(results),
        queue=queue,
        depths=queue,
        workflow=StepFunctionsWorkflow(workflows, settings.state_machine_arn),
        blobs=S3BlobStore(Bucket(s3, settings.inputs_bucket)),
        types=DynamoTypeRegistry(registry, clock),
        machines=DynamoMachines(registry),
        tenants=DynamoTenants(registry),
        clock=clock,
        entropy=SystemEntropy(),
        metrics=EmfMetrics(clock, settings.stage),
        limits=settings.limits,
        audit=DynamoAuditLog(registry),
        live=DynamoLiveStore(registry, clock),
        connections=ApiGatewayConnections(
            _Client("apigatewaymanagementapi", endpoint=settings.live_url)
        ),
        live_url=settings.live_url.replace("http", "ws", 1),
        lease=settings.lease_seconds,
        retention=settings.retention_seconds,
        crew=DynamoCrew(registry),
        letters=DynamoDeadLetters(registry),
        bulk=DynamoBulkStore(registry),
        bulk_runs=StepFunctionsBulkRuns(workflows, settings.bulk_machine_arn),
        hooks=DynamoWebhooks(registry),
        deliveries=SqsDeliveryQueue(sqs, settings.deliveries_queue),
        poster=HttpPoster(),
        local_webhooks=settings.local_webhooks,
        export_runs=StepFunctionsExportRuns(workflows, settings.export_machine_arn),
        export_files=S3ExportFiles(results),
    )


_making = Lock()
"""A botocore session makes one client at a time."""


class _Client:
    """Stands for a client until its first call: most calls need one or two of the four.

    From botocore, not boto3, whose resources and transfers cost 60 ms CPU and are never used.
    """

    def __init__(
        self, service: str, *, endpoint: str | None = None, addressing: str = "auto"
    ) -> None:
        self._service = service
        self._endpoint = endpoint
        self._addressing = addressing

    def __getattr__(self, name: str) -> Any:
        with _making:
            if "_made" not in vars(self):
                self._made = _make(self._service, self._endpoint, self._addressing)
        return getattr(self._made, name)


def _make(service: str, endpoint: str | None, addressing: str) -> object:
    from botocore.config import Config

    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        max_pool_connections=_CONNECTIONS,
        tcp_keepalive=True,
        signature_version="s3v4" if service == "s3" else None,
        s3={"addressing_style": addressing, "us_east_1_regional_endpoint": "regional"}
        if service == "s3"
        else None,
    )
    return _session().create_client(service, config=config, endpoint_url=endpoint)


@cache
def _session() -> Session:
    """One for all clients: it reads the endpoints and partitions once."""
    from botocore.session import get_session

    return get_session()
