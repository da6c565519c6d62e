"""Tests of functions that continue after the job has reached a later generation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from shoal.adapters.memory.chunks import MemoryChunkStore
from shoal.domain.chunk import Chunk
from shoal.domain.counts import Counts
from shoal.domain.errors import IllegalMove
from shoal.domain.job import JobStatus
from shoal.domain.tally import Entry, address
from tests.unit.service.service_harness import TENANT, ServiceHarness


def do_nothing() -> None:
    """Do nothing."""


class StallingChunkStore(MemoryChunkStore):
    """Chunks whose next read is followed by something that happens elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], None] = do_nothing

    def get_many(self, job_id: str, numbers: Sequence[int]) -> list[Chunk]:
        rows = super().get_many(job_id, numbers)
        meanwhile, self.meanwhile = self.meanwhile, do_nothing
        meanwhile()
        return rows


@pytest.fixture
def chunks() -> StallingChunkStore:
    return StallingChunkStore()


@pytest.fixture
def harness(chunks: StallingChunkStore) -> ServiceHarness:
    return ServiceHarness(chunks)


def fail_all(harness: ServiceHarness) -> None:
    harness.drain(fails=lambda _: True)
    assert harness.job.status is JobStatus.FAILED


def begin_generation(harness: ServiceHarness) -> None:
    harness.job_control.retry(TENANT, harness.id)
    harness.begin()


def test_a_late_reset_leaves_the_rows_of_a_later_generation(
    harness: ServiceHarness, chunks: StallingChunkStore
) -> None:
    harness.start(2)
    fail_all(harness)
    harness.job_control.retry(TENANT, harness.id)

    def reach_generation_3() -> None:
        harness.begin()
        fail_all(harness)
        begin_generation(harness)

    chunks.meanwhile = reach_generation_3
    harness.planning.create(harness.id, 2, 0, 2)

    tallies = {tally.number: tally.entries for tally in harness.jobs.tallies(harness.id, range(1))}
    assert [row.generation for row in harness.rows()] == [3, 3]
    for row in harness.rows():
        number, slot = address(row.number, harness.job.chunks)
        assert tallies[number][slot] == Entry.of(row)
    harness.drain()
    assert harness.job.counts == Counts(completed=2)


def test_a_late_seal_cancels_no_task_of_a_later_generation(
    harness: ServiceHarness, chunks: StallingChunkStore
) -> None:
    harness.start(2, max_failed=0)
    harness.report(harness.granted(0), failed=[0])
    harness.granted(1)

    def run_in_generation_2() -> None:
        harness.monitor()
        assert harness.job.status is JobStatus.FAILED
        begin_generation(harness)
        harness.granted(1)

    chunks.meanwhile = run_in_generation_2
    harness.monitor()

    assert (harness.row(1).generation, harness.row(1).statuses) == (2, "R")
    harness.drain()
    harness.clock.advance(61.0)
    harness.report(harness.granted(1))
    assert harness.job.status is JobStatus.COMPLETED


def test_a_seal_also_ends_tasks_that_an_earlier_generation_left_running(
    harness: ServiceHarness,
) -> None:
    harness.start(2, max_failed=0)
    lease = harness.granted(1)
    harness.report(harness.granted(0), failed=[0])
    harness.termination.fail(harness.id, 1, "stopped")
    assert harness.report(lease) == "cancelled"

    assert harness.row(1).statuses == "X"


@pytest.mark.parametrize("generation", [1, 2])
def test_a_reset_to_a_generation_that_the_row_reached_is_refused(generation: int) -> None:
    chunk = Chunk.new("job", 0, first=0, size=1, now=1.0, generation=2)

    with pytest.raises(IllegalMove, match="reached 2"):
        chunk.reset(generation, 2.0)
