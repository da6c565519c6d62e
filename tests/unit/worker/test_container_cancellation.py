"""Container tasks that are cancelled."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tasks import container_run
from tasks.container_run import Pace
from tests.unit.worker.container_attempts import (
    Attempt,
    nothing,
)
from tests.unit.worker.fake_kubernetes import DROP, StandIn


def test_cancel_deletes_the_job(stand_in: StandIn) -> None:
    stand_in.on_made = stand_in.run

    asyncio.run(Attempt().run_until_cancelled(stand_in, "get jobs"))

    assert len(stand_in.made) == 1
    assert not stand_in.jobs
    assert not stand_in.pods


def test_an_interruption_that_is_no_cancel_leaves_the_job(stand_in: StandIn) -> None:
    stand_in.on_made = stand_in.run

    asyncio.run(Attempt().run_until_cancelled(stand_in, "get jobs", flag=False))

    assert stand_in.running == [Attempt().name]


def test_a_job_that_is_just_being_made_is_deleted_too(stand_in: StandIn) -> None:
    attempt, overtaken = Attempt(), threading.Event()
    stand_in.before["list jobs"].extend([nothing, overtaken.set])

    async def cancelled_on_the_way() -> None:
        loop, running = asyncio.get_running_loop(), asyncio.ensure_future(attempt.run())

        def cancel() -> None:
            attempt.cancelled = True
            loop.call_soon_threadsafe(running.cancel)
            overtaken.wait(0.3)  # nobody should look for the Job before it is made

        stand_in.on_the_way["create jobs"] = cancel
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(cancelled_on_the_way())

    assert stand_in.made == [attempt.name]
    assert not stand_in.jobs


def test_cancel_deletes_a_job_that_changes_meanwhile(stand_in: StandIn) -> None:
    stand_in.on_made = stand_in.run
    stand_in.before["delete jobs"].append(lambda: stand_in.touch(Attempt().name))

    asyncio.run(Attempt().run_until_cancelled(stand_in, "get jobs"))

    assert not stand_in.jobs


def test_a_ghost_that_is_cancelled_leaves_what_a_newer_epoch_adopted(stand_in: StandIn) -> None:
    stand_in.on_made = stand_in.run
    ghost = Attempt(epoch=1)
    adopted = {"shoal/adopted-by-epoch": "2"}
    stand_in.before["delete jobs"].append(lambda: stand_in.touch(ghost.name, **adopted))

    asyncio.run(ghost.run_until_cancelled(stand_in, "get jobs"))

    assert stand_in.running == [ghost.name]


def test_cancel_gives_up_in_time_when_the_cluster_does_not_answer(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(container_run, "PACE", Pace(first=0.001, most=0.004, leave=0.05))
    stand_in.on_made = stand_in.run
    stand_in.faults["delete jobs"].extend([DROP] * 10_000)

    asyncio.run(Attempt().run_until_cancelled(stand_in, "get jobs"))

    assert "until its deadline" in capsys.readouterr().err
