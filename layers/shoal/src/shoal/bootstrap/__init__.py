"""Wires every use-case to its adapters: the composition root.

Importing it does no work. A use-case is created at its first access and a client at its first call,
and both are cached for the life of the process. Tests wire their own adapters with `use`.
"""
# ruff: noqa: PLC0415 - a cold start of a function imports only the use-cases that it calls

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from shoal.bootstrap.wiring import Adapters
from shoal.settings import FunctionSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shoal.domain.job import Job
    from shoal.ports.executor import Executor
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
    from shoal.service.flow_control import FlowControl
    from shoal.service.job_control import JobControl
    from shoal.service.job_events import JobEventPublisher
    from shoal.service.job_queries import JobQueries
    from shoal.service.leasing import Leasing
    from shoal.service.live_deltas import LiveDeltaPublisher
    from shoal.service.live_subscriptions import LiveSubscriptions
    from shoal.service.live_tickets import LiveTickets
    from shoal.service.planning import Planning
    from shoal.service.queue_stats import QueueStats
    from shoal.service.reconciliation import Reconciliation
    from shoal.service.recovery import Recovery
    from shoal.service.registration import Registration
    from shoal.service.request_rates import RequestRates
    from shoal.service.result_queries import ResultQueries
    from shoal.service.retries import Retries
    from shoal.service.single_task import SingleTask
    from shoal.service.status_reasons import StatusReasons
    from shoal.service.submission import Submission
    from shoal.service.sweep import Sweep
    from shoal.service.task_map import TaskMapQueries
    from shoal.service.task_queries import TaskQueries
    from shoal.service.task_search import TaskSearch
    from shoal.service.termination import Termination
    from shoal.service.webhook_delivery import WebhookDispatcher
    from shoal.service.webhooks import Webhooks


_in_use: list[Adapters] = []
_cache_clears: Final[list[Callable[[], None]]] = []


def use(adapters: Adapters) -> None:
    """Wire all use-cases of this process to these adapters."""
    _in_use[:] = [adapters]
    for clear in _cache_clears:
        clear()


def _once[T](make: Callable[[], T]) -> Callable[[], T]:
    """Cache the result of the first call until the next call of `use`."""
    cached = cache(make)
    _cache_clears.append(cached.cache_clear)
    return cached


@_once
def adapters() -> Adapters:
    """Return the adapters of all use-cases: those of `use`, or AWS."""
    if _in_use:
        return _in_use[0]
    from shoal.bootstrap.aws import on_aws

    return on_aws(FunctionSettings.from_environment())


@_once
def submission() -> Submission:
    """Return the use-case that submits jobs."""
    from shoal.service.submission import Submission

    a = adapters()
    return Submission(a.jobs, a.types, a.blobs, a.workflow, a.clock, a.entropy, admission())


@_once
def admission() -> Admission:
    """Return the use-case that enforces the limits of tenants."""
    from shoal.service.admission import Admission

    a = adapters()
    return Admission(a.tenants, a.limits, a.clock)


@_once
def request_rates() -> RequestRates:
    """Return the use-case that limits the rate of requests."""
    from shoal.service.request_rates import RequestRates

    return RequestRates(adapters().rates, adapters().clock)


@_once
def job_queries() -> JobQueries:
    """Return the use-case that reads jobs."""
    from shoal.service.job_queries import JobQueries

    return JobQueries(adapters().jobs)


@_once
def task_queries() -> TaskQueries:
    """Return the use-case that reads tasks."""
    from shoal.service.inputs import Inputs
    from shoal.service.task_queries import TaskQueries

    a = adapters()
    return TaskQueries(a.jobs, a.chunks, Inputs(a.blobs))


@_once
def result_queries() -> ResultQueries:
    """Return the use-case that reads results."""
    from shoal.service.result_queries import ResultQueries

    a = adapters()
    return ResultQueries(a.jobs, a.chunks, task_queries())


@_once
def task_map() -> TaskMapQueries:
    """Return the use-case that builds the map of a job's tasks."""
    from shoal.service.task_map import TaskMapQueries

    a = adapters()
    return TaskMapQueries(a.jobs, a.chunks)


@_once
def task_search() -> TaskSearch:
    """Return the use-case that finds tasks by their outcomes."""
    from shoal.service.task_search import TaskSearch

    a = adapters()
    return TaskSearch(a.jobs, task_queries(), a.chunks)


@_once
def failure_groups() -> FailureQueries:
    """Return the use-case that groups failures by cause."""
    from shoal.service.failure_groups import FailureQueries

    a = adapters()
    return FailureQueries(job_queries(), a.jobs, a.chunks)


@_once
def status_reasons() -> StatusReasons:
    """Return the use-case that explains the status of jobs and tasks."""
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
        _flow_control(),
    )


@_once
def queue_stats() -> QueueStats:
    """Return the use-case that reads queue depths."""
    from shoal.service.queue_stats import QueueStats

    a = adapters()
    return QueueStats(a.depths, a.ages)


def executor() -> Executor:
    """Return the threads that handle the records of a batch."""
    return adapters().executor


def types() -> TypeRegistry:
    """Return the registry of task types."""
    return adapters().types


@_once
def registration() -> Registration:
    """Return the use-case that registers workers."""
    from shoal.service.registration import Registration

    a = adapters()
    return Registration(a.types, a.workers, a.clock)


@_once
def on_sam_local() -> bool:
    """Return whether this runs in a container of `sam local`, which does not verify tokens."""
    return FunctionSettings.from_environment().on_sam_local


@_once
def authentication() -> Authentication:
    """Return the use-case that identifies callers."""
    from shoal.service.authentication import Authentication

    return Authentication(adapters().machines, adapters().clock)


@_once
def job_control() -> JobControl:
    """Return the use-case that cancels, pauses, resumes, retries, changes and deletes jobs."""
    from shoal.service.job_control import JobControl

    a = adapters()
    return JobControl(a.jobs, a.workflow, _completion(), _flow_control(), a.clock)


@_once
def retries() -> Retries:
    """Return the use-case that retries and discards failed tasks."""
    from shoal.service.retries import Retries

    a = adapters()
    return Retries(job_control(), a.jobs, failure_groups(), a.chunks)


@_once
def bulk_actions() -> BulkActions:
    """Return the use-case that runs bulk actions."""
    from shoal.service.bulk_actions import BulkActions

    a = adapters()
    return BulkActions(
        a.bulk, a.bulk_runs, a.jobs, job_control(), audit_trail(), a.clock, a.entropy, a.executor
    )


@_once
def audit_trail() -> AuditTrail:
    """Return the use-case that records and reads audit events."""
    from shoal.service.audit_trail import AuditTrail

    a = adapters()
    return AuditTrail(a.audit_log, a.jobs, a.clock, a.entropy, a.retention)


@_once
def single_task() -> SingleTask:
    """Return the use-case that runs single tasks."""
    from shoal.service.single_task import SingleTask

    return SingleTask(task_queries(), leasing(), adapters().clock)


@_once
def leasing() -> Leasing:
    """Return the use-case that grants leases and accepts reports."""
    from shoal.service.inputs import Inputs
    from shoal.service.leasing import Leasing
    from shoal.service.live_types import LiveTypes
    from shoal.service.type_mismatch import TypeMismatch

    a = adapters()
    live_types = LiveTypes(a.workers, a.clock)
    return Leasing(
        a.jobs,
        a.chunks,
        a.queue,
        a.types,
        Inputs(a.blobs),
        _completion(),
        TypeMismatch(a.chunks, a.queue, live_types, a.clock, a.entropy),
        a.clock,
        a.entropy,
        a.metrics,
        length=a.lease,
    )


@_once
def attempts() -> AttemptQueries:
    """Return the use-case that reads the attempts of tasks."""
    from shoal.service.attempts import AttemptQueries

    return AttemptQueries(task_queries(), adapters().chunks)


@_once
def effects() -> Effects:
    """Return the use-case that stores results of side effects."""
    from shoal.service.effects import Effects

    a = adapters()
    return Effects(a.chunks, a.effects)


@_once
def artifacts() -> ArtifactLinks:
    """Return the use-case that creates links to the files of tasks."""
    from shoal.service.artifacts import ArtifactLinks

    a = adapters()
    return ArtifactLinks(a.chunks, a.artifacts, task_queries())


@_once
def planning() -> Planning:
    """Return the use-case that plans, creates and enqueues chunks."""
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
        _flow_control(),
        termination(),
        CrashLoopDetector(a.workflow, a.clock),
        a.clock,
    )


@_once
def reconciliation() -> Reconciliation:
    """Return the use-case that reconciles open jobs."""
    from shoal.service.reconciliation import Reconciliation

    a = adapters()
    return Reconciliation(
        a.jobs,
        a.chunks,
        a.queue,
        a.workflow,
        _completion(),
        _flow_control(),
        termination(),
        a.clock,
        length=a.lease,
    )


@_once
def termination() -> Termination:
    """Return the use-case that ends jobs early."""
    from shoal.service.termination import Termination

    a = adapters()
    return Termination(a.jobs, a.chunks, _completion())


@_once
def recovery() -> Recovery:
    """Return the use-case that recovers jobs."""
    from shoal.service.recovery import Recovery

    a = adapters()
    return Recovery(a.jobs, a.chunks, a.queue, a.workflow, _completion(), a.clock)


@_once
def sweep() -> Sweep:
    """Return the use-case that sweeps the watch list."""
    from shoal.service.sweep import Sweep

    a = adapters()
    return Sweep(a.jobs, recovery(), a.sweeps, a.clock, a.sleep, a.metrics)


@_once
def dead_letters() -> DeadLetterTracker:
    """Return the use-case that records dead letters."""
    from shoal.service.dead_letters import DeadLetterTracker

    a = adapters()
    return DeadLetterTracker(a.dead_letters, a.jobs, a.chunks, a.metrics, a.clock)


@_once
def exports() -> Exports:
    """Return the use-case that exports results."""
    from shoal.service.exports import Exports

    a = adapters()
    return Exports(
        a.jobs,
        result_queries(),
        a.export_runs,
        a.export_slots,
        a.export_files,
        a.clock,
        a.entropy,
    )


@_once
def webhooks() -> Webhooks:
    """Return the use-case that manages webhooks."""
    from shoal.service.webhooks import Webhooks

    a = adapters()
    return Webhooks(a.webhooks, a.delivery_queue, a.clock, a.entropy, a.local_webhooks)


@_once
def webhook_delivery() -> WebhookDispatcher:
    """Return the use-case that delivers events to webhooks."""
    from shoal.service.webhook_delivery import WebhookDispatcher

    a = adapters()
    return WebhookDispatcher(
        a.webhooks, a.delivery_queue, a.webhook_poster, audit_trail(), a.clock, a.local_webhooks
    )


@_once
def job_events() -> JobEventPublisher:
    """Return the use-case that publishes events."""
    from shoal.service.job_events import JobEventPublisher

    return JobEventPublisher(adapters().events)


def job_change(record: Mapping[str, Any]) -> tuple[Job | None, Job] | None:
    """Return the change of a job in a record of the jobs table's stream; None for other rows."""
    from shoal.adapters.rows.changes import job_change

    return job_change(record)


@_once
def live_tickets() -> LiveTickets:
    """Return the use-case that issues and verifies live tickets."""
    from shoal.service.live_tickets import LiveTickets

    a = adapters()
    return LiveTickets(a.ticket_keys, a.clock, a.entropy)


@_once
def live_subscriptions() -> LiveSubscriptions:
    """Return the use-case that manages live subscriptions."""
    from shoal.service.live_subscriptions import LiveSubscriptions

    a = adapters()
    return LiveSubscriptions(a.live, a.jobs, a.clock)


@_once
def live_deltas() -> LiveDeltaPublisher:
    """Return the use-case that sends live deltas."""
    from shoal.service.live_deltas import LiveDeltaPublisher

    a = adapters()
    return LiveDeltaPublisher(a.live, a.jobs, job_queries(), a.connections, a.clock, a.sleep)


def changed_job(record: Mapping[str, Any]) -> str:
    """Return the id of the job to which a record of the jobs table's stream belongs."""
    from shoal.adapters.rows.changes import changed_job

    return changed_job(record)


@_once
def _completion() -> Completion:
    from shoal.service.completion import Completion

    a = adapters()
    return Completion(a.jobs, _flow_control(), a.workflow, a.clock, a.metrics)


@_once
def _flow_control() -> FlowControl:
    from shoal.service.flow_control import FlowControl

    a = adapters()
    return FlowControl(a.jobs, a.chunks, a.windows, a.queue)
