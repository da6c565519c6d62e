"""Defines the adapters that the use-cases need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from shoal.domain.limits import Limits
    from shoal.ports.artifacts import ArtifactStore
    from shoal.ports.audit import AuditLog
    from shoal.ports.blobs import BlobStore
    from shoal.ports.bulk import BulkRuns, BulkStore
    from shoal.ports.chunks import ChunkStore
    from shoal.ports.clock import Clock, Entropy
    from shoal.ports.dead_letters import DeadLetterStore
    from shoal.ports.effects import EffectStore
    from shoal.ports.events import EventBus
    from shoal.ports.executor import Executor
    from shoal.ports.exports import ExportFiles, ExportRuns, ExportSlots
    from shoal.ports.jobs import JobStore
    from shoal.ports.live import Connections, LiveStore, SigningKeys
    from shoal.ports.machines import MachineStore
    from shoal.ports.metrics import Metrics
    from shoal.ports.queues import QueueAges, QueueDepths, TaskQueue
    from shoal.ports.rates import RateStore
    from shoal.ports.sweeps import SweepStore
    from shoal.ports.task_types import TypeRegistry
    from shoal.ports.tenants import TenantStore
    from shoal.ports.webhooks import DeliveryQueue, WebhookPoster, WebhookStore
    from shoal.ports.windows import WindowStore
    from shoal.ports.workers import WorkerStore
    from shoal.ports.workflow import Workflow


@dataclass(frozen=True, slots=True)
class Adapters:
    """An adapter for every port. `lease` and `retention` are in seconds, `limits` are defaults."""

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
    clock: Clock
    entropy: Entropy
    executor: Executor
    sleep: Callable[[float], None]
    metrics: Metrics
    limits: Limits
    audit_log: AuditLog
    live: LiveStore
    connections: Connections
    live_url: str
    ticket_keys: SigningKeys
    lease: float
    retention: int
    workers: WorkerStore
    dead_letters: DeadLetterStore
    bulk: BulkStore
    bulk_runs: BulkRuns
    webhooks: WebhookStore
    delivery_queue: DeliveryQueue
    webhook_poster: WebhookPoster
    local_webhooks: bool
    export_runs: ExportRuns
    export_slots: ExportSlots
    export_files: ExportFiles
    events: EventBus
