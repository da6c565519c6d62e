"""Container tasks that another worker began, or begins at the same time."""

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
    each_look,
    nothing,
    outcome_of,
)
from tests.unit.worker.fake_kubernetes import DROP, LOSE, FakeKubernetes, Fault, Status


def test_a_worker_that_starts_anew_adopts_the_job_and_starts_no_second(
    fake_kubernetes: FakeKubernetes,
) -> None:
    fake_kubernetes.on_made = fake_kubernetes.run
    first, second = Attempt(epoch=1), Attempt(epoch=2)
    asyncio.run(first.run_until_cancelled(fake_kubernetes, "get jobs", flag=False))
    each_look(fake_kubernetes, lambda: fake_kubernetes.succeed(first.name, "of the first"))

    result = outcome_of(second)

    assert result.message == "of the first"
    assert fake_kubernetes.made == [first.name]


def test_a_job_that_ended_while_no_worker_looked_is_adopted(
    fake_kubernetes: FakeKubernetes,
) -> None:
    fake_kubernetes.make(Attempt(epoch=1).manifest())
    fake_kubernetes.fail(Attempt(epoch=1).name, 4)

    with pytest.raises(container_run.ContainerFailed, match="exit code 4"):
        outcome_of(Attempt(epoch=2))

    assert len(fake_kubernetes.made) == 1


def test_a_failure_that_was_handed_over_stands_for_no_later_run(
    fake_kubernetes: FakeKubernetes,
) -> None:
    fake_kubernetes.on_made = lambda name: fake_kubernetes.fail(name, 4)
    with pytest.raises(container_run.ContainerFailed):
        outcome_of(Attempt(epoch=1))
    fake_kubernetes.on_made = fake_kubernetes.succeed

    result = outcome_of(Attempt(epoch=2))  # attempt 1 again: a user retried the job

    assert result.exit_code == 0
    assert fake_kubernetes.made == [Attempt(epoch=1).name, Attempt(epoch=2).name]


def test_an_earlier_attempt_is_gone_before_the_next_starts(fake_kubernetes: FakeKubernetes) -> None:
    first, second = Attempt(epoch=1, attempt=1), Attempt(epoch=2, attempt=2)
    fake_kubernetes.make(first.manifest())
    fake_kubernetes.run(first.name)
    fake_kubernetes.lingering = True
    there_at_start: list[bool] = []
    looks: list[Callable[[], None]] = [nothing] * 5
    each_look(fake_kubernetes, *looks, lambda: fake_kubernetes.bury(first.name))
    fake_kubernetes.before["create jobs"].append(
        lambda: there_at_start.append(first.name in fake_kubernetes.jobs)
    )
    fake_kubernetes.on_made = fake_kubernetes.succeed

    outcome_of(second)

    assert there_at_start == [False]
    assert fake_kubernetes.made == [first.name, second.name]


def test_a_job_that_is_being_deleted_is_not_adopted(fake_kubernetes: FakeKubernetes) -> None:
    first, second = Attempt(epoch=1), Attempt(epoch=2)
    fake_kubernetes.make(first.manifest())
    fake_kubernetes.run(first.name)
    fake_kubernetes.lingering = True
    fake_kubernetes.delete(first.name)
    each_look(fake_kubernetes, nothing, nothing, lambda: fake_kubernetes.bury(first.name))
    fake_kubernetes.on_made = fake_kubernetes.succeed

    outcome_of(second)

    assert fake_kubernetes.made == [first.name, second.name]


def test_other_tasks_are_left_alone(fake_kubernetes: FakeKubernetes) -> None:
    other = Attempt(index=77)
    fake_kubernetes.make(other.manifest())
    fake_kubernetes.on_made = fake_kubernetes.succeed

    outcome_of(Attempt(epoch=2))

    assert fake_kubernetes.running == [other.name]


def test_a_ghost_starts_nothing(fake_kubernetes: FakeKubernetes) -> None:
    fake_kubernetes.make(Attempt(epoch=2).manifest())

    with pytest.raises(container_run.Superseded):
        outcome_of(Attempt(epoch=1))

    assert fake_kubernetes.running == [Attempt(epoch=2).name]


def test_a_ghost_that_starts_at_the_same_time_withdraws_its_job(
    fake_kubernetes: FakeKubernetes,
) -> None:
    ghost, newer = Attempt(epoch=1), Attempt(epoch=2)
    fake_kubernetes.before["create jobs"].append(lambda: fake_kubernetes.make(newer.manifest()))

    with pytest.raises(container_run.Superseded):
        outcome_of(ghost)

    assert fake_kubernetes.running == [newer.name]


def test_the_newer_epoch_deletes_what_a_ghost_starts_at_the_same_time(
    fake_kubernetes: FakeKubernetes,
) -> None:
    ghost, newer = Attempt(epoch=1), Attempt(epoch=2)
    fake_kubernetes.before["create jobs"].append(lambda: fake_kubernetes.make(ghost.manifest()))
    each_look(fake_kubernetes, nothing, nothing, lambda: fake_kubernetes.succeed(newer.name))

    assert outcome_of(newer).exit_code == 0
    assert list(fake_kubernetes.jobs) == [newer.name]


def test_a_ghost_lets_go_of_a_job_that_is_adopted(fake_kubernetes: FakeKubernetes) -> None:
    ghost = Attempt(epoch=1)
    fake_kubernetes.on_made = fake_kubernetes.run
    each_look(
        fake_kubernetes,
        lambda: fake_kubernetes.touch(ghost.name, **{"shoal/adopted-by-epoch": "2"}),
    )

    with pytest.raises(container_run.Superseded):
        outcome_of(ghost)

    assert fake_kubernetes.running == [ghost.name]


def test_of_two_that_adopt_at_once_the_newer_wins(fake_kubernetes: FakeKubernetes) -> None:
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


def test_two_deliveries_at_once_make_one_job(fake_kubernetes: FakeKubernetes) -> None:
    name = Attempt().name
    each_look(fake_kubernetes, *[nothing] * 6, lambda: fake_kubernetes.succeed(name, "once"))

    async def twice() -> list[ContainerResult]:
        return await asyncio.gather(*(Attempt().run() for _ in range(2)))

    results = asyncio.run(twice())

    assert [result.message for result in results] == ["once", "once"]
    assert fake_kubernetes.made == [name]


def test_a_duplicate_that_saw_nothing_adopts_what_was_made_meanwhile(
    fake_kubernetes: FakeKubernetes,
) -> None:
    attempt = Attempt()

    def already() -> None:
        fake_kubernetes.make(attempt.manifest())
        fake_kubernetes.succeed(attempt.name, "of the other")

    fake_kubernetes.before["create jobs"].append(already)

    assert outcome_of(attempt).message == "of the other"
    assert fake_kubernetes.made == [attempt.name]


def test_a_job_that_was_made_and_deleted_is_not_made_again(fake_kubernetes: FakeKubernetes) -> None:
    fake_kubernetes.before["list jobs"].extend([nothing, fake_kubernetes.jobs.clear])

    with pytest.raises(container_run.ContainerGone):
        outcome_of(Attempt())

    assert len(fake_kubernetes.made) == 1


@pytest.mark.parametrize("seed", range(20))
def test_whatever_goes_wrong_there_are_never_two_jobs_of_one_epoch(
    fake_kubernetes: FakeKubernetes, seed: int
) -> None:
    draw = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    fake_kubernetes.on_made = fake_kubernetes.run
    faults: list[Fault | None] = [DROP, LOSE, Status(500), Status(429), Status(503)]
    for asked in ("create jobs", "get jobs", "list jobs", "patch jobs", "delete jobs"):
        chosen = [draw.choice(faults) for _ in range(draw.randrange(5))]
        fake_kubernetes.faults[asked].extend(cast("list[Fault]", chosen))

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
        steps = [nothing] * 10
        each_look(fake_kubernetes, *steps, fake_kubernetes.succeed_all)
        second = [asyncio.ensure_future(Attempt(epoch=2).run()) for _ in range(2)]
        return await asyncio.gather(*second, *first, return_exceptions=True)

    outcomes = asyncio.run(three_workers())

    assert all(isinstance(each, ContainerResult) for each in outcomes[:2]), outcomes
    assert fake_kubernetes.made.count(Attempt(epoch=2).name) <= 1
    # Who lost the lease can still make its Job between its look and its call; it is withdrawn then.
    assert fake_kubernetes.made.count(Attempt(epoch=1).name) <= 2
    assert not fake_kubernetes.running
