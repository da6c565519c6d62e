"""Wires every port to memory, for tests and for simulations in one process."""

from __future__ import annotations

from dataclasses import dataclass

from shoal.adapters.memory.artifacts import MemoryArtifactStore
from shoal.adapters.memory.audit import MemoryAuditLog
from shoal.adapters.memory.blobs import MemoryBlobStore
from shoal.adapters.memory.bulk import MemoryBulkRuns, MemoryBulkStore
from shoal.adapters.memory.chunks import MemoryChunkStore
from shoal.adapters.memory.clock import FixedClock, SeededEntropy
from shoal.adapters.memory.dead_letters import MemoryDeadLetterStore
from shoal.adapters.memory.effects import MemoryEffectStore
from shoal.adapters.memory.events import MemoryEventBus
from shoal.adapters.memory.exports import (
    MemoryExportFiles,
    MemoryExportRuns,
    MemoryExportSlots,
)
from shoal.adapters.memory.jobs import MemoryJobStore
from shoal.adapters.memory.live import MemoryConnections, MemoryLiveStore, MemorySigningKeys
from shoal.adapters.memory.machines import MemoryMachineStore
from shoal.adapters.memory.metrics import RecordingMetrics
from shoal.adapters.memory.queues import MemoryQueueAges, MemoryTaskQueue
from shoal.adapters.memory.rates import MemoryRateStore
from shoal.adapters.memory.sweeps import MemorySweepStore
from shoal.adapters.memory.task_types import MemoryTypeRegistry
from shoal.adapters.memory.tenants import MemoryTenantStore
from shoal.adapters.memory.webhooks import (
    MemoryDeliveryQueue,
    MemoryWebhookPoster,
    MemoryWebhookStore,
)
from shoal.adapters.memory.windows import MemoryWindowStore
from shoal.adapters.memory.workers import MemoryWorkerStore
from shoal.adapters.memory.workflow import MemoryWorkflow
from shoal.adapters.parallel import ThreadExecutor
from shoal.bootstrap.wiring import Adapters
from shoal.domain.job import DAY
from shoal.domain.limits import Limits
from shoal.ports.task_types import TaskType

NOOP = TaskType("noop", {"type": "object"})


@dataclass(frozen=True, slots=True)
class InMemory(Adapters):
    """In-memory adapters with their own types, so that tests can use more than the ports."""

    jobs: MemoryJobStore
    chunks: MemoryChunkStore
    windows: MemoryWindowStore
    artifacts: MemoryArtifactStore
    queue: MemoryTaskQueue
    ages: MemoryQueueAges
    workflow: MemoryWorkflow
    blobs: MemoryBlobStore
    types: MemoryTypeRegistry
    machines: MemoryMachineStore
    tenants: MemoryTenantStore
    clock: FixedClock
    metrics: RecordingMetrics
    connections: MemoryConnections
    ticket_keys: MemorySigningKeys
    dead_letters: MemoryDeadLetterStore
    bulk: MemoryBulkStore
    bulk_runs: MemoryBulkRuns
    webhooks: MemoryWebhookStore
    delivery_queue: MemoryDeliveryQueue
    webhook_poster: MemoryWebhookPoster
    export_runs: MemoryExportRuns
    export_files: MemoryExportFiles
    events: MemoryEventBus


def in_memory(
    *types: TaskType, jobs: MemoryJobStore | None = None, chunks: MemoryChunkStore | None = None
) -> InMemory:
    """Return empty stores with these task types, or with `noop` only."""
    clock = FixedClock()
    jobs = jobs or MemoryJobStore(clock)
    chunks = chunks or MemoryChunkStore()
    queue = MemoryTaskQueue()
    return InMemory(
        jobs=jobs,
        chunks=chunks,
        windows=MemoryWindowStore(jobs, chunks),
        effects=MemoryEffectStore(chunks),
        artifacts=MemoryArtifactStore(),
        queue=queue,
        depths=queue,
        ages=MemoryQueueAges(),
        workflow=MemoryWorkflow(),
        blobs=MemoryBlobStore(),
        types=MemoryTypeRegistry(*(types or (NOOP,))),
        machines=MemoryMachineStore(),
        tenants=MemoryTenantStore(jobs),
        rates=MemoryRateStore(),
        sweeps=MemorySweepStore(),
        clock=clock,
        entropy=SeededEntropy(),
        executor=ThreadExecutor(),
        sleep=clock.advance,
        metrics=RecordingMetrics(),
        limits=Limits(),
        audit_log=MemoryAuditLog(),
        live=MemoryLiveStore(clock),
        connections=MemoryConnections(),
        live_url="ws://live",
        ticket_keys=MemorySigningKeys(),
        lease=60.0,
        retention=90 * DAY,
        workers=MemoryWorkerStore(),
        dead_letters=MemoryDeadLetterStore(),
        bulk=MemoryBulkStore(),
        bulk_runs=MemoryBulkRuns(),
        webhooks=MemoryWebhookStore(),
        delivery_queue=MemoryDeliveryQueue(),
        webhook_poster=MemoryWebhookPoster(),
        local_webhooks=False,
        export_runs=MemoryExportRuns(),
        export_slots=MemoryExportSlots(),
        export_files=MemoryExportFiles(),
        events=MemoryEventBus(),
    )
