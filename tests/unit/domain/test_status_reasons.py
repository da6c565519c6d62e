"""The table of reasons: each case a situation, the codes in their order, and the first sentence."""

from dataclasses import replace
from typing import Any

import pytest

from shoal.domain.canary import Canary
from shoal.domain.chunk import Chunk, CurrentTask, Lease
from shoal.domain.counts import Counts, TaskStatus
from shoal.domain.job import Job, JobStatus, Lines, Repeat, Spec
from shoal.domain.outcome import TaskError
from shoal.domain.retry import RetryPolicy
from shoal.domain.selection import Selection
from shoal.domain.why import (
    ExecutionFailure,
    Facts,
    MissingWorkers,
    PausedBy,
    ReasonCode,
    TaskFacts,
    why_job,
    why_task,
)

NOW = 1_800_000_000.0  # 2027-01-15T08:00:00Z
SPEC = Spec(task_type="cpu", source=Repeat(40), retry=RetryPolicy(3))
BOOM = TaskError("ValueError", "no such key\nsecond line", retryable=True)


def a_job(**changes: Any) -> Job:
    job = Job(
        id="job_1",
        tenant="t",
        spec=SPEC,
        fingerprint="",
        created_at=NOW - 60,
        status=JobStatus.RUNNING,
        task_count=40,
        chunk_size=4,
        enqueued_at=NOW - 50,
    )
    return replace(job, **changes)


def a_chunk(statuses: str = "PPPP", number: int = 0, **changes: Any) -> Chunk:
    chunk = Chunk.new("job_1", number, first=4 * number, size=len(statuses), now=NOW)
    attempts = tuple(int(letter != "P") for letter in statuses)
    return replace(chunk, statuses=statuses, attempts=attempts, **changes)


def leased(statuses: str = "RRRR", *, until: float = NOW + 60, **changes: Any) -> Chunk:
    return a_chunk(statuses, lease=Lease("w-1", "r", until), **changes)


def facts(job: Job | None = None, counts: Counts | None = None, **changes: Any) -> Facts:
    return Facts(job=job or a_job(), counts=counts or Counts(pending=40), now=NOW, **changes)


def with_spec(**changes: Any) -> Job:
    return a_job(spec=replace(SPEC, **changes))


UNPLANNED: dict[str, Any] = {"chunk_size": None, "enqueued_at": None, "status": JobStatus.PENDING}
ENDED: dict[str, Any] = {"finished_at": NOW - 3_600}

CANARY = Canary(
    share=0.1, bar=0.75, chosen=Selection(), tried=4, more=True, completed=0, generation=1
)

CANARY_RUNS = (
    "A canary of 4 tasks runs first; the other failed tasks are retried once at least 0.75 of "
    "it has succeeded."
)

JOBS: list[tuple[str, Facts, list[str], str]] = [
    (
        "a canary that runs first",
        facts(a_job(canary=CANARY)),
        ["canary"],
        CANARY_RUNS,
    ),
    (
        "a completed job",
        facts(a_job(status=JobStatus.COMPLETED, **ENDED)),
        ["completed"],
        "The job ended COMPLETED at 2027-01-15T07:00:00Z.",
    ),
    (
        "a failed job has a reason",
        facts(a_job(status=JobStatus.FAILED, reason="3 of 40 tasks failed", **ENDED)),
        ["failed"],
        "The job ended FAILED at 2027-01-15T07:00:00Z: 3 of 40 tasks failed.",
    ),
    (
        "a cancelled job",
        facts(a_job(status=JobStatus.CANCELLED, reason="cancelled by a user", **ENDED)),
        ["cancelled"],
        "The job ended CANCELLED at 2027-01-15T07:00:00Z: cancelled by a user.",
    ),
    (
        "inputs that were refused",
        facts(
            replace(
                with_spec(source=Lines("k")),
                **UNPLANNED | ENDED | {"status": JobStatus.FAILED, "reason": "line 3: no size"},
            )
        ),
        ["inputs_refused"],
        (
            "The job ended FAILED at 2027-01-15T07:00:00Z before any task was created: "
            "line 3: no size."
        ),
    ),
    (
        "a cancel under way, whatever else holds",
        facts(
            a_job(ending=JobStatus.CANCELLED, reason="cancelled by a user", paused=True),
            Counts(pending=30, running=10),
            type_known=False,
        ),
        ["ending"],
        "The job is ending as CANCELLED because cancelled by a user; tasks still running: 10.",
    ),
    (
        "paused with work in flight",
        facts(a_job(paused=True), Counts(pending=36, running=4), seen=[leased()], backlog=3),
        ["paused", "running"],
        "The job is paused and finishes the tasks in flight (4 tasks); resume it to continue.",
    ),
    (
        "paused and drained",
        facts(a_job(paused=True), backlog=3),
        ["paused"],
        "The job is paused and drained; resume it to continue.",
    ),
    (
        "its execution died",
        facts(execution_failure=ExecutionFailure("FAILED", "States.Runtime", NOW - 60), backlog=10),
        ["execution_failed", "queued"],
        (
            "The job's execution ended FAILED at 2027-01-15T07:59:00Z with States.Runtime; "
            "another one will be started."
        ),
    ),
    (
        "its execution died without a cause or a time",
        facts(execution_failure=ExecutionFailure("TIMED_OUT", None, None)),
        ["execution_failed"],
        "The job's execution ended TIMED_OUT; another one will be started.",
    ),
    (
        "nobody offers its type",
        facts(type_known=False),
        ["no_worker_for_type"],
        "No worker has registered the task type cpu; start a worker that offers it.",
    ),
    (
        "all workers that offered its type have left",
        facts(missing_workers=MissingWorkers(3, 0, NOW - 60), backlog=10),
        ["no_worker_for_type", "queued"],
        (
            "All workers that offered the task type cpu have left (3), the last at "
            "2027-01-15T07:59:00Z; start a worker that offers it."
        ),
    ),
    (
        "workers that offered its type are silent",
        facts(missing_workers=MissingWorkers(2, 1, NOW - 60)),
        ["no_worker_for_type"],
        (
            "Workers are silent since 2027-01-15T07:59:00Z: of those that offered the task type "
            "cpu, 1 are silent and 2 left; start a worker that offers it."
        ),
    ),
    (
        "paused by a user",
        facts(a_job(paused=True), paused_by=PausedBy("ann", NOW - 60)),
        ["paused"],
        ("The job is paused by ann since 2027-01-15T07:59:00Z and drained; resume it to continue."),
    ),
    (
        "being planned",
        facts(a_job(**UNPLANNED)),
        ["planning"],
        "The job is being planned; its tasks do not exist yet.",
    ),
    (
        "paused before it was planned",
        facts(a_job(paused=True, **UNPLANNED)),
        ["paused", "planning"],
        "The job is paused and drained; resume it to continue.",
    ),
    (
        "being enqueued",
        facts(a_job(enqueued_at=None, status=JobStatus.PENDING)),
        ["enqueuing"],
        "The tasks are being created and sent to the queue.",
    ),
    (
        "a worker went silent",
        facts(counts=Counts(pending=36, running=4), seen=[leased(until=NOW - 30)], backlog=9),
        ["worker_silent", "queued"],
        (
            "Worker w-1 has not answered: its lease of chunk 0 ended at 2027-01-15T07:59:30Z; "
            "the next free worker takes it over."
        ),
    ),
    (
        "workers died while they ran a task",
        facts(counts=Counts(running=4, pending=36), seen=[leased(crashes=2, crashed=1)]),
        ["isolated", "running"],
        (
            "Workers died while they ran task 1, 2 times in a row, so the tasks of chunk 0 run one "
            "by one, each in a separate process."
        ),
    ),
    (
        "a lease lapsed without an acknowledgement",
        facts(counts=Counts(running=4, pending=36), seen=[leased(lapses=1)]),
        ["isolated", "running"],
        (
            "The last lease of chunk 0 lapsed, so its tasks run one by one, each in a separate "
            "process."
        ),
    ),
    (
        "leases of a chunk were not acknowledged",
        facts(
            counts=Counts(running=4, pending=36),
            seen=[leased(until=NOW - 1, lapses=1, pause=60.0)],
        ),
        ["unacknowledged", "isolated"],
        (
            "Chunk 0 was leased 2 times in a row, and no worker acknowledged it: the answers did "
            "not arrive, or the workers died before they started a task. It is leased again at "
            "2027-01-15T08:00:59Z or later."
        ),
    ),
    (
        "failed tasks wait for another attempt",
        facts(
            counts=Counts(retrying=2, completed=38),
            seen=[a_chunk("TCCC", not_before=NOW + 90), a_chunk("TCCC", 1, not_before=NOW + 60)],
        ),
        ["retry_at"],
        ("Failed tasks that wait for another attempt: 2; the next is due at 2027-01-15T08:01:00Z."),
    ),
    (
        "its window is full",
        facts(
            with_spec(max_parallelism=2),
            Counts(running=8, pending=32),
            seen=[leased(), leased(number=1)],
            sent=2,
            backlog=0,
        ),
        ["window_full", "queued", "running"],
        (
            "The job's max_parallelism is reached: 2 of 2 chunks are out, and each that ends "
            "sends one of the 8 waiting chunks."
        ),
    ),
    (
        "behind others in the queue",
        facts(backlog=1_210),
        ["queued"],
        (
            "Its tasks wait for a free worker, behind about 1,200 chunks of other jobs with the "
            "same or a higher priority (an estimate from the queue's depth)."
        ),
    ),
    (
        "it is next in the queue",
        facts(backlog=10),
        ["queued"],
        (
            "Its tasks wait for a free worker; no chunk of another job with the same or a higher "
            "priority is ahead of them (an estimate from the queue's depth)."
        ),
    ),
    (
        "it runs",
        facts(counts=Counts(running=4, completed=36), seen=[leased()]),
        ["running"],
        "Running 4 tasks on 1 worker.",
    ),
    (
        "it runs and its deadline is near",
        facts(
            with_spec(deadline=NOW + 600),
            Counts(running=4, completed=36),
            seen=[leased()],
        ),
        ["running", "deadline_near"],
        "Running 4 tasks on 1 worker.",
    ),
    (
        "nothing else is known",
        facts(counts=Counts(running=4)),
        ["settling"],
        "The job is between two steps; nothing blocks it.",
    ),
]

IN_HAND: dict[str, Any] = {"current_task": CurrentTask(1, None)}
TASKS: list[tuple[str, Facts, TaskFacts, list[str], str]] = [
    (
        "a task that failed",
        facts(),
        TaskFacts(chunk=a_chunk("FPPP"), offset=0, status=TaskStatus.FAILED, error=BOOM),
        ["failed"],
        "The task failed after 1 attempt: ValueError: no such key.",
    ),
    (
        "a task that completed",
        facts(),
        TaskFacts(chunk=a_chunk("CPPP"), offset=0, status=TaskStatus.COMPLETED),
        ["completed"],
        "The task completed in attempt 1.",
    ),
    (
        "a task of a cancelled job",
        facts(a_job(status=JobStatus.CANCELLED, reason="cancelled by a user", **ENDED)),
        TaskFacts(chunk=a_chunk(), offset=0, status=TaskStatus.CANCELLED),
        ["cancelled"],
        "The task had not ended when its job became CANCELLED: cancelled by a user.",
    ),
    (
        "a task that is not made",
        facts(a_job(enqueued_at=None)),
        TaskFacts(chunk=None, offset=0, status=TaskStatus.PENDING),
        ["enqueuing"],
        "The tasks are being created and sent to the queue.",
    ),
    (
        "the current task runs",
        facts(a_job(paused=True)),
        TaskFacts(chunk=leased(**IN_HAND), offset=1, status=TaskStatus.RUNNING),
        ["running"],
        "The task runs on worker w-1.",
    ),
    (
        "a task after the current one",
        facts(),
        TaskFacts(chunk=leased(**IN_HAND), offset=2, status=TaskStatus.RUNNING),
        ["held"],
        (
            "Its chunk is leased by worker w-1 until 2027-01-15T08:01:00Z, which is running "
            "task 1; tasks of a chunk run one after the other."
        ),
    ),
    (
        "the leases of its chunk were not acknowledged",
        facts(backlog=0),
        TaskFacts(
            chunk=leased(until=NOW - 1, lapses=2, pause=120.0),
            offset=0,
            status=TaskStatus.RUNNING,
        ),
        ["unacknowledged", "isolated"],
        (
            "Chunk 0 was leased 3 times in a row, and no worker acknowledged it: the answers did "
            "not arrive, or the workers died before they started a task. It is leased again at "
            "2027-01-15T08:01:59Z or later."
        ),
    ),
    (
        "its worker went silent",
        facts(backlog=0),
        TaskFacts(chunk=leased(until=NOW - 1), offset=0, status=TaskStatus.RUNNING),
        ["worker_silent", "queued"],
        (
            "Worker w-1 has not answered: its lease of chunk 0 ended at 2027-01-15T07:59:59Z; "
            "the next free worker takes it over."
        ),
    ),
    (
        "its next attempt is due later",
        facts(backlog=5),
        TaskFacts(
            chunk=a_chunk("TCCC", not_before=NOW + 60),
            offset=0,
            status=TaskStatus.RETRYING,
            error=BOOM,
        ),
        ["retry_at"],
        (
            "Attempt 2 of 3 begins at 2027-01-15T08:01:00Z or later because attempt 1 failed: "
            "ValueError: no such key."
        ),
    ),
    (
        "a task whose chunk is outside the window",
        facts(with_spec(max_parallelism=2), sent=2, backlog=5),
        TaskFacts(chunk=a_chunk(number=7), offset=0, status=TaskStatus.PENDING),
        ["window_full"],
        (
            "The job's max_parallelism is reached: 2 of 2 chunks are out, and each that ends "
            "sends one of the 8 waiting chunks."
        ),
    ),
    (
        "a task of a paused job",
        facts(a_job(paused=True), backlog=5),
        TaskFacts(chunk=a_chunk(), offset=0, status=TaskStatus.PENDING),
        ["paused"],
        "The job is paused and drained; resume it to continue.",
    ),
]


@pytest.mark.parametrize(
    ("given", "codes", "sentence"), [case[1:] for case in JOBS], ids=[case[0] for case in JOBS]
)
def test_why_a_job(given: Facts, codes: list[str], sentence: str) -> None:
    reasons = why_job(given)

    assert [reason.code for reason in reasons] == codes
    assert reasons[0].sentence == sentence


@pytest.mark.parametrize(
    ("given", "task", "codes", "sentence"),
    [case[1:] for case in TASKS],
    ids=[case[0] for case in TASKS],
)
def test_why_a_task(given: Facts, task: TaskFacts, codes: list[str], sentence: str) -> None:
    reasons = why_task(given, task)

    assert [reason.code for reason in reasons] == codes
    assert reasons[0].sentence == sentence


def test_every_code_has_a_case() -> None:
    shown = {code for case in JOBS for code in case[2]} | {c for case in TASKS for c in case[3]}

    assert shown == {*ReasonCode}


def test_reasons_come_in_the_order_of_the_codes() -> None:
    order = [*ReasonCode]

    for case in JOBS:
        places = [order.index(reason.code) for reason in why_job(case[1])]
        assert places == sorted(places)
