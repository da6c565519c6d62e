"""The only maker of a worker's clients and wirer of its ports."""

from __future__ import annotations

import time
from dataclasses import replace

import boto3
import httpx
from botocore.config import Config

from shoal.adapters.callbacks import SignedCallbacks
from shoal.adapters.worker_queue import SqsDeliveries
from shoal.settings import MissingSetting, WorkerSettings
from shoal.worker.children import Nursery
from shoal.worker.gear import WEIGHTS, Terms
from shoal.worker.logs import log_to
from shoal.worker.worker import Worker


class _SystemClock:
    """The machine's own time."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


def worker_from_environment(*, until_empty: bool = False, slots: int | None = None) -> Worker:
    """A worker as the environment describes it; raise MissingSetting if it does not."""
    settings = WorkerSettings.from_environment()
    if slots is not None:
        settings = replace(settings, slots=slots)
    log_to(level=settings.log_level)
    session = boto3.Session(region_name=settings.region)
    credentials = session.get_credentials()
    if credentials is None:
        raise MissingSetting("there are no AWS credentials to sign with")
    sqs = session.client(
        "sqs", config=Config(max_pool_connections=10, retries={"mode": "standard"})
    )
    timeout = httpx.Timeout(35.0, connect=5.0)
    return Worker(
        Terms(
            name=settings.worker_id,
            slots=settings.slots,
            lease=settings.lease_seconds,
            grace=settings.grace_seconds,
            until_empty=until_empty,
            weights={name: WEIGHTS[name] for name in settings.queue_urls},
        ),
        Nursery(settings.task_modules, settings.log_level),
        SignedCallbacks(
            *(settings.api_url, settings.region, credentials),
            http=httpx.Client(timeout=timeout),
            storage=httpx.Client(timeout=httpx.Timeout(120.0, connect=5.0)),
        ),
        SqsDeliveries(sqs, settings.queue_urls),
        _SystemClock(),
    )
