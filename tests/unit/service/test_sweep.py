"""The sweep: failures, pages, the lock, and look-ups of executions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shoal.adapters.memory.jobs import MemoryJobStore
from shoal.adapters.memory.sweeps import MemorySweepStore
from shoal.adapters.memory.workflow import MemoryWorkflow
from shoal.domain.job import Job
from shoal.domain.sweep_state import SweepState
from shoal.ports.workflow import Execution, ExecutionStatus
from shoal.service import sweep as sweep_module
from shoal.service.recovery import ALIVE_SECONDS
from shoal.service.sweep import LOCK_SECONDS, RUN_SECONDS
from tests.unit.service.service_harness import ServiceHarness


class UnreadableJobs(MemoryJobStore):
    """A store that cannot read the rows of some jobs."""

    def __init__(self) -> None:
        super().__init__()
        self.unreadable: set[str] = set()

    def get(self, job_id: str) -> Job | None:
        if job_id in self.unreadable:
            raise KeyError(job_id)
        return super().get(job_id)


class CountedWorkflow(MemoryWorkflow):
    """Counts look-ups of executions."""

    def __init__(self, workflow: MemoryWorkflow) -> None:
        super().__init__()
        self.restore(workflow.snapshot())
        self.described: list[int] = []

    def describe(self, job_id: str, generation: int, number: int) -> Execution | None:
        self.described.append(number)
        return super().describe(job_id, generation, number)


@pytest.fixture
def jobs() -> UnreadableJobs:
    return UnreadableJobs()


@pytest.fixture
def harness(jobs: UnreadableJobs) -> ServiceHarness:
    return ServiceHarness(jobs=jobs)


def orphans(harness: ServiceHarness, count: int) -> list[str]:
    """Submit jobs whose executions were never started; return their ids in the list's order."""
    ids = sorted(harness.submit().id for _ in range(count))
    harness.workflow.restore({"_executions": {}})
    return ids


def started(harness: ServiceHarness, ids: list[str]) -> list[bool]:
    return [harness.workflow.describe(job_id, 1, 1) is not None for job_id in ids]


@pytest.mark.parametrize("unreadable", [0, 1, 2])
def test_job_that_cannot_be_recovered_does_not_stop_the_sweep(
    harness: ServiceHarness, jobs: UnreadableJobs, unreadable: int
) -> None:
    ids = orphans(harness, 3)
    jobs.unreadable = {ids[unreadable]}

    result = harness.sweep.run()

    assert result is not None
    assert (result.watched, [job_id for job_id, _ in result.failures]) == (3, [ids[unreadable]])
    assert started(harness, ids) == [place != unreadable for place in range(3)]
    assert harness.metrics.other == {"sweep_failures": 1}


def test_sweep_reads_the_whole_list_in_pages(
    harness: ServiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_module, "PAGE", 2)
    ids = orphans(harness, 5)

    result = harness.sweep.run()

    assert result is not None
    assert result.watched == 5
    assert all(started(harness, ids))


def test_run_that_is_out_of_time_is_continued_by_the_next_one(
    harness: ServiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_module, "PAGE", 2)
    monkeypatch.setattr(sweep_module, "LOOK_UPS_PER_SECOND", 2 / RUN_SECONDS)
    ids = orphans(harness, 5)

    runs = [harness.sweep.run() for _ in range(3)]

    assert [run and run.watched for run in runs] == [2, 2, 1]
    assert all(started(harness, ids))


def test_look_ups_of_executions_stay_below_their_quota(harness: ServiceHarness) -> None:
    orphans(harness, 50)
    began = harness.clock.now()

    harness.sweep.run()

    assert harness.clock.now() - began == pytest.approx(5.0)


def test_sweep_does_nothing_while_another_one_runs(harness: ServiceHarness) -> None:
    (job_id,) = orphans(harness, 1)
    other = harness.sweeps.get().begin(harness.clock.now(), LOCK_SECONDS)
    assert other is not None
    harness.sweeps.put(other)

    during = harness.sweep.run()
    harness.clock.advance(LOCK_SECONDS)
    after = harness.sweep.run()

    assert during is None
    assert after is not None
    assert started(harness, [job_id]) == [True]


def test_one_of_two_sweeps_that_begin_at_once_does_nothing(harness: ServiceHarness) -> None:
    class Raced(MemorySweepStore):
        """Another sweep begins after each read."""

        def get(self) -> SweepState:
            state = super().get()
            other = state.begin(harness.clock.now(), LOCK_SECONDS)
            assert other is not None
            self.put(other)
            return state

    assert replace(harness.sweep, states=Raced()).run() is None


def test_execution_that_waited_a_moment_ago_is_not_looked_up(harness: ServiceHarness) -> None:
    harness.start()
    harness.reconciliation.wait(harness.id, 1, "token")
    harness.workflow.restore({"_executions": {}})  # it died right after

    harness.sweep.run()
    soon = started(harness, [harness.id])
    harness.clock.advance(ALIVE_SECONDS)
    harness.sweep.run()

    assert (soon, started(harness, [harness.id])) == ([False], [True])


def test_running_execution_is_looked_up_once(harness: ServiceHarness) -> None:
    harness.start()
    counted = CountedWorkflow(harness.workflow)

    replace(harness.recovery, workflow=counted).recover(harness.id)

    assert counted.described == [1]


def test_closed_job_is_removed_although_its_execution_waited_a_moment_ago(
    harness: ServiceHarness,
) -> None:
    harness.start()
    harness.reconciliation.wait(harness.id, 1, "token")
    harness.drain()
    harness.end(1, ExecutionStatus.SUCCEEDED, "completed")

    harness.sweep.run()

    assert harness.jobs.watched == []
