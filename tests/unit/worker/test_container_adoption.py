"""Container tasks that another worker has started or starts concurrently."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import cast

import pytest

from tasks import container_run
from tasks.container import ContainerResult
from tests.unit.worker.container_attempts import (
    Attempt,
    each_poll,
    no_change,
    outcome_of,
)
from tests.unit.worker.fake_kubernetes import DROP, LOSE, FakeKubernetes, Fault, Status


def test_restarted_worker_adopts_the_job(
    fake_kubernetes: FakeKubernetes,
) -> None:
    fake_kubernetes.on_made = fake_kubernetes.run
    first, second = Attempt(epoch=1), Attempt(epoch=2)
    asyncio.run(first.run_until_cancelled(fake_kubernetes, "get jobs", flag=False))
    each_poll(fake_kubernetes, lambda: fake_kubernetes.succeed(first.name, "first result"))

    result = outcome_of(second)

    assert result.message == "first result"
    assert fake_kubernetes.made == [first.name]


def test_job_that_ended_without_a_worker_is_adopted(
    fake_kubernetes: FakeKubernetes,
) -> None:
    fake_kubernetes.make(Attempt(epoch=1).manifest())
    fake_kubernetes.fail(Attempt(epoch=1).name, 4)

    with pytest.raises(container_run.ContainerFailed, match="exit code 4"):
        outcome_of(Attempt(epoch=2))

    assert len(fake_kubernetes.made) == 1


def test_reported_failure_is_not_reported_again(
    fake_kubernetes: FakeKubernetes,
) -> None:
    fake_kubernetes.on_made = lambda name: fake_kubernetes.fail(name, 4)
    with pytest.raises(container_run.ContainerFailed):
        outcome_of(Attempt(epoch=1))
    fake_kubernetes.on_made = fake_kubernetes.succeed

    result = outcome_of(Attempt(epoch=2))  # attempt 1 again: a user retried the job

    assert result.exit_code == 0
    assert fake_kubernetes.made == [Attempt(epoch=1).name, Attempt(epoch=2).name]


def test_earlier_attempt_is_deleted_before_the_next_starts(fake_kubernetes: FakeKubernetes) -> None:
    first, second = Attempt(epoch=1, attempt=1), Attempt(epoch=2, attempt=2)
    fake_kubernetes.make(first.manifest())
    fake_kubernetes.run(first.name)
    fake_kubernetes.lingering = True
    there_at_start: list[bool] = []
    looks: list[Callable[[], None]] = [no_change] * 5
    each_poll(fake_kubernetes, *looks, lambda: fake_kubernetes.finish_deletion(first.name))
    fake_kubernetes.before["create jobs"].append(
        lambda: there_at_start.append(first.name in fake_kubernetes.jobs)
    )
    fake_kubernetes.on_made = fake_kubernetes.succeed

    outcome_of(second)

    assert there_at_start == [False]
    assert fake_kubernetes.made == [first.name, second.name]


def test_job_that_is_being_deleted_is_not_adopted(fake_kubernetes: FakeKubernetes) -> None:
    first, second = Attempt(epoch=1), Attempt(epoch=2)
    fake_kubernetes.make(first.manifest())
    fake_kubernetes.run(first.name)
    fake_kubernetes.lingering = True
    fake_kubernetes.delete(first.name)
    each_poll(
        fake_kubernetes, no_change, no_change, lambda: fake_kubernetes.finish_deletion(first.name)
    )
    fake_kubernetes.on_made = fake_kubernetes.succeed

    outcome_of(second)

    assert fake_kubernetes.made == [first.name, second.name]


def test_jobs_of_other_tasks_are_unchanged(fake_kubernetes: FakeKubernetes) -> None:
    other = Attempt(index=77)
    fake_kubernetes.make(other.manifest())
    fake_kubernetes.on_made = fake_kubernetes.succeed

    outcome_of(Attempt(epoch=2))

    assert fake_kubernetes.running == [other.name]


def test_stale_run_creates_no_job(fake_kubernetes: FakeKubernetes) -> None:
    fake_kubernetes.make(Attempt(epoch=2).manifest())

    with pytest.raises(container_run.Superseded):
        outcome_of(Attempt(epoch=1))

    assert fake_kubernetes.running == [Attempt(epoch=2).name]


def test_concurrent_stale_run_deletes_its_job(
    fake_kubernetes: FakeKubernetes,
) -> None:
    stale, newer = Attempt(epoch=1), Attempt(epoch=2)
    fake_kubernetes.before["create jobs"].append(lambda: fake_kubernetes.make(newer.manifest()))

    with pytest.raises(container_run.Superseded):
        outcome_of(stale)

    assert fake_kubernetes.running == [newer.name]


def test_newer_epoch_deletes_the_job_of_a_concurrent_stale_run(
    fake_kubernetes: FakeKubernetes,
) -> None:
    stale, newer = Attempt(epoch=1), Attempt(epoch=2)
    fake_kubernetes.before["create jobs"].append(lambda: fake_kubernetes.make(stale.manifest()))
    each_poll(fake_kubernetes, no_change, no_change, lambda: fake_kubernetes.succeed(newer.name))

    assert outcome_of(newer).exit_code == 0
    assert list(fake_kubernetes.jobs) == [newer.name]


def test_stale_run_ends_when_its_job_is_adopted(fake_kubernetes: FakeKubernetes) -> None:
    stale = Attempt(epoch=1)
    fake_kubernetes.on_made = fake_kubernetes.run
    each_poll(
        fake_kubernetes,
        lambda: fake_kubernetes.touch(stale.name, **{"shoal/adopted-by-epoch": "2"}),
    )

    with pytest.raises(container_run.Superseded):
        outcome_of(stale)

    assert fake_kubernetes.running == [stale.name]


def test_newer_epoch_wins_a_concurrent_adoption(fake_kubernetes: FakeKubernetes) -> None:
    first = Attempt(epoch=1)
    fake_kubernetes.make(first.manifest())
    adopted = {"shoal/adopted-by-epoch": "3"}
    fake_kubernetes.before["patch jobs"].append(
        lambda: fake_kubernetes.touch(first.name, **adopted)
    )

    with pytest.raises(container_run.Superseded):
        outcome_of(Attempt(epoch=2))

    assert fake_kubernetes.jobs[first.name]["metadata"]["annotations"] == adopted


# Duplicates.


def test_two_concurrent_deliveries_create_one_job(fake_kubernetes: FakeKubernetes) -> None:
    name = Attempt().name
    each_poll(fake_kubernetes, *[no_change] * 6, lambda: fake_kubernetes.succeed(name, "once"))

    async def twice() -> list[ContainerResult]:
        return await asyncio.gather(*(Attempt().run() for _ in range(2)))

    results = asyncio.run(twice())

    assert [result.message for result in results] == ["once", "once"]
    assert fake_kubernetes.made == [name]


def test_duplicate_adopts_a_job_created_after_its_list(
    fake_kubernetes: FakeKubernetes,
) -> None:
    attempt = Attempt()

    def already() -> None:
        fake_kubernetes.make(attempt.manifest())
        fake_kubernetes.succeed(attempt.name, "other result")

    fake_kubernetes.before["create jobs"].append(already)

    assert outcome_of(attempt).message == "other result"
    assert fake_kubernetes.made == [attempt.name]


def test_deleted_job_is_not_created_again(fake_kubernetes: FakeKubernetes) -> None:
    fake_kubernetes.before["list jobs"].extend([no_change, fake_kubernetes.jobs.clear])

    with pytest.raises(container_run.ContainerGone):
        outcome_of(Attempt())

    assert len(fake_kubernetes.made) == 1


@pytest.mark.parametrize("seed", range(20))
def test_faults_never_create_two_jobs_for_one_epoch(
    fake_kubernetes: FakeKubernetes, seed: int
) -> None:
    draw = random.Random(seed)  # noqa: S311 - reproducible, not secret
    fake_kubernetes.on_made = fake_kubernetes.run
    faults: list[Fault | None] = [DROP, LOSE, Status(500), Status(429), Status(503)]
    for requests in ("create jobs", "get jobs", "list jobs", "patch jobs", "delete jobs"):
        chosen = [draw.choice(faults) for _ in range(draw.randrange(5))]
        fake_kubernetes.faults[requests].extend(cast("list[Fault]", chosen))

    async def three_workers() -> list[ContainerResult | BaseException]:
        first = [asyncio.ensure_future(Attempt(epoch=1).run()) for _ in range(2)]
        moment = ["list jobs", "create jobs", "get jobs"][seed % 3]
        dead = asyncio.Event()
        loop = asyncio.get_running_loop()

        def die() -> None:
            loop.call_soon_threadsafe(dead.set)

        fake_kubernetes.before[moment].append(die)
        await dead.wait()
        first[0].cancel()
        steps = [no_change] * 10
        each_poll(fake_kubernetes, *steps, fake_kubernetes.succeed_all)
        second = [asyncio.ensure_future(Attempt(epoch=2).run()) for _ in range(2)]
        return await asyncio.gather(*second, *first, return_exceptions=True)

    outcomes = asyncio.run(three_workers())

    assert all(isinstance(each, ContainerResult) for each in outcomes[:2]), outcomes
    assert fake_kubernetes.made.count(Attempt(epoch=2).name) <= 1
    # A stale run may create its Job after its list and then delete it.
    assert fake_kubernetes.made.count(Attempt(epoch=1).name) <= 2
    assert not fake_kubernetes.running
