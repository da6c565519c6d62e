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
from tests.unit.worker.fake_kubernetes import DROP, LOSE, Fault, StandIn, Status


def test_a_worker_that_starts_anew_adopts_the_job_and_starts_no_second(stand_in: StandIn) -> None:
    stand_in.on_made = stand_in.run
    first, second = Attempt(epoch=1), Attempt(epoch=2)
    asyncio.run(first.run_until_cancelled(stand_in, "get jobs", flag=False))
    each_look(stand_in, lambda: stand_in.succeed(first.name, "of the first"))

    result = outcome_of(second)

    assert result.message == "of the first"
    assert stand_in.made == [first.name]


def test_a_job_that_ended_while_no_worker_looked_is_adopted(stand_in: StandIn) -> None:
    stand_in.make(Attempt(epoch=1).manifest())
    stand_in.fail(Attempt(epoch=1).name, 4)

    with pytest.raises(container_run.ContainerFailed, match="exit code 4"):
        outcome_of(Attempt(epoch=2))

    assert len(stand_in.made) == 1


def test_a_failure_that_was_handed_over_stands_for_no_later_run(stand_in: StandIn) -> None:
    stand_in.on_made = lambda name: stand_in.fail(name, 4)
    with pytest.raises(container_run.ContainerFailed):
        outcome_of(Attempt(epoch=1))
    stand_in.on_made = stand_in.succeed

    result = outcome_of(Attempt(epoch=2))  # attempt 1 again: a user retried the job

    assert result.exit_code == 0
    assert stand_in.made == [Attempt(epoch=1).name, Attempt(epoch=2).name]


def test_an_earlier_attempt_is_gone_before_the_next_starts(stand_in: StandIn) -> None:
    first, second = Attempt(epoch=1, attempt=1), Attempt(epoch=2, attempt=2)
    stand_in.make(first.manifest())
    stand_in.run(first.name)
    stand_in.lingering = True
    there_at_start: list[bool] = []
    looks: list[Callable[[], None]] = [nothing] * 5
    each_look(stand_in, *looks, lambda: stand_in.bury(first.name))
    stand_in.before["create jobs"].append(
        lambda: there_at_start.append(first.name in stand_in.jobs)
    )
    stand_in.on_made = stand_in.succeed

    outcome_of(second)

    assert there_at_start == [False]
    assert stand_in.made == [first.name, second.name]


def test_a_job_that_is_being_deleted_is_not_adopted(stand_in: StandIn) -> None:
    first, second = Attempt(epoch=1), Attempt(epoch=2)
    stand_in.make(first.manifest())
    stand_in.run(first.name)
    stand_in.lingering = True
    stand_in.delete(first.name)
    each_look(stand_in, nothing, nothing, lambda: stand_in.bury(first.name))
    stand_in.on_made = stand_in.succeed

    outcome_of(second)

    assert stand_in.made == [first.name, second.name]


def test_other_tasks_are_left_alone(stand_in: StandIn) -> None:
    other = Attempt(index=77)
    stand_in.make(other.manifest())
    stand_in.on_made = stand_in.succeed

    outcome_of(Attempt(epoch=2))

    assert stand_in.running == [other.name]


def test_a_ghost_starts_nothing(stand_in: StandIn) -> None:
    stand_in.make(Attempt(epoch=2).manifest())

    with pytest.raises(container_run.Superseded):
        outcome_of(Attempt(epoch=1))

    assert stand_in.running == [Attempt(epoch=2).name]


def test_a_ghost_that_starts_at_the_same_time_withdraws_its_job(stand_in: StandIn) -> None:
    ghost, newer = Attempt(epoch=1), Attempt(epoch=2)
    stand_in.before["create jobs"].append(lambda: stand_in.make(newer.manifest()))

    with pytest.raises(container_run.Superseded):
        outcome_of(ghost)

    assert stand_in.running == [newer.name]


def test_the_newer_epoch_deletes_what_a_ghost_starts_at_the_same_time(stand_in: StandIn) -> None:
    ghost, newer = Attempt(epoch=1), Attempt(epoch=2)
    stand_in.before["create jobs"].append(lambda: stand_in.make(ghost.manifest()))
    each_look(stand_in, nothing, nothing, lambda: stand_in.succeed(newer.name))

    assert outcome_of(newer).exit_code == 0
    assert list(stand_in.jobs) == [newer.name]


def test_a_ghost_lets_go_of_a_job_that_is_adopted(stand_in: StandIn) -> None:
    ghost = Attempt(epoch=1)
    stand_in.on_made = stand_in.run
    each_look(stand_in, lambda: stand_in.touch(ghost.name, **{"shoal/adopted-by-epoch": "2"}))

    with pytest.raises(container_run.Superseded):
        outcome_of(ghost)

    assert stand_in.running == [ghost.name]


def test_of_two_that_adopt_at_once_the_newer_wins(stand_in: StandIn) -> None:
    first = Attempt(epoch=1)
    stand_in.make(first.manifest())
    adopted = {"shoal/adopted-by-epoch": "3"}
    stand_in.before["patch jobs"].append(lambda: stand_in.touch(first.name, **adopted))

    with pytest.raises(container_run.Superseded):
        outcome_of(Attempt(epoch=2))

    assert stand_in.jobs[first.name]["metadata"]["annotations"] == adopted


# Duplicates.


def test_two_deliveries_at_once_make_one_job(stand_in: StandIn) -> None:
    name = Attempt().name
    each_look(stand_in, *[nothing] * 6, lambda: stand_in.succeed(name, "once"))

    async def twice() -> list[ContainerResult]:
        return await asyncio.gather(*(Attempt().run() for _ in range(2)))

    results = asyncio.run(twice())

    assert [result.message for result in results] == ["once", "once"]
    assert stand_in.made == [name]


def test_a_duplicate_that_saw_nothing_adopts_what_was_made_meanwhile(stand_in: StandIn) -> None:
    attempt = Attempt()

    def already() -> None:
        stand_in.make(attempt.manifest())
        stand_in.succeed(attempt.name, "of the other")

    stand_in.before["create jobs"].append(already)

    assert outcome_of(attempt).message == "of the other"
    assert stand_in.made == [attempt.name]


def test_a_job_that_was_made_and_deleted_is_not_made_again(stand_in: StandIn) -> None:
    stand_in.before["list jobs"].extend([nothing, stand_in.jobs.clear])

    with pytest.raises(container_run.ContainerGone):
        outcome_of(Attempt())

    assert len(stand_in.made) == 1


@pytest.mark.parametrize("seed", range(20))
def test_whatever_goes_wrong_there_are_never_two_jobs_of_one_epoch(
    stand_in: StandIn, seed: int
) -> None:
    draw = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    stand_in.on_made = stand_in.run
    faults: list[Fault | None] = [DROP, LOSE, Status(500), Status(429), Status(503)]
    for asked in ("create jobs", "get jobs", "list jobs", "patch jobs", "delete jobs"):
        chosen = [draw.choice(faults) for _ in range(draw.randrange(5))]
        stand_in.faults[asked].extend(cast("list[Fault]", chosen))

    async def three_workers() -> list[ContainerResult | BaseException]:
        first = [asyncio.ensure_future(Attempt(epoch=1).run()) for _ in range(2)]
        moment = ["list jobs", "create jobs", "get jobs"][seed % 3]
        dead = asyncio.Event()
        loop = asyncio.get_running_loop()

        def die() -> None:
            loop.call_soon_threadsafe(dead.set)

        stand_in.before[moment].append(die)
        await dead.wait()
        first[0].cancel()
        steps = [nothing] * 10
        each_look(stand_in, *steps, stand_in.succeed_all)
        second = [asyncio.ensure_future(Attempt(epoch=2).run()) for _ in range(2)]
        return await asyncio.gather(*second, *first, return_exceptions=True)

    outcomes = asyncio.run(three_workers())

    assert all(isinstance(each, ContainerResult) for each in outcomes[:2]), outcomes
    assert stand_in.made.count(Attempt(epoch=2).name) <= 1
    # Who lost the lease can still make its Job between its look and its call; it is withdrawn then.
    assert stand_in.made.count(Attempt(epoch=1).name) <= 2
    assert not stand_in.running
