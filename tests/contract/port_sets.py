"""All ports together, filled from memory or from AWS."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from shoal.adapters.cloudwatch import CloudWatchQueueAges
from shoal.adapters.dynamodb.audit import DynamoAuditLog
from shoal.adapters.dynamodb.bulk import DynamoBulkStore
from shoal.adapters.dynamodb.chunks import DynamoChunkStore
from shoal.adapters.dynamodb.dead_letters import DynamoDeadLetterStore
from shoal.adapters.dynamodb.effects import DynamoEffectStore
from shoal.adapters.dynamodb.exports import DynamoExportSlots
from shoal.adapters.dynamodb.jobs import DynamoJobStore
from shoal.adapters.dynamodb.live import DynamoLiveStore
from shoal.adapters.dynamodb.machines import DynamoMachineStore
from shoal.adapters.dynamodb.rates import DynamoRateStore
from shoal.adapters.dynamodb.registry import DynamoTypeRegistry, Registry
from shoal.adapters.dynamodb.sweeps import DynamoSweepStore
from shoal.adapters.dynamodb.table import Table
from shoal.adapters.dynamodb.tenants import DynamoTenantStore
from shoal.adapters.dynamodb.watch_list import WatchList
from shoal.adapters.dynamodb.webhooks import DynamoWebhookStore
from shoal.adapters.dynamodb.windows import DynamoWindowStore
from shoal.adapters.dynamodb.workers import DynamoWorkerStore
from shoal.adapters.memory.artifacts import MemoryArtifactStore
from shoal.adapters.memory.audit import MemoryAuditLog
from shoal.adapters.memory.blobs import MemoryBlobStore
from shoal.adapters.memory.bulk import MemoryBulkStore
from shoal.adapters.memory.chunks import MemoryChunkStore
from shoal.adapters.memory.clock import FixedClock
from shoal.adapters.memory.dead_letters import MemoryDeadLetterStore
from shoal.adapters.memory.effects import MemoryEffectStore
from shoal.adapters.memory.exports import (
    MemoryExportFiles,
    MemoryExportRuns,
    MemoryExportSlots,
)
from shoal.adapters.memory.jobs import MemoryJobStore
from shoal.adapters.memory.live import MemoryLiveStore
from shoal.adapters.memory.machines import MemoryMachineStore
from shoal.adapters.memory.queues import MemoryQueueAges, MemoryTaskQueue
from shoal.adapters.memory.rates import MemoryRateStore
from shoal.adapters.memory.sweeps import MemorySweepStore
from shoal.adapters.memory.task_types import MemoryTypeRegistry
from shoal.adapters.memory.tenants import MemoryTenantStore
from shoal.adapters.memory.webhooks import MemoryWebhookStore
from shoal.adapters.memory.windows import MemoryWindowStore
from shoal.adapters.memory.workers import MemoryWorkerStore
from shoal.adapters.memory.workflow import MemoryWorkflow
from shoal.adapters.s3 import ObjectBucket, S3ArtifactStore, S3BlobStore, S3ExportFiles
from shoal.adapters.sqs import SqsTaskQueue
from shoal.adapters.stepfunctions import StepFunctionsExportRuns, StepFunctionsWorkflow
from shoal.domain.job import Priority
from shoal.ports.artifacts import ArtifactStore
from shoal.ports.audit import AuditLog
from shoal.ports.blobs import BlobStore
from shoal.ports.bulk import BulkStore
from shoal.ports.chunks import ChunkStore
from shoal.ports.dead_letters import DeadLetterStore
from shoal.ports.effects import EffectStore
from shoal.ports.exports import ExportFiles, ExportRuns, ExportSlots
from shoal.ports.jobs import JobStore
from shoal.ports.live import LiveStore
from shoal.ports.machines import MachineStore
from shoal.ports.queues import QueueAges, QueueDepths, TaskQueue
from shoal.ports.rates import RateStore
from shoal.ports.sweeps import SweepStore
from shoal.ports.task_types import TypeRegistry
from shoal.ports.tenants import TenantStore
from shoal.ports.webhooks import WebhookStore
from shoal.ports.windows import WindowStore
from shoal.ports.workers import WorkerStore
from shoal.ports.workflow import Workflow
from tests.contract.aws_services import Aws


@dataclass(frozen=True)
class Ports:
    """The ports under test; `upload`, `received` and `aged` are what others do."""

    jobs: JobStore
    chunks: ChunkStore
    windows: WindowStore
    effects: EffectStore
    artifacts: ArtifactStore
    queue: TaskQueue
    depths: QueueDepths
    ages: QueueAges
    workflow: Workflow
    blobs: BlobStore
    types: TypeRegistry
    machines: MachineStore
    tenants: TenantStore
    rates: RateStore
    sweeps: SweepStore
    clock: FixedClock
    audit: AuditLog
    workers: WorkerStore
    dead_letters: DeadLetterStore
    webhooks: WebhookStore
    export_files: ExportFiles
    export_runs: ExportRuns
    export_slots: ExportSlots
    live: LiveStore
    bulk: BulkStore
    upload: Callable[[str, bytes], None]
    received: Callable[[Priority], list[dict[str, Any]]]
    aged: Callable[[Priority, float], None]


def in_memory() -> Ports:
    uploads, queue, ages = MemoryBlobStore("results"), MemoryTaskQueue(), MemoryQueueAges()
    clock = FixedClock()
    chunks, artifacts = MemoryChunkStore(uploads), MemoryArtifactStore()
    jobs = MemoryJobStore(clock)

    def upload(key: str, body: bytes) -> None:
        uploads.put(key, body)
        artifacts.put(key, body)

    return Ports(
        jobs=jobs,
        chunks=chunks,
        windows=MemoryWindowStore(jobs, chunks),
        effects=MemoryEffectStore(chunks),
        artifacts=artifacts,
        queue=queue,
        depths=queue,
        ages=ages,
        workflow=MemoryWorkflow(),
        blobs=MemoryBlobStore("inputs"),
        types=MemoryTypeRegistry(),
        machines=MemoryMachineStore(),
        tenants=MemoryTenantStore(jobs),
        rates=MemoryRateStore(),
        sweeps=MemorySweepStore(),
        clock=clock,
        audit=MemoryAuditLog(),
        workers=MemoryWorkerStore(),
        dead_letters=MemoryDeadLetterStore(),
        webhooks=MemoryWebhookStore(),
        export_files=MemoryExportFiles(),
        export_runs=MemoryExportRuns(),
        export_slots=MemoryExportSlots(),
        live=MemoryLiveStore(clock),
        bulk=MemoryBulkStore(),
        upload=upload,
        received=lambda _: [{"job": each.job, "chunk": each.chunk} for each in queue.take()],
        aged=ages.known.__setitem__,
    )


def on_aws(aws: Aws) -> Ports:
    clock, registry = FixedClock(), Registry(aws.dynamodb, "registry")
    results = ObjectBucket(aws.s3, "results")
    jobs, tasks = Table(aws.dynamodb, "jobs"), Table(aws.dynamodb, "tasks")
    watch_list = WatchList(registry, jobs)
    queue = SqsTaskQueue(aws.sqs, aws.urls)
    return Ports(
        jobs=DynamoJobStore(jobs, watch_list, clock),
        chunks=DynamoChunkStore(tasks, results),
        windows=DynamoWindowStore(jobs, tasks),
        effects=DynamoEffectStore(tasks),
        artifacts=S3ArtifactStore(results),
        queue=queue,
        depths=queue,
        ages=CloudWatchQueueAges(aws.cloudwatch, aws.urls, clock),
        workflow=StepFunctionsWorkflow(aws.stepfunctions, aws.state_machine_arn),
        blobs=S3BlobStore(ObjectBucket(aws.s3, "inputs")),
        types=DynamoTypeRegistry(registry, clock),
        machines=DynamoMachineStore(registry),
        tenants=DynamoTenantStore(registry, watch_list),
        rates=DynamoRateStore(registry),
        sweeps=DynamoSweepStore(registry),
        clock=clock,
        audit=DynamoAuditLog(registry),
        workers=DynamoWorkerStore(registry),
        dead_letters=DynamoDeadLetterStore(registry),
        webhooks=DynamoWebhookStore(registry),
        export_files=S3ExportFiles(results),
        export_runs=StepFunctionsExportRuns(aws.stepfunctions, aws.state_machine_arn),
        export_slots=DynamoExportSlots(registry),
        live=DynamoLiveStore(registry, clock),
        bulk=DynamoBulkStore(registry),
        upload=lambda key, body: aws.s3.put_object(Bucket="results", Key=key, Body=body),
        received=aws.received,
        aged=partial(aws.aged, clock),
    )
