from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from shoal.adapters.memory.jobs import MemoryJobStore
from shoal.domain.chunk import Span
from shoal.domain.counts import Counts
from shoal.domain.errors import Unavailable
from shoal.domain.job import Job, JobStatus, Lines
from shoal.service.inputs import Inputs
from tests.unit.service.shop import TENANT, Shop


def uploaded(shop: Shop, *lines: str) -> None:
    """Upload lines and submit them."""
    uri = shop.submission.upload(TENANT).uri
    key = shop.blobs.key_of(uri)
    assert key is not None
    shop.blobs.put(key, "".join(f"{line}\n" for line in lines).encode())
    shop.submit(inputs_uri=uri, task_type="sized", chunk_size=2)


def test_a_plan_cuts_the_job_once(shop: Shop) -> None:
    shop.submit(1_001, chunk_size=2)

    ranges = shop.planning.plan(shop.id, 1, 1)

    assert ranges == [(0, 500), (500, 1)]
    assert shop.job.chunks == 501
    assert shop.planning.plan(shop.id, 1, 1) == ranges


def test_creating_and_sending_again_gives_the_same(shop: Shop) -> None:
    shop.submit(7, chunk_size=3)
    shop.planning.plan(shop.id, 1, 1)

    for _ in range(2):
        shop.planning.create(shop.id, 1, 0, 3)
    before = shop.rows()
    shop.planning.enqueue(shop.id, 1, 0, 3)

    assert [row.size for row in before] == [3, 3, 1]
    assert [row.first for row in before] == [0, 3, 6]
    assert shop.sent() == [0, 1, 2]


def test_creating_again_leaves_a_leased_row_alone(shop: Shop) -> None:
    shop.start()
    lease = shop.granted()

    shop.planning.create(shop.id, 1, 0, 1)

    assert shop.row() == lease.chunk


def test_a_successor_has_nothing_to_create(shop: Shop) -> None:
    shop.start(3)

    assert shop.planning.plan(shop.id, 1, 2) == []
    assert shop.job.executions == 2


def test_an_execution_that_died_before_all_was_sent_is_followed_by_one_that_sends(
    shop: Shop,
) -> None:
    shop.submit(3)
    shop.planning.plan(shop.id, 1, 1)

    assert shop.planning.plan(shop.id, 1, 2) == [(0, 3)]


@pytest.mark.parametrize("generation", [0, 2])
def test_an_execution_of_another_generation_does_nothing(shop: Shop, generation: int) -> None:
    shop.submit(3)

    assert shop.planning.plan(shop.id, generation, 1) == []
    shop.planning.create(shop.id, generation, 0, 3)
    shop.planning.enqueue(shop.id, generation, 0, 3)

    assert shop.rows() == []
    assert shop.sent() == []


def test_uploaded_lines_become_the_spans_of_chunks(shop: Shop) -> None:
    uploaded(shop, '{"size":1}', '{"size": 22}', '{"size":3}')

    shop.begin()

    assert [row.span for row in shop.rows()] == [Span(0, 24), Span(24, 11)]
    assert shop.granted(1).own == [{"size": 3}]
    assert shop.job.task_count == 3


def test_bad_lines_end_the_job_with_the_first_twenty_named_and_no_task_made(shop: Shop) -> None:
    lines = ['{"size":1}', "not json", "[]", *['{"size":"x"}'] * 30]
    uploaded(shop, *lines)

    assert shop.planning.plan(shop.id, 1, 1) == []

    job = shop.job
    assert job.status is JobStatus.FAILED
    assert job.reason is not None
    named = [part.partition(":")[0] for part in job.reason.removeprefix("bad inputs: ").split("; ")]
    assert named == [*(f"line {n}" for n in range(2, 22)), "and more"]
    assert not job.planned
    assert shop.chunks.snapshot()["_chunks"] == {}
    assert shop.monitor().decision == "failed"


def test_inputs_without_a_line_end_the_job(shop: Shop) -> None:
    uploaded(shop, '{"size":1}')
    assert isinstance(shop.job.spec.source, Lines)
    shop.blobs.put(shop.job.spec.source.key, b"")

    shop.planning.plan(shop.id, 1, 1)

    assert (shop.job.status, shop.job.reason) == (JobStatus.FAILED, "the inputs have no line")


def test_a_retry_resets_only_what_did_not_complete(shop: Shop) -> None:
    shop.start(4, chunk_size=2)
    shop.drain(lambda task: task == 3)
    first, second = shop.rows()

    shop.job_control.retry(TENANT, shop.id)
    shop.begin()

    assert [row.statuses for row in shop.rows()] == ["CC", "CP"]
    assert [row.attempts for row in shop.rows()] == [(1, 1), (1, 0)]
    assert [row.generation for row in shop.rows()] == [2, 2]
    assert (shop.row(0).epoch, shop.row(1).epoch) == (first.epoch + 1, second.epoch + 1)
    assert shop.queue.take() != []
    lease = shop.granted(1)
    assert [lease.chunk.first + offset for offset in lease.offsets] == [3]
    assert shop.report(lease) == "accepted"
    assert shop.job.status is JobStatus.COMPLETED
    assert shop.job.counts == Counts(completed=4) == shop.counted()
    assert shop.job.outcomes == {1: JobStatus.FAILED, 2: JobStatus.COMPLETED}


def test_what_is_finished_is_not_sent_again_after_a_retry(shop: Shop) -> None:
    shop.start(4, chunk_size=2)
    shop.drain(lambda task: task == 3)

    shop.job_control.retry(TENANT, shop.id)
    shop.begin()

    assert shop.sent() == [1]


def test_inputs_are_read_in_the_answer_as_they_were_given(shop: Shop) -> None:
    uploaded(shop, json.dumps({"size": 7, "text": "a\u2028b"}))

    shop.begin()

    assert shop.granted().own == [{"size": 7, "text": "a\u2028b"}]


class Interrupted(MemoryJobStore):
    """Something else happens before the first write of a job."""

    def __init__(self, store: MemoryJobStore, meanwhile: Callable[[], object]) -> None:
        super().__init__()
        self.restore(store.snapshot())
        self._meanwhile = [meanwhile]

    def put(self, job: Job) -> None:
        if self._meanwhile:
            self._meanwhile.pop()()
        super().put(job)


def test_two_plans_at_once_agree_on_where_the_lines_are(shop: Shop) -> None:
    lines = [{"size": n} for n in range(3_000)]
    shop.submit(inputs=lines, task_type="sized", chunk_size="auto")

    def die() -> None:
        raise Unavailable("the function was stopped")

    def another_begins_and_dies() -> None:
        shop.types.measured("sized", 1.5)
        with suppress(Unavailable):
            replace(shop.planning, jobs=Interrupted(shop.jobs, die)).plan(shop.id, 1, 1)

    jobs = Interrupted(shop.jobs, another_begins_and_dies)
    planning = replace(shop.planning, jobs=jobs)
    for first, count in planning.plan(shop.id, 1, 1):
        planning.create(shop.id, 1, first, count)

    job = jobs.get(shop.id)
    assert job is not None
    last = shop.chunks.get_many(shop.id, range(job.chunks))[-1]
    assert Inputs(shop.blobs).own(job, last, range(last.size)) == lines[last.first :]
