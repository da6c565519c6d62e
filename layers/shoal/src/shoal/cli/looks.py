"""How jobs, tasks and task types look in a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from shoal.cli.exits import OF_STATUS, Exit
from shoal.cli.output import Column

if TYPE_CHECKING:
    from shoal.wire.jobs import JobBody, TaskBody, TaskTypeBody

_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400
_LONG: Final = 60


def span(seconds: float) -> str:
    """`90061.0` → `1d1h`; two units at most."""
    if seconds < _MINUTE:
        return f"{seconds:.1f}s" if seconds < 10 else f"{seconds:.0f}s"  # noqa: PLR2004
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE}m{whole % _MINUTE}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h{whole % _HOUR // _MINUTE}m"
    return f"{whole // _DAY}d{whole % _DAY // _HOUR}h"


def code_of(job: JobBody) -> Exit:
    """The exit code of a command that waited for it."""
    return OF_STATUS[job.status]


def standing(job: JobBody) -> str:
    """The status, with the flags beside it."""
    if job.ending is not None and job.ending != job.status:
        return f"{job.status}, ending {job.ending}"
    return f"{job.status}, paused" if job.paused else str(job.status)


def _age(job: JobBody) -> str:
    return span(max(0.0, (datetime.now(UTC) - _time(job.created_at)).total_seconds()))


def _took(job: JobBody) -> str:
    if job.started_at is None:
        return ""
    end = _time(job.finished_at) if job.finished_at else datetime.now(UTC)
    return span(max(0.0, (end - _time(job.started_at)).total_seconds()))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _done(job: JobBody) -> str:
    total = "?" if job.task_count is None else f"{job.task_count}"
    return f"{job.counts.completed}/{total}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONG else text[: _LONG - 1] + "…"


JOB: Final[list[Column[JobBody]]] = [
    Column("ID", lambda job: job.id),
    Column("NAME", lambda job: _cut(job.name)),
    Column("TYPE", lambda job: job.task_type),
    Column("STATUS", standing),
    Column("DONE", _done, right=True),
    Column("FAILED", lambda job: str(job.counts.failed), right=True),
    Column("RUNNING", lambda job: str(job.counts.running), wide=True, right=True),
    Column("RETRYING", lambda job: str(job.counts.retrying), wide=True, right=True),
    Column("AGE", _age, right=True),
    Column("TOOK", _took, wide=True, right=True),
    Column("PRIORITY", lambda job: str(job.priority), wide=True),
    Column("TAGS", lambda job: _cut(",".join(f"{k}={v}" for k, v in job.tags.items())), wide=True),
]

JOB_FACTS: Final[list[Column[JobBody]]] = [
    Column("id", lambda job: job.id),
    Column("name", lambda job: job.name),
    Column("type", lambda job: job.task_type),
    Column("status", standing),
    Column("reason", lambda job: job.reason or ""),
    Column("tasks", lambda job: "not planned" if job.task_count is None else f"{job.task_count}"),
    Column("completed", lambda job: str(job.counts.completed)),
    Column("failed", lambda job: str(job.counts.failed)),
    Column("running", lambda job: str(job.counts.running)),
    Column("retrying", lambda job: str(job.counts.retrying)),
    Column("pending", lambda job: str(job.counts.pending)),
    Column("cancelled", lambda job: str(job.counts.cancelled)),
    Column("created", lambda job: job.created_at),
    Column("took", _took),
    Column("generation", lambda job: str(job.generation)),
    Column("priority", lambda job: str(job.priority)),
    Column("chunk size", lambda job: str(job.chunk_size or ""), wide=True),
    Column("attempts", lambda job: f"up to {job.retry.max_attempts}", wide=True),
    Column("deadline", lambda job: job.deadline or "", wide=True),
    Column("tags", lambda job: ", ".join(f"{k}={v}" for k, v in job.tags.items())),
]


def _error(task: TaskBody) -> str:
    return "" if task.error is None else _cut(f"{task.error.type}: {task.error.message}")


TASK: Final[list[Column[TaskBody]]] = [
    Column("INDEX", lambda task: str(task.index), right=True),
    Column("STATUS", lambda task: str(task.status)),
    Column("ATTEMPTS", lambda task: str(task.attempts), right=True),
    Column("TOOK", lambda task: "" if task.duration is None else span(task.duration), right=True),
    Column("WORKER", lambda task: task.worker or "", wide=True),
    Column("ERROR", _error),
]

TASK_FACTS: Final[list[Column[TaskBody]]] = [
    Column("id", lambda task: task.id),
    Column("status", lambda task: str(task.status)),
    Column("attempts", lambda task: str(task.attempts)),
    Column("worker", lambda task: task.worker or ""),
    Column("started", lambda task: task.started_at or ""),
    Column("took", lambda task: "" if task.duration is None else span(task.duration)),
    Column("input", lambda task: "" if task.input is None else str(dict(task.input))),
    Column("result", lambda task: "" if task.result is None else str(task.result)),
    Column(
        "error",
        lambda task: "" if task.error is None else f"{task.error.type}: {task.error.message}",
    ),
    Column("output", lambda task: "" if task.error is None else "\n" + task.error.tail.rstrip()),
]

TYPE: Final[list[Column[TaskTypeBody]]] = [
    Column("NAME", lambda each: each.name),
    Column("DESCRIPTION", lambda each: _cut(each.description.partition("\n")[0])),
    Column("TIMEOUT", lambda each: "" if each.timeout is None else span(each.timeout), right=True),
    Column("BATCH", lambda each: str(each.batch or ""), right=True),
    Column(
        "MEAN",
        lambda each: "" if each.mean_seconds is None else span(each.mean_seconds),
        right=True,
    ),
    Column("IMAGE", lambda each: each.image, wide=True),
    Column("DIGEST", lambda each: each.digest[:12], wide=True),
]
