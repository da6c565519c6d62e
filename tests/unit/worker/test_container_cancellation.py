"""Cancellation of container tasks."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tasks import container_run
from tasks.container_run import PollingSchedule
from tests.unit.worker.container_attempts import (
    Attempt,
    no_change,
)
from tests.unit.worker.fake_kubernetes import DROP, FakeKubernetes


def test_cancel_deletes_the_job(fake_kubernetes: FakeKubernetes) -> None:
    fake_kubernetes.on_made = fake_kubernetes.run

    asyncio.run(Attempt().run_until_cancelled(fake_kubernetes, "get jobs"))

    assert len(fake_kubernetes.made) == 1
    assert not fake_kubernetes.jobs
    assert not fake_kubernetes.pods


def test_interruption_without_a_cancel_keeps_the_job(fake_kubernetes: FakeKubernetes) -> None:
    fake_kubernetes.on_made = fake_kubernetes.run

    asyncio.run(Attempt().run_until_cancelled(fake_kubernetes, "get jobs", flag=False))

    assert fake_kubernetes.running == [Attempt().name]


def test_cancel_during_the_creation_deletes_the_job(fake_kubernetes: FakeKubernetes) -> None:
    attempt, overtaken = Attempt(), threading.Event()
    fake_kubernetes.before["list jobs"].extend([no_change, overtaken.set])

    async def cancelled_on_the_way() -> None:
        loop, running = asyncio.get_running_loop(), asyncio.ensure_future(attempt.run())

        def cancel() -> None:
            attempt.cancelled = True
            loop.call_soon_threadsafe(running.cancel)
            overtaken.wait(0.3)  # the run must not list Jobs before the creation

        fake_kubernetes.on_the_way["create jobs"] = cancel
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(cancelled_on_the_way())

    assert fake_kubernetes.made == [attempt.name]
    assert not fake_kubernetes.jobs


def test_cancel_deletes_a_job_that_changes_meanwhile(fake_kubernetes: FakeKubernetes) -> None:
    fake_kubernetes.on_made = fake_kubernetes.run
    fake_kubernetes.before["delete jobs"].append(lambda: fake_kubernetes.touch(Attempt().name))

    asyncio.run(Attempt().run_until_cancelled(fake_kubernetes, "get jobs"))

    assert not fake_kubernetes.jobs


def test_cancelled_stale_run_keeps_an_adopted_job(
    fake_kubernetes: FakeKubernetes,
) -> None:
    fake_kubernetes.on_made = fake_kubernetes.run
    stale = Attempt(epoch=1)
    adopted = {"shoal/adopted-by-epoch": "2"}
    fake_kubernetes.before["delete jobs"].append(
        lambda: fake_kubernetes.touch(stale.name, **adopted)
    )

    asyncio.run(stale.run_until_cancelled(fake_kubernetes, "get jobs"))

    assert fake_kubernetes.running == [stale.name]


def test_cancel_times_out_when_the_cluster_does_not_respond(
    fake_kubernetes: FakeKubernetes,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(
        container_run,
        "SCHEDULE",
        PollingSchedule(first_delay=0.001, max_delay=0.004, cleanup_timeout=0.05),
    )
    fake_kubernetes.on_made = fake_kubernetes.run
    fake_kubernetes.faults["delete jobs"].extend([DROP] * 10_000)

    asyncio.run(Attempt().run_until_cancelled(fake_kubernetes, "get jobs"))

    assert "until its deadline" in capsys.readouterr().err
