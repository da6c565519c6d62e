"""The only maker of a worker's clients and wirer of its ports."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import boto3
import httpx
from botocore.config import Config

from shoal.adapters.callbacks import SignedCallbacks
from shoal.adapters.vault import ApiVault
from shoal.adapters.worker_queue import SqsDeliveries
from shoal.settings import MissingSetting, WorkerSettings, task_modules
from shoal.worker.child import Habits
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
    sqs = session.client(
        "sqs", config=Config(max_pool_connections=10, retries={"mode": "standard"})
    )
    return Worker(
        Terms(
            name=settings.worker_id,
            slots=settings.slots,
            lease=settings.lease_seconds,
            grace=settings.grace_seconds,
            until_empty=until_empty,
            image=settings.image,
            weights={name: WEIGHTS[name] for name in settings.queue_urls},
        ),
        Nursery(
            settings.task_modules,
            settings.log_level,
            habits=Habits(settings.child_tasks, settings.child_growth_bytes),
            vault=f"{__name__}:{vault.__name__}",
        ),
        _callbacks(settings, session),
        SqsDeliveries(sqs, settings.queue_urls),
        _SystemClock(),
    )


def offers_from_environment() -> list[Mapping[str, Any]]:
    """What a worker in this environment would tell the API of its task types.

    Raises BadTasks if they cannot be imported.
    """
    with Nursery(task_modules()) as nursery:
        return [offered.offer for offered in nursery.types.values()]


def vault(job_id: str, chunk: int, epoch: int, index: int) -> ApiVault:
    """What a task keeps; made in its child process, from the environment of the worker."""
    settings, api = _vault_api()
    return ApiVault(api, settings.worker_id, job_id=job_id, chunk=chunk, epoch=epoch, index=index)


@cache
def _vault_api() -> tuple[WorkerSettings, SignedCallbacks]:
    settings = WorkerSettings.from_environment()
    return settings, _callbacks(settings, boto3.Session(region_name=settings.region))


def _callbacks(settings: WorkerSettings, session: boto3.Session) -> SignedCallbacks:
    credentials = session.get_credentials()
    if credentials is None:
        raise MissingSetting("there are no AWS credentials to sign with")
    return SignedCallbacks(
        *(settings.api_url, settings.region, credentials),
        http=httpx.Client(timeout=httpx.Timeout(35.0, connect=5.0)),
        storage=httpx.Client(timeout=httpx.Timeout(120.0, connect=5.0)),
    )
