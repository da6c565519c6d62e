"""The composition root of a worker: creates the clients and connects ports with adapters."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from typing import Any, Final

import boto3
import httpx
from botocore.credentials import Credentials

from shoal.adapters.callbacks import SignedCallbacks
from shoal.adapters.clock import SystemClock, SystemEntropy
from shoal.adapters.http import CurlPost
from shoal.adapters.sigv4 import SignedPost
from shoal.adapters.worker_queue import SqsMessageSource
from shoal.settings import MissingSetting, WorkerSettings, task_environment, task_modules
from shoal.worker.assignment import ChildLimits
from shoal.worker.fork_client import ForkClient
from shoal.worker.logs import configure_logging
from shoal.worker.memory_guard import MemoryGuard
from shoal.worker.ports import Meters, Tracer
from shoal.worker.worker import Worker
from shoal.worker.worker_context import WEIGHTS, WorkerConfig

_LOG = logging.getLogger("shoal.worker")
_ANYWHERE: Final = "0.0.0.0"  # noqa: S104 - the kubelet and Prometheus connect from outside the pod; a network policy restricts access


class _SystemClock(SystemClock):
    """The clock of the machine."""

    def monotonic(self) -> float:
        return time.monotonic()


def worker_from_environment(*, until_empty: bool = False, slots: int | None = None) -> Worker:
    """Returns a worker that is configured by the environment.

    Raises MissingSetting if a variable is missing or invalid.
    """
    settings = WorkerSettings.from_environment()
    if slots is not None:
        settings = replace(settings, slots=slots)
    if settings.task_uids is not None and len(settings.task_uids) < 2 * settings.slots:
        raise MissingSetting(
            f"SHOAL_TASK_UIDS has {len(settings.task_uids)} uids; a worker with {settings.slots}"
            f" slots needs {2 * settings.slots}"
        )
    configure_logging(level=settings.log_level)
    session = boto3.Session(region_name=settings.region)
    sqs = session.client("sqs")  # only to resolve the endpoint in all the ways that AWS supports
    credentials, curl, memory = _credentials(session), CurlPost(), MemoryGuard.of_container()
    storage = httpx.Client(timeout=httpx.Timeout(120.0, connect=5.0))
    return Worker(
        WorkerConfig(
            name=settings.worker_id,
            slots=settings.slots,
            lease=settings.lease_seconds,
            grace=settings.grace_seconds,
            until_empty=until_empty,
            image=settings.image,
            weights={name: WEIGHTS[name] for name in settings.queue_urls},
            announce=settings.announce_seconds,
            version=version("shoal"),
            host=socket.gethostname()[:255],
            probes=(_ANYWHERE, settings.health_port) if settings.health_port else None,
        ),
        ForkClient(
            settings.task_modules,
            settings.log_level,
            limits=ChildLimits(
                *(settings.child_tasks, settings.child_growth_bytes),
                max_data=None if memory is None else memory.limit,
            ),
            environment=settings.task_environment,
            storage="shoal.adapters.task_storage:task_storage",
            uids=settings.task_uids,
        ),
        SignedCallbacks(
            settings.api_url,
            SignedPost(curl, credentials, "execute-api", settings.region),
            storage=storage,
        ),
        SqsMessageSource(
            SignedPost(curl, credentials, "sqs", settings.region),
            sqs.meta.endpoint_url,
            settings.queue_urls,
        ),
        _SystemClock(),
        entropy=SystemEntropy(),
        meters=_meters(settings),
        tracer=_tracer(settings),
        memory=memory,
    )


def offers_from_environment() -> list[Mapping[str, Any]]:
    """Returns the task types that a worker with this environment would register.

    Raises BadTasks if the task modules cannot be imported.
    """
    with ForkClient(task_modules(), environment=task_environment()) as fork_client:
        return [offered.offer for offered in fork_client.types.values()]


def _meters(settings: WorkerSettings) -> Meters | None:
    """Returns Prometheus meters if the metrics endpoint is enabled. Imports them only then."""
    if not settings.health_port:
        return None
    from shoal.adapters.prometheus import PrometheusMeters  # noqa: PLC0415

    return PrometheusMeters()


def _tracer(settings: WorkerSettings) -> Tracer | None:
    """Returns a tracer if a collector is configured and the extra `tracing` is installed."""
    if not settings.tracing:
        return None
    try:
        from shoal.adapters.tracing import OtelTracer  # noqa: PLC0415
    except ImportError as error:  # clusters often set the OTEL_ variables for all pods
        _LOG.warning("traces are disabled: the extra `tracing` is not installed: %s", error)
        return None
    return OtelTracer(settings.worker_id)


def _credentials(session: boto3.Session) -> Credentials:
    credentials = session.get_credentials()
    if credentials is None:
        raise MissingSetting("no AWS credentials found; the worker needs them to sign requests")
    return credentials
