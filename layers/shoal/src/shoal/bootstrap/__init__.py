"""The composition root: every use-case, wired.

Importing it does no work. A use-case is wired when it is first asked for, a client is made at its
first call, and both are kept for the life of the process. Tests wire their own ports with `use`.
"""
# ruff: noqa: PLC0415 - each function pays at its start for the use-cases that it has, no others

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from shoal.bootstrap.wiring import Adapters
from shoal.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shoal.domain.job import Job
    from shoal.ports.task_types import TypeRegistry
    from shoal.service.admission import Admission
    from shoal.service.announcing import Announcing
    from shoal.service.attempting import Attempting
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
    from shoal.service.queueing import Queueing
    from shoal.service.recovery import Recovery
    from shoal.service.registering import Registering
    from shoal.service.retrying import Retrying
    from shoal.service.searching import Searching
    from shoal.service.settling import Settling
    from shoal.service.submitting import Submitting
    from shoal.service.tasking import Tasking
    from shoal.service.tenancy import Tenancy
    from shoal.service.viewing import Viewing


_given: list[Adapters] = []
_forget: Final[list[Callable[[], None]]] = []


def use(adapters: Adapters) -> None:
    """Wire all use-cases of this process to these adapters."""
    _given[:] = [adapters]
    for forget in _forget:
        forget()


def _once[T](make: Callable[[], T]) -> Callable[[], T]:
    """Make it at its first call, and keep it until `use` wires anew."""
    kept = cache(make)
    _forget.append(kept.cache_clear)
    return kept


@_once
def adapters() -> Adapters:
    """What the use-cases are wired to: AWS, unless `use` came before."""
    if _given:
        return _given[0]
    from shoal.bootstrap.aws import on_aws

    return on_aws(Settings.from_environment())


@_once
def submitting() -> Submitting:
    """Takes jobs in."""
    from shoal.service.submitting import Submitting

    a = adapters()
    return Submitting(a.jobs, a.types, a.blobs, a.workflow, a.clock, a.entropy, admission())


@_once
def admission() -> Admission:
    """Keeps tenants within their limits."""
    from shoal.service.admission import Admission

    a = adapters()
    return Admission(a.tenants, a.limits, a.clock)


@_once
def viewing() -> Viewing:
    """Shows jobs, tasks and results."""
    from shoal.service.inputs import Inputs
    from shoal.service.viewing import Viewing

    a = adapters()
    return Viewing(a.jobs, a.chunks, Inputs(a.blobs))


@_once
def charting() -> Charting:
    """Shows all tasks of a job at one glance."""
    from shoal.service.charting import Charting

    a = adapters()
    return Charting(viewing(), a.jobs, a.chunks)


@_once
def searching() -> Searching:
    """Finds tasks by what came of them."""
    from shoal.service.searching import Searching

    return Searching(viewing(), adapters().chunks)


@_once
def diagnosing() -> Diagnosing:
    """Groups failures by cause."""
    from shoal.service.diagnosing import Diagnosing

    a = adapters()
    return Diagnosing(viewing(), a.jobs, a.chunks)


@_once
def explaining() -> Explaining:
    """Says why something does not run."""
    from shoal.service.explaining import Explaining

    a = adapters()
    return Explaining(
        viewing(), a.jobs, a.chunks, a.types, a.workflow, a.depths, a.clock, a.audit, a.crew
    )


@_once
def queueing() -> Queueing:
    """Shows what the queues hold."""
    from shoal.service.queueing import Queueing

    a = adapters()
    return Queueing(a.depths, a.ages)


def types() -> TypeRegistry:
    """The task types that workers have registered."""
    return adapters().types


@_once
def registering() -> Registering:
    """Takes in what workers offer."""
    from shoal.service.registering import Registering

    a = adapters()
    return Registering(a.types, a.crew, a.clock)


@_once
def on_sam_local() -> bool:
    """Whether this runs in a container of `sam local`, which verifies no token."""
    return Settings.from_environment().on_sam_local


@_once
def tenancy() -> Tenancy:
    """Knows who asks."""
    from shoal.service.tenancy import Tenancy

    return Tenancy(adapters().machines)


@_once
def control() -> Control:
    """Cancels, pauses, resumes, retries."""
    from shoal.service.control import Control

    a = adapters()
    return Control(a.jobs, a.workflow, _settling(), a.clock, retention=a.retention)


@_once
def retrying() -> Retrying:
    """Retries some failed tasks, or all."""
    from shoal.service.retrying import Retrying

    return Retrying(control(), viewing(), diagnosing(), adapters().chunks)


@_once
def bulk() -> Bulk:
    """Does one thing to many jobs."""
    from shoal.service.bulk import Bulk

    a = adapters()
    return Bulk(a.bulk, a.bulk_runs, a.jobs, control(), auditing(), a.clock, a.entropy)


@_once
def auditing() -> Auditing:
    """Notes and shows who did what."""
    from shoal.service.auditing import Auditing

    a = adapters()
    return Auditing(a.audit, a.jobs, a.clock, a.entropy, a.retention)


@_once
def tasking() -> Tasking:
    """Runs one task at a time."""
    from shoal.service.tasking import Tasking

    return Tasking(viewing(), leasing(), adapters().clock)


@_once
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


@_once
def attempting() -> Attempting:
    """Shows what came of each attempt of a task."""
    from shoal.service.attempting import Attempting

    return Attempting(viewing(), adapters().chunks)


@_once
def keeping() -> Keeping:
    """Keeps what tasks do not want to do or make again."""
    from shoal.service.keeping import Keeping

    a = adapters()
    return Keeping(a.chunks, a.effects, a.artifacts, viewing())


@_once
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


@_once
def monitoring() -> Monitoring:
    """Reconciles."""
    from shoal.service.monitoring import Monitoring

    a = adapters()
    return Monitoring(
        a.jobs, a.chunks, a.queue, a.workflow, _settling(), ending(), a.clock, length=a.lease
    )


@_once
def ending() -> Ending:
    """Ends jobs before their tasks have."""
    from shoal.service.ending import Ending

    a = adapters()
    return Ending(a.jobs, a.chunks, _settling())


@_once
def recovery() -> Recovery:
    """Mends what died."""
    from shoal.service.recovery import Recovery

    a = adapters()
    return Recovery(a.jobs, a.chunks, a.queue, a.workflow, _settling(), a.clock)


@_once
def burying() -> Burying:
    """Notes what the dead-letter queue saw."""
    from shoal.service.burying import Burying

    a = adapters()
    return Burying(a.letters, a.jobs, a.chunks, a.metrics, a.clock)


@_once
def exporting() -> Exporting:
    """Writes results to files."""
    from shoal.service.exporting import Exporting

    a = adapters()
    return Exporting(viewing(), a.export_runs, a.export_files, a.clock, a.entropy)


@_once
def hooking() -> Hooking:
    """Keeps webhooks."""
    from shoal.service.hooking import Hooking

    a = adapters()
    return Hooking(a.hooks, a.deliveries, a.clock, a.entropy, a.local_webhooks)


@_once
def delivering() -> Delivering:
    """Tells webhooks."""
    from shoal.service.delivering import Delivering

    a = adapters()
    return Delivering(a.hooks, a.deliveries, a.poster, auditing(), a.clock, a.local_webhooks)


@_once
def announcing() -> Announcing:
    """Tells the world of jobs; what it needs is told to its own function only."""
    from shoal.adapters.eventbridge import EventBridgeBus
    from shoal.bootstrap.clients import LazyClient
    from shoal.service.announcing import Announcing

    settings = Settings.from_environment()
    return Announcing(EventBridgeBus(LazyClient("events"), settings.event_bus))


def job_change(record: Mapping[str, Any]) -> tuple[Job | None, Job] | None:
    """What a record of the jobs table's stream says of a job; None if it is of another row."""
    from shoal.adapters.rows.changes import job_change

    return job_change(record)


@_once
def live() -> Live:
    """Lets callers listen to jobs."""
    from shoal.service.live import Live

    a = adapters()
    return Live(a.live, a.jobs, a.clock, a.entropy)


@_once
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


@_once
def _settling() -> Settling:
    from shoal.service.settling import Settling

    a = adapters()
    return Settling(a.jobs, a.chunks, a.queue, a.workflow, a.clock, a.metrics)
