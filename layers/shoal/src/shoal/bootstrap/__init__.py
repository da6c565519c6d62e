"""The composition root: every use-case, wired.

Importing it does no work. A use-case is wired when it is first asked for, a client is made at its
first call, and both are kept for the life of the process. Tests wire their own ports with `use`.
"""
# ruff: noqa: PLC0415 - each function pays at its start for the use-cases that it has, no others

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from shoal.bootstrap.wiring import Adapters
from shoal.settings import FunctionSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shoal.domain.job import Job
    from shoal.ports.task_types import TypeRegistry
    from shoal.service.admission import Admission
    from shoal.service.artifacts import ArtifactLinks
    from shoal.service.attempts import AttemptQueries
    from shoal.service.audit_trail import AuditTrail
    from shoal.service.authentication import Authentication
    from shoal.service.bulk_actions import BulkActions
    from shoal.service.completion import Completion
    from shoal.service.dead_letters import DeadLetterTracker
    from shoal.service.effects import Effects
    from shoal.service.exports import Exports
    from shoal.service.failure_groups import FailureQueries
    from shoal.service.job_control import JobControl
    from shoal.service.job_events import JobEventPublisher
    from shoal.service.job_queries import JobQueries
    from shoal.service.leasing import Leasing
    from shoal.service.live_deltas import LiveDeltaPublisher
    from shoal.service.live_subscriptions import LiveSubscriptions
    from shoal.service.planning import Planning
    from shoal.service.queue_stats import QueueStats
    from shoal.service.reconciliation import Reconciliation
    from shoal.service.recovery import Recovery
    from shoal.service.registration import Registration
    from shoal.service.result_queries import ResultQueries
    from shoal.service.retries import Retries
    from shoal.service.single_task import SingleTask
    from shoal.service.status_reasons import StatusReasons
    from shoal.service.submission import Submission
    from shoal.service.task_map import TaskMapQueries
    from shoal.service.task_queries import TaskQueries
    from shoal.service.task_search import TaskSearch
    from shoal.service.termination import Termination
    from shoal.service.webhook_delivery import WebhookDispatcher
    from shoal.service.webhooks import Webhooks


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

    return on_aws(FunctionSettings.from_environment())


@_once
def submission() -> Submission:
    """Takes jobs in."""
    from shoal.service.submission import Submission

    a = adapters()
    return Submission(a.jobs, a.types, a.blobs, a.workflow, a.clock, a.entropy, admission())


@_once
def admission() -> Admission:
    """Keeps tenants within their limits."""
    from shoal.service.admission import Admission

    a = adapters()
    return Admission(a.tenants, a.limits, a.clock)


@_once
def job_queries() -> JobQueries:
    """Reads jobs."""
    from shoal.service.job_queries import JobQueries

    return JobQueries(adapters().jobs)


@_once
def task_queries() -> TaskQueries:
    """Reads tasks."""
    from shoal.service.inputs import Inputs
    from shoal.service.task_queries import TaskQueries

    a = adapters()
    return TaskQueries(a.jobs, a.chunks, Inputs(a.blobs))


@_once
def result_queries() -> ResultQueries:
    """Reads results."""
    from shoal.service.result_queries import ResultQueries

    a = adapters()
    return ResultQueries(a.jobs, a.chunks, task_queries())


@_once
def task_map() -> TaskMapQueries:
    """Shows all tasks of a job at one glance."""
    from shoal.service.task_map import TaskMapQueries

    a = adapters()
    return TaskMapQueries(a.jobs, a.chunks)


@_once
def task_search() -> TaskSearch:
    """Finds tasks by what came of them."""
    from shoal.service.task_search import TaskSearch

    a = adapters()
    return TaskSearch(a.jobs, task_queries(), a.chunks)


@_once
def failure_groups() -> FailureQueries:
    """Groups failures by cause."""
    from shoal.service.failure_groups import FailureQueries

    a = adapters()
    return FailureQueries(job_queries(), a.jobs, a.chunks)


@_once
def status_reasons() -> StatusReasons:
    """Says why something does not run."""
    from shoal.service.status_reasons import StatusReasons

    a = adapters()
    return StatusReasons(
        job_queries(),
        task_queries(),
        a.jobs,
        a.chunks,
        a.types,
        a.workflow,
        a.depths,
        a.clock,
        a.audit_log,
        a.workers,
    )


@_once
def queue_stats() -> QueueStats:
    """Shows what the queues hold."""
    from shoal.service.queue_stats import QueueStats

    a = adapters()
    return QueueStats(a.depths, a.ages)


def types() -> TypeRegistry:
    """The task types that workers have registered."""
    return adapters().types


@_once
def registration() -> Registration:
    """Takes in what workers offer."""
    from shoal.service.registration import Registration

    a = adapters()
    return Registration(a.types, a.workers, a.clock)


@_once
def on_sam_local() -> bool:
    """Whether this runs in a container of `sam local`, which verifies no token."""
    return FunctionSettings.from_environment().on_sam_local


@_once
def authentication() -> Authentication:
    """Knows who asks."""
    from shoal.service.authentication import Authentication

    return Authentication(adapters().machines)


@_once
def job_control() -> JobControl:
    """Cancels, pauses, resumes, retries."""
    from shoal.service.job_control import JobControl

    a = adapters()
    return JobControl(a.jobs, a.workflow, _completion(), a.clock, retention=a.retention)


@_once
def retries() -> Retries:
    """Retries some failed tasks, or all."""
    from shoal.service.retries import Retries

    a = adapters()
    return Retries(job_control(), a.jobs, failure_groups(), a.chunks)


@_once
def bulk_actions() -> BulkActions:
    """Does one thing to many jobs."""
    from shoal.service.bulk_actions import BulkActions

    a = adapters()
    return BulkActions(
        a.bulk, a.bulk_runs, a.jobs, job_control(), audit_trail(), a.clock, a.entropy
    )


@_once
def audit_trail() -> AuditTrail:
    """Notes and shows who did what."""
    from shoal.service.audit_trail import AuditTrail

    a = adapters()
    return AuditTrail(a.audit_log, a.jobs, a.clock, a.entropy, a.retention)


@_once
def single_task() -> SingleTask:
    """Runs one task at a time."""
    from shoal.service.single_task import SingleTask

    return SingleTask(task_queries(), leasing(), adapters().clock)


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
        _completion(),
        a.clock,
        a.entropy,
        a.metrics,
        length=a.lease,
    )


@_once
def attempts() -> AttemptQueries:
    """Shows what came of each attempt of a task."""
    from shoal.service.attempts import AttemptQueries

    return AttemptQueries(task_queries(), adapters().chunks)


@_once
def effects() -> Effects:
    """Keeps the outcomes of side effects."""
    from shoal.service.effects import Effects

    a = adapters()
    return Effects(a.chunks, a.effects)


@_once
def artifacts() -> ArtifactLinks:
    """Gives links to files of tasks."""
    from shoal.service.artifacts import ArtifactLinks

    a = adapters()
    return ArtifactLinks(a.chunks, a.artifacts, task_queries())


@_once
def planning() -> Planning:
    """Plans, creates and enqueues."""
    from shoal.service.planning import Planning
    from shoal.service.recovery import CrashLoopDetector

    a = adapters()
    return Planning(
        a.jobs,
        a.chunks,
        a.queue,
        a.blobs,
        a.types,
        _completion(),
        termination(),
        CrashLoopDetector(a.workflow, a.clock),
        a.clock,
    )


@_once
def reconciliation() -> Reconciliation:
    """Reconciles."""
    from shoal.service.reconciliation import Reconciliation

    a = adapters()
    return Reconciliation(
        a.jobs, a.chunks, a.queue, a.workflow, _completion(), termination(), a.clock, length=a.lease
    )


@_once
def termination() -> Termination:
    """Ends jobs before their tasks have."""
    from shoal.service.termination import Termination

    a = adapters()
    return Termination(a.jobs, a.chunks, _completion())


@_once
def recovery() -> Recovery:
    """Mends what died."""
    from shoal.service.recovery import Recovery

    a = adapters()
    return Recovery(a.jobs, a.chunks, a.queue, a.workflow, _completion(), a.clock)


@_once
def dead_letters() -> DeadLetterTracker:
    """Notes what the dead-letter queue saw."""
    from shoal.service.dead_letters import DeadLetterTracker

    a = adapters()
    return DeadLetterTracker(a.dead_letters, a.jobs, a.chunks, a.metrics, a.clock)


@_once
def exports() -> Exports:
    """Writes results to files."""
    from shoal.service.exports import Exports

    a = adapters()
    return Exports(a.jobs, result_queries(), a.export_runs, a.export_files, a.clock, a.entropy)


@_once
def webhooks() -> Webhooks:
    """Keeps webhooks."""
    from shoal.service.webhooks import Webhooks

    a = adapters()
    return Webhooks(a.webhooks, a.delivery_queue, a.clock, a.entropy, a.local_webhooks)


@_once
def webhook_delivery() -> WebhookDispatcher:
    """Tells webhooks."""
    from shoal.service.webhook_delivery import WebhookDispatcher

    a = adapters()
    return WebhookDispatcher(
        a.webhooks, a.delivery_queue, a.webhook_poster, audit_trail(), a.clock, a.local_webhooks
    )


@_once
def job_events() -> JobEventPublisher:
    """Tells the world of jobs; what it needs is told to its own function only."""
    from shoal.adapters.eventbridge import EventBridgeBus
    from shoal.bootstrap.clients import LazyClient
    from shoal.service.job_events import JobEventPublisher

    settings = FunctionSettings.from_environment()
    return JobEventPublisher(EventBridgeBus(LazyClient("events"), settings.event_bus))


def job_change(record: Mapping[str, Any]) -> tuple[Job | None, Job] | None:
    """What a record of the jobs table's stream says of a job; None if it is of another row."""
    from shoal.adapters.rows.changes import job_change

    return job_change(record)


@_once
def live_subscriptions() -> LiveSubscriptions:
    """Lets callers listen to jobs."""
    from shoal.service.live_subscriptions import LiveSubscriptions

    a = adapters()
    return LiveSubscriptions(a.live, a.jobs, a.clock, a.entropy)


@_once
def live_deltas() -> LiveDeltaPublisher:
    """Tells those who listen."""
    import time

    from shoal.service.live_deltas import LiveDeltaPublisher

    a = adapters()
    return LiveDeltaPublisher(a.live, a.jobs, job_queries(), a.connections, a.clock, time.sleep)


def changed_job(record: Mapping[str, Any]) -> str:
    """The job that a record of the jobs table's stream is about."""
    from shoal.adapters.rows.changes import changed_job

    return changed_job(record)


@_once
def _completion() -> Completion:
    from shoal.service.completion import Completion

    a = adapters()
    return Completion(a.jobs, a.chunks, a.queue, a.workflow, a.clock, a.metrics)
