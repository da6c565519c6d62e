"""Bodies of workers."""

from pydantic import BaseModel, ConfigDict

from shoal.domain.workers import Worker, WorkerStatus
from shoal.wire.fields import Time
from shoal.wire.times import rfc3339


class OfferBody(BaseModel):
    """A task type that a worker offers, and the digest of its code."""

    model_config = ConfigDict(frozen=True)

    name: str
    digest: str


class WorkerBody(BaseModel):
    """The last registration of a worker; `silent_since` is its time if the worker is silent."""

    model_config = ConfigDict(frozen=True)

    name: str
    state: WorkerStatus
    started_at: Time
    last_seen_at: Time
    silent_since: Time | None
    task_types: list[OfferBody]
    version: str
    image: str
    host: str
    slots: int | None
    queues: list[str]


class WorkerPageBody(BaseModel):
    """A page of workers, by name; a null `next_token` ends the list."""

    model_config = ConfigDict(frozen=True)

    items: list[WorkerBody]
    next_token: str | None


def worker_body(worker: Worker, now: float) -> WorkerBody:
    """Return the body of a worker."""
    state = worker.status(now)
    return WorkerBody(
        name=worker.name,
        state=state,
        started_at=rfc3339(worker.started_at),
        last_seen_at=rfc3339(worker.seen_at),
        silent_since=rfc3339(worker.seen_at) if state is WorkerStatus.SILENT else None,
        task_types=[OfferBody(name=name, digest=worker.digest) for name in worker.types],
        version=worker.version,
        image=worker.image,
        host=worker.host,
        slots=worker.slots,
        queues=[*worker.queues],
    )
