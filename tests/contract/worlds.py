"""All ports together, filled from memory or from AWS."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shoal.adapters.dynamodb.chunks import DynamoChunkStore
from shoal.adapters.dynamodb.jobs import DynamoJobStore
from shoal.adapters.dynamodb.registry import DynamoTypeRegistry, OpenJobs, Registry
from shoal.adapters.dynamodb.table import Table
from shoal.adapters.memory import (
    FixedClock,
    MemoryBlobStore,
    MemoryChunkStore,
    MemoryJobStore,
    MemoryTaskQueue,
    MemoryTypeRegistry,
    MemoryWorkflow,
)
from shoal.adapters.s3 import Bucket, S3BlobStore
from shoal.adapters.sqs import SqsTaskQueue
from shoal.adapters.stepfunctions import StepFunctionsWorkflow
from shoal.domain.job import Priority
from shoal.ports import BlobStore, ChunkStore, JobStore, TaskQueue, TypeRegistry, Workflow
from tests.contract.services import Aws


@dataclass(frozen=True)
class World:
    """The ports under test; `upload` and `received` are what the workers at the other side do."""

    jobs: JobStore
    chunks: ChunkStore
    queue: TaskQueue
    workflow: Workflow
    blobs: BlobStore
    types: TypeRegistry
    clock: FixedClock
    upload: Callable[[str, bytes], None]
    received: Callable[[Priority], list[dict[str, Any]]]


def in_memory() -> World:
    uploads, queue = MemoryBlobStore("results"), MemoryTaskQueue()
    return World(
        jobs=MemoryJobStore(),
        chunks=MemoryChunkStore(uploads),
        queue=queue,
        workflow=MemoryWorkflow(),
        blobs=MemoryBlobStore("inputs"),
        types=MemoryTypeRegistry(),
        clock=FixedClock(),
        upload=uploads.put,
        received=lambda _: [{"job": each.job, "chunk": each.chunk} for each in queue.take()],
    )


def on_aws(aws: Aws) -> World:
    clock, registry = FixedClock(), Registry(aws.dynamodb, "registry")
    return World(
        jobs=DynamoJobStore(Table(aws.dynamodb, "jobs"), OpenJobs(registry)),
        chunks=DynamoChunkStore(Table(aws.dynamodb, "tasks"), Bucket(aws.s3, "results")),
        queue=SqsTaskQueue(aws.sqs, aws.urls),
        workflow=StepFunctionsWorkflow(aws.stepfunctions, aws.state_machine_arn),
        blobs=S3BlobStore(Bucket(aws.s3, "inputs")),
        types=DynamoTypeRegistry(registry, clock),
        clock=clock,
        upload=lambda key, body: aws.s3.put_object(Bucket="results", Key=key, Body=body),
        received=aws.received,
    )
