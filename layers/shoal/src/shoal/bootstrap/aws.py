"""Wires every port to AWS."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

from shoal.adapters.clock import SystemClock, SystemEntropy
from shoal.adapters.cloudwatch import CloudWatchQueueAges
from shoal.adapters.connections import ApiGatewayConnections
from shoal.adapters.delivery_queue import SqsDeliveryQueue
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
from shoal.adapters.emf import EmfMetrics
from shoal.adapters.eventbridge import EventBridgeBus
from shoal.adapters.parallel import ThreadExecutor
from shoal.adapters.s3 import ObjectBucket, S3ArtifactStore, S3BlobStore, S3ExportFiles
from shoal.adapters.signing_keys import SecretSigningKeys
from shoal.adapters.sqs import SqsTaskQueue
from shoal.adapters.stepfunctions import (
    StepFunctionsBulkRuns,
    StepFunctionsExportRuns,
    StepFunctionsWorkflow,
)
from shoal.adapters.webhook_post import HttpWebhookPoster
from shoal.bootstrap.clients import LazyClient
from shoal.bootstrap.wiring import Adapters
from shoal.settings import FunctionSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient


def on_aws(settings: FunctionSettings) -> Adapters:
    """Return the adapters of AWS; clients are created at their first call."""
    clock = SystemClock()
    dynamodb = cast("DynamoDBClient", LazyClient("dynamodb"))
    # By default, botocore signs links for the global endpoint, which redirects. The console's
    # content security policy allows only the regional addresses of the buckets.
    s3 = cast("S3Client", LazyClient("s3", addressing="virtual" if settings.on_aws else "auto"))
    workflows = cast("SFNClient", LazyClient("stepfunctions"))
    registry = Registry(dynamodb, settings.registry_table)
    results = ObjectBucket(s3, settings.results_bucket)
    jobs = Table(dynamodb, settings.jobs_table)
    tasks = Table(dynamodb, settings.tasks_table)
    watch_list = WatchList(registry, jobs)
    sqs = cast("SQSClient", LazyClient("sqs"))
    queue = SqsTaskQueue(sqs, settings.queue_urls)
    return Adapters(
        jobs=DynamoJobStore(jobs, watch_list, clock),
        chunks=DynamoChunkStore(tasks, results),
        windows=DynamoWindowStore(jobs, tasks),
        effects=DynamoEffectStore(tasks),
        artifacts=S3ArtifactStore(results),
        queue=queue,
        depths=queue,
        ages=CloudWatchQueueAges(
            LazyClient("cloudwatch", fail_fast=True), settings.queue_urls, clock
        ),
        workflow=StepFunctionsWorkflow(workflows, settings.state_machine_arn),
        blobs=S3BlobStore(ObjectBucket(s3, settings.inputs_bucket)),
        types=DynamoTypeRegistry(registry, clock),
        machines=DynamoMachineStore(registry),
        tenants=DynamoTenantStore(registry, watch_list),
        rates=DynamoRateStore(registry),
        sweeps=DynamoSweepStore(registry),
        clock=clock,
        entropy=SystemEntropy(),
        executor=ThreadExecutor(),
        sleep=time.sleep,
        metrics=EmfMetrics(clock, settings.stage),
        limits=settings.limits,
        audit_log=DynamoAuditLog(registry),
        live=DynamoLiveStore(registry, clock),
        connections=ApiGatewayConnections(
            LazyClient("apigatewaymanagementapi", endpoint=settings.live_url)
        ),
        live_url=settings.live_url.replace("http", "ws", 1),
        ticket_keys=SecretSigningKeys(LazyClient("secretsmanager"), settings.ticket_secret, clock),
        lease=settings.lease_seconds,
        retention=settings.retention_seconds,
        workers=DynamoWorkerStore(registry),
        dead_letters=DynamoDeadLetterStore(registry),
        bulk=DynamoBulkStore(registry),
        bulk_runs=StepFunctionsBulkRuns(workflows, settings.bulk_machine_arn),
        webhooks=DynamoWebhookStore(registry),
        delivery_queue=SqsDeliveryQueue(sqs, settings.deliveries_queue),
        webhook_poster=HttpWebhookPoster(),
        local_webhooks=settings.local_webhooks,
        export_runs=StepFunctionsExportRuns(workflows, settings.export_machine_arn),
        export_slots=DynamoExportSlots(registry),
        export_files=S3ExportFiles(results),
        events=EventBridgeBus(LazyClient("events"), settings.event_bus),
    )
