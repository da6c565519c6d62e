from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from unittest.mock import patch

import pytest

from shoal.adapters.memory.jobs import MemoryJobStore
from shoal.domain.chunk import Span
from shoal.domain.counts import Counts
from shoal.domain.errors import Unavailable
from shoal.domain.job import Job, JobStatus, Lines
from shoal.service.inputs import Inputs
from tests.unit.service.service_harness import TENANT, ServiceHarness


def uploaded(harness: ServiceHarness, *lines: str) -> None:
    """Upload lines and submit them."""
    uri = harness.submission.upload(TENANT).uri
    key = harness.blobs.key_of(uri)
    assert key is not None
    harness.blobs.put(key, "".join(f"{line}\n" for line in lines).encode())
    harness.submit(inputs_uri=uri, task_type="sized", chunk_size=2)


def test_a_plan_cuts_the_job_once(harness: ServiceHarness) -> None:
    harness.submit(1_001, chunk_size=2)

    ranges = harness.planning.plan(harness.id, 1, 1)

    assert ranges == [(0, 500), (500, 1)]
    assert harness.job.chunks == 501
    assert harness.planning.plan(harness.id, 1, 1) == ranges


def test_repeated_creating_and_enqueuing_gives_the_same_result(harness: ServiceHarness) -> None:
    harness.submit(7, chunk_size=3)
    harness.planning.plan(harness.id, 1, 1)

    for _ in range(2):
        harness.planning.create(harness.id, 1, 0, 3)
    before = harness.rows()
    harness.planning.enqueue(harness.id, 1, 0, 3)

    assert [row.size for row in before] == [3, 3, 1]
    assert [row.first for row in before] == [0, 3, 6]
    assert harness.sent() == [0, 1, 2]


def test_repeated_creating_does_not_change_a_leased_row(harness: ServiceHarness) -> None:
    harness.start()
    lease = harness.granted()

    harness.planning.create(harness.id, 1, 0, 1)

    assert harness.row() == lease.chunk


def test_a_successor_has_nothing_to_create(harness: ServiceHarness) -> None:
    harness.start(3)

    assert harness.planning.plan(harness.id, 1, 2) == []
    assert harness.job.executions == 2


def test_the_next_execution_sends_the_messages_that_a_dead_one_did_not(
    harness: ServiceHarness,
) -> None:
    harness.submit(3)
    harness.planning.plan(harness.id, 1, 1)

    assert harness.planning.plan(harness.id, 1, 2) == [(0, 3)]


@pytest.mark.parametrize("generation", [0, 2])
def test_an_execution_of_another_generation_does_nothing(
    harness: ServiceHarness, generation: int
) -> None:
    harness.submit(3)

    assert harness.planning.plan(harness.id, generation, 1) == []
    harness.planning.create(harness.id, generation, 0, 3)
    harness.planning.enqueue(harness.id, generation, 0, 3)

    assert harness.rows() == []
    assert harness.sent() == []


def test_uploaded_lines_become_the_spans_of_chunks(harness: ServiceHarness) -> None:
    uploaded(harness, '{"size":1}', '{"size": 22}', '{"size":3}')

    harness.begin()

    assert [row.span for row in harness.rows()] == [Span(0, 24), Span(24, 11)]
    assert harness.granted(1).inputs == [{"size": 3}]
    assert harness.job.task_count == 3


def test_bad_lines_fail_the_job_with_the_first_twenty_and_create_no_task(
    harness: ServiceHarness,
) -> None:
    lines = ['{"size":1}', "not json", "[]", *['{"size":"x"}'] * 30]
    uploaded(harness, *lines)

    assert harness.planning.plan(harness.id, 1, 1) == []

    job = harness.job
    assert job.status is JobStatus.FAILED
    assert job.reason is not None
    named = [part.partition(":")[0] for part in job.reason.removeprefix("bad inputs: ").split("; ")]
    assert named == [*(f"line {n}" for n in range(2, 22)), "and more"]
    assert not job.planned
    assert harness.chunks.snapshot()["_chunks"] == {}
    assert harness.monitor().decision == "failed"


def test_empty_inputs_fail_the_job(harness: ServiceHarness) -> None:
    uploaded(harness, '{"size":1}')
    assert isinstance(harness.job.spec.source, Lines)
    harness.blobs.put(harness.job.spec.source.key, b"")

    harness.planning.plan(harness.id, 1, 1)

    assert (harness.job.status, harness.job.reason) == (JobStatus.FAILED, "the inputs are empty")


def test_a_retry_resets_only_tasks_that_did_not_complete(harness: ServiceHarness) -> None:
    harness.start(4, chunk_size=2)
    harness.drain(lambda task: task == 3)
    first, second = harness.rows()

    harness.job_control.retry(TENANT, harness.id)
    harness.begin()

    assert [row.statuses for row in harness.rows()] == ["CC", "CP"]
    assert [row.attempts for row in harness.rows()] == [(1, 1), (1, 0)]
    assert [row.generation for row in harness.rows()] == [2, 2]
    assert (harness.row(0).epoch, harness.row(1).epoch) == (first.epoch + 1, second.epoch + 1)
    assert harness.queue.take() != []
    lease = harness.granted(1)
    assert [lease.chunk.first + offset for offset in lease.offsets] == [3]
    assert harness.report(lease) == "accepted"
    assert harness.job.status is JobStatus.COMPLETED
    assert harness.job.counts == Counts(completed=4) == harness.counted()
    assert harness.job.outcomes == {1: JobStatus.FAILED, 2: JobStatus.COMPLETED}


def test_finished_chunks_are_not_resent_after_a_retry(harness: ServiceHarness) -> None:
    harness.start(4, chunk_size=2)
    harness.drain(lambda task: task == 3)

    harness.job_control.retry(TENANT, harness.id)
    harness.begin()

    assert harness.sent() == [1]


def test_a_lease_response_contains_the_submitted_inputs(harness: ServiceHarness) -> None:
    uploaded(harness, json.dumps({"size": 7, "text": "a\u2028b"}))

    harness.begin()

    assert harness.granted().inputs == [{"size": 7, "text": "a\u2028b"}]


class Interrupted(MemoryJobStore):
    """A job store that runs an action before the first write of a job."""

    def __init__(self, store: MemoryJobStore, meanwhile: Callable[[], object]) -> None:
        super().__init__()
        self.restore(store.snapshot())
        self._meanwhile = [meanwhile]

    def put(self, job: Job) -> None:
        if self._meanwhile:
            self._meanwhile.pop()()
        super().put(job)


def test_concurrent_plans_agree_on_the_offsets_of_the_lines(harness: ServiceHarness) -> None:
    lines = [{"size": n} for n in range(3_000)]
    harness.submit(inputs=lines, task_type="sized", chunk_size="auto")

    def die() -> None:
        raise Unavailable("the function was stopped")

    def another_begins_and_dies() -> None:
        harness.types.record_duration("sized", 1.5)
        with suppress(Unavailable):
            replace(harness.planning, jobs=Interrupted(harness.jobs, die)).plan(harness.id, 1, 1)

    jobs = Interrupted(harness.jobs, another_begins_and_dies)
    planning = replace(harness.planning, jobs=jobs)
    for first, count in planning.plan(harness.id, 1, 1):
        planning.create(harness.id, 1, first, count)

    job = jobs.get(harness.id)
    assert job is not None
    last = harness.chunks.get_many(harness.id, range(job.chunks))[-1]
    assert Inputs(harness.blobs).own_inputs(job, last, range(last.size)) == lines[last.first :]


def test_chunks_of_a_paused_job_are_enqueued_by_its_resume(harness: ServiceHarness) -> None:
    harness.submit(2)
    harness.job_control.pause(TENANT, harness.id)

    harness.begin()
    assert harness.sent() == []

    harness.job_control.resume(TENANT, harness.id)
    harness.monitor()
    assert harness.sent() == [0, 1]


def test_a_job_that_is_planned_while_it_closes_counts_all_its_tasks(
    harness: ServiceHarness,
) -> None:
    uploaded(harness, '{"size": 1}', '{"size": 2}', '{"size": 3}')
    harness.job_control.cancel(TENANT, harness.id)
    read = harness.job
    planned = replace(read, task_count=3, chunk_size=2, spec=read.spec, version=read.version + 1)
    harness.jobs.put(planned)

    harness.termination.seal(read)

    assert harness.job.status is JobStatus.CANCELLED
    assert harness.job.counts == Counts(cancelled=3)


def test_a_plan_that_is_late_does_not_change_a_closed_job(harness: ServiceHarness) -> None:
    uploaded(harness, '{"size": 1}', '{"size": 2}')
    lines = harness.blobs.lines

    def cancelled_meanwhile(key: str) -> Iterator[bytes]:
        harness.job_control.cancel(TENANT, harness.id)
        harness.termination.seal(harness.job)
        return lines(key)

    with patch.object(harness.blobs, "lines", cancelled_meanwhile):
        ranges = harness.planning.plan(harness.id, 1, 1)

    assert ranges == []
    assert harness.job.status is JobStatus.CANCELLED
    assert harness.job.task_count is None
